"""The host calls as the SDK makes them in this process: text instead of bytes, errors, None.

Made from the rows of the ABI, as the glue of a built module is: what the SDK sees is the same.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from wasmkit.abi.constants import Status
from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.abi.signature import HostFunction, Kind
from wasmkit.host.protocol import CallError
from wasmkit.http.message import as_data, as_text
from wasmkit.sdk import HostError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from wasmkit.abi.trace import Tracer
    from wasmkit.host.calls import Calls
    from wasmkit.sdk.embedding import HostCalls

__all__ = ["native_host"]


def native_host(calls: Calls, tracer: Tracer | None = None) -> HostCalls:
    """Return the host calls as ``wasmkit.sdk.embedding.HostCalls`` has them.

    ``tracer`` is told of each with the integers that a module would pass; addresses are 0, since
    there is no guest's memory here.
    """
    host = _NativeHost(calls)
    for row in HOST_FUNCTIONS.values():
        implementation = getattr(calls, row.method, _unimplemented)
        if tracer is not None:
            implementation = _traced(tracer, row, implementation)
        setattr(host, row.name, _method(row, implementation))
    return cast("HostCalls", host)


class _NativeHost:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def environ(self) -> bytes:
        variables = self._calls.environment.items()
        return b"".join(as_data(f"{name}={value}") + b"\0" for name, value in variables)


def _unimplemented(*_: object) -> None:
    raise CallError(Status.UNIMPLEMENTED)


def _traced(
    tracer: Tracer, row: HostFunction, implementation: Callable[..., Any]
) -> Callable[..., Any]:
    def traced(*given: Any) -> Any:
        tracer.host_call(row.name, _integers(row, given))
        try:
            result = implementation(*given)
        except CallError as error:
            tracer.returned(row.name, error.status)
            raise
        tracer.returned(row.name, Status.OK)
        return result

    return traced


def _integers(row: HostFunction, given: tuple[Any, ...]) -> tuple[int, ...]:
    values = iter(given)
    integers: list[int] = []
    for parameter in row.parameters:
        if parameter.kind.is_read:
            integers += (0, len(next(values)))
        elif parameter.kind.is_out:
            integers += (0,) * len(parameter.kind.integers)
        else:
            integers.append(next(values))
    return tuple(integers)


_MASKS = {Kind.U64: 0xFFFF_FFFF_FFFF_FFFF}


def _given(kind: Kind, name: str) -> str:
    """Write what an argument is to ``Calls``; numbers lose their sign."""
    if kind is Kind.TEXT:
        return f"as_data({name})"
    return name if kind.is_read else f"{name} & {_MASKS.get(kind, 0xFFFF_FFFF):#x}"


def _method(row: HostFunction, implementation: Callable[..., Any]) -> Callable[..., Any]:
    """Make a row's method; its text is compiled for the same reason as that of ``imports``."""
    names: dict[str, Any] = {
        "call": implementation,
        "as_data": as_data,
        "as_text": as_text,
        "CallError": CallError,
        "HostError": HostError,
    }
    exec(_code(row), names)  # noqa: S102  # the text is made of the rows, below
    method: Callable[..., Any] = names["method"]
    return method


@cache
def _code(row: HostFunction) -> CodeType:
    return compile(_source(row), f"<{row.name}>", "exec")


def _source(row: HostFunction) -> str:
    arguments = [f"a{number}" for number in range(len(row.inputs))]
    given = [_given(item.kind, name) for item, name in zip(row.inputs, arguments, strict=True)]
    results = [f"r{number}" for number in range(len(row.outputs))]
    values = [
        f"as_text({name})" if item.kind is Kind.OUT_TEXT else name
        for item, name in zip(row.outputs, results, strict=True)
    ]
    call = f"call({', '.join(given)})"
    if results:
        call = f"{', '.join(results)} = {call}"
    absent = "" if row.absent is None else f"if error.status == {int(row.absent)}: return None"
    return f"""\
def method({", ".join(arguments)}):
    try:
        {call}
    except CallError as error:
        {absent}
        raise HostError(error.status) from None
    return {", ".join(values) or None}
"""
