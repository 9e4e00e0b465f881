from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from wasmkit.artifact import verdict as subject
from wasmkit.artifact.transport import Reply
from wasmkit.artifact.verdict import HubState, HubVerdict, wait_for_verdict
from wasmkit.errors import RegistryError

if TYPE_CHECKING:
    from wasmkit.artifact.client import RegistryClient
    from wasmkit.progress import Event

DIGEST = "sha256:" + "0" * 64


class Hub:
    """Gives its answers in turn, the last one for good; the time is what has been slept."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.now = 0.0

    def hub_version(self, digest: str) -> Reply | None:
        assert digest == DIGEST
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            return None
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return Reply(200, {}, body, "https://hub.example/api/v1/x")

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def said(state: str, **more: Any) -> dict[str, Any]:
    return {"state": state, "digest": DIGEST, **more}


def wait(
    monkeypatch: pytest.MonkeyPatch, hub: Hub, seconds: float = 120.0
) -> tuple[HubVerdict | None, list[str]]:
    monkeypatch.setattr(subject, "time", hub)
    steps: list[str] = []

    def tell(event: Event) -> None:
        steps.append(str(event))

    client = cast("RegistryClient", hub)
    return wait_for_verdict(client, DIGEST, seconds=seconds, progress=tell), steps


def test_it_waits_until_the_hub_has_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    served = said("served", page="/filters/a", reasons=[], extra=1)
    hub = Hub(said("measuring"), None, RegistryError("x"), served)
    verdict, steps = wait(monkeypatch, hub)
    assert verdict == HubVerdict(HubState.SERVED, DIGEST, page="https://hub.example/filters/a")
    assert steps == ["the hub measures the module"]


def test_a_hub_that_breaks_off_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(said("measuring", page="/f"), RegistryError("connection refused"))
    verdict, _ = wait(monkeypatch, hub)
    page = "https://hub.example/f"
    assert verdict == HubVerdict(HubState.UNREACHABLE, DIGEST, ("connection refused",), page)
    assert hub.now < 5


@pytest.mark.parametrize("seconds", [0.0, 30.0, float("nan")])
def test_it_waits_no_longer_than_it_is_told(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    hub = Hub(said("measuring"))
    verdict, _ = wait(monkeypatch, hub, seconds)
    assert verdict == HubVerdict(HubState.MEASURING, DIGEST)
    assert hub.now <= 30


@pytest.mark.parametrize(
    "answer",
    [None, RegistryError("no"), b"<html>", {}, said("odd"), {**said("served"), "digest": "x"}],
    ids=str,
)
def test_another_registry_has_none(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    assert wait(monkeypatch, Hub(answer)) == (None, [])
