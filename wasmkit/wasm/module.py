"""Reads a WebAssembly core module into its parts (core specification 5.5).

Nothing is executed and nothing is validated beyond what reading needs: a module that this
reader accepts may still be refused by an engine. Function bodies stay byte ranges, see
``instructions`` for a scan of them. Untrusted input ends in ``GuestModuleError`` and in nothing
else; work and memory are linear in the size of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from wasmkit.errors import GuestModuleError
from wasmkit.wasm.leb128 import read_i32, read_i64, read_u32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "MAGIC",
    "ConstantExpression",
    "DataSegment",
    "ElementSegment",
    "Export",
    "FunctionType",
    "GlobalDefinition",
    "Import",
    "Kind",
    "Limits",
    "Module",
    "Section",
    "SectionId",
    "TableDefinition",
    "function_names",
    "read_module",
    "read_sections",
]

MAGIC = b"\0asm\x01\0\0\0"
"""What a core module begins with; a component has another version."""

_COMPONENT = b"\0asm\x0d\0\x01\0"


class SectionId(IntEnum):
    """The sections' numbers."""

    CUSTOM = 0
    TYPE = 1
    IMPORT = 2
    FUNCTION = 3
    TABLE = 4
    MEMORY = 5
    GLOBAL = 6
    EXPORT = 7
    START = 8
    ELEMENT = 9
    CODE = 10
    DATA = 11
    DATA_COUNT = 12
    TAG = 13


class Kind(IntEnum):
    """What an import or an export is."""

    FUNCTION = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3
    TAG = 4


@dataclass(frozen=True, slots=True)
class Section:
    """A section's content is ``data[start:end]``; ``name`` is that of a custom section."""

    id: int
    start: int
    end: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class FunctionType:
    """Parameters and results as value type bytes (``0x7f`` is i32)."""

    parameters: bytes
    results: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """Pages of a memory or entries of a table; ``flags`` bit 1 is shared, bit 2 is 64-bit."""

    minimum: int
    maximum: int | None
    flags: int


@dataclass(frozen=True, slots=True)
class ConstantExpression:
    """An initialiser.

    ``op`` is ``i32.const``, ``i64.const``, ``global.get``, ``ref.func``, ``ref.null`` or, for
    everything else (extended constants, floats), ``other``; ``value`` belongs to the first four.
    ``code`` is the whole expression without its ``end``.
    """

    op: str
    value: int
    code: bytes


@dataclass(frozen=True, slots=True)
class Import:
    """An import; ``type`` is a type index, a ``Limits`` or (value type, mutable)."""

    module: str
    name: str
    kind: Kind
    type: int | Limits | tuple[bytes, bool]


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table: its element type's bytes and its limits."""

    type: bytes
    limits: Limits


@dataclass(frozen=True, slots=True)
class GlobalDefinition:
    """A global: its value type's bytes (one byte but for typed references)."""

    type: bytes
    mutable: bool
    initial: ConstantExpression


@dataclass(frozen=True, slots=True)
class Export:
    """An export of the thing of that kind with that index."""

    name: str
    kind: Kind
    index: int


@dataclass(frozen=True, slots=True)
class ElementSegment:
    """Functions for a table.

    ``offset`` is None unless the segment is active; an entry is a function index or None for a
    null or an initialiser that is neither.
    """

    table: int
    offset: ConstantExpression | None
    functions: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class DataSegment:
    """Bytes ``data[start:end]`` of the module; ``offset`` is None if the segment is passive."""

    offset: ConstantExpression | None
    start: int
    end: int
    memory: int = 0


