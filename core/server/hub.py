"""The hub: one LISTEN connection for the process, and the browsers that wait for it.

What changed travels as ids; who is woken fetches it through his own rights. A stream holds the topics
it has not sent yet as a set, so a slow browser costs a bounded amount and misses nothing: past the
bound it is told to look at everything again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import orjson
import psycopg
from sqlalchemy import RowMapping, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from core.db.session import Database
from core.db.tenancy import Platform
from core.events.wakes import CHANNEL, NOBODY
from core.jobs.work import find_tenant
from core.kernel import Kernel
from core.web.tickets import Ticket

logger = logging.getLogger(__name__)

#: Topics a stream keeps for a slow browser.
BOUND: Final = 200
#: All that a reader may know of has to be looked at again.
EVERYTHING: Final = "*"
#: Seconds between two looks whether sessions, rights and tenants are as they were.
CHECK: Final = 15.0
#: Seconds for which this process says it listens, renewed with every check.
_LISTENS: Final = 60
#: Streams of one user in one process; a browser needs one.
_OF_ONE_USER: Final = 20
_RECONNECT: Final = (0.2, 0.5, 1.0, 2.0, 5.0)

_SAY: Final = text("""
    insert into platform.listener (id, tenants, until)
    values (:id, cast(:tenants as bigint[]), now() + make_interval(secs => :seconds))
    on conflict (id) do update set tenants = excluded.tenants, until = excluded.until
""")
_FORGET: Final = text("delete from platform.listener where id = :id or until < now()")
_STANDING: Final = text("""
    select (select stamp::text from core_rights_stamp) as stamp, array(
        select s.token_hash from core_user_session s join core_user u on u.id = s.user_id
        where s.token_hash = any(:sessions) and s.expires_at > now() and u.archived_at is null
    ) as sessions
""")


class Stream:
    """One browser that waits."""

    __slots__ = ("_changed", "ending", "pending", "ready", "ticket")

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.pending: set[str] = set()
        #: Why it is to end: "signed-out" (for good), "again" (with a new ticket); empty: it goes on.
        self.ending = ""
        #: Whether the browser has been told that it misses nothing from here on.
        self.ready = False
        self._changed = asyncio.Event()

    def wake(self, topics: Iterable[str]) -> None:
        """Have topics sent; past the bound, the word for all of them."""
        if EVERYTHING not in self.pending:
            self.pending.update(topics)
            if len(self.pending) > BOUND or EVERYTHING in self.pending:
                self.pending = {EVERYTHING}
        self._changed.set()

    def end(self, why: str) -> None:
        """Let it end."""
        self.ending = why
        self._changed.set()

    async def next(self, seconds: float) -> list[str]:
        """The topics to send, after waiting for them at most ``seconds``; none when there are none."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
        topics, self.pending = sorted(self.pending), set()
        return topics

    def hears(self, topic: str, user: int | None) -> bool:
        """Whether its reader may know that ``topic`` has changed."""
        kind, _, name = topic.partition(":")
        if topic == EVERYTHING:
            return True
        if kind == "list":
            return name in self.ticket.resources
        if kind == "user":
            return name == str(self.ticket.user)
        if kind == "job":
            return self.ticket.is_administrator or user == self.ticket.user
        return False


