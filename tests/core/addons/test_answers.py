"""Promises of specifications, read from their annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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


def _many() -> Sequence[Panel] | None: ...
def _one() -> Panel | None: ...
def _several() -> list[Panel | ActionView]: ...
def _iterable() -> Iterable[str]: ...
def _mapping() -> Sequence[Mapping[str, Any]]: ...
def _tuple() -> tuple[int, ...]: ...
def _floats() -> list[float]: ...
def _calls() -> list[Callable[[], None]]: ...
def _later() -> Sequence[TimelineEntry] | None: ...
def _ghosts() -> Sequence[Ghost]: ...


@pytest.mark.parametrize(
    ("specification", "good", "bad"),
    [
        (_many, [PANEL, Wide("w", "W")], "a"),
        (_one, [PANEL], ACTION),
        (_several, [PANEL, ACTION], MenuItem),
        (_iterable, ["a"], b"a"),
        (_mapping, [{}], []),
        (_tuple, [1, True], "1"),
        (_floats, [1.5, 2], "1"),
        (_calls, [print], 1),
        (_later, [], PANEL),
        (_ghosts, [], PANEL),
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


def _anything() -> Any: ...
def _some() -> Sequence[Any] | None: ...
def _bare() -> list: ...  # type: ignore[type-arg]
def _nothing() -> None: ...
def _unsaid(): ...  # type: ignore[no-untyped-def] # noqa: ANN202
def _misspelt() -> Pannel: ...  # type: ignore[name-defined] # noqa: F821


@pytest.mark.parametrize(
    "specification",
    [_anything, _some, _bare, _nothing, _unsaid, _misspelt, CoreHooks.on_event, CoreHooks.load_samples],
)
def test_where_nothing_definite_is_promised_nothing_is_checked(specification: Callable[..., Any]) -> None:
    assert answers_of(specification) is None
