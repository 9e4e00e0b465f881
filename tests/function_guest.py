"""A guest whose callbacks are functions of this process, for tests of the host alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.abi.trace import Tracer
    from wasmkit.host.calls import Calls
    from wasmkit.host.limits import Limits

__all__ = ["FunctionGuest"]


class FunctionGuest:
    """Exports every callback; ``scripts`` says by short name what it does, ``said`` what came.

    One without a script returns ``answer``.
    """

    abi_version = "0.2.1"

    def __init__(self, calls: Calls, limits: Limits, tracer: Tracer | None = None) -> None:
        del limits, tracer
        self.calls = calls
        self.said: list[tuple[int | str, ...]] = []
        self.scripts: dict[str, Callable[..., int]] = {}
        self.closed = False
        self.answer = 1

    def has(self, name: str) -> bool:
        return name.startswith("proxy_on_")

    def call(self, name: str, *arguments: int) -> int:
        assert not self.closed
        short = name.removeprefix("proxy_on_")
        self.said.append((short, *arguments))
        script = self.scripts.get(short)
        return self.answer if script is None else script(*arguments)

    def close(self) -> None:
        self.closed = True
