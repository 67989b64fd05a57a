"""The table of figures, as text for the terminal and as Markdown for the documentation."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.bench.figures import Figure

#: Between these the documentation keeps the last table.
BEGIN: Final = "<!-- figures: written by `make bench ARGS=--keep` -->"
END: Final = "<!-- end of figures -->"
DOCUMENT: Final = Path("docs/performance.md")


def as_text(title: str, figures: Mapping[str, Sequence[Figure]]) -> str:
    """The table for a terminal; what misses its budget is marked."""
    lines = [title, ""]
    for part, found in figures.items():
        lines.append(f"{part:58} {'ours':>18} {'beside':>18} {'figure':>13} {'budget':>15}")
        lines += [
            f"  {each.work:56} {each.ours:>18} {each.beside:>18} {_value(each):>13} {_budget(each):>15}"
            f"{'' if each.is_met else '  MISSED'}"
            for each in found
        ]
        lines.append("")
    return "\n".join(lines)


def as_markdown(title: str, figures: Mapping[str, Sequence[Figure]]) -> str:
    """The table for the documentation."""
    lines = [title, ""]
    for part, found in figures.items():
        lines += [f"| {part} | ours | beside | figure | budget |", "| --- | --- | --- | --- | --- |"]
        for each in found:
            value = _value(each) if each.is_met else f"**{_value(each)}**, missed"
            lines.append(f"| {each.work} | {each.ours} | {each.beside} | {value} | {_budget(each)} |")
        lines.append("")
    return "\n".join(lines)


def keep(table: str, document: Path = DOCUMENT) -> None:
    """Put the table where the documentation keeps the last one."""
    text = document.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{table}\n{END}{after}")


def machine(server: str) -> str:
    """What the figures were taken on."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores, {platform.system()}, Python {platform.python_version()},"
        f" PostgreSQL {server}, {datetime.now(UTC):%Y-%m-%d}"
    )


def _value(figure: Figure) -> str:
    return f"{_number(figure.value)}{_unit(figure.unit)}"


def _budget(figure: Figure) -> str:
    if figure.budget is None:
        return ""
    return f"{'≥' if figure.at_least else '≤'} {_number(figure.budget)}{_unit(figure.unit)}"


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _unit(unit: str) -> str:
    return unit if unit in ("", "x", "%") else f" {unit}"
