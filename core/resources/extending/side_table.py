"""The fields that an addon keeps in a table of its own for records of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from types import ModuleType
from typing import Any

from core.addons.manifest import AddonError, Manifest
from core.addons.pointing import nearest_first, place_of_class
from core.db.base import Extension, extensions_of
from core.db.fields import word_of
from core.resources.declaration import Field, Resource, field_name
from core.resources.extending.layer import AddonLayer
from core.resources.places import SideColumn, default_of


class SideTable:
    """The fields of one `core.db.base.Extension`, as an addition to a resource."""

    def __init__(self, addon: str, model: type[Extension]) -> None:
        self.addon = addon
        self.resource = model.__extends__
        self.where = place_of_class(model)
        #: ``{field: (word, place)}``; the places are the same in all editions.
        self.fields = {
            field_name(column.name, word): (word, SideColumn(column))
            for column in model.__table__.columns
            if (word := word_of(column)) is not None
        }

    def add_to(self, resource: Resource) -> None:
        """Add the fields."""
        for name, (word, place) in self.fields.items():
            resource.fields[name] = Field(name, word, place, resource, self.addon)


def side_tables(addon: str) -> list[SideTable]:
    """The side tables of an addon, in the order in which its models stand."""
    return [SideTable(addon, model) for model in extensions_of(addon)]


class ExtensionsRoom:
    """The ``models`` room once more: its `Extension` classes add fields to resources of others."""

    name = "models"

    def __init__(self, resources: Mapping[str, Resource], layer: AddonLayer) -> None:
        self._resources = resources
        self._layer = layer

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Check the addon's extensions against what they extend.

        Raises:
            AddonError: one extends what is not there or not needed, brings a field that is there already,
                or one that a record without a row of the table could not have.
        """
        found = side_tables(addon.name)
        for table, model in zip(found, extensions_of(addon.name), strict=True):
            self._check_target(addon, table)
            self._check_names(table, found)
            for column in model.__table__.columns:
                if not column.primary_key and not column.nullable and default_of(column) is None:
                    raise AddonError(
                        f"{table.where}: {model.__name__}.{column.name} may not be empty and has no default,"
                        " so nobody else could make records any more; let it be empty (Mapped[... | None])"
                        " or give it a default"
                    )
                if column.server_default is not None and default_of(column) is None:
                    raise AddonError(
                        f"{table.where}: {model.__name__}.{column.name} is given by the database, which makes"
                        " no row here until something is written in it"
                    )
        return found

    def open(self, addon: Manifest, contents: Any) -> None:
        """Let tenants who have the addon on see the fields."""
        self._layer.take(addon, contents)

    def _check_target(self, addon: Manifest, table: SideTable) -> None:
        owner = table.resource.partition(".")[0]
        if owner not in ("core", *addon.depends):
            raise AddonError(
                f"{table.where}: it extends “{table.resource}”, but {owner} is not listed under depends"
                " in addon.toml"
            )
        if table.resource not in self._resources:
            known = ", ".join(nearest_first(table.resource, self._resources))
            raise AddonError(
                f"{table.where}: it extends “{table.resource}”, which is not there; there are {known}"
            )

    def _check_names(self, table: SideTable, own: list[SideTable]) -> None:
        """No two addons bring a field of one name; who is loaded later gives way."""
        resource = self._resources[table.resource]
        others = (each for each in own if each.resource == table.resource and each is not table)
        earlier: Iterator[Any] = chain(self._layer.additions_to(table.resource), others)
        taken = dict.fromkeys((*resource.fields, *_lines(resource)), f"by {resource.addon} itself")
        for each in earlier:
            lines = (one.name for one in getattr(each, "lines", ()))
            names = (*getattr(each, "fields", ()), *lines)
            taken |= dict.fromkeys(names, f"by {each.addon} in {each.where}")
        for name in table.fields:
            if name in taken:
                raise AddonError(
                    f"{table.where}: {table.resource} has a field “{name}” already, brought {taken[name]};"
                    " choose another name"
                )


def _lines(resource: Resource) -> list[str]:
    return [lines.name for lines in resource.lines]
