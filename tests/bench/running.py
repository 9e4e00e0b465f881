"""Stock Envoy with one variant in its filter chain, started, asked, and stopped.

Two listeners lead through the filter: ``direct`` answers by itself, so that the filter's cost
stands out; ``proxied`` forwards to a third listener of the same worker, as a real one forwards.
"""

from __future__ import annotations

import http.client
import json
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.child import Child, child
from bench.variants import HEADER, Variant
from wasmkit.envoy.binary import find_envoy
from wasmkit.errors import CheckFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BODY", "PATHS", "Running", "running"]

PATHS = ("direct", "proxied")
"""The listeners, by the way that a request takes."""
BODY = "hi"
"""What every response holds."""

_START_SECONDS = 120.0
_POLL_SECONDS = 0.005
_ANSWER_SECONDS = 10.0
_TYPE = "type.googleapis.com/"

_Json = dict[str, Any]


class Running:
    """An Envoy that serves; times are seconds from its exec.

    ``ready``: until ``/ready`` said so; ``ready_cpu``: of all cores until then. ``answered``:
    until a client had a right answer.
    """

    def __init__(self, variant: Variant, envoy: Child, service: Child | None, admin: Path) -> None:
        self._variant = variant
        self._envoy = envoy
        self._admin = _wait_for_admin(envoy, admin)
        self._wait_until_ready()
        self.ready = time.perf_counter() - envoy.started
        self.ready_cpu = envoy.cpu_seconds()
        self.addresses = self._listeners()
        self.check("direct")
        self.answered = time.perf_counter() - envoy.started
        self.check("proxied")
        self.envoy = envoy
        self.service = service

    def check(self, path: str) -> None:
        """Raise ``CheckFailedError`` unless a response is as the variant should make it."""
        try:
            response, body = _get(self.addresses[path], "/")
        except OSError as error:
            self._envoy.check()
            raise CheckFailedError(f"{self._variant.name}, {path}: {error}") from error
        name, value = HEADER
        wanted = (200, BODY, None if self._variant.filter is None else value)
        if (response.status, body, response.getheader(name)) != wanted:
            raise CheckFailedError(
                f"{self._variant.name}, {path}: not {wanted} but"
                f" {response.status} {body!r} {response.getheaders()}"
            )

    def cpu_seconds(self) -> float:
        """Return the time that Envoy and the service beside it have spent on a core."""
        beside = 0.0 if self.service is None else self.service.cpu_seconds()
        return self.envoy.cpu_seconds() + beside

    def _wait_until_ready(self) -> None:
        deadline = time.perf_counter() + _START_SECONDS
        while not self._says_ready():
            self._envoy.check()
            if time.perf_counter() > deadline:
                raise CheckFailedError(f"Envoy is not ready with {self._variant.name}")
            time.sleep(_POLL_SECONDS)

    def _says_ready(self) -> bool:
        try:
            return _get(self._admin, "/ready")[0].status == 200
        except OSError:
            return False

    def _listeners(self) -> dict[str, tuple[str, int]]:
        found = {}
        for each in json.loads(_get(self._admin, "/listeners?format=json")[1])["listener_statuses"]:
            if each["name"] in PATHS:
                address = each["local_address"]["socket_address"]
                found[each["name"]] = (address["address"], address["port_value"])
        return found


@contextmanager
def running(variant: Variant, folder: Path) -> Iterator[Running]:
    """Start Envoy, and the service beside it, and end them."""
    config, admin, upstream = (
        folder / name for name in ("envoy.json", "admin.txt", "upstream.sock")
    )
    config.write_text(json.dumps(_bootstrap(variant, upstream)))
    admin.unlink(missing_ok=True)
    command = (
        *(str(find_envoy().path), "--config-path", str(config), "--concurrency", "1"),
        *("--disable-hot-restart", "--log-level", "warning", "--admin-address-path", str(admin)),
    )
    with ExitStack() as stack:
        service = None
        if variant.service:
            socket = Path(variant.service[-1])
            socket.unlink(missing_ok=True)
            service = stack.enter_context(child(variant.service, folder / "service.log"))
            _wait_for_file(service, socket)
        envoy = stack.enter_context(child(command, folder / "envoy.log"))
        yield Running(variant, envoy, service, admin)


def _wait_for_file(program: Child, file: Path) -> None:
    deadline = time.perf_counter() + _START_SECONDS
    while not file.exists():
        program.check()
        if time.perf_counter() > deadline:
            raise CheckFailedError(f"{file.name} does not appear")
        time.sleep(_POLL_SECONDS)


def _wait_for_admin(envoy: Child, file: Path) -> tuple[str, int]:
    """Return the admin interface's address, which Envoy writes down when it has it."""
    _wait_for_file(envoy, file)
    while not (text := file.read_text()):
        time.sleep(_POLL_SECONDS)
    host, _, port = text.rpartition(":")
    return host, int(port)


def _get(address: tuple[str, int], path: str) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection(*address, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response, response.read().decode()
    except http.client.HTTPException as error:
        raise ConnectionError(f"no HTTP answer: {error!r}") from error
    finally:
        connection.close()


def _bootstrap(variant: Variant, upstream: Path) -> _Json:
    """Return the configuration; every listener has a port of its own choice."""
    filters = [] if variant.filter is None else [variant.filter]
    pipe = {"pipe": {"path": str(upstream)}}
    free = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    answer = {"direct_response": {"status": 200, "body": {"inline_string": BODY}}}
    forward = {"route": {"cluster": "upstream"}}
    cluster = {
        "name": "upstream",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": pipe}}]}],
        },
    }
    return {
        "admin": {"address": free},
        "static_resources": {
            "listeners": [
                _listener("direct", free, answer, filters),
                _listener("proxied", free, forward, filters),
                _listener("upstream", pipe, answer, []),
            ],
            "clusters": [cluster, *variant.clusters],
        },
    }


def _listener(name: str, address: _Json, action: _Json, filters: list[_Json]) -> _Json:
    hosts = [
        {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **action}]},
    ]
    manager = {
        "@type": f"{_TYPE}envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": hosts},
        "http_filters": [
            *filters,
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPE}envoy.extensions.filters.http.router.v3.Router"},
            },
        ],
    }
    network = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": manager,
    }
    return {
        "name": name,
        "address": address,
        "filter_chains": [{"filters": [network]}],
    }
