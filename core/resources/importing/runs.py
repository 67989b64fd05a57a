"""Imports as people see them: upload a file, say where its columns go, try it, run it, take it back.

    run = create_run(session, resource, actor=actor, store=store, name="customers.csv", content=stream)
    run = configure(session, run, actor=actor, resource=resource, mode=Mode.UPSERT, key="name")
    run = start(session, run, actor=actor, resource=resource)

A run goes from draft over checked, waiting and running to done, cancelled or failed; from there it can
be taken back: undoing, undone. `core.resources.importing.running` does the work.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.session import tenant_of
from core.errors import Conflict, Invalid, NotFound
from core.i18n import _l
from core.jobs import enqueue
from core.jobs.queue import cancel as cancel_job
from core.resources import change_sets
from core.resources.cells import fold
from core.resources.declaration import Resource
from core.resources.exporting import BOM
from core.resources.gateway import Gateway
from core.resources.importing.entries import Problem
from core.resources.importing.mapping import PROBLEM, ColumnMap, Plan, make_plan
from core.resources.importing.models import Import, ImportRow
from core.resources.importing.outcome import Mode
from core.resources.importing.tables import (
    Reading,
    Row,
    Table,
    TooMuch,
    UnreadableFile,
    WrongKind,
    open_table,
)
from core.resources.storage import keep_file, kept_file

#: Bytes of an uploaded file.
MAX_FILE: Final = 512 * 1024 * 1024
#: States in which a run can still be changed, and in which it has come to an end.
OPEN: Final = ("draft", "checked")
ENDED: Final = ("done", "cancelled", "failed")
#: What can be said besides where columns go.
OPTIONS: Final = ("clear_blank", "skip_unknown", "keep_authors")
_UNSET: Final[Any] = object()

_run = Import.__table__
_row = ImportRow.__table__


class NotNow(Conflict):
    """The state of an import does not allow it."""

    code = "import-state"
    message = _l("This import is past that: it runs or has run already.")


class FileGone(Conflict):
    """The file is kept for some time only."""

    code = "import-file-gone"
    message = _l("The file of this import is no longer kept. Upload it again.")


class NeedsKey(Invalid):
    """Records that are there have to be recognised by something."""

    code = "import-needs-key"
    message = _l("Say by which column records that are there are recognised.")

    def __init__(self) -> None:
        super().__init__({"key": [self.message]})


@dataclass(frozen=True, slots=True)
class Run:
    """One import of one file; see `core.resources.importing.models.Import`."""

    id: int
    resource: str
    state: str
    file_name: str
    sha256: str
    size: int
    reading: dict[str, Any]
    header: list[str]
    header_key: str
    mapping: dict[str, Any]
    mode: str
    key: str | None
    options: dict[str, Any]
    counts: dict[str, Any]
    total: int | None
    round: int
    position: int
    waiting: int
    report: dict[str, Any] | None
    error: str | None
    change_set_id: int | None
    job_id: int | None
    actor_id: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def columns(self) -> ColumnMap:
        """The mapping as `make_plan` takes it."""
        return ColumnMap(**self.mapping)


_COLUMNS: Final = tuple(_run.c[field.name] for field in fields(Run))


def create_run(
    session: Session,
    resource: Resource,
    *,
    actor: Actor,
    store: Path,
    name: str,
    content: IO[bytes],
    reading: Reading | None = None,
    keeps_unreadable: bool = False,
) -> Run:
    """Keep a file and read its header; the mapping used last for these columns is taken over.

    Args:
        session: bound to one tenant; the caller commits.
        resource: what its rows shall become.
        actor: who imports.
        store: folder of all imports; each tenant has a folder of its own below it.
        name: of the file.
        content: read in blocks.
        reading: what is known of how it is written.
        keeps_unreadable: keep a table that cannot be read so, without a header; somebody then says how.

    Raises:
        NotFound, Forbidden: the actor may not import this.
        UnreadableFile: it is no table.
        TooLarge, StorageFull: it cannot be kept.
    """
    Gateway(session, actor).require(resource, "import")
    folder = folder_of(session, store)
    size, digest = keep_file(folder, content, limit=MAX_FILE)
    header: list[str] = []
    with kept_file(folder, digest).open("rb") as stream:
        try:
            header = open_table(stream, reading).header
        except UnreadableFile as error:
            if not keeps_unreadable or isinstance(error, WrongKind | TooMuch):
                raise
    values: dict[str, Any] = {
        "resource": resource.name,
        "file_name": name[-255:],
        "sha256": digest,
        "size": size,
        "reading": (reading or Reading()).to_json(),
        "header": header,
        "header_key": header_key(header),
        "actor_id": actor.user_id,
    }
    before = last_run(session, resource, header, actor=actor)
    if before is not None:
        values |= {"mapping": before.mapping, "mode": before.mode, "key": before.key}
        values["options"] = {
            name: set_
            for name, set_ in before.options.items()
            if name != "keep_authors" or actor.is_administrator
        }
    row = session.execute(insert(_run).values(values).returning(*_COLUMNS)).mappings().one()
    return Run(**row)


def find_run(session: Session, import_id: int, *, actor: Actor) -> Run:
    """An import of the actor's, or anybody's for an administrator.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    row = session.execute(select(*_COLUMNS).where(_run.c.id == import_id)).mappings().first()
    if row is None or not _is_for(row, actor):
        raise NotFound
    return Run(**row)


