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


def slowest_answer(host: str, path: str, *, readers: int = READERS) -> float:
    """Load a page many times at once; return the longest that ``/v2/`` took, in seconds."""
    threads = [threading.Thread(target=_get, args=(host, path)) for _ in range(readers)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    while not slowest or any(thread.is_alive() for thread in threads):
        start = time.perf_counter()
        _get(host, "/v2/")
        slowest = max(slowest, time.perf_counter() - start)
    return slowest
