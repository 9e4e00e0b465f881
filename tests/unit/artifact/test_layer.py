from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib

import pytest

from wasmkit.artifact import layer
from wasmkit.errors import RegistryError

LONG = "/".join("d" * 45)
MODULE = b"\0asm\1\0\0\0" + b"content" * 1000


def archive(*entries: tuple[tarfile.TarInfo, bytes], style: int = tarfile.PAX_FORMAT) -> bytes:
    """Make a tar with Python's own writer."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=style) as tar:
        for entry, content in entries:
            tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def entry(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.type = kind
    return info, content


def test_the_archive_holds_one_plain_file() -> None:
    with tarfile.open(fileobj=io.BytesIO(layer.module_tar(MODULE))) as tar:
        (member,) = tar.getmembers()
        content = tar.extractfile(member)
        assert content is not None
        assert content.read() == MODULE
    facts = (member.name, member.mode, member.mtime, member.uid, member.gid, member.uname)
    assert facts == ("plugin.wasm", 0o644, 0, 0, 0, "")


def test_the_archive_has_the_bytes_that_the_ustar_format_says() -> None:
    # POSIX.1-2017, pax, "ustar Interchange Format": offsets of the fields in a header block.
    block = layer.module_tar(b"x")[:512]
    fields = {
        0: b"plugin.wasm\0",
        100: b"0000644\0",
        108: b"0000000\0",
        116: b"0000000\0",
        124: b"00000000001\0",
        136: b"00000000000\0",
        156: b"0",
        257: b"ustar\x0000",
    }
    for offset, expected in fields.items():
        assert block[offset : offset + len(expected)] == expected


def test_the_gzip_header_tells_nothing_of_this_machine() -> None:
    # RFC 1952 2.3: magic, deflate, no flags, time 0, ordinary compression, unknown system.
    packed = layer.compress(MODULE)
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    assert gzip.decompress(packed) == MODULE


def test_packing_twice_gives_the_same_bytes() -> None:
    digests = {hashlib.sha256(layer.compress(layer.module_tar(MODULE))).digest() for _ in range(2)}
    assert len(digests) == 1


@pytest.mark.parametrize("style", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize(
    "name",
    [
        "plugin.wasm",
        "./plugin.wasm",
        "/plugin.wasm",
        "../../plugin.wasm",
        "d/" * 45 + "plugin.wasm",
    ],
    ids=["plain", "dot", "absolute", "escaping", "long"],
)
def test_the_module_is_found_by_its_base_name_in_every_dialect(style: int, name: str) -> None:
    packed = gzip.compress(
        archive(entry("readme", b"x" * 700), entry(name, MODULE), entry("z", b"y"), style=style)
    )
    assert layer.module_from_layer(packed) == MODULE


def test_pax_headers_with_times_and_long_names_are_read() -> None:
    info, content = entry("ü" * 200 + "/plugin.wasm", MODULE)
    info.mtime = 1.5
    assert layer.module_from_layer(gzip.compress(archive((info, content)))) == MODULE


def test_long_links_and_global_headers_are_passed_over() -> None:
    link, nothing = entry("link", kind=tarfile.SYMTYPE)
    link.linkname = "x" * 150
    tar = archive((link, nothing), entry("plugin.wasm", MODULE), style=tarfile.GNU_FORMAT)
    assert layer.module_from_layer(gzip.compress(tar)) == MODULE
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", pax_headers={"comment": "for all"}) as pax:
        info, content = entry("plugin.wasm", MODULE)
        pax.addfile(info, io.BytesIO(content))
    assert layer.module_from_layer(gzip.compress(target.getvalue())) == MODULE


def test_a_directory_before_the_file_is_passed_over() -> None:
    packed = gzip.compress(
        archive(entry("d", kind=tarfile.DIRTYPE), entry("d/plugin.wasm", MODULE))
    )
    assert layer.module_from_layer(packed) == MODULE


def test_gzip_members_are_joined() -> None:
    tar = archive(entry("plugin.wasm", MODULE))
    packed = b"".join(gzip.compress(tar[at : at + 700]) for at in range(0, len(tar), 700))
    assert layer.module_from_layer(packed) == MODULE


def header(size: bytes, *, name: bytes = b"plugin.wasm", kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = size.ljust(12, b"\0")
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (b"", "ends too early"),
        (b"no gzip", "not an intact gzip"),
        (gzip.compress(b""), "ends too early"),
        (gzip.compress(b"x" * 100), "ends too early"),
        (gzip.compress(bytes(1024)), "no file plugin.wasm"),
        (gzip.compress(archive(entry("other.wasm", MODULE))), "no file plugin.wasm"),
        (gzip.compress(archive(entry("plugin.wasm", MODULE)))[:-50], "ends too early"),
        (gzip.compress(archive(entry("plugin.wasm", kind=tarfile.SYMTYPE))), "not a regular file"),
        (gzip.compress(archive(entry("plugin.wasm", kind=tarfile.CHRTYPE))), "not a regular file"),
        (gzip.compress(b"\1" * 512), "checksum|number"),
        (gzip.compress(header(b"77777777777")), "too large"),
        (gzip.compress(header(b"\x80" + b"\xff" * 11)), "too large"),
        (gzip.compress(header(b"\xff" * 12)), "too large"),
        (gzip.compress(header(b"-7777")), "too large"),
        (gzip.compress(header(b"9")), "number"),
        (gzip.compress(header(b"7777777", kind=b"x")), "too large"),
        (gzip.compress(header(b"5", kind=b"x") + b"a b=c".ljust(512, b"\0")), "pax record"),
        (gzip.compress(header(b"5", kind=b"x") + b"0 b=c".ljust(512, b"\0")), "pax record"),
        (gzip.compress(header(b"15", kind=b"x") + b"13 size=1234\n".ljust(512)), "pax records"),
        (gzip.compress(b"") * 2000, "gzip members"),
        (zlib.compress(archive(entry("plugin.wasm", MODULE))), "not an intact gzip"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_a_bad_layer_is_refused(packed: bytes, why: str) -> None:
    with pytest.raises(RegistryError, match=why):
        layer.module_from_layer(packed)


def test_a_bomb_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "_MAX_ARCHIVE", 1 << 20)
    bomb = gzip.compress(header(b"77777777") + bytes(16 << 20))
    with pytest.raises(RegistryError, match="larger than"):
        layer.module_from_layer(bomb)
