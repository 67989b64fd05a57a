"""What can be done with the rows that are picked in a list."""

from __future__ import annotations

from functools import lru_cache

from flask import g
from marshmallow import Schema, ValidationError

from core.i18n import _
from core.resources.conditions import names_archived
from core.resources.declaration import Action, Resource
from core.resources.query import Query
from core.web.list_models import PickBar
from core.web.pages.lists.address import Address
from core.web.view_models import ActionView


def pick_bar(resource: Resource, address: Address, query: Query) -> PickBar | None:
    """The bar for picked rows; None where the reader can do nothing with many of them."""
    may = {verb for verb in ("update", "delete", "export") if g.actor.may(resource.name, verb)}
    actions = []
    if "update" in may:
        actions.append(_action(address, "update", _("Edit fields"), "pencil"))
    actions += [
        _action(address, each.name, str(each.title), each.icon)
        for each in resource.actions
        if takes_nothing(each) and g.actor.may(resource.name, each.verb)
    ]
    if "update" in may and not names_archived(query):
        actions.append(_action(address, "archive", _("Archive"), "archive"))
    if "update" in may and names_archived(query):
        actions.append(_action(address, "restore", _("Restore"), "archive-off"))
    if "delete" in may:
        actions.append(_action(address, "delete", _("Delete"), "trash", danger=True))
    export = _below(address, "export/new") if "export" in may else ""
    return PickBar(actions, export) if actions or export else None


def takes_nothing(action: Action) -> bool:
    """Whether an action can be done without being told anything."""
    return action.schema is None or _loads_nothing(action.schema)


@lru_cache(maxsize=256)
def _loads_nothing(schema: type[Schema]) -> bool:
    try:
        schema().load({})
    except ValidationError:
        return False
    return True


def _action(address: Address, name: str, label: str, icon: str, *, danger: bool = False) -> ActionView:
    return ActionView(name, label, _below(address, f"bulk/{name}"), icon, dialog=True, danger=danger)


def _below(address: Address, name: str) -> str:
    return Address(f"{address.url}/{name}", address.args).having()
