"""The host calls as the SDK makes them in this process: text instead of bytes, errors, None.

Made from the rows of the ABI, as the glue of a built module is: what the SDK sees is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from wasmkit.abi.constants import Status
from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.abi.signature import HostFunction, Kind
from wasmkit.host.protocol import CallError
from wasmkit.http.message import as_data, as_text
from wasmkit.sdk import HostError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def _same(value: Any) -> Any:
    return value


def _input(kind: Kind) -> Callable[[Any], object]:
    """Return what turns an argument into what ``Calls`` takes; numbers lose their sign."""
    if kind is Kind.TEXT:
        return as_data
    if kind.is_read:
        return _same
    mask = 0xFFFF_FFFF_FFFF_FFFF if kind is Kind.U64 else 0xFFFF_FFFF
    return lambda number: number & mask


def _method(row: HostFunction, implementation: Callable[..., Any]) -> Callable[..., Any]:
    inputs = [_input(parameter.kind) for parameter in row.inputs]
    outputs = [as_text if parameter.kind is Kind.OUT_TEXT else _same for parameter in row.outputs]

    def method(*arguments: Any) -> Any:
        given = [convert(value) for convert, value in zip(inputs, arguments, strict=True)]
        try:
            result = implementation(*given)
        except CallError as error:
            if error.status == row.absent:
                return None
            raise HostError(error.status) from None
        if len(outputs) == 1:
            return outputs[0](result)
        if not outputs:
            return None
        return tuple(convert(value) for convert, value in zip(outputs, result, strict=True))

    return method
