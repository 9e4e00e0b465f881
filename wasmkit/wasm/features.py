"""Finds out which WebAssembly features a module uses, for hosts that have not all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.wasm.encodings import instruction_end, instructions_start, passing
from wasmkit.wasm.leb128 import read_u32
from wasmkit.wasm.parts import Kind, Limits, SectionId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from wasmkit.wasm.parts import ConstantExpression, FunctionType, Module

__all__ = [
    "CodeScan",
    "FeatureScan",
    "scan_code",
    "scan_features",
    "type_name",
    "type_names",
    "value_types",
]

_VALUE_TYPE = re.compile(rb"[\x63\x64][\x80-\xff]*[\x00-\x7f]|.", re.DOTALL)
_SHARED, _WIDE_ADDRESSES, _PAGE_SIZE = 0x02, 0x04, 0x08
_PASSIVE, _EXPRESSIONS = 0x01, 0x04
_BUILT_ON = {
    "function-references": ("reference-types",),
    "gc": ("function-references", "reference-types"),
    "relaxed-simd": ("simd",),
}
"""Proposals that make sense only with others."""

_GLOBAL_GET = 0x23
_EXTENDED_OPERATORS = (0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E)


@dataclass(frozen=True, slots=True)
class FeatureScan:
    """Features by the names that wasm-tools has for them, sorted; none is WebAssembly 1.0.

    ``unread`` says where reading the code ended for something unknown, else it is empty.
    """

    names: tuple[str, ...]
    unread: str = ""


@dataclass(frozen=True, slots=True)
class CodeScan:
    """What functions' bodies use: encodings' features, locals' types; ``unread`` as above."""

    features: frozenset[str] = frozenset()
    types: frozenset[bytes] = frozenset()
    unread: str = ""


def scan_features(module: Module, code: CodeScan | None = None) -> FeatureScan:
    """Return the features that a module's definitions and instructions use.

    ``code`` is what ``scan_code`` says of the module, if that is known already. The types of
    structures' and arrays' fields are not looked at.
    """
    if code is None:
        code = scan_code(module)
    found = {*_declared(module), *code.features}
    for item in code.types | _declared_types(module):
        found.add(_feature_of_type(item))
    names = {name for names in found for name in names.split()}
    names.update(base for name in tuple(names) for base in _BUILT_ON.get(name, ()))
    return FeatureScan(tuple(sorted(names)), code.unread)


def value_types(data: bytes) -> list[bytes]:
    """Take a function type's parameters or results apart into one text of bytes per type."""
    return _VALUE_TYPE.findall(data)


_NAMES = {
    b"\x7f": "i32",
    b"\x7e": "i64",
    b"\x7d": "f32",
    b"\x7c": "f64",
    b"\x70": "funcref",
    b"\x6f": "externref",
    b"\x7b": "v128",
    b"\x69": "exnref",
}


def type_name(item: bytes) -> str:
    """Name a value type as Envoy does: a reference's nullability is not told."""
    if item[0] in (0x63, 0x64):
        item = item[1:]
    return _NAMES.get(item, "a typed reference")


def type_names(types: bytes) -> list[str]:
    """Name a function type's parameters or results."""
    return [type_name(item) for item in value_types(types)]


def scan_code(module: Module, without: Collection[int] = ()) -> CodeScan:
    """Read all bodies but those of these numbers, up to the first that cannot be read."""
    data = module.data
    found: set[str] = set()
    types: set[bytes] = set()
    known = passing(frozenset())
    imported = len(module.imported_functions)
    for number, (start, end) in enumerate(module.bodies):
        if number in without:
            continue
        try:
            position, local_types = instructions_start(data, start, end)
            types |= local_types
            while True:
                match = known.match(data, position, end)
                assert match is not None  # it matches nothing, too
                position = match.end()
                if position == end:
                    break
                position, feature = instruction_end(data, position, end)
                if feature not in found:
                    found.add(feature)
                    known = passing(frozenset(found))
        except ValueError as error:
            unread = f"function {imported + number}: {error}"
            return CodeScan(frozenset(found), frozenset(types), unread)
    return CodeScan(frozenset(found), frozenset(types))


