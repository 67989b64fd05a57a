"""All resources of this process, and the room that brings them in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Final

from core.access.permissions import Permissions
from core.addons.hookspecs import Native
from core.addons.manifest import AddonError, Manifest
from core.addons.switch import is_on, require
from core.db.tenancy import Tenant
from core.errors import NotFound
from core.resources.declaration import Action, Lines, Resource, remember
from core.resources.editions import Edition, Editions, connect
from core.resources.extending import ResourceExtension
from core.resources.extending.layer import Addition, AddonLayer
from core.resources.extending.side_table import side_tables
from core.resources.service import Service


class Resources:
    """Resources by name and by address; what a tenant sees of them goes through the gate.

    Iterated and by subscript they are those of the process, without any additions.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Resource] = {}
        self._by_path: dict[str, Resource] = {}
        #: Those of the addon that is being loaded, and what it adds to others.
        self._coming: dict[str, Resource] = {}
        self._adding: Sequence[ResourceExtension] = ()
        self.editions = Editions(self._by_name)
        #: What addons add to others' resources.
        self.additions = AddonLayer(self.editions.forget)
        self.editions.add_layer(self.additions)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_name.values())

    @property
    def by_name(self) -> Mapping[str, Resource]:
        """All of the process, by name."""
        return self._by_name

    def __getitem__(self, name: str) -> Resource:
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def add(self, resource: Resource) -> None:
        """Register a checked resource and give it its service."""
        self._coming.pop(resource.name, None)
        self._by_name[resource.name] = resource
        self._by_path[resource.path] = resource
        remember(resource)
        resource.service = (resource.service_class or Service)(resource)
        self.editions.forget()

    def seen_by(self, tenant: Tenant) -> Edition:
        """The resources as a tenant sees them."""
        return self.editions.seen_by(tenant)

    def connect(self, resources: Sequence[Resource]) -> None:
        """Let links and lines of newly read resources know their targets.

        Raises:
            AddonError: a target is not registered.
        """
        connect(resources, self._by_name | {resource.name: resource for resource in resources})

    def note(self, resources: Sequence[Resource], extensions: Sequence[ResourceExtension]) -> None:
        """Let other rooms of an addon know its resources before they are registered."""
        self._coming = {resource.name: resource for resource in resources}
        self._adding = extensions

    def names(self) -> Collection[str]:
        """The names of all resources, those of an addon that is being loaded among them."""
        return [*self._by_name, *self._coming]

    def natives(self, slot: str) -> Sequence[Native]:
        """What the pages of resources have by themselves at a place on a screen."""
        found: dict[str, Native] = {}
        for name, each in self._declared():
            for one in _NATIVES.get(slot, _nothing)(each):
                id = f"{name}.{one.name}"
                found[id] = Native(id, one.title, at_end=True, on=name)
        return list(found.values())

    def _declared(self) -> Iterator[tuple[str, Resource | ResourceExtension]]:
        """All that is declared of resources, with what addons add to them."""
        for name, resource in (self._by_name | self._coming).items():
            yield name, resource
            for each in (*self.additions.additions_to(name), *self._adding):
                if isinstance(each, ResourceExtension) and each.of == name:
                    yield name, each

    def named(self, tenant: Tenant, name: str) -> Resource:
        """The resource called ``name``, as this tenant sees it, if it has its addon on.

        Raises:
            NotFound: there is none, or it is off.
        """
        resource = self._by_name.get(name)
        if resource is None or resource.is_nested:
            raise NotFound
        require(tenant, resource.addon)
        return self.seen_by(tenant).of(resource)

    def at(self, tenant: Tenant, addon: str, plural: str) -> Resource:
        """The resource at ``/<addon>/<plural>``, as this tenant sees it, if it has its addon on.

        Raises:
            NotFound: there is none, or it is off.
        """
        resource = self._by_path.get(f"{addon}/{plural}")
        if resource is None or resource.is_nested:
            raise NotFound
        require(tenant, resource.addon)
        return self.seen_by(tenant).of(resource)

    def visible(self, tenant: Tenant) -> Iterator[Resource]:
        """The resources with pages of their own that this tenant has on, as it sees them."""
        edition = self.seen_by(tenant)
        return (edition.of(each) for each in self if not each.is_nested and is_on(tenant, each.addon))


def _nothing(declared: Resource | ResourceExtension) -> Sequence[Lines | Action]:
    return ()


#: What a resource declares that stands at a place of its pages.
_NATIVES: Final[Mapping[str, Callable[[Resource | ResourceExtension], Sequence[Lines | Action]]]] = {
    "record_panels": lambda declared: declared.lines,
    "record_actions": lambda declared: [each for each in declared.actions if each.schema is None],
}


def _check_needs(addon: Manifest, resource: Resource, file: str) -> None:
    """See that links and lines lead to the addon itself, the core, or what it says it needs.

    Raises:
        AddonError: a target's addon may be off, or not installed, where this one is on.
    """
    targets = [(field.name, field.word.target) for field in resource.fields.values() if field.word.target]
    targets += [(lines.name, lines.resource) for lines in resource.lines]
    targets += [("elsewhere", other.resource) for other in resource.elsewhere]
    for name, target in targets:
        other = target.partition(".")[0]
        if other not in (addon.name, "core", *addon.depends):
            raise AddonError(
                f"{file}: {resource.name}.{name} leads to “{target}”, but {other} is not listed under depends"
            )


class ResourcesRoom:
    """The ``resources`` room: subclasses of `Resource`, and of `ResourceExtension` for others' resources."""

    name = "resources"

    def __init__(self, resources: Resources, permissions: Permissions) -> None:
        self._resources = resources
        self._permissions = permissions

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Make and check one resource of each declaration, and what is added to those of others."""
        found: list[Resource] = []
        extensions: list[ResourceExtension] = []
        for declared in vars(module).values():
            if not inspect.isclass(declared) or declared.__module__ != module.__name__:
                continue
            if issubclass(declared, Resource):
                resource = declared(addon.name)
                resource.check(str(module.__file__))
                _check_needs(addon, resource, str(module.__file__))
                found.append(resource)
            elif issubclass(declared, ResourceExtension):
                extensions.append(declared(addon.name))
        self._resources.connect(found)
        self._check(addon, extensions, found)
        self._resources.note(found, extensions)
        self._permissions.note(resource.name for resource in found)
        return found, extensions

    def _check(
        self, addon: Manifest, extensions: Sequence[ResourceExtension], own: Sequence[Resource]
    ) -> None:
        """See that what is added to a resource fits what the tenants see of it who have the addon on."""
        known = {each.name: each for each in (*self._resources, *own)}
        layer, needs = self._resources.additions, self._resources.additions.needs(addon)
        added: list[Addition] = [*side_tables(addon.name)]
        for each in extensions:
            before = [*layer.additions_to(each.of, needs), *(one for one in added if one.resource == each.of)]
            each.check(addon, known, before, [*layer.additions_to(each.of), *before])
            added.append(each)

    def open(self, addon: Manifest, contents: Any) -> None:
        """Register them; the names of resources become part of the permission registry."""
        resources, extensions = contents
        for resource in resources:
            self._resources.add(resource)
            self._permissions.add_resource(resource.name)
        self._resources.additions.take(addon, extensions)
