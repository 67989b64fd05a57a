"""The stream of browsers: who is let in, who hears what, and when it ends; on a real server."""

from __future__ import annotations

import asyncio
import http.client
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from core.auth.services import assign_role
from core.db.provision import find_tenant, set_state
from core.db.tenancy import Platform, Tenant
from core.events import notify
from core.kernel import Kernel
from core.server import Server, make_application
from core.server.hub import BOUND, Hub, Stream
from core.testing.plugin import Browser
from core.web.tickets import Ticket, read, sign

Committed = Callable[[], AbstractContextManager[Session]]

_TICKET = Ticket(
    tenant=1, user=7, is_administrator=False, session="s", stamp="a", version=1,
    resources=("customer.customer",), expires=int(time.time()) + 3600,
)  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "user", "hears"),
    [
        ("list:customer.customer", None, True),
        ("list:customer.lead", None, False),
        ("user:7", None, True),
        ("user:8", None, False),
        ("job:5", 7, True),
        ("job:5", 8, False),
        ("job:5", None, False),
        ("secret:1", 7, False),
        ("*", None, True),
    ],
)
def test_a_reader_hears_what_he_may_know(topic: str, user: int | None, hears: bool) -> None:
    assert Stream(_TICKET).hears(topic, user) is hears


def test_an_administrator_hears_of_all_jobs_and_of_nobody_elses_matters() -> None:
    stream = Stream(replace(_TICKET, is_administrator=True))
    assert stream.hears("job:5", 8)
    assert stream.hears("job:5", None)
    assert not stream.hears("user:8", None)


def test_a_slow_browser_is_told_to_look_at_everything() -> None:
    async def scene() -> None:
        stream = Stream(_TICKET)
        stream.wake(f"job:{number}" for number in range(BOUND))
        assert len(stream.pending) == BOUND
        stream.wake(["job:x"])
        assert stream.pending == {"*"}
        stream.wake(["job:y"])
        assert await stream.next(1) == ["*"]
        stream.wake(["job:y"])
        assert await stream.next(1) == ["job:y"]
        assert await stream.next(0.01) == []

    asyncio.run(scene())


def test_a_ticket_holds_for_a_minute_and_cannot_be_changed() -> None:
    secret = b"secret"
    text = sign(secret, _TICKET)
    assert read(secret, text) == _TICKET
    assert read(b"other", text) is None
    body, _, seal = text.partition(".")
    forged = sign(b"x", replace(_TICKET, tenant=2)).partition(".")[0]
    assert read(secret, f"{forged}.{seal}") is None
    for broken in ("", ".", body, f"{body}.", f".{seal}", f"{body}é.{seal}", "x" * 5000):
        assert read(secret, broken) is None
    assert read(secret, sign(secret, replace(_TICKET, expires=int(time.time()) - 1))) is None


# On a server


class Listener:
    """A browser's end of a stream, read in a thread."""

    def __init__(self, port: int, ticket: str) -> None:
        self.got: queue.Queue[Any] = queue.Queue()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.request("GET", f"/events?ticket={ticket}")
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.headers = self._answer.headers
        if self.status == 200:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError, ValueError, AttributeError):  # closed under us
            self._read_lines()
        self.got.put(None)

    def _read_lines(self) -> None:
        kind = "message"
        while line := self._answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                self.got.put(json.loads(value) if kind == "message" else (kind, value))
                kind = "message"

    def topics(self, patience: float = 10.0) -> Any:
        """The next thing it is sent; None when the stream has ended."""
        return self.got.get(timeout=patience)

    def ready(self) -> Listener:
        """Wait until it misses nothing any more."""
        assert self.topics() == ["*"]
        return self

    def silent(self, seconds: float = 0.5) -> bool:
        """Whether it is sent nothing for some time."""
        try:
            self.got.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def close(self) -> None:
        """Go away."""
        if self._connection.sock is not None:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._connection.close()


@pytest.fixture
def running(app: Flask, kernel: Kernel, committed: object) -> Iterator[tuple[Server, Hub, int]]:
    """A server with the streams before the application."""
    application, hub = make_application(kernel, app)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, log_level="error", lifespan="off", timeout_graceful_shutdown=2)
    server = Server(config, hub)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server, hub, listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
    listener.close()


Listen = Callable[[Browser], Listener]


@pytest.fixture
def listen(running: tuple[Server, Hub, int]) -> Iterator[Listen]:
    """Opens a stream with the ticket of a signed-in browser."""
    opened: list[Listener] = []

    def open_(browser: Browser) -> Listener:
        ticket = browser.get("/events/ticket").get_json()["ticket"]
        opened.append(Listener(running[2], ticket))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


def _check(hub: Hub, server: Server) -> None:
    """Let the hub look now whether its streams may go on."""
    loop = hub._tasks[0].get_loop()
    asyncio.run_coroutine_threadsafe(hub.check(), loop).result(10)


