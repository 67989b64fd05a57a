"""Background work: how long a job waits for a worker that has nothing else to do."""

from __future__ import annotations

import json
import time
from typing import Any

from sqlalchemy import text

from tests.bench.context import API, Bench
from tests.bench.figures import Figure, Times
from tests.bench.servers import requester

TITLE = "Jobs"


def measure(bench: Bench) -> list[Figure]:
    """Small exports asked for over the API, one after the other; the worker is that of ``guanxi serve``."""
    ask = requester(bench.ours.port, f"{API}/export?format=csv&id=1", bench.api, method="POST")
    found = [_started(bench, ask) for _ in range(20 if bench.quick else 60)]
    times = Times(found[3:])
    return [Figure("enqueued to started, median", times.median, "ms", 50, ours=str(times))]


def _started(bench: Bench, ask: Any) -> float:
    """Seconds from the answer, which follows the commit, to the start the worker writes down.

    Returns when the job is over, so that the next one finds the worker idle.
    """
    job = json.loads(ask())["job"]
    committed = time.time()
    statement = text("""
        select extract(epoch from started_at)::float8 from core_job where id = :id and state = 'done'
    """)
    while time.time() < committed + 30:
        time.sleep(0.1)
        with bench.kernel.database.session(bench.tenant) as session:
            started = session.scalar(statement, {"id": job})
        if started is not None:
            return max(0.0, float(started) - committed)
    raise SystemExit(f"job {job} was not done within 30 s; is the worker running?")
