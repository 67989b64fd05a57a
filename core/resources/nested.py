"""The nested lines of records that change: which are new, which are others, which are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from core.errors import Invalid
from core.i18n import _l
from core.resources.batch import Batch, Change
from core.resources.declaration import LinesField, Resource
from core.resources.places import stored_rows


class Sorted(NamedTuple):
    """What has to be done with the lines of one kind."""

    new: list[Change]
    changed: list[Change]
    #: Numbers of stored lines that the input leaves out.
    gone: set[int]


def require_of_new_lines(resource: Resource, change: Change) -> None:
    """A change of a record may leave fields out, a line that is new in it may not."""
    for name, rows in change.lines.items():
        lines = resource.lines_fields[name]
        needed = [
            field.name
            for field in lines.target.fields.values()
            if field.is_required and field is not lines.via
        ]
        for number, row in enumerate(rows):
            for missing in (each for each in needed if row.get("id") is None and each not in row):
                change.refuse(f"{name}.{number}.{missing}", _l("This is needed."))


def take_out_same_lines(batch: Batch) -> None:
    """Lines that repeat what is stored are no change; forms send all of them."""
    for lines in batch.resource.lines_fields.values():
        named = [change for change in batch.good if lines.name in change.lines]
        stored = _stored_lines(batch.session, lines, named)
        for change in named:
            rows = stored.get(change.id, {})
            given = change.lines[lines.name]
            is_whole = {line.get("id") for line in given} == set(rows) and len(given) == len(rows)
            if is_whole and all(_repeats(lines, line, rows[line["id"]]) for line in given):
                del change.lines[lines.name]


def sort_lines(batch: Batch, lines: LinesField) -> Sorted:
    """Compare the lines of one kind in the input with the stored ones, whose values the changes keep.

    Raises:
        Invalid: the input names a line that is not of its record, or names one twice.
    """
    named = [change for change in batch.changes if lines.name in change.lines]
    stored = _stored_lines(batch.session, lines, named) if batch.kind != "created" else {}
    new: list[Change] = []
    changed: list[Change] = []
    kept: set[int] = set()
    for change in named:
        own = stored.get(change.id, {})
        change.lines_before[lines.name] = list(own.values())
        for number, line in enumerate(change.lines[lines.name]):
            address = f"{lines.name}.{number}."
            values = {name: value for name, value in line.items() if name != "id"}
            line_id = line.get("id")
            if line_id is None:
                new.append(Change(values | {lines.via.name: change.id}, address=address))
                continue
            before = own.get(line_id)
            if before is None or line_id in kept:
                raise Invalid({f"{address}id": [_l("There is no such line in this record.")]})
            kept.add(line_id)
            changed.append(Change(values, before=before, id=line_id, address=address))
    return Sorted(new, changed, {number for rows in stored.values() for number in rows} - kept)


def _stored_lines(
    session: Session, lines: LinesField, changes: Sequence[Change]
) -> dict[int | None, dict[int, Mapping[str, Any]]]:
    """The stored lines of some records: ``{record: {line: row by column name}}``."""
    found: dict[int | None, dict[int, Mapping[str, Any]]] = {}
    if changes:
        statement = stored_rows(lines.target).where(lines.back.in_([change.id for change in changes]))
        for row in session.execute(statement).mappings():
            found.setdefault(row[lines.via.key], {})[row["id"]] = dict(row)
    return found


def _repeats(lines: LinesField, line: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a line of the input says what is stored already."""
    fields = lines.target.fields
    return all(row[fields[name].key] == value for name, value in line.items())
