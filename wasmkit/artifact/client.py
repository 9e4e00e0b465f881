"""What a filter's way to a registry and back needs of the distribution API (spec 1.1).

Everything that arrives is checked against its digest before it is given away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from wasmkit.artifact import media_types as oci
from wasmkit.artifact.descriptor import Blob, Descriptor, check_content, digest_of
from wasmkit.artifact.manifest import MAX_MANIFEST_SIZE, Index, canonical_json, parse
from wasmkit.artifact.reference import is_digest
from wasmkit.artifact.transport import Reply, Transport, oci_errors
from wasmkit.errors import RegistryError

if TYPE_CHECKING:
    from wasmkit.artifact.image import Artifact
    from wasmkit.artifact.manifest import Manifest
    from wasmkit.artifact.reference import Reference

__all__ = ["Fetched", "RegistryClient"]

_ACCEPT = f"{oci.MANIFEST}, {oci.INDEX}, {oci.MANIFEST_DOCKER}, {oci.INDEX_DOCKER}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A manifest or index as it was sent, and what it says."""

    blob: Blob
    content: Manifest | Index


class RegistryClient:
    """Reads and writes one repository; every method raises ``RegistryError`` if it cannot.

    ``plain_http`` None means: plain for this machine, TLS for any other.
    """

    def __init__(self, reference: Reference, *, plain_http: bool | None = None) -> None:
        self._name = f"{reference.host}/{reference.repository}"
        self._http = Transport(reference, plain_http=plain_http)

    def manifest(self, target: str) -> Fetched:
        """Fetch a manifest or index by tag or digest."""
        found = self._find(target)
        if isinstance(found, Reply):
            reason = oci_errors(found.body).partition(": ")[2] or "there is none"
            raise RegistryError(
                f"fetching {self._of(target)}: {self._http.host} answered 404: {reason}",
                hint="check host, name and tag",
            )
        return found

    def find_manifest(self, target: str) -> Fetched | None:
        """Fetch a manifest or index by tag or digest; None if the registry has none."""
        found = self._find(target)
        return None if isinstance(found, Reply) else found

    def _find(self, target: str) -> Fetched | Reply:
        """Fetch a manifest or index; the registry's own answer if it is 404."""
        action = f"fetching {self._of(target)}"
        reply = self._http.request(
            action,
            "GET",
            self._http.url(f"manifests/{target}"),
            headers={"Accept": _ACCEPT},
            accept=(200, 404),
            limit=MAX_MANIFEST_SIZE,
        )
        if reply.status == 404:
            return reply
        for expected in (target, reply.headers.get("Docker-Content-Digest", "")):
            if is_digest(expected):
                check_content(reply.body, expected, action)
        try:
            content = parse(reply.body, reply.headers.get("Content-Type", ""))
        except RegistryError as error:
            raise RegistryError(f"{action}: {error}", hint=error.hint) from error
        digest = target if is_digest(target) else digest_of(reply.body)
        return Fetched(
            Blob(Descriptor(content.media_type, digest, len(reply.body)), reply.body), content
        )

    def blob(self, descriptor: Descriptor, what: str, *, limit: int) -> bytes:
        """Fetch a blob of at most ``limit`` bytes; ``what`` names it in errors."""
        action = f"fetching {what} of {self._name}"
        if descriptor.size > limit:
            raise RegistryError(f"{action}: {descriptor.size} bytes are more than {limit}")
        reply = self._http.request(
            action,
            "GET",
            self._http.url(f"blobs/{descriptor.digest}"),
            accept=(200,),
            limit=descriptor.size,
        )
        check_content(reply.body, descriptor.digest, action)
        return reply.body

    def hub_version(self, digest: str) -> Reply | None:
        """Ask a hub of this project what it says of an image; None if there is no such page."""
        reply = self._http.request(
            f"asking for the verdict on {self._of(digest)}",
            "GET",
            self._http.hub_url(f"versions/{digest}"),
            accept=(200, 404),
        )
        return reply if reply.status == 200 else None

    def push(self, artifact: Artifact, target: str = "") -> bool:
        """Upload blobs and then the manifest, under its digest or as the tag ``target``.

        Returns whether the registry keeps referrers itself: it then named the manifest's
        ``subject`` in its answer (distribution-spec, "Pushing Manifests with Subject").
        """
        for blob in artifact.blobs:
            self.push_blob(blob)
        return self.push_manifest(artifact.manifest, target or artifact.descriptor.digest)

    def push_blob(self, blob: Blob) -> None:
        """Upload a blob unless the repository has it already (POST, then PUT)."""
        digest = blob.descriptor.digest
        if self._has_blob(digest):
            return
        action = f"uploading {digest[:19]} ({blob.descriptor.size} bytes) to {self._name}"
        opened = self._http.request(
            action, "POST", self._http.url("blobs/uploads/"), body=b"", accept=(202,)
        )
        self._http.request(
            action,
            "PUT",
            self._upload_address(action, opened.url, opened.headers.get("Location", ""), digest),
            headers={"Content-Type": "application/octet-stream"},
            body=blob.data,
            accept=(201, 204),
        )

    def push_manifest(self, manifest: Blob, target: str) -> bool:
        """Upload a manifest's bytes under a tag or its digest; returns as ``push`` does."""
        action = f"pushing {self._of(target)}"
        reply = self._http.request(
            action,
            "PUT",
            self._http.url(f"manifests/{target}"),
            headers={"Content-Type": manifest.descriptor.media_type},
            body=manifest.data,
            accept=(201,),
        )
        stored = reply.headers.get("Docker-Content-Digest", "")
        if stored and stored != manifest.descriptor.digest:
            raise RegistryError(
                f"{action}: {self._http.host} stored {stored[:80]!r}, not what was sent",
                hint="a registry must keep a manifest byte for byte; tell its owner",
            )
        return "OCI-Subject" in reply.headers

    def list_referrers(self, subject: str, referrers: tuple[Artifact, ...]) -> None:
        """Add referrers to the subject's index under the tag ``sha256-<digest>``.

        For registries without a referrers API, as the specification asks of the client
        ("Referrers Tag Schema"; our referrers have no annotations that it would copy). Two
        clients at once may lose one's entry: it is a read and a write, and the specification has
        nothing better.
        """
        tag = subject.replace(":", "-", 1)
        found = self.find_manifest(tag)
        document: dict[str, object] = {"schemaVersion": 2, "mediaType": oci.INDEX}
        entries: list[object] = []
        known: set[str] = set()
        if found is not None:
            if not isinstance(found.content, Index) or found.content.media_type != oci.INDEX:
                raise RegistryError(
                    f"listing the referrers of {self._of(subject)}: the tag {tag} is not an index",
                    hint="someone used a tag that the specification reserves; delete it",
                )
            document = found.content.document
            entries = [*_entries(document)]
            known = {entry.descriptor.digest for entry in found.content.manifests}
        new = [
            Descriptor(
                artifact.descriptor.media_type,
                artifact.descriptor.digest,
                artifact.descriptor.size,
                artifact.artifact_type,
            ).as_json()
            for artifact in referrers
            if artifact.descriptor.digest not in known
        ]
        if new:
            index = canonical_json({**document, "manifests": [*entries, *new]})
            self.push_manifest(Blob.of(index, oci.INDEX), tag)

    def _has_blob(self, digest: str) -> bool:
        reply = self._http.request(
            f"looking for {digest[:19]} in {self._name}",
            "HEAD",
            self._http.url(f"blobs/{digest}"),
            accept=(200, 404),
        )
        return reply.status == 200

    def _of(self, target: str) -> str:
        return f"{self._name}{'@' if is_digest(target) else ':'}{target}"

    def _upload_address(self, action: str, base: str, location: str, digest: str) -> str:
        if not location:
            raise RegistryError(f"{action}: {self._http.host} gave no address to upload to")
        url = self._http.resolve(action, base, location)
        parts = urlsplit(url)
        ours = urlsplit(base)
        if parts.netloc == ours.netloc:
            # Behind a proxy that ends TLS many registries name themselves with http.
            url = parts._replace(scheme=ours.scheme).geturl()
        return f"{url}{'&' if parts.query else '?'}digest={quote(digest, safe='')}"


def _entries(document: dict[str, object]) -> list[object]:
    entries = document.get("manifests")
    return entries if isinstance(entries, list) else []
