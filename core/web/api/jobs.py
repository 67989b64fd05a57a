"""Background jobs over the API: how far they are, and the end of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, g
from sqlalchemy import RowMapping

from core.errors import Conflict, Invalid
from core.i18n import _l
from core.jobs.models import State
from core.jobs.queries import job_of, jobs_of
from core.jobs.queue import cancel, retry
from core.jobs.running import told_error
from core.resources.values import MAX_KEY
from core.web.api.answers import answer
from core.web.api.blueprint import bp
from core.web.api.bodies import parameters
from core.web.api.repeats import idempotent
from core.web.lifecycle import kernel

_PER_PAGE: Final = 100
_STATES: Final = tuple(state.value for state in State)


class JobOver(Conflict):
    """The job has ended already."""

    code = "job-over"
    message = _l("This job was over already.")


class JobNotParked(Conflict):
    """Only a parked job can be tried again."""

    code = "job-not-parked"
    message = _l("This job is not parked.")


@bp.get("/jobs")
def jobs() -> Response:
    """The caller's jobs, newest first; all of the tenant for an administrator."""
    given = parameters("state", "before")
    state, before = given.get("state", ""), given.get("before", "")
    errors = {}
    if state and state not in _STATES:
        errors["state"] = [_l("Use one of %(known)s.", known=", ".join(_STATES))]
    if before and not (before.isascii() and before.isdigit() and 0 < int(before) <= MAX_KEY):
        errors["before"] = [_l("This must be the number of a job.")]
    if errors:
        raise Invalid(errors)
    rows = jobs_of(
        g.session,
        g.actor,
        states=(state,) if state else (),
        before=int(before) if before else None,
        limit=_PER_PAGE + 1,
    )
    items = [_shown(row) for row in rows[:_PER_PAGE]]
    return answer({"items": items, "next": items[-1]["id"] if len(rows) > _PER_PAGE else None})


@bp.get("/jobs/<int:job_id>")
def one_job(job_id: int) -> Response:
    """One job, for its actor and for administrators."""
    parameters()
    return answer(_shown(job_of(g.session, g.actor, job_id)))


@bp.post("/jobs/<int:job_id>/cancel")
def cancel_job(job_id: int) -> Response:
    """Ask for the end of a job: one that waits is cancelled, one that runs is told and ends soon."""
    parameters()
    job_of(g.session, g.actor, job_id)
    return _cancel(job_id=job_id)


@idempotent()
def _cancel(job_id: int) -> Response:
    if not cancel(g.session, job_id):
        raise JobOver
    return answer(_shown(job_of(g.session, g.actor, job_id)))


@bp.post("/jobs/<int:job_id>/retry")
def retry_job(job_id: int) -> Response:
    """Let a parked job be tried again."""
    parameters()
    job_of(g.session, g.actor, job_id)
    return _retry(job_id=job_id)


@idempotent()
def _retry(job_id: int) -> Response:
    if not retry(g.session, job_id):
        raise JobNotParked
    return answer(_shown(job_of(g.session, g.actor, job_id)))


def _shown(row: RowMapping) -> Mapping[str, Any]:
    kind = kernel().jobs.get(row["kind"])
    names = ("id", "kind", "label", "state", "done", "total", "note", "result", "error_code", "attempts")
    times = ("created_at", "started_at", "finished_at", "run_at")
    actor = {"id": row["actor_id"], "label": row["actor"]} if row["actor_id"] is not None else None
    return {
        **{name: row[name] for name in names},
        "title": str(kind.title) if kind else row["kind"],
        "error": told_error(row["error"], row["error_code"]) or None,
        "cancelling": row["cancel_asked_at"] is not None and row["state"] == "running",
        "actor": actor,
        **{name: row[name] for name in times},
    }
