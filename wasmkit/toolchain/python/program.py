"""A component's core instances and the glue as one program: who defines what.

Every name is followed through the component's wiring to the function or global that defines it,
so that the linker asks only "which function is number 17 of this instance?".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from wasmkit.errors import BuildError
from wasmkit.wasm.instructions import OP, PLAIN, br_table_end, code_start
from wasmkit.wasm.leb128 import read_i32, read_i64, read_u32, write_u32
from wasmkit.wasm.module import (
    ConstantExpression,
    FunctionType,
    Import,
    Kind,
    Limits,
    Module,
    function_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.toolchain.python.component import Component

__all__ = ["GLUE", "Function", "HostFunction", "Program"]

GLUE = -1
"""The instance number of the glue, which is not part of the component."""

_CONSTANT = -2
"""In the place of an instance: the other number is a value, and there is no global at all."""

_HOST_MODULES = ("env", "wasi_snapshot_preview1")
_LIBRARY_MODULE = "library"
"""What the glue calls the module of everything it takes from CPython and libc by name."""

_BOUND = "wasi"
"""Imports from modules that begin so are the component's own demands on its host."""


@dataclass(frozen=True, slots=True, order=True)
class Function:
    """A function by the instance that defines it and its place among that module's bodies."""

    instance: int
    body: int


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function that the linked module imports."""

    module: str
    name: str
    type: FunctionType

    def __lt__(self, other: HostFunction) -> bool:
        return (self.module, self.name) < (other.module, other.name)


def _one(imports: tuple[Import, ...], index: int) -> Import | None:
    return imports[index] if index < len(imports) else None


class Program:
    """The instances of a component that hold code, with the glue as one more instance.

    ``main`` is the instance that defines memory and table, ``libraries`` names the others.
    Raises ``BuildError`` where an import has no provider.
    """

    def __init__(self, component: Component, glue: Module) -> None:
        self.component = component
        self.glue = glue
        initialiser = self._initialiser()
        self.libraries = {
            name: number
            for name, number in component.instances[initialiser].arguments.items()
            if name != "env"
        }
        self.main = component.instances[initialiser].arguments["env"]
        self._initialiser_instance = initialiser
        self._functions: dict[tuple[int, int], Function | HostFunction] = {}
        self._globals: dict[tuple[int, int], tuple[int, int]] = {}
        self._callees: dict[Function, tuple[Function | HostFunction, ...]] = {}

    def _initialiser(self) -> int:
        """Find the instance that fills the table: the last one, which is given every library."""
        numbers = [
            number
            for number, instance in enumerate(self.component.instances)
            if instance.module is not None and "libc.so" in instance.arguments
        ]
        if not numbers:
            raise BuildError("the component holds no dynamically linked libraries")
        return numbers[-1]

    # -- instances ------------------------------------------------------------------------------

    def module(self, instance: int) -> Module:
        """Return the module that an instance was made of."""
        if instance == GLUE:
            return self.glue
        number = self.component.instances[instance].module
        assert number is not None
        return self.component.modules[number]

    def module_data(self, instance: int) -> bytes:
        """Return the bytes in which an instance's bodies stand."""
        return self.module(instance).data

    def body(self, function: Function) -> tuple[int, int]:
        """Return where a function's body stands in its module's bytes."""
        return self.module(function.instance).bodies[function.body]

    def type(self, instance: int, number: int) -> FunctionType:
        """Return a type of an instance's module."""
        item = self.module(instance).types[number]
        assert item is not None
        return item

    def type_of(self, function: Function) -> FunctionType:
        """Return a function's type."""
        module = self.module(function.instance)
        return self.type(function.instance, module.functions[function.body])

    @cached_property
    def _names(self) -> dict[int, dict[int, str]]:
        return {
            number: function_names(self.module(number))
            for number in (GLUE, self.main, *self.libraries.values())
        }

    def name_of(self, function: Function | HostFunction) -> str:
        """Return a function's name from its module's name section, or ``""``."""
        if isinstance(function, HostFunction):
            return function.name
        imported = len(self.module(function.instance).imported_functions)
        return self._names.get(function.instance, {}).get(function.body + imported, "")

    # -- following names ------------------------------------------------------------------------

    def _provided(self, instance: int, kind: Kind, item: Import) -> tuple[int, int]:
        """Return the instance and the index in its index space that provide an import."""
        arguments = self.component.instances[instance].arguments
        if item.module not in arguments:
            raise BuildError(f"nothing provides the import {item.module}.{item.name}")
        provider, name = arguments[item.module], item.name
        bag = self.component.instances[provider]
        if bag.module is None:
            found = bag.exports.get((kind, name))
            if found is None or found.instance < 0:
                raise BuildError(f"nothing provides the import {item.module}.{item.name}")
            provider, name = found.instance, found.name
        return provider, self._exports(provider).get((kind, name), -1)

    def _exports(self, instance: int) -> dict[tuple[Kind, str], int]:
        return self._export_tables[instance]

    @cached_property
    def _export_tables(self) -> dict[int, dict[tuple[Kind, str], int]]:
        tables = {
            number: {
                (item.kind, item.name): item.index
                for item in self.component.modules[instance.module].exports
            }
            for number, instance in enumerate(self.component.instances)
            if instance.module is not None
        }
        tables[GLUE] = {(item.kind, item.name): item.index for item in self.glue.exports}
        return tables

    def function(self, instance: int, index: int) -> Function | HostFunction:
        """Return the function that an instance's function index means in the end."""
        key = (instance, index)
        if key not in self._functions:
            self._functions[key] = self._follow_function(instance, index)
        return self._functions[key]

    def _follow_function(self, instance: int, index: int) -> Function | HostFunction:
        module = self.module(instance)
        item = _one(module.imported_functions, index)
        if item is None:
            own = Function(instance, index - len(module.imported_functions))
            return self._through_trampoline(own)
        if instance == GLUE:
            return self._glue_import(item)
        if item.module.startswith(_BOUND):
            return self._bound(item)
        provider, number = self._provided(instance, Kind.FUNCTION, item)
        if number < 0:
            raise BuildError(f"nothing provides the function {item.module}.{item.name}")
        return self.function(provider, number)

    def _bound(self, item: Import) -> Function | HostFunction:
        name = f"{item.module.partition('@')[0]}#{item.name}"
        number = self._exports(GLUE).get((Kind.FUNCTION, name))
        if number is None:
            raise BuildError(f"the glue does not bind {name}, which a library imports")
        return self.function(GLUE, number)

    def _glue_import(self, item: Import) -> Function | HostFunction:
        if item.module == _LIBRARY_MODULE:
            return self.symbol(item.name)
        if item.module not in _HOST_MODULES:
            raise BuildError(f"the glue imports {item.module}.{item.name}, which no host has")
        assert isinstance(item.type, int)
        return HostFunction(item.module, item.name, self.type(GLUE, item.type))

    def _through_trampoline(self, own: Function) -> Function | HostFunction:
        """Return what a function of ``main`` calls that only calls through a table slot."""
        if own.instance != self.main:
            return own
        data = self.module_data(self.main)
        start, end = self.body(own)
        parameters = range(len(self.type_of(own).parameters))
        # No locals, each parameter in turn, the slot.
        head = b"\0" + b"".join(b"\x20" + write_u32(place) for place in parameters) + b"\x41"
        if not data.startswith(head, start):
            return own
        slot, position = read_i32(data, start + len(head))
        if data[position] != OP.CALL_INDIRECT:
            return own
        _, position = read_u32(data, position + 1)
        only_that = position + 2 == end  # the table's index and the body's end
        return self.table.get(slot, own) if only_that else own

    def symbol(self, name: str) -> Function | HostFunction:
        """Return the function that the glue or a library exports under a name."""
        for instance in (GLUE, *self.libraries.values()):
            number = self._exports(instance).get((Kind.FUNCTION, name))
            if number is not None:
                return self.function(instance, number)
        raise BuildError(f"no library exports the function {name}")

    # -- globals --------------------------------------------------------------------------------

    def global_(self, instance: int, index: int) -> tuple[int, int]:
        """Return the (instance, index among its own globals) that a global index means."""
        key = (instance, index)
        if key not in self._globals:
            self._globals[key] = self._follow_global(instance, index)
        return self._globals[key]

    def _follow_global(self, instance: int, index: int) -> tuple[int, int]:
        imports = self.module(instance).imported(Kind.GLOBAL)
        item = _one(imports, index)
        if item is None:
            return instance, index - len(imports)
        if instance == GLUE:
            assert isinstance(item.type, tuple)
            mutable = item.type[1]
            return self.global_symbol(item.name) if mutable else self._address(item.name)
        provider, number = self._provided(instance, Kind.GLOBAL, item)
        if number < 0:
            raise BuildError(f"nothing provides the global {item.module}.{item.name}")
        return self.global_(provider, number)

    def global_symbol(self, name: str) -> tuple[int, int]:
        """Return the global that the glue, ``main`` or a library exports under a name."""
        for instance in (GLUE, self.main, *self.libraries.values()):
            number = self._exports(instance).get((Kind.GLOBAL, name))
            if number is not None:
                return self.global_(instance, number)
        raise BuildError(f"no library exports the global {name}")

    def _address(self, name: str) -> tuple[int, int]:
        """Return a constant for the address of a library's data, as the glue names it.

        A library exports the place of its data in its own part of the memory; ``main`` exports
        where that part begins.
        """
        for library, instance in self.libraries.items():
            number = self._exports(instance).get((Kind.GLOBAL, name))
            if number is not None:
                place = self.initial(self.global_(instance, number))
                base = self.initial(self.global_symbol(f"{library}:memory_base"))
                return _CONSTANT, place + base
        raise BuildError(f"no library exports the data {name}")

    def initial(self, key: tuple[int, int]) -> int:
        """Return the value that a global has, as an unsigned 32-bit integer."""
        if key[0] == _CONSTANT:
            return key[1]
        return self.evaluate(key[0], self.module(key[0]).globals[key[1]].initial)

    @cached_property
    def _written(self) -> frozenset[tuple[int, int]]:
        """Globals that some function writes, the component's initialiser apart.

        The initialiser filled the global offset tables before the component was
        pre-initialised; their values stand in ``main`` now.
        """
        written = set()
        for instance in (GLUE, self.main, *self.libraries.values()):
            module = self.module(instance)
            for start, end in module.bodies:
                for opcode, number, _, _ in indexed(module.data, start, end):
                    if opcode == OP.GLOBAL_SET:
                        written.add(self.global_(instance, number))
        return frozenset(written)

    def is_mutable(self, key: tuple[int, int]) -> bool:
        """Say whether a global can change, so that its value must not be folded into code."""
        exported = key[0] == GLUE and self.glue.globals[key[1]].mutable
        return exported or key in self._written

    def evaluate(self, instance: int, expression: ConstantExpression) -> int:
        """Evaluate an initialiser: constants, globals and sums of them."""
        stack: list[int] = []
        code = expression.code
        position = 0
        while position < len(code):
            opcode = code[position]
            position += 1
            if opcode in (0x41, 0x42):
                value, position = read_i64(code, position)
                stack.append(value)
            elif opcode == OP.GLOBAL_GET:
                index, position = read_u32(code, position)
                stack.append(self.initial(self.global_(instance, index)))
            elif opcode == 0x6A:
                right = stack.pop()
                stack.append(stack.pop() + right)
            else:
                raise BuildError(f"an initialiser holds the instruction {opcode:#x}")
        return stack.pop() & 0xFFFF_FFFF

    # -- memory and table -----------------------------------------------------------------------

    @property
    def memory(self) -> Limits:
        """The memory's size."""
        return self.module(self.main).memories[0]

    def data(self) -> Iterator[tuple[int, bytes]]:
        """Yield the pieces of the pre-initialised memory with their addresses."""
        module = self.module(self.main)
        for segment in module.data_segments:
            assert segment.offset is not None
            yield segment.offset.value & 0xFFFF_FFFF, module.data[segment.start : segment.end]

    @cached_property
    def table_size(self) -> int:
        """The table's size, with the glue's slots at its end."""
        slots = sum(len(segment.functions) for segment in self.glue.elements)
        return self._main_table_size + slots

    @property
    def _main_table_size(self) -> int:
        return self.module(self.main).tables[0].limits.minimum

    @cached_property
    def table(self) -> dict[int, Function | HostFunction]:
        """What each slot of the table holds."""
        table: dict[int, Function | HostFunction] = {}
        pending = list(self._table_entries())
        # Trampolines are followed through the table itself, so the libraries' own functions,
        # which need no following, go in first.
        for slot, instance, index in pending:
            imported = len(self.module(instance).imported_functions)
            if index >= imported:
                table[slot] = Function(instance, index - imported)
        self.__dict__["table"] = table
        for slot, instance, index in pending:
            if slot not in table:
                table[slot] = self.function(instance, index)
        return table

    def _table_entries(self) -> Iterator[tuple[int, int, int]]:
        """Yield (slot, instance, function index) of everything that is put into the table."""
        for instance in (*self.libraries.values(), self._initialiser_instance):
            for segment in self.module(instance).elements:
                assert segment.offset is not None
                slot = self.evaluate(instance, segment.offset)
                for place, index in enumerate(segment.functions):
                    if index is not None:
                        yield slot + place, instance, index
        for slot, index in self._glue_entries():
            yield slot, GLUE, index

    def _glue_entries(self) -> Iterator[tuple[int, int]]:
        """Yield (slot, function index) of the glue's functions, which stand behind all others."""
        slot = self._main_table_size
        for segment in self.glue.elements:
            for index in segment.functions:
                assert index is not None
                yield slot, index
                slot += 1

    def glue_slots(self) -> dict[str, int]:
        """Return the table slots of the glue's functions by their names in its name section."""
        names = self._names[GLUE]
        return {names.get(index, ""): slot for slot, index in self._glue_entries()}

    # -- calls ----------------------------------------------------------------------------------

    def callees(self, function: Function) -> tuple[Function | HostFunction, ...]:
        """Return the functions that a function calls directly."""
        if function not in self._callees:
            data = self.module_data(function.instance)
            start, end = self.body(function)
            numbers = {
                number for opcode, number, _, _ in indexed(data, start, end) if opcode == OP.CALL
            }
            self._callees[function] = tuple(
                self.function(function.instance, number) for number in sorted(numbers)
            )
        return self._callees[function]


def indexed(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (opcode, index, begin, end) of a body's instructions that name something by index."""
    position = code_start(data, start)
    match = PLAIN.match
    while True:
        found = match(data, position, end)
        assert found is not None  # the pattern matches the empty string too
        position = found.end()
        if position >= end:
            return
        opcode = data[position]
        if opcode == OP.BR_TABLE:
            position = br_table_end(data, position)
            continue
        begin = position
        number, position = read_u32(data, position + 1)
        if opcode == OP.CALL_INDIRECT:
            _, position = read_u32(data, position)
        elif opcode not in (OP.CALL, OP.GLOBAL_GET, OP.GLOBAL_SET):
            raise BuildError(f"unknown instruction {opcode:#x} at byte {begin} of a library")
        yield opcode, number, begin, position
