"""Trying an import: everything is done and undone again, and what was found is told.

A report is JSON, its sentences as `core.i18n.pack` writes them:

    {
      "checked": 100000, "is_whole": true,
      "counts": {"read": 100000, "inserted": 99990, "bad": 10, ...},
      "rows": [{"line": 2, "action": "insert", "cells": [{"column": "city", "text": "Oslo"}], "problems": []}
      ],
      "problems": [{"column": "phone", "text": ..., "count": 7, "lines": [4452, 7973]}],
      "skipped": ["x"], "kept_by_system": ["created_at"]
    }

``rows`` are the first twenty, each cell as it would be stored. Problems of one kind are counted together
under the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.session import attempt, tenant_of
from core.errors import GuanxiError, Unavailable
from core.i18n import language
from core.resources.cells import cell_writer, unguard
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.entries import Entry, Problem, RowReader
from core.resources.importing.importer import BATCH, Importer
from core.resources.importing.kept import forget_rows, keep_rows
from core.resources.importing.mapping import Plan, Target
from core.resources.importing.outcome import Mode, Outcome
from core.resources.importing.running import Units
from core.resources.importing.runs import (
    OPEN,
    NotNow,
    Run,
    find_run,
    folder_of,
    opened,
    plan_of,
    set_values,
)
from core.resources.importing.summary import OTHERS, value_of
from core.resources.importing.tables import Row
from core.resources.registry import Resources

#: Rows shown as they would be stored, and lines told for each kind of problem.
SHOWN: Final = 20
LINES: Final = 5
#: Kinds of problems told; a file cannot make more of them than columns times sentences, but it may try.
KINDS: Final = 500
#: Characters of bad rows that are kept of a trial.
KEPT: Final = 8_000_000


class Stopped(Exception):
    """Somebody does not want to know any more."""


def check(
    session: Session,
    run: Run,
    *,
    actor: Actor,
    resource: Resource,
    store: Path,
    limit: int | None = None,
    on_progress: Callable[[Outcome], None] | None = None,
) -> Run:
    """Try an import and write down what was found; nothing else of it stays.

    Args:
        session: bound to one tenant; the caller commits. Everything is tried in a part of its transaction
            that is undone; records that would be changed are locked meanwhile.
        run: a draft.
        actor: who imports.
        resource: of the run.
        store: as for `core.resources.importing.steps.create_run`.
        limit: only so many rows, from the first; None for all.
        on_progress: is called now and then.

    Returns:
        The run, its state checked, with the ``report``.

    Raises:
        NotNow: it runs, or has run.
        UnreadableFile, BadMapping, UnknownColumns, NeedsKey: it cannot be done like this.
    """
    if run.state not in (*OPEN, "checking"):
        raise NotNow
    gateway = Gateway(session, actor)
    plan = plan_of(gateway, resource, run)
    found = _Findings(plan, gateway.habits.timezone)
    with opened(run, folder_of(session, store)) as table, attempt(session):
        importer = Importer(
            session, resource, plan, actor=actor, mode=Mode(run.mode),
            clear_blank=bool(run.options.get("clear_blank")), on_entry=found.add,
            reader=RowReader(gateway, resource, plan, len(run.header)),
        )  # fmt: skip
        rows = table.rows()
        if limit is None:
            importer.run(rows, len(run.header), on_progress)
        else:
            _try_first(importer, islice(rows, limit), found)
        is_whole = limit is None or next(iter(rows), None) is None
    report = found.report(importer.outcome, is_whole=is_whole)
    # They are there, until the next trial or the import itself, to be downloaded.
    forget_rows(session, run.id)
    keep_rows(session, run.id, found.bad)
    return set_values(session, run, {"state": "checked", "report": report, "error": None})


def run_check(units: Units, resources: Resources, import_id: int, *, store: Path) -> dict[str, Any]:
    """Try an import as a job; see `check`.

    Returns:
        The counts of the report; nothing when somebody did not want to know any more.
    """

    def tell(outcome: Outcome) -> None:
        units.progress(outcome.read)
        if units.cancelled():
            raise Stopped

    try:
        with units.unit() as session:
            actor = units.actor(session)
            run = find_run(session, import_id, actor=actor)
            if run.state != "checking":
                return {}
            resource = resources.named(tenant_of(session), run.resource)
            run = check(session, run, actor=actor, resource=resource, store=store, on_progress=tell)
            assert run.report is not None
            return dict(run.report["counts"])
    except Stopped:
        return {}
    except GuanxiError as error:
        if not isinstance(error, Unavailable):
            with units.unit() as session:
                run = find_run(session, import_id, actor=units.actor(session))
                set_values(session, run, {"state": "draft", "error": error.detail})
        raise


def _try_first(importer: Importer, rows: Iterable[Row], found: _Findings) -> None:
    """Rows that would wait for others may find them behind the limit, so they are not refused."""
    source = iter(rows)
    while part := list(islice(source, BATCH)):
        importer.outcome.read += len(part)
        for row in importer.take(part):
            found.add_waiting(row)


class _Findings:
    """What comes up while an import is tried."""

    def __init__(self, plan: Plan, timezone: str) -> None:
        self._plan = plan
        self._writers = {
            target: cell_writer(target.column.field.word, language=language(), timezone=timezone)
            for target in plan.targets
            if target.column is not None and target.column.field.target is None
        }
        self._rows: list[tuple[int, dict[str, Any]]] = []
        self._kinds: dict[bytes, dict[str, Any]] = {}
        self._checked = 0
        #: The bad rows with their problems as they are kept, as many as fit into `KEPT` characters.
        self.bad: list[tuple[Row, list[dict[str, Any]]]] = []
        self._room = KEPT

    def add(self, entry: Entry) -> None:
        """Take note of a row and what would come of it."""
        self._checked += 1
        if entry.row.number <= SHOWN:
            self._show(entry)
        for problem in entry.problems:
            self._count(problem, entry.row.line)
        if entry.problems and self._room > 0:
            self._room -= sum(map(len, entry.row.cells)) + 200
            self.bad.append((entry.row, [problem.pack() for problem in entry.problems]))

    def add_waiting(self, row: Row) -> None:
        """Take note of a row that refers to one further down."""
        self._checked += 1
        if row.number <= SHOWN:
            shown = {"line": row.line, "action": "wait", "cells": self._as_they_are(row), "problems": []}
            self._rows.append((row.number, shown))

    def report(self, outcome: Outcome, *, is_whole: bool) -> dict[str, Any]:
        """All of it."""
        counts = {name: value for name, value in asdict(outcome).items() if name != "seconds"}
        return {
            "checked": self._checked,
            "is_whole": is_whole,
            "counts": counts,
            "rows": [row for _number, row in sorted(self._rows, key=lambda each: each[0])],
            "problems": sorted(self._kinds.values(), key=lambda kind: -kind["count"]),
            "skipped": list(self._plan.skipped),
            "kept_by_system": list(self._plan.kept_by_system),
        }

    def _count(self, problem: Problem, line: int) -> None:
        packed = problem.pack()
        text = packed["text"]
        # Sentences differ in what they repeat of the cell; the same sentence is the same kind.
        kind = orjson.dumps([packed["column"], text["text"] if isinstance(text, dict) else text])
        known = self._kinds.get(kind)
        if known is None:
            if len(self._kinds) >= KINDS:
                return
            known = self._kinds[kind] = {**packed, "count": 0, "lines": [], "others": []}
        known["count"] += 1
        if len(known["lines"]) < LINES:
            known["lines"].append(line)
        value, others = value_of(packed), known["others"]
        if len(others) < OTHERS and value and value != value_of(known) and value not in others:
            others.append(value)

    def _show(self, entry: Entry) -> None:
        shown = {
            "line": entry.row.line,
            "action": "bad" if entry.problems else entry.action,
            "cells": [
                {"column": target.header, "text": self._text(target, entry)} for target in self._plan.targets
            ],
            "problems": [problem.pack() for problem in entry.problems],
        }
        self._rows.append((entry.row.number, shown))

    def _text(self, target: Target, entry: Entry) -> str:
        """A cell as it would be stored, in the reader's words; as it is where it cannot be."""
        write = self._writers.get(target)
        column = target.column
        if write is None or column is None or column.lines is not None:
            return _cell(entry.row, target)
        name = column.field.name
        for values in (entry.change.values if entry.change else {}, entry.values):
            if name in values:
                return unguard(write(values[name]))
        return _cell(entry.row, target)

    def _as_they_are(self, row: Row) -> list[dict[str, str]]:
        return [{"column": target.header, "text": _cell(row, target)} for target in self._plan.targets]


def _cell(row: Row, target: Target) -> str:
    if target.place is None:
        return str(target.constant if target.constant is not None else target.default or "")
    return unguard(row.cells[target.place]).strip() if target.place < len(row.cells) else ""
