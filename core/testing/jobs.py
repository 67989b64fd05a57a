"""Running background jobs inside a test: at once, in this process, without a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, Engine, text

from core.db.queue import LANES
from core.db.tenancy import Tenant
from core.jobs.running import Outcome, run_job
from core.kernel import Kernel

#: More jobs than any test means to enqueue: one that enqueues itself for ever is a mistake.
_TOO_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Ran:
    """A job `run_jobs` has run, and where it stands now."""

    id: int
    kind: str
    #: waiting (it failed and is tried again), done, parked or cancelled.
    state: str
    error: str | None


RunJobs = Callable[..., list[Ran]]


@pytest.fixture
def run_jobs(kernel: Kernel, owner_engine: Engine, tenants: dict[str, Tenant], committed: object) -> RunJobs:
    """Runs all jobs that wait, those they enqueue too, and tells of each: ``run_jobs()``.

    What is to be run later (``at=``, or after a failed try) waits on; ``run_jobs(later=True)`` runs
    it now, once.
    """

    def run(*, later: bool = False) -> list[Ran]:
        if later:
            with owner_engine.begin() as connection:
                connection.execute(text("update queue.procrastinate_jobs set scheduled_at = null"))
        ran: list[Ran] = []
        while len(ran) < _TOO_MANY:
            with owner_engine.begin() as connection:
                taken = _take(connection)
            if taken is None:
                return ran
            entry, arguments = taken
            outcome = run_job(kernel, arguments["tenant"], arguments["job"])
            with owner_engine.begin() as connection:
                _put_back(connection, entry, outcome)
            tenant = next(each for each in tenants.values() if each.id == arguments["tenant"])
            with kernel.database.session(tenant) as session:
                row = session.execute(
                    text("select id, kind, state, error from core_job where id = :id"),
                    {"id": arguments["job"]},
                ).one()
            ran.append(Ran(*row))
        raise AssertionError(f"there seems to be no end of jobs: {ran[-1]}")

    return run


def _take(connection: Connection) -> tuple[int, dict[str, int]] | None:
    for lane in LANES:
        row = connection.execute(
            text("select id, args from queue.take(:lane, null, 1)"), {"lane": lane}
        ).first()
        if row is not None and row.id is not None:
            return row.id, row.args
    return None


def _put_back(connection: Connection, entry: int, outcome: Outcome) -> None:
    """What the worker does after a run."""
    connection.execute(
        text("select queue.settle(:id, null, :ending, :at)"),
        {"id": entry, "ending": outcome.ending.value, "at": outcome.at},
    )
