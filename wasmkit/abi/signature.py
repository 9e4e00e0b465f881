"""The shape of a host function and of a callback: parameters by kind, result, versions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from wasmkit.abi.constants import ABI_VERSIONS, BufferType, HeaderMapType, LogLevel, Status

if TYPE_CHECKING:
    from enum import IntEnum

    from wasmkit.abi.capabilities import Meaning

__all__ = [
    "ALL_CONTEXTS",
    "ENUMERATIONS",
    "Callback",
    "ContextKind",
    "HostFunction",
    "Kind",
    "Matter",
    "Parameter",
    "Result",
]


class Kind(Enum):
    """What a parameter is; the value is its name in a row and the integers that carry it.

    Letters are ``i`` for an i32, ``I`` for an i64 and ``p`` for an i32 that is an address.
    """

    U32 = ("u32", "i")
    U64 = ("u64", "I")
    LOG_LEVEL = ("log_level", "i")
    HEADER_MAP = ("header_map", "i")
    BUFFER = ("buffer", "i")
    POINTER = ("pointer", "p")
    """An address of whatever WASI says."""
    TEXT = ("text", "pi")
    """Bytes that are read; text in Python. So are the next two, which stay bytes."""
    BYTES = ("bytes", "pi")
    PAIRS = ("pairs", "pi")
    OUT_TEXT = ("out_text", "pp")
    """Where the host writes the address and the length of a result that it has allocated."""
    OUT_BYTES = ("out_bytes", "pp")
    OUT_U32 = ("out_u32", "p")
    OUT_U64 = ("out_u64", "p")
    OUT_ZERO = ("out_zero", "p")
    """A u32 for which the ABI defines no value; 0 is written."""

    def __init__(self, word: str, integers: str) -> None:
        self.word = word
        self.integers = integers

    @property
    def is_read(self) -> bool:
        """Whether it is bytes that the host reads."""
        return self in (Kind.TEXT, Kind.BYTES, Kind.PAIRS)

    @property
    def is_out(self) -> bool:
        """Whether the host writes there."""
        return self.word.startswith("out_")


ENUMERATIONS: dict[Kind, type[IntEnum]] = {
    Kind.LOG_LEVEL: LogLevel,
    Kind.HEADER_MAP: HeaderMapType,
    Kind.BUFFER: BufferType,
}
"""Kinds whose number Envoy checks before it looks at memory; another is a bad argument."""


class Result(StrEnum):
    """What the returned i32 means."""

    NOTHING = "nothing"
    """None is returned."""
    STATUS = "status"
    NUMBER = "number"
    ACTION = "action"
    TRUTH = "truth"


class ContextKind(StrEnum):
    """The kinds of contexts in which a function does something or a callback is called."""

    ROOT = "root"
    HTTP = "http"
    TCP = "tcp"


ALL_CONTEXTS = frozenset(ContextKind)


class Matter(StrEnum):
    """What a host function reads or writes."""

    BODIES = "bodies"
    CLOCK = "clock"
    CONFIGURATION = "configuration"
    CONTEXTS = "contexts"
    ENVIRONMENT = "environment"
    FILES = "files"
    HEADERS = "headers"
    LOG = "log"
    METRICS = "metrics"
    PROPERTIES = "properties"
    QUEUES = "queues"
    RANDOM = "random numbers"
    ROUTE = "route"
    SERVICES = "services"
    SHARED_DATA = "shared data"
    STREAM = "stream"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a host function, which is one or two integers."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function that a module may import.

    ``absent`` is the status by which the host says that the value is not there; the SDK gives
    None for it instead of an error. ``contexts`` are those in which the call has an effect.
    """

    name: str
    module: str
    parameters: tuple[Parameter, ...]
    meaning: Meaning | None
    result: Result = Result.STATUS
    versions: tuple[str, ...] = ABI_VERSIONS
    absent: Status | None = None
    reads: tuple[Matter, ...] = ()
    writes: tuple[Matter, ...] = ()
    contexts: frozenset[ContextKind] = ALL_CONTEXTS

    @property
    def method(self) -> str:
        """The name of its implementation in ``wasmkit.host.calls.Calls``."""
        return self.name.removeprefix("proxy_")

    @property
    def integers(self) -> str:
        """One letter for each integer that crosses: ``i``, ``I``, or ``p`` for an address."""
        return "".join(parameter.kind.integers for parameter in self.parameters)

    @property
    def parameter_types(self) -> list[str]:
        """The types of its parameters in WebAssembly."""
        return ["i64" if letter == "I" else "i32" for letter in self.integers]

    @property
    def result_types(self) -> list[str]:
        """The types of its results in WebAssembly."""
        return [] if self.result is Result.NOTHING else ["i32"]

    @property
    def inputs(self) -> tuple[Parameter, ...]:
        """What the caller gives, without what the host writes."""
        return tuple(item for item in self.parameters if not item.kind.is_out)

    @property
    def outputs(self) -> tuple[Parameter, ...]:
        """What the host writes and Python gets: one value, or a tuple of them."""
        return tuple(
            item for item in self.parameters if item.kind.is_out and item.kind is not Kind.OUT_ZERO
        )


@dataclass(frozen=True, slots=True)
class Callback:
    """A function that a module may export; all its parameters are i32.

    ``since_0_2_0`` of the parameters, the last ones, are not there in ABI 0.1.0.
    """

    name: str
    parameters: tuple[str, ...]
    result: Result
    meaning: Meaning | None = None
    versions: tuple[str, ...] = ABI_VERSIONS
    contexts: frozenset[ContextKind] = ALL_CONTEXTS
    since_0_2_0: int = 0

    def count(self, abi_version: str) -> int:
        """Return its number of parameters in a version of the ABI."""
        return len(self.parameters) - (self.since_0_2_0 if abi_version == "0.1.0" else 0)

    def parameter_types(self, abi_version: str) -> list[str]:
        """Return the types of its parameters in WebAssembly."""
        return ["i32"] * self.count(abi_version)

    @property
    def result_types(self) -> list[str]:
        """The types of its results in WebAssembly."""
        return [] if self.result is Result.NOTHING else ["i32"]
