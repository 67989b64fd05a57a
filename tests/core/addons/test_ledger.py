"""What processes tell each other of hooks; two processes are two sets of hooks on one database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.addons.hooks import Hooks
from core.addons.hookspecs import decides, hookimpl, hookspec
from core.addons.implementations import Implementation
from core.addons.ledger import Ledger, Tally, tallies, unmute
from core.db.session import Database
from core.db.tenancy import Platform
from core.errors import NotFound
from core.kernel import Kernel

OPS = "ops@example.com"


class FleetHooks:
    """Hooks of an addon."""

    @hookspec
    def cards(self, session: Any, takes: float) -> Any:
        """Give cards."""

    @decides
    @hookspec
    def drive(self, session: Any, takes: float) -> Any:
        """Drive."""


class Process:
    """What one process has of hooks, at a time of its own."""

    def __init__(self, database: Database) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
        self.hooks = Hooks()
        self.hooks.add_specs([FleetHooks])
        self.hooks.clock = self.hooks.now = lambda: self.at
        self.hooks.register("fleet", {name: self._taking(name) for name in ("cards", "drive")})
        self.ledger = Ledger(database, self.hooks)

    def _taking(self, name: str) -> Callable[..., Any]:
        def function(session: Any, takes: float) -> Any:
            self.at += takes
            if takes < 0:
                raise ZeroDivisionError("no road")
            return ["done"]

        function.__name__ = name
        return hookimpl(function)

    def call(self, takes: float = 0.0, *, hook: str = "cards") -> list[Any]:
        return self.hooks.call(frozenset({"fleet"}), hook, session=None, takes=takes)

    @property
    def cards(self) -> Implementation:
        return next(each for each in self.hooks.everything() if each.hook == "cards")


@pytest.fixture(autouse=True)
def _empty(owner_engine: Engine, tenants: object) -> Iterator[None]:
    yield
    with owner_engine.begin() as connection:
        connection.execute(text("truncate platform.hook_tally"))


@pytest.fixture
def here(kernel: Kernel) -> Process:
    return Process(kernel.database)


@pytest.fixture
def there(kernel: Kernel) -> Process:
    return Process(kernel.database)


def _tally(kernel: Kernel, hook: str = "cards") -> Tally:
    with kernel.database.session(Platform()) as session:
        return tallies(session).get(("fleet", hook), Tally())


def _turn_on(kernel: Kernel, hook: str = "cards") -> None:
    with kernel.database.unit_of_work(Platform()) as session:
        unmute(session, "fleet", hook, by=OPS)


def test_what_processes_count_is_added_up(kernel: Kernel, here: Process, there: Process) -> None:
    for process, times in ((here, (0.5, 0.25)), (there, (1.0,))):
        for takes in times:
            process.call(takes)
    here.ledger.exchange()
    there.ledger.exchange()
    assert _tally(kernel).calls == 3
    here.call(0.25)
    here.ledger.exchange()
    here.ledger.exchange()
    there.ledger.exchange()
    tally = _tally(kernel)
    assert (tally.calls, tally.seconds, tally.longest_seconds) == (4, 2.0, 1.0)
    assert (tally.slow_calls, tally.failures, tally.error) == (0, 0, None)
    assert _tally(kernel, "drive") == Tally()


def test_the_last_failure_is_kept_whoever_tells_of_it_last(
    kernel: Kernel, here: Process, there: Process
) -> None:
    there.call(-1)
    here.at += 60
    here.call(-1)
    here.ledger.exchange()
    there.call()
    there.ledger.exchange()
    tally = _tally(kernel)
    assert (tally.failures, tally.error, tally.sentence) == (2, "ZeroDivisionError", "no road")
    assert tally.failed_at == datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=59)


def test_what_is_muted_here_is_muted_there(kernel: Kernel, here: Process, there: Process) -> None:
    for _ in range(5):
        here.call(3)
    assert here.call() == []
    assert there.call() == ["done"]
    here.ledger.exchange()
    there.ledger.exchange()
    assert there.call() == []
    assert _tally(kernel).muted_at is not None
    late = Process(kernel.database)
    late.ledger.exchange()
    assert late.call() == [], "a process that is started later passes it over too"


def test_slow_calls_of_all_processes_count_together(kernel: Kernel, here: Process, there: Process) -> None:
    for process, times in ((here, 3), (there, 1)):
        for _ in range(times):
            process.call(3)
        process.ledger.exchange()
    assert _tally(kernel).muted_at is None
    there.call(3)
    assert (there.cards.muted, here.cards.muted) == (False, False)
    there.ledger.exchange()
    assert there.cards.muted
    here.ledger.exchange()
    assert here.cards.muted
    assert _tally(kernel).slow_calls == 5


def test_slow_calls_far_apart_do_not(kernel: Kernel, here: Process, there: Process) -> None:
    for _ in range(3):
        for process in (here, there):
            process.call(3)
            process.ledger.exchange()
            process.at += 3600
    assert _tally(kernel).slow_calls == 6
    assert not here.cards.muted


def test_turned_on_again_it_is_called_everywhere_and_counts_anew(
    kernel: Kernel, here: Process, there: Process
) -> None:
    for _ in range(5):
        here.call(3)
    here.ledger.exchange()
    there.ledger.exchange()
    _turn_on(kernel)
    assert here.call() == []
    here.ledger.exchange()
    there.ledger.exchange()
    assert (here.call(), there.call()) == (["done"], ["done"])
    tally = _tally(kernel)
    assert (tally.muted_at, tally.unmuted_by) == (None, OPS)
    assert tally.unmuted_at is not None
    for _ in range(4):
        here.call(3)
    here.ledger.exchange()
    assert not here.cards.muted
    there.at = here.at
    there.call(3)
    there.ledger.exchange()
    assert there.cards.muted


def test_what_is_muted_while_others_turn_it_on_stays_muted(kernel: Kernel, here: Process) -> None:
    for _ in range(5):
        here.call(3)
    here.ledger._apply(set())  # what another exchange has read before these calls
    assert here.cards.muted
    here.ledger.exchange()
    assert here.cards.muted
    assert _tally(kernel).muted_at is not None


def test_a_hook_that_decides_is_shown_as_slow_and_goes_on(kernel: Kernel, here: Process) -> None:
    for _ in range(6):
        here.call(30, hook="drive")
    here.ledger.exchange()
    assert (_tally(kernel, "drive").slow_calls, _tally(kernel, "drive").muted_at) == (6, None)
    assert here.call(hook="drive") == ["done"]


def test_only_what_was_ever_called_can_be_turned_on(kernel: Kernel, here: Process) -> None:
    with pytest.raises(NotFound):
        _turn_on(kernel)
    here.call()
    here.ledger.exchange()
    _turn_on(kernel)
    assert _tally(kernel).unmuted_by is None, "there was nothing to turn on"


def test_nothing_is_lost_while_the_database_is_away(
    kernel: Kernel, here: Process, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        here.call(3)
    database, nobody = here.ledger._database, Database("postgresql+psycopg2://nobody@/nothing?host=/nowhere")
    here.ledger._database = nobody
    with caplog.at_level(logging.WARNING):
        here.ledger._try_exchange()
        here.ledger._try_exchange()
    assert caplog.text.count("what is counted of hooks cannot be written down") == 1
    assert here.cards.muted
    here.ledger._database = database
    here.ledger._try_exchange()
    assert (_tally(kernel).calls, here.cards.muted) == (5, True)
    nobody.engine.dispose()


def test_the_thread_starts_with_the_first_call_and_adds_the_rest_at_the_end(
    kernel: Kernel, here: Process
) -> None:
    here.hooks.on_news = here.ledger.wake
    here.ledger.close()  # nothing was called, so there is nothing to end

    again = Process(kernel.database)
    again.hooks.on_news = again.ledger.wake
    again.call(0.5)
    [thread] = [each for each in threading.enumerate() if each is again.ledger._thread]
    again.call(0.5)
    again.ledger.close()
    assert not thread.is_alive()
    assert _tally(kernel).calls == 2


def test_a_call_is_not_held_up_by_an_exchange(kernel: Kernel, here: Process, owner_engine: Engine) -> None:
    here.call()
    here.ledger.exchange()
    here.call()
    with owner_engine.begin() as connection:
        connection.execute(text("lock table platform.hook_tally in access exclusive mode"))
        exchanging = threading.Thread(target=here.ledger.exchange)
        exchanging.start()
        assert here.call() == ["done"]
        assert exchanging.is_alive()
    exchanging.join(10)
    assert _tally(kernel).calls >= 2