def runs_of(
    session: Session, *, actor: Actor, resource: Resource | None = None, limit: int = 50
) -> list[Run]:
    """The imports an actor may know of, newest first; drafts nobody went on with are left out."""
    statement = select(*_COLUMNS).where(_run.c.state != "draft").order_by(_run.c.id.desc()).limit(limit)
    if resource is not None:
        statement = statement.where(_run.c.resource == resource.name)
    if not actor.is_administrator:
        statement = statement.where(_run.c.actor_id == actor.user_id)
    return [Run(**row) for row in session.execute(statement).mappings()]


def last_run(session: Session, resource: Resource, header: Sequence[str], *, actor: Actor) -> Run | None:
    """The import that was last run with these columns: one's own, else anybody's."""
    is_own = func.coalesce(_run.c.actor_id, 0) == (actor.user_id or 0)
    statement = (
        select(*_COLUMNS)
        .where(_run.c.resource == resource.name, _run.c.header_key == header_key(header))
        .where(_run.c.state.not_in(("draft", "checking", "checked")))
        .order_by(is_own.desc(), _run.c.id.desc())
        .limit(1)
    )
    row = session.execute(statement).mappings().first()
    return None if row is None else Run(**row)


def configure(
    session: Session,
    run: Run,
    *,
    actor: Actor,
    resource: Resource,
    store: Path | None = None,
    reading: Reading | None = None,
    mapping: ColumnMap | None = None,
    mode: Mode | None = None,
    key: str | None = _UNSET,
    options: Mapping[str, bool] | None = None,
) -> Run:
    """Say how an import is to be done; what is left out stays as it is.

    Args:
        session: bound to one tenant; the caller commits.
        run: a draft, or one that was only tried.
        actor: who imports.
        resource: of the run.
        store: as for `create_run`; needed with ``reading``.
        reading: how the file is written; its header is read anew.
        mapping: where its columns go.
        mode: what happens to rows that are there, and to those that are not.
        key: what records are recognised by.
        options: clear_blank, skip_unknown, keep_authors.

    Raises:
        NotNow: it runs, or has run.
        BadMapping, UnknownColumns, NeedsKey: it cannot be done like this.
        UnreadableFile: the file cannot be read like this.
        Forbidden: only administrators keep authors.
    """
    if run.state not in OPEN:
        raise NotNow
    unknown = set(options or ()) - set(OPTIONS)
    if unknown:
        raise Invalid({name: [_l("Unknown field.")] for name in sorted(unknown)})
    values: dict[str, Any] = {"state": "draft", "report": None}
    if reading is not None:
        assert store is not None
        values["reading"] = reading.to_json()
        with opened(Run(**{**asdict(run), **values}), folder_of(session, store)) as table:
            values |= {"header": table.header, "header_key": header_key(table.header)}
    if mapping is not None:
        values["mapping"] = asdict(mapping)
    if mode is not None:
        values["mode"] = str(mode)
    if key is not _UNSET:
        values["key"] = key
    if options is not None:
        values["options"] = {**run.options, **options}
    wanted = Run(**{**asdict(run), **values})
    if reading is None or mapping is not None:
        plan_of(Gateway(session, actor), resource, wanted)
    return set_values(session, run, values)


def plan_of(gateway: Gateway, resource: Resource, run: Run) -> Plan:
    """Where the columns of a run go.

    Raises:
        BadMapping, UnknownColumns, NeedsKey, Forbidden: see `configure`.
    """
    if run.mode != Mode.INSERT and run.key is None:
        raise NeedsKey
    return make_plan(
        gateway,
        resource,
        run.header,
        run.columns,
        key=run.key,
        skip_unknown=bool(run.options.get("skip_unknown")),
        keep_authors=bool(run.options.get("keep_authors")),
    )


def start_check(session: Session, run: Run, *, actor: Actor, resource: Resource) -> Run:
    """Let a job try the whole import; the run's ``report`` tells what it found.

    Raises:
        NotNow, BadMapping, UnknownColumns, NeedsKey: see `configure`.
    """
    if run.state not in (*OPEN, "checking"):
        raise NotNow
    plan_of(Gateway(session, actor), resource, run)
    return _enqueued(session, run, "core.check-import", "checking", actor)


def start(session: Session, run: Run, *, actor: Actor, resource: Resource) -> Run:
    """Let a job do the import, or go on with one that was cancelled or has failed.

    Raises:
        NotNow: it runs, is done, or was taken back.
        BadMapping, UnknownColumns, NeedsKey: see `configure`.
    """
    if run.state not in (*OPEN, "checking", "cancelled", "failed"):
        raise NotNow
    plan_of(Gateway(session, actor), resource, run)
    return _enqueued(session, run, "core.import", "waiting", actor)


