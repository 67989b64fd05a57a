"""Putting jobs into the queue, in the transaction of the change that needs them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.session import tenant_of
from core.events import notify
from core.jobs.registry import Jobs

_INSERT: Final = """
    with made as (
        insert into core_job (kind, label, key, arguments, actor_id, run_at)
        values (%(kind)s, %(label)s, %(key)s, %(arguments)s, %(actor)s, %(at)s)
        on conflict (kind, key) where state = 'waiting' and key is not null do update set key = excluded.key
        returning id, xmax = 0 as is_new
    )
    select id, case when is_new then queue.enqueue(%(kind)s, %(lane)s, id, %(at)s) end from made
"""
_RETRY: Final = text("""
    with again as (
        update core_job set state = 'waiting', attempts = 0, error = null, error_code = null, run_at = null,
            cancel_asked_at = null, finished_at = null
        where id = :id and state = 'parked' returning id, kind, actor_id
    )
    select id, actor_id, queue.enqueue(kind, :lane, id, null) from again
""")
_LEFT: Final = text("""
    select id from core_job
    where state = 'parked' and error_code = 'addon-off' and kind = any(:kinds) order by id
""")
_CANCEL: Final = text("""
    update core_job set
        state = case when state = 'running' then state else 'cancelled' end,
        finished_at = case when state = 'running' then null else now() end,
        cancel_asked_at = coalesce(cancel_asked_at, now())
    where id = :id and state in ('waiting', 'running', 'parked') returning actor_id
""")

_OPEN: Final = text("""
    select id, kind, run_at from core_job
    where state in ('waiting', 'running') and id <> all(:besides) order by id
""")
_ENTER: Final = text("select queue.enqueue(:kind, :lane, :id, :at)")
_GIVE_UP: Final = text("""
    update core_job set state = 'cancelled', finished_at = now(), cancel_asked_at = now()
    where state in ('waiting', 'running') and id <> all(:besides) returning id
""")


def enqueue(
    session: Session,
    kind: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    actor: Actor,
    label: str = "",
    key: str | None = None,
    at: datetime | None = None,
) -> int:
    """Let a job be done after the present transaction; one that is rolled back leaves none.

    Args:
        session: bound to the tenant the job is for.
        kind: name of a declared job, ``core.import``.
        arguments: what the job is given, as JSON; kept readable for the tenant's administrators.
        actor: in whose name it runs, with the rights he has then.
        label: what it is about, for lists: the name of a file, of a record.
        key: while a job of this kind and key waits, no other is made; its number is given.
        at: not before this instant; now when empty.

    Returns:
        The number of the row in ``core_job``.

    Raises:
        LookupError: there is no such kind.
    """
    found = _jobs(session).get(kind)
    if found is None:
        raise LookupError(f"there is no job “{kind}”")
    values = {
        "kind": kind,
        "lane": found.lane,
        "label": label[:300],
        "key": key,
        "arguments": orjson.dumps(dict(arguments or {})).decode(),
        "actor": actor.user_id,
        "at": at,
    }
    number = session.connection().exec_driver_sql(_INSERT, values).one()[0]
    notify(session, f"job:{number}", to=actor.user_id)
    return int(number)


def retry(session: Session, job_id: int) -> bool:
    """Let a parked job be tried again, from its first attempt; False when it is not parked."""
    kind = session.scalar(text("select kind from core_job where id = :id"), {"id": job_id})
    found = _jobs(session).get(kind or "")
    row = session.execute(_RETRY, {"id": job_id, "lane": found.lane if found else "default"}).first()
    if row is not None:
        notify(session, f"job:{job_id}", to=row.actor_id)
    return row is not None


def take_up(session: Session, addons: Collection[str]) -> int:
    """Let jobs that met their addon switched off be done after all, now that it is on; gives how many."""
    kinds = [kind.name for kind in _jobs(session) if kind.addon in addons]
    left = session.scalars(_LEFT, {"kinds": kinds}).all()
    return sum(retry(session, each) for each in left)


def put_back(session: Session, *, besides: Collection[int]) -> int:
    """Give jobs that are not over an entry in the queue, which a restored tenant comes without.

    Args:
        session: bound to the tenant; the caller commits.
        besides: those that have one.

    Returns:
        How many have got one.
    """
    jobs, left = _jobs(session), session.execute(_OPEN, {"besides": list(besides)}).all()
    for row in left:
        kind = jobs.get(row.kind)
        given = {"kind": row.kind, "lane": kind.lane if kind else "default", "id": row.id, "at": row.run_at}
        session.execute(_ENTER, given)
    return len(left)


def give_up(session: Session, *, besides: Collection[int]) -> int:
    """Cancel the jobs that are not over, ``besides`` some of them; gives how many."""
    return len(session.scalars(_GIVE_UP, {"besides": list(besides)}).all())


def cancel(session: Session, job_id: int) -> bool:
    """Ask for the end of a job: one that waits is cancelled at once, one that runs is told.

    Returns:
        False when it is over already.
    """
    row = session.execute(_CANCEL, {"id": job_id}).first()
    if row is not None:
        notify(session, f"job:{job_id}", to=row.actor_id)
    return row is not None


def _jobs(session: Session) -> Jobs:
    jobs = session.info["database"].jobs
    assert isinstance(jobs, Jobs)
    return jobs


def states_of(session: Session, job_ids: Sequence[int]) -> dict[int, str]:
    """``{number: state}`` of some jobs of the tenant."""
    tenant_of(session)
    rows = session.execute(
        text("select id, state from core_job where id = any(:ids)"), {"ids": list(job_ids)}
    )
    return {row.id: row.state for row in rows}
