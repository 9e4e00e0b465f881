"""The benchmarks measure what they say: every variant works, every row is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bench.figures import Figure, plain, seconds, table
from bench.load import load_generator, run_load
from toolneeds import need_module
from wasmkit.envoy.ends import Upstream
from wasmkit.errors import CheckFailedError
from wasmkit.http.message import Message

TESTS = Path(__file__).resolve().parent.parent


@pytest.mark.envoy
def test_one_quick_run(tmp_path: Path) -> None:
    for name in ("envoy", "grpc", "ziglang"):
        need_module(name)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    result = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", str(tmp_path / "bench.json")],
        cwd=TESTS,
        env=os.environ | {"TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert list(scratch.iterdir()) == []
    rows = {line.split("  ")[0] for line in result.stdout.splitlines()}
    variants = ["no filter", "Lua", "C, Wasm", "Python, wasmkit", "Python, ext_proc"]
    assert rows >= {"wasmkit build", "componentize-py componentize", *variants}
    found = json.loads((tmp_path / "bench.json").read_text())
    assert [each["name"] for each in found["envoy"]["variants"]] == variants
    for each in found["envoy"]["variants"]:
        assert each["ready"]["median"] > 0
        assert each["memory_loaded"]["median"] > 10 << 20
        assert all(load["requests"]["median"] > 0 for load in each["load"].values())
    assert {each["name"] for each in found["replay"]["engines"]} == {"wasm", "envoy", "native"}
    assert found["builds"]["share"] > 0
    assert found["hub"]["verdict"]["median"] > found["hub"]["alone"]["median"] > 0
    assert "GET /v2/, nobody else" in rows


def answer(status: int) -> Message:
    return Message.response(status, ((b"content-length", b"2"),), b"hi")


def test_load_without_wrk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "wrk is not installed" in load_generator()
    with Upstream(lambda _: answer(200)) as upstream:
        load = run_load(upstream.address, 0.3)
    assert load.requests > 8
    assert load.bytes == load.requests * len(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    assert 0.3 <= load.seconds < 10
    assert 0 < load.p50 <= load.p99


def test_an_error_under_load_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with (
        Upstream(lambda _: answer(503)) as upstream,
        pytest.raises(CheckFailedError, match="failed under load"),
    ):
        run_load(upstream.address, 0.3)


def test_children_die_with_the_benchmark(tmp_path: Path) -> None:
    program = """
        import sys, time
        from pathlib import Path
        from bench.child import child
        with child(("/bin/sleep", "600"), Path(sys.argv[1])) as sleeper:
            print(sleeper.pid, flush=True)
            time.sleep(600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "log")],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        sleeper = Path("/proc") / parent.stdout.readline().strip()
        command = (sleeper / "cmdline").read_bytes()
        parent.kill()
    assert command == b"/bin/sleep\x00600\x00"
    deadline = time.monotonic() + 10
    while sleeper.exists() and "State:\tZ" not in (sleeper / "status").read_text():
        assert time.monotonic() < deadline, "the child lives on"
        time.sleep(0.01)


def test_figures() -> None:
    several = Figure.of((3.0, 1.0, 2.5))
    assert several.text(seconds) == "2.50 s (1.00 s-3.00 s)"
    assert Figure((12.34,)).text(seconds) == "12.3 s"
    assert plain({"a": several, "b": Path("c")}) == {
        "a": {"median": 2.5, "min": 1.0, "max": 3.0, "values": [3.0, 1.0, 2.5]},
        "b": "c",
    }
    assert table(("", "n"), [("one", "1"), ("two", "20")]) == "      n\n---  --\none   1\ntwo  20"
