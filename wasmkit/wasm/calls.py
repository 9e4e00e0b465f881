"""What a function calls when it runs, as far as its code alone tells.

Envoy restricts what a module may call while it starts. Two answers bound the truth: what is
called for certain, before the first branch, and what may be called at all.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.wasm.encodings import instruction_end, instructions_start
from wasmkit.wasm.leb128 import read_u32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.wasm.parts import Import, Module

__all__ = ["CertainRun", "PossibleCalls", "certain_run", "possible_calls"]

_CALL, _RETURN_CALL = 0x10, 0x12
_INDIRECT = frozenset({0x11, 0x13, 0x14, 0x15})
_BLOCK, _END, _RETURN = 0x02, 0x0B, 0x0F
_UNREACHABLE = 0x00
_BRANCHES = frozenset(
    {0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x0E, 0x18, 0x19, 0x1F}
    | {0xD4, 0xD5, 0xD6, 0xFB}
)
"""Instructions behind which the next one may not be the next to run; calls by reference aside."""

_MAX_DEPTH = 50
_MAX_STEPS = 10_000
_MAX_INSTRUCTIONS = 200_000


@dataclass(frozen=True, slots=True)
class CertainRun:
    """Imported functions that are called in any case, in order; ``traps``: and then it traps."""

    imports: tuple[Import, ...]
    traps: bool


@dataclass(frozen=True, slots=True)
class PossibleCalls:
    """Imported functions that may be called; ``unknown`` if there may be others than these."""

    imports: tuple[Import, ...]
    unknown: bool


class _BranchError(Exception):
    """The way on is no longer certain."""


def certain_run(module: Module, function: int) -> CertainRun:
    """Return what a function does whenever it runs, up to its first branch.

    A trap by an operand (a division, an address) is left out of account.
    """
    walk = _Walk(module)
    with suppress(_BranchError, ValueError):  # what was found before is certain all the same
        walk.follow(function, 0)
    return CertainRun(tuple(walk.called), walk.traps)


class _Walk:
    """Goes the way that a function goes for certain, into the functions that it calls."""

    def __init__(self, module: Module) -> None:
        self.called: list[Import] = []
        self.traps = False
        self._module = module
        self._left = _MAX_STEPS

    def follow(self, function: int, depth: int) -> None:
        """Go through one function; raises ``_BranchError`` where the way parts."""
        module = self._module
        if function < len(module.imported_functions):
            self.called.append(module.imported_functions[function])
            return
        blocks = 0
        for opcode, position in _instructions(module, function):
            self._left -= 1
            if opcode == _UNREACHABLE:
                self.traps = True
                raise _BranchError
            if opcode in _BRANCHES or opcode in _INDIRECT or depth > _MAX_DEPTH or not self._left:
                raise _BranchError
            if opcode in (_CALL, _RETURN_CALL):
                self.follow(_operand(module, position), depth + 1)
            blocks += opcode == _BLOCK
            if opcode in (_RETURN, _RETURN_CALL) or (opcode == _END and not blocks):
                return
            blocks -= opcode == _END


def possible_calls(module: Module, function: int) -> PossibleCalls:
    """Return the imported functions that can be reached from a function by direct calls."""
    reached = {function}
    waiting = [function]
    unknown = False
    left = _MAX_INSTRUCTIONS
    try:
        while waiting and left:
            for opcode, position in _instructions(module, waiting.pop()):
                left -= 1
                if not left:
                    break
                if opcode in (_CALL, _RETURN_CALL):
                    callee = _operand(module, position)
                    if callee not in reached:
                        reached.add(callee)
                        waiting.append(callee)
                elif opcode in _INDIRECT:
                    unknown = True
    except ValueError:
        unknown = True
    imports = tuple(
        item for number, item in enumerate(module.imported_functions) if number in reached
    )
    return PossibleCalls(imports, unknown or not left)


def _operand(module: Module, position: int) -> int:
    return read_u32(module.data, position + 1)[0]


def _instructions(module: Module, function: int) -> Iterator[tuple[int, int]]:
    """Yield (opcode, position) for each instruction; an import or an absent function has none."""
    body = module.body(function)
    if body is None:
        return
    start, end = body
    position, _ = instructions_start(module.data, start, end)
    while position < end:
        following, _ = instruction_end(module.data, position, end)
        yield module.data[position], position
        position = following
