"""What people do with an import: upload a file, say where its columns go, try it, run it, take it back.

    run = create_run(session, resource, actor=actor, store=store, name="customers.csv", content=stream)
    run = configure(session, run, actor=actor, resource=resource, mode=Mode.UPSERT, key="name")
    run = start(session, run, actor=actor, resource=resource)

A run goes from draft over checked, waiting and running to done, cancelled or failed; from there it can
be taken back: undoing, undone. `core.resources.importing.running` does the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import delete, func, insert, update
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.errors import Invalid
from core.i18n import _l
from core.jobs import enqueue
from core.jobs.queue import cancel as cancel_job
from core.resources import change_sets
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.mapping import ColumnMap
from core.resources.importing.models import Import
from core.resources.importing.outcome import Mode
from core.resources.importing.runs import (
    COLUMNS,
    ENDED,
    OPEN,
    NotNow,
    Run,
    folder_of,
    header_key,
    last_run,
    opened,
    plan_of,
    set_values,
)
from core.resources.importing.tables import Reading, TooMuch, UnreadableFile, WrongKind, open_table
from core.resources.storage import keep_file, kept_file

#: Bytes of an uploaded file.
MAX_FILE: Final = 512 * 1024 * 1024
#: What can be said besides where columns go.
OPTIONS: Final = ("clear_blank", "skip_unknown", "keep_authors")
_UNSET: Final[Any] = object()

_run = Import.__table__


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
    row = session.execute(insert(_run).values(values).returning(*COLUMNS)).mappings().one()
    return Run(**row)


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
    row = session.execute(stopped.values(new).returning(*COLUMNS)).mappings().first()
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


def _enqueued(session: Session, run: Run, kind: str, state: str, actor: Actor) -> Run:
    addon = run.resource.partition(".")[0]
    job_id = enqueue(session, kind, {"import_id": run.id}, actor=actor, label=run.file_name, addon=addon)
    return set_values(session, run, {"state": state, "job_id": job_id, "error": None, "finished_at": None})