def cancel(session: Session, run: Run) -> Run:
    """Stop an import behind the rows it is at; what has come in stays and can be taken back.

    Waits until these rows are written, less than a second.

    Raises:
        NotNow: it does not run.
    """
    stopped = update(_run).where(_run.c.id == run.id, _run.c.state.in_(("waiting", "running", "checking")))
    then = {"waiting": "cancelled", "running": "cancelled", "checking": "draft"}
    new: dict[str, Any] = {"state": then.get(run.state, "cancelled")}
    if run.state != "checking":
        new["finished_at"] = func.now()
    row = session.execute(stopped.values(new).returning(*_COLUMNS)).mappings().first()
    if row is None:
        raise NotNow
    if run.job_id is not None:
        cancel_job(session, run.job_id)
    return Run(**row)


def may_undo(session: Session, run: Run, actor: Actor) -> bool:
    """Whether an actor may take an import back now."""
    about = {"kind": "import", "resource": run.resource, "actor_id": run.actor_id}
    has_ended = run.state in ENDED and run.change_set_id is not None
    return has_ended and change_sets.may_undo(about, actor)


def undo(session: Session, run: Run, *, actor: Actor) -> Run:
    """Let a job take an import back; see `core.resources.change_sets.undo`.

    Raises:
        NotNow: it has not ended, has done nothing, or is not this actor's to take back.
    """
    if not may_undo(session, run, actor):
        raise NotNow
    return _enqueued(session, run, "core.undo-import", "undoing", actor)


def discard(session: Session, run: Run) -> None:
    """Forget an import that was never run.

    Raises:
        NotNow: it was.
    """
    if run.state not in OPEN:
        raise NotNow
    session.execute(delete(_run).where(_run.c.id == run.id))


@contextmanager
def opened(run: Run, folder: Path) -> Iterator[Table]:
    """The file of a run as a table.

    Args:
        run: an import.
        folder: of the tenant's imports, see `folder_of`.

    Raises:
        FileGone: it is no longer kept.
        UnreadableFile: it cannot be read as the run says.
    """
    try:
        stream = kept_file(folder, run.sha256).open("rb")
    except FileNotFoundError:
        raise FileGone from None
    with stream:
        yield open_table(stream, Reading.from_json(run.reading))


def bad_rows(session: Session, run: Run) -> Iterator[tuple[Row, list[Problem]]]:
    """The rows that could not be imported, in their order, with the reasons; streamed."""
    statement = (
        select(_row.c.number, _row.c.line, _row.c.cells, _row.c.problems)
        .where(_row.c.import_id == run.id, _row.c.problems.is_not(None))
        .order_by(_row.c.number)
    )
    found = session.execute(statement, execution_options={"yield_per": 1000})
    for number, line, cells, problems in found:
        yield Row(line, cells, number), [Problem.unpack(each) for each in problems]


def write_bad_rows(session: Session, run: Run) -> Iterator[bytes]:
    """The bad rows as CSV to correct and import again, piece by piece, in the language in force.

    The cells are those of the file; the reasons stand behind them, then cells a row has too many.
    """
    width = len(run.header)
    lines = _Lines()
    writer = csv.writer(lines)
    yield BOM.encode()
    writer.writerow([*run.header, str(PROBLEM)])
    for row, problems in bad_rows(session, run):
        cells = row.cells[:width] + [""] * (width - len(row.cells))
        writer.writerow([*cells, " ".join(map(str, problems)), *row.cells[width:]])
        if len(lines.written) >= 500:
            yield lines.take()
    yield lines.take()


class _Lines:
    """What `csv.writer` writes to."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, line: str) -> None:
        self.written.append(line)

    def take(self) -> bytes:
        taken, self.written = "".join(self.written), []
        return taken.encode("utf-8", "surrogatepass")


def folder_of(session: Session, store: Path) -> Path:
    """Where the files of a tenant's imports are kept."""
    return store / str(tenant_of(session).id)


def header_key(header: Sequence[str]) -> str:
    """The same for all files with these columns, in whatever order and spelling."""
    return hashlib.sha256("\n".join(sorted(map(fold, header))).encode()).hexdigest()


def _is_for(row: Mapping[Any, Any], actor: Actor) -> bool:
    return actor.is_administrator or (row["actor_id"] is not None and row["actor_id"] == actor.user_id)


def set_values(session: Session, run: Run, values: Mapping[str, Any]) -> Run:
    """Change a run that nobody else has moved on in the meantime."""
    statement = update(_run).where(_run.c.id == run.id, _run.c.state == run.state).values(values)
    row = session.execute(statement.returning(*_COLUMNS)).mappings().first()
    if row is None:
        raise NotNow
    return Run(**row)


def _enqueued(session: Session, run: Run, kind: str, state: str, actor: Actor) -> Run:
    job_id = enqueue(session, kind, {"import_id": run.id}, actor=actor, label=run.file_name)
    return set_values(session, run, {"state": state, "job_id": job_id, "error": None, "finished_at": None})
