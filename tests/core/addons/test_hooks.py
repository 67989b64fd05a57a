from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from core.addons.answers import Nonsense
from core.addons.hooks import Hooks
from core.addons.hookspecs import decides, hookimpl, hookspec
from core.addons.implementations import Implementation
from core.addons.manifest import CORE, AddonError, Manifest
from core.errors import Conflict

pytestmark = pytest.mark.filterwarnings("error")


class FleetHooks:
    """Hooks of an addon."""

    @hookspec
    def cards(self, session: Any, actor: Any) -> Sequence[Any] | None:
        """Give cards."""

    @hookspec
    def wheels(self, session: Any) -> Sequence[int] | None:
        """Give wheels, by their size (`int`). Four of them."""

    @decides
    @hookspec
    def drive(self, session: Any) -> int | None:
        """Drive."""


@pytest.fixture
def hooks() -> Hooks:
    hooks = Hooks()
    hooks.add_specs([FleetHooks])
    return hooks


def _module(*members: Any, **named: Any) -> ModuleType:
    """A room of an addon, of functions and classes."""
    module = ModuleType("addons.fleet.hooks")
    module.__file__ = "/somewhere/addons/fleet/hooks.py"
    for member in (*members, *named.values()):
        member.__module__ = module.__name__
    for name, member in {**{each.__name__: each for each in members}, **named}.items():
        setattr(module, name, member)
    return module


def _manifest(name: str) -> Manifest:
    return replace(CORE, name=name)


def _add(hooks: Hooks, addon: str, function: Callable[..., Any]) -> None:
    hooks.register(addon, hooks.implementations(_manifest(addon), _module(function)))


def _cards(answer: Any) -> Callable[..., Any]:
    @hookimpl
    def cards(session: Any, actor: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return cards


def _call(hooks: Hooks, *addons: str, session: Any = None) -> list[Any]:
    return hooks.call(frozenset(addons), "cards", session=session, actor=None)


# Calls


def test_answers_are_joined_in_the_order_of_the_addons(hooks: Hooks) -> None:
    _add(hooks, "aa", _cards([1, 2]))
    _add(hooks, "bb", _cards([3]))
    assert _call(hooks, "aa", "bb") == [1, 2, 3]


def test_only_the_addons_a_tenant_has_on_are_called(hooks: Hooks) -> None:
    _add(hooks, "aa", _cards([1]))
    _add(hooks, "bb", _cards([2]))
    assert _call(hooks, "aa") == [1]
    assert _call(hooks, "bb") == [2]
    assert _call(hooks) == []
    _add(hooks, "cc", _cards([3]))
    assert _call(hooks, "aa") == [1], "what was remembered must not let a new addon in"
    assert _call(hooks, "bb", "cc") == [2, 3]


def test_the_cores_own_implementations_are_always_called(hooks: Hooks) -> None:
    _add(hooks, "core", _cards([0]))
    _add(hooks, "aa", _cards([1]))
    assert _call(hooks) == [0]


@pytest.mark.parametrize(
    ("answer", "items"),
    [(None, []), ([], []), ((1, 2), [1, 2]), ({"a": 1}, [{"a": 1}]), ("text", ["text"]), (7, [7])],
)
def test_an_answer_may_be_one_thing_or_many(hooks: Hooks, answer: Any, items: list[Any]) -> None:
    _add(hooks, "aa", _cards(answer))
    assert _call(hooks, "aa") == items


# Isolation


def test_an_implementation_that_raises_loses_its_own_part_only(
    hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    _add(hooks, "aa", _cards([1]))
    _add(hooks, "bad", _cards(ZeroDivisionError("on purpose")))
    _add(hooks, "cc", _cards([3]))
    with caplog.at_level(logging.ERROR):
        assert _call(hooks, "aa", "bad", "cc") == [1, 3]
        assert _call(hooks, "aa", "bad", "cc") == [1, 3]
    assert hooks.failures == {"bad": 2}
    assert "hook cards of addon bad failed: on purpose" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_generator_that_raises_half_way_is_isolated_too(hooks: Hooks) -> None:
    @hookimpl
    def cards(session: Any) -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    _add(hooks, "bad", cards)
    _add(hooks, "cc", _cards([3]))
    assert _call(hooks, "bad", "cc") == [3]
    assert hooks.failures == {"bad": 1}


def test_an_sql_error_in_a_hook_leaves_the_transaction_usable_and_its_work_whole(
    hooks: Hooks, session: Session
) -> None:
    @hookimpl
    def cards(session: Session) -> list[int]:
        session.execute(text("insert into core_unit (code, name) values ('hook', 'Hook')"))
        session.execute(text("select * from no_such_table"))
        return [1]

    session.execute(text("insert into core_unit (code, name) values ('mine', 'Mine')"))
    _add(hooks, "bad", cards)
    _add(hooks, "cc", _cards([3]))
    assert _call(hooks, "bad", "cc", session=session) == [3]
    codes = session.scalars(text("select code from core_unit where code in ('mine', 'hook')")).all()
    assert codes == ["mine"]


def test_an_sql_error_a_hook_hides_is_isolated_too(hooks: Hooks, session: Session) -> None:
    @hookimpl
    def cards(session: Session) -> list[int]:
        with suppress(ProgrammingError):
            session.execute(text("select * from no_such_table"))
        return [1]

    _add(hooks, "bad", cards)
    _call(hooks, "bad", session=session)
    assert hooks.failures == {"bad": 1}
    assert session.scalar(text("select 1")) == 1


def test_a_hook_that_decides_fails_aloud(hooks: Hooks) -> None:
    @hookimpl
    def load_samples(session: Any, actor: Any) -> None:
        raise ZeroDivisionError

    _add(hooks, "aa", load_samples)
    with pytest.raises(ZeroDivisionError):
        hooks.call(frozenset({"aa"}), "load_samples", session=None, actor=None)
    assert hooks.failures == {}


# Registration


def _other(name: str, **options: Any) -> Callable[..., Any]:
    def function(session: Any) -> None: ...

    function.__name__ = name
    return hookimpl(**options)(function) if options else hookimpl(function)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            _other("home_kards"),
            "there is no hook “home_kards”; there are home_cards, cards, drive, form_actions",
        ),
        (_other("own_name", specname="home_cards"), "own_name must bear the hook's own name"),
        (_other("menu_items"), "menu_items takes session, but the hook gives nothing"),
        (_other("home_cards", wrapper=True), "home_cards must not be a wrapper"),
    ],
)
def test_an_implementation_that_cannot_be_called_is_refused_with_its_file_and_line(
    hooks: Hooks, function: Callable[..., Any], said: str
) -> None:
    with pytest.raises(AddonError) as refused:
        hooks.implementations(_manifest("fleet"), _module(function))
    path, line, _ = str(refused.value).split(":", 2)
    assert path == __file__
    assert Path(path).read_text().splitlines()[int(line) - 1].strip().startswith("def function(")
    assert said in str(refused.value)


