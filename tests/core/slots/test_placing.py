"""Order by ids: before, after, in place of; for everybody the same, whoever has what on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addons.manifest import CORE, AddonError
from core.addons.placing import Place, arranged, check_circles, place_for, standing


@dataclass(frozen=True)
class Thing:
    id: str
    place: Place | None = None


def _things(*said: str) -> list[Thing]:
    """``"a"``, ``"b before a"``, ``"b before a for c"``."""
    found = []
    for each in said:
        id, *place = each.replace(" for ", " ").split()
        found.append(Thing(id, Place(*place) if place else None))  # type: ignore[arg-type]
    return found


def _order(*said: str) -> str:
    return " ".join(each.id for each in arranged(_things(*said)))


def _shown(*said: str) -> str:
    return " ".join(each.id for each in standing(arranged(_things(*said))))


@pytest.mark.parametrize(
    ("said", "order"),
    [
        (("a", "b", "c"), "a b c"),
        (("a", "b", "c before a"), "c a b"),
        (("a", "b", "c after a"), "a c b"),
        (("a", "c after a", "d after a"), "a c d"),
        (("a", "c before a", "d before a"), "c d a"),
        (("a", "b", "c after a", "d after c"), "a c d b"),
        (("a after z", "b"), "a b"),
        (("a", "b replace a", "c after a"), "a b c"),
    ],
)
def test_things_stand_where_they_say(said: Sequence[str], order: str) -> None:
    assert _order(*said) == order


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (("a", "b", "c replace a"), "c b"),
        (("a", "c replace a", "d replace c"), "d"),
        (("a", "c replace a", "d replace a"), "d"),
        (("a", "c replace z"), "a c"),
        (("a", "b before a", "c replace a"), "b c"),
        (("a", "b", "c before a for b"), "c a"),
        (("a", "b", "c before z for b"), "a c"),
        (("a", "b", "c before a for b", "d replace b"), "a d"),
    ],
)
def test_what_is_replaced_is_not_shown(said: Sequence[str], shown: str) -> None:
    assert _shown(*said) == shown


def test_a_circle_is_refused_where_it_is_said() -> None:
    things = _things("a", "b before c", "c after b")
    assert _order("a", "b before c", "c after b") == "a"
    with pytest.raises(AddonError, match=r"hooks\.py:7: before=“c” leads in a circle back to “b”"):
        check_circles({"b": "hooks.py:7"}, things)


def test_one_place_is_enough() -> None:
    assert place_for("", "", "x.y") == Place("replace", "x.y")
    assert place_for("", "a.b", "x.y") == Place("after", "a.b", "x.y")
    assert place_for("", "", "") is None
    with pytest.raises(ValueError, match=r"either before or after"):
        place_for("a.b", "a.c", "")


def test_an_addon_names_its_own_needs_only() -> None:
    assert CORE.may_name("core.user")
    assert not CORE.may_name("customer.customer")


@given(
    st.lists(st.tuples(st.sampled_from(["", "before", "after", "replace"]), st.integers(0, 9)), max_size=9)
)
def test_whatever_points_back_is_in_order_once_and_nearer_to_its_anchor_than_strangers(
    said: list[tuple[str, int]],
) -> None:
    things = [
        Thing(f"t{n}", Place(how, f"t{of}") if how and of < n else None)  # type: ignore[arg-type]
        for n, (how, of) in enumerate(said)
    ]
    order = [each.id for each in arranged(things)]
    assert sorted(order) == sorted(each.id for each in things)
    for each in things:
        if each.place is not None:
            before, here = order.index(each.place.of), order.index(each.id)
            assert (here < before) == (each.place.how == "before")
    left = [each for each in things if each.id not in {one.place.of for one in things if one.place}]
    fewer = [each.id for each in arranged(left)]
    free = [each.id for each in left if each.place is None]
    assert [id for id in fewer if id in free] == [id for id in order if id in free], "off changes no order"
