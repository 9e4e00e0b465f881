"""A hub in this process whose jobs are done when a test says so, and images to push to it."""

from __future__ import annotations

import hashlib
import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from in_process_hub import in_process_hub
from registries import filter_module
from wasmkit.artifact import media_types as oci
from wasmkit_hub.hub import open_hub
from wasmkit_hub.platform.sandbox import Sandbox
from wasmkit_hub.platform.settings import Settings
from wasmkit_hub.worker import worker_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import httpx
    import pytest

    from wasmkit_hub.registry.access import HubState

__all__ = ["Kit", "hub_kit"]


def _in_this_process(
    _sandbox: Sandbox, task: str, options: dict[str, str], parts: Sequence[tuple[BinaryIO, int]]
) -> Any:
    return importlib.import_module(task).run(options, [source.read() for source, _ in parts])


class Kit:
    """``http`` talks to the hub, ``hub`` is its inside, opened a second time."""

    def __init__(self, http: httpx.Client, hub: HubState) -> None:
        self.http = http
        self.hub = hub

    def work(self) -> int:
        """Do all jobs that are due, without a child process; return how many there were."""
        worker, count = worker_of(self.hub), 0
        while worker.step():
            count += 1
        return count

    def blob(self, repository: str, content: bytes) -> dict[str, Any]:
        """Push a blob and return what a descriptor says of it."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        answer = self.http.post(f"/v2/{repository}/blobs/uploads/?digest={digest}", content=content)
        assert answer.status_code == 201, answer.text
        return {"digest": digest, "size": len(content)}

    def image(
        self,
        repository: str,
        reference: str,
        module: bytes = b"",
        *,
        kind: str = oci.LAYER_WASM,
        config: str = oci.CONFIG_WASM,
        **fields: Any,
    ) -> str:
        """Push a manifest of one layer, a small module's if none is given; return its digest."""
        layer = {"mediaType": kind, **self.blob(repository, module or filter_module())}
        document = {
            "schemaVersion": 2,
            "config": {"mediaType": config, **self.blob(repository, b"{}")},
            "layers": [layer],
            **fields,
        }
        answer = self.http.put(
            f"/v2/{repository}/manifests/{reference}",
            json=document,
            headers={"Content-Type": oci.MANIFEST},
        )
        assert answer.status_code == 201, answer.text
        return answer.headers["docker-content-digest"]

    def referrer(self, repository: str, subject: str, kind: str, content: bytes) -> str:
        """Push something that refers to an image; return its digest."""
        image = {"mediaType": oci.MANIFEST, "digest": subject, "size": 1}
        tag = f"r{hashlib.sha256(content).hexdigest()[:12]}"
        fields = {"artifactType": kind, "subject": image}
        return self.image(repository, tag, content, kind=kind, config=oci.CONFIG_EMPTY, **fields)

    def state(self, repository: str, reference: str) -> Any:
        """Return what the API says of a version."""
        return self.http.get(f"/api/v1/filters/{repository}/versions/{reference}").json()


@contextmanager
def hub_kit(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Iterator[Kit]:
    """Open an empty hub."""
    monkeypatch.setattr(Sandbox, "run", _in_this_process)
    with in_process_hub(folder, **settings) as http:
        hub = open_hub(Settings(data=folder / "hub", **settings))
        try:
            yield Kit(http, hub)
        finally:
            hub.database.close()