def test_addons_bring_hooks_for_others(hooks: Hooks) -> None:
    class FleetHooks:
        @hookspec
        def cars(self, of: int) -> list[str] | None: ...

    class Reading: ...

    @hookimpl
    def cars(of: int) -> list[str]:
        return [f"car of {of}"]

    hooks.add_specs(hooks.specs(_module(FleetHooks, Reading)))
    _add(hooks, "aa", cars)
    assert hooks.call(frozenset({"aa"}), "cars", of=7) == ["car of 7"]


def test_a_hook_of_the_core_cannot_be_defined_again(hooks: Hooks) -> None:
    class FleetHooks:
        @hookspec
        def home_cards(self) -> None: ...

    line = FleetHooks.home_cards.__code__.co_firstlineno + 1
    with pytest.raises(AddonError) as refused:
        hooks.specs(_module(FleetHooks))
    assert str(refused.value) == f"{__file__}:{line}: there is a hook “home_cards” already"


def test_what_is_unregistered_is_not_called(hooks: Hooks) -> None:
    _add(hooks, "aa", _cards(ZeroDivisionError("on purpose")))
    _add(hooks, "bb", _cards([2]))
    assert _call(hooks, "aa", "bb") == [2]
    hooks.unregister("aa")
    assert hooks.failures == {}
    assert not hooks.has("cards", frozenset({"aa"}))
    _add(hooks, "aa", _cards([1]))
    assert _call(hooks, "aa", "bb") == [2, 1]


# The order


def _noting(told: list[str], addon: str, **options: Any) -> Callable[..., Any]:
    def cards(session: Any) -> list[str]:
        told.append(addon)
        return [addon]

    return hookimpl(**options)(cards) if options else hookimpl(cards)