@dataclass(frozen=True)
class Module:
    """A core module's parts; indices count imports first, as in the binary format."""

    data: bytes = field(repr=False)
    sections: tuple[Section, ...]
    types: tuple[FunctionType | None, ...] = ()
    """None stands for a type that is no plain function (GC proposal)."""
    imports: tuple[Import, ...] = ()
    functions: tuple[int, ...] = ()
    tables: tuple[TableDefinition, ...] = ()
    memories: tuple[Limits, ...] = ()
    globals: tuple[GlobalDefinition, ...] = ()
    exports: tuple[Export, ...] = ()
    start: int | None = None
    elements: tuple[ElementSegment, ...] = ()
    bodies: tuple[tuple[int, int], ...] = ()
    """Each body's range in ``data``: its locals and instructions, without the size before them."""
    data_segments: tuple[DataSegment, ...] = ()
    tags: int = 0

    def imported(self, kind: Kind) -> tuple[Import, ...]:
        """Return the imports of one kind, in the order of that kind's index space."""
        return tuple(item for item in self.imports if item.kind is kind)

    @cached_property
    def imported_functions(self) -> tuple[Import, ...]:
        """The imported functions, which come first in the function index space."""
        return self.imported(Kind.FUNCTION)

    def function_type(self, index: int) -> FunctionType | None:
        """Return the type of the function with that index; None if there is none such."""
        imports = self.imported_functions
        if index < len(imports):
            type_index = imports[index].type
            assert isinstance(type_index, int)
        elif index - len(imports) < len(self.functions):
            type_index = self.functions[index - len(imports)]
        else:
            return None
        return self.types[type_index] if type_index < len(self.types) else None

    def custom(self, name: str) -> bytes | None:
        """Return the content of the first custom section of that name."""
        for section in self.sections:
            if section.id == SectionId.CUSTOM and section.name == name:
                return self.data[section.start : section.end]
        return None


class _Reader:
    """A cursor over the module's bytes; errors are caught once, in ``read_module``."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self.data = data
        self.position = position
        self.end = end

    def byte(self) -> int:
        value = self.data[self.position]
        self.position += 1
        return value

    def u32(self) -> int:
        value, self.position = read_u32(self.data, self.position)
        return value

    def u64(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise ValueError("an unsigned integer has more than 64 bits")

    def take(self, size: int) -> bytes:
        start = self.position
        self.skip(size)
        return self.data[start : self.position]

    def skip(self, size: int) -> None:
        if size > self.end - self.position:
            raise IndexError
        self.position += size

    def name(self) -> str:
        return self.take(self.u32()).decode()

    def count(self) -> int:
        """Read a vector's length; every item takes at least one byte."""
        count = self.u32()
        if count > self.end - self.position:
            raise ValueError(f"a vector of {count} items does not fit into its section")
        return count

    def heap_type(self) -> bytes:
        """Read a value or reference type; a typed reference has a heap type behind it."""
        first = self.data[self.position]
        start = self.position
        self.position += 1
        if first in (0x63, 0x64):
            _, self.position = read_i64(self.data, self.position)
        return self.data[start : self.position]

    def limits(self) -> Limits:
        flags = self.byte()
        if flags > 0x0F:
            raise ValueError(f"limits have the unknown flags {flags:#x}")
        minimum = self.u64()
        maximum = self.u64() if flags & 1 else None
        if flags & 0x08:
            self.u32()  # log2 of a custom page size
        return Limits(minimum, maximum, flags)


def read_sections(data: bytes) -> list[Section]:
    """Return the sections of a core module, in order.

    Raises ``GuestModuleError`` if the data is no core module or a section does not fit into it.
    """
    if data[:8] != MAGIC:
        if data[:8] == _COMPONENT:
            raise GuestModuleError(
                "this is a WebAssembly component, and Envoy loads core modules only",
                hint="wasmkit build makes a core module from Python source",
            )
        raise GuestModuleError("this is no WebAssembly module: it does not begin with \\0asm 1")
    sections = []
    reader = _Reader(data, 8, len(data))
    try:
        while reader.position < len(data):
            number = reader.byte()
            size = reader.u32()
            start = reader.position
            reader.skip(size)
            end = reader.position
            name = ""
            if number == SectionId.CUSTOM:
                custom = _Reader(data, start, end)
                name = custom.name()
                start = custom.position
            sections.append(Section(number, start, end, name))
    except (IndexError, ValueError) as error:
        raise GuestModuleError(
            f"the module is cut short or malformed at byte {reader.position}"
        ) from error
    return sections


