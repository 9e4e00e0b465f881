"""Writes the glue's functions for host calls, from the rows of the ABI.

Each is a function in CPython's METH_FASTCALL convention (self, arguments, their number) that takes
a row's inputs, calls the import and returns the row's outputs: nothing is None, several are a
tuple, and a status is raised unless it is the one that says "absent", which is None.

The linear stack of each: first what the host writes, at +0; behind it, at +8 or later, eight
bytes for each argument of data, of which the second four are its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.abi.signature import HostFunction, Kind, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["MethodTexts", "import_text", "write_methods"]

_FRAME = 48
"""What ``$enter`` takes of the linear stack."""

_MOST_TEXTS = 2
"""How many arguments' encodings ``$data`` can hold until ``$release``."""

_SIZES = {
    Kind.OUT_TEXT: 8,
    Kind.OUT_BYTES: 8,
    Kind.OUT_U32: 4,
    Kind.OUT_U64: 8,
    Kind.OUT_ZERO: 4,
}
"""Bytes that the host writes."""

_LIBRARY = {
    "PyLong_AsUnsignedLongLongMask": "(param i32) (result i64)",
    "PyLong_FromUnsignedLongLong": "(param i64) (result i32)",
    "PyTuple_New": "(param i32) (result i32)",
    "PyTuple_SetItem": "(param i32 i32 i32) (result i32)",
}
"""CPython's functions that only some rows need: imported if one does."""


@dataclass(frozen=True, slots=True)
class MethodTexts:
    """What stands in the glue for a list of rows."""

    imports: str
    functions: str


def write_methods(rows: Sequence[HostFunction]) -> MethodTexts:
    """Write imports and functions; the function of ``proxy_log`` is named ``$call_proxy_log``."""
    functions = "\n\n  ".join(_Method(row).text() for row in rows)
    imports = [
        f'(import "library" "{name}" (func ${name} {kind}))'
        for name, kind in _LIBRARY.items()
        if f"${name} " in functions
    ]
    return MethodTexts("\n  ".join([*imports, import_text(rows)]), functions)


def import_text(rows: Iterable[HostFunction]) -> str:
    """Write the import of each row's host function."""
    return "\n  ".join(map(_import, rows))


def _import(row: HostFunction) -> str:
    parameters = f" (param {' '.join(row.parameter_types)})" if row.parameters else ""
    results = f" (result {' '.join(row.result_types)})" if row.result_types else ""
    return f'(import "{row.module}" "{row.name}" (func ${row.name}{parameters}{results}))'


def _at(offset: int) -> str:
    """Write an address in the frame."""
    if not offset:
        return "(local.get $frame)"
    return f"(i32.add (local.get $frame) (i32.const {offset}))"


def _load(offset: int, kind: str = "i32") -> str:
    return f"({kind}.load{f' offset={offset}' if offset else ''} (local.get $frame))"


