"""What a module may do, in plain words: its imports and callbacks by what they mean.

An import is also what Envoy's ``capability_restriction_config`` allows or forbids, so the names
stand behind the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmkit.abi.callbacks import CALLBACKS
from wasmkit.abi.capabilities import REACHING_OUT, Meaning
from wasmkit.abi.functions import HOST_FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmkit.abi.signature import Callback, HostFunction

__all__ = ["Capability", "capabilities_of"]


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a module can do, and the functions of it that it imports or exports.

    ``reaches_out``: to others than the client and the upstream whose traffic passes.
    """

    text: str
    functions: tuple[str, ...]
    reaches_out: bool = False


def capabilities_of(imports: Iterable[str], callbacks: Iterable[str] = ()) -> list[Capability]:
    """Group imported functions and exported callbacks by what they mean.

    Imports are bare names (``proxy_log``). What reaches out comes first, the unknown last;
    exports other than callbacks say nothing and are left out, and so is what every module has.
    """
    imported, called = set(imports), set(callbacks)
    rows: list[HostFunction | Callback] = [
        *(row for name, row in HOST_FUNCTIONS.items() if name in imported),
        *(row for name, row in CALLBACKS.items() if name in called),
    ]
    groups = {meaning: [row.name for row in rows if row.meaning is meaning] for meaning in Meaning}
    groups[Meaning.UNKNOWN] = sorted(imported - HOST_FUNCTIONS.keys())
    return [
        Capability(meaning.value, tuple(names), meaning in REACHING_OUT)
        for meaning, names in groups.items()
        if names
    ]
