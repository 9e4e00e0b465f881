from __future__ import annotations

import pytest

from wasmkit.artifact.reference import parse_reference
from wasmkit.artifact.requests import PushResult
from wasmkit.artifact.verdict import HubState, HubVerdict


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (None, 0),
        (HubState.MEASURING, 0),
        (HubState.SERVED, 0),
        (HubState.BLOCKED, 1),
        (HubState.UNREACHABLE, 4),
    ],
)
def test_the_exit_code_says_what_the_hub_said(state: HubState | None, code: int) -> None:
    verdict = None if state is None else HubVerdict(state, "sha256:0")
    result = PushResult(parse_reference("h.io/a:1"), "sha256:0", "0", 8, False, verdict)
    assert result.exit_code == code