def test_addons_are_called_in_the_order_that_is_shown(hooks: Hooks) -> None:
    told: list[str] = []
    wishes: dict[str, dict[str, bool]] = {"late": {"trylast": True}, "early": {"tryfirst": True}}
    for addon in ("core", "aa", "late", "bb", "early", "cc"):
        _add(hooks, addon, _noting(told, addon, **wishes.get(addon, {})))
    answers = _call(hooks, "aa", "late", "bb", "early", "cc")
    [shown] = [view for view in hooks.views() if view.name == "cards"]
    assert told == ["early", "core", "aa", "bb", "cc", "late"]
    assert answers == told
    assert [each.addon for each in shown.implementations] == told


def test_a_hook_is_shown_with_what_its_specification_says(hooks: Hooks) -> None:
    views = {view.name: view for view in hooks.views()}
    assert (views["wheels"].documentation, views["wheels"].arguments) == (
        "Give wheels, by their size (`int`).",
        ("session",),
    )
    assert views["wheels"].module == __name__
    assert [name for name, view in views.items() if view.decides] == ["drive", "load_samples"]
    assert {"home_cards", "menu_items", "on_event"} <= set(views)


# Nonsense


def _wheels(answer: Any) -> Callable[..., Any]:
    @hookimpl
    def wheels(session: Any) -> Any:
        return answer

    return wheels


@pytest.mark.parametrize("nonsense", ["17", [17, "18"], {"size": 17}, 17.5, [None], object()])
def test_nonsense_is_a_failure_of_the_addon_that_gives_it(hooks: Hooks, nonsense: Any) -> None:
    _add(hooks, "aa", _wheels([16]))
    _add(hooks, "bad", _wheels(nonsense))
    _add(hooks, "cc", _wheels(18))
    assert hooks.call(frozenset({"aa", "bad", "cc"}), "wheels", session=None) == [16, 18]
    assert hooks.failures == {"bad": 1}
    [failure] = [each.failure for each in hooks.everything() if each.failure]
    assert failure.error == "Nonsense"
    assert failure.sentence.endswith("where int is wanted")


def test_nonsense_loses_what_the_addon_wrote(hooks: Hooks, session: Session) -> None:
    @hookimpl
    def wheels(session: Session) -> list[str]:
        session.execute(text("insert into core_unit (code, name) values ('hook', 'Hook')"))
        return ["round"]

    _add(hooks, "bad", wheels)
    assert hooks.call(frozenset({"bad"}), "wheels", session=session) == []
    assert session.scalar(text("select count(*) from core_unit where code = 'hook'")) == 0


def test_nonsense_where_something_is_decided_is_told_aloud(hooks: Hooks) -> None:
    @hookimpl
    def drive(session: Any) -> str:
        return "home"

    _add(hooks, "aa", drive)
    with pytest.raises(Nonsense, match="it gave str where int is wanted"):
        hooks.call(frozenset({"aa"}), "drive", session=None)


# Time


class Clock:
    """A clock that goes on by itself only as far as it is told to."""

    def __init__(self, hooks: Hooks) -> None:
        self.at = 1_000_000.0
        hooks.clock = hooks.now = lambda: self.at

    def taking(self, seconds: float, *, name: str = "cards") -> Callable[..., Any]:
        """An implementation that takes so long."""

        def function(session: Any) -> None:
            self.at += seconds

        function.__name__ = name
        return hookimpl(function)


def _only(hooks: Hooks) -> Implementation:
    [each] = hooks.everything()
    return each


def test_calls_are_counted_with_their_times(hooks: Hooks) -> None:
    clock = Clock(hooks)
    _add(hooks, "aa", clock.taking(0.25))
    _add(hooks, "bb", clock.taking(0.5))
    for _ in range(4):
        _call(hooks, "aa", "bb")
    _call(hooks, "bb")
    assert [(each.calls, each.seconds, each.longest) for each in hooks.everything()] == [
        (4, 1.0, 0.25),
        (5, 2.5, 0.5),
    ]
    assert not any(each.slow_calls for each in hooks.everything())


def test_the_time_of_a_failure_counts_too(hooks: Hooks) -> None:
    clock = Clock(hooks)

    @hookimpl
    def cards(session: Any) -> None:
        clock.at += 3
        raise ZeroDivisionError

    _add(hooks, "aa", cards)
    _call(hooks, "aa")
    each = _only(hooks)
    assert (each.calls, each.seconds, each.slow_calls, each.failures) == (1, 3.0, 1, 1)


