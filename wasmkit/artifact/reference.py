"""References such as ``hub.example.com/team/hello:1.2.0``, read strictly.

Strictly, because a typing mistake that a lenient reader turns into another valid name publishes
to a place nobody looks at. Names, tags and digests follow the OCI distribution specification 1.1,
"Pulling manifests"; the host must be written, there is no default registry.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from wasmkit.errors import InputError

__all__ = ["InvalidReferenceError", "Reference", "is_digest", "is_version", "parse_reference"]

_REPOSITORY = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(.*))?")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?:[-_].*)?")
_MAX_NAME = 255
"""Host and repository together; many clients refuse more (distribution-spec, same section)."""
_MAX_TEXT = 1024
_MAX_PORT = 65535
_EXAMPLE = "write HOST/NAME:TAG, such as hub.example.com/team/hello:0.1.0"


class InvalidReferenceError(InputError):
    """A text is not a reference; the message quotes it and says which part is wrong."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a registry: ``host`` with its port, ``repository``, and ``tag`` or ``digest``.

    ``tag`` and ``digest`` are empty if not written; with both, the digest is what counts.
    """

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}"

    @property
    def target(self) -> str:
        """What a manifest is asked for by: the digest, else the tag, else ``latest``."""
        return self.digest or self.tag or "latest"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, which registries serve in plain HTTP."""
        name = _split_port(self.host)[0].strip("[]").lower()
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def is_digest(text: str) -> bool:
    """Say whether the text is a digest that this client can check (sha256 or sha512)."""
    return _DIGEST.fullmatch(text) is not None


def is_version(tag: str) -> bool:
    """Say whether a tag looks like a version (``1.2.3``, ``v1.2.3-rc.1``), which never moves."""
    return _VERSION.fullmatch(tag) is not None


def parse_reference(text: str) -> Reference:
    """Read ``host[:port]/name[:tag][@digest]``; else raise ``InvalidReferenceError``."""
    if len(text) > _MAX_TEXT:
        raise InvalidReferenceError(
            f"a reference of {len(text)} characters is too long", hint=_EXAMPLE
        )
    if "://" in text:
        raise _bad(text, "a reference has no scheme", "leave out all up to and with '://'")
    name, at, digest = text.partition("@")
    if at and ":" not in digest.partition("/")[0] and "/" in digest:
        raise _bad(text, "a reference holds no user and no password", "use docker login")
    if at and not is_digest(digest):
        raise _bad(text, f"{digest!r} is not a digest", "a digest is sha256: and 64 hex digits")
    host, slash, path = name.partition("/")
    if not slash or not _looks_like_host(host):
        raise _bad(text, "it does not start with a registry's host", _EXAMPLE)
    _check_host(text, host)
    repository, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _bad(text, f"{tag!r} is not a tag", "letters, digits, '_', '.', '-'; at most 128")
    _check_repository(text, host, repository)
    return Reference(host, repository, tag, digest)


def _bad(text: str, why: str, hint: str) -> InvalidReferenceError:
    before, at, after = text.rpartition("@")
    if at and not after.startswith("sha") and ":" in before:
        text = f"…@{after}"  # what stands before may be a password
    return InvalidReferenceError(f"reference {text!r}: {why}", hint=hint)


def _looks_like_host(host: str) -> bool:
    return host == "localhost" or any(mark in host for mark in ".:[")


def _split_port(host: str) -> tuple[str, str | None]:
    match = _HOST.fullmatch(host)
    return (host, None) if match is None else (match[1], match[2])


def _check_host(text: str, host: str) -> None:
    name, port = _split_port(host)
    if port is not None and not (
        port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= _MAX_PORT
    ):
        raise _bad(text, f"{port!r} is not a port", "a port is a number from 1 to 65535")
    if name.startswith("["):
        try:
            ipaddress.IPv6Address(name.strip("[]") if name.endswith("]") else name)
        except ValueError:
            raise _bad(text, f"{name!r} is not an IPv6 address", "such as [::1]:5000") from None
    elif not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise _bad(text, f"{name!r} is not a host name", _EXAMPLE)


def _check_repository(text: str, host: str, repository: str) -> None:
    if not repository:
        raise _bad(text, "the repository's name is missing", _EXAMPLE)
    if repository != repository.lower():
        raise _bad(text, "a repository's name is lower case", f"{host}/{repository.lower()}")
    if len(host) + 1 + len(repository) > _MAX_NAME:
        raise _bad(text, f"host and name exceed {_MAX_NAME} characters", "choose a shorter name")
    if not _REPOSITORY.fullmatch(repository):
        raise _bad(
            text,
            f"{repository!r} is not a repository name",
            "parts of a-z and 0-9, joined by '/', or inside by '.', '_', '__' or '-'",
        )
