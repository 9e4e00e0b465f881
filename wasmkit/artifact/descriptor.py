"""Content and what names it: digests and descriptors (OCI image-spec 1.1, descriptor.md)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from wasmkit.errors import RegistryError

__all__ = ["Blob", "Descriptor", "check_content", "digest_of"]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Names content: its media type, its digest (``sha256:...``) and its size in bytes.

    ``elsewhere``: it need not be in the registry that names it, since it has URLs or must not be
    distributed.
    """

    media_type: str
    digest: str
    size: int
    artifact_type: str = ""
    elsewhere: bool = False

    def as_json(self) -> dict[str, object]:
        """Return the wire shape; an empty artifact type is left out."""
        document: dict[str, object] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.artifact_type:
            document["artifactType"] = self.artifact_type
        return document


@dataclass(frozen=True, slots=True)
class Blob:
    """Content together with the descriptor that names it."""

    descriptor: Descriptor
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, data: bytes, media_type: str) -> Blob:
        """Describe the data by its sha256."""
        return cls(Descriptor(media_type, digest_of(data), len(data)), data)


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """Return the digest in its wire form, such as ``sha256:<64 hex digits>``."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def check_content(data: bytes, digest: str, what: str) -> None:
    """Raise ``RegistryError`` unless the data has the digest; ``what`` opens the message.

    The digest's form must have been checked before (``reference.is_digest``).
    """
    found = digest_of(data, digest.partition(":")[0])
    if found != digest:
        raise RegistryError(
            f"{what}: the content has digest {found}, not {digest}",
            hint="the registry or something on the way changed it; try again, then ask its owner",
        )
