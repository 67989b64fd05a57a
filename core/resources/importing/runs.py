"""The imports there are: what is kept of each, finding them, and what follows from what is kept.

`core.resources.importing.steps` moves them, `core.resources.importing.running` does the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.addons.switch import kept_on
from core.db.session import tenant_of
from core.errors import Conflict, Invalid, NotFound
from core.i18n import _, _l
from core.jobs.models import Job
from core.jobs.running import told_error
from core.resources.cells import fold
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.mapping import ColumnMap, Plan, make_plan
from core.resources.importing.models import Import
from core.resources.importing.outcome import Mode
from core.resources.importing.presence import is_being_done
from core.resources.importing.tables import Reading, Table, open_table
from core.resources.storage import kept_file

#: States in which a run can still be changed, in which somebody is at it, and in which it has come to an end.
OPEN: Final = ("draft", "checked")
MOVING: Final = ("checking", "waiting", "running", "undoing")
ENDED: Final = ("done", "cancelled", "failed")

#: What is kept as the error of an import whose program ended before it was through.
LEFT: Final = "left"
_run = Import.__table__
_job = Job.__table__


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

    @property
    def reason(self) -> str:
        """Why it does not go on, in a sentence; empty where nothing is in its way."""
        if self.error == LEFT:
            return _("The program that ran this import ended before it was through.")
        return self.error or ""


#: What a `Run` is read from.
COLUMNS: Final = tuple(_run.c[field.name] for field in fields(Run))


def find_run(session: Session, import_id: int, *, actor: Actor) -> Run:
    """An import of the actor's, or anybody's for an administrator.

    Raises:
        NotFound: there is none, its addon is off, or it is somebody else's.
    """
    is_known = (_run.c.id == import_id, kept_on(tenant_of(session), _run.c.resource))
    row = session.execute(select(*COLUMNS).where(*is_known)).mappings().first()
    if row is None or not _is_for(row, actor):
        raise NotFound
    [run] = _settled(session, [Run(**row)])
    return run


def runs_of(
    session: Session, *, actor: Actor, resource: Resource | None = None, limit: int = 50
) -> list[Run]:
    """The imports an actor may know of, newest first; drafts nobody went on with are left out.

    Those of an addon that is off are as if they had never been.
    """
    is_shown = (_run.c.state != "draft", kept_on(tenant_of(session), _run.c.resource))
    statement = select(*COLUMNS).where(*is_shown).order_by(_run.c.id.desc()).limit(limit)
    if resource is not None:
        statement = statement.where(_run.c.resource == resource.name)
    if not actor.is_administrator:
        statement = statement.where(_run.c.actor_id == actor.user_id)
    return _settled(session, [Run(**row) for row in session.execute(statement).mappings()])


def last_run(session: Session, resource: Resource, header: Sequence[str], *, actor: Actor) -> Run | None:
    """The import that was last run with these columns: one's own, else anybody's."""
    is_own = func.coalesce(_run.c.actor_id, 0) == (actor.user_id or 0)
    statement = (
        select(*COLUMNS)
        .where(_run.c.resource == resource.name, _run.c.header_key == header_key(header))
        .where(_run.c.state.not_in(("draft", "checking", "checked")))
        .order_by(is_own.desc(), _run.c.id.desc())
        .limit(1)
    )
    row = session.execute(statement).mappings().first()
    return None if row is None else Run(**row)


def plan_of(gateway: Gateway, resource: Resource, run: Run) -> Plan:
    """Where the columns of a run go.

    Raises:
        BadMapping, UnknownColumns, NeedsKey, Forbidden: see `core.resources.importing.steps.configure`.
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


def folder_of(session: Session, store: Path) -> Path:
    """Where the files of a tenant's imports are kept."""
    return store / str(tenant_of(session).id)


def header_key(header: Sequence[str]) -> str:
    """The same for all files with these columns, in whatever order and spelling."""
    return hashlib.sha256("\n".join(sorted(map(fold, header))).encode()).hexdigest()


def set_values(session: Session, run: Run, values: Mapping[str, Any]) -> Run:
    """Change a run that nobody else has moved on in the meantime."""
    statement = update(_run).where(_run.c.id == run.id, _run.c.state == run.state).values(values)
    row = session.execute(statement.returning(*COLUMNS)).mappings().first()
    if row is None:
        raise NotNow
    return Run(**row)


def _settled(session: Session, runs: Sequence[Run]) -> list[Run]:
    """The same runs, where nobody is at one any more as stopped: its program may have been killed."""
    ids = [run.job_id for run in runs if run.state in MOVING]
    jobs: dict[int | None, Any] = {}
    if any(ids):
        statement = select(_job.c.id, _job.c.state, _job.c.error, _job.c.error_code)
        jobs = {row.id: row for row in session.execute(statement.where(_job.c.id.in_(filter(None, ids))))}
    return [_still(session, run, jobs.get(run.job_id)) if run.state in MOVING else run for run in runs]


def _still(session: Session, run: Run, job: Any) -> Run:
    """A run somebody should be at; stopped, to be gone on with and taken back, where nobody is."""
    if (job is not None and job.state in ("waiting", "running")) or is_being_done(session, run.id):
        return run
    ended = None if job is None else job.state
    error = told_error(job.error, job.error_code) if ended == "parked" else LEFT if ended is None else None
    values: dict[str, Any] = {"state": "draft", "error": error}
    if run.state != "checking":
        values |= {"state": "failed" if ended == "parked" else "cancelled", "finished_at": func.now()}
    try:
        return set_values(session, run, values)
    except NotNow:
        return find_run(session, run.id, actor=OPERATOR)


def _is_for(row: Mapping[Any, Any], actor: Actor) -> bool:
    return actor.is_administrator or (row["actor_id"] is not None and row["actor_id"] == actor.user_id)
