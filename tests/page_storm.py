"""Many readers at one time, and how long a hub takes meanwhile to say that it is there."""

from __future__ import annotations

import http.client
import threading
import time

__all__ = ["HOSTILE_README", "READERS", "slowest_answer"]

READERS = 60
HOSTILE_README = b"![a" * (256 * 1024 // 3)
"""Of all texts that a page shows, among the dearest to render."""


def _get(host: str, path: str) -> None:
    # Not httpx or requests: what they cost a client would be measured, not the hub.
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status)


def slowest_answer(host: str, path: str) -> float:
    """Load a page ``READERS`` times at once; return the longest that ``/v2/`` took, in seconds."""
    readers = [threading.Thread(target=_get, args=(host, path)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    slowest = 0.0
    while any(reader.is_alive() for reader in readers):
        start = time.perf_counter()
        _get(host, "/v2/")
        slowest = max(slowest, time.perf_counter() - start)
    return slowest