def read_module(data: bytes) -> Module:
    """Read a whole core module.

    Raises ``GuestModuleError`` naming the section and the byte at which reading failed.
    """
    sections = tuple(read_sections(data))
    parts: dict[str, object] = {}
    for section in sections:
        rule = _RULES.get(section.id)
        if rule is None:
            if section.id > SectionId.TAG:
                raise GuestModuleError(f"the module has a section with the unknown number {section.id}")
            continue
        name, read = rule
        if name in parts:
            raise GuestModuleError(f"the module has two {SectionId(section.id).name} sections")
        reader = _Reader(data, section.start, section.end)
        try:
            parts[name] = read(reader)
            if reader.position != section.end:
                raise ValueError("the section has bytes left over")
        except (IndexError, ValueError) as error:
            reason = str(error) or "it is cut short"
            raise GuestModuleError(
                f"the module's {SectionId(section.id).name} section is malformed"
                f" at byte {reader.position}: {reason}"
            ) from error
    return Module(data, sections, **parts)  # type: ignore[arg-type]  # names are the fields'


def _types(reader: _Reader) -> tuple[FunctionType | None, ...]:
    types: list[FunctionType | None] = []
    for _ in range(reader.count()):
        form = reader.byte()
        if form != 0x60:
            # Recursion groups and other composite types (GC): no host function has such a type,
            # and where they end cannot be told without reading them in full.
            raise ValueError("a type is no function type (garbage collection proposal)")
        parameters = b"".join(reader.heap_type() for _ in range(reader.count()))
        results = b"".join(reader.heap_type() for _ in range(reader.count()))
        types.append(FunctionType(parameters, results))
    return tuple(types)


def _imports(reader: _Reader) -> tuple[Import, ...]:
    imports = []
    for _ in range(reader.count()):
        module = reader.name()
        name = reader.name()
        kind = Kind(reader.byte())
        item: int | Limits | tuple[bytes, bool]
        if kind is Kind.FUNCTION:
            item = reader.u32()
        elif kind is Kind.TABLE:
            reader.heap_type()
            item = reader.limits()
        elif kind is Kind.MEMORY:
            item = reader.limits()
        elif kind is Kind.GLOBAL:
            item = (reader.heap_type(), bool(reader.byte()))
        else:
            reader.byte()
            item = reader.u32()
        imports.append(Import(module, name, kind, item))
    return tuple(imports)


def _functions(reader: _Reader) -> tuple[int, ...]:
    return tuple(reader.u32() for _ in range(reader.count()))


def _tables(reader: _Reader) -> tuple[TableDefinition, ...]:
    tables = []
    for _ in range(reader.count()):
        initialised = reader.data[reader.position] == 0x40
        if initialised:
            reader.skip(2)
        tables.append(TableDefinition(reader.heap_type(), reader.limits()))
        if initialised:
            _expression(reader)
    return tuple(tables)


def _memories(reader: _Reader) -> tuple[Limits, ...]:
    return tuple(reader.limits() for _ in range(reader.count()))


def _globals(reader: _Reader) -> tuple[GlobalDefinition, ...]:
    return tuple(
        GlobalDefinition(reader.heap_type(), bool(reader.byte()), _expression(reader))
        for _ in range(reader.count())
    )


def _exports(reader: _Reader) -> tuple[Export, ...]:
    return tuple(
        Export(reader.name(), Kind(reader.byte()), reader.u32()) for _ in range(reader.count())
    )


def _start(reader: _Reader) -> int:
    return reader.u32()


def _tags(reader: _Reader) -> int:
    count = reader.count()
    for _ in range(count):
        reader.byte()
        reader.u32()
    return count


def _data_count(reader: _Reader) -> int:
    return reader.u32()


_FIXED_OPERANDS = {0x43: 4, 0x44: 8}
_PLAIN_OPERATORS = frozenset({0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E})


