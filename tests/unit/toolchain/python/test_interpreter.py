from __future__ import annotations

import gc
import hashlib
import signal
import struct
import threading
import time
import weakref
from typing import TYPE_CHECKING

import pytest

from small_image import EXCHANGE_SLOT, small_image
from wasmkit.errors import BuildError
from wasmkit.host.guest.compiled import compile_module
from wasmkit.toolchain.python.interpreter import Interpreter

if TYPE_CHECKING:
    from collections.abc import Callable


def upper(request: bytes) -> bytes:
    return request.upper()


def interpreter(answer: Callable[[bytes], bytes] = upper) -> Interpreter:
    return Interpreter(compile_module(small_image()), EXCHANGE_SLOT, answer)


def output(source: str) -> list[str]:
    item = interpreter()
    item.run(source)
    return item.output


def test_requests_reach_the_builder_and_answers_come_back() -> None:
    assert output("xhello") == ["HELLO\n"]
    assert output("x") == ["\n"]
    assert output("2yes") == ["YES\n", "YES\n"]


def test_what_is_printed_is_kept() -> None:
    assert output("wtéxt") == ["téxt", "téxt"]


def test_the_clock_stands_still_but_for_each_look() -> None:
    item = interpreter()
    item.run("c")
    first, second = struct.unpack("<QQ", item.memory.read(item.store, 16, 32))
    assert (first, second) == (EPOCH + 1000, EPOCH + 2000)


EPOCH = 315_532_800 * 10**9  # `date -d 1980-01-01T00:00:00Z +%s` in nanoseconds


def test_random_numbers_are_the_same_in_every_build() -> None:
    def drawn() -> bytes:
        item = interpreter()
        item.run("r")
        return bytes(item.memory.read(item.store, 16, 56))

    expected = b"".join(hashlib.sha256(n.to_bytes(8, "little")).digest() for n in (1, 2))
    assert drawn() == drawn() == expected[:40]


def test_other_host_calls_are_unimplemented() -> None:
    assert output("s") == ["<\n"]  # status 12 behind "0"


def test_the_environment_is_empty() -> None:
    item = interpreter()
    item.run("n")
    assert bytes(item.memory.read(item.store, 16, 24)) == bytes(8)


def test_a_failure_shows_what_was_printed() -> None:
    item = interpreter()
    item.run("wbefore")
    with pytest.raises(BuildError, match="the build's own code failed in the image") as caught:
        item.run("f")
    assert caught.value.detail == "beforebefore"


@pytest.mark.parametrize(
    ("source", "reason"),
    [pytest.param("t", "unreachable", id="trap"), pytest.param("d", "stack", id="stack")],
)
def test_a_trap_is_an_error_of_the_build(source: str, reason: str) -> None:
    item = interpreter()
    item.run("wbefore")
    with pytest.raises(
        BuildError, match="the interpreter stopped while it ran the build"
    ) as caught:
        item.run(source)
    assert caught.value.detail == "beforebefore"
    assert reason in str(caught.value.__cause__)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["xhello", "2hello"])
@pytest.mark.parametrize("error", [BuildError("too large"), ValueError("a bug"), SystemExit(3)])
def test_what_the_builder_raises_is_raised_from_run(source: str, error: BaseException) -> None:
    def fail(_request: bytes) -> bytes:
        raise error

    with pytest.raises(type(error)) as caught:
        interpreter(fail).run(source)
    assert caught.value is error


def test_ctrl_c_ends_an_endless_loop() -> None:
    # To the main thread, as Linux sends it.
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    begin = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            interpreter().run("l")
    finally:
        timer.join()
    assert time.monotonic() - begin < 20  # far above what it takes, far below for ever
    assert output("xstill works") == ["STILL WORKS\n"]


def test_an_instance_is_freed_with_its_interpreter() -> None:
    """wasmtime-py keeps host functions for as long as their store: that must not be a ring."""
    item = interpreter()
    item.run("xhello")
    found = weakref.ref(item.store)
    del item
    gc.collect()
    assert found() is None


def test_words_and_memory() -> None:
    item = interpreter()
    address = item.allocate(b"\x01\x02\x03\xff")
    assert item.word(address) == 0xFF030201
    item.write_word(address, 0xFFFF_FFFE)
    assert item.snapshot({"a": 1}).memory[address : address + 4] == b"\xfe\xff\xff\xff"
    assert item.snapshot({"a": 1}).globals == {"a": 1}
    assert item.stack_pointer == 65536
