from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from core.addons.hooks import Hooks
from core.addons.hookspecs import hookimpl, hookspec
from core.addons.manifest import AddonError

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


def _module(*members: Any, **named: Any) -> ModuleType:
    """A room of an addon, of functions and classes."""
    module = ModuleType("addons.fleet.hooks")
    module.__file__ = "/somewhere/addons/fleet/hooks.py"
    for member in (*members, *named.values()):
        member.__module__ = module.__name__
    for name, member in {**{each.__name__: each for each in members}, **named}.items():
        setattr(module, name, member)
    return module


def _add(hooks: Hooks, addon: str, function: Callable[..., Any]) -> None:
    hooks.register(addon, hooks.implementations(addon, _module(function)))


def _cards(answer: Any) -> Callable[..., Any]:
    @hookimpl
    def home_cards(session: Any, actor: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return home_cards


def _call(hooks: Hooks, *addons: str, session: Any = None) -> list[Any]:
    return hooks.call(frozenset(addons), "home_cards", session=session, actor=None)


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
    assert "hook home_cards of addon bad failed: on purpose" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_generator_that_raises_half_way_is_isolated_too(hooks: Hooks) -> None:
    @hookimpl
    def home_cards(session: Any) -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    _add(hooks, "bad", home_cards)
    _add(hooks, "cc", _cards([3]))
    assert _call(hooks, "bad", "cc") == [3]
    assert hooks.failures == {"bad": 1}


def test_an_sql_error_in_a_hook_leaves_the_transaction_usable_and_its_work_whole(
    hooks: Hooks, session: Session
) -> None:
    @hookimpl
    def home_cards(session: Session) -> list[int]:
        session.execute(text("insert into core_unit (code, name) values ('hook', 'Hook')"))
        session.execute(text("select * from no_such_table"))
        return [1]

    session.execute(text("insert into core_unit (code, name) values ('mine', 'Mine')"))
    _add(hooks, "bad", home_cards)
    _add(hooks, "cc", _cards([3]))
    assert _call(hooks, "bad", "cc", session=session) == [3]
    codes = session.scalars(text("select code from core_unit where code in ('mine', 'hook')")).all()
    assert codes == ["mine"]


def test_an_sql_error_a_hook_hides_is_isolated_too(hooks: Hooks, session: Session) -> None:
    @hookimpl
    def home_cards(session: Session) -> list[int]:
        with suppress(ProgrammingError):
            session.execute(text("select * from no_such_table"))
        return [1]

    _add(hooks, "bad", home_cards)
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
        (_other("home_kards"), "there is no hook “home_kards”; there are form_actions, home_cards, load"),
        (_other("own_name", specname="home_cards"), "own_name must bear the hook's own name"),
        (_other("menu_items"), "menu_items takes session, but the hook gives nothing"),
        (_other("home_cards", wrapper=True), "home_cards must not be a wrapper"),
    ],
)
def test_an_implementation_that_cannot_be_called_is_refused_with_its_file(
    hooks: Hooks, function: Callable[..., Any], said: str
) -> None:
    with pytest.raises(AddonError) as refused:
        hooks.implementations("fleet", _module(function))
    assert str(refused.value).startswith("/somewhere/addons/fleet/hooks.py: ")
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

    with pytest.raises(AddonError, match="there is a hook “home_cards” already"):
        hooks.specs(_module(FleetHooks))


def test_each_gives_every_addons_answer_by_its_name(hooks: Hooks) -> None:
    @hookimpl
    def menu_items() -> tuple[int, ...]:
        return (1, 2)

    _add(hooks, "aa", menu_items)
    _add(hooks, "bb", _cards([3]))
    assert list(hooks.each("menu_items")) == [("aa", [1, 2])]
