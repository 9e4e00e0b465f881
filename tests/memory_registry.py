"""A registry in memory: the paths of the distribution specification that the client uses."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs, urlsplit

from scripted_wire import Answer, ScriptedWire, Sent
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.reference import parse_reference

__all__ = ["HOST", "MemoryRegistry"]

HOST = "registry.example"


class MemoryRegistry:
    """Manifests and blobs of ``team/a`` in two dicts, and what was asked for."""

    def __init__(self, *, referrers: bool = False) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.headers: dict[str, str] = {}
        self.location = "/v2/team/a/blobs/uploads/7?state=x"
        self.referrers = referrers
        self.wire = ScriptedWire(self.answer)

    def client(self, reference: str = f"{HOST}/team/a:1") -> RegistryClient:
        made = RegistryClient(parse_reference(reference))
        made._http._session.mount("https://", self.wire)
        return made

    def seen(self) -> list[str]:
        return [f"{sent.method} {urlsplit(sent.url).path}" for sent in self.wire.sent]

    def answer(self, sent: Sent) -> Answer:
        parts = urlsplit(sent.url)
        path = parts.path.removeprefix("/v2/team/a/")
        if path.startswith("manifests/"):
            return self._manifest(sent, path.removeprefix("manifests/"))
        if sent.method == "POST":
            return Answer(202, {"Location": self.location} if self.location else {})
        if sent.method == "PUT":
            (digest,) = parse_qs(parts.query)["digest"]
            self.blobs[digest] = sent.body
            return Answer(201)
        blob = self.blobs.get(path.removeprefix("blobs/"))
        return Answer(404) if blob is None else Answer(200, {}, blob)

    def _manifest(self, sent: Sent, target: str) -> Answer:
        if sent.method == "PUT":
            kept = (sent.headers["Content-Type"], sent.body)
            digest = f"sha256:{hashlib.sha256(sent.body).hexdigest()}"
            self.manifests[target] = self.manifests[digest] = kept
            subject = {"OCI-Subject": "sha256:1"} if self.referrers else {}
            return Answer(201, {"Docker-Content-Digest": digest, **subject, **self.headers})
        if target not in self.manifests:
            return Answer(404)
        media_type, body = self.manifests[target]
        return Answer(200, {"Content-Type": media_type, **self.headers}, body)
