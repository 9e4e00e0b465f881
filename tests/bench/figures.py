"""Measured values and how they are shown: median and range, tables, JSON."""

from __future__ import annotations

import dataclasses
import statistics
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "Figure",
    "mib",
    "micros",
    "millis",
    "plain",
    "seconds",
    "size",
    "table",
    "thousands",
    "times",
]


@dataclass(frozen=True, slots=True)
class Figure:
    """The same thing measured several times."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Figure:
        return cls(tuple(values))

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, unit: Callable[[float], str]) -> str:
        """Return the median, and the range if there is one: ``1.2 s (1.1 s to 1.4 s)``."""
        median = unit(self.median)
        if len(self.values) == 1:
            return median
        return f"{median} ({unit(min(self.values))}-{unit(max(self.values))})"


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def millis(value: float) -> str:
    """Return seconds as milliseconds."""
    return f"{value * 1000:.1f}" if value < 1 else f"{value * 1000:.0f}"


def micros(value: float) -> str:
    """Return microseconds, which is what the load generator measures in."""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def mib(value: float) -> str:
    """Return bytes as MiB."""
    return f"{value / (1 << 20):.0f}"


def size(value: float) -> str:
    """Return bytes with the unit that fits them."""
    if value < 1 << 20:
        return f"{value / 1024:.1f} KiB"
    return f"{value / (1 << 20):.1f} MiB"


def thousands(value: float) -> str:
    return f"{value / 1000:.1f}k" if value >= 1000 else f"{value:.0f}"


def times(value: float) -> str:
    return f"{value:.2f}x"


def plain(value: object) -> Any:
    """Return a result as JSON values: dataclasses as objects, figures with their median."""
    match value:
        case Figure(values):
            rounded = [float(f"{each:.6g}") for each in values]
            return {
                "median": float(f"{value.median:.6g}"),
                "min": min(rounded),
                "max": max(rounded),
                "values": rounded,
            }
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case tuple() | list():
            return [plain(each) for each in value]
        case PurePath():
            return str(value)
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    return value


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an aligned table: the first column to the left, the others to the right."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
