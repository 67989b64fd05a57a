"""What a job's function is given: its arguments, units of work, its actor, a way to tell how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.addons.switch import is_on
from core.auth.services import actor_by_email
from core.db import platform
from core.db.session import commit
from core.db.tenancy import Platform, Tenant, read_tenant
from core.errors import Conflict, Forbidden
from core.events import notify
from core.i18n import _l

if TYPE_CHECKING:
    from core.kernel import Kernel

#: Seconds between two reports of how far a job is; what is told in between is left out.
REPORT_EVERY: Final = 0.4

_REPORT: Final = text("""
    update core_job set done = :done, total = :total, note = :note
    where id = :id and attempts = :attempt and state = 'running'
    returning cancel_asked_at is not null as cancelled
""")
_STANDING: Final = text("""
    select state = 'running' and attempts = :attempt as ours, cancel_asked_at is not null as cancelled
    from core_job where id = :id
""")
_EMAIL: Final = text("select email from core_user where id = :id and archived_at is null")


class ActorGone(Forbidden):
    """Whoever asked for the job may no longer sign in."""

    code = "actor-gone"
    message = _l("The person who asked for this is no longer active, so it was not done.")


class AddonOff(Conflict):
    """The addon was switched off; what is done is done, and the rest waits until it is on again."""

    code = "addon-off"
    message = _l("The addon that does this is switched off. Switch it on and try again.")


class Superseded(Exception):
    """Another run of this job has taken over: this one was taken for dead and must not write any more."""


@dataclass(slots=True)
class Work:
    """One run of a job."""

    job_id: int
    tenant: Tenant
    #: As they were given to `core.jobs.enqueue`.
    arguments: dict[str, Any]
    #: The registries of this process: ``resources``, ``permissions``, ``hooks``, ``config``.
    kernel: Kernel
    #: Which try this is, from 1 on.
    attempt: int
    actor_id: int | None
    #: Whose work it is.
    addon: str = "core"
    _reported: tuple[int, int | None, str] = (0, None, "")
    _reported_at: float = field(default=float("-inf"))
    #: Whether the function has been told that it should stop.
    told_to_stop: bool = False

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """One transaction for the tenant: commits at the end of the block, or leaves nothing.

        Raises:
            Superseded: another run of the job has taken over; nothing is committed.
            AddonOff: the addon is not on any more; the block is not entered.
        """
        self._require_on()
        with self.kernel.database.session(self.tenant, channel="job") as session:
            yield session
            self._require_ours(session)
            commit(session)

    def actor(self, session: Session) -> Actor:
        """In whose name the job runs, with the rights of now.

        Raises:
            ActorGone: the person is archived.
        """
        if self.actor_id is None:
            return OPERATOR
        email = session.scalar(_EMAIL, {"id": self.actor_id})
        if email is None:
            raise ActorGone
        return actor_by_email(session, self.kernel.permissions, email)

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far the job is; written at once in a transaction of its own, a few times a second.

        Args:
            done: how many of the ``total`` things are done.
            total: how many there are, None where nobody knows.
            note: what is being done, in the language in force.

        Raises:
            Superseded: another run of the job has taken over.
        """
        told, now = (done, total, note[:300]), time.monotonic()
        is_over = total is not None and done >= total
        if told == self._reported or (now - self._reported_at < REPORT_EVERY and not is_over):
            return
        with self.kernel.database.session(self.tenant) as session:
            values = {"done": done, "total": total, "note": note[:300]}
            standing = session.execute(
                _REPORT, {**values, "id": self.job_id, "attempt": self.attempt}
            ).first()
            if standing is None:
                raise Superseded
            self.told_to_stop = self.told_to_stop or standing.cancelled
            notify(session, f"job:{self.job_id}", to=self.actor_id)
            commit(session)
        self._reported, self._reported_at = told, now

    def cancelled(self) -> bool:
        """Whether somebody wants the job to end; a long one asks now and then, tidies up and returns.

        Raises:
            Superseded: another run of the job has taken over.
        """
        if not self.told_to_stop:
            with self.kernel.database.session(self.tenant) as session:
                self._require_ours(session)
        return self.told_to_stop

    def _require_on(self) -> None:
        """Look whether the addon is on still, however long the job has been running."""
        if self.addon == "core":
            return
        tenant = find_tenant(self.kernel, self.tenant.id)
        if tenant is None or not is_on(tenant, self.addon):
            raise AddonOff
        self.tenant = tenant

    def _require_ours(self, session: Session) -> None:
        standing = session.execute(_STANDING, {"id": self.job_id, "attempt": self.attempt}).first()
        if standing is None or not standing.ours:
            raise Superseded
        self.told_to_stop = self.told_to_stop or standing.cancelled


def find_tenant(kernel: Kernel, tenant_id: int) -> Tenant | None:
    """A tenant as it is now, None when it has been deleted."""
    with kernel.database.session(Platform()) as session:
        statement = select(platform.tenant).where(platform.tenant.c.id == tenant_id)
        row = session.execute(statement).mappings().first()
    return read_tenant(row) if row is not None else None
