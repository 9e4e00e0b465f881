"""Finds the code that a filter can never run, so that Envoy need not compile it.

Envoy compiles a module whole before it serves, so code costs start time and memory. Most of
CPython's extension modules are not imported by a filter, and after the snapshot an import of
them can only fail. What they alone use is cut: its bodies become ``unreachable``; numbers and
table stay as they are.

Which functions those are is found by following references from everything that stays, as a
garbage collector would. Only what CPython's build links behind its core can be cut at all: the
objects of ``Modules/`` and the libraries bundled with them. References are calls, and table
slots and addresses of static data that code names. Data is followed through the relocations that
filled it, in pieces; each piece begins where something is sure to point, and belongs to one
object, since only an object's own source file points into the middle of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeGuard

from wasmkit.errors import BuildError
from wasmkit.toolchain.python.program import Function
from wasmkit.wasm.instructions import OP, PLAIN_BUT_I32_CONST, br_table_end, code_start
from wasmkit.wasm.leb128 import read_i32, read_u32, write_u32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wasmkit.toolchain.python.program import Program
    from wasmkit.wasm.module import Module

__all__ = ["Cuts", "Reachability", "find_cuts", "without_bodies"]

_LIBRARY = "libpython3.14.so"
_INITIALISER = "PyInit_"
_FIRST_BEHIND_CORE = ("pysqlite_", "_pysqlite_")
"""CPython's build links ``Modules/_sqlite`` first behind the core and its own builtin modules."""

_RELOCATIONS = "__wasm_apply_data_relocs"
_I32_CONST, _I32_ADD, _I32_STORE = 0x41, 0x6A, 0x36

_LEAST_OFFSET = 1 << 16
"""A constant below this is as likely a number as a place in the library's data."""


@dataclass(frozen=True, slots=True)
class _References:
    """The slots and static addresses that a body names; ``exact`` addresses begin something."""

    values: frozenset[int]
    exact: frozenset[int]


