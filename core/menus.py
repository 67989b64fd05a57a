"""The menu: what addons offer, in which order, and what of it one reader sees."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from core.access.actor import Actor
from core.addons.manifest import AddonError, Manifest
from core.addons.placing import Place, arranged, check_circles, check_place, place_for, standing
from core.addons.pointing import nearest_first, place_in
from core.addons.switch import is_on
from core.db.tenancy import Tenant
from core.i18n import Lazy

#: The group of what stands nowhere in the menu, but is found by the command palette.
COMMANDS: Final = "core.commands"
#: The groups that stand behind those of addons.
_LAST: Final = ("core.settings", COMMANDS)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """Entries under one title; ``<addon>.<name>`` is its id."""

    name: str
    #: Empty for the group on top.
    title: Lazy | str
    #: The id of a group it stands before or behind; before the settings if nothing is said.
    before: str = ""
    after: str = ""

    @property
    def place(self) -> Place | None:
        """Where it stands among groups."""
        return place_for(self.before, self.after, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """An entry: of a resource's list, or of a page of its own at ``url``; ``<addon>.<name>`` is its id."""

    name: str
    title: Lazy
    icon: str
    #: The id of its group, unless it stands beside an entry: then it is in the group of that.
    group: str = "core.top"
    #: The id of the entry it stands before, behind, or for.
    before: str = ""
    after: str = ""
    replace: str = ""
    #: Shown to those who may do ``verb`` with it; also the address of its list unless ``url`` is given,
    #: with which it may be anything that has rights.
    resource: str = ""
    verb: str = "read"
    url: str = ""

    @property
    def place(self) -> Place | None:
        """Where it stands among entries."""
        return place_for(self.before, self.after, self.replace)


