from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from command_line import Say


def test_help_needs_no_hub(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    monkeypatch.setitem(sys.modules, "wasmkit_hub", None)
    assert say("hub", "serve", "--help").code == 0


def test_without_the_hub_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "wasmkit_hub"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wasmkit_hub", None)
    said = say("hub", "serve")
    assert (said.code, said.out) == (6, "")
    assert "the hub is not installed" in said.err
    assert "pip install 'wasmkit[hub]'" in said.err


@pytest.mark.parametrize("listen", ["nonsense", "h:x", "127.0.0.1:65536"])
def test_what_is_no_address(say: Say, listen: str) -> None:
    said = say("hub", "serve", "--listen", listen)
    assert (said.code, said.out) == (2, "")
    assert listen in said.err