class Hub:
    """The streams of this process; lives on the event loop of the server."""

    def __init__(self, kernel: Kernel, database_url: str) -> None:
        self._kernel = kernel
        self._conninfo = make_url(database_url).set(drivername="postgresql")
        self._id = secrets.token_hex(16)
        self._streams: dict[int, set[Stream]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._listening = asyncio.Event()
        self._said: frozenset[int] = frozenset()
        self._new = asyncio.Event()
        self.closed = False

    def __len__(self) -> int:
        return sum(map(len, self._streams.values()))

    def open(self, ticket: Ticket) -> Stream:
        """A new stream; it is told when it misses nothing any more."""
        if not self._tasks:
            works = (self._listen(), self._watch(), self._announce())
            self._tasks = [asyncio.create_task(work) for work in works]
        stream = Stream(ticket)
        streams = self._streams.setdefault(ticket.tenant, set())
        own = [each for each in streams if each.ticket.user == ticket.user]
        if len(own) >= _OF_ONE_USER:
            own[0].end("again")
        streams.add(stream)
        self._new.set()
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream whose browser has gone."""
        streams = self._streams.get(stream.ticket.tenant, set())
        streams.discard(stream)
        if not streams:
            self._streams.pop(stream.ticket.tenant, None)

    async def close(self) -> None:
        """End all streams at once; browsers come back to whoever serves them next."""
        self.closed = True
        for stream in self._all():
            stream.end("again")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._said:
            with suppress(SQLAlchemyError):
                await asyncio.to_thread(self._forget)

    def _all(self) -> list[Stream]:
        return [stream for streams in self._streams.values() for stream in streams]

    # Listening

    async def _listen(self) -> None:
        """Hear what other connections notify; connect again and again where the database goes away."""
        failures = 0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo.render_as_string(hide_password=False), autocommit=True
                ) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    if failures:  # what was said meanwhile is lost
                        self._tell_everybody()
                    failures = 0
                    self._listening.set()
                    async for message in connection.notifies():
                        self.hear(message.payload)
            except (psycopg.Error, OSError) as error:
                logger.warning("changes cannot be heard (%s); trying again", error)
            self._listening.clear()
            failures += 1
            await asyncio.sleep(_RECONNECT[min(failures, len(_RECONNECT)) - 1])

    def hear(self, payload: str) -> None:
        """Pass on what one NOTIFY says: ``[tenant, [[topic, user or null], ...]]``."""
        tenant, topics = orjson.loads(payload)
        for stream in self._streams.get(tenant, ()):
            mine = [topic for topic, user in topics if stream.hears(topic, user)]
            if mine:
                stream.wake(mine)

    def _tell_everybody(self) -> None:
        for stream in self._all():
            stream.wake([EVERYTHING])

    # Saying that somebody listens

    async def _announce(self) -> None:
        """Say in the database for whom this process listens, then tell new streams they are ready."""
        while True:
            await self._new.wait()
            self._new.clear()
            await self._listening.wait()
            waiting = [stream for stream in self._all() if not stream.ready]
            try:
                await self._say()
            except SQLAlchemyError as error:
                logger.warning("listening cannot be announced (%s)", error)
                await asyncio.sleep(1)
                self._new.set()
                continue
            for stream in waiting:
                stream.ready = True
                # Processes that have just found nobody listening believe it for a moment.
                asyncio.get_running_loop().call_later(NOBODY + 0.1, stream.wake, [EVERYTHING])

    async def _say(self, *, again: bool = False) -> None:
        tenants = frozenset(self._streams)
        if tenants == self._said and not again:
            return
        await asyncio.to_thread(self._write, sorted(tenants))
        self._said = tenants
        self._kernel.database.deliveries.wakes.listened()

    def _write(self, tenants: list[int]) -> None:
        with self._kernel.database.unit_of_work(Platform()) as session:
            session.execute(_SAY, {"id": self._id, "tenants": tenants, "seconds": _LISTENS})

    def _forget(self) -> None:
        with self._kernel.database.unit_of_work(Platform()) as session:
            session.execute(_FORGET, {"id": self._id})

    # Watching over sessions and rights

    async def _watch(self) -> None:
        """End the streams of ended sessions; let those of changed rights and addons begin anew."""
        while True:
            await asyncio.sleep(CHECK)
            try:
                await self.check()
            except SQLAlchemyError as error:
                logger.warning("streams cannot be checked (%s)", error)

    async def check(self) -> None:
        """Look once whether every stream may go on."""
        if self._streams:
            await self._say(again=True)
        elif self._said:
            await asyncio.to_thread(self._forget)
            self._said = frozenset()
        for tenant, streams in list(self._streams.items()):
            found = await asyncio.to_thread(self._standing, tenant, [each.ticket.session for each in streams])
            for stream in list(streams):
                why = _why_end(stream.ticket, found)
                if why:
                    stream.end(why)

    def _standing(self, tenant_id: int, sessions: list[str]) -> tuple[int, RowMapping] | None:
        """The version of the tenant's row, the mark of its rights and its living sessions; None: closed."""
        tenant = find_tenant(self._kernel, tenant_id)
        if tenant is None or tenant.state != "active":
            return None
        database: Database = self._kernel.database
        with database.session(tenant) as session:
            row = session.execute(_STANDING, {"sessions": sessions}).mappings().one()
        return tenant.version, row


def _why_end(ticket: Ticket, found: tuple[int, Any] | None) -> str:
    if found is None:
        return "signed-out"
    version, row = found
    if ticket.session not in row["sessions"]:
        return "signed-out"
    return "again" if (version, row["stamp"]) != (ticket.version, ticket.stamp) else ""
