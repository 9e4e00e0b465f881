"""The host functions at the level of Wasm integers, made from the rows of the ABI.

``host_function`` makes one of a row: it checks enumerations, reads the bytes that addresses and
lengths mean, calls the method of ``Calls`` and writes what that returns. A row for which ``Calls``
has no method answers ``UNIMPLEMENTED``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from wasmkit.abi.constants import Status
from wasmkit.abi.signature import ENUMERATIONS, HostFunction, Kind, Parameter, Result
from wasmkit.host.protocol import CallError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from wasmkit.host.calls import Calls
    from wasmkit.host.guest.memory import GuestMemory

__all__ = ["host_function"]


def host_function(row: HostFunction, calls: Calls, memory: GuestMemory) -> Callable[..., int]:
    """Return a row's function; a status is returned, never raised."""
    method = getattr(calls, row.method, None)
    if method is None:
        return _unimplemented
    names: dict[str, object] = {
        "CallError": CallError,
        "method": method,
        "read": memory.read,
        "give": memory.give,
        "write_u32": memory.write_u32,
        "write_u64": memory.write_u64,
    }
    exec(_code(row), names)  # noqa: S102  # the text is made of the rows, below
    function: Callable[..., int] = names["function"]  # type: ignore[assignment]  # exec made it
    return function


def _unimplemented(*_: int) -> int:
    return Status.UNIMPLEMENTED


@cache
def _code(row: HostFunction) -> CodeType:
    """Compile a row's function.

    Text is compiled, as for a dataclass's ``__init__``, because a filter makes dozens of host
    calls for a request: to look up what each parameter is, on each call, costs as much again.
    """
    return compile(_source(row), f"<{row.name}>", "exec")


def _source(row: HostFunction) -> str:
    integers = [f"n{number}" for number in range(len(row.integers))]
    checks, arguments, writes = [], [], []
    reads_memory = any(parameter.kind.is_read for parameter in row.parameters)
    left = list(integers)
    for parameter in row.parameters:
        own = [left.pop(0) for _ in parameter.kind.integers]
        if parameter.kind.is_out:
            writes.append(_write(parameter, own))
            continue
        arguments.append(f"read({own[0]}, {own[1]})" if parameter.kind.is_read else own[0])
        # A method checks its numbers too; Envoy does so before it looks at memory.
        if reads_memory and parameter.kind in ENUMERATIONS:
            most = len(ENUMERATIONS[parameter.kind])
            checks.append(f"if {own[0]} >= {most}: return {int(Status.BAD_ARGUMENT)}")
    call = f"method({', '.join(arguments)})"
    results = [parameter.name for parameter in row.outputs]
    if results:
        call = f"{', '.join(f'out_{name}' for name in results)} = {call}"
    elif row.result is Result.NUMBER:
        call = f"return {call}"
    lines = [*checks, call, *writes, f"return {int(Status.OK)}"]
    body = "\n        ".join(lines)
    return (
        f"def function({', '.join(integers)}):\n"
        f"    try:\n        {body}\n"
        "    except CallError as error:\n        return error.status\n"
    )


def _write(parameter: Parameter, own: list[str]) -> str:
    value = f"out_{parameter.name}"
    if parameter.kind in (Kind.OUT_TEXT, Kind.OUT_BYTES):
        return f"give({value}, {own[0]}, {own[1]})"
    if parameter.kind is Kind.OUT_U64:
        return f"write_u64({own[0]}, {value})"
    return f"write_u32({own[0]}, {0 if parameter.kind is Kind.OUT_ZERO else value})"
