"""What is measured: times taken in turn, and figures that stand beside a budget."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Times:
    """Seconds of single pieces of work."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.values) * 1000

    @property
    def p95(self) -> float:
        """Milliseconds; of few values the greatest, behind which the formula would guess."""
        return min(statistics.quantiles(self.values, n=20)[18], max(self.values)) * 1000

    def __str__(self) -> str:
        return f"{self.median:.1f} / {self.p95:.1f} ms"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    work: str
    value: float
    #: "x" for a ratio, "ms", "MB", "rows/s" ...
    unit: str
    #: What the value may be at most, or has to be ``at_least``; None where design.md sets no budget.
    budget: float | None = None
    at_least: bool = False
    #: What was measured of ours, and what it stands beside, as a reader wants to see it.
    ours: str = ""
    beside: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the value keeps to its budget."""
        if self.budget is None:
            return True
        return self.value >= self.budget if self.at_least else self.value <= self.budget


def ratio(work: str, ours: Times, beside: Times, budget: float | None = None) -> Figure:
    """How our median stands to that of the least that could do the work."""
    return Figure(work, ours.median / beside.median, "x", budget, ours=str(ours), beside=str(beside))


def in_turn(works: Mapping[str, Callable[[], Any]], rounds: int, *, warm: int = 20) -> dict[str, Times]:
    """Do each work in turn, many rounds, so that a change of the machine's speed meets all."""
    times = {name: Times() for name in works}
    for number in range(rounds + warm):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if number >= warm:
                times[name].values.append(time.perf_counter() - started)
    return times
