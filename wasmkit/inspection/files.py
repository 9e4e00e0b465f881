"""Reads the file that is to be inspected, and says what it is if it is not a module."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from wasmkit.errors import GuestModuleError
from wasmkit.files import TooLargeError, read_bounded, read_stream
from wasmkit.wasm.module import COMPONENT_MAGIC, MAGIC, MAX_MODULE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_module_file"]

_UNPACK = "wasmkit pull REF -o FILE fetches a module from a registry; tar -xf unpacks a layer"
_BUILD = "wasmkit build makes a module of a filter project"

# What files begin with that people hand over instead of a module.
_BEGINNINGS = (
    (b"\x1f\x8b", "a gzip archive, such as an image's layer", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first: zstd -d FILE"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"\x7fELF", "a program for this machine", _BUILD),
    (b"(module", "WebAssembly text", "wasm-tools parse FILE -o FILE.wasm makes a module of it"),
    (b"(component", "a component as text", _BUILD),
    (b"<", "HTML or XML", "is it an error page instead of a download?"),
    (b"{", "JSON", "wasmkit pull REF -o FILE fetches the module of an image"),
)
_TAR = slice(257, 262)
_SOURCES = frozenset({".py", ".toml", ".rs", ".go", ".c", ".cc", ".cpp", ".ts", ".zig"})


def read_module_file(path: Path) -> bytes:
    """Return a file's bytes, those of standard input for ``-``.

    Raises ``InputError`` if it cannot be read, ``GuestModuleError`` if it is not a module: the hint
    says what can be done with what it is.
    """
    shown = "standard input" if str(path) == "-" else str(path)
    if path.is_dir():
        raise GuestModuleError(f"{shown} is a folder, not a WebAssembly module", hint=_BUILD)
    try:
        if str(path) == "-":
            data = read_stream(sys.stdin.buffer, MAX_MODULE_BYTES, shown)
        else:
            data = read_bounded(path, MAX_MODULE_BYTES, pipes=True)
    except TooLargeError as error:
        raise GuestModuleError(
            f"{shown} has more than {MAX_MODULE_BYTES >> 20} MiB, which is what Istio and Envoy"
            " Gateway load at most"
        ) from error
    if data[:8] not in (MAGIC, COMPONENT_MAGIC):
        raise _no_module(data, path, shown)
    return data


def _no_module(data: bytes, path: Path, shown: str) -> GuestModuleError:
    if not data:
        return GuestModuleError(f"{shown} is empty", hint=_BUILD)
    if data[_TAR] == b"ustar":
        return GuestModuleError(f"{shown} is a tar archive, not a WebAssembly module", hint=_UNPACK)
    if path.suffix in _SOURCES:
        return GuestModuleError(f"{shown} is source, not a WebAssembly module", hint=_BUILD)
    if data[:4] == MAGIC[:4]:
        version = int.from_bytes(data[4:8], "little")
        return GuestModuleError(f"{shown} is WebAssembly of the unknown version {version:#x}")
    text = data[:512].lstrip()
    for beginning, what, hint in _BEGINNINGS:
        if text.startswith(beginning):
            return GuestModuleError(f"{shown} is {what}, not a WebAssembly module", hint=hint)
    return GuestModuleError(
        f"{shown} is not a WebAssembly module: it does not begin with \\0asm", hint=_BUILD
    )
