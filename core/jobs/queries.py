"""Reading jobs: one's own, and all of the tenant for its administrators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.addons.switch import kept_on
from core.auth.models import User
from core.db.session import tenant_of
from core.errors import NotFound
from core.jobs.models import Job

_job = Job.__table__
_user = User.__table__

#: Rows of one page.
PAGE: Final = 50
#: States in which a job may still change by itself.
ACTIVE: Final = ("waiting", "running")


def _visible(session: Session, actor: Actor) -> ColumnElement[bool]:
    """What the reader may know of: one's own, or all; never what an addon does that is off."""
    is_on = kept_on(tenant_of(session), _job.c.addon)
    return is_on if actor.is_administrator else and_(is_on, _job.c.actor_id == actor.user_id)


def _rows() -> Select[Any]:
    return select(_job, _user.c.name.label("actor")).join_from(_job, _user, isouter=True)


def job_of(session: Session, actor: Actor, job_id: int) -> RowMapping:
    """One job, as it stands now.

    Raises:
        NotFound: there is none, its addon is off, or it is somebody else's and the reader no administrator.
    """
    statement = _rows().where(_job.c.id == job_id, _visible(session, actor))
    row = session.execute(statement).mappings().first()
    if row is None:
        raise NotFound
    return row


def jobs_of(
    session: Session,
    actor: Actor,
    *,
    states: Sequence[str] = (),
    kinds: Sequence[str] = (),
    own: bool = False,
    routine: bool = True,
    before: int | None = None,
    limit: int = PAGE,
) -> Sequence[RowMapping]:
    """Jobs the reader may see, newest first.

    Args:
        session: bound to a tenant.
        actor: the reader.
        states: only in these; all when empty.
        kinds: only of these; all when empty.
        own: only those he asked for himself.
        routine: also the periodic ones that went well.
        before: only older ones than this.
        limit: at most so many.
    """
    statement = _rows().where(_visible(session, actor)).order_by(_job.c.id.desc()).limit(limit)
    if states:
        statement = statement.where(_job.c.state.in_(states))
    if kinds:
        statement = statement.where(_job.c.kind.in_(kinds))
    if own:
        statement = statement.where(_job.c.actor_id == actor.user_id)
    if not routine:
        statement = statement.where(or_(_job.c.due_at.is_(None), _job.c.state != "done"))
    if before is not None:
        statement = statement.where(_job.c.id < before)
    return session.execute(statement).mappings().all()


def counts_of(session: Session, actor: Actor) -> dict[str, int]:
    """``{state: how many}`` of the jobs the reader may see that are not over: they are few."""
    statement = select(_job.c.state, func.count()).where(
        _visible(session, actor), _job.c.state.in_((*ACTIVE, "parked"))
    )
    return {row[0]: row[1] for row in session.execute(statement.group_by(_job.c.state))}
