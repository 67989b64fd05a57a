"""The layer of editions that holds what the tenants' administrators have added."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from copy import copy
from typing import Final

from core.addons.switch import is_on
from core.customising.definitions import Customisations, Definition, word_of
from core.customising.objects import MadeUpResource
from core.customising.places import COLUMN, place_of
from core.db.fields import Kind
from core.db.tenancy import Tenant
from core.i18n import _lp
from core.resources.declaration import Field, Resource, Section

#: Kinds of which a list offers the values above its table.
_QUICK: Final = (Kind.CHOICE, Kind.PICK)
_MORE: Final = _lp("form", "More")
_MORE_ID: Final = "core.more"


class CustomLayer:
    """Added fields and made-up records; see `core.resources.editions.Layer`."""

    def __init__(self, customisations: Customisations) -> None:
        self._customisations = customisations

    def key(self, tenant: Tenant) -> Hashable | None:
        """What is added; and the addons that are on, where a link may lead to one of them."""
        found = self._customisations.of(tenant)
        if not found:
            return None
        return (found, tenant.addons) if found.has_links else found

    def add(self, tenant: Tenant, resources: dict[str, Resource]) -> None:
        """Put in the made-up resources, then all fields but those of resources that are not there."""
        for made_up in self._customisations.of(tenant).objects:
            resources[made_up.resource] = MadeUpResource(made_up)
        for each in self._customisations.of(tenant).fields:
            resource = resources.get(each.resource)
            takes_it = resource is not None and COLUMN in resource.table.c
            if resource is not None and takes_it and _leads_somewhere(each, tenant, resources):
                _add(each, resource)


def _leads_somewhere(definition: Definition, tenant: Tenant, resources: Mapping[str, Resource]) -> bool:
    """Whether what a link leads to is there and on."""
    if definition.target is None:
        return True
    target = resources.get(definition.target)
    return target is not None and is_on(tenant, target.addon)


def _add(definition: Definition, resource: Resource) -> None:
    name = definition.name
    resource.fields[name] = Field(name, word_of(definition), place_of(definition), resource, "core")
    resource.form = _placed(resource.form, name, definition.beside)
    if definition.in_list:
        resource.list_columns = (*(resource.list_columns or (resource.label,)), name)
    if definition.in_quick_create:
        resource.quick_create = (*(resource.quick_create or (resource.label,)), name)
    if definition.is_frequent and definition.kind in _QUICK:
        resource.quick_filters = (*resource.quick_filters, name)


def _placed(form: tuple[Section, ...], name: str, beside: str | None) -> tuple[Section, ...]:
    """The form with a field at the end of the section of another, or of one for added fields at its end."""
    for number, section in enumerate(form):
        if beside in section.fields if beside is not None else section.id == _MORE_ID:
            longer = copy(section)
            longer.fields = (*section.fields, name)
            return (*form[:number], longer, *form[number + 1 :])
    if beside is not None:
        return _placed(form, name, None)
    return (*form, Section(_MORE, name, id=_MORE_ID))
