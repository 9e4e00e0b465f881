"""The envoy engine and ``wasmkit run``'s parts on every Envoy that this project answers for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from messages import a_request, a_response, answer_of, play, seen_by_upstream
from plugins import plugin_of
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log, Outcome
from wasmkit.engines.envoy import EnvoyEngine
from wasmkit.envoy.binary import find_envoy
from wasmkit.envoy.ends import Upstream, request_once
from wasmkit.errors import GuestModuleError
from wasmkit.http.message import Message
from wasmkit.replay.normal import normalise
from wasmkit.serve.live import LiveEnvoy
from wasmkit.traffic.model import Exchange
from wat_guest import guest

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.plugin import PluginConfig

pytestmark = pytest.mark.envoy

RECORDED = (("set-cookie", "a=1"), ("content-length", "2"), ("set-cookie", "b=2"))
EXCHANGE = Exchange(
    a_request("POST", "https", "shop.example", "/cart?a=b", (("content-length", "3"),), b"abc"),
    a_response(200, RECORDED, b"hi"),
)


def play_in(envoy: Path, module: bytes) -> Outcome:
    with EnvoyEngine(plugin_of(module, name="under-test", root_id="root"), envoy=envoy) as engine:
        return normalise(play(engine, EXCHANGE))


def test_headers_bodies_and_logs(stock_envoy: Path) -> None:
    module = guest(
        request_headers='(call $add (i32.const 0) $"x-in" $"1") (i32.const 0)',
        request_body="(call $echo (i32.const 0)) (i32.const 0)",
        response_headers='(call $add (i32.const 2) $"x-out" $"2") (i32.const 0)',
        response_body="(call $echo (i32.const 1)) (i32.const 0)",
        log='(call $at (i32.const 0) $"two\\nlines") ',
        delete='(call $say $"delete")',
    )
    outcome = play_in(stock_envoy, module)
    headers = (("content-length", "3"), ("x-forwarded-proto", "https"), ("x-in", "1"))
    assert outcome.upstream == seen_by_upstream(
        a_request("POST", "https", "shop.example", "/cart?a=b", headers, b"abc")
    )
    assert outcome.client == a_response(200, (*RECORDED, ("x-out", "2")), b"hi")
    info = LogLevel.INFO
    assert outcome.logs == (
        *(Log(info, body) for body in (b"abc", b"", b"hi", b"")),
        Log(LogLevel.TRACE, b"two\nlines"),
        Log(info, b"delete"),
    )


def test_local_reply_and_trap(stock_envoy: Path) -> None:
    outcome = play_in(
        stock_envoy, guest(request_headers='(call $reply (i32.const 403) $"no") (i32.const 1)')
    )
    assert outcome.upstream is None
    assert (answer_of(outcome).status, answer_of(outcome).body) == (403, b"no")
    outcome = play_in(stock_envoy, guest(request_headers="(unreachable)"))
    assert answer_of(outcome).status == 503
    assert "proxy_on_request_headers failed: Uncaught RuntimeError: unreachable" in outcome.trap


def test_refusal(stock_envoy: Path) -> None:
    module = guest(configure='(call $say $"bad setting") (i32.const 0)')
    with pytest.raises(GuestModuleError, match="Failed to configure") as caught:
        EnvoyEngine(plugin_of(module, name="n"), envoy=stock_envoy).__enter__()
    assert caught.value.hint == "bad setting"


def test_exchange_while_it_serves(stock_envoy: Path) -> None:
    def live_filter(value: str, configured: int = 1) -> PluginConfig:
        module = guest(
            configure=f'(call $say $"conf {value}") (i32.const {configured})',
            response_headers=f'(call $add (i32.const 2) $"x-value" $"{value}") (i32.const 0)',
        )
        return plugin_of(module, name="n", root_id="r", configuration=b"{}")

    def value() -> bytes | None:
        request = Message.request(b"GET", b"/", authority=b"a")
        return request_once(live.address, request, seconds=10).message.get(b"x-value")

    said: list[str] = []
    reply = Message.response(200, ((b"content-length", b"0"),))
    with (
        Upstream(lambda _: reply) as upstream,
        LiveEnvoy(
            find_envoy(stock_envoy),
            live_filter("one"),
            listen=("127.0.0.1", 0),
            upstream=upstream.address,
            say=lambda _, message: said.append(message),
        ) as live,
    ):
        assert value() == b"one"
        live.exchange(live_filter("two"))
        assert value() == b"two"
        with pytest.raises(GuestModuleError, match="Failed to configure"):
            live.exchange(live_filter("three", configured=0))
        assert value() == b"two"
        live.exchange(live_filter("four"))
        assert value() == b"four"
    assert said == ["conf one", "conf two", "conf four"]
