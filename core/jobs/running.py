"""Running one job: claim it, see that it may run, run it, write down what came of it."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.addons.switch import is_on
from core.db import platform
from core.db.session import commit
from core.db.tenancy import Platform, Tenant, read_tenant
from core.errors import BadRequest, Conflict, Forbidden, GuanxiError, Invalid, NotFound, StaleVersion
from core.events import notify
from core.i18n import Lazy, _l, speaking
from core.jobs.registry import JobKind
from core.jobs.work import Superseded, Work

if TYPE_CHECKING:
    from core.kernel import Kernel

logger = logging.getLogger(__name__)

#: How long jobs of a tenant that is closed or held wait before somebody looks again.
_CLOSED_WAIT: Final = timedelta(seconds=60)
_LONGEST_WAIT: Final = timedelta(hours=1)
#: Times a job may take its worker down with it.
_CRASHES: Final = 3

#: What people read for the reasons that the program itself knows.
REASONS: Final[dict[str, Lazy]] = {
    "unknown-job": _l("The addon that does this is no longer installed."),
    "addon-off": _l("The addon that does this is switched off. Switch it on and try again."),
    "crashed": _l("It ended the program that ran it, several times. Your administrator should look at it."),
    "internal": _l("An unexpected error happened (%(name)s). The log of the worker tells more."),
}

_CLAIM: Final = text("""
    update core_job set state = 'running', attempts = attempts + 1, started_at = now(), finished_at = null,
        error = null, error_code = null
    where id = :id and state in ('waiting', 'running') and cancel_asked_at is null
    returning kind, arguments, attempts, actor_id,
        (select u.language from core_user u where u.id = core_job.actor_id) as language
""")
_DROP: Final = text("""
    update core_job set state = 'cancelled', finished_at = now()
    where id = :id and state in ('waiting', 'running') and cancel_asked_at is not null returning actor_id
""")
_FINISH: Final = text("""
    update core_job set state = :state, result = cast(:result as jsonb), error = :error, error_code = :code,
        run_at = :run_at, finished_at = case when :state = 'waiting' then null else now() end,
        done = case when :state = 'done' then coalesce(total, done) else done end
    where id = :id and attempts = :attempt and state = 'running' returning id
""")


class Ending(StrEnum):
    """What becomes of the entry in the queue."""

    #: It is over: done, cancelled, or gone.
    OVER = "over"
    #: It stays for people to look at.
    PARKED = "parked"
    #: It waits for another try.
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; ``at`` is when it is tried again."""

    ending: Ending
    at: datetime | None = None


OVER: Final = Outcome(Ending.OVER)
PARKED: Final = Outcome(Ending.PARKED)


def run_job(kernel: Kernel, tenant_id: int, job_id: int) -> Outcome:
    """Run one job of a tenant on the application's login.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database went away; the entry is tried again.
    """
    tenant = find_tenant(kernel, tenant_id)
    if tenant is None:
        return OVER
    if tenant.state != "active":
        return Outcome(Ending.AGAIN, datetime.now(UTC) + _CLOSED_WAIT)
    with kernel.database.session(tenant) as session:
        if tenant.held and not _may_run_held(kernel, session, job_id):
            return Outcome(Ending.AGAIN, datetime.now(UTC) + _CLOSED_WAIT)
        row = session.execute(_CLAIM, {"id": job_id}).first()
        if row is None:
            dropped = session.execute(_DROP, {"id": job_id}).first()
            if dropped is not None:
                notify(session, f"job:{job_id}", to=dropped.actor_id)
            commit(session)
            return OVER
        notify(session, f"job:{job_id}", to=row.actor_id)
        commit(session)
    work = Work(job_id, tenant, row.arguments, kernel, row.attempts, row.actor_id)
    with speaking(row.language or tenant.language):
        kind = kernel.jobs.get(row.kind)
        reason = _why_not(tenant, kind, row.attempts)
        if kind is None or reason:
            return _park(work, REASONS[reason], reason)
        return _run(work, kind)


