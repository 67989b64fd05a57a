"""Connections and the unit of work: one transaction for one tenant, then what follows a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, RowMapping, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, sessionmaker

from core.db import messages
from core.db.tenancy import Binding, Question, Tenant, UnboundSession, bind

#: A backend keeps about 20 kB for each table it has touched, so it is retired after this many tenants.
TENANTS_PER_CONNECTION: Final = 200


class BoundSession(Session):
    """A session that binds each of its transactions; made by `Database.session` only."""


event.listen(BoundSession, "after_begin", bind)


class Database:
    """The pool of one login and the sessions made from it."""

    def __init__(self, url: str, *, pool_size: int = 16, **options: Any) -> None:
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=4,
            pool_timeout=10,
            pool_pre_ping=False,
            # Updates of many rows travel in a few messages instead of one for each row.
            executemany_mode="values_plus_batch",
            **options,
        )
        event.listen(self.engine, "checkout", _retire)
        messages.listen(self.engine)
        #: Seconds after which a statement is broken off; 0 for never.
        self.patience: float = 0
        #: What follows a commit, where this process has loaded its addons (`core.events.Deliveries`).
        self.deliveries: Any = None
        #: The resources, where this process has loaded its addons (`core.resources.registry.Resources`).
        self.resources: Any = None
        #: The kinds of background jobs (`core.jobs.registry.Jobs`).
        self.jobs: Any = None
        #: The doors through which values come in (`core.resources.channels.Channels`).
        self.channels: Any = None
        self._sessions = sessionmaker(
            self.engine, class_=BoundSession, autoflush=False, expire_on_commit=False
        )

    def session(self, binding: Binding, *, channel: str | None = None) -> Session:
        """A session whose every transaction is bound to ``binding``; the caller closes it.

        Args:
            binding: for whom it works.
            channel: the door that is opened with it, as `core.settings.channels` names it; kept in the
                histories of the records that are written.
        """
        return self._sessions(info={"binding": binding, "database": self, "channel": channel})

    @contextmanager
    def unit_of_work(self, binding: Binding, *, channel: str | None = None) -> Iterator[Session]:
        """Run a block in one transaction: commit at its end and deliver what waits for that, or undo all."""
        with self.session(binding, channel=channel) as session:
            yield session
            commit(session)

    def close(self) -> None:
        """Send what waits for browsers, and close all connections."""
        if self.deliveries is not None:
            self.deliveries.close()
        self.engine.dispose()


def _retire(dbapi_connection: Any, record: Any, proxy: Any) -> None:
    if len(record.info.get("tenants", ())) >= TENANTS_PER_CONNECTION:
        raise DisconnectionError("this connection has served its number of tenants")


def tenant_of(session: Session) -> Tenant:
    """The tenant this session works for; finds it first when only the host is known."""
    binding = session.info.get("binding")
    if not isinstance(binding, Tenant):
        session.connection()
        binding = session.info.get("binding")
    if not isinstance(binding, Tenant):
        raise UnboundSession("this session works for no tenant")
    return binding


def answer(session: Session, question: Question) -> RowMapping:
    """The one row that answers a question: it came with the binding, or is asked for now."""
    connection = session.connection()
    kept: tuple[Question, RowMapping] | None = session.info.pop("answer", None)
    if kept is not None and kept[0] == question:
        return kept[1]
    return connection.exec_driver_sql(question.statement, question.values).mappings().one()


def after_commit(session: Session, work: Callable[[], None]) -> None:
    """Do ``work`` once the present transaction is committed; never when it is rolled back."""
    session.info.setdefault("after_commit", []).append(work)


def commit(session: Session) -> None:
    """Commit, then do what `after_commit` was given."""
    session.commit()
    for work in session.info.pop("after_commit", ()):
        work()


def rollback(session: Session) -> None:
    """Undo the transaction and forget what was to follow it."""
    session.info.pop("after_commit", None)
    session.rollback()


@contextmanager
def marked(session: Session, name: str, value: Any) -> Iterator[None]:
    """Keep something about the work of a block in ``session.info``; the innermost block counts."""
    before = session.info.get(name)
    session.info[name] = value
    try:
        yield
    finally:
        session.info[name] = before


@contextmanager
def attempt(session: Session) -> Iterator[None]:
    """Try a block: what it writes is undone at its end, and nothing it left for after the commit is done."""
    waiting = list(session.info.get("after_commit", ()))
    tried = session.begin_nested()
    try:
        yield
    finally:
        tried.rollback()
        session.info["after_commit"] = waiting
