"""The places on screens as the platform's administrator sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from core.i18n import _, _p
from core.settings.places import PlaceView, Standing
from core.web.hook_models import with_code


@dataclass(frozen=True, slots=True)
class StandingRow:
    """One thing at a place."""

    turn: int
    id: str
    title: str
    #: Title of its addon.
    addon: str
    #: On which pages, and where it says it stands.
    on: str
    where: Sequence[str]


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """One place."""

    #: Fit for an address.
    anchor: str
    name: str
    arguments: str
    title: str
    sentence: Markup
    rows: Sequence[StandingRow]


def place_cards(places: Sequence[PlaceView], titles: Mapping[str, str], addon: str = "") -> list[PlaceCard]:
    """All places, or those where one addon stands.

    Args:
        places: as the registries have them.
        titles: of addons.
        addon: shown alone; empty for all.
    """
    return [
        PlaceCard(
            each.name.replace(" ", "-").replace(".", "-"),
            each.name,
            f"({', '.join(each.arguments)})" if each.arguments else "",
            each.title,
            with_code(_(each.documentation)),
            [_row(turn, one, titles) for turn, one in enumerate(each.standing, 1)],
        )
        for each in places
        if not addon or any(one.addon == addon for one in each.standing)
    ]


def _row(turn: int, one: Standing, titles: Mapping[str, str]) -> StandingRow:
    return StandingRow(
        turn, one.id, one.title, titles.get(one.addon, one.addon), ", ".join(one.on), said(one)
    )


def said(one: Standing) -> list[str]:
    """Where something says it stands, and what gives way to what, in words."""
    told = []
    if one.how:
        beside = _p("place", "before %(id)s", id=one.of) if one.how == "before" else ""
        told.append(beside or _p("place", "after %(id)s", id=one.of))
    if one.replaces:
        told.append(_p("place", "instead of %(id)s", id=one.replaces))
    if one.replaced_by:
        told.append(_("gives way to %(id)s", id=one.replaced_by))
    return told