def test_changes_reach_those_who_may_know_and_no_other_tenant(
    client: Callable[..., Browser], listen: Listen, committed: Committed
) -> None:
    manager, analyst, other = client("account_manager"), client("analyst"), client(tenant="bare")
    streams = [listen(each).ready() for each in (manager, analyst, other)]
    with committed() as session:
        notify(session, "list:customer.customer")
        notify(session, "job:3", to=manager.actor.user_id)
        notify(session, f"user:{analyst.actor.user_id}")
    assert streams[0].topics() == ["job:3", "list:customer.customer"]
    assert streams[1].topics() == ["list:customer.customer", f"user:{analyst.actor.user_id}"]
    assert streams[2].silent()


def test_nobody_comes_in_without_a_good_ticket(
    client: Callable[..., Browser], app: Flask, running: tuple[Server, Hub, int]
) -> None:
    port = running[2]
    for bad in ("", "x", "e30.00"):
        refused = Listener(port, bad)
        assert refused.status == 204
        refused.close()
    stranger = app.test_client()
    assert stranger.get("/events/ticket", base_url="http://main.localhost").get_json() == {"ticket": None}
    assert stranger.get("/events/ticket", base_url="http://nobody.localhost").status_code == 404


def test_a_stream_says_what_it_is(client: Callable[..., Browser], listen: Listen) -> None:
    stream = listen(client())
    assert stream.status == 200
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert stream.headers["Cache-Control"] == "no-store"
    assert stream.headers["Content-Encoding"] is None


def test_a_stream_ends_with_its_session(
    client: Callable[..., Browser], listen: Listen, running: tuple[Server, Hub, int]
) -> None:
    server, hub, _port = running
    leaver, stayer = client(), client()
    left, stays = listen(leaver).ready(), listen(stayer).ready()
    assert leaver.post("/logout").status_code in (302, 303)
    _check(hub, server)
    assert left.topics() == ("end", "signed-out")
    assert left.topics() is None
    assert stays.silent()
    assert leaver.get("/events/ticket").get_json() == {"ticket": None}


def test_a_stream_begins_anew_when_rights_change(
    client: Callable[..., Browser],
    listen: Listen,
    running: tuple[Server, Hub, int],
    committed: Committed,
    kernel: Kernel,
) -> None:
    server, hub, _port = running
    browser = client("analyst")
    stream = listen(browser).ready()
    assert browser.actor.user_id is not None
    with committed() as session:
        assign_role(session, kernel.permissions, browser.actor.user_id, "executive")
    _check(hub, server)
    assert stream.topics() == ("end", "again")


def test_the_streams_of_a_suspended_tenant_end(
    client: Callable[..., Browser], listen: Listen, running: tuple[Server, Hub, int], owner_engine: Engine
) -> None:
    server, hub, _port = running
    stream = listen(client(tenant="bare")).ready()
    with owner_engine.begin() as connection:
        set_state(connection, find_tenant(connection, "bare"), "suspended")
    try:
        _check(hub, server)
        assert stream.topics() == ("end", "signed-out")
    finally:
        with owner_engine.begin() as connection:
            set_state(connection, find_tenant(connection, "bare"), "active")


def test_a_browser_that_goes_away_is_forgotten(
    client: Callable[..., Browser], listen: Listen, running: tuple[Server, Hub, int]
) -> None:
    hub = running[1]
    stream = listen(client()).ready()
    assert len(hub) == 1
    stream.close()
    end = time.monotonic() + 10
    while len(hub) and time.monotonic() < end:
        time.sleep(0.02)
    assert len(hub) == 0


def test_streams_end_with_the_server_at_once(
    client: Callable[..., Browser],
    listen: Listen,
    running: tuple[Server, Hub, int],
    tenants: dict[str, Tenant],
    kernel: Kernel,
) -> None:
    server, _hub, _port = running
    streams = [listen(client()).ready() for _ in range(3)]
    at = time.monotonic()
    server.should_exit = True
    assert [stream.topics() for stream in streams] == [("end", "again")] * 3
    assert [stream.topics() for stream in streams] == [None] * 3
    assert time.monotonic() - at < 2
    end = time.monotonic() + 5
    with kernel.database.session(Platform()) as session:
        while session.scalar(text("select count(*) from platform.listener")) and time.monotonic() < end:
            session.rollback()
            time.sleep(0.05)
        assert session.scalar(text("select count(*) from platform.listener")) == 0


def test_what_was_missed_while_the_database_was_away_is_looked_at_again(
    client: Callable[..., Browser], listen: Listen, owner_engine: Engine, committed: Committed
) -> None:
    stream = listen(client()).ready()
    with owner_engine.begin() as connection:
        connection.execute(
            text("select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen guanxi_wake'")
        )
    assert stream.topics() == ["*"]
    with committed() as session:
        notify(session, "list:customer.customer")
    assert stream.topics() == ["list:customer.customer"]
