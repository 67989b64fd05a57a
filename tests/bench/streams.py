"""Streams of browsers: how soon an event arrives with many open, and what open ones take."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any, Final

from sqlalchemy import text

from core.auth import services as auth
from core.auth.login import COOKIE
from core.events import notify
from tests.bench.context import Bench
from tests.bench.figures import Figure, Times
from tests.bench.servers import free_port, running

TITLE = "Streams"
#: Streams of one user; a process lets him have some more.
_OF_ONE: Final = 15


def measure(bench: Bench) -> list[Figure]:
    """Open streams from a process of their own; tell them that a list has changed."""
    many, more = (100, 200) if bench.quick else (500, 1000)
    port, env = free_port(), {"GUANXI_DATA": str(bench.kernel.config.data)}
    # A process of its own: one that has done other work has room left from it.
    with running(port, "-m", "core.cli", "web", "--port", str(port), env=env) as server, ExitStack() as open_:
        cookies = _cookies(bench, -(-more // _OF_ONE))
        _opened(bench, port, open_, cookies, 20)  # what the first ones take is for all
        before = server.memory()
        first = _opened(bench, port, open_, cookies, many)
        times = _told(bench, first, 10 if bench.quick else 40)
        _opened(bench, port, open_, cookies, more - many)
        time.sleep(1)
        taken = server.memory() - before
    return [
        Figure(f"event to browser, p95 with {many} open", times.p95, "ms", 100, ours=str(times)),
        Figure(f"memory of {more:,} open streams", round(taken, 1), "MB", 60 * more / 1000),
    ]


def _cookies(bench: Bench, users: int) -> list[str]:
    """A browser's session for each of some users."""
    with bench.kernel.database.unit_of_work(bench.tenant) as session:
        found = session.scalars(text("select id from core_user order by id limit :count"), {"count": users})
        numbers = list(found)
        return [
            auth.open_session(session, each, address="127.0.0.1", agent="bench").token for each in numbers
        ]


def _opened(
    bench: Bench, port: int, open_: ExitStack, cookies: list[str], count: int
) -> subprocess.Popen[str]:
    """So many streams in a process that writes a line for each event and stream."""
    tickets = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    host = bench.web["Host"]
    for number in range(count):
        cookie = cookies[number % len(cookies)]
        connection.request("GET", "/events/ticket", headers={"Host": host, "Cookie": f"{COOKIE}={cookie}"})
        tickets.append(json.loads(connection.getresponse().read())["ticket"])
    connection.close()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.listeners"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    open_.callback(process.wait)
    open_.callback(process.terminate)
    assert process.stdin is not None
    json.dump({"port": port, "host": host, "tickets": tickets}, process.stdin)
    process.stdin.close()
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def _told(bench: Bench, listeners: subprocess.Popen[str], events: int) -> Times:
    """Seconds from the commit to each arrival."""
    times, output = Times(), listeners.stdout
    assert output is not None
    time.sleep(1)  # until all have been told that they miss nothing from here on
    for number in range(events + 1):
        with bench.kernel.database.unit_of_work(bench.tenant) as session:
            session.execute(text("select 1"))
            notify(session, "list:customer.customer")
            committed = time.time()
        arrived: dict[str, Any] = json.loads(output.readline())
        if number:
            times.values += [each - committed for each in arrived["at"]]
        time.sleep(0.2)
    return times
