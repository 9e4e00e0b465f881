"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from wasmkit.envoy.binary import find_envoy

__all__ = ["Machine", "this_machine"]

_PACKAGES = ("wasmkit", "wasmtime", "componentize-py", "ziglang", "grpcio", "protobuf")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the versions of what is compared."""

    cpu: str
    cores: int
    memory_bytes: int
    system: str
    load_average: float
    """Of the minute before the run: what else the machine did."""
    versions: dict[str, str]

    def text(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_bytes / (1 << 30):.0f} GiB,"
            f" {self.system}; load average before the run {self.load_average:.1f}\n{versions}"
        )


def this_machine() -> Machine:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    versions = {"Envoy": find_envoy().version_text, "Python": platform.python_version()}
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=pages,
        system=f"{platform.system()} {platform.release()}",
        load_average=os.getloadavg()[0],
        versions=versions | {name: version(name) for name in _PACKAGES},
    )


def _cpu_model() -> str:
    facts: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    model = facts.get("model name", platform.machine())
    family = (facts.get("cpu family"), facts.get("model"))
    return model if None in family else f"{model} (family {family[0]}, model {family[1]})"