def _constant(reader: _Reader, opcode: int) -> tuple[str, int]:
    if opcode == 0x41:
        value, reader.position = read_i32(reader.data, reader.position)
        return "i32.const", value
    if opcode == 0x42:
        value, reader.position = read_i64(reader.data, reader.position)
        return "i64.const", value
    if opcode == 0x23:
        return "global.get", reader.u32()
    if opcode == 0xD2:
        return "ref.func", reader.u32()
    if opcode == 0xD0:
        _, reader.position = read_i64(reader.data, reader.position)
        return "ref.null", 0
    if opcode in _FIXED_OPERANDS:
        reader.skip(_FIXED_OPERANDS[opcode])
    elif opcode == 0xFD and reader.u32() == 12:
        reader.skip(16)
    elif opcode not in _PLAIN_OPERATORS:
        raise ValueError(f"an initialiser holds the instruction {opcode:#x}")
    return "other", 0


def _expression(reader: _Reader) -> ConstantExpression:
    """Read an initialiser up to and with its ``end``."""
    start = reader.position
    steps = []
    while True:
        opcode = reader.byte()
        if opcode == 0x0B:
            break
        steps.append(_constant(reader, opcode))
    op, value = steps[0] if len(steps) == 1 else ("other", 0)
    return ConstantExpression(op, value, reader.data[start : reader.position - 1])


def _function_or_null(expression: ConstantExpression) -> int | None:
    return expression.value if expression.op == "ref.func" else None


def _element(reader: _Reader) -> ElementSegment:
    flags = reader.u32()
    if flags > 7:
        raise ValueError(f"an element segment has the unknown flags {flags}")
    explicit_table = bool(flags & 2) and not flags & 1
    table = reader.u32() if explicit_table else 0
    offset = None if flags & 1 else _expression(reader)
    if flags & 4:
        if flags & 3:
            reader.heap_type()
        functions = tuple(
            _function_or_null(_expression(reader)) for _ in range(reader.count())
        )
    else:
        if flags & 3:
            reader.byte()
        functions = tuple(reader.u32() for _ in range(reader.count()))
    return ElementSegment(table, offset, functions)


def _elements(reader: _Reader) -> tuple[ElementSegment, ...]:
    return tuple(_element(reader) for _ in range(reader.count()))


def _bodies(reader: _Reader) -> tuple[tuple[int, int], ...]:
    bodies = []
    for _ in range(reader.count()):
        size = reader.u32()
        start = reader.position
        reader.skip(size)
        bodies.append((start, reader.position))
    return tuple(bodies)


def _data_segments(reader: _Reader) -> tuple[DataSegment, ...]:
    segments = []
    for _ in range(reader.count()):
        flags = reader.u32()
        if flags > 2:
            raise ValueError(f"a data segment has the unknown flags {flags}")
        memory = reader.u32() if flags == 2 else 0
        offset = None if flags == 1 else _expression(reader)
        size = reader.u32()
        start = reader.position
        reader.skip(size)
        segments.append(DataSegment(offset, start, reader.position, memory))
    return tuple(segments)


_RULES: dict[int, tuple[str, Callable[[_Reader], object]]] = {
    SectionId.TYPE: ("types", _types),
    SectionId.IMPORT: ("imports", _imports),
    SectionId.FUNCTION: ("functions", _functions),
    SectionId.TABLE: ("tables", _tables),
    SectionId.MEMORY: ("memories", _memories),
    SectionId.GLOBAL: ("globals", _globals),
    SectionId.EXPORT: ("exports", _exports),
    SectionId.START: ("start", _start),
    SectionId.ELEMENT: ("elements", _elements),
    SectionId.CODE: ("bodies", _bodies),
    SectionId.DATA: ("data_segments", _data_segments),
    SectionId.TAG: ("tags", _tags),
}


def function_names(module: Module) -> dict[int, str]:
    """Return the function names of the module's name section; {} if it has none or a broken one.

    The section is only for people (core specification, appendix 7.4.1), so nothing is raised.
    """
    content = module.custom("name")
    if content is None:
        return {}
    reader = _Reader(content, 0, len(content))
    names: dict[int, str] = {}
    try:
        for number, end in _subsections(reader):
            if number == 1:
                for _ in range(reader.count()):
                    index = reader.u32()
                    names[index] = reader.name()
            reader.position = end
    except (IndexError, ValueError):
        return names
    return names


def _subsections(reader: _Reader) -> Iterator[tuple[int, int]]:
    while reader.position < reader.end:
        number = reader.byte()
        size = reader.u32()
        yield number, reader.position + size
