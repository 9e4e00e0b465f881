from __future__ import annotations

import pytest

from wasmkit.artifact.reference import parse_reference
from wasmkit.artifact.requests import PushResult
from wasmkit.artifact.verdict import HubState, HubVerdict


@pytest.mark.parametrize("state", [None, *HubState])
def test_only_a_hub_that_says_so_blocks(state: HubState | None) -> None:
    verdict = None if state is None else HubVerdict(state, "sha256:0")
    result = PushResult(parse_reference("h.io/a:1"), "sha256:0", "0", 8, False, verdict)
    assert result.blocked == (state is HubState.BLOCKED)
