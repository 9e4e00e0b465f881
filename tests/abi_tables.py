"""The tables in ``docs`` of host functions, callbacks and hosts, made from their rows and data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.callbacks import CALLBACKS, ENTRY_POINTS
from wasmkit.abi.capabilities import REACHING_OUT
from wasmkit.abi.constants import ABI_VERSIONS
from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.abi.properties import PROPERTIES
from wasmkit.abi.signature import ALL_CONTEXTS, ContextKind, HostFunction, Kind, Parameter
from wasmkit.profiles import ENVOYS, envoy_profile, newest_envoy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wasmkit.abi.capabilities import Meaning

__all__ = ["TABLES", "table"]


def table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table."""
    lines = [head, ("---",) * len(head), *map(tuple, rows)]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') or ' ' for cell in line)} |\n"
        for line in lines
    )


def names(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def texts(values: Iterable[bytes]) -> list[str]:
    return sorted(map(bytes.decode, values))


def versions(known: tuple[str, ...]) -> str:
    return "all" if known == ABI_VERSIONS else ", ".join(known)


def contexts(known: frozenset[ContextKind]) -> str:
    return "all" if known == ALL_CONTEXTS else ", ".join(k for k in ContextKind if k in known)


def words(meaning: Meaning | None) -> str:
    if meaning is None:
        return "nothing: every module has it"
    return f"**{meaning}**" if meaning in REACHING_OUT else str(meaning)


_PYTHON = {Kind.OUT_TEXT: "text", Kind.OUT_BYTES: "bytes", Kind.OUT_U64: "u64", Kind.OUT_U32: "u32"}


def _parameter(item: Parameter) -> str:
    kind = _PYTHON.get(item.kind, item.kind.word.replace("_", " "))
    return f"`{item.name}`" if kind == "u32" else f"`{item.name}` {kind}"


def _host_function(row: HostFunction) -> list[str]:
    return [
        f"`{row.name}`",
        ", ".join(map(_parameter, row.inputs)),
        ", ".join(map(_parameter, row.outputs)),
        versions(row.versions),
        contexts(row.contexts),
        ", ".join(row.reads),
        ", ".join(row.writes),
        words(row.meaning),
    ]


def host_functions() -> str:
    head = ("function", "takes", "gives", "ABI", "contexts", "reads", "writes", "a reader is told")
    rows = (_host_function(row) for row in HOST_FUNCTIONS.values() if row.module == "env")
    return table(head, rows)


def wasi() -> str:
    oldest = envoy_profile(ENVOYS[0])
    rows = []
    for row in HOST_FUNCTIONS.values():
        if row.module != "env":
            since = "all" if row.name in oldest.wasi else _since(row.name)
            types = " ".join(row.parameter_types)
            rows.append([f"`{row.name}`", types, since, words(row.meaning)])
    return table(("function", "parameters", "Envoy", "a reader is told"), rows)


def _since(name: str) -> str:
    return next(release for release in ENVOYS if name in envoy_profile(release).wasi) + " and later"


def callbacks() -> str:
    rows = []
    for row in CALLBACKS.values():
        parameters = names(row.parameters)
        if row.since_0_2_0:
            parameters += f" (the last {row.since_0_2_0} not in 0.1.0)"
        rows.append(
            [
                f"`{row.name}`",
                parameters,
                row.result,
                versions(row.versions),
                contexts(row.contexts),
                words(row.meaning),
            ]
        )
    return table(("callback", "parameters", "returns", "ABI", "contexts", "a reader is told"), rows)


def entry_points() -> str:
    rows = ([f"`{row.name}`", names(row.parameters), row.result] for row in ENTRY_POINTS.values())
    return table(("function", "parameters", "returns"), rows)


def properties() -> str:
    rows = ([f"`{row.name}`", row.type, row.when] for row in PROPERTIES.values())
    return table(("attribute", "type", "is there"), rows)


def hosts() -> str:
    profiles = [envoy_profile(release) for release in ENVOYS]
    facts: Mapping[str, Callable[[int], str]] = {
        "V8": lambda n: profiles[n].v8,
        "WASI functions": lambda n: str(len(profiles[n].wasi)),
        "functions that may be called at start": lambda n: str(len(profiles[n].at_start)),
        "with FAIL_OPEN, the request in which the VM fails": lambda n: (
            "passes" if profiles[n].fail_open_spares_request else "gets 503"
        ),
        "`poll_oneoff`": lambda n: "answers" if profiles[n].poll_answers else "is refused",
        "attributes that are absent": lambda n: names(
            sorted(path.decode().replace("\0", ".") for path in profiles[n].absent_attributes)
        ),
        "added to responses": lambda n: names(texts(profiles[n].headers.added_to_responses)),
        "taken out of responses": lambda n: names(texts(profiles[n].headers.not_to_clients)),
        "calls `__main_void`": lambda n: _yes(profiles[n].calls_main_void),
        "memory at most": lambda n: f"{profiles[n].limits.memory_pages * 64 >> 20} GiB",
        "table entries at most": lambda n: f"{profiles[n].limits.table_entries:,}",
        "random bytes at once": lambda n: f"{profiles[n].limits.random_bytes:,}",
        "bytes of a body kept back": lambda n: f"{profiles[n].limits.buffer_bytes:,}",
    }
    rows = ([name, *map(fact, range(len(profiles)))] for name, fact in facts.items())
    return table(("", *(f"Envoy {release}" for release in ENVOYS)), rows)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def phases() -> str:
    """Say what may be called when, by the first release that allows it."""
    rows = []
    older: frozenset[str] = frozenset()
    for release in ENVOYS:
        profile = envoy_profile(release)
        if new := sorted(profile.at_start - older):
            rows.append([f"start, Envoy {release} and later", names(new)])
        older = profile.at_start
    newest = newest_envoy()
    rows += [
        ["memory allocation", names(sorted(newest.in_allocation))],
        ["start section", names(sorted(newest.in_start_section))],
        ["`proxy_on_vm_start` and later", "every function"],
    ]
    return table(("while", "may be called"), rows)


def foreign_functions() -> str:
    return names(sorted(newest_envoy().foreign_functions)) + "\n"


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "host functions": ("docs/abi.md", host_functions),
    "WASI": ("docs/abi.md", wasi),
    "callbacks": ("docs/abi.md", callbacks),
    "entry points": ("docs/abi.md", entry_points),
    "properties": ("docs/abi.md", properties),
    "hosts": ("docs/hosts.md", hosts),
    "phases": ("docs/hosts.md", phases),
    "foreign functions": ("docs/hosts.md", foreign_functions),
}
"""Each table's name, with the file that holds it and its maker, for ``generated_docs``."""
