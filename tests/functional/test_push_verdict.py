"""``wasmkit push`` and a hub's verdict, against a server that says what a hub would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import wasmtime

from answering import Answer, Registry, Seen, answering_registry
from publications import publication_of
from registries import filter_module
from registries import registry as hub_registry
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.push import push_publication
from wasmkit.artifact.reference import parse_reference
from wasmkit.artifact.verdict import HubState, wait_for_verdict
from wasmkit.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with answering_registry() as served:
        yield served


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hello.wasm"
    path.write_bytes(filter_module())
    return path


def hub(verdicts: list[dict[str, Any] | bytes | int]) -> Callable[[Seen], Answer]:
    """Take every push; say the verdicts in turn, the last one for good."""

    def answer(seen: Seen) -> Answer:
        if seen.path.startswith("/api/v1/filters/team/a/versions/sha256:"):
            verdict = verdicts.pop(0) if len(verdicts) > 1 else verdicts[0]
            if isinstance(verdict, int):
                return Answer(verdict)
            if isinstance(verdict, bytes):
                return Answer(200, {"Content-Type": "text/html"}, verdict)
            digest = seen.path.rpartition("/")[2]
            said = {"digest": digest, "reasons": [], "page": "/filters/team/a", **verdict}
            return Answer(200, {"Content-Type": "application/json"}, json.dumps(said).encode())
        if seen.method in {"GET", "HEAD"}:
            return Answer(404)
        if seen.method == "POST":
            return Answer(202, {"Location": "/upload"})
        return Answer(201, {"OCI-Subject": "x"})

    return answer


def push(registry: Registry, file: Path, *options: str) -> int:
    return run(["push", str(file), str(registry.reference), *options])


def asked(registry: Registry) -> int:
    return sum(seen.path.startswith("/api/") for seen in registry.seen)


def test_a_push_waits_until_the_version_is_measured(
    registry: Registry, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.answer = hub([{"state": "measuring"}, {"state": "measuring"}, {"state": "served"}])
    assert push(registry, file) == 0
    assert asked(registry) == 3
    assert f"hub            serves it  http://{registry.host}/filters/team/a\n" in (
        capsys.readouterr().out
    )


def test_a_blocked_version_is_a_failure_with_its_reasons(
    registry: Registry, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.answer = hub(
        [{"state": "measuring"}, {"state": "blocked", "reasons": ["Envoy 1.40 dies of it", "b"]}]
    )
    assert push(registry, file) == 1
    printed = capsys.readouterr().out
    assert "blocks it" in printed
    assert "Envoy 1.40 dies of it\n" in printed
    registry.answer = hub([{"state": "blocked", "reasons": ["no"]}])
    assert push(registry, file, "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert result["hub"] == {
        "state": "blocked",
        "reasons": ["no"],
        "page": f"http://{registry.host}/filters/team/a",
    }


def test_no_wait_asks_for_nothing(
    registry: Registry, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.answer = hub([{"state": "blocked"}])
    for options in (["--no-wait"], ["--wait", "0"]):
        assert push(registry, file, *options) == 0
    assert asked(registry) == 0
    assert "hub " not in capsys.readouterr().out


def test_a_hub_that_takes_too_long_is_said_to(
    registry: Registry, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.answer = hub([{"state": "measuring"}])
    assert push(registry, file, "--wait", "0.5") == 0
    assert "still measures it" in capsys.readouterr().out
    assert 2 <= asked(registry) <= 8


def test_a_hub_that_breaks_off_is_asked_again(registry: Registry, file: Path) -> None:
    registry.answer = hub([{"state": "measuring"}, 400, b"<html>", {"state": "blocked"}])
    assert push(registry, file) == 1


@pytest.mark.parametrize(
    "verdict",
    [
        404,
        405,
        401,
        b"<!doctype html>",
        b"[" * 100_000,
        b"{}",
        {"state": "unheard of"},
        {"state": "blocked", "reasons": "no list"},
        {"state": "blocked", "digest": "sha256:" + "0" * 64},
    ],
    ids=lambda value: str(value)[:30],
)
def test_another_registry_has_no_verdicts(
    registry: Registry,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    verdict: dict[str, Any] | bytes | int,
) -> None:
    registry.answer = hub([verdict])
    assert push(registry, file, "--json") == 0
    assert json.loads(capsys.readouterr().out)["hub"] is None


@pytest.mark.parametrize("page", ["", "javascript:alert(1)", "http://["])
def test_only_a_page_on_the_web_is_shown(
    registry: Registry, file: Path, capsys: pytest.CaptureFixture[str], page: str
) -> None:
    registry.answer = hub([{"state": "served", "page": page}])
    assert push(registry, file) == 0
    assert capsys.readouterr().out.rstrip().endswith("serves it")


def test_what_a_hub_says_does_not_reach_the_terminal_as_it_is(
    registry: Registry, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.answer = hub([{"state": "blocked", "reasons": ["red \x1b[31m\nnext"]}])
    assert push(registry, file) == 1
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["no module", "refused"])
def test_nothing_is_sent_of_what_no_envoy_loads(
    registry: Registry, file: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file.write_bytes(b"text" if text == "no module" else b"\0asm\1\0\0\0")
    assert push(registry, file) == 5
    assert registry.seen == []
    assert capsys.readouterr().out == ""


def test_a_hub_of_this_project_measures_and_serves_or_blocks(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with hub_registry("hub", tmp_path) as host:
        assert run(["push", str(file), f"{host}/team/good:1.0.0"]) == 0
        assert f"serves it  http://{host}/filters/team/good" in capsys.readouterr().out

        # Another promise than its own module keeps: only another client sends that.
        reference = parse_reference(f"{host}/team/bad:1.0.0")
        bad = publication_of(bytes(wasmtime.wat2wasm("(module)")), "bad", "1.0.0")
        client = RegistryClient(reference)
        pushed = push_publication(client, reference, bad)
        verdict = wait_for_verdict(client, pushed.image_digest, seconds=60)
        assert verdict is not None
        assert verdict.state is HubState.BLOCKED
        assert "ABI version" in verdict.reasons[0]
