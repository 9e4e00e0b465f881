"""``wasmkit hub serve`` as a process: started, stopped, killed, and started wrongly."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from hub_process import command, serving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path / "data") as (url, process):
        assert httpx.get(f"{url}/v2/").status_code == 200  # open as soon as it is printed
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors == "Ctrl-C stops it.\n"


def test_stops_though_a_client_hangs(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (url, process):
        location = httpx.post(f"{url}/v2/a/blobs/uploads/").headers["location"]
        parts = httpx.URL(url)
        with socket.create_connection((parts.host, parts.port or 80)) as raw:
            head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx"
            raw.sendall(head.encode())
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    assert process.returncode == 0


def test_kill_in_the_middle_of_an_upload(tmp_path: Path) -> None:
    first, second = b"a" * 3_000_000, b"b" * 100
    digest = f"sha256:{hashlib.sha256(first + second).hexdigest()}"
    with serving(tmp_path / "data") as (url, process):
        location = httpx.post(f"{url}/v2/a/blobs/uploads/").headers["location"]
        parts = httpx.URL(url)
        with socket.create_connection((parts.host, parts.port or 80)) as raw:
            head = (
                f"PUT {location}?digest={digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n"
            )
            raw.sendall(head.encode() + b"\r\n" + first)
            deadline = time.monotonic() + 20
            while httpx.get(url + location).headers["range"] == "0-0":
                assert time.monotonic() < deadline
            process.kill()
            process.wait()
    assert not list((tmp_path / "data" / "blobs").rglob("*"))
    with serving(tmp_path / "data") as (url, _):
        assert httpx.get(f"{url}/v2/a/blobs/{digest}").status_code == 404
        end = httpx.get(url + location).headers["range"].removeprefix("0-")
        rest = (first + second)[int(end) + 1 :]
        done = httpx.put(url + location, params={"digest": digest}, content=rest)
        assert done.status_code == 201
        assert httpx.get(f"{url}/v2/a/blobs/{digest}").content == first + second


def test_two_servers_on_one_folder(tmp_path: Path) -> None:
    content = b"shared"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    with serving(tmp_path / "data") as (one, _), serving(tmp_path / "data") as (two, _):
        location = httpx.post(f"{one}/v2/a/blobs/uploads/").headers["location"]
        httpx.patch(two + location, content=content[:3])
        httpx.put(one + location, params={"digest": digest}, content=content[3:])
        assert httpx.get(f"{two}/v2/a/blobs/{digest}").content == content


def fails(*arguments: str | Path) -> str:
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"cannot listen at {address}" in fails("--listen", address, "--data", tmp_path / "d")


@pytest.mark.parametrize(
    "listen", ["", "8080", "127.0.0.1:x", "127.0.0.1:99999", "no.such.host.invalid:1"]
)
def test_address_that_is_none(tmp_path: Path, listen: str) -> None:
    assert "error: " in fails("--listen", listen, "--data", tmp_path / "d")


def test_data_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "data folder" in fails("--data", tmp_path / "file" / "x")
    assert "data folder" in fails("--data", "/proc/hub")  # nobody can write there, not even root


def test_warns_when_others_can_reach_it(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "0.0.0.0:0") as (url, process):
        assert url.startswith("http://localhost:")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert errors.startswith("warning: ")
