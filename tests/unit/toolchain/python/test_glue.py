"""The glue, run by itself: CPython's side is replaced by functions that answer 0."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest
import wasmtime

from running_glue import FREE, RunningGlue
from wasmkit.abi.callbacks import callbacks_of
from wasmkit.sdk._dispatch import CALLBACK_NAMES
from wasmkit.sdk._host import HostCalls
from wasmkit.toolchain.python.glue import CALLBACKS, METHODS, glue_for
from wasmkit.wasm.module import Kind, Module, read_module

if TYPE_CHECKING:
    from collections.abc import Callable

# -- the canonical ABI, computed from WIT (component-model CanonicalABI.md, "Alignment", "Size") --

SIZES = {"bool": 1, "u8": 1, "u16": 2, "u32": 4, "u64": 8, "handle": 4}

TYPES = {
    # wasi:filesystem/types 0.2
    "filesize": "u64",
    "link-count": "u64",
    "datetime": "record<u64, u32>",
    "descriptor": "handle",
    "directory-entry-stream": "handle",
    "descriptor-flags": "u8",
    "descriptor-type": "enum<8>",
    "descriptor-stat": (
        "record<descriptor-type, link-count, filesize,"
        " option<datetime>, option<datetime>, option<datetime>>"
    ),
    "metadata-hash-value": "record<u64, u64>",
    "directory-entry": "record<descriptor-type, string>",
    # wasi:sockets 0.2
    "ipv4-address": "tuple<u8, u8, u8, u8>",
    "ipv6-address": "tuple<u16, u16, u16, u16, u16, u16, u16, u16>",
    "ip-address": "variant<ipv4-address, ipv6-address>",
    "ipv4-socket-address": "record<u16, ipv4-address>",
    "ipv6-socket-address": "record<u16, u32, ipv6-address, u32>",
    "ip-socket-address": "variant<ipv4-socket-address, ipv6-socket-address>",
    "incoming-datagram": "record<bytes, ip-socket-address>",
    "udp-socket": "handle",
    "tcp-socket": "handle",
    "incoming-datagram-stream": "handle",
    "outgoing-datagram-stream": "handle",
    "resolve-address-stream": "handle",
    # wasi:io, wasi:clocks
    "input-stream": "handle",
    "output-stream": "handle",
    "duration": "u64",
    "string": "list<u8>",
    "bytes": "list<u8>",
}


def parts(text: str) -> tuple[str, list[str]]:
    """Split ``head<a, b<c>>`` into its head and its arguments."""
    head, _, inner = text.partition("<")
    arguments, depth, start = [], 0, 0
    inner = inner.removesuffix(">")
    for place, letter in enumerate(inner):
        depth += (letter == "<") - (letter == ">")
        if letter == "," and depth == 0:
            arguments.append(inner[start:place].strip())
            start = place + 1
    return head, [*arguments, inner[start:].strip()] if inner else []


def alignment(text: str) -> int:
    head, arguments = parts(text)
    if head in SIZES:
        return SIZES[head]
    if head == "list":
        return 4
    if head in ("record", "tuple"):
        return max(map(alignment, arguments))
    if head == "enum":
        return 1  # up to 256 cases
    if head in ("variant", "option", "result"):
        # At most 256 cases: the discriminant is one byte.
        return max([1, *(alignment(item) for item in arguments if item != "_")])
    return alignment(TYPES[head])


def payload_offset(result: str) -> int:
    """Return where the payload of a variant with a one-byte discriminant begins."""
    return alignment(result)  # 1 rounded up to the cases' greatest alignment


def test_alignment_of_examples() -> None:
    # From the specification's own definitions of the types.
    assert alignment("descriptor-stat") == 8
    assert alignment("ip-address") == 2
    assert alignment("ip-socket-address") == 4
    assert alignment("result<_, enum<37>>") == 1


# -- what a filter cannot do, with its result in WIT and its flattened core parameters ------------

_FILES = """
    append-via-stream ii output-stream          create-directory-at iiii _
    advise iIIii _                              get-flags ii descriptor-flags
    link-at iiiiiiii _                          metadata-hash ii metadata-hash-value
    metadata-hash-at iiiii metadata-hash-value  open-at iiiiiii descriptor
    read iIIi tuple<bytes,bool>                 read-directory ii directory-entry-stream
    read-via-stream iIi input-stream            readlink-at iiii string
    remove-directory-at iiii _                  rename-at iiiiiii _
    set-size iIi _                              set-times iiIiiIii _
    set-times-at iiiiiIiiIii _                  stat ii descriptor-stat
    stat-at iiiii descriptor-stat               symlink-at iiiiii _
    sync ii _                                   sync-data ii _
    unlink-file-at iiii _                       write iiiIi filesize
    write-via-stream iIi output-stream