class _Method:
    """One row's function.

    Raises ``ValueError`` for a row that needs more room than the glue has.
    """

    def __init__(self, row: HostFunction) -> None:
        self._row = row
        self._outs: dict[str, int] = {}
        self._data: dict[str, int] = {}
        """Where each stands in the frame: what the host writes, and the sizes of data."""
        end = 0
        for parameter in row.parameters:
            if parameter.kind.is_out:
                self._outs[parameter.name] = end
                end += _SIZES[parameter.kind]
        end = max(end, 8)
        for parameter in row.inputs:
            if parameter.kind.is_read:
                self._data[parameter.name] = end + 4
                end += 8
        texts = [item for item in row.inputs if item.kind is Kind.TEXT]
        if end > _FRAME or len(texts) > _MOST_TEXTS:
            raise ValueError(f"{row.name} has more arguments than the glue has room for")

    def text(self) -> str:
        head = f"(func $call_{self._row.name} (param i32 i32 i32) (result i32)"
        if not self._data and not self._outs:
            return f"{head}\n    (call $done {self._call()}))"
        lines = [head, f"(local $frame i32){self._locals()}", "(local.set $frame (call $enter))"]
        for number, (name, offset) in enumerate(self._data.items()):
            place = [item.name for item in self._row.inputs].index(name)
            release = "(call $release) " if number else ""
            failed = f"{release}(return (call $leave (i32.const 0)))"
            lines += [
                f"(local.set ${name} (call $data (local.get 1) (i32.const {place}) {_at(offset)}))",
                f"(if (i32.eqz (local.get ${name})) (then {failed}))",
            ]
        if self._outs:
            lines += self._results()
        else:
            lines.append(f"(call $leave (call $done {self._call()}))")
        return "\n    ".join(lines) + ")"

    def _locals(self) -> str:
        names = list(self._data)
        if self._outs:
            names.append("status")
        if len(self._row.outputs) > 1:
            names += ["tuple", "item"]
        return "".join(f" (local ${name} i32)" for name in names)

    def _call(self) -> str:
        arguments = []
        place = 0
        for parameter in self._row.parameters:
            arguments.append(self._argument(parameter, place))
            place += not parameter.kind.is_out
        return f"(call {' '.join([f'${self._row.name}', *arguments])})"

    def _argument(self, parameter: Parameter, place: int) -> str:
        kind, name = parameter.kind, parameter.name
        if kind.is_read:
            return f"(local.get ${name}) {_load(self._data[name])}"
        if kind.is_out:
            first = self._outs[name]
            return f"{_at(first)} {_at(first + 4)}" if len(kind.integers) > 1 else _at(first)
        if kind is Kind.U64:
            argument = f"(call $argument (local.get 1) (i32.const {place}))"
            return f"(call $PyLong_AsUnsignedLongLongMask {argument})"
        return f"(call $number (local.get 1) (i32.const {place}))"

    def _results(self) -> list[str]:
        lines = [f"(local.set $status {self._call()})"]
        if self._data:
            lines.append("(call $release)")
        if self._row.absent is not None:
            lines.append(
                f"(if (i32.eq (local.get $status) (i32.const {int(self._row.absent)}))"
                " (then (return (call $leave (global.get $none)))))"
            )
        failed = "(return (call $leave (call $fail (local.get $status))))"
        lines.append(f"(if (local.get $status) (then {failed}))")
        values = [self._value(parameter) for parameter in self._row.outputs]
        if len(values) == 1:
            return [*lines, f"(call $leave {values[0]})"]
        return [*lines, *_tuple(values), "(call $leave (local.get $tuple))"]

    def _value(self, parameter: Parameter) -> str:
        offset = self._outs[parameter.name]
        if parameter.kind is Kind.OUT_U32:
            return f"(call $PyLong_FromLong {_load(offset)})"
        if parameter.kind is Kind.OUT_U64:
            return f"(call $PyLong_FromUnsignedLongLong {_load(offset, 'i64')})"
        make = "$as_str" if parameter.kind is Kind.OUT_TEXT else "$as_bytes"
        return f"(call {make} {_load(offset)} {_load(offset + 4)})"


def _tuple(values: list[str]) -> list[str]:
    end = "(return (call $leave (i32.const 0)))"
    lines = [
        f"(local.set $tuple (call $PyTuple_New (i32.const {len(values)})))",
        f"(if (i32.eqz (local.get $tuple)) (then {end}))",
    ]
    for number, value in enumerate(values):
        # PyTuple_SetItem takes over the reference to the item.
        arguments = f"(local.get $tuple) (i32.const {number}) (local.get $item)"
        lines += [
            f"(local.set $item {value})",
            f"(if (i32.eqz (local.get $item)) (then (call $Py_DecRef (local.get $tuple)) {end}))",
            f"(drop (call $PyTuple_SetItem {arguments}))",
        ]
    return lines
