"""A WebAssembly core module as data: what ``read_module`` returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

__all__ = [
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
]


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
    """Parameters and results as value type bytes (``0x7f`` is i32).

    ``plain`` is False if the type stands in a recursion group with others or can have subtypes:
    it then differs from the type of every host function, whatever its parameters.
    """

    parameters: bytes
    results: bytes
    plain: bool = True


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
    """An import; ``type`` is a type index, a ``Limits`` or (value type, mutable).

    ``element`` is the element type's bytes of a table.
    """

    module: str
    name: str
    kind: Kind
    type: int | Limits | tuple[bytes, bool]
    element: bytes = b""


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table: its element type's bytes and its limits.

    ``initial`` is what its entries begin with, None for null.
    """

    type: bytes
    limits: Limits
    initial: ConstantExpression | None = None


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
    null or an initialiser that is neither, which then stands in ``others``. ``flags`` and
    ``type`` (the element type's bytes) are those of the binary format (core specification 5.5.12).
    """

    table: int
    offset: ConstantExpression | None
    functions: tuple[int | None, ...]
    flags: int = 0
    type: bytes = b"\x70"
    others: tuple[ConstantExpression, ...] = ()


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
    """None stands for a type that is not a plain function (GC proposal)."""
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
        """Return the type of the function with that index; None if there is no such function."""
        imports = self.imported_functions
        if index < len(imports):
            type_index = imports[index].type
            assert isinstance(type_index, int)
        elif index - len(imports) < len(self.functions):
            type_index = self.functions[index - len(imports)]
        else:
            return None
        return self.types[type_index] if type_index < len(self.types) else None

    def body(self, index: int) -> tuple[int, int] | None:
        """Return the body's range of the function with that index; None if it has none here."""
        number = index - len(self.imported_functions)
        return self.bodies[number] if 0 <= number < len(self.bodies) else None

    def custom(self, name: str) -> bytes | None:
        """Return the content of the first custom section of that name."""
        for section in self.sections:
            if section.id == SectionId.CUSTOM and section.name == name:
                return self.data[section.start : section.end]
        return None
