"""One worker process: its lanes, its signs of life, the sweep, the clock, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from procrastinate import App
from procrastinate.exceptions import ConnectorException

from core.db.queue import DEAD_AFTER, LANES
from core.jobs.running import OVER, Outcome, run_job
from core.kernel import Kernel
from core.worker import PATIENCE
from core.worker.clock import due_now, tell_tenants
from core.worker.lanes import HEARTBEAT, SLOTS, Lane, make_app, make_lane

logger = logging.getLogger(__name__)

#: Seconds to wait before lanes that broke down are opened again.
_RECOVERY: Final = (0.5, 1.0, 2.0, 5.0)

_PLACE: Final = """
    insert into queue.place (worker_id, lane, host, process, slots)
    values (%(worker)s, %(lane)s, %(host)s, %(process)s, %(slots)s) on conflict do nothing
"""
_PULSE: Final = """
    update queue.procrastinate_workers set last_heartbeat = now() where id = any(%(workers)s) returning id
"""


class WorkerProcess:
    """Runs the lanes until it is told to stop."""

    def __init__(self, kernel: Kernel, owner_url: str, lanes: tuple[str, ...] = LANES) -> None:
        self._kernel = kernel
        self._owner_url = owner_url
        self._lanes = lanes
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Take no further jobs, let those at work end, then return; from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it is over already
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def run(self, on_start: Callable[[], None] | None = None) -> None:
        """Work until told to stop; while the database is away, try again and again."""
        self._loop = asyncio.get_running_loop()
        failures = 0
        while not self._stopping.is_set():
            try:
                await self._work(on_start)
                failures = 0
            except (ConnectorException, psycopg.Error, OSError) as error:
                wait = _RECOVERY[min(failures, len(_RECOVERY) - 1)]
                failures += 1
                logger.warning("the queue cannot be reached (%s); trying again in %s s", error, wait)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), wait)
            on_start = None

    async def _work(self, on_start: Callable[[], None] | None) -> None:
        """Open the lanes; return when they are to stop or one of them has broken down."""
        threads = ThreadPoolExecutor(sum(SLOTS[lane] for lane in self._lanes), thread_name_prefix="job")
        apps = [make_app(self._owner_url, self._run, threads) for _ in self._lanes]
        try:
            async with AsyncExitStack() as open_:
                for app in apps:
                    await open_.enter_async_context(app.open_async())
                lanes = [make_lane(app, name) for app, name in zip(apps, self._lanes, strict=True)]
                works = [asyncio.create_task(lane.work(), name=f"lane {lane.worker_name}") for lane in lanes]
                helpers = [
                    asyncio.create_task(self._pulse(apps[0], lanes), name="pulse"),
                    asyncio.create_task(self._watch_clock(apps[0]), name="clock"),
                    asyncio.create_task(self._stopping.wait(), name="stop"),
                ]
                if on_start is not None:
                    on_start()
                await asyncio.wait([*works, *helpers], return_when=asyncio.FIRST_COMPLETED)
                for lane in lanes:
                    lane.end()
                await asyncio.wait(works)
                for helper in helpers:
                    helper.cancel()
                for each in await asyncio.gather(*works, *helpers, return_exceptions=True):
                    if isinstance(each, Exception):
                        raise each
        finally:
            # A job that does not end keeps its thread; it may write nothing any more (Work is fenced).
            threads.shutdown(wait=False)

    def _run(self, arguments: dict[str, Any]) -> Outcome:
        """Run what an entry of the queue asks for; in a thread."""
        if "due" in arguments:
            tell_tenants(self._kernel, arguments["kind"], datetime.fromisoformat(arguments["due"]))
            return OVER
        return run_job(self._kernel, arguments["tenant"], arguments["job"])

    async def _pulse(self, app: App, lanes: list[Lane]) -> None:
        """Give signs of life, and let the jobs of workers that give none wait again.

        Returns when this worker has been taken for dead itself.
        """
        connector = app.job_manager.connector
        placed: set[int] = set()
        while True:
            known = {lane.worker_id: lane for lane in lanes if lane.worker_id is not None}
            for number in known.keys() - placed:
                place = {"worker": number, "lane": known[number].worker_name}
                more = {"slots": known[number].concurrency, "host": socket.gethostname()[:100]}
                await connector.execute_query_async(_PLACE, **place, **more, process=os.getpid())
                placed.add(number)
            alive = await connector.execute_query_all_async(_PULSE, workers=list(known))
            if len(alive) < len(known):
                logger.warning("this worker was taken for dead; it begins anew")
                return
            swept = await connector.execute_query_one_async(
                "select queue.sweep(%(seconds)s) as jobs", seconds=DEAD_AFTER
            )
            if swept["jobs"]:
                logger.warning("%s jobs of dead workers wait again", swept["jobs"])
            await asyncio.sleep(HEARTBEAT if len(known) == len(lanes) else 0.1)

    async def _watch_clock(self, app: App) -> None:
        """Notice what falls due; of all workers one enqueues it."""
        seen: dict[str, datetime] = {}
        while True:
            for kind, due in due_now(self._kernel, datetime.now(UTC)):
                if seen.get(kind.name) == due:
                    continue
                await app.job_manager.connector.execute_query_async(
                    "select queue.fall_due(%(kind)s, %(due)s)", kind=kind.name, due=due
                )
                seen[kind.name] = due
            await asyncio.sleep(1 - datetime.now(UTC).microsecond / 1_000_000 + 0.01)


def run_worker(
    kernel: Kernel,
    owner_url: str,
    *,
    lanes: tuple[str, ...] = LANES,
    on_start: Callable[[], None] | None = None,
    until_closed: bool = False,
) -> None:
    """Work until a signal ends it.

    Args:
        kernel: the loaded addons, on the application's login.
        owner_url: the owner's login, for the queue.
        lanes: the lanes to serve.
        on_start: called once jobs are taken.
        until_closed: end also when standard input does, as it does with the program that started us.
    """
    # They tell of every failure of a job, and every second of a database that is away: both ours to tell.
    for name in ("procrastinate", "psycopg.pool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    kernel.owner_url = owner_url
    worker = WorkerProcess(kernel, owner_url, lanes)

    async def work() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        await worker.run(on_start)

    def end() -> None:
        worker.stop()
        # Whatever hangs, the process is gone in time; what it held runs elsewhere.
        last = threading.Timer(PATIENCE * 2, os._exit, (1,))
        last.daemon = True
        last.start()

    def watch() -> None:
        sys.stdin.buffer.read()
        end()

    if until_closed:
        threading.Thread(target=watch, daemon=True, name="parent").start()
    asyncio.run(work())
    if any(each.name.startswith("job") and each.is_alive() for each in threading.enumerate()):
        kernel.close()
        logging.shutdown()
        os._exit(0)  # threads of jobs that do not end would hold the process
