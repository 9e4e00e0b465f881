"""Reads the core half of a WebAssembly component: its modules and how they are wired.

componentize-py's component holds CPython, its libraries and glue as core modules that share one
memory; the linker makes one module of them. Only sections that number core things are read
(component-model ``design/mvp/Binary.md``); types, interfaces and nested components are skipped,
because the linker replaces everything that the component asks of its host.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wasmkit.errors import BuildError
from wasmkit.wasm.leb128 import read_u32
from wasmkit.wasm.module import Kind, Module, read_module

__all__ = ["Component", "CoreInstance", "Provider", "read_component"]

_MAGIC = b"\0asm\x0d\0\x01\0"


@dataclass(frozen=True, slots=True)
class Provider:
    """An export of a core instance, which provides an import of another.

    ``instance`` is -1 for a function of the component's host.
    """

    instance: int
    name: str


_HOST = Provider(-1, "")


@dataclass(frozen=True, slots=True)
class CoreInstance:
    """A module with the instances that its imports' module names mean, or a bag of exports.

    ``module`` is None for a bag, whose ``exports`` say where each thing comes from.
    """

    module: int | None
    arguments: dict[str, int] = field(default_factory=dict)
    exports: dict[tuple[Kind, str], Provider] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Component:
    """Core modules by index (nested components' not counted) and core instances by index."""

    modules: tuple[Module, ...]
    instances: tuple[CoreInstance, ...]


class _Reader:
    """A cursor with the core index spaces that the component's definitions fill in order."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.modules: list[Module] = []
        self.instances: list[CoreInstance] = []
        self.spaces: dict[Kind, list[Provider]] = {kind: [] for kind in Kind}

    def byte(self) -> int:
        value = self.data[self.position]
        self.position += 1
        return value

    def u32(self) -> int:
        value, self.position = read_u32(self.data, self.position)
        return value

    def end_of(self, size: int) -> int:
        """Return where that many bytes end from here on."""
        if size > len(self.data) - self.position:
            raise IndexError
        return self.position + size

    def name(self) -> str:
        size = self.u32()
        start, self.position = self.position, self.end_of(size)
        return self.data[start : self.position].decode()

    def core_module(self, end: int) -> None:
        self.modules.append(read_module(self.data[self.position : end]))
        self.position = end

    def core_instances(self) -> None:
        for _ in range(self.u32()):
            form = self.byte()
            if form == 0:
                module = self.u32()
                arguments = {}
                for _ in range(self.u32()):
                    name = self.name()
                    self.byte()  # 0x12: an instance, the only sort there is
                    arguments[name] = self.u32()
                self.instances.append(CoreInstance(module, arguments))
            elif form == 1:
                exports = {}
                for _ in range(self.u32()):
                    name = self.name()
                    kind = Kind(self.byte())
                    exports[kind, name] = self.provider(kind)
                self.instances.append(CoreInstance(None, exports=exports))
            else:
                raise ValueError(f"a core instance has the unknown form {form}")

    def provider(self, kind: Kind) -> Provider:
        index = self.u32()
        space = self.spaces[kind]
        if index >= len(space):
            raise ValueError(f"there is no core {kind.name.lower()} {index}")
        return space[index]

    def aliases(self) -> None:
        for _ in range(self.u32()):
            sort = self.byte()
            core_sort = self.byte() if sort == 0 else -1
            target = self.byte()
            if target == 2:  # of an outer component: never a core item of ours
                self.u32()
                self.u32()
                continue
            instance = self.u32()
            name = self.name()
            if target == 1:
                self.spaces[Kind(core_sort)].append(Provider(instance, name))

    def canonical_functions(self) -> None:
        for _ in range(self.u32()):
            form = self.byte()
            if form == 0:  # lift: a component function, which the linker has no use for
                self.byte()
                self.u32()
                self.options()
                self.u32()
                continue
            if form == 1:  # lower
                self.byte()
                self.u32()
                self.options()
            elif form in (2, 3, 4):  # resource.new, resource.drop, resource.rep
                self.u32()
            else:
                raise ValueError(f"a canonical definition has the unknown form {form}")
            self.spaces[Kind.FUNCTION].append(_HOST)

    def options(self) -> None:
        for _ in range(self.u32()):
            if self.byte() in (3, 4, 5, 7):  # memory, realloc, post-return, callback: an index
                self.u32()

    def section(self, number: int, end: int) -> None:
        if number == 1:
            self.core_module(end)
        elif number == 2:
            self.core_instances()
        elif number == 6:
            self.aliases()
        elif number == 8:
            self.canonical_functions()
        else:
            self.position = end
        if self.position != end:
            raise ValueError(f"section {number} does not end where it says")


def read_component(data: bytes) -> Component:
    """Read a component's core modules and core instances.

    Raises ``BuildError`` naming the byte at which reading failed, and ``GuestModuleError`` if a
    core module inside is malformed.
    """
    if data[:8] != _MAGIC:
        raise BuildError("componentize-py made no WebAssembly component of the known version")
    reader = _Reader(data)
    reader.position = 8
    try:
        while reader.position < len(data):
            number = reader.byte()
            size = reader.u32()
            reader.section(number, reader.end_of(size))
    except (IndexError, ValueError) as error:
        reason = "it is cut short" if isinstance(error, IndexError) else str(error)
        raise BuildError(
            f"the component is malformed at byte {reader.position}: {reason}"
        ) from error
    return Component(tuple(reader.modules), tuple(reader.instances))
