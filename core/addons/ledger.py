"""What processes tell each other of hooks, through a control table: counts, and which are muted.

Each process adds what it has counted every few seconds, and learns which implementations are to be
passed over. What a process counted last is lost when it is killed, and added when it ends.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.addons.hooks import Hooks
from core.addons.implementations import MUTING, WITHIN, Implementation
from core.db.platform import hook_tally
from core.db.session import Database, commit
from core.db.tenancy import Platform
from core.errors import NotFound

logger = logging.getLogger(__name__)

#: Seconds between two exchanges; so long another process may go on calling what is muted.
EVERY: Final = 3.0

_ADD: Final = text("""
    insert into platform.hook_tally as known (
        addon, hook, calls, seconds, longest_seconds, slow_calls, failures, error, sentence, place, failed_at
    )
    values (
        :addon, :hook, :calls, :seconds, :longest, :slow_calls, :failures, :error, :sentence, :place,
        :failed_at
    )
    on conflict (addon, hook) do update set
        calls = known.calls + excluded.calls,
        seconds = known.seconds + excluded.seconds,
        longest_seconds = greatest(known.longest_seconds, excluded.longest_seconds),
        slow_calls = known.slow_calls + excluded.slow_calls,
        failures = known.failures + excluded.failures,
        (error, sentence, place, failed_at) = (
            select last.* from (values
                (known.error, known.sentence, known.place, known.failed_at),
                (excluded.error, excluded.sentence, excluded.place, excluded.failed_at)
            ) as last (error, sentence, place, failed_at)
            order by last.failed_at desc nulls last limit 1
        )
""")
#: The row is ours since `_ADD`, so that no slow call another process tells of meanwhile is lost.
_SLOW: Final = text("""
    update platform.hook_tally as known set
        slow_at = last.slow_at,
        muted_at = case
            when cardinality(last.slow_at) = :muting
                and last.slow_at[1] - last.slow_at[:muting] <= make_interval(secs => :within)
            then coalesce(known.muted_at, now())
            else known.muted_at end
    from (
        select array(
            select each from unnest(tally.slow_at || cast(:untold as timestamptz[])) as each
            order by each desc limit :muting
        ) as slow_at
        from platform.hook_tally tally where tally.addon = :addon and tally.hook = :hook
    ) as last
    where known.addon = :addon and known.hook = :hook
""")
_MUTED: Final = select(hook_tally.c.addon, hook_tally.c.hook).where(hook_tally.c.muted_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Tally:
    """How one addon's implementation of one hook has fared, in all processes."""

    calls: int = 0
    seconds: float = 0.0
    longest_seconds: float = 0.0
    slow_calls: int = 0
    failures: int = 0
    #: Of the last failure.
    error: str | None = None
    sentence: str | None = None
    place: str | None = None
    failed_at: datetime | None = None
    muted_at: datetime | None = None
    unmuted_by: str | None = None
    unmuted_at: datetime | None = None
    since: datetime | None = None


