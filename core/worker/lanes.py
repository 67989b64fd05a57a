"""The lanes of one worker process, on procrastinate's worker and our way of taking and settling jobs.

Ours differ from procrastinate's in four ways: tenants take turns; what became of a job is written only
by the worker that still holds it; it is written again and again while the database is away; and jobs
that do not end when the process must are handed back to the queue.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException, JobRetry
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker
from sqlalchemy import make_url

from core.db.queue import DEAD_AFTER, TASK
from core.jobs.running import Ending, Outcome
from core.worker import PATIENCE

logger = logging.getLogger(__name__)

#: Jobs worked on at once in each lane.
SLOTS: Final = {"default": 4, "bulk": 3}
#: Seconds between two looks into the queue where nobody called.
POLL: Final = 1.0
#: Seconds between two signs of life.
HEARTBEAT: Final = 5.0
#: Seconds between tries to write down what became of a job.
_PERSISTENCE: Final = (0.2, 0.5, 1, 2, 4, 8, 15)
#: After a run that ended in something nobody foresaw, such as a database that went away.
_UNFORESEEN_WAIT: Final = 5

_TAKE: Final = """
    select id, status, task_name, priority, lock, queueing_lock, args, scheduled_at, queue_name, attempts,
        worker_id
    from queue.take(%(lane)s, %(worker)s, %(limit)s)
"""
_SETTLE: Final = "select queue.settle(%(id)s, %(worker)s, %(ending)s, %(at)s) as ours"

#: Runs what a job's arguments ask for, in a thread.
Run = Callable[[dict[str, Any]], Outcome]


class _Ended(Exception):
    """A run that is not simply over; procrastinate learns of it by an exception."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.ending)


class _Strategy(BaseRetryStrategy):
    """Tries again when our own rules say so; they count and wait, procrastinate only keeps the time."""

    def get_retry_exception(self, exception: BaseException, job: Job) -> JobRetry | None:
        if isinstance(exception, _Ended):
            outcome = exception.outcome
            return None if outcome.ending is Ending.PARKED else JobRetry(RetryDecision(retry_at=outcome.at))
        if isinstance(exception, asyncio.CancelledError):
            return JobRetry(RetryDecision(retry_at=datetime.now(UTC)))
        return JobRetry(RetryDecision(retry_in={"seconds": _UNFORESEEN_WAIT}))


class _Calls(asyncio.Event):
    """That a job has come; procrastinate's own forgets one that comes while it looks into the queue."""

    def __init__(self) -> None:
        super().__init__()
        self._heard = self._seen = 0

    def set(self) -> None:
        """A job has come."""
        self._heard += 1
        super().set()

    def look(self) -> None:
        """The queue is being looked into: what has come up to here will be found."""
        self._seen = self._heard

    def clear(self) -> None:
        """Nothing was found; what has come since is kept."""
        if self._heard == self._seen:
            super().clear()


class _Queue(JobManager):
    """Takes and settles jobs through the functions of `core/db/queue.sql`."""

    def __init__(self, connector: PsycopgConnector) -> None:
        super().__init__(connector)
        self.calls = _Calls()

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job of the lane; no tenant may have all slots of this worker."""
        self.calls.look()
        [lane] = queues or ("default",)
        values = {"lane": lane, "worker": worker_id, "limit": max(1, SLOTS[lane] - 1)}
        rows = await self.connector.execute_query_all_async(_TAKE, **values)
        return Job.from_row(rows[0]) if rows else None

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """The run is over, or has to be looked at."""
        await self._settle(job, Ending.PARKED if status is Status.FAILED else Ending.OVER)

    async def retry_job(self, job: Job, retry_at: datetime | None = None, *_: Any, **__: Any) -> None:
        """The run is to be tried again."""
        await self._settle(job, Ending.AGAIN, retry_at)

    async def _settle(self, job: Job, ending: Ending, at: datetime | None = None) -> None:
        for wait in (*_PERSISTENCE, None):
            try:
                values = {"id": job.id, "worker": job.worker_id, "ending": ending.value, "at": at}
                row = await self.connector.execute_query_one_async(_SETTLE, **values)
            except ConnectorException:
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            else:
                if not row["ours"]:
                    logger.warning("entry %s of the queue was given to another worker", job.id)
                return


class Lane(Worker):
    """A procrastinate worker for one lane."""

    async def work(self) -> None:
        """Take jobs until `stop`, or until the database goes away."""
        await self.run()  # type: ignore[no-untyped-call]

    def end(self) -> None:
        """Take no further jobs."""
        self.stop()  # type: ignore[no-untyped-call]

    async def _periodic_deferrer(self) -> None:
        """Do nothing for ever: periodic jobs are our own (`core.worker.clock`).

        Where one of its side tasks ends, procrastinate no longer watches over the others.
        """
        await asyncio.Event().wait()


def make_app(owner_url: str, run: Run, threads: ThreadPoolExecutor) -> App:
    """Procrastinate's application for one lane: one task, which runs any job in one of ``threads``."""
    conninfo = make_url(owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connector = PsycopgConnector(conninfo=conninfo, min_size=1, max_size=2, configure=_configure)
    app = App(connector=connector)
    app.job_manager = _Queue(connector)

    @app.task(name=TASK, retry=_Strategy())
    async def do(**arguments: Any) -> None:
        outcome = await asyncio.get_running_loop().run_in_executor(threads, run, arguments)
        if outcome.ending is not Ending.OVER:
            raise _Ended(outcome)

    return app


async def _configure(connection: Any) -> None:
    """Procrastinate's statements name its tables without their schema."""
    await connection.execute("set search_path to queue, pg_temp")
    await connection.commit()


def make_lane(app: App, lane: str) -> Lane:
    """The worker of one lane, not yet running."""
    worker = Lane(
        app,
        queues=[lane],
        name=lane,
        concurrency=SLOTS[lane],
        fetch_job_polling_interval=POLL,
        abort_job_polling_interval=3600,
        shutdown_graceful_timeout=PATIENCE,
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT,
        stalled_worker_timeout=DEAD_AFTER,
    )
    assert isinstance(app.job_manager, _Queue)
    worker._new_job_event = app.job_manager.calls
    return worker
