"""Real registries for tests, each on a free port of this machine, and modules to put into them."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
import wasmtime

from toolneeds import need_module, need_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGISTRIES = ("hub", "debian", "crane")
"""Our hub; Debian's docker-registry 2.8 (no referrers API); go-containerregistry's (in memory)."""

_CONFIG = """\
version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:0"}}
{auth}
"""


LOG = '(import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))'
HTTP_CALL = f'(import "env" "proxy_http_call" (func (param {"i32 " * 10}) (result i32)))'
NO_ENVOY_HAS_IT = '(import "env" "no_such_function" (func))'
KILLS = '(import "env" "v" (global v128))'
"""Envoy dies of a type that V8's embedding interface cannot express."""


def filter_module(salt: str = "", size: int = 0, imports: str = LOG) -> bytes:
    """Return a small Proxy-Wasm module; another salt or size gives another digest."""
    text = f"""(module
      {imports}
      (memory (export "memory") 1024)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 0))
      (data (i32.const 0) "{salt}{"x" * size}"))"""
    return bytes(wasmtime.wat2wasm(text))


@contextmanager
def registry(
    kind: str, folder: Path, *, htpasswd: Path | None = None, **settings: Any
) -> Iterator[str]:
    """Serve an empty registry and give its ``127.0.0.1:port``; ``settings`` are the hub's."""
    if kind == "hub":
        with _hub(folder, settings) as host:
            yield host
        return
    if kind == "crane":
        arguments: list[str | Path] = [
            need_program("crane"),
            "registry",
            "serve",
            "--address",
            "127.0.0.1:0",
        ]
    else:
        auth = f"auth: {{htpasswd: {{realm: r, path: {htpasswd}}}}}" if htpasswd else ""
        file = folder / "config.yml"
        file.write_text(_CONFIG.format(root=folder / "data", auth=auth))
        arguments = [need_program("docker-registry"), "serve", file]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        try:
            port = ""
            while not port:
                line = process.stdout.readline().decode()
                assert line, "the registry ended"
                found = re.search(r"listening on 127\.0\.0\.1:(\d+)|serving on port (\d+)", line)
                port = (found[1] or found[2]) if found else ""
            # What it logs must be taken off, or its pipe fills and it stops.
            drain = threading.Thread(target=process.stdout.read)
            drain.start()
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()
    drain.join()


def settle(host: str, seconds: float = 60) -> None:
    """Wait until a hub has measured and rendered all that was pushed to it."""
    deadline = time.monotonic() + seconds
    while True:
        states = requests.get(f"http://{host}/api/v1/jobs", timeout=10).json()
        if not states["waiting"] + states["running"]:
            return
        assert time.monotonic() < deadline, states
        time.sleep(0.05)


@contextmanager
def _hub(folder: Path, settings: dict[str, Any]) -> Iterator[str]:
    need_module("wasmkit_hub.app")
    import uvicorn  # noqa: PLC0415 - the hub is an optional part

    from wasmkit_hub.app import create_app  # noqa: PLC0415 - the hub is an optional part
    from wasmkit_hub.platform.settings import Settings  # noqa: PLC0415 - the hub is an optional part

    app = create_app(Settings(data=folder / "hub", **settings))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the hub did not start"
            assert time.monotonic() < deadline, "the hub does not start"
            time.sleep(0.02)
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
