"""Where fields and sections of several addons stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from core.i18n import lazy_gettext
from core.resources.declaration import Section
from core.resources.extending.placing import Placed, form_of, put_field, put_into_form

_TITLE = lazy_gettext("Basics")


def _section(id: str, *fields: str, **place: Any) -> Section:
    return Section(_TITLE, *fields, id=id, **place)


def _ids(sections: Sequence[Section]) -> str:
    return " ".join(each.id for each in form_of(sections))


@pytest.mark.parametrize(
    ("placed", "names"),
    [
        ([Placed("x", after="a"), Placed("y", after="a")], "a x y b c"),
        ([Placed("x", after="a"), Placed("z", after="x"), Placed("y", after="a")], "a x z y b c"),
        ([Placed("x", before="b"), Placed("y", before="b")], "a x y b c"),
        ([Placed("x", replace="b"), Placed("y", after="x")], "a x y c"),
        ([Placed("x"), Placed("y", after="gone")], "a b c x y"),
        ([Placed("c", before="a")], "c a b"),
    ],
)
def test_fields_stand_where_they_were_put_in_the_order_they_came(placed: list[Placed], names: str) -> None:
    there: tuple[str, ...] = ("a", "b", "c")
    behind: dict[str, str] = {}
    for each in placed:
        there = put_field(there, each, behind)
    assert " ".join(there) == names


def test_fields_that_were_put_behind_one_another_in_a_circle_are_all_there() -> None:
    behind: dict[str, str] = {}
    there: tuple[str, ...] = ("a", "b", "c")
    for each in (
        Placed("a", after="b"),
        Placed("b", after="a"),
        Placed("x", after="c"),
        Placed("y", after="a"),
    ):
        there = put_field(there, each, behind)
    assert sorted(there) == ["a", "b", "c", "x", "y"]


def test_sections_of_two_addons_for_the_same_place_both_stand_there() -> None:
    native = [_section("basics", "a"), _section("reach", "b"), _section("company", "c")]
    one = _section("one.reach", "x", replace="reach")
    two = _section("two.reach", "y", replace="reach")
    behind = _section("two.more", "z", after="reach")
    assert _ids([*native, one, two, behind]) == "basics one.reach two.reach two.more company"
    assert _ids([*native, behind, one]) == "basics one.reach two.more company"
    moved = _section("one.reach", "x", replace="reach", after="company")
    assert _ids([*native, moved]) == "basics company one.reach"
    assert _ids([*native, _section("three", after="gone")]) == "basics reach company three"


def test_a_field_for_a_section_that_is_replaced_goes_to_what_stands_there() -> None:
    sections = [_section("basics", "a"), _section("reach", "b"), _section("one.reach", "x", replace="reach")]
    for placed in (Placed("n", section="reach"), Placed("n", after="x"), Placed("n", after="b")):
        put = form_of(put_into_form(sections, placed, {}))
        assert [each.fields for each in put] == [("a",), ("x", "n")]


def test_one_place_is_enough() -> None:
    with pytest.raises(ValueError, match="not both"):
        _section("s", before="a", after="b")
    with pytest.raises(ValueError, match="not several"):
        Placed("x", after="a", replace="b")
