"""Reads a WebAssembly core module into its parts (core specification 5.5).

Nothing is executed and nothing is validated beyond what reading needs: a module that this
reader accepts may still be refused by an engine. Function bodies stay byte ranges, see
``instructions`` and ``features`` for scans of them. Untrusted input ends in ``GuestModuleError``
and in nothing else; work and memory are linear in the size of the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.errors import GuestModuleError
from wasmkit.wasm.cursor import Cursor
from wasmkit.wasm.initialisers import read_initialiser
from wasmkit.wasm.parts import (
    ConstantExpression,
    DataSegment,
    ElementSegment,
    Export,
    FunctionType,
    GlobalDefinition,
    Import,
    Kind,
    Limits,
    Module,
    Section,
    SectionId,
    TableDefinition,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "COMPONENT_MAGIC",
    "MAGIC",
    "MAX_MODULE_BYTES",
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
    "name_section_error",
    "read_module",
    "read_sections",
]

MAGIC = b"\0asm\x01\0\0\0"
"""What a core module begins with; a component has another version."""

COMPONENT_MAGIC = b"\0asm\x0d\0\x01\0"

MAX_MODULE_BYTES = 256 * 1024 * 1024
"""The largest module that is taken; Istio's and Envoy Gateway's default limit too."""
"""What a component begins with."""


def read_sections(data: bytes) -> list[Section]:
    """Return the sections of a core module, in order.

    Raises ``GuestModuleError`` if the data is not a core module or a section does not fit into it.
    """
    if data[:8] != MAGIC:
        if data[:8] == COMPONENT_MAGIC:
            raise GuestModuleError(
                "this is a WebAssembly component, and Envoy loads core modules only",
                hint="wasmkit build makes a core module from Python source",
            )
        raise GuestModuleError("this is not a WebAssembly module: it does not begin with \\0asm 1")
    sections = []
    cursor = Cursor(data, 8, len(data))
    try:
        while cursor.position < len(data):
            number = cursor.byte()
            size = cursor.u32()
            start = cursor.position
            cursor.skip(size)
            end = cursor.position
            name = ""
            if number == SectionId.CUSTOM:
                custom = Cursor(data, start, end)
                name = custom.name()
                start = custom.position
            sections.append(Section(number, start, end, name))
    except (IndexError, ValueError) as error:
        raise GuestModuleError(
            f"the module is cut short or malformed at byte {cursor.position}"
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
                raise GuestModuleError(
                    f"the module has a section with the unknown number {section.id}"
                )
            continue
        name, read = rule
        if name in parts:
            raise GuestModuleError(f"the module has two {SectionId(section.id).name} sections")
        cursor = Cursor(data, section.start, section.end)
        try:
            parts[name] = read(cursor)
            cursor.expect_end(section.end)
        except (IndexError, ValueError) as error:
            raise GuestModuleError(
                f"the module's {SectionId(section.id).name} section is malformed"
                f" at byte {cursor.position}: {_reason(error)}"
            ) from error
    return Module(data, sections, **parts)  # type: ignore[arg-type]  # names are the fields'


def _reason(error: IndexError | ValueError) -> str:
    return "it is cut short" if isinstance(error, IndexError) else str(error)


_RECURSION_GROUP, _SUBTYPE, _FINAL_SUBTYPE = 0x4E, 0x50, 0x4F
_FUNCTION, _STRUCTURE, _ARRAY = 0x60, 0x5F, 0x5E


def _types(cursor: Cursor) -> tuple[FunctionType | None, ...]:
    types: list[FunctionType | None] = []
    for _ in range(cursor.count()):
        group = 1
        if cursor.peek() == _RECURSION_GROUP:
            cursor.skip(1)
            group = cursor.count()
        types += [_subtype(cursor, alone=group == 1) for _ in range(group)]
    return tuple(types)


def _subtype(cursor: Cursor, *, alone: bool) -> FunctionType | None:
    form = cursor.byte()
    plain = alone
    if form in (_SUBTYPE, _FINAL_SUBTYPE):
        supertypes = [cursor.u32() for _ in range(cursor.count())]
        plain = alone and form == _FINAL_SUBTYPE and not supertypes
        form = cursor.byte()
    if form == _FUNCTION:
        parameters = b"".join(cursor.value_type() for _ in range(cursor.count()))
        results = b"".join(cursor.value_type() for _ in range(cursor.count()))
        return FunctionType(parameters, results, plain)
    if form not in (_STRUCTURE, _ARRAY):
        raise ValueError(f"a type has the unknown form {form:#x}")
    for _ in range(1 if form == _ARRAY else cursor.count()):
        cursor.value_type()
        cursor.byte()  # whether the field can be changed
    return None


def _imports(cursor: Cursor) -> tuple[Import, ...]:
    imports = []
    for _ in range(cursor.count()):
        module = cursor.name()
        name = cursor.name()
        kind = Kind(cursor.byte())
        item: int | Limits | tuple[bytes, bool]
        element = b""
        if kind is Kind.FUNCTION:
            item = cursor.u32()
        elif kind is Kind.TABLE:
            element = cursor.value_type()
            item = cursor.limits()
        elif kind is Kind.MEMORY:
            item = cursor.limits()
        elif kind is Kind.GLOBAL:
            item = (cursor.value_type(), bool(cursor.byte()))
        else:
            cursor.byte()
            item = cursor.u32()
        imports.append(Import(module, name, kind, item, element))
    return tuple(imports)


def _functions(cursor: Cursor) -> tuple[int, ...]:
    return tuple(cursor.u32() for _ in range(cursor.count()))


def _tables(cursor: Cursor) -> tuple[TableDefinition, ...]:
    tables = []
    for _ in range(cursor.count()):
        initialised = cursor.peek() == 0x40
        if initialised:
            cursor.skip(2)
        kind, limits = cursor.value_type(), cursor.limits()
        initial = read_initialiser(cursor) if initialised else None
        tables.append(TableDefinition(kind, limits, initial))
    return tuple(tables)


def _memories(cursor: Cursor) -> tuple[Limits, ...]:
    return tuple(cursor.limits() for _ in range(cursor.count()))


def _globals(cursor: Cursor) -> tuple[GlobalDefinition, ...]:
    return tuple(
        GlobalDefinition(cursor.value_type(), bool(cursor.byte()), read_initialiser(cursor))
        for _ in range(cursor.count())
    )


def _exports(cursor: Cursor) -> tuple[Export, ...]:
    return tuple(
        Export(cursor.name(), Kind(cursor.byte()), cursor.u32()) for _ in range(cursor.count())
    )


def _start(cursor: Cursor) -> int:
    return cursor.u32()


def _tags(cursor: Cursor) -> int:
    count = cursor.count()
    for _ in range(count):
        cursor.byte()
        cursor.u32()
    return count


def _element(cursor: Cursor) -> ElementSegment:
    flags = cursor.u32()
    if flags > 7:
        raise ValueError(f"an element segment has the unknown flags {flags}")
    explicit_table = bool(flags & 2) and not flags & 1
    table = cursor.u32() if explicit_table else 0
    offset = None if flags & 1 else read_initialiser(cursor)
    if flags & 4:
        kind = cursor.value_type() if flags & 3 else b"\x70"
        functions, others = _expressions(cursor)
        return ElementSegment(table, offset, functions, flags, kind, others)
    if flags & 3:
        cursor.byte()
    indices = tuple(cursor.u32() for _ in range(cursor.element_count()))
    return ElementSegment(table, offset, indices, flags)


def _expressions(
    cursor: Cursor,
) -> tuple[tuple[int | None, ...], tuple[ConstantExpression, ...]]:
    """Read entries that are initialisers; those of which little is known come second, too."""
    functions: list[int | None] = []
    others = []
    for _ in range(cursor.element_count()):
        initialiser = read_initialiser(cursor)
        functions.append(initialiser.value if initialiser.op == "ref.func" else None)
        if initialiser.op not in ("ref.func", "ref.null"):
            others.append(initialiser)
    return tuple(functions), tuple(others)


def _elements(cursor: Cursor) -> tuple[ElementSegment, ...]:
    return tuple(_element(cursor) for _ in range(cursor.count()))


def _bodies(cursor: Cursor) -> tuple[tuple[int, int], ...]:
    bodies = []
    for _ in range(cursor.count()):
        size = cursor.u32()
        start = cursor.position
        cursor.skip(size)
        bodies.append((start, cursor.position))
    return tuple(bodies)


def _data_segments(cursor: Cursor) -> tuple[DataSegment, ...]:
    segments = []
    for _ in range(cursor.count()):
        flags = cursor.u32()
        if flags > 2:
            raise ValueError(f"a data segment has the unknown flags {flags}")
        memory = cursor.u32() if flags == 2 else 0
        offset = None if flags == 1 else read_initialiser(cursor)
        size = cursor.u32()
        start = cursor.position
        cursor.skip(size)
        segments.append(DataSegment(offset, start, cursor.position, memory))
    return tuple(segments)


_RULES: dict[int, tuple[str, Callable[[Cursor], object]]] = {
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
    """Return the function names of the module's name section; {} if it has none.

    The section is only for people (core specification, appendix 7.4.1), so nothing is raised for
    a broken one: the names before the break are returned.
    """
    names: dict[int, str] = {}
    content = module.custom("name")
    if content is not None:
        _read_function_names(Cursor(content, 0, len(content)), names)
    return names


def name_section_error(module: Module) -> str:
    """Return why the name section cannot be read, or an empty text if it can or is absent.

    An Envoy reads it for its backtraces, and refuses the module if it cannot.
    """
    content = module.custom("name")
    return "" if content is None else _read_function_names(Cursor(content, 0, len(content)), {})


def _read_function_names(cursor: Cursor, names: dict[int, str]) -> str:
    """Read names up to the end or the first error, and return the error."""
    try:
        for number, end in _subsections(cursor):
            if number == 1:
                for _ in range(cursor.count()):
                    index = cursor.u32()
                    names[index] = cursor.take(cursor.u32()).decode(errors="replace")
                cursor.expect_end(end)
            cursor.position = end
    except (IndexError, ValueError) as error:
        return f"{_reason(error)} at byte {cursor.position} of the section"
    return ""


def _subsections(cursor: Cursor) -> Iterator[tuple[int, int]]:
    while cursor.position < cursor.end:
        number = cursor.byte()
        size = cursor.u32()
        if size > cursor.end - cursor.position:
            raise IndexError
        yield number, cursor.position + size
