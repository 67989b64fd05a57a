"""The table: what misses its budget is marked, and the documentation keeps one table, the last."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.figures import Figure, Times, in_turn, ratio


@pytest.mark.parametrize(
    ("value", "budget", "at_least", "is_met"),
    [(1.6, 1.6, False, True), (1.61, 1.6, False, False), (50, 50, True, True), (49, 50, True, False)],
)
def test_a_figure_keeps_to_its_budget_or_misses_it(
    value: float, budget: float, at_least: bool, is_met: bool
) -> None:
    figure = Figure("work", value, "x", budget, at_least=at_least)
    assert figure.is_met is is_met
    table = report.as_text("title", {"Part": [figure]})
    assert ("MISSED" in table) is not is_met
    assert ("missed" in report.as_markdown("title", {"Part": [figure]})) is not is_met


def test_a_ratio_is_that_of_the_medians() -> None:
    assert ratio("work", Times([0.001, 0.002, 0.9]), Times([0.001, 0.001, 0.001])).value == 2


def test_no_p95_is_above_what_was_measured() -> None:
    assert Times([0.01] * 9 + [0.02]).p95 == 20
    assert 94 <= Times([number / 1000 for number in range(1, 101)]).p95 <= 97


def test_works_take_turns_and_the_first_rounds_do_not_count() -> None:
    done: list[str] = []
    works = {name: lambda name=name: done.append(name) for name in "ab"}
    times = in_turn(works, 3, warm=1)
    assert "".join(done) == "abababab"
    assert [len(each.values) for each in times.values()] == [3, 3]


def test_the_documentation_keeps_the_last_table_and_all_else(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    for table in ("first", "second"):
        report.keep(table, document)
    assert document.read_text() == f"before\n{report.BEGIN}\n\nsecond\n{report.END}\nafter\n"


def test_the_documentation_has_a_place_for_the_table(repository: Path) -> None:
    text = (repository / report.DOCUMENT).read_text()
    assert text.index(report.BEGIN) < text.index(report.END)
