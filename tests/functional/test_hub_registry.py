"""The distribution API where a real server matters: many clients at once, and one that goes away.

Request by request it is tested in tests/unit/hub/registry.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from distribution_api import digest_of
from registries import registry

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        registry("hub", tmp_path_factory.mktemp("hub")) as host,
        httpx.Client(base_url=f"http://{host}", timeout=30) as client,
    ):
        yield client


def test_same_blob_from_many_at_once(http: httpx.Client) -> None:
    content = b"z" * 5_000_000
    digest = digest_of(content)
    states: list[int] = []

    def push() -> None:
        with httpx.Client(base_url=http.base_url, timeout=60) as own:
            answer = own.post(f"/v2/many/blobs/uploads/?digest={digest}", content=content)
            states.append(answer.status_code)
            states.append(hash(own.get(f"/v2/many/blobs/{digest}").content) == hash(content))

    threads = [threading.Thread(target=push) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == [True] * 8 + [201] * 8


def test_client_that_goes_away_can_go_on(http: httpx.Client) -> None:
    location = http.post("/v2/gone/blobs/uploads/").headers["location"]
    with socket.create_connection((http.base_url.host, http.base_url.port)) as raw:
        head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        raw.sendall(head.encode() + b"half of it")
        time.sleep(0.5)  # uvicorn drops what it has not handed on when the connection goes
    deadline = time.monotonic() + 10
    while http.get(location).headers["range"] != "0-9":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    digest = digest_of(b"half of it, then the rest")
    for _ in range(100):  # until the first connection's end is noticed, its upload is busy
        done = http.put(location, params={"digest": digest}, content=b", then the rest")
        if done.status_code != 400:
            break
        time.sleep(0.02)
    assert done.status_code == 201
