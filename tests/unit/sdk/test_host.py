from __future__ import annotations

import inspect

import pytest

from sdkhost import MemoryHost
from wasmkit.sdk import Headers, HostError, _host


def test_an_error_says_the_status() -> None:
    error = HostError(7)
    assert error.status == 7
    assert str(error) == "the host answered with status 7"


def test_the_bound_host_is_the_host_of_what_was_made_before() -> None:
    headers = Headers(0)
    for value in ("first", "second"):
        _host.bind(MemoryHost(maps={0: [("a", value)]}))
        assert headers["a"] == value


CALLS = {
    name: inspect.signature(member)
    for name, member in vars(_host.HostCalls).items()
    if inspect.isfunction(member) and not name.startswith("_")
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments_go_by_place(name: str) -> None:
    # Inside Wasm each is a builtin of C, which takes no keywords.
    assert name == "environ" or name.startswith("proxy_")
    itself, *others = CALLS[name].parameters.values()
    assert itself.name == "self"
    assert {each.kind for each in others} <= {inspect.Parameter.POSITIONAL_ONLY}
