"""What is wrong with a file, in a few lines: problems of one kind are counted together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ARRAY, Integer, Select, Text, case, func, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import Session

from core.i18n import Lazy, unpack
from core.resources.importing.models import ImportRow
from core.resources.importing.runs import Run
from core.resources.models import ChangeSetRow

#: Kinds told at most, and lines told of each.
MAX_KINDS: Final = 50
FIRST: Final = 5
#: Values told of each beside that of the first line.
OTHERS: Final = 4
_row = ImportRow.__table__
_changed = ChangeSetRow.__table__


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """Rows that have the same thing wrong with them."""

    #: As the file calls it; empty for the whole row.
    column: str
    #: Of the first of them.
    text: str | Lazy
    count: int
    #: The first lines.
    lines: Sequence[int]
    #: Some of the values that other lines have where the sentence repeats that of the first.
    others: Sequence[str] = ()


def problem_kinds(session: Session, run: Run) -> tuple[list[ProblemKind], int]:
    """What is wrong with the rows of an import, or of its check; the most frequent first.

    Returns:
        At most `MAX_KINDS`, and how many there are in all.
    """
    if run.state == "checked":
        kinds = (run.report or {}).get("problems", [])
        told = [
            ProblemKind(
                kind["column"], unpack(kind["text"]), kind["count"], kind["lines"], kind.get("others", ())
            )
            for kind in kinds[:MAX_KINDS]
        ]
        return told, len(kinds)
    rows = session.execute(_grouped(run)).all()
    told = [
        ProblemKind(
            row.said["column"], unpack(row.said["text"]), row.rows, row.lines,
            [each for each in row.cells or () if each and each != value_of(row.said)][:OTHERS],
        )
        for row in rows
    ]  # fmt: skip
    return told, rows[0].kinds if rows else 0


def value_of(problem: Mapping[str, Any]) -> str:
    """The cell that the sentence of a packed problem repeats; empty when it repeats none."""
    text = problem["text"]
    value = text.get("values", {}).get("value") if isinstance(text, dict) else None
    return value if isinstance(value, str) else ""


def record_ids(session: Session, run: Run, *, limit: int) -> list[int]:
    """The records an import has made or changed, the first ``limit`` of them."""
    mine = (_changed.c.set_id == run.change_set_id, _changed.c.resource == run.resource)
    statement = select(_changed.c.record_id).where(*mine).order_by(_changed.c.record_id).limit(limit)
    return list(session.scalars(statement))


def _grouped(run: Run) -> Select[Any]:
    """One kind: the same sentence about the same column, whatever it repeats of the cell."""
    each = func.jsonb_array_elements(_row.c.problems, type_=JSONB).column_valued(
        "said", joins_implicitly=True
    )
    said = (
        select(each.label("said"), _row.c.line, _row.c.number)
        .select_from(_row)
        .where(_row.c.import_id == run.id, _row.c.problems.is_not(None))
        .subquery()
    )
    text = said.c.said["text"]
    kind = func.coalesce(text["text"].astext, text.astext)
    lines = func.array_agg(aggregate_order_by(said.c.line, said.c.number), type_=ARRAY(Integer))
    first = func.array_agg(aggregate_order_by(said.c.said, said.c.number), type_=ARRAY(JSONB))
    # The value is an object where it is a sentence itself.
    cell = case((func.jsonb_typeof(text) == "object", text["values"]["value"].astext))
    cells = func.array_agg(cell.distinct(), type_=ARRAY(Text))
    return (
        select(
            first[1].label("said"),
            func.count().label("rows"),
            lines[1:FIRST].label("lines"),
            cells[1 : OTHERS + 1].label("cells"),
            func.count().over().label("kinds"),
        )
        .group_by(said.c.said["column"].astext, kind)
        .order_by(func.count().desc(), func.min(said.c.number))
        .limit(MAX_KINDS)
    )
