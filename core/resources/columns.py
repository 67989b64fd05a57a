"""Columns of tables that come in and go out: a field, a field of a linked record, a field of a line.

``city`` is a field, ``parent`` a link by its label, ``parent.number`` a link by another field of the
record behind it, ``phones.number`` a field of the first line and ``phones.2.number`` of the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.i18n import LANGUAGES, speaking
from core.resources.cells import fold
from core.resources.declaration import Field, LinesField, Resource
from core.resources.resolver import Resolver, UnknownField


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table of records."""

    name: str
    #: Of the resource, or of its lines.
    field: Field
    #: The field of the linked record that stands in the cells; None for its label.
    by: Field | None = None
    lines: LinesField | None = None
    #: Which line, counted from 0.
    position: int = 0

    @property
    def label(self) -> str:
        """What people call it, in the language in force."""
        label = self.field.label
        if self.lines is not None:
            number = f" {self.position + 1}" if self.position else ""
            label = f"{self.lines.lines.title}{number}.{label}"
        return f"{label}.{self.by.label}" if self.by is not None else label


def read_column(resolver: Resolver, resource: Resource, name: str) -> Column:
    """The column called ``name``.

    Raises:
        UnknownField: a part of the name is not there or not for this reader.
    """
    first, *rest = name.split(".")
    lines, position, at = resource.lines_fields.get(first), 0, resource
    if lines is not None:
        at = lines.target
        if rest and rest[0].isascii() and rest[0].isdigit() and len(rest[0]) < 4 and int(rest[0]) > 0:
            position = int(rest.pop(0)) - 1
        if not rest:
            raise UnknownField(name)
        first, *rest = rest
    try:
        field = resolver.field(at, first)
        if len(rest) > 1 or (rest and field.target is None) or (lines is not None and field is lines.via):
            raise UnknownField(name)
        by = resolver.field(field.target, rest[0]) if rest and field.target is not None else None
    except UnknownField:
        raise UnknownField(name) from None
    return Column(name, field, by, lines, position)


def columns_of(resolver: Resolver, resource: Resource) -> Iterator[Column]:
    """Every column with a plain name: the fields, then those of the first line of each kind."""
    for field in resolver.visible(resource):
        yield Column(field.name, field)
    for lines in resource.lines_fields.values():
        for field in resolver.visible(lines.target):
            if field is not lines.via and not field.word.readonly:
                yield Column(f"{lines.name}.{field.name}", field, lines=lines)


def headers(resolver: Resolver, resource: Resource) -> dict[str, set[str]]:
    """What a header may say, folded: ``{word: names of columns}``; names, and labels in every language."""
    known: dict[str, set[str]] = {}
    columns = list(columns_of(resolver, resource))
    for language in LANGUAGES:
        with speaking(language):
            for column in columns:
                known.setdefault(fold(column.label), set()).add(column.name)
    return known | {fold(column.name): {column.name} for column in columns}
