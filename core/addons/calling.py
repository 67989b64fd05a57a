"""Calling what addons implement: isolated from one another, checked, timed and counted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from sqlalchemy.orm import Session, SessionTransaction

from core.addons.failures import Failure, failure_of
from core.addons.implementations import MUTING, SLOW, WITHIN, Implementation
from core.errors import GuanxiError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a hook calls for one set of addons, in order."""

    #: The different sets of arguments they take, and each with the number of his.
    taken: tuple[tuple[str, ...], ...]
    called: tuple[tuple[Implementation, int], ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What stands at one place of a page, and what stands there where that cannot be had."""

    #: Of the page itself where there is no implementation.
    id: str
    implementation: Implementation | None
    instead_of: Turn | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What one page asks for at a place, in turn."""

    turns: tuple[Turn, ...]
    #: What pages have there by themselves, as far as it is known at the start.
    natives: frozenset[str]


class Calls:
    """Calls implementations for one process, and counts."""

    def __init__(self) -> None:
        #: Seconds of an unknown beginning, for lengths; and of the epoch.
        self.clock: Callable[[], float] = time.perf_counter
        self.now: Callable[[], float] = time.time
        #: Done whenever hooks are called for a set of addons not met before, and when one is muted.
        self.on_news: Callable[[], None] = lambda: None

    def _run(self, caller: Caller, arguments: Mapping[str, Any]) -> list[Any]:
        given = [tuple([arguments[name] for name in names]) for names in caller.taken]
        session = arguments.get("session")
        guard = session if isinstance(session, Session) else None
        found: list[Any] = []
        clock = self.clock
        began = clock()
        for each, shape in caller.called:
            if each.muted:
                continue
            try:
                if guard is not None and each.is_guarded:
                    found += _guarded(each, given[shape], guard)
                else:
                    answer = each.function(*given[shape])
                    if answer is not None:
                        found += _checked(each, answer)
            except Exception as error:
                self._note_failure(each, error)
                if each.decides:
                    self._count(each, clock() - began)
                    raise
            ended = clock()
            # As `_count` does; this is done for each addon at each place of each page.
            took = ended - began
            each.calls += 1
            each.seconds += took
            if took > each.longest:
                each.longest = took
            if took > SLOW:
                self._note_slow(each)
            began = ended
        return found

    def _lay_out(
        self,
        layout: Layout,
        own: Mapping[str, Callable[[], Iterable[Any]]],
        arguments: Mapping[str, Any],
    ) -> list[tuple[str, Any]]:
        """Ask for each part of a page in its turn: ``[(id, item)]``.

        Parts decorate a page and write nothing, so all of them share a savepoint; one that fails takes it
        back, the others go on in a new one. What replaces something gives way to it when it fails. What a
        page has by itself without having said so stands at the end.
        """
        session = arguments.get("session")
        guard = _Guard(session if isinstance(session, Session) else None)
        found: list[tuple[str, Any]] = []
        unforeseen = [Turn(id, None) for id in own if id not in layout.natives]
        with guard:
            for turn in (*layout.turns, *unforeseen):
                candidate: Turn | None = turn
                while candidate is not None:
                    items = self._part(candidate, own, arguments, guard)
                    if items is not None:
                        found += [(candidate.id, item) for item in items]
                        break
                    candidate = candidate.instead_of
        return found

    def _part(
        self,
        turn: Turn,
        own: Mapping[str, Callable[[], Iterable[Any]]],
        arguments: Mapping[str, Any],
        guard: _Guard,
    ) -> Sequence[Any] | None:
        """What stands in one turn; None where it cannot be had."""
        each = turn.implementation
        if each is None:
            return list(own[turn.id]()) if turn.id in own else ()
        if each.muted:
            return None
        began = self.clock()
        try:
            guard.begin(each)
            answer = each.function(*[arguments[name] for name in each.takes])
            items = _checked(each, answer) if answer is not None else []
            guard.check(each)
        except Exception as error:  # noqa: BLE001 - whatever an addon does
            guard.undo(each)
            self._note_failure(each, error)
            items = None
        self._count(each, self.clock() - began)
        return items

    def _note_failure(self, each: Implementation, error: Exception) -> None:
        """Count a failure; to refuse with a sentence for the user is the right of a hook that decides."""
        if each.decides and isinstance(error, GuanxiError) and error.status < 500:
            return
        self._keep(each, failure_of(error, each.function, self._instant()))
        if not each.decides:  # else whoever catches it tells of it
            logger.error("hook %s of addon %s failed: %s", each.hook, each.addon, error, exc_info=error)

    @staticmethod
    def _keep(each: Implementation, failure: Failure) -> None:
        each.failures += 1
        each.failure = failure

    def _count(self, each: Implementation, took: float) -> None:
        each.calls += 1
        each.seconds += took
        each.longest = max(each.longest, took)
        if took > SLOW:
            self._note_slow(each)

    def _note_slow(self, each: Implementation) -> None:
        if each.note_slow(self.now()):
            within = round(WITHIN / 60)
            logger.error(
                "hook %s of addon %s is muted: %s calls took over %s s within %s minutes",
                each.hook, each.addon, MUTING, SLOW, within,
            )  # fmt: skip
            self.on_news()

    def _instant(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


class _Guard:
    """One savepoint for the parts of a page that reach the database, begun when the first does."""

    def __init__(self, session: Session | None) -> None:
        self._session = session
        self._savepoint: SessionTransaction | None = None

    def __enter__(self) -> _Guard:
        return self

    def __exit__(self, *error: object) -> None:
        if self._savepoint is not None:
            self._savepoint.commit() if error[0] is None else self._savepoint.rollback()

    def begin(self, each: Implementation) -> None:
        """Have a savepoint, if this one may do anything in the database."""
        if self._session is not None and each.is_guarded and self._savepoint is None:
            self._savepoint = self._session.begin_nested()

    def check(self, each: Implementation) -> None:
        """See that no error of the database was caught and forgotten."""
        if self._session is not None and each.is_guarded:
            _check_transaction(self._session)

    def undo(self, each: Implementation) -> None:
        """Take back what one that failed may have done."""
        if each.is_guarded and self._savepoint is not None:
            self._savepoint.rollback()
            self._savepoint = None


def _guarded(each: Implementation, arguments: Sequence[Any], session: Session) -> Sequence[Any]:
    """Call in a savepoint, which undoes what a failure has left."""
    with session.begin_nested():
        answer = each.function(*arguments)
        items = _checked(each, answer) if answer is not None else ()
        _check_transaction(session)
    return items


def _check_transaction(session: Session) -> None:
    """See that no error of the database was caught and forgotten; the savepoint could not be released.

    Raises:
        RuntimeError: one was.
    """
    driver: Any = session.connection().connection.driver_connection
    if driver.info.transaction_status == TRANSACTION_STATUS_INERROR:
        raise RuntimeError("an error of the database was caught without a savepoint around it")


def _checked(each: Implementation, answer: Any) -> list[Any]:
    """An answer as a list: several things may come as any iterable, a generator too; a text is one thing.

    Raises:
        Nonsense: something in it is not what the hook takes.
    """
    if not isinstance(answer, list):
        is_many = isinstance(answer, Iterable) and not isinstance(answer, str | bytes | Mapping)
        answer = list(answer) if is_many else [answer]
    if each.answers is not None:
        each.answers.require(answer)
    found: list[Any] = answer
    return found
