"""What the operator sees of the queue: counts by tenant and lane, and the workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from core.db.queue import DEAD_AFTER


@dataclass(frozen=True, slots=True)
class Load:
    """What one tenant has in one lane."""

    #: None for what tells the tenants of a periodic job.
    tenant: int | None
    lane: str
    waiting: int
    running: int
    parked: int
    #: Since when, or for when, the one that waits longest does; None when none waits.
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerView:
    """One lane of one worker process."""

    id: int
    lane: str
    host: str
    process: int
    slots: int
    running: int
    started_at: datetime
    seen_at: datetime
    alive: bool


def loads(connection: Connection) -> list[Load]:
    """The queue by tenant and lane; for the application's login, bound to no tenant."""
    return [Load(*row) for row in connection.execute(text("select * from queue.overview()"))]


def workers(connection: Connection) -> list[WorkerView]:
    """All workers that gave a sign of life lately, or died lately."""
    statement = text("select * from queue.workers(:seconds)")
    return [WorkerView(*row) for row in connection.execute(statement, {"seconds": DEAD_AFTER})]
