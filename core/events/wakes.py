"""Wake-ups on their way to browsers: gathered for a moment, then sent with NOTIFY where one listens."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.db.session import Database
from core.db.tenancy import Platform

logger = logging.getLogger(__name__)

CHANNEL: Final = "guanxi_wake"
#: A topic, and the user it belongs to where it belongs to one.
Topic = tuple[str, int | None]

#: Seconds topics are gathered before they are sent.
_GATHER: Final = 0.01
#: Seconds an answer "nobody listens at all" is believed; a stream is told to look again after this.
NOBODY: Final = 0.5
#: Bytes a NOTIFY may carry, less than PostgreSQL's 8,000.
_LIMIT: Final = 7000
#: Different topics of a tenant at once, above which its browsers look at everything again.
_MANY: Final = 400

_SEND: Final = text(f"""
    select pg_notify('{CHANNEL}', wake.payload)
    from unnest(cast(:tenants as bigint[]), cast(:payloads as text[])) as wake(tenant, payload)
    where exists (
        select from platform.listener where until > now() and wake.tenant = any(listener.tenants)
    )
""")  # noqa: S608 - the channel's name is our own
_ANYBODY: Final = text("select exists (select from platform.listener where until > now())")


class Wakes:
    """Sends the topics of committed transactions from a thread of its own, started when first used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.SimpleQueue[tuple[int, frozenset[Topic]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._nobody_until = 0.0

    def send(self, tenant: int, topics: Iterable[Topic]) -> None:
        """Send topics soon; never waits and never fails."""
        if time.monotonic() < self._nobody_until:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="guanxi wakes", daemon=True)
                self._thread.start()
        self._waiting.put((tenant, frozenset(topics)))

    def listened(self) -> None:
        """Somebody has just begun to listen in this process."""
        self._nobody_until = 0.0

    def close(self) -> None:
        """Send what waits, then end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join(5)

    def _run(self) -> None:
        going_on = True
        while going_on:
            gathered: dict[int, set[Topic]] = {}
            going_on = self._take(gathered, self._waiting.get())
            if going_on:
                time.sleep(_GATHER)
            try:
                while True:
                    going_on = self._take(gathered, self._waiting.get_nowait()) and going_on
            except queue.Empty:
                pass
            try:
                self._send(gathered)
            except SQLAlchemyError:
                logger.warning("browsers could not be woken", exc_info=True)

    @staticmethod
    def _take(gathered: dict[int, set[Topic]], item: tuple[int, frozenset[Topic]] | None) -> bool:
        if item is None:
            return False
        gathered.setdefault(item[0], set()).update(item[1])
        return True

    def _send(self, gathered: dict[int, set[Topic]]) -> None:
        if not gathered:
            return
        messages = [
            (tenant, text) for tenant, topics in gathered.items() for text in payloads(tenant, topics)
        ]
        with self._database.session(Platform()) as session:
            tenants, texts = zip(*messages, strict=True)
            sent = session.execute(_SEND, {"tenants": list(tenants), "payloads": list(texts)}).all()
            if not sent and not session.scalar(_ANYBODY):
                self._nobody_until = time.monotonic() + NOBODY
            session.commit()


def payloads(tenant: int, topics: set[Topic]) -> Iterator[str]:
    """Topics as texts a NOTIFY can carry: ``[tenant, [[topic, user or null], ...]]``."""
    wanted: list[tuple[str, Any]] = sorted(topics, key=str) if len(topics) <= _MANY else [("*", None)]
    part: list[tuple[str, Any]] = []
    size = 40
    for topic in wanted:
        length = len(orjson.dumps(topic)) + 1
        if part and size + length > _LIMIT:
            yield orjson.dumps([tenant, part]).decode()
            part, size = [], 40
        part.append(topic)
        size += length
    yield orjson.dumps([tenant, part]).decode()