"""
_TCP = """
    accept ii tuple<tcp-socket,input-stream,output-stream>
    finish-connect ii tuple<input-stream,output-stream>
    finish-bind ii _                   finish-listen ii _
    hop-limit ii u8                    keep-alive-count ii u32
    keep-alive-enabled ii bool         keep-alive-idle-time ii duration
    keep-alive-interval ii duration    local-address ii ip-socket-address
    receive-buffer-size ii u64         remote-address ii ip-socket-address
    send-buffer-size ii u64            set-hop-limit iii _
    set-keep-alive-count iii _         set-keep-alive-enabled iii _
    set-keep-alive-idle-time iIi _     set-keep-alive-interval iIi _
    set-listen-backlog-size iIi _      set-receive-buffer-size iIi _
    set-send-buffer-size iIi _         shutdown iii _
    start-bind iiiiiiiiiiiiiii _       start-connect iiiiiiiiiiiiiii _
    start-listen ii _
"""
_UDP = """
    finish-bind ii _                   local-address ii ip-socket-address
    receive-buffer-size ii u64         remote-address ii ip-socket-address
    send-buffer-size ii u64            set-receive-buffer-size iIi _
    set-send-buffer-size iIi _         set-unicast-hop-limit iii _
    start-bind iiiiiiiiiiiiiii _       unicast-hop-limit ii u8
    stream iiiiiiiiiiiiiii tuple<incoming-datagram-stream,outgoing-datagram-stream>
"""
_REFUSED = (
    ("filesystem/types", "[method]descriptor.", _FILES),
    (
        "filesystem/types",
        "[method]directory-entry-stream.",
        "read-directory-entry ii option<directory-entry>",
    ),
    ("sockets/tcp", "[method]tcp-socket.", _TCP),
    ("sockets/udp", "[method]udp-socket.", _UDP),
    ("sockets/udp", "[method]incoming-datagram-stream.", "receive iIi list<incoming-datagram>"),
    ("sockets/udp", "[method]outgoing-datagram-stream.", "check-send ii u64  send iiii u64"),
    ("sockets/tcp-create-socket", "", "create-tcp-socket ii tcp-socket"),
    ("sockets/udp-create-socket", "", "create-udp-socket ii udp-socket"),
    ("sockets/ip-name-lookup", "", "resolve-addresses iiii resolve-address-stream"),
    (
        "sockets/ip-name-lookup",
        "[method]resolve-address-stream.",
        "resolve-next-address ii option<ip-address>",
    ),
)

NO_ENTRY, BAD_DESCRIPTOR = 20, 3  # places in wasi:filesystem/types.error-code
NOT_SUPPORTED, NAME_UNRESOLVABLE = 2, 18  # places in wasi:sockets/network.error-code


@dataclass(frozen=True)
class Refused:
    interface: str
    name: str
    parameters: str
    result: str

    @property
    def key(self) -> str:
        return f"{self.interface}#{self.name}"

    @property
    def code(self) -> int:
        if "filesystem" in self.interface:
            return NO_ENTRY if self.name.endswith("-at") else BAD_DESCRIPTOR
        return NAME_UNRESOLVABLE if self.name == "resolve-addresses" else NOT_SUPPORTED


def refused() -> list[Refused]:
    found = []
    for interface, prefix, text in _REFUSED:
        words = text.split()
        for name, parameters, result in zip(words[::3], words[1::3], words[2::3], strict=True):
            wit = f"result<{result}, enum<37>>"
            found.append(Refused(f"wasi:{interface}", prefix + name, parameters, wit))
    return found


def value_types(letters: str) -> str:
    return " ".join("i32" if letter == "i" else "i64" for letter in letters)


DROPS = (
    ("wasi:filesystem/types", "descriptor"),
    ("wasi:io/poll", "pollable"),
    ("wasi:sockets/tcp", "tcp-socket"),
)


@cache
def library() -> Module:
    """Return a module with the imports that componentize-py's libc has."""
    imports = [(item.interface, item.name, item.parameters) for item in refused()]
    imports += [(interface, f"[resource-drop]{name}", "i") for interface, name in DROPS]
    lines = [
        f'(import "{interface}@0.2.0" "{name}" (func (param {value_types(parameters)})))'
        for interface, name, parameters in imports
    ]
    return read_module(bytes(wasmtime.wat2wasm(f"(module {' '.join(lines)})")))


