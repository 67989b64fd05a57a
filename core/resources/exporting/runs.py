"""Exports in the background: asked for, made by a job into a file, fetched by the one who asked, gone.

The job works with the rights its owner has when it runs, so what was taken from him in between is not
in the file, and without the right to export at all there is none. The file is his alone; its link dies
after `LIFE`, and a job that looks every hour deletes it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.addons.switch import is_on
from core.config import Config
from core.db.session import after_commit, tenant_of
from core.db.tenancy import Tenant
from core.errors import NotFound
from core.i18n import _l
from core.jobs import Work, enqueue, job
from core.jobs.models import Job
from core.jobs.queue import cancel
from core.resources.declaration import Resource, resource_called
from core.resources.exporting import write
from core.resources.exporting.formats import Format
from core.resources.exporting.models import Export
from core.resources.exporting.source import count_records
from core.resources.filters import from_json, to_json
from core.resources.gateway import Gateway
from core.resources.query import Order, Query
from core.resources.storage import writing_files

#: How long a file can be fetched.
LIFE: Final = timedelta(days=3)
#: How long it is told that there was one.
_MEMORY: Final = timedelta(days=30)
#: Seconds after which a file nobody knows of is a left-over of a job that died.
_STRAY: Final = 24 * 3600

_export = Export.__table__
_job = Job.__table__


@dataclass(frozen=True, slots=True)
class Wish:
    """Which records, as what."""

    query: Query
    form: Format
    #: Columns; every field without the lines when empty.
    names: tuple[str, ...] = ()
    #: Whose labels are written; None for names and stored values.
    language: str | None = None


class _Cancelled(Exception):
    """Somebody has asked the job to end."""


def exports_folder(config: Config, tenant: Tenant) -> Path:
    """Where the files of a tenant's exports lie."""
    return config.data / "files" / str(tenant.id) / "exports"


def ask_for(gateway: Gateway, resource: Resource, wish: Wish, *, title: str = "") -> tuple[int, int]:
    """Let a file be made after the present transaction.

    Args:
        gateway: of the one who wants it.
        resource: what to write.
        wish: which records, as what.
        title: of the file, without its ending.

    Returns:
        ``(number of the export, number of its job)``

    Raises:
        NotFound, Forbidden, UnknownField, Invalid: as `core.resources.exporting.write` would.
    """
    session, actor = gateway.session, gateway.actor
    name = title or resource.plural_name
    values = {
        "resource": resource.name,
        "title": name[:200],
        "query": _kept(wish.query),
        "columns": list(wish.names),
        "format": str(wish.form),
        "language": wish.language,
        "total": count_records(gateway, resource, wish.query, wish.names),
        "actor_id": actor.user_id,
        "expires_at": datetime.now(UTC) + LIFE,
    }
    number = session.scalars(insert(_export).values(values).returning(_export.c.id)).one()
    job_id = enqueue(session, "core.export", {"export_id": number}, actor=actor, label=f"{name}.{wish.form}")
    session.execute(update(_export).where(_export.c.id == number).values(job_id=job_id))
    return number, job_id


@job("core.export", title=_l("Export"), lane="bulk", while_held=True)
def run_export(work: Work) -> dict[str, Any] | None:
    """Write the file of an export; when run again, from the beginning.

    Raises:
        NotFound, Forbidden: the owner may no longer export this.
        StorageFull: there is no space; nothing is left behind.
    """
    number = work.arguments["export_id"]
    folder = exports_folder(work.kernel.config, work.tenant)
    with work.kernel.database.session(work.tenant) as session:
        found = session.execute(select(_export).where(_export.c.id == number)).first()
        if found is None or found.file is not None:
            return _result(dict(found._mapping)) if found is not None else None
        gateway = Gateway(session, work.actor(session))
        resource = work.kernel.resources.named(work.tenant, found.resource)
        path = folder / f"{number}-{secrets.token_hex(8)}.{found.format}"
        try:
            rows = _write_file(work, gateway, resource, found, path)
            values = {"file": path.name, "rows": rows, "size": path.stat().st_size}
            with work.unit() as unit:
                ended = {"expires_at": datetime.now(UTC) + LIFE}
                statement = update(_export).where(_export.c.id == number).values(values | ended)
                kept = unit.execute(statement.returning(_export)).mappings().first()
        except _Cancelled:
            path.unlink(missing_ok=True)
            return None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    if kept is None:  # thrown away by its owner meanwhile
        path.unlink(missing_ok=True)
        return None
    return _result(dict(kept))


