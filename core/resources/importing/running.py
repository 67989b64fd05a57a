"""Imports at work: a file becomes records some thousand rows at a time, each row once.

Every part is one transaction: its records, their histories and search documents, what is needed to take
them back, the rows that are bad or must wait, and how far the import has come. Whatever is killed, the
next run goes on behind the last part that was committed.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.session import tenant_of
from core.errors import GuanxiError, NotFound, Unavailable
from core.resources import change_sets
from core.resources.channels import through
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.ahead import ahead
from core.resources.importing.entries import Entry, Problem, Repeats, RowReader, Seen
from core.resources.importing.importer import Importer
from core.resources.importing.kept import count_waiting, forget_rows, keep_rows, waiting_rows
from core.resources.importing.models import Import
from core.resources.importing.outcome import Mode, Outcome
from core.resources.importing.presence import TakenOver
from core.resources.importing.runs import Run, folder_of, opened, plan_of
from core.resources.importing.tables import Row, Table
from core.resources.registry import Resources

#: Rows in one transaction.
PART: Final = 5000
#: Parts after which circles of garbage are looked for.
_PARTS_OF_GARBAGE: Final = 4
#: Seconds.
_LETS_GO_AFTER: Final = 0.0005
#: The round in which no row has to wait any more.
LAST: Final = -1

#: Counts of rows that something has come of.
SETTLED: Final = ("inserted", "updated", "unchanged", "skipped", "bad")

_run = Import.__table__


class Units(Protocol):
    """How whoever does an import gets transactions and tells how far it is; `core.jobs.Work` is one."""

    def unit(self) -> AbstractContextManager[Session]:
        """One transaction: commits at the end of the block, or leaves nothing."""

    def actor(self, session: Session) -> Actor:
        """In whose name it is done, with the rights of now."""

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far it is."""

    def cancelled(self) -> bool:
        """Whether it shall end."""


def run_import(units: Units, resources: Resources, import_id: int, *, store: Path) -> dict[str, Any]:
    """Do an import, or go on with it.

    Args:
        units: transactions, the actor and progress.
        resources: of this process.
        import_id: one that waits or runs; any other is left alone.
        store: as for `core.resources.importing.steps.create_run`.

    Returns:
        Its counts, and its ``state``: done or cancelled.

    Raises:
        GuanxiError: it has failed and says why; what had come in stays, and it can be gone on with.
    """
    try:
        with units.unit() as session:
            run = _locked(session, import_id)
            resource = resources.named(tenant_of(session), run.resource)
            folder = folder_of(session, store)
        return _Running(units, resource, run, folder).go()
    except GuanxiError as error:
        if not isinstance(error, Unavailable | TakenOver):
            _fail(units, import_id, error)
        raise


def run_undo(units: Units, import_id: int) -> dict[str, Any]:
    """Take an import back, part by part, or go on with that.

    Returns:
        How many records were restored, removed and left.
    """
    try:
        return _undo(units, import_id)
    except GuanxiError as error:
        if not isinstance(error, Unavailable):
            _fail(units, import_id, error)
        raise


def _undo(units: Units, import_id: int) -> dict[str, Any]:
    total = None
    while True:
        with units.unit() as session:
            run = _locked(session, import_id)
            if run.change_set_id is None:
                return {}
            if total is None:
                total = change_sets.size(session, run.change_set_id)
            undone = change_sets.undo(session, run.change_set_id, actor=units.actor(session), limit=PART)
            if undone.is_done:
                _set(session, run.id, state="undone", error=None, finished_at=func.now())
        done = undone.restored + undone.removed + undone.left
        units.progress(done, max(total, done))
        if undone.is_done:
            return {"restored": undone.restored, "removed": undone.removed, "left": undone.left}
        if units.cancelled():
            with units.unit() as session:
                _set(session, run.id, state="cancelled")
            return {}


def _fail(units: Units, import_id: int, error: GuanxiError) -> None:
    """Write down why it does not go on; it can be gone on with, and taken back."""
    with units.unit() as session:
        _set(session, import_id, state="failed", error=error.detail, finished_at=func.now())


