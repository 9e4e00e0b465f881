"""Small Proxy-Wasm modules for tests, written as lists of host calls.

::

    module(
        request_headers=[call("proxy_add_header_map_value", 0, b"x-a", b"1"), returns(0)],
        response_headers=[tell("proxy_get_property", b"response\\0code", OUT)],
    )

Bytes become an address and a length, ``OUT`` two addresses for a result. ``tell`` logs what the
host answered: the status as one digit (``c`` for 12) and, if it is 0, the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import wasmtime

from wasmkit.abi.functions import HOST_FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OUT", "call", "forever", "module", "returns", "tell", "trap", "wat"]


class _Out:
    """Stands for the two addresses of a result."""


OUT: Final = _Out()
_OUT_AT = 8
_STATUS_AT = 16
_TEXT_AT = 1024
_HEAP_AT = 65536

Argument = int | bytes | _Out


@dataclass(frozen=True)
class _Step:
    code: str = ""
    repeated: tuple[_Step, ...] | None = None
    function: str = ""
    arguments: tuple[Argument, ...] = ()
    told: bool = False


def call(function: str, *arguments: Argument) -> _Step:
    """Call a host function and drop its status."""
    return _Step(function=function, arguments=arguments)


def tell(function: str, *arguments: Argument) -> _Step:
    """Call a host function and log its status and result."""
    return _Step(function=function, arguments=arguments, told=True)


def returns(number: int) -> _Step:
    """Return from the callback."""
    return _Step(code=f"(return (i32.const {number}))")


def forever(*steps: _Step) -> _Step:
    """Carry out steps again and again."""
    return _Step(repeated=steps)


trap = _Step(code="unreachable")

_SHAPES = {
    "proxy_on_context_create": (2, 0),
    "proxy_on_delete": (1, 0),
    "proxy_on_log": (1, 0),
    "proxy_on_tick": (1, 0),
    "proxy_on_done": (1, 1),
    "proxy_on_configure": (2, 1),
    "proxy_on_vm_start": (2, 1),
    "proxy_on_request_trailers": (2, 1),
    "proxy_on_response_trailers": (2, 1),
    "_initialize": (0, 0),
    "_start": (0, 0),
    "main": (2, 1),
}
_TELL_STATUS = f"""
  (func $told (param $status i32) (param $has_out i32) (result i32)
    (i32.store8 (i32.const {_STATUS_AT}) (i32.add (i32.const 48) (local.get $status)))
    (if (i32.gt_u (local.get $status) (i32.const 9))
      (then (i32.store8 (i32.const {_STATUS_AT}) (i32.add (i32.const 87) (local.get $status)))))
    (drop (call $proxy_log (i32.const 2) (i32.const {_STATUS_AT}) (i32.const 1)))
    (if (i32.and (i32.eqz (local.get $status)) (local.get $has_out))
      (then (drop (call $proxy_log (i32.const 2)
        (i32.load (i32.const {_OUT_AT})) (i32.load (i32.const {_OUT_AT + 4}))))))
    (i32.const 0))
"""


class _Writer:
    def __init__(self) -> None:
        self.text = bytearray()
        self.used = {"proxy_log": HOST_FUNCTIONS["proxy_log"]}

    def place(self, data: bytes) -> int:
        at = self.text.find(data + b"\0")
        if at < 0:
            at = len(self.text)
            self.text += data + b"\0"
        return _TEXT_AT + at

    def step(self, step: _Step) -> str:
        if step.code:
            return step.code
        if step.repeated is not None:
            return f"(loop $again {' '.join(map(self.step, step.repeated))} (br $again))"
        row = self.used[step.function] = HOST_FUNCTIONS[step.function]
        numbers: list[int] = []
        for argument in step.arguments:
            if isinstance(argument, bytes):
                numbers += [self.place(argument), len(argument)]
            elif isinstance(argument, _Out):
                numbers += [_OUT_AT, _OUT_AT + 4]
            else:
                numbers.append(argument)
        typed = zip(row.parameter_types, numbers, strict=True)
        values = " ".join(f"({kind}.const {number})" for kind, number in typed)
        code = f"(call ${step.function} {values})"
        if not row.result_types:
            return code
        if step.told:
            has_out = int(any(isinstance(argument, _Out) for argument in step.arguments))
            code = f"(call $told {code} (i32.const {has_out}))"
        return f"(drop {code})"

    def imports(self) -> str:
        lines = []
        for name, row in self.used.items():
            kinds = " ".join(row.parameter_types)
            result = "(result i32)" if row.result_types else ""
            parameters = f"(param {kinds})" if kinds else ""
            lines.append(f'(import "{row.module}" "{name}" (func ${name} {parameters} {result}))')
        return "\n  ".join(lines)


def wat(
    callbacks: Mapping[str, list[_Step]] | None = None,
    /,
    *,
    abi_version: str = "0.2.1",
    **named: list[_Step],
) -> str:
    """Return a module's text; callbacks are named without ``proxy_on_`` (or wholly: ``main``)."""
    writer = _Writer()
    functions = []
    for short, steps in {**(callbacks or {}), **named}.items():
        name = short if short in _SHAPES else f"proxy_on_{short}"
        parameters, results = _SHAPES.get(name, (3, 1))
        if abi_version == "0.1.0" and name.endswith("_headers"):
            parameters = 2
        body = "\n    ".join(writer.step(step) for step in steps)
        last = ""
        if results:
            # What is most often meant: agree where a truth value is asked for, else continue.
            agree = name in {"proxy_on_vm_start", "proxy_on_configure", "proxy_on_done"}
            last = f"(i32.const {int(agree)})"
        kinds = f"(param {'i32 ' * parameters})" if parameters else ""
        result = "(result i32)" if results else ""
        functions.append(f'(func (export "{name}") {kinds} {result}\n    {body}\n    {last})')
    data = "".join(f"\\{byte:02x}" for byte in writer.text)
    return "\n  ".join(
        [
            "(module",
            writer.imports(),
            '(memory (export "memory") 160)',
            f"(global $heap (mut i32) (i32.const {_HEAP_AT}))",
            '(func (export "malloc") (param i32) (result i32)',
            "  (global.get $heap)",
            "  (global.set $heap (i32.add (global.get $heap) (local.get 0))))",
            f'(func (export "proxy_abi_version_{abi_version.replace(".", "_")}"))',
            _TELL_STATUS,
            *functions,
            f'(data (i32.const {_TEXT_AT}) "{data}")',
            ")",
        ]
    )


def module(
    callbacks: Mapping[str, list[_Step]] | None = None,
    /,
    *,
    abi_version: str = "0.2.1",
    **named: list[_Step],
) -> bytes:
    """Return a module in binary form; see ``wat``."""
    return bytes(wasmtime.wat2wasm(wat(callbacks, abi_version=abi_version, **named)))
