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
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from wasmkit.http.codings import content_codings, encode
from wasmkit.http.framing import content_length, has_no_body, with_length, without
from wasmkit.http.message import Message, as_data, as_text

if TYPE_CHECKING:
    from wasmkit.http.message import Pair
    from wasmkit.traffic._json import Node

__all__ = ["Body", "content_body", "post_body"]

_CHARSET = re.compile(rb"""charset\s*=\s*["']?([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
_BOUNDARY = re.compile(rb'boundary\s*=\s*(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
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
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Body:
    """A body in wire form, the headers that tell the truth about it, and notes for people."""

    data: bytes
    headers: tuple[Pair, ...]
    notes: tuple[str, ...] = ()


def _encode(text: str, content_type: bytes, sizes: tuple[int, ...]) -> tuple[bytes, str]:
    """Return text in the charset of its type, and a note if that cannot be.

    Without a charset the recorded sizes decide: mitmproxy reads most such bodies, pictures too,
    as Latin-1; browsers read plain text as Windows-1252.
    """
    data = as_data(text)
    if text.isascii():
        return data, ""
    match = _CHARSET.search(content_type)
    label = as_text(match[1]).lower() if match else ""
    for codec in _CODECS.get(label, ()) if label else reversed(_WESTERN):
        try:
            encoded = text.encode(codec)
        except UnicodeEncodeError:
            continue
        if label or (len(encoded) in sizes and len(data) not in sizes):
            return encoded, ""
    note = "" if label in ("", "utf-8", "utf8") else f"the text is played in UTF-8, not in {label}"
    return data, note


def _decode(node: Node, content_type: bytes, sizes: tuple[int, ...]) -> tuple[bytes, str]:
    """Return the bytes of an object with ``text`` and perhaps ``encoding``, and a note."""
    text = node["text"].text("")
    encoding = node["encoding"].text("").lower()
    if encoding == "base64":
        try:
            return base64.b64decode("".join(text.split()), validate=True), ""
        except (binascii.Error, ValueError) as error:
            raise node["text"].error(f"not valid base64: {error}") from error
    if encoding:
        raise node["encoding"].error(f"is unknown: {encoding[:40]!r}", hint="HAR knows base64")
    data, note = _encode(text, content_type, sizes)
    if _REPLACEMENT in text:
        note = "was recorded as text, and bytes that are not text were lost"
    elif not data and sizes and sizes[0] > 0:
        note = "was not recorded"
    return data, note


def _sizes(message: Node, headers: tuple[Pair, ...]) -> tuple[int, ...]:
    """Return what a recording says of the length of a body, the most trustworthy first.

    ``bodySize`` comes last: in Firefox it counts a request's characters, a response's headers.
    """
    content = message["content"]
    size = -1.0 if content.missing else content["size"].number(-1)
    compression = 0.0 if content.missing else content["compression"].number(0)
    length = content_length(Message(headers).get(b"content-length") or b"")
    found = [size, size + compression, message["bodySize"].number(-1)]
    known = () if length is None else (length,)
    return (*known, *(int(size) for size in found if size >= 0))


def _as_sent(data: bytes, headers: tuple[Pair, ...], what: str, note: str) -> Body:
    """Apply the content coding again and correct what the headers say of the length."""
    notes = [f"the {what}'s body {note}" if note.startswith("was") else note] if note else []
    codings = content_codings(headers)
    encoded = encode(data, codings)
    if encoded is None:
        headers = without(headers, frozenset({b"content-encoding"}))
        applied = as_text(b", ".join(codings))[:80]
        notes.append(f"the {what}'s body is played without its content-encoding {applied}")
    else:
        data = encoded
    # transfer-encoding belonged to the connection
    headers = without(headers, frozenset({b"transfer-encoding"}))
    return Body(data, with_length(headers, len(data)), tuple(notes))


def content_body(response: Node, headers: tuple[Pair, ...], *, method: bytes, status: int) -> Body:
    """Return the body of a HAR response."""
    if has_no_body(method, status):
        # Nothing follows, and content-length speaks of what GET would bring (RFC 9110 8.6).
        # Browsers show what they had in their cache as the content of a 304.
        return Body(b"", headers)
    sizes = _sizes(response, headers)
    content = response["content"]
    if content.missing:
        note = "was not recorded" if sizes and sizes[0] > 0 else ""
        return _as_sent(b"", headers, "response", note)
    content_type = Message(headers).get(b"content-type") or content["mimeType"].data("")
    data, note = _decode(content, content_type, sizes)
    return _as_sent(data, headers, "response", note)


def post_body(request: Node, headers: tuple[Pair, ...]) -> Body:
    """Return the body of a HAR request: its text, or what its parameters say it was."""
    sizes = _sizes(request, headers)
    post = request["postData"]
    if post.missing:
        note = "was not recorded" if sizes and sizes[0] > 0 else ""
        return _as_sent(b"", headers, "request", note)
    content_type = Message(headers).get(b"content-type") or post["mimeType"].data("")
    data, note = _decode(post, content_type, sizes)
    params = list(post["params"].items())
    if not data and params:
        boundary = _BOUNDARY.search(content_type)
        data = _multipart(params, boundary[1] or boundary[2]) if boundary else _form(params)
        note = "was made again from its parameters"
    return _as_sent(data, headers, "request", note)


def _form(params: list[Node]) -> bytes:
    """Return ``application/x-www-form-urlencoded``; browsers record the parts encoded already."""

    def encoded(part: Node) -> str:
        return quote_plus(part.data(""), safe="%+")

    return "&".join(f"{encoded(each['name'])}={encoded(each['value'])}" for each in params).encode()


def _multipart(params: list[Node], boundary: bytes) -> bytes:
    """Return ``multipart/form-data`` (RFC 7578); a file's bytes are there only if recorded."""
    lines = []
    for param in params:
        disposition = b'Content-Disposition: form-data; name="%b"' % _quoted(param["name"])
        file, kind = _quoted(param["fileName"]), _quoted(param["contentType"])
        lines += [b"--" + boundary, disposition + (b'; filename="%b"' % file if file else b"")]
        lines += [b"Content-Type: " + kind] if kind else []
        lines += [b"", param["value"].data("")]
    return b"\r\n".join([*lines, b"--%b--" % boundary, b""])


def _quoted(node: Node) -> bytes:
    data = node.data("")
    return data.replace(b'"', b"%22").replace(b"\r", b"%0D").replace(b"\n", b"%0A")
