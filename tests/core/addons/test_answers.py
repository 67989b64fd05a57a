"""Promises of specifications, read from their annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from core.addons.answers import Nonsense, answers_of
from core.addons.hookspecs import CoreHooks
from core.menus import MenuItem
from core.web.view_models import ActionView, Panel

if TYPE_CHECKING:
    from nowhere.at_all import Ghost  # type: ignore[import-not-found]

    from core.web.view_models import TimelineEntry

PANEL, ACTION = Panel("a", "A"), ActionView("a", "A", "/a")


class Wide(Panel):
    """A panel of a kind of its own."""


class Promises(Protocol):
    """Specifications that promise something."""

    def many(self) -> Sequence[Panel] | None: ...
    def one(self) -> Panel | None: ...
    def several(self) -> list[Panel | ActionView]: ...
    def iterable(self) -> Iterable[str]: ...
    def mapping(self) -> Sequence[Mapping[str, Any]]: ...
    def numbers(self) -> tuple[int, ...]: ...
    def floats(self) -> list[float]: ...
    def calls(self) -> list[Callable[[], None]]: ...
    def later(self) -> Sequence[TimelineEntry] | None: ...
    def ghosts(self) -> Sequence[Ghost]: ...


@pytest.mark.parametrize(
    ("specification", "good", "bad"),
    [
        (Promises.many, [PANEL, Wide("w", "W")], "a"),
        (Promises.one, [PANEL], ACTION),
        (Promises.several, [PANEL, ACTION], MenuItem),
        (Promises.iterable, ["a"], b"a"),
        (Promises.mapping, [{}], []),
        (Promises.numbers, [1, True], "1"),
        (Promises.floats, [1.5, 2], "1"),
        (Promises.calls, [print], 1),
        (Promises.later, [], PANEL),
        (Promises.ghosts, [], PANEL),
        (CoreHooks.home_cards, [PANEL], ACTION),
        (CoreHooks.record_actions, [ACTION], PANEL),
        (CoreHooks.menu_items, [], PANEL),
    ],
)
def test_items_must_be_of_the_class_that_is_promised(
    specification: Callable[..., Any], good: list[Any], bad: Any
) -> None:
    answers = answers_of(specification)
    assert answers is not None
    answers.require(good)
    for _ in range(2):
        with pytest.raises(Nonsense):
            answers.require([*good, bad])


class Nothing(Protocol):
    """Specifications that promise nothing definite."""

    def anything(self) -> Any: ...
    def some(self) -> Sequence[Any] | None: ...
    def bare(self) -> list: ...  # type: ignore[type-arg]
    def nothing(self) -> None: ...
    def unsaid(self): ...  # type: ignore[no-untyped-def] # noqa: ANN201
    def misspelt(self) -> Pannel: ...  # type: ignore[name-defined] # noqa: F821


@pytest.mark.parametrize(
    "specification",
    [
        Nothing.anything,
        Nothing.some,
        Nothing.bare,
        Nothing.nothing,
        Nothing.unsaid,
        Nothing.misspelt,
        CoreHooks.on_event,
        CoreHooks.load_samples,
    ],
)
def test_where_nothing_definite_is_promised_nothing_is_checked(specification: Callable[..., Any]) -> None:
    assert answers_of(specification) is None