def running(**hosts: Callable[..., int]) -> RunningGlue:
    return RunningGlue(glue_for([library()]).data, **hosts)


@pytest.fixture(name="glue", scope="module")
def idle_glue() -> RunningGlue:
    return running()


@pytest.mark.parametrize("item", refused(), ids=lambda item: item.key)
def test_a_refused_call_answers_with_an_error(glue: RunningGlue, item: Refused) -> None:
    """``error(code)``: 1 at +0, the code behind it at the larger case's alignment."""
    glue.fill()
    out = 512
    arguments = [0] * (len(item.parameters) - 1)
    glue(item.key, *arguments, out)
    expected = bytearray(b"\xaa" * 64)
    expected[0] = 1
    expected[payload_offset(item.result)] = item.code
    assert glue.read(out, 64) == bytes(expected)
    assert glue.read(out - 64, 64) == b"\xaa" * 64


@pytest.mark.parametrize(("interface", "name"), DROPS)
def test_a_resource_can_be_dropped(glue: RunningGlue, interface: str, name: str) -> None:
    assert glue(f"{interface}#[resource-drop]{name}", 3) is None


def test_every_import_of_the_library_is_answered() -> None:
    exports = {item.name for item in glue_for([library()]).exports}
    wanted = {
        f"{item.module.partition('@')[0]}#{item.name}" for item in library().imported(Kind.FUNCTION)
    }
    assert wanted <= exports
    assert len(wanted) == len(refused()) + len(DROPS)


# -- what a filter can do -------------------------------------------------------------------------


def test_time() -> None:
    def clock(kind: int, _precision: int, out: int) -> int:
        nanoseconds = {0: 1_700_000_000_123_456_789, 1: 42}[kind]
        glue.memory.write(glue.store, nanoseconds.to_bytes(8, "little"), out)
        return 0

    glue = running(clock_time_get=clock)
    assert glue("wasi:clocks/monotonic-clock#now") == 42
    glue("wasi:clocks/wall-clock#now", 512)
    assert struct.unpack("<QI", glue.read(512, 12)) == (1_700_000_000, 123_456_789)
    assert glue("wasi:clocks/monotonic-clock#resolution") == 1
    glue("wasi:clocks/wall-clock#resolution", 512)
    assert struct.unpack("<QI", glue.read(512, 12)) == (0, 1)


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 150_000])
def test_random_bytes_are_asked_for_in_envoys_measure(size: int) -> None:
    def random(out: int, count: int) -> int:
        assert count <= 65536
        glue.memory.write(glue.store, b"\x05" * count, out)
        return 0

    glue = running(malloc=lambda _size: FREE, random_get=random)
    glue.fill()
    glue("wasi:random/random#get-random-bytes", size, 512)
    assert (glue.word(512), glue.word(516)) == (FREE, size)
    assert glue.read(FREE, size + 1) == b"\x05" * size + b"\xaa"


@pytest.mark.parametrize(("stream", "descriptor"), [(1, 1), (2, 2), (99, 2)])
def test_output_goes_to_the_hosts_descriptors(stream: int, descriptor: int) -> None:
    vectors = []

    def fd_write(number: int, vector: int, count: int, _out: int) -> int:
        vectors.append((number, glue.word(vector), glue.word(vector + 4), count))
        return 0

    glue = running(fd_write=fd_write)
    glue.fill()
    method = "wasi:io/streams#[method]output-stream."
    glue(f"{method}check-write", stream, 512)
    assert (glue.read(512, 1), glue.read(520, 8)) == (b"\0", (65536).to_bytes(8, "little"))
    glue(f"{method}write", stream, 700, 5, 512)
    glue(f"{method}blocking-flush", stream, 512)
    assert vectors == [(descriptor, 700, 5, 1)]
    assert glue.read(512, 1) == b"\0"


def test_input_is_at_its_end(glue: RunningGlue) -> None:
    glue.fill()
    glue("wasi:io/streams#[method]input-stream.read", 3, 10, 512)
    # result<list<u8>, stream-error>: error; variant stream-error, its second case, closed
    assert (glue.read(512, 1), glue.read(516, 1)) == (b"\1", b"\1")