class _Running:
    """One run of one import."""

    def __init__(self, units: Units, resource: Resource, run: Run, folder: Path) -> None:
        self.units = units
        self.resource = resource
        self.run = run
        self.folder = folder
        self.round, self.position = run.round, run.position
        self.counts: dict[str, int] = run.counts
        self._parts = 0

    def go(self) -> dict[str, Any]:
        """Go through the file, then through the rows that had to wait, until none is left."""
        if not self._begin():
            return self._result()
        with _at_full_speed():
            with opened(self.run, self.folder) as table:
                if self.round == 0:
                    self._go_through_file(table)
            while self._goes_on() and self._next_round():
                self._go_through_waiting()
        if self._goes_on():
            with self.units.unit() as session:
                _set(session, self.run.id, state="done", finished_at=func.now())
        return self._result()

    def _begin(self) -> bool:
        """Count the rows, see which keys repeat, and write down that it runs."""
        with opened(self.run, self.folder) as table:
            with self.units.unit() as session:
                run = _locked(session, self.run.id)
                if run.state not in ("waiting", "running", "failed"):
                    return False
                self.actor = self.units.actor(session)
                self._plan(session)
            total, self.seen = self._look_through(table)
        with self.units.unit() as session:
            run = _locked(session, self.run.id)
            if run.state not in ("waiting", "running", "failed"):
                return False
            self._require_mine(run)
            set_id = run.change_set_id
            if set_id is None:
                forget_rows(session, run.id)  # those of a trial
                set_id = change_sets.open_set(
                    session, "import", self.resource, actor=self.actor, label=run.file_name
                )
            begun = {"state": "running", "total": total, "change_set_id": set_id, "error": None}
            _set(session, run.id, **begun, started_at=func.coalesce(_run.c.started_at, func.now()))
        self.set_id, self.total = set_id, total
        return True

    def _plan(self, session: Session) -> None:
        gateway = Gateway(session, self.actor)
        gateway.require(self.resource, "import")
        self.plan = plan_of(gateway, self.resource, self.run)
        self.reader = RowReader(gateway, self.resource, self.plan, len(self.run.header))

    def _look_through(self, table: Table) -> tuple[int, Seen]:
        """Count the rows, and remember the keys before the position as far as they come again."""
        if self.plan.key is None:
            return sum(1 for _each in table.rows()), Seen()
        repeats, total = Repeats(), 0
        for row in table.rows():
            total += 1
            value = self.reader.key_of(row)
            if value is not None:
                repeats.add(value)
        seen = Seen(repeats)
        if self.position or self.round:
            before = table.rows() if self.round else islice(table.rows(), self.position)
            for row in before:
                value = self.reader.key_of(row)
                if value is not None:
                    seen.first_line(value, row.line)
        return total, seen

    # Parts

    def _go_through_file(self, table: Table) -> None:
        with closing(ahead(self._read(table.rows(after=self.position)))) as parts:
            for reader, entries in parts:
                if reader is not self.reader:
                    entries = self.reader.read([entry.row for entry in entries])
                if not self._take(entries, position=entries[-1].row.number):
                    return

    def _read(self, rows: Iterable[Row]) -> Iterator[tuple[RowReader, list[Entry]]]:
        source = iter(rows)
        while part := list(islice(source, PART)):
            reader = self.reader
            yield reader, reader.read(part)

    def _go_through_waiting(self) -> None:
        """One round through the rows that wait."""
        while True:
            with self.units.unit() as session:
                rows = waiting_rows(session, self.run.id, after=self.position, limit=PART)
            if not rows:
                return
            if not self._take(self.reader.read(rows), position=rows[-1].number):
                return

    def _take(self, entries: Sequence[Entry], *, position: int) -> bool:
        """Import one part and write down how far it has come; False when the import shall end."""
        with self.units.unit() as session:
            run = _locked(session, self.run.id)
            if run.state != "running":
                return False
            self._require_mine(run)
            actor = self.units.actor(session)
            if actor != self.actor:  # rights have changed, and with them perhaps what a column may be
                self.actor = actor
                self._plan(session)
                entries = self.reader.read([entry.row for entry in entries])
            bad: list[tuple[Row, Sequence[Problem]]] = []
            importer = Importer(
                session, self.resource, self.plan, actor=actor, mode=Mode(run.mode),
                clear_blank=bool(run.options.get("clear_blank")), reader=self.reader, seen=self.seen,
                on_bad=lambda row, problems: bad.append((row, problems)),
            )  # fmt: skip
            with change_sets.collecting(session, self.set_id), through(session, "import"):
                waiting = importer.write(entries, is_last=self.round == LAST)
            self._keep_rows(session, entries, waiting, bad)
            if self.round == 0:
                importer.outcome.read = len(entries)
            self.counts = _added(run.counts, importer.outcome)
            _set(session, run.id, position=position, counts=self.counts)
        self.position = position
        self._parts += 1
        if self._parts % _PARTS_OF_GARBAGE == 0:
            gc.collect(1)
        self.units.progress(sum(self.counts[name] for name in SETTLED), self.total)
        return not self.units.cancelled()

    def _keep_rows(
        self,
        session: Session,
        entries: Sequence[Entry],
        waiting: Sequence[Row],
        bad: Sequence[tuple[Row, Sequence[Problem]]],
    ) -> None:
        if self.round != 0:
            still = {row.number for row in waiting}
            gone = [entry.row.number for entry in entries if entry.row.number not in still]
            forget_rows(session, self.run.id, gone)
            waiting = ()
        keep_rows(session, self.run.id, [(row, None) for row in waiting])
        keep_rows(session, self.run.id, [(row, [each.pack() for each in problems]) for row, problems in bad])

    def _next_round(self) -> bool:
        """Begin a round, or go on with one that was not finished; False when no row waits."""
        with self.units.unit() as session:
            run = _locked(session, self.run.id)
            self._require_mine(run)
            waiting, ahead = count_waiting(session, self.run.id, after=self.position)
            if not waiting:
                return False
            if run.round != 0 and ahead:
                return True
            if run.round == LAST:
                return False
            # A round in which nobody moved is followed by one in which nobody waits.
            is_last = run.round != 0 and waiting == run.waiting
            self.round, self.position = LAST if is_last else max(run.round, 0) + 1, 0
            _set(session, run.id, round=self.round, position=0, waiting=waiting)
        return True

    def _goes_on(self) -> bool:
        """Whether nobody has stopped it."""
        if self.units.cancelled():
            with self.units.unit() as session:
                stopped = update(_run).where(_run.c.id == self.run.id, _run.c.state == "running")
                session.execute(stopped.values(state="cancelled", finished_at=func.now()))
        with self.units.unit() as session:
            state = session.scalar(select(_run.c.state).where(_run.c.id == self.run.id))
        return state == "running"

    def _require_mine(self, run: Run) -> None:
        if (run.round, run.position) != (self.round, self.position):
            raise TakenOver

    def _result(self) -> dict[str, Any]:
        with self.units.unit() as session:
            run = _locked(session, self.run.id)
        return {**run.counts, "state": run.state}


@contextmanager
def _at_full_speed() -> Iterator[None]:
    """Suit the interpreter to thousands of rows a second.

    Circles of garbage are looked for between parts only: among rows being made it takes a tenth of the
    time. And the thread that reads ahead lets go soon of the interpreter, while the server waits for the
    next rows of a COPY; otherwise it would keep it for five milliseconds each time.
    """
    was_on, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(_LETS_GO_AFTER)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        if was_on:
            gc.enable()


def _locked(session: Session, import_id: int) -> Run:
    row = session.execute(select(_run).where(_run.c.id == import_id).with_for_update()).mappings().first()
    if row is None:
        raise NotFound
    return Run(**row)


def _set(session: Session, import_id: int, **values: Any) -> None:
    session.execute(update(_run).where(_run.c.id == import_id).values(**values))


def _added(counts: dict[str, Any], outcome: Outcome) -> dict[str, int]:
    return {name: counts.get(name, 0) + value for name, value in asdict(outcome).items() if name != "seconds"}
