"""Rows of a file that are not records yet, as an import keeps them: bad ones, and those that wait."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from core.db.rows import insert_rows
from core.resources.importing.entries import Problem
from core.resources.importing.models import ImportRow
from core.resources.importing.tables import Row

_row = ImportRow.__table__


def keep_rows(session: Session, import_id: int, rows: Iterable[tuple[Row, Sequence[Any] | None]]) -> None:
    """Keep rows of an import, each with its problems as `Problem.pack` writes them; None where it waits."""
    kept = [
        {
            "import_id": import_id,
            "number": row.number,
            "line": row.line,
            "cells": row.cells,
            "problems": problems,
        }
        for row, problems in rows
    ]
    if kept:
        insert_rows(session, _row, kept)


def forget_rows(session: Session, import_id: int, numbers: Collection[int] | None = None) -> None:
    """Keep rows no longer: those with these ``numbers``, or all of the import."""
    statement = delete(_row).where(_row.c.import_id == import_id)
    session.execute(statement if numbers is None else statement.where(_row.c.number.in_(numbers)))


def bad_rows(session: Session, import_id: int) -> Iterator[tuple[Row, list[Problem]]]:
    """The rows that could not be imported, in their order, with the reasons; streamed."""
    statement = _kept(import_id).where(_row.c.problems.is_not(None))
    for row in session.execute(statement, execution_options={"yield_per": 1000}):
        yield Row(row.line, row.cells, row.number), [Problem.unpack(each) for each in row.problems]


def waiting_rows(session: Session, import_id: int, *, after: int, limit: int) -> list[Row]:
    """The first rows that wait, behind the one with the number ``after``."""
    statement = _kept(import_id).where(_row.c.problems.is_(None), _row.c.number > after).limit(limit)
    return [Row(row.line, row.cells, row.number) for row in session.execute(statement)]


def count_waiting(session: Session, import_id: int, *, after: int) -> tuple[int, int]:
    """How many rows wait: all, and those behind the one with the number ``after``."""
    behind = func.count().filter(_row.c.number > after)
    statement = select(func.count(), behind).where(_row.c.import_id == import_id, _row.c.problems.is_(None))
    waiting, ahead = session.execute(statement).one()
    return waiting, ahead


def _kept(import_id: int) -> Select[Any]:
    columns = (_row.c.number, _row.c.line, _row.c.cells, _row.c.problems)
    return select(*columns).where(_row.c.import_id == import_id).order_by(_row.c.number)
