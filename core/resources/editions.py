"""Editions: the resources as tenants see them who have the same additions.

An addon that is on, or a tenant's administrators, may add to a resource: fields, sections of its form,
columns of its list, lines, actions. What a door holds is the edition of the resource that its tenant
sees: the same name, table and model, and whatever is added. So nobody who reads ``fields``, ``form`` or
``list_columns`` of a resource has to know of additions, and what is off is nowhere.

Additions come in *layers*. A layer says by a key who has the same additions from it; an edition is made
once for each combination of keys and kept. Where no layer has anything for a tenant, he sees the
resources themselves.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy.orm import Session

from core.addons.manifest import AddonError
from core.db.session import tenant_of
from core.db.tenancy import Tenant
from core.resources.declaration import LinesField, Resource

if TYPE_CHECKING:
    from core.resources.registry import Resources

#: Editions kept in one process; each takes about 5 kB for a resource.
_KEPT: Final = 100


class Layer(Protocol):
    """Additions of one sort: those of addons, or those of the tenants themselves."""

    def key(self, tenant: Tenant) -> Hashable | None:
        """What tenants with the same additions have in common; None for those without any.

        Asked again and again: it must be worked out quickly. ``tenant.version`` is raised with every
        switch of an addon and every change of customisation.
        """

    def add(self, tenant: Tenant, resources: Mapping[str, Resource]) -> None:
        """Make the additions for tenants with the key of ``tenant``.

        Args:
            tenant: any of them.
            resources: copies of all resources of the process by name, those of addons that are off
                included, with the additions of the layers before; links are connected afterwards.
        """


class Edition:
    """All resources as some tenants see them."""

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        self._resources = resources

    def of(self, resource: Resource) -> Resource:
        """A resource, of whichever edition, as it is in this one."""
        return self._resources.get(resource.name, resource)


#: Where nobody adds anything: every resource as it is.
_AS_THEY_ARE: Final = Edition(MappingProxyType({}))


class Editions:
    """The editions of the resources of a process."""

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        """Begin with the resources themselves.

        Args:
            resources: by name; those that are added later count too.
        """
        self._resources = resources
        self._layers: list[Layer] = []
        self._kept: OrderedDict[tuple[Hashable | None, ...], Edition] = OrderedDict()

    def add_layer(self, layer: Layer) -> None:
        """Let a layer add to all editions, behind those that are there."""
        self._layers.append(layer)
        self.forget()

    def forget(self) -> None:
        """Make all editions anew: the resources, or what is added to them, have changed."""
        self._kept.clear()

    def seen_by(self, tenant: Tenant) -> Edition:
        """The edition a tenant sees; the same object for all who see the same."""
        keys = tuple(layer.key(tenant) for layer in self._layers)
        if not any(key is not None for key in keys):
            return _AS_THEY_ARE
        found = self._kept.get(keys)
        if found is None:
            # Two threads may make it at once; the first one's is kept.
            found = self._kept.setdefault(keys, self._make(tenant, keys))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _make(self, tenant: Tenant, keys: tuple[Hashable | None, ...]) -> Edition:
        copies = {name: resource.edition() for name, resource in self._resources.items()}
        for layer, key in zip(self._layers, keys, strict=True):
            if key is not None:
                layer.add(tenant, copies)
        connect(copies.values(), copies)
        return Edition(copies)


def edition_of(session: Session) -> Edition:
    """What the tenant of ``session`` sees."""
    resources: Resources | None = session.info["database"].resources
    return _AS_THEY_ARE if resources is None else resources.seen_by(tenant_of(session))


def connect(resources: Iterable[Resource], names: Mapping[str, Resource]) -> None:
    """Let links and lines of resources know their targets.

    Args:
        resources: to be connected.
        names: where they may lead, by name.

    Raises:
        AddonError: a target is not there.
    """
    for resource in resources:
        for field in resource.fields.values():
            if field.word.target is not None:
                if field.word.target not in names:
                    raise AddonError(
                        f"{resource.name}.{field.name} links to “{field.word.target}”, which is not there"
                    )
                field.target = names[field.word.target]
        for lines in resource.lines:
            if lines.resource not in names or lines.via not in names[lines.resource].fields:
                raise AddonError(f"{resource.name}: lines “{lines.name}” need {lines.resource}.{lines.via}")
            target = names[lines.resource]
            resource.lines_fields[lines.name] = LinesField(
                lines.name, lines, resource, target, target.fields[lines.via]
            )
        for other in resource.elsewhere:
            if other.resource not in names or not other.fields.keys() <= names[other.resource].fields.keys():
                known = ", ".join(other.fields)
                raise AddonError(f"{resource.name}: elsewhere needs {known} of {other.resource}")
            resource.lookalikes.append((names[other.resource], other.fields))