def test_polling_finds_everything_ready() -> None:
    glue = running(malloc=lambda _size: FREE)
    glue("wasi:io/poll#poll", 600, 3, 512)
    assert (glue.word(512), glue.word(516)) == (FREE, 3)
    assert [glue.word(FREE + 4 * place) for place in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    "name",
    [
        "wasi:cli/environment#get-environment",
        "wasi:cli/environment#get-arguments",
        "wasi:filesystem/preopens#get-directories",
    ],
)
def test_empty_lists(glue: RunningGlue, name: str) -> None:
    glue.fill()
    glue(name, 512)
    assert glue.read(512, 9) == bytes(8) + b"\xaa"


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_there_is_no_terminal(glue: RunningGlue, name: str) -> None:
    glue.fill()
    glue(f"wasi:cli/terminal-{name}#get-terminal-{name}", 512)
    assert glue.read(512, 2) == b"\0\xaa"  # none


def test_exit_ends_the_vm(glue: RunningGlue) -> None:
    with pytest.raises(wasmtime.Trap, match="unreachable"):
        glue("wasi:cli/exit#exit", 0)


# -- callbacks and methods ------------------------------------------------------------------------


def test_the_callbacks_are_the_sdks_with_the_abis_signatures() -> None:
    assert tuple(CALLBACKS) == CALLBACK_NAMES
    known = callbacks_of("0.2.1")
    for name, (parameters, returns) in CALLBACKS.items():
        assert (parameters, int(returns)) == (
            known[name].count("0.2.1"),
            len(known[name].result_types),
        )


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_calls_its_own_function(name: str) -> None:
    """The function's address stands in memory; its result comes back as a number."""
    parameters, returns = CALLBACKS[name]
    seen: list[list[int]] = []

    def vectorcall(function: int, arguments: int, count: int, keywords: int) -> int:
        assert (function, count & 0xFFFF_FFFF, keywords) == (
            5000 + list(CALLBACKS).index(name),
            parameters | 0x8000_0000,
            0,
        )
        seen.append([glue.word(arguments + 4 * place) for place in range(parameters)])
        return 7777

    glue = running(
        PyObject_Vectorcall=vectorcall,
        PyLong_FromLong=lambda number: number + 100,
        PyLong_AsUnsignedLongMask=lambda _number: 3,
    )
    addresses = b"".join((5000 + n).to_bytes(4, "little") for n in range(len(CALLBACKS)))
    glue.memory.write(glue.store, addresses, 3000)
    place = glue.exports["callbacks"]
    assert isinstance(place, wasmtime.Global)
    place.set_value(glue.store, 3000)
    result = glue(name, *range(1, parameters + 1))
    assert seen == [[100 + number for number in range(1, parameters + 1)]]
    assert result == (3 if returns else None)
    released = {call[1] for call in glue.calls if call[0] == "Py_DecRef"}
    made = {100 + number for number in range(1, parameters + 1)}
    # Never fewer than three numbers are made; those that are not passed are zeros.
    assert released == {7777} | made | ({100} if parameters < 3 else set())


def test_a_callback_survives_an_exception_that_the_sdk_let_through() -> None:
    glue = running(PyObject_Vectorcall=lambda *_: 0)
    assert glue("proxy_on_request_headers", 1, 2, 3) == 0
    assert ("PyErr_WriteUnraisable", 0) in glue.calls


def test_methods_are_those_of_the_sdks_host_and_exchange() -> None:
    public = {name for name in vars(HostCalls) if re.match(r"proxy_|environ$", name)}
    assert set(METHODS) == public | {"exchange"}
    names = glue_for([]).custom("name")
    assert names is not None
    for method in METHODS:
        assert f"call_{method}".encode() in names


def test_memory_for_the_host_is_a_bytes_object_payload() -> None:
    glue = running(PyBytes_FromStringAndSize=lambda _data, _size: 1600)
    assert glue("proxy_on_memory_allocate", 12) == 1616
    assert glue.calls == [("PyBytes_FromStringAndSize", 0, 12)]


def test_no_memory_is_answered_with_none() -> None:
    glue = running()
    assert glue("proxy_on_memory_allocate", 1 << 30) == 0
    assert glue.calls[-1] == ("PyErr_Clear",)
