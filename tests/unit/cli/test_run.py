from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from wasmkit.abi.constants import LogLevel
from wasmkit.errors import BuildError, InputError
from wasmkit.progress import Event, Step
from wasmkit.serve import LineLogged, Reloaded, ServeRequest, Serving

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from command_line import Asked, Say

VERB = "wasmkit.serve.serve_filter"


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Undo what the command does to this process."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        ([], ServeRequest(Path())),
        (["a.wasm", "--listen", "0.0.0.0:0"], ServeRequest(Path("a.wasm"), ("0.0.0.0", 0))),
        (["--listen", "[::1]:80"], ServeRequest(Path(), ("::1", 80))),
        (
            ["--upstream", "http://localhost:8000/"],
            ServeRequest(Path(), upstream=("localhost", 8000)),
        ),
        (["--upstream", "http://[::1]"], ServeRequest(Path(), upstream=("::1", 80))),
        (
            ["--config", "@c.json", "--envoy", "/opt/envoy"],
            ServeRequest(Path(), configuration="@c.json", envoy=Path("/opt/envoy")),
        ),
    ],
    ids=["here", "listen", "listen-v6", "upstream", "upstream-v6", "config"],
)
def test_what_is_served(
    say: Say, asked: Asked, arguments: list[str], request_: ServeRequest
) -> None:
    requests = asked(VERB, None)
    assert say("run", *arguments).code == 0
    assert requests == [request_]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("--listen", value) for value in ("80", ":80", "h:", "h:x", "h:65536", "h:-1", "h:٣")],
        *[
            ("--upstream", f"{value}")
            for value in ("https://h", "h:80", "http://", "http://h/path", "http://h:x", "http://[")
        ],
    ],
)
def test_what_is_no_address(say: Say, asked: Asked, option: str, value: str) -> None:
    requests = asked(VERB, None)
    said = say("run", option, value)
    assert (said.code, requests) == (2, [])
    assert f"{option} {value}: " in said.err


def told(monkeypatch: pytest.MonkeyPatch, say: Say, *events: Event) -> tuple[str, str]:
    """Return what is printed when serving tells these events and is then interrupted."""

    def serve(_: ServeRequest, progress: Any, stop: threading.Event) -> None:
        for event in events:
            progress(event)
        assert not stop.is_set()
        raise KeyboardInterrupt

    monkeypatch.setattr(VERB, serve)
    said = say("run")
    assert said.code == 0
    assert said.err.endswith("stopped\n")
    return click.unstyle(said.out), click.unstyle(said.err).removesuffix("stopped\n")


@pytest.mark.parametrize(
    ("address", "url"),
    [(("127.0.0.1", 10000), "http://127.0.0.1:10000/"), (("::1", 80), "http://[::1]:80/")],
    ids=["v4", "v6"],
)
def test_the_first_lines_say_what_to_try(
    monkeypatch: pytest.MonkeyPatch, say: Say, address: tuple[str, int], url: str
) -> None:
    out, err = told(monkeypatch, say, Serving("hello", "1.40.0", address))
    assert out.startswith("serving  hello in Envoy 1.40.0, in front of an upstream that answers")
    assert f"  try    curl -i {url}\n" in out
    assert err == ""


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("tea ü", "tea ü"),
        ("a\nb", "a\n        b"),
        ("\x1b[2J\x9b\r\x00\x7f", "\\x1b[2J\\x9b\\x0d\\x00\\x7f"),
        ("\udcff", "\\udcff"),
    ],
    ids=["text", "lines", "control", "surrogate"],
)
def test_a_terminal_does_not_obey_a_log(
    monkeypatch: pytest.MonkeyPatch, say: Say, message: str, shown: str
) -> None:
    out, _ = told(monkeypatch, say, LineLogged(LogLevel.WARN, message))
    assert out == f"warn    {shown}\n"


def test_a_reload_is_told(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    assert told(monkeypatch, say, Reloaded(1.25)) == ("reloaded  in 1.2 s\n", "")


def test_a_reload_that_fails_leaves_the_old_filter(
    monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    build, project = BuildError("no", detail="Traceback\n\n"), InputError("bad", hint="mend it")
    out, err = told(monkeypatch, say, Reloaded(1, build), Reloaded(1, project))
    assert out == ""
    assert err.splitlines() == [
        "Traceback",
        "error: no",
        "  the filter from before serves on",
        "error: bad",
        "  mend it",
        "  the filter from before serves on",
    ]


def test_steps_are_not_for_logs(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    assert told(monkeypatch, say, Step("linking")) == ("", "")