def _write_file(work: Work, gateway: Gateway, resource: Resource, found: Any, path: Path) -> int:
    """Write all records to ``path``; gives how many."""
    query, names = _query(found.query), tuple(found.columns)
    total = count_records(gateway, resource, query, names)
    written = 0

    def report(rows: int) -> None:
        nonlocal written
        written = rows
        work.progress(min(rows, total), total)
        if work.told_to_stop:
            raise _Cancelled

    work.progress(0, total)
    form = Format(found.format)
    pieces = write(gateway, resource, query, form, names=names, language=found.language, on_rows=report)
    with writing_files():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for piece in pieces:
                file.write(piece)
    return written


def exports_of(session: Session, actor: Actor, *, number: int | None = None) -> list[Mapping[str, Any]]:
    """What somebody has asked for, newest first, each with where its job stands.

    ``state`` is waiting, running, done, parked, cancelled or expired; with it come ``done``, ``error``
    and ``error_code`` of the job.
    """
    statement = (
        select(
            _export, _job.c.state.label("job_state"), _job.c.done, _job.c.total.label("job_total"),
            _job.c.error, _job.c.error_code,
        )
        .outerjoin(_job, _job.c.id == _export.c.job_id)
        .where(_export.c.actor_id == actor.user_id)
        .order_by(_export.c.id.desc())
        .limit(50)
    )  # fmt: skip
    if number is not None:
        statement = statement.where(_export.c.id == number)
    now = datetime.now(UTC)
    rows = map(dict, session.execute(statement).mappings())
    return [row | {"state": _state(row, now)} for row in rows]


def export_of(session: Session, actor: Actor, number: int) -> Mapping[str, Any]:
    """One of somebody's exports, as `exports_of` gives it.

    Raises:
        NotFound: there is none of this number, or it is not his.
    """
    found = exports_of(session, actor, number=number)
    if not found:
        raise NotFound
    return found[0]


def open_export(
    session: Session, actor: Actor, number: int, config: Config
) -> tuple[Mapping[str, Any], Path]:
    """The row and the file of one of somebody's exports.

    Raises:
        NotFound: it is not his, not there yet, or no more; or he may no longer export this.
    """
    found = export_of(session, actor, number)
    tenant = tenant_of(session)
    resource = resource_called(found["resource"])
    may = resource is not None and is_on(tenant, resource.addon) and actor.may(resource.name, "export")
    if found["state"] != "done" or not may:
        raise NotFound
    path = exports_folder(config, tenant) / found["file"]
    if not path.is_file():
        raise NotFound
    return found, path


def discard(session: Session, actor: Actor, number: int, config: Config) -> None:
    """Throw one of somebody's exports away, with its file and its job.

    Raises:
        NotFound: it is not his.
    """
    found = export_of(session, actor, number)
    if found["state"] in ("waiting", "running") and found["job_id"] is not None:
        cancel(session, found["job_id"])
    session.execute(delete(_export).where(_export.c.id == number))
    _unlink(session, exports_folder(config, tenant_of(session)), [found["file"]])


@job("core.expire-exports", title=_l("Delete exports whose time is over"), every="17 * * * *")
def expire_exports(work: Work) -> dict[str, int]:
    """Delete the files of exports whose time is over, and what jobs that died have left."""
    folder = exports_folder(work.kernel.config, work.tenant)
    now = datetime.now(UTC)
    with work.unit() as session:
        over = _export.c.file.is_not(None) & (_export.c.expires_at <= now)
        files = session.scalars(select(_export.c.file).where(over)).all()
        session.execute(update(_export).where(over).values(file=None))
        session.execute(delete(_export).where(_export.c.expires_at <= now - _MEMORY))
        known = set(session.scalars(select(_export.c.file).where(_export.c.file.is_not(None))))
        _unlink(session, folder, files)
    strays = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in known and path.stat().st_mtime < time() - _STRAY:
            path.unlink(missing_ok=True)
            strays += 1
    return {"expired": len(files), "left_over": strays}


def _unlink(session: Session, folder: Path, files: Sequence[str | None]) -> None:
    """Delete files once the transaction that forgets them is committed."""

    def unlink() -> None:
        for name in files:
            if name is not None:
                (folder / name).unlink(missing_ok=True)

    after_commit(session, unlink)


def _state(row: Mapping[str, Any], now: datetime) -> str:
    if row["file"] is not None:
        return "done" if row["expires_at"] > now else "expired"
    state = str(row["job_state"] or "waiting")
    return "expired" if state == "done" else state


def _result(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the job tells of the file."""
    number = row["id"]
    return {
        "export_id": number,
        "rows": row["rows"],
        "size": row["size"],
        "url": f"/api/v1/exports/{number}/file",
        "expires_at": row["expires_at"],
    }


def _kept(query: Query) -> dict[str, Any]:
    return {"where": to_json(query.where), "q": query.q, "sort": [str(order) for order in query.sort]}


def _query(kept: Mapping[str, Any]) -> Query:
    sort = tuple(Order.read(each) for each in kept["sort"])
    return Query(where=from_json(kept["where"]), q=kept["q"], sort=sort)