class Reachability:
    """Which functions behind CPython's core are needed for which extension modules.

    Raises ``BuildError`` if the library's relocations are not as wasm-ld writes them.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._instance = program.libraries[_LIBRARY]
        self._module = program.module(self._instance)
        bodies = range(len(self._module.bodies))
        self._functions = [Function(self._instance, body) for body in bodies]
        self._names = [program.name_of(function) for function in self._functions]
        self._first = next(
            (body for body in bodies if self._names[body].startswith(_FIRST_BEHIND_CORE)),
            len(bodies),
        )
        bases = ("memory_base", "table_base")
        self._memory_base, self._table_base = (
            program.initial(program.global_symbol(f"{_LIBRARY}:{base}")) for base in bases
        )
        self._relocated = self._read_relocations()
        self._references = {
            function: self._read(function)
            for function, name in zip(self._functions, self._names, strict=True)
            if name != _RELOCATIONS
        }

    @property
    def behind_core(self) -> list[Function]:
        """All functions that can be cut."""
        return self._functions[self._first :]

    @property
    def modules(self) -> dict[str, Function]:
        """The extension modules behind the core, with their initialisers."""
        return {
            name.removeprefix(_INITIALISER): function
            for function, name in zip(self._functions, self._names, strict=True)
            if name.startswith(_INITIALISER) and function.body >= self._first
        }

    def needed_by_core(self) -> set[Function]:
        """Return the functions behind the core that the core and all other libraries need."""
        program = self._program
        others = {*program.libraries.values(), program.main, -1} - {self._instance}
        core = {
            function
            for function, name in zip(self._functions, self._names, strict=True)
            if function.body < self._first and name != _RELOCATIONS
        }
        for instance in others:
            core |= {
                Function(instance, body) for body in range(len(program.module(instance).bodies))
            }
        return self.needed(core)

    def needed(self, functions: Iterable[Function]) -> set[Function]:
        """Return the functions behind the core that these functions need, in any number of steps.

        The initialisers of extension modules are not followed from the table in which CPython
        keeps them: a module that a filter did not import stays unimported.
        """
        seen: set[Function] = set()
        pieces: set[int] = set()
        pending = list(functions)
        while pending:
            function = pending.pop()
            if function in seen:
                continue
            seen.add(function)
            pending += filter(self._can_be_cut, self._program.callees(function))
            if function in self._references:
                pending += self._behind(self._references[function].values, pieces)
        return {function for function in seen if self._can_be_cut(function)}

    def _can_be_cut(self, item: object) -> TypeGuard[Function]:
        if not isinstance(item, Function):
            return False
        return item.instance == self._instance and item.body >= self._first

    def _behind(self, values: Iterable[int], pieces: set[int]) -> Iterator[Function]:
        """Yield the functions in slots, and those that static data leads to."""
        pending = list(values)
        while pending:
            value = pending.pop()
            if value >= self._memory_base:
                piece = self._piece(value)
                if piece not in pieces:
                    pieces.add(piece)
                    pending += self._pieces.get(piece, ())
                continue
            function = self._program.table.get(value)
            if self._can_be_cut(function) and not self._is_initialiser(function):
                yield function

    def _is_initialiser(self, function: Function) -> bool:
        return self._names[function.body].startswith(_INITIALISER)

    # -- static data ----------------------------------------------------------------------------

    @cached_property
    def _boundaries(self) -> list[int]:
        known = {value for value in self._relocated.values() if value >= self._memory_base}
        for references in self._references.values():
            known |= references.exact
        return sorted(known)

    def _piece(self, address: int) -> int:
        return bisect_right(self._boundaries, address) - 1

    @cached_property
    def _pieces(self) -> dict[int, list[int]]:
        pieces: dict[int, list[int]] = defaultdict(list)
        for address, value in self._relocated.items():
            pieces[self._piece(address)].append(value)
        return pieces

    def _read_relocations(self) -> dict[int, int]:
        """Run the function that filled the library's static data: constants, sums and stores."""
        data = self._module.data
        start, end = self._module.bodies[self._names.index(_RELOCATIONS)]
        position = code_start(data, start)
        stack: list[int] = []
        found: dict[int, int] = {}
        while position < end - 1:
            opcode = data[position]
            if opcode == _I32_CONST:
                value, position = read_i32(data, position + 1)
                stack.append(value)
            elif opcode == OP.GLOBAL_GET:
                number, position = read_u32(data, position + 1)
                stack.append(self._program.initial(self._program.global_(self._instance, number)))
            elif opcode == _I32_ADD:
                position += 1
                right = stack.pop()
                stack.append(stack.pop() + right)
            elif opcode == _I32_STORE:
                _, position = read_u32(data, position + 1)
                offset, position = read_u32(data, position)
                value = stack.pop()
                found[(stack.pop() + offset) & 0xFFFF_FFFF] = value & 0xFFFF_FFFF
            else:
                raise BuildError(f"{_RELOCATIONS} holds the instruction {opcode:#x}")
        return found

    # -- code -----------------------------------------------------------------------------------

    def _read(self, function: Function) -> _References:
        """Read what a body names.

        ``global.get base; i32.const n; i32.add`` names base + n for sure. A base that is kept in
        a local may be added to any constant of the body; a large one is hardly anything else.
        """
        data = self._module.data
        exact: set[int] = set()
        bases: set[int] = set()
        constants: set[int] = set()
        start, end = self._program.body(function)
        position = code_start(data, start)
        while (position := PLAIN_BUT_I32_CONST.match(data, position, end).end()) < end:  # type: ignore[union-attr]  # the pattern matches the empty string
            opcode = data[position]
            if opcode == OP.BR_TABLE:
                position = br_table_end(data, position)
                continue
            if opcode == _I32_CONST:
                value, position = read_i32(data, position + 1)
                constants.add(value)
                continue
            number, position = read_u32(data, position + 1)
            if opcode == OP.CALL_INDIRECT:
                _, position = read_u32(data, position)
            elif opcode == OP.GLOBAL_GET:
                key = self._program.global_(self._instance, number)
                if not self._program.is_mutable(key):
                    self._name(self._program.initial(key), data, position, exact, bases)
        sums = {base + constant for base in bases for constant in constants}
        exact |= {value for value in sums if value >= self._memory_base + _LEAST_OFFSET}
        named = frozenset(value for value in exact if value >= self._memory_base)
        return _References(frozenset(exact | sums), named)

    def _name(
        self, value: int, data: bytes, position: int, exact: set[int], bases: set[int]
    ) -> None:
        if data[position] == _I32_CONST:
            added, behind = read_i32(data, position + 1)
            if data[behind] == _I32_ADD:
                exact.add((value + added) & 0xFFFF_FFFF)
                return
        if value in (self._memory_base, self._table_base):
            bases.add(value)
        else:
            exact.add(value)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Which bodies of a linked module can be cut, and which of them what needs, by number."""

    all: frozenset[int]
    core: frozenset[int]
    modules: Mapping[str, frozenset[int]]

    def for_modules(self, imported: Iterable[str]) -> frozenset[int]:
        """Return the bodies that a filter with these modules in ``sys.modules`` can never run."""
        needed = [self.modules[name] for name in imported if name in self.modules]
        return self.all - self.core.union(*needed)

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        modules = {name: sorted(bodies) for name, bodies in self.modules.items()}
        return {"all": sorted(self.all), "core": sorted(self.core), "modules": modules}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Cuts:
        """Read what ``to_json`` wrote."""
        modules = {name: frozenset(bodies) for name, bodies in value["modules"].items()}
        return cls(frozenset(value["all"]), frozenset(value["core"]), modules)


def find_cuts(program: Program, bodies: Mapping[Function, tuple[int, ...]]) -> Cuts:
    """Return what can be cut of a linked program; ``bodies`` are those of ``linker.Linked``."""
    reachability = Reachability(program)

    def numbers(functions: Iterable[Function]) -> frozenset[int]:
        return frozenset(number for item in functions for number in bodies.get(item, ()))

    return Cuts(
        numbers(reachability.behind_core),
        numbers(reachability.needed_by_core()),
        {
            name: numbers(reachability.needed([initialiser]))
            for name, initialiser in reachability.modules.items()
        },
    )


def without_bodies(module: Module, cut: Iterable[int]) -> bytes:
    """Return a code section's content in which these bodies, by number, only trap."""
    left_out = set(cut)
    data = module.data
    parts = [write_u32(len(module.bodies))]
    for number, (start, end) in enumerate(module.bodies):
        body = b"\0\0\x0b" if number in left_out else data[start:end]
        parts += (write_u32(len(body)), body)
    return b"".join(parts)