@dataclass(frozen=True, slots=True)
class Entry:
    """An item or a group, with the addon it comes from."""

    addon: str
    declared: MenuItem | MenuGroup

    @property
    def id(self) -> str:
        """What others call it."""
        return f"{self.addon}.{self.declared.name}"

    @property
    def place(self) -> Place | None:
        """Where it stands."""
        return self.declared.place


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group with what one reader sees of it."""

    id: str
    title: str
    items: Sequence[MenuItem]


class Menu:
    """All entries of this process, in order."""

    def __init__(self) -> None:
        self.groups: list[Entry] = []
        self.items: list[Entry] = []
        #: ``{id of an item: id of its group}``.
        self.group_of: dict[str, str] = {}

    def add(self, addon: str, declared: Sequence[MenuItem | MenuGroup]) -> None:
        """Take what an addon offers, as `MenuRoom` has checked it."""
        self.groups = _groups([*self.groups, *_entries(addon, declared, MenuGroup)])
        self.items = arranged([*self.items, *_entries(addon, declared, MenuItem)])
        for each in self.items:
            self.group_of[each.id] = self._group_of(each)

    def _group_of(self, entry: Entry) -> str:
        beside = next((one for one in self.items if entry.place and one.id == entry.place.of), None)
        if beside is not None:
            return self._group_of(beside)
        assert isinstance(entry.declared, MenuItem)
        return entry.declared.group

    def of(self, addon: str) -> list[tuple[str, MenuItem]]:
        """The entries an addon brings, in order, each behind the title of its group."""
        titles = {each.id: str(each.declared.title) for each in self.groups}
        return [
            (titles[self.group_of[each.id]], each.declared)
            for each in self.items
            if each.addon == addon and isinstance(each.declared, MenuItem)
        ]

    def visible(self, tenant: Tenant, actor: Actor) -> list[ShownGroup]:
        """The groups of what this reader sees, in order; what another addon replaces is not among it."""
        there = standing([each for each in self.items if is_on(tenant, each.addon)])
        found: dict[str, list[MenuItem]] = {each.id: [] for each in self.groups}
        for each in there:
            item = each.declared
            if isinstance(item, MenuItem) and (not item.resource or actor.may(item.resource, item.verb)):
                found[self.group_of[each.id]].append(item)
        titles = {each.id: each.declared.title for each in self.groups}
        return [ShownGroup(id, str(titles[id]), items) for id, items in found.items() if items]


def _entries(
    addon: str, declared: Sequence[MenuItem | MenuGroup], sort: type[MenuItem] | type[MenuGroup]
) -> Iterator[Entry]:
    return (Entry(addon, each) for each in declared if isinstance(each, sort))


def _groups(groups: Sequence[Entry]) -> list[Entry]:
    """Groups in order, the last ones at the end."""
    return arranged(sorted(groups, key=lambda each: each.id in _LAST))


class MenuRoom:
    """What the ``hooks`` room gives at ``menu_items``: entries and groups, known at the start."""

    name = "hooks"

    def __init__(
        self, menu: Menu, resources: Callable[[], Collection[str]], things: Callable[[], Collection[str]]
    ) -> None:
        """Keep where names are looked up.

        Args:
            menu: takes the entries.
            resources: gives the names of resources with lists, those being loaded among them.
            things: gives the names of all that has rights.
        """
        self._menu = menu
        self._resources = resources
        self._things = things

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Ask for the entries, and see that each leads somewhere and stands beside what is there."""
        function = vars(module).get("menu_items")
        declared = list(function() or ()) if function is not None else []
        groups, items = self._menu.groups, self._menu.items
        for each in declared:
            if not isinstance(each, MenuItem | MenuGroup):
                at = place_in(module, "def menu_items")
                raise AddonError(f"{at}: menu_items must give MenuItems and MenuGroups, not {each!r}")
        groups = self._joined(addon, module, groups, list(_entries(addon.name, declared, MenuGroup)))
        items = self._joined(addon, module, items, list(_entries(addon.name, declared, MenuItem)))
        for each in declared:
            if isinstance(each, MenuItem):
                self._check_item(addon, module, each, groups)
        return declared

    def _joined(
        self, addon: Manifest, module: ModuleType, there: Sequence[Entry], own: Sequence[Entry]
    ) -> list[Entry]:
        """What is there with what an addon adds, its names and places checked."""
        where: dict[str, str] = {}
        for each in own:
            at = _line(module, each.declared.name)
            if not _NAME.fullmatch(each.declared.name):
                raise AddonError(
                    f"{at}: the name “{each.declared.name}” must be small letters, digits, - and _"
                )
            if each.id in where:
                raise AddonError(f"{at}: there are two entries “{each.id}” in the menu")
            where[each.id] = at
        known = [each.id for each in (*there, *own)]
        for each in own:
            if each.place is not None:
                check_place(addon, _line(module, each.place.of), each.place, known)
        check_circles(where, [*there, *own])
        return [*there, *own]

    def _check_item(
        self, addon: Manifest, module: ModuleType, item: MenuItem, groups: Sequence[Entry]
    ) -> None:
        known = [each.id for each in groups]
        if item.group not in known:
            there = ", ".join(nearest_first(item.group, known))
            at = _line(module, item.group)
            raise AddonError(f"{at}: there is no group “{item.group}” in the menu; there are {there}")
        if not item.resource and not item.url:
            raise AddonError(f"{_line(module, item.name)}: the entry “{item.name}” leads nowhere")
        names = self._things() if item.url else self._resources()
        met = [each for each in names if addon.may_name(each)]
        if item.resource and item.resource not in met:
            at, there = _line(module, item.resource), ", ".join(nearest_first(item.resource, met))
            raise AddonError(f"{at}: there is no resource “{item.resource}” for this; there are {there}")

    def open(self, addon: Manifest, contents: Any) -> None:
        """Put the entries into the menu."""
        self._menu.add(addon.name, contents)


def _line(module: ModuleType, word: str) -> str:
    """Where a room says a word."""
    return place_in(module, f'"{word}"', "def menu_items")
