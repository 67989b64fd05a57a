"""Values as a set of changes keeps them, in JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from core.db.fields import Kind, Sensitivity
from core.resources.declaration import Field, LinesField
from core.resources.places import stored_rows


def unplain(field: Field, value: Any) -> Any:
    """A value as the field stores it, of what `plain` made of it."""
    if not isinstance(value, str):
        return value
    if field.word.kind is Kind.DAY:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if field.word.kind is Kind.INSTANT else value


def kept_line(lines: LinesField, row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a line that people can write, and its number."""
    kept = {
        name: row[field.key]
        for name, field in lines.target.fields.items()
        if field is not lines.via
        and not field.word.readonly
        and field.word.sensitivity is not Sensitivity.SECRET
    }
    return {"id": row["id"], **kept}


def lines_now(
    session: Session, lines: LinesField, record_ids: Sequence[int]
) -> dict[int, list[Mapping[str, Any]]]:
    """The stored lines of records, by record: rows by column name."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    statement = stored_rows(lines.target).where(lines.back.in_(record_ids))
    for row in session.execute(statement.order_by(lines.target.table.c.id)).mappings():
        found.setdefault(row[lines.via.key], []).append(dict(row))
    return found


def former_lines(
    lines: LinesField,
    now: Sequence[Mapping[str, Any]],
    before: Sequence[Mapping[str, Any]] | None,
    at: datetime,
) -> list[dict[str, Any]] | None:
    """The lines to restore, as an input has them; None where there is nothing to do.

    Lines that came with the set's change of the record, though the change did not name them, go too:
    the service added them (a contact's main customer becomes one of his customers).
    """
    if before is None:
        stay = [row for row in now if row["created_at"] != at]
        return None if len(stay) == len(now) else [{"id": row["id"]} for row in stay]
    there = {row["id"] for row in now}
    former = []
    for line in before:
        fields = lines.target.fields
        values = {
            name: unplain(fields[name], value)
            for name, value in line.items()
            if name != "id" and name in fields
        }
        former.append(({"id": line["id"]} if line["id"] in there else {}) | values)
    return former
