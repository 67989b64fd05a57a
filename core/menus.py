"""The side menu: what addons offer, and what of it one reader sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.access.actor import Actor
from core.addons.switch import is_name_on, is_on
from core.db.tenancy import Tenant
from core.i18n import Lazy


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry: of a resource's list, or of a page of its own at ``url``."""

    title: Lazy
    icon: str
    #: Title of the group it stands in; empty for the group on top.
    section: Lazy | str = ""
    order: int = 100
    #: Shown to those who may do ``verb`` with it; also the address of its list unless ``url`` is given,
    #: with which it may be anything that has rights.
    resource: str = ""
    verb: str = "read"
    url: str = ""


class Menu:
    """All entries of this process, each with its addon."""

    def __init__(self) -> None:
        self._items: list[tuple[str, MenuItem]] = []

    def add(self, addon: str, items: Sequence[MenuItem]) -> None:
        """Take an addon's entries."""
        self._items += [(addon, item) for item in items]
        self._items.sort(key=lambda pair: pair[1].order)

    def of(self, addon: str) -> list[MenuItem]:
        """The entries an addon brings, in order."""
        return [item for owner, item in self._items if owner == addon]

    def visible(self, tenant: Tenant, actor: Actor) -> list[tuple[str, list[MenuItem]]]:
        """Titled groups of what this reader sees, in order."""
        shown = [
            item
            for addon, item in self._items
            if is_on(tenant, addon)
            and (
                not item.resource
                or (is_name_on(tenant, item.resource) and actor.may(item.resource, item.verb))
            )
        ]
        groups: dict[str, list[MenuItem]] = {}
        for item in shown:
            groups.setdefault(str(item.section), []).append(item)
        return list(groups.items())