def test_the_fifth_slow_call_within_an_hour_mutes(hooks: Hooks, caplog: pytest.LogCaptureFixture) -> None:
    clock, woken = Clock(hooks), []
    _add(hooks, "slow", clock.taking(2.5))
    _add(hooks, "cc", _cards([3]))
    assert _call(hooks, "slow", "cc") == [3]
    hooks.on_news = lambda: woken.append(True)
    for _ in range(3):
        assert _call(hooks, "slow", "cc") == [3]
    assert hooks.has("cards", frozenset({"slow"}))
    assert "muted" not in caplog.text
    woken.clear()
    _call(hooks, "slow", "cc")
    assert "hook cards of addon slow is muted: 5 calls took over 2.0 s within 60 minutes" in caplog.text
    assert woken == [True], "other processes are told at once"
    before = clock.at
    assert _call(hooks, "slow", "cc") == [3]
    assert clock.at == before, "it is passed over"
    assert not hooks.has("cards", frozenset({"slow"}))
    assert hooks.has("cards", frozenset({"slow", "cc"}))


def test_two_seconds_are_not_slow_yet(hooks: Hooks) -> None:
    clock = Clock(hooks)
    _add(hooks, "aa", clock.taking(2.0))
    for _ in range(10):
        _call(hooks, "aa")
    assert (_only(hooks).slow_calls, _only(hooks).muted) == (0, False)


def test_quick_calls_in_between_do_not_help(hooks: Hooks) -> None:
    clock = Clock(hooks)

    @hookimpl
    def cards(session: Any, actor: Any) -> None:
        clock.at += actor

    _add(hooks, "aa", cards)
    for seconds in (3, 0, 0, 3, 0, 3, 0, 0, 0, 3, 0):
        hooks.call(frozenset({"aa"}), "cards", session=None, actor=seconds)
    assert not _only(hooks).muted
    hooks.call(frozenset({"aa"}), "cards", session=None, actor=3)
    assert _only(hooks).muted


def test_slow_calls_of_more_than_an_hour_ago_are_forgiven(hooks: Hooks) -> None:
    clock = Clock(hooks)
    _add(hooks, "aa", clock.taking(3))
    for _ in range(12):
        _call(hooks, "aa")
        clock.at += 900  # a quarter of an hour: four within any hour
    assert (_only(hooks).slow_calls, _only(hooks).muted) == (12, False)


def test_a_hook_that_decides_is_slow_and_never_muted(hooks: Hooks) -> None:
    clock = Clock(hooks)
    _add(hooks, "aa", clock.taking(30, name="drive"))
    for _ in range(7):
        hooks.call(frozenset({"aa"}), "drive", session=None)
    assert (_only(hooks).calls, _only(hooks).slow_calls, _only(hooks).muted) == (7, 7, False)


def test_a_refusal_by_a_hook_that_decides_is_no_failure_of_it(hooks: Hooks) -> None:
    raised: list[Exception] = [Conflict(), ZeroDivisionError()]

    @hookimpl
    def drive(session: Any) -> None:
        raise raised.pop(0)

    _add(hooks, "aa", drive)
    with pytest.raises(Conflict):
        hooks.call(frozenset({"aa"}), "drive", session=None)
    assert (_only(hooks).calls, _only(hooks).failures) == (1, 0)
    with pytest.raises(ZeroDivisionError):
        hooks.call(frozenset({"aa"}), "drive", session=None)
    assert (_only(hooks).calls, _only(hooks).failures) == (2, 1)


def test_the_statement_timeout_ends_a_hook_and_nothing_else(hooks: Hooks, session: Session) -> None:
    @hookimpl
    def cards(session: Session) -> None:
        session.execute(text("select pg_sleep(60)"))

    _add(hooks, "slow", cards)
    _add(hooks, "cc", _cards([3]))
    session.execute(text("set local statement_timeout = '100ms'"))
    assert _call(hooks, "slow", "cc", session=session) == [3]
    assert session.scalar(text("select 1")) == 1
    [failure] = [each.failure for each in hooks.everything() if each.failure]
    assert (failure.error, failure.sentence) == (
        "QueryCanceled",
        "canceling statement due to statement timeout",
    )
