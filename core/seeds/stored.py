"""Values of records in the form in which seeds remember and compare them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from core.resources.change_sets.values import kept_line, lines_now
from core.resources.declaration import LinesField, Resource
from core.resources.gateway import Gateway
from core.resources.resolver import Answer
from core.resources.timeline import plain


def present(gateway: Gateway, resource: Resource, record_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """What some records hold now, as far as the reader may see it: ``{record: {field: value}}``.

    Records that are gone or out of reach are left out. Archived ones have ``archived_at``. Lines are lists of
    their values, without numbers.
    """
    rows = gateway.stored(resource, record_ids)
    fields = [field for field in resource.fields.values() if gateway.resolver.answer(field) is Answer.OPEN]
    found = {number: {field.name: _plain(row[field.key]) for field in fields} for number, row in rows.items()}
    for name, lines in resource.lines_fields.items():
        stored = lines_now(gateway.session, lines, list(found)) if found else {}
        for number, values in found.items():
            kept = [kept_line(lines, row) for row in stored.get(number, ())]
            values[name] = [
                {key: _plain(value) for key, value in line.items() if key != "id"} for line in kept
            ]
    return found


def supplied(gateway: Gateway, resource: Resource, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Raw values as they would be stored; such as cannot be read stay as they are."""
    [change] = resource.service.validated(gateway, [raw], partial=True)
    if change.errors:
        return {name: _plain(value) for name, value in raw.items()}
    lines = {
        name: [_line(resource.lines_fields[name], line) for line in rows]
        for name, rows in change.lines.items()
    }
    return {name: _plain(value) for name, value in change.values.items()} | lines


def empty(resource: Resource) -> dict[str, Any]:
    """What a new record holds where nothing was said."""
    found = {field.name: _plain(field.default()) for field in resource.fields.values()}
    return found | {name: [] for name in resource.lines_fields}


def with_numbers(lines: Sequence[Any], stored: Sequence[Mapping[str, Any]]) -> list[Any]:
    """New lines in the place of stored ones, which keep their numbers: what refers to them still does."""
    return [
        {"id": stored[place]["id"], **line} if place < len(stored) else line
        for place, line in enumerate(lines)
    ]


def _line(lines: LinesField, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line as it would be stored, with what is in it by default."""
    row = {field.key: line.get(name, field.default()) for name, field in lines.target.fields.items()}
    return {
        name: _plain(value) for name, value in kept_line(lines, {"id": None} | row).items() if name != "id"
    }


def _plain(value: Any) -> Any:
    found = plain(value)
    return list(found) if isinstance(found, tuple) else found
