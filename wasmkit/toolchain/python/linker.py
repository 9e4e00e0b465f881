"""Links the core modules of componentize-py's component and the glue into one core module.

The component wires modules that share one memory and one table (dynamic linking,
``tool-conventions/DynamicLinking.md``): each library imports functions by name, the addresses of
data and functions as globals of ``GOT.mem`` and ``GOT.func``, and its own places in memory and
table as ``__memory_base`` and ``__table_base``. After pre-initialisation all of these are
constants, so the linker folds them, resolves every call to the function itself and renumbers.

What the component asks of its host is bound to exports of the glue named
``<interface without version>#<function>``. Nothing is left to import but what the glue imports
from ``env`` and ``wasi_snapshot_preview1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.toolchain.python.program import Function, HostFunction, Program, indexed
from wasmkit.wasm import encode
from wasmkit.wasm.instructions import OP
from wasmkit.wasm.leb128 import read_i32, write_u32
from wasmkit.wasm.module import FunctionType, Kind, Limits, SectionId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Linked", "Wrapper", "link"]

STACK_CHECK = "Py_EnterRecursiveCall"
"""CPython's function that sets ``RecursionError`` and returns non-zero at the stack's limit."""

_LARGEST_STEP = 64 << 10
"""CPython ends the process if it finds the stack far beyond its limit, so checks are not further
apart."""

_ADD, _SUBTRACT = b"\x6a", b"\x6b"


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A function is called through a wrapper that takes ``size`` bytes of linear stack.

    With ``overflow`` the wrapper also asks CPython whether the stack is at its limit, and if so
    returns that number, with ``RecursionError`` set, instead of calling.
    """

    size: int
    overflow: int | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """One core module and what later steps must know of it."""

    module: bytes
    function_names: tuple[str, ...]
    """The name of each function by its index, ``""`` where unknown."""
    bodies: dict[Function, tuple[int, ...]]
    """Which of the module's bodies a function has: its own, behind its wrapper's if it has one."""


def reachable(program: Program, roots: Iterable[Function | HostFunction]) -> list[Function]:
    """Return every function that the roots call, directly or through others, in a fixed order."""
    seen: set[Function | HostFunction] = set()
    order: list[Function] = []
    pending = [*roots]
    while pending:
        function = pending.pop()
        if function in seen:
            continue
        seen.add(function)
        if isinstance(function, Function):
            order.append(function)
            pending.extend(program.callees(function))
    return sorted(order)


def link(
    program: Program,
    *,
    exports: Iterable[str],
    exported_globals: Iterable[str],
    dropped: frozenset[int] = frozenset(),
    wrap: Callable[[Iterable[Function]], dict[Function, Wrapper]] = lambda _functions: {},
) -> Linked:
    """Link a program into one module.

    ``exports`` names functions of the glue or of a library. ``exported_globals`` names globals
    likewise. Functions of ``dropped`` instances are left out of the table. ``wrap``
    is given the functions and returns wrappers for some of them (see ``recursion``).

    Raises ``BuildError`` for an import that nothing provides.
    """
    return _Linker(program, dropped, wrap).link(tuple(exports), tuple(exported_globals))


_INLINED_BYTES = 100
"""V8 without its baseline compiler, as Envoy runs it, inlines calls of functions up to about this
size wherever they stand, which costs a third of its time to compile CPython and 25 MB, and
makes no request faster. ``nop`` costs nothing: small bodies are filled up."""


def _entry(body: bytes) -> bytes:
    """Return a body as an entry of the code section."""
    missing = max(0, _INLINED_BYTES - len(body))
    filled = body[:-1] + b"\x01" * missing + body[-1:]
    return write_u32(len(filled)) + filled


