"""The layer of editions that addons make: what those add to others' resources that a tenant has on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Protocol

from core.addons.manifest import Manifest
from core.db.tenancy import Tenant
from core.resources.declaration import Resource


class Addition(Protocol):
    """Something that one addon adds to one resource."""

    addon: str
    #: The name of the resource.
    resource: str
    #: The file and the line it is declared in.
    where: str

    def add_to(self, resource: Resource) -> None:
        """Add it to an edition of the resource; must not fail, whatever other addons have added before."""


class AddonLayer:
    """The additions of all addons, in the order of their needs, then as they are declared."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Begin without any.

        Args:
            changed: called when there are others.
        """
        self._additions: dict[str, list[Addition]] = {}
        self._depends: dict[str, tuple[str, ...]] = {}
        self._changed = changed

    def take(self, addon: Manifest, additions: Iterable[Addition]) -> None:
        """Keep what an addon adds, behind what it has added already."""
        self._depends[addon.name] = addon.depends
        if found := list(additions):
            self._additions.setdefault(addon.name, []).extend(found)
            self._changed()

    def additions_to(self, resource: str, addons: Iterable[str] | None = None) -> Iterator[Addition]:
        """What is added to a resource by some addons, by all unless they are named, in order."""
        wanted = None if addons is None else set(addons)
        for addon, additions in self._additions.items():
            if wanted is None or addon in wanted:
                yield from (each for each in additions if each.resource == resource)

    def needs(self, addon: Manifest) -> set[str]:
        """The addons that an addon needs, directly or through others that take part in this."""
        found: set[str] = set()
        open_ = [*addon.depends]
        while open_:
            name = open_.pop()
            if name not in found:
                found.add(name)
                open_ += self._depends.get(name, ())
        return found

    # A layer of editions

    def key(self, tenant: Tenant) -> Hashable | None:
        """The addons that are on and add something."""
        return tenant.addons.intersection(self._additions) or None

    def add(self, tenant: Tenant, resources: Mapping[str, Resource]) -> None:
        """Make the additions of the addons that are on."""
        for addon, additions in self._additions.items():
            if addon in tenant.addons:
                for each in additions:
                    each.add_to(resources[each.resource])
