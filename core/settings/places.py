"""The places on screens: what stands there, whose it is, and in which order; for people and for documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.addons.hooks import HookView
from core.addons.placing import Place, replacing
from core.addons.slots import Stand, replaced_by
from core.i18n import _
from core.menus import Entry, MenuItem

if TYPE_CHECKING:
    from core.kernel import Kernel


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing at a place."""

    #: What other addons point at.
    id: str
    title: str
    #: Whose it is; "core" for what a page has by itself.
    addon: str
    #: The resources on whose pages it stands; none for all.
    on: Sequence[str] = ()
    #: before or after, and the id it says that of; empty where it has its turn, or that of what it replaces.
    how: str = ""
    of: str = ""
    #: The id of what it stands for.
    replaces: str = ""
    #: The id of what stands there instead, where that one's addon is on.
    replaced_by: str = ""


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place on a screen."""

    #: The hook; for a group of the menu ``menu_items`` and its id.
    name: str
    #: What people call that which stands there.
    title: str
    #: What its specification says.
    documentation: str
    #: What functions that put something there may take; none where it is said at the start.
    arguments: Sequence[str]
    #: In order, whoever has what on.
    standing: Sequence[Standing]

    def as_data(self) -> dict[str, Any]:
        """The place as JSON has it."""
        return asdict(self)


def places(kernel: Kernel) -> list[PlaceView]:
    """All places on screens with what stands there: those of pages first, then the groups of the menu."""
    slots = set(kernel.hooks.slots())
    views = {each.name: each for each in kernel.hooks.views()}
    found = [_page(kernel, view) for name, view in views.items() if name in slots]
    menu, replaced = views["menu_items"], replacing(kernel.menu.items)
    for group in kernel.menu.groups:
        items = [each for each in kernel.menu.items if kernel.menu.group_of[each.id] == group.id]
        found.append(
            PlaceView(
                f"menu_items {group.id}",
                str(group.declared.title) or _("On top"),
                menu.documentation,
                (),
                [_entry(each, replaced[each.id].id if each.id in replaced else "") for each in items],
            )
        )
    return found


def _page(kernel: Kernel, view: HookView) -> PlaceView:
    all_ = kernel.hooks.standing_at(view.name)
    replaced = replaced_by(all_)
    standing = [_stand(each, replaced.get(each.id, "")) for each in all_]
    return PlaceView(view.name, view.title, view.documentation, view.arguments, standing)


def _stand(each: Stand, replaced: str) -> Standing:
    addon = each.implementation.addon if each.implementation is not None else each.id.partition(".")[0]
    return Standing(each.id, each.title, addon, sorted(each.on), *_said(each.place), replaced)


def _entry(each: Entry, replaced: str) -> Standing:
    item = each.declared
    assert isinstance(item, MenuItem)
    on = (item.resource,) if item.resource and not item.url else ()
    return Standing(each.id, str(item.title), each.addon, on, *_said(each.place), replaced)


def _said(place: Place | None) -> tuple[str, str, str]:
    if place is None:
        return "", "", ""
    beside = (place.how, place.of) if place.how != "replace" else ("", "")
    return *beside, place.stands_for