class _Linker:
    def __init__(
        self,
        program: Program,
        dropped: frozenset[int],
        wrap: Callable[[Iterable[Function]], dict[Function, Wrapper]],
    ) -> None:
        self.program = program
        self.table = {
            slot: function
            for slot, function in program.table.items()
            if not isinstance(function, Function) or function.instance not in dropped
        }
        self.wrap = wrap
        self.types: dict[FunctionType, int] = {}
        self.globals: dict[tuple[int, int], int] = {}
        self.indices: dict[Function | HostFunction, int] = {}

    def link(self, exports: tuple[str, ...], exported_globals: tuple[str, ...]) -> Linked:
        program = self.program
        roots = {name: program.symbol(name) for name in exports}
        live = reachable(
            program, [*roots.values(), *self.table.values(), program.symbol(STACK_CHECK)]
        )
        hosts = self.host_functions(live)
        numbered: list[Function | HostFunction] = [*hosts, *live]
        self.indices = {item: index for index, item in enumerate(numbered)}
        wrapped = self.wrap(live)
        bodies, places = self.bodies(live, wrapped, len(hosts))
        functions = [*live, *wrapped]
        sections = self.sections(
            [self.import_entry(item) for item in hosts],
            [write_u32(self.type_number(program.type_of(function))) for function in functions],
            self.export_entries(roots, exported_globals),
            bodies,
        )
        names = tuple(program.name_of(item) for item in (*numbered, *wrapped))
        return Linked(encode.assemble(sections), names, places)

    def host_functions(self, live: list[Function]) -> list[HostFunction]:
        """Return what the live functions and the table take from the module's host."""
        named = [callee for function in live for callee in self.program.callees(function)]
        items = (*named, *self.table.values())
        return sorted({item for item in items if isinstance(item, HostFunction)})

    def bodies(
        self, live: list[Function], wrapped: Mapping[Function, Wrapper], hosts: int
    ) -> tuple[list[bytes], dict[Function, tuple[int, ...]]]:
        """Return all bodies in order, and which of them each function has."""
        bodies = [self.rewritten(function) for function in live]
        places: dict[Function, tuple[int, ...]] = {
            function: (place,) for place, function in enumerate(live)
        }
        for function, wrapper in wrapped.items():
            # The body moves behind all others, and a wrapper takes its place and number.
            (place,) = places[function]
            moved = len(bodies)
            places[function] = (place, moved)
            bodies.append(bodies[place])
            bodies[place] = self.wrapper(function, hosts + moved, wrapper)
        return bodies, places

    def sections(
        self,
        imports: list[bytes],
        functions: list[bytes],
        exports: list[bytes],
        bodies: list[bytes],
    ) -> list[bytes]:
        """Write the sections; every type and global has its number by now."""
        program = self.program
        table = b"\x70" + encode.limits(Limits(program.table_size, None, 0))
        content = {
            SectionId.TYPE: [encode.function_type(item) for item in self.types],
            SectionId.IMPORT: imports,
            SectionId.FUNCTION: functions,
            SectionId.TABLE: [table],
            SectionId.MEMORY: [encode.limits(program.memory)],
            SectionId.GLOBAL: [self.global_entry(key) for key in self.globals],
            SectionId.EXPORT: exports,
            SectionId.ELEMENT: list(self.element_entries()),
            SectionId.CODE: [_entry(body) for body in bodies],
            SectionId.DATA: [encode.data_segment(start, data) for start, data in program.data()],
        }
        return [encode.section(number, encode.vector(items)) for number, items in content.items()]

    def import_entry(self, item: HostFunction) -> bytes:
        return encode.function_import(item.module, item.name, self.type_number(item.type))

    def export_entries(
        self, functions: Mapping[str, Function | HostFunction], names: tuple[str, ...]
    ) -> list[bytes]:
        """Write the exports: functions, globals by name, and what every image has."""
        entries = [
            encode.export(name, Kind.FUNCTION, self.indices[function])
            for name, function in functions.items()
        ]
        for name in names:
            number = self.global_number(self.program.global_symbol(name))
            entries.append(encode.export(name, Kind.GLOBAL, number))
        return [
            *entries,
            encode.export("memory", Kind.MEMORY, 0),
            encode.export("__indirect_function_table", Kind.TABLE, 0),
        ]

    def type_number(self, item: FunctionType) -> int:
        return self.types.setdefault(item, len(self.types))

    def global_number(self, key: tuple[int, int]) -> int:
        return self.globals.setdefault(key, len(self.globals))

    def global_entry(self, key: tuple[int, int]) -> bytes:
        return encode.i32_global(self.program.initial(key), mutable=self.program.is_mutable(key))

    def element_entries(self) -> Iterator[bytes]:
        """Write the table as runs of slots that follow each other."""
        run: list[bytes] = []
        first = 0
        for slot in sorted(self.table):
            if run and slot != first + len(run):
                yield self.element(first, run)
                run = []
            if not run:
                first = slot
            run.append(write_u32(self.indices[self.table[slot]]))
        if run:
            yield self.element(first, run)

    @staticmethod
    def element(first: int, run: list[bytes]) -> bytes:
        return b"\0" + encode.i32_const(first) + b"\x0b" + encode.vector(run)

    def wrapper(self, function: Function, number: int, wrapper: Wrapper) -> bytes:
        """Write the function that takes the place of another, which has a new number now."""
        parameters = len(self.program.type_of(function).parameters)
        pointer = write_u32(self.global_number(self.program.global_symbol("__stack_pointer")))

        def move(size: int, operation: bytes) -> bytes:
            return b"\x23" + pointer + encode.i32_const(size) + operation + b"\x24" + pointer

        code = [b"\0"]
        taken = 0
        while taken < wrapper.size:
            step = min(wrapper.size - taken, _LARGEST_STEP)
            taken += step
            code.append(move(step, _SUBTRACT))
            if wrapper.overflow is not None:
                # if (Py_EnterRecursiveCall(0)): at address 0, the stack's end, is an empty text
                check = write_u32(self.indices[self.program.symbol(STACK_CHECK)])
                code += [encode.i32_const(0), b"\x10", check, b"\x04\x40", move(taken, _ADD)]
                code += [encode.i32_const(wrapper.overflow), b"\x0f\x0b"]
        code += [b"\x20" + write_u32(place) for place in range(parameters)]
        code += [b"\x10", write_u32(number), move(taken, _ADD), b"\x0b"]
        return b"".join(code)

    def rewritten(self, function: Function) -> bytes:
        """Return a body with the linked module's indices and with constants folded."""
        program = self.program
        data = program.module_data(function.instance)
        start, end = program.body(function)
        out: list[bytes] = []
        copied = start
        for opcode, number, begin, after in indexed(data, start, end):
            behind = after
            if opcode == OP.CALL:
                callee = program.function(function.instance, number)
                new = b"\x10" + write_u32(self.indices[callee])
            elif opcode == OP.CALL_INDIRECT:
                item = program.type(function.instance, number)
                new = b"\x11" + write_u32(self.type_number(item)) + b"\0"
            elif opcode == OP.GLOBAL_SET:
                key = program.global_(function.instance, number)
                new = b"\x24" + write_u32(self.global_number(key))
            else:
                new, behind = self.global_get(data, function.instance, number, after)
            out += (data[copied:begin], new)
            copied = behind
        out.append(data[copied:end])
        return b"".join(out)

    def global_get(self, data: bytes, instance: int, number: int, after: int) -> tuple[bytes, int]:
        """Return what replaces a ``global.get``; a constant takes an addition behind it along."""
        key = self.program.global_(instance, number)
        if self.program.is_mutable(key):
            return b"\x23" + write_u32(self.global_number(key)), after
        value = self.program.initial(key)
        if data[after] == 0x41:
            added, behind = read_i32(data, after + 1)
            if data[behind] == 0x6A:
                return encode.i32_const((value + added) & 0xFFFF_FFFF), behind + 1
        return encode.i32_const(value), after
