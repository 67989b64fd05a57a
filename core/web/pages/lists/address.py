"""The address of a list: everything the page shows stands in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from core.resources.declaration import Resource
from core.resources.query import RESERVED, Query, read_query

#: Parameters of the page itself; the rest is the query.
OWN: Final = ("view", "segment", "columns", "group", "totals", "in", "lang")


class Address:
    """The list's address with some of its parameters changed."""

    def __init__(self, url: str, args: Mapping[str, Sequence[str]]) -> None:
        self.url = url
        self.args = {name: [value for value in values if value] for name, values in args.items()}

    def having(self, **changes: str | None) -> str:
        """The address with ``changes``; None or empty takes a parameter out. The page starts anew."""
        parts = {name: written for name, written in self._written.items() if name != "page"}
        for name, value in changes.items():
            parts[name] = urlencode({name: value}) if value else ""
        query = "&".join(filter(None, parts.values()))
        return f"{self.url}?{query}" if query else self.url

    @cached_property
    def _written(self) -> Mapping[str, str]:
        """Each parameter as an address writes it; a page has dozens of links that differ in one."""
        return {name: urlencode([(name, value) for value in values]) for name, values in self.args.items()}

    def one(self, name: str) -> str:
        """The value of a parameter, empty when there is none."""
        return next(iter(self.args.get(name, ())), "")

    def many(self, name: str) -> list[str]:
        """The values of a parameter that takes several, with commas between them."""
        return [part.strip() for part in self.one(name).split(",") if part.strip()]


def query_of(resource: Resource, address: Address) -> Query:
    """What an address with all parameters asks the gateway.

    Raises:
        Invalid: a parameter has a value of the wrong form.
    """
    segment = {"mine": ("owner", "me"), "archived": ("archived_at.isnull", "false")}.get(
        address.one("segment")
    )
    args = {name: values for name, values in address.args.items() if name not in OWN and values}
    if segment is not None:
        args[segment[0]] = [segment[1]]
    return read_query(args)


def conditions_in(resource: Resource, address: Address) -> list[str]:
    """The parameters that are conditions and have no control in the filter row: ``city``, ``parent.name``."""
    quick = set(resource.quick_filters)
    return [name for name in address.args if name not in {*OWN, *RESERVED, *quick} and address.args[name]]
