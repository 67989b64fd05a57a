"""Delivery after the commit: to subscribers in this process, and to browsers in every process.

Neither slows the transaction itself. Events are handed to the ``on_event`` hooks in a unit of work
of their own. Topics go to a thread that gathers those of some milliseconds and sends them with
NOTIFY on a connection of its own, and only where a browser of the tenant listens: a NOTIFY inside the
business transaction makes all commits of the database wait for one another.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar, Protocol

from sqlalchemy.orm import Session

from core.addons.hooks import Hooks
from core.db.session import Database, after_commit, tenant_of
from core.db.tenancy import Tenant
from core.events.wakes import Topic, Wakes

logger = logging.getLogger(__name__)


class Event(Protocol):
    """A fact: a frozen dataclass named in the past tense."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class Deliveries:
    """What follows the commits of one process."""

    def __init__(self, database: Database, hooks: Hooks) -> None:
        self._database = database
        self.hooks = hooks
        self.wakes = Wakes(database)

    def deliver(self, tenant: Tenant, event: Event) -> None:
        """Hand an event to the subscribers the tenant has on; what fails is logged and counted."""
        if not self.hooks.has("on_event", tenant.addons):
            return
        try:
            with self._database.unit_of_work(tenant, channel="job") as session:
                self.hooks.call(tenant.addons, "on_event", session=session, event=event)
        except Exception:  # the work that told of it is done and must not seem to have failed
            logger.exception("event %s was not delivered", type(event).__name__)

    def close(self) -> None:
        """Send what waits and end the thread."""
        self.wakes.close()


class _Wake:
    """The topics of one transaction; forgotten with it when it is rolled back."""

    def __init__(self, deliveries: Deliveries, tenant: int) -> None:
        self._deliveries, self._tenant = deliveries, tenant
        self.topics: set[Topic] = set()

    def __call__(self) -> None:
        self._deliveries.wakes.send(self._tenant, self.topics)


def _deliveries(session: Session) -> Deliveries | None:
    """None where no kernel was started, as in a program that only migrates."""
    found = session.info["database"].deliveries
    assert found is None or isinstance(found, Deliveries)
    return found


def hooks_of(session: Session) -> Hooks | None:
    """The hooks of this process, for services that ask other addons; None where no kernel was started."""
    deliveries = _deliveries(session)
    return deliveries.hooks if deliveries is not None else None


def publish(session: Session, event: Event) -> None:
    """Tell of an event once the present transaction is committed.

    Subscribers are functions ``on_event(session, event)`` in the ``hooks`` room of addons the tenant
    has on; each runs isolated. Delivery is not repeated: what must happen for certain is a job,
    enqueued in the transaction itself.
    """
    deliveries, tenant = _deliveries(session), tenant_of(session)
    if deliveries is not None:
        after_commit(session, lambda: deliveries.deliver(tenant, event))


def notify(session: Session, topic: str, *, to: int | None = None) -> None:
    """Wake the browsers that show ``topic`` once the present transaction is committed.

    Args:
        session: bound to a tenant.
        topic: ``list:customer.customer`` (who may read the resource), ``user:7`` (that user) or
            ``job:5`` (administrators, and ``to``). Ids only: who is woken fetches through his rights.
        to: the user a job belongs to.
    """
    deliveries = _deliveries(session)
    if deliveries is None:
        return
    follow = session.info.setdefault("after_commit", [])
    wake = next((each for each in follow if isinstance(each, _Wake)), None)
    if wake is None:
        wake = _Wake(deliveries, tenant_of(session).id)
        after_commit(session, wake)
    wake.topics.add((topic, to))
