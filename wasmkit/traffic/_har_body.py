"""Bodies of a HAR as the bytes that crossed the wire.

A HAR holds bodies as text, and with ``content-encoding`` already undone. A filter in Envoy sees
neither: it gets bytes, and compressed ones if they were compressed. So text is encoded in the
charset that it was sent in, and gzip and deflate are applied again: a filter that forgets about
them must fail on the recording as it would in production. The compressed bytes are not the
recorded ones, only equal to them when undone. What cannot be applied here (br, zstd) is taken
out of the headers, with a note: then the filter sees the body as if it had never been compressed.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from wasmkit.traffic._json import Node
    from wasmkit.traffic.model import Header

__all__ = ["Body", "content_body", "post_body"]

_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
# What browsers take these labels for (encoding.spec.whatwg.org), then what the label itself says.
_WESTERN = ("cp1252", "latin-1")
_CODECS: dict[str, tuple[str, ...]] = {
    "ascii": _WESTERN,
    "us-ascii": _WESTERN,
    "iso-8859-1": _WESTERN,
    "latin1": _WESTERN,
    "windows-1252": _WESTERN,
    "utf-16": ("utf-16-le",),
    "utf-16le": ("utf-16-le",),
    "utf-16be": ("utf-16-be",),
    "shift_jis": ("cp932",),
    "shift-jis": ("cp932",),
    "gb2312": ("gbk", "gb18030"),
    "windows-31j": ("cp932",),
    **{
        name: (name,)
        for name in (
            *(f"iso-8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)),
            *(f"windows-125{page}" for page in (0, 1, 3, 4, 5, 6, 7, 8)),
            *("koi8-r", "koi8-u", "euc-jp", "iso-2022-jp", "gbk", "gb18030", "big5", "euc-kr"),
        )
    },
}
_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Body:
    """A body in wire form, the headers that tell the truth about it, and notes for people."""

    data: bytes
    headers: tuple[Header, ...]
    notes: tuple[str, ...] = ()


def _header(headers: tuple[Header, ...], wanted: str) -> str:
    return next((value for name, value in headers if name == wanted), "")


def _encode(text: str, content_type: str, sizes: tuple[int, ...]) -> tuple[bytes, str]:
    """Return text in the charset of its type, and a note if that cannot be.

    Without a charset the recorded sizes decide: mitmproxy reads most such bodies, pictures too,
    as Latin-1; browsers read plain text as Windows-1252.
    """
    data = text.encode("utf-8", "surrogateescape")
    if text.isascii():
        return data, ""
    match = _CHARSET.search(content_type)
    label = match[1].lower() if match else ""
    for codec in _CODECS.get(label, ()) if label else reversed(_WESTERN):
        try:
            encoded = text.encode(codec)
        except UnicodeEncodeError:
            continue
        if label or (len(encoded) in sizes and len(data) not in sizes):
            return encoded, ""
    note = "" if label in ("", "utf-8", "utf8") else f"the text is played in UTF-8, not in {label}"
    return data, note


def _decode(node: Node, content_type: str, sizes: tuple[int, ...]) -> tuple[bytes, str]:
    """Return the bytes of an object with ``text`` and perhaps ``encoding``, and a note."""
    text = node["text"].text("")
    encoding = node["encoding"].text("").lower()
    if encoding == "base64":
        try:
            return base64.b64decode("".join(text.split()), validate=True), ""
        except (binascii.Error, ValueError) as error:
            raise node["text"].error(f"no valid base64: {error}") from error
    if encoding:
        raise node["encoding"].error(f"is unknown: {encoding[:40]!r}", hint="HAR knows base64")
    data, note = _encode(text, content_type, sizes)
    if _REPLACEMENT in text:
        note = "was recorded as text, and bytes that are no text were lost"
    elif not data and sizes and sizes[0] > 0:
        note = "was not recorded"
    return data, note


def _sizes(message: Node, headers: tuple[Header, ...]) -> tuple[int, ...]:
    """Return what a recording says of the length of a body, the most trustworthy first.

    ``bodySize`` comes last: in Firefox it counts a request's characters, a response's headers.
    """
    content = message["content"]
    size = -1.0 if content.missing else content["size"].number(-1)
    compression = 0.0 if content.missing else content["compression"].number(0)
    length = _header(headers, "content-length")
    found = [float(length)] if length.isdecimal() and len(length) < 16 else []
    found += [size, size + compression, message["bodySize"].number(-1)]
    return tuple(int(size) for size in found if size >= 0)


def _compress(data: bytes, coding: str) -> bytes:
    wbits = _WBITS[coding]
    if wbits == 31 and data[:2] == b"\x1f\x8b":
        return data  # some recorders keep what they got
    compressor = zlib.compressobj(wbits=wbits)
    return compressor.compress(data) + compressor.flush()


def _as_sent(data: bytes, headers: tuple[Header, ...], what: str, note: str) -> Body:
    """Apply the content coding again and correct what the headers say of the length."""
    notes = [f"the {what}'s body {note}" if note.startswith("was") else note] if note else []
    codings = [
        coding
        for name, value in headers
        if name == "content-encoding"
        for part in value.split(",")
        if (coding := part.strip().lower()) not in ("", "identity")
    ]
    if data and all(coding in _WBITS for coding in codings):
        for coding in codings:
            data = _compress(data, coding)
    elif data:
        headers = tuple(header for header in headers if header[0] != "content-encoding")
        applied = ", ".join(codings)[:80]
        notes.append(f"the {what}'s body is played without its content-encoding {applied}")
    length = ("content-length", str(len(data)))
    headers = tuple(
        length if header[0] == "content-length" else header
        for header in headers
        if header[0] != "transfer-encoding"  # it belonged to the connection
    )
    return Body(data, headers, tuple(notes))


def content_body(response: Node, headers: tuple[Header, ...], *, method: str, status: int) -> Body:
    """Return the body of a HAR response."""
    if method == "HEAD" or status in (204, 304):
        # Nothing follows, and content-length speaks of what GET would bring (RFC 9110 8.6).
        # Browsers show what they had in their cache as the content of a 304.
        return Body(b"", headers)
    sizes = _sizes(response, headers)
    content = response["content"]
    if content.missing:
        note = "was not recorded" if sizes and sizes[0] > 0 else ""
        return _as_sent(b"", headers, "response", note)
    content_type = _header(headers, "content-type") or content["mimeType"].text("")
    data, note = _decode(content, content_type, sizes)
    return _as_sent(data, headers, "response", note)


def post_body(request: Node, headers: tuple[Header, ...]) -> Body:
    """Return the body of a HAR request: its text, or what its parameters say it was."""
    sizes = _sizes(request, headers)
    post = request["postData"]
    if post.missing:
        note = "was not recorded" if sizes and sizes[0] > 0 else ""
        return _as_sent(b"", headers, "request", note)
    content_type = _header(headers, "content-type") or post["mimeType"].text("")
    data, note = _decode(post, content_type, sizes)
    params = list(post["params"].items())
    if not data and params:
        boundary = _BOUNDARY.search(content_type)
        data = _multipart(params, boundary[1] or boundary[2]) if boundary else _form(params)
        note = "was made again from its parameters"
    return _as_sent(data, headers, "request", note)


def _form(params: list[Node]) -> bytes:
    """Return ``application/x-www-form-urlencoded``; browsers record the parts encoded already."""

    def encoded(text: str) -> str:
        return quote_plus(text, safe="%+", errors="surrogateescape")

    pairs = [(param["name"].text(""), param["value"].text("")) for param in params]
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs).encode()


def _multipart(params: list[Node], boundary: str) -> bytes:
    """Return ``multipart/form-data`` (RFC 7578); a file's bytes are there only if recorded."""
    lines = []
    for param in params:
        name, file = param["name"].text(""), param["fileName"].text("")
        kind = param["contentType"].text("")
        disposition = f'Content-Disposition: form-data; name="{_quoted(name)}"'
        lines += [f"--{boundary}", disposition + (f'; filename="{_quoted(file)}"' if file else "")]
        lines += [f"Content-Type: {_quoted(kind)}"] if kind else []
        lines += ["", param["value"].text("")]
    text = "\r\n".join([*lines, f"--{boundary}--", ""])
    return text.encode("utf-8", "surrogateescape")


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