def _declared(module: Module) -> Iterator[str]:
    """Yield what is told by everything but value types and code."""
    sections = {section.id for section in module.sections}
    memories = [item.type for item in module.imported(Kind.MEMORY)] + [*module.memories]
    tables = [item.type for item in module.imported(Kind.TABLE)]
    tables += [table.limits for table in module.tables]
    if len(memories) > 1:
        yield "multi-memory"
    if len(tables) > 1:
        yield "reference-types"
    for limits in (*memories, *tables):
        assert isinstance(limits, Limits)
        yield from _of_limits(limits)
    if any(item is None or not item.plain for item in module.types):
        yield "gc"
    if any(item is not None and len(value_types(item.results)) > 1 for item in module.types):
        yield "multi-value"
    if SectionId.DATA_COUNT in sections:
        yield "bulk-memory"
    if SectionId.TAG in sections or module.imported(Kind.TAG):
        yield "exceptions"
    if any(table.initial is not None for table in module.tables):
        yield "function-references"
    if _shares_variables(module):
        yield "mutable-global"
    yield from _of_segments(module)


def _of_limits(limits: Limits) -> Iterator[str]:
    if limits.flags & _SHARED:
        yield "threads"
    if limits.flags & _WIDE_ADDRESSES:
        yield "memory64"
    if limits.flags & _PAGE_SIZE:
        yield "custom-page-sizes"


def _shares_variables(module: Module) -> bool:
    imported = module.imported(Kind.GLOBAL)
    mutable = [isinstance(item.type, tuple) and item.type[1] for item in imported]
    exported = [*mutable, *(item.mutable for item in module.globals)]
    return any(mutable) or any(
        exported[item.index]
        for item in module.exports
        if item.kind is Kind.GLOBAL and item.index < len(exported)
    )


def _of_segments(module: Module) -> Iterator[str]:
    if any(item.offset is None for item in module.data_segments):
        yield "bulk-memory"
    if any(item.flags & (_PASSIVE | _EXPRESSIONS) for item in module.elements):
        yield "bulk-memory"
    if any(item.table or item.flags & _EXPRESSIONS for item in module.elements):
        yield "reference-types"
    initialisers = [item.initial for item in module.globals]
    initialisers += [item.offset for item in module.elements if item.offset is not None]
    initialisers += [item.offset for item in module.data_segments if item.offset is not None]
    initialisers += [item.initial for item in module.tables if item.initial is not None]
    initialisers += [other for item in module.elements for other in item.others]
    imported = len(module.imported(Kind.GLOBAL))
    for initialiser in initialisers:
        yield from _of_initialiser(initialiser, imported)


def _of_initialiser(initialiser: ConstantExpression, imported_globals: int) -> Iterator[str]:
    if initialiser.op in ("i32.const", "i64.const"):
        return
    code = initialiser.code
    position = 0
    while position < len(code):
        opcode = code[position]
        if opcode in _EXTENDED_OPERATORS:
            yield "extended-const"
        elif opcode == _GLOBAL_GET and read_u32(code, position + 1)[0] >= imported_globals:
            yield "gc"  # at first only imported globals could be read here
        position, feature = instruction_end(code, position, len(code))
        yield feature


def _declared_types(module: Module) -> set[bytes]:
    types: set[bytes] = set()
    for item in module.types:
        types.update(_of_function(item))
    types.update(item.type for item in module.globals)
    types.update(
        item.type[0] for item in module.imported(Kind.GLOBAL) if isinstance(item.type, tuple)
    )
    # A table of functions is as old as WebAssembly; a value that is a function is not.
    tables = {item.type for item in module.tables} | {item.type for item in module.elements}
    tables |= {item.element for item in module.imported(Kind.TABLE)}
    return types | (tables - {b"\x70"})


def _of_function(item: FunctionType | None) -> list[bytes]:
    return [] if item is None else value_types(item.parameters) + value_types(item.results)


_NUMBERS = frozenset({b"\x7f", b"\x7e", b"\x7d", b"\x7c"})
_FEATURES_OF_TYPES = {
    "simd": frozenset({0x7B}),
    "reference-types": frozenset({0x6F, 0x70}),
    "exceptions reference-types": frozenset({0x69, 0x74}),
    "gc": frozenset({0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x71, 0x72, 0x73}),
}


def _feature_of_type(item: bytes) -> str:
    if item in _NUMBERS:
        return ""
    typed = len(item) > 1
    heap = item[-1] if len(item) <= 2 else -1
    for feature, types in _FEATURES_OF_TYPES.items():
        if heap in types:
            return f"function-references {feature}" if typed else feature
    return "function-references"