def _may_run_held(kernel: Kernel, session: Session, job_id: int) -> bool:
    """Whether a job of a tenant that sends nothing until it is released keeps to the tenant's records."""
    kind = kernel.jobs.get(
        session.scalar(text("select kind from core_job where id = :id"), {"id": job_id}) or ""
    )
    return kind is not None and kind.while_held


def find_tenant(kernel: Kernel, tenant_id: int) -> Tenant | None:
    """A tenant as it is now, None when it has been deleted."""
    with kernel.database.session(Platform()) as session:
        statement = select(platform.tenant).where(platform.tenant.c.id == tenant_id)
        row = session.execute(statement).mappings().first()
    return read_tenant(row) if row is not None else None


def _why_not(tenant: Tenant, kind: JobKind | None, attempts: int) -> str:
    """The code of the reason why a job cannot run; empty when it can."""
    if kind is None:
        return "unknown-job"
    if not is_on(tenant, kind.addon):
        return "addon-off"
    return "crashed" if attempts > kind.attempts + _CRASHES else ""


def _run(work: Work, kind: JobKind) -> Outcome:
    try:
        result = kind.function(work)
        kept = orjson.dumps(result).decode() if result is not None else None
    except Superseded:
        logger.warning("job %s of %s was taken over by another run", work.job_id, work.tenant.slug)
        return OVER
    except Exception as error:  # noqa: BLE001 - whatever it raises concerns this job alone
        return _failed(work, kind, error)
    state = "cancelled" if work.told_to_stop else "done"
    _finish(work, state, result=kept)
    return OVER


def _failed(work: Work, kind: JobKind, error: Exception) -> Outcome:
    sentence, code = _told(error)
    if _is_final(error) or work.attempt >= kind.attempts:
        logger.error("job %s (%s) of %s is parked", work.job_id, kind.name, work.tenant.slug, exc_info=error)
        return _park(work, sentence, code)
    logger.warning("job %s (%s) of %s failed", work.job_id, kind.name, work.tenant.slug, exc_info=error)
    at = datetime.now(UTC) + back_off(work.attempt)
    _finish(work, "waiting", error=sentence, code=code, at=at)
    return Outcome(Ending.AGAIN, at)


def _told(error: Exception) -> tuple[str, str]:
    """A sentence for people, and the stable name of the reason."""
    if isinstance(error, Invalid):
        fields = "; ".join(f"{name}: {' '.join(map(str, why))}" for name, why in error.errors.items())
        return fields or error.detail, error.code
    if isinstance(error, GuanxiError):
        return error.detail, error.code
    # What it says may quote data that the reader of the job may not see; the log has it all.
    return type(error).__name__, "internal"


def _is_final(error: Exception) -> bool:
    """Whether trying again would be refused again."""
    refusal = isinstance(error, BadRequest | Forbidden | NotFound | Invalid | Conflict)
    return refusal and not isinstance(error, StaleVersion)


def back_off(attempt: int) -> timedelta:
    """How long to wait after a failed try: 2, 4, 8 ... seconds, and a little more or less for each."""
    seconds = min(2.0**attempt, _LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311 - no secret


def _park(work: Work, sentence: str | Lazy, code: str) -> Outcome:
    _finish(work, "parked", error=str(sentence), code=code)
    return PARKED


def _finish(
    work: Work,
    state: str,
    *,
    result: str | None = None,
    error: str | None = None,
    code: str | None = None,
    at: datetime | None = None,
) -> None:
    with work.kernel.database.session(work.tenant) as session:
        values: dict[str, Any] = {
            "state": state,
            "result": result,
            "error": error,
            "code": code,
            "run_at": at,
        }
        session.execute(_FINISH, {**values, "id": work.job_id, "attempt": work.attempt})
        notify(session, f"job:{work.job_id}", to=work.actor_id)
        commit(session)


def told_error(error: str | None, code: str | None) -> str:
    """The sentence about a failure, in the language in force where the program knows the reason."""
    if code in REASONS:
        return str(REASONS[code]) % {"name": error}
    return error or ""
