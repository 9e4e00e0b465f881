"""The envoy engine on stock Envoy: a recording goes in, what Envoy makes of it comes out."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from messages import a_request, a_response, answer_of, play, seen_by_upstream
from plugins import plugin_of
from toolneeds import need_module
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log
from wasmkit.engines.envoy import EnvoyEngine
from wasmkit.engines.wire import UnplayableError
from wasmkit.errors import GuestModuleError, InputError
from wasmkit.replay.normal import normalise
from wasmkit.traffic.model import Exchange
from wat_guest import guest

if TYPE_CHECKING:
    from wasmkit.engines.engine import Outcome
    from wasmkit.http.message import Message

pytestmark = pytest.mark.envoy

GET = a_request("GET", "http", "shop.example", "/a?b=c")
OK = a_response(200, (("content-length", "2"),), b"hi")
GO_ON = "(i32.const 0)"
PASSES = guest()


@pytest.fixture(autouse=True)
def _envoy() -> None:
    need_module("envoy")


def play_all(module: bytes, *exchanges: Exchange, fail_open: bool = False) -> list[Outcome]:
    with EnvoyEngine(
        plugin_of(module, configuration=b"{}", name="under-test", fail_open=fail_open)
    ) as engine:
        return [normalise(play(engine, exchange)) for exchange in exchanges]


def play_one(module: bytes, request: Message = GET, response: Message | None = OK) -> Outcome:
    return play_all(module, Exchange(request, response))[0]


def test_nothing_but_the_filter_changes_an_exchange() -> None:
    body = gzip.compress(b"<html>" * 100)
    request = a_request(
        "POST",
        "http",
        "shop.example:8443",
        "/cart//%2e%2E/?q=a%20b&q=+",
        (
            ("user-agent", "test"),
            ("cookie", "a=1"),
            ("x-many", "1"),
            ("accept-encoding", "gzip, br"),
            ("x-many", "2"),
            ("content-length", "7"),
            ("x-forwarded-for", "10.1.2.3"),
            ("x-utf8", "é"),
            ("x-forwarded-proto", "http"),
        ),
        b"\x00\xffbinary"[:7],
    )
    response = a_response(
        200,
        (
            ("content-encoding", "gzip"),
            ("set-cookie", "a=1"),
            ("content-length", str(len(body))),
            ("set-cookie", "b=2"),
            ("vary", "accept-encoding"),
            ("x-latin1", "\udce9"),
        ),
        body,
    )
    outcome = play_one(PASSES, request, response)
    assert outcome.upstream == seen_by_upstream(request)
    assert outcome.client == response
    assert outcome.logs == ()
    assert outcome.trap == ""


def test_trailers_and_bodies_without_length_cross_in_both_directions() -> None:
    request = a_request(
        "PUT", "http", "a", "/", (("x-forwarded-proto", "http"),), b"in", (("t-in", "1"),)
    )
    response = a_response(200, (("x-a", "b"),), b"out", (("t-out", "2"),))
    outcome = play_one(PASSES, request, response)
    assert outcome.upstream == seen_by_upstream(request)
    assert outcome.client == response


@pytest.mark.parametrize("size", [0, 1, 70_000, 5_000_000])
def test_bodies_of_any_size_come_through_whole(size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"\xff" * (size % 256)
    request = a_request("POST", "http", "a", "/", (("content-length", str(size)),), body)
    outcome = play_one(PASSES, request, a_response(200, (), body))
    assert outcome.upstream is not None
    assert outcome.upstream.body == body
    assert answer_of(outcome).body == body


@pytest.mark.parametrize(
    ("method", "response"),
    [
        ("HEAD", a_response(200, (("content-length", "1234"),))),
        ("GET", a_response(204, (("x-a", "b"),))),
        ("GET", a_response(304, (("etag", '"1"'), ("content-length", "99")))),
        ("DELETE", a_response(599, (("content-length", "0"),))),
        ("GET", a_response(302, (("location", "/x"), ("content-length", "0")))),
        ("OPTIONS", a_response(404, (("content-length", "3"),), b"no!")),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.status),
)
def test_messages_without_body_keep_their_headers(method: str, response: Message) -> None:
    outcome = play_one(PASSES, a_request(method, "http", "a", "/"), response)
    assert outcome.client == response


def test_headers_that_the_filter_changes() -> None:
    module = guest(
        request_headers=f"""
          (call $add (i32.const 0) $"X-Added" $"1")
          (call $replace (i32.const 0) $":path" $"/other")
          (call $remove (i32.const 0) $"cookie") {GO_ON}""",
        response_headers=f"""
          (call $add (i32.const 2) $"set-cookie" $"c=3")
          (call $replace (i32.const 2) $":status" $"418")
          (call $remove (i32.const 2) $"server") {GO_ON}""",
    )
    request = a_request("GET", "http", "a", "/", (("cookie", "a=1"),))
    response = a_response(
        200, (("server", "nginx"), ("set-cookie", "a=1"), ("content-length", "0"))
    )
    outcome = play_one(module, request, response)
    assert outcome.upstream == seen_by_upstream(
        a_request("GET", "http", "a", "/other", (("x-forwarded-proto", "http"), ("x-added", "1")))
    )
    assert outcome.client == a_response(
        418, (("set-cookie", "a=1"), ("content-length", "0"), ("set-cookie", "c=3"))
    )


def test_bodies_that_the_filter_replaces() -> None:
    module = guest(
        request_headers='(call $remove (i32.const 0) $"content-length") (i32.const 0)',
        request_body="""
          (if (result i32) (local.get $eos)
            (then (call $body (i32.const 0) $"new request") (i32.const 0))
            (else (i32.const 1)))""",
        response_headers='(call $remove (i32.const 2) $"content-length") (i32.const 0)',
        response_body="""
          (if (result i32) (local.get $eos)
            (then (call $body (i32.const 1) $"new response") (i32.const 0))
            (else (i32.const 1)))""",
    )
    request = a_request("POST", "http", "a", "/", (("content-length", "3"),), b"old")
    outcome = play_one(module, request)
    assert outcome.upstream is not None
    assert outcome.upstream.body == b"new request"
    assert outcome.client == a_response(200, (), b"new response")


def test_a_local_reply_never_reaches_the_upstream() -> None:
    module = guest(
        request_headers='(call $reply (i32.const 403) $"no entry") (i32.const 1)',
        response_headers='(call $say $"own reply") (i32.const 0)',
    )
    outcome = play_one(module)
    assert outcome.upstream is None
    assert outcome.client == a_response(
        403, (("content-length", "8"), ("content-type", "text/plain")), b"no entry"
    )
    assert outcome.logs == (Log(LogLevel.INFO, b"own reply"),)


def test_log_lines_keep_level_newlines_and_bytes() -> None:
    levels = "".join(
        f'(call $at (i32.const {level.value}) $"level {level.value}")' for level in LogLevel
    )
    module = guest(
        request_headers=f"""{levels}
          (call $say $"two\\nlines \\t\\"quoted\\" \\\\ wasm log under-test: é\\ff")
          (call $say $"") {GO_ON}"""
    )
    outcome = play_one(module)
    assert outcome.logs == (
        *(Log(level, b"level %d" % level.value) for level in LogLevel),
        Log(LogLevel.INFO, 'two\nlines \t"quoted" \\ wasm log under-test: é'.encode() + b"\xff"),
        Log(LogLevel.INFO, b""),
    )


def test_the_last_callbacks_lines_belong_to_their_exchange() -> None:
    module = guest(
        log='(call $say $"log")',
        done='(call $say $"done") (i32.const 1)',
        delete='(call $say $"delete")',
    )
    outcomes = play_all(module, *[Exchange(GET, OK)] * 50)
    lines = tuple(Log(LogLevel.INFO, said) for said in (b"log", b"done", b"delete"))
    assert [outcome.logs for outcome in outcomes] == [lines] * 50


def test_startup_lines_are_those_of_the_vm_that_serves() -> None:
    module = guest(
        vm_start='(call $say $"start") (i32.const 1)',
        configure="(call $echo (i32.const 7)) (i32.const 1)",
    )
    with EnvoyEngine(plugin_of(module, configuration=b'{"a": "\xc3\xa9"}', root_id="r")) as engine:
        assert engine.startup_logs == (
            Log(LogLevel.INFO, b"start"),
            Log(LogLevel.INFO, '{"a": "é"}'.encode()),
        )
        assert play(engine, Exchange(GET, OK)).logs == ()


def test_configuration_that_is_no_text_arrives_as_it_is() -> None:
    module = guest(configure="(call $echo (i32.const 7)) (i32.const 1)")
    with EnvoyEngine(plugin_of(module, configuration=b"\xff\x00\xfe")) as engine:
        assert engine.startup_logs == (Log(LogLevel.INFO, b"\xff\x00\xfe"),)


@pytest.mark.parametrize("fail_open", [False, True])
def test_a_trap_is_an_outcome_and_its_vm_stays_dead(fail_open: bool) -> None:
    module = guest(request_headers='(call $say $"before") (unreachable)')
    first, second = play_all(module, *[Exchange(GET, OK)] * 2, fail_open=fail_open)
    assert answer_of(first).status == 503
    assert first.upstream is None
    assert first.logs == (Log(LogLevel.INFO, b"before"),)
    assert "proxy_on_request_headers failed: Uncaught RuntimeError: unreachable" in first.trap
    assert second.trap == ""
    assert answer_of(second).status == (200 if fail_open else 503)


def test_a_trap_after_the_headers_cuts_the_response() -> None:
    outcome = play_one(guest(response_body="(unreachable)"))
    assert "proxy_on_response_body failed" in outcome.trap
    assert answer_of(outcome).body == b""


def test_an_upstream_that_hangs_up_is_a_503_of_envoys_own() -> None:
    outcome = play_one(PASSES, response=None)
    assert outcome.upstream is not None
    assert answer_of(outcome).status == 503
    assert b"connection termination" in answer_of(outcome).body


def test_https_recordings_look_like_https_to_the_filter() -> None:
    request = a_request("GET", "https", "a", "/")
    outcome = play_one(PASSES, request)
    assert outcome.upstream is not None
    assert outcome.upstream.fields == ((b"x-forwarded-proto", b"https"),)


def test_a_filter_that_pauses_for_good_gives_no_response() -> None:
    module = guest(request_headers="(i32.const 1)", delete='(call $say $"gone")')
    with EnvoyEngine(plugin_of(module), exchange_seconds=0.3) as engine:
        for _ in range(2):
            outcome = play(engine, Exchange(GET, OK))
            assert outcome.client is None
            assert outcome.trap == ""
            assert outcome.logs == (Log(LogLevel.INFO, b"gone"),)


def test_an_endless_loop_ends_as_a_trap() -> None:
    module = guest(request_headers="(loop $l (br $l)) (i32.const 0)")
    started = time.monotonic()
    with EnvoyEngine(plugin_of(module), exchange_seconds=0.3) as engine:
        outcomes = [play(engine, Exchange(GET, OK)) for _ in range(2)]
    assert [outcome.client for outcome in outcomes] == [None] * 2
    assert all("did not return within 0.3 seconds" in outcome.trap for outcome in outcomes)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("module", "reason", "last_line"),
    [
        (b"no module", "Failed to parse corrupted Wasm module", ""),
        (guest('(import "env" "nope" (func))'), "missing import: env.nope", ""),
        (
            guest(configure='(call $say $"bad setting") (i32.const 0)'),
            "Failed to configure base Wasm plugin",
            "bad setting",
        ),
        (
            guest(vm_start='(call $say $"so far") (unreachable)'),
            "proxy_on_vm_start failed: Uncaught RuntimeError: unreachable",
            "so far",
        ),
    ],
    ids=["garbage", "import", "configure", "trap"],
)
@pytest.mark.parametrize("fail_open", [False, True])
def test_a_module_that_envoy_refuses(
    module: bytes, reason: str, last_line: str, fail_open: bool
) -> None:
    with pytest.raises(GuestModuleError, match="Envoy refuses the filter") as caught:
        EnvoyEngine(
            plugin_of(module, name="under-test", root_id="r", fail_open=fail_open)
        ).__enter__()
    assert reason in str(caught.value)
    assert caught.value.hint == last_line


def test_a_module_that_kills_envoy_is_refused_with_the_signal() -> None:
    # An exported function with v128 in its type ends the process in V8 (1.36 to 1.40).
    module = guest('(func (export "bad") (param v128))')
    with pytest.raises(GuestModuleError, match="died of the module: killed by SIG"):
        EnvoyEngine(plugin_of(module)).__enter__()


def test_what_cannot_be_sent_is_refused_and_the_next_exchange_is_played() -> None:
    tunnel = Exchange(a_request("CONNECT", "http", "a:443", "a:443"), OK)
    with EnvoyEngine(plugin_of(PASSES)) as engine:
        with pytest.raises(UnplayableError, match="tunnels"):
            play(engine, tunnel)
        assert answer_of(play(engine, Exchange(GET, OK))).status == 200


def test_an_envoy_that_is_named_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        EnvoyEngine(plugin_of(PASSES), envoy=tmp_path / "envoy").__enter__()


def test_envoy_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    module = tmp_path / "filter.wasm"
    module.write_bytes(PASSES)
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from wasmkit.engines.envoy import EnvoyEngine\n"
        "from wasmkit.plugin import PluginConfig, VmConfig\n"
        "engine = EnvoyEngine(PluginConfig(VmConfig(Path(sys.argv[1]).read_bytes())))\n"
        "engine.__enter__()\n"
        "print(engine._process.main_thread, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", program, str(module)],
        capture_output=True,
        check=False,
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        timeout=60,
    )
    envoy = Path("/proc") / parent.stdout.decode().strip()
    deadline = time.monotonic() + 10
    while envoy.exists() and "Z" not in (envoy / "stat").read_text().rpartition(")")[2]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