class Ledger:
    """The exchange of one process, from a thread of its own that is started when it is first needed."""

    def __init__(self, database: Database, hooks: Hooks) -> None:
        self._database = database
        self._hooks = hooks
        #: What others have been told of: ``{implementation: (calls, seconds, slow calls, failures)}``.
        self._told: dict[Implementation, _Counts] = {}
        self._exchanging = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._news = threading.Event()
        self._closed = False
        #: Whether the last try went wrong; of several in a row one is told.
        self._failing = False

    def wake(self) -> None:
        """Exchange soon, and from now on every few seconds."""
        self._news.set()
        with self._starting:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="guanxi hooks", daemon=True)
                self._thread.start()

    def exchange(self) -> None:
        """Add what was counted since the last time, and learn what is muted.

        Raises:
            SQLAlchemyError: the control tables cannot be reached, or are of an older version; all that
                was counted is kept for the next time.
        """
        with self._exchanging:
            news = [
                _News(each, counts, self._told.get(each, _NOTHING), tuple(each.untold))
                for each in self._hooks.everything()
                if (counts := _counts(each)) != self._told.get(each, _NOTHING)
            ]
            # In one order everywhere, so that no two processes wait for each other's rows.
            news.sort(key=lambda one: one.counted.key)
            with self._database.session(Platform()) as session:
                if news:
                    session.execute(_ADD, [one.row() for one in news])
                for one in news:
                    if one.untold:
                        session.execute(_SLOW, one.slow_row())
                muted = {(row.addon, row.hook) for row in session.execute(_MUTED)}
                commit(session)
            for one in news:
                self._told[one.counted] = one.counts
                del one.counted.untold[: len(one.untold)]
            self._apply(muted)

    def close(self) -> None:
        """End the thread, and add what it has not added."""
        with self._starting:
            self._closed, thread = True, self._thread
        self._news.set()
        if thread is not None:
            thread.join(5)
            if not thread.is_alive():
                self._try_exchange()

    def _apply(self, muted: set[tuple[str, str]]) -> None:
        """Pass over what is muted, and call what is no longer."""
        for each in self._hooks.everything():
            if each.key in muted:
                each.muted = each.may_be_muted
            elif each.muted and not each.untold:  # else it was muted here just now, and others learn next
                each.unmute()

    def _run(self) -> None:
        while not self._closed:
            self._news.clear()
            self._try_exchange()
            self._news.wait(EVERY)

    def _try_exchange(self) -> None:
        try:
            self.exchange()
        except SQLAlchemyError as error:
            if not self._failing:
                logger.warning("what is counted of hooks cannot be written down now: %s", error)
            self._failing = True
        else:
            self._failing = False


#: Calls, their seconds, slow calls and failures.
_Counts = tuple[int, float, int, int]
_NOTHING: Final[_Counts] = (0, 0.0, 0, 0)


def _counts(each: Implementation) -> _Counts:
    return each.calls, each.seconds, each.slow_calls, each.failures


@dataclass(frozen=True, slots=True)
class _News:
    """What others have not been told of one implementation."""

    counted: Implementation
    counts: _Counts
    told: _Counts
    #: When slow calls ended that they do not know of.
    untold: tuple[float, ...]

    def row(self) -> dict[str, Any]:
        """What `_ADD` takes."""
        calls, seconds, slow_calls, failures = (
            now - before for now, before in zip(self.counts, self.told, strict=True)
        )
        failure = self.counted.failure
        return {
            "addon": self.counted.addon,
            "hook": self.counted.counted_as,
            "calls": calls,
            "seconds": seconds,
            "longest": self.counted.longest,
            "slow_calls": slow_calls,
            "failures": failures,
            "error": failure.error if failure else None,
            "sentence": failure.sentence if failure else None,
            "place": failure.place if failure else None,
            "failed_at": failure.at if failure else None,
        }

    def slow_row(self) -> dict[str, Any]:
        """What `_SLOW` takes."""
        return {
            "addon": self.counted.addon,
            "hook": self.counted.counted_as,
            "untold": [datetime.fromtimestamp(at, UTC) for at in self.untold],
            "muting": MUTING,
            "within": WITHIN,
        }


def tallies(session: Session) -> dict[tuple[str, str], Tally]:
    """What is known of all processes: ``{(addon, hook): tally}``; ``session`` is bound to the platform."""
    wanted = [hook_tally.c[each.name] for each in fields(Tally)]
    rows = session.execute(select(hook_tally.c.addon, hook_tally.c.hook, *wanted))
    return {(addon, hook): Tally(*values) for addon, hook, *values in rows}


def unmute(session: Session, addon: str, hook: str, *, by: str) -> None:
    """Let an implementation be called again, and its slow calls count anew.

    Args:
        session: bound to the platform; the caller commits, and other processes learn of it in seconds.
        addon: whose it is.
        hook: what it implements.
        by: the administrator.

    Raises:
        NotFound: nobody ever called such an implementation.
    """
    values: dict[str, Any] = {"muted_at": None, "slow_at": [], "unmuted_by": by, "unmuted_at": func.now()}
    is_it = (hook_tally.c.addon == addon) & (hook_tally.c.hook == hook)
    if session.scalar(select(hook_tally.c.addon).where(is_it).with_for_update()) is None:
        raise NotFound
    session.execute(update(hook_tally).where(is_it, hook_tally.c.muted_at.is_not(None)).values(values))
    logger.info("hook %s of addon %s is called again, by %s", hook, addon, by)
