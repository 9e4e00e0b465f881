"""The hub's worker as a process: killed, orphaned, doubled, and flooded."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from hub_process import serving
from page_storm import HOSTILE_README, slowest_answer
from publications import publication_of
from registries import LOG, NO_ENVOY_HAS_IT, filter_module, settle
from wasmkit.artifact import media_types as oci
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.image import build_image
from wasmkit.artifact.push import push_publication
from wasmkit.artifact.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def parent_of(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[0] == "Z" else int(fields[1])


def children_of(pid: int) -> set[int]:
    names = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    return {each for each in names if parent_of(each) == pid}


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def push(url: str, repository: str, version: str, module: bytes) -> str:
    reference = Reference(url.removeprefix("http://"), repository, version)
    published = publication_of(module, version=version)
    return push_publication(RegistryClient(reference), reference, published).image_digest


def state(url: str, repository: str, version: str) -> str:
    answer = httpx.get(f"{url}/api/v1/filters/{repository}/versions/{version}")
    return str(answer.json()["state"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_hub(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path / "data") as (_, process):
        until(lambda: children_of(process.pid))
        (worker,) = children_of(process.pid)
        start = time.monotonic()
        process.send_signal(number)
        process.wait(20)
        until(lambda: not parent_of(worker), 20)
        assert time.monotonic() - start < 10


def test_a_killed_worker_is_begun_again_and_nothing_is_lost(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (url, process):
        until(lambda: children_of(process.pid))
        (worker,) = children_of(process.pid)
        os.kill(worker, signal.SIGSTOP)  # so that it is killed before it is done
        push(url, "a/b", "1.0.0", filter_module())
        assert state(url, "a/b", "1.0.0") == "measuring"
        assert "still measuring" in httpx.get(f"{url}/filters/a/b").text
        os.kill(worker, signal.SIGKILL)
        settle(url.removeprefix("http://"))
        assert state(url, "a/b", "1.0.0") == "served"
        assert children_of(process.pid) != {worker}
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert "worker ended" in errors


def test_a_worker_killed_in_the_middle_of_a_job(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (url, process):
        until(lambda: children_of(process.pid))
        large = filter_module("x", 20_000_000)
        with _pushing(url, large):
            until(lambda: [c for w in children_of(process.pid) for c in children_of(w)])
            (worker,) = children_of(process.pid)
            (child,) = children_of(worker)
            os.kill(worker, signal.SIGKILL)
            until(lambda: not parent_of(child) or parent_of(child) == worker, 20)
        settle(url.removeprefix("http://"), 90)
        assert state(url, "a/b", "1.0.0") == "served"


@contextmanager
def _pushing(url: str, module: bytes) -> Iterator[None]:
    thread = threading.Thread(target=push, args=(url, "a/b", "1.0.0", module))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_a_storm_of_pushes_on_two_hubs_with_one_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (one, _), serving(data) as (two, _):
        digests = {}
        for number in range(24):
            imports = NO_ENVOY_HAS_IT if number % 2 else LOG
            module = filter_module(str(number), imports=imports)
            digests[number] = push((one, two)[number % 3 > 0], "a/b", f"1.{number}.0", module)
        settle(one.removeprefix("http://"), 120)
        for number, digest in digests.items():
            answer = httpx.get(f"{two}/api/v1/filters/a/b/versions/{digest}").json()
            assert answer["state"] == ("blocked" if number % 2 else "served")
        assert "1.22.0" in httpx.get(f"{one}/").text  # the newest that is served
        jobs = httpx.get(f"{one}/api/v1/jobs").json()
    assert jobs == {"waiting": 0, "running": 0, "dead": 0, "given_up": []}


def test_a_hostile_readme_does_not_stop_the_hub(tmp_path: Path) -> None:
    """The bound is ten times what `make bench` is to show."""
    with serving(tmp_path / "data") as (url, _):
        host = url.removeprefix("http://")
        reference = Reference(host, "a/b", "1.0.0")
        published = publication_of(filter_module(), version="1.0.0", readme=HOSTILE_README)
        push_publication(RegistryClient(reference), reference, published)
        settle(host)
        assert httpx.get(f"{url}/filters/a/b").text.count("![a") > 80_000
        assert _many_layers(url)
        assert httpx.get(f"{url}/filters/many").status_code == 404
        for path in ("/filters/a/b", "/v2/many/manifests/x"):
            assert slowest_answer(host, path) < 2.5


def _many_layers(url: str) -> bool:
    """Push a manifest of 31,000 layers; they are all the same blob."""
    image = build_image(publication_of(filter_module()))
    for blob in image.blobs:
        target = f"{url}/v2/many/blobs/uploads/?digest={blob.descriptor.digest}"
        assert httpx.post(target, content=blob.data).status_code == 201
    config, layer = (blob.descriptor for blob in image.blobs)
    document = {
        "schemaVersion": 2,
        "config": config.as_json(),
        "layers": [{**layer.as_json(), "mediaType": "a/b"}] * 31_000,
    }
    kind = {"Content-Type": oci.MANIFEST}
    target = f"{url}/v2/many/manifests/x"
    return httpx.put(target, json=document, headers=kind, timeout=60).status_code == 201
