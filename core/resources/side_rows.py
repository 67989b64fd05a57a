"""Rows beside those of records, in tables of addons that extend a resource.

A record has such a row once something stands in it that its defaults do not say already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from core.db.rows import insert_rows
from core.resources.places import Stored, default_of

#: What changes of records write, by the number of the record.
Changes = Sequence[tuple[int | None, Stored]]


def insert_beside(session: Session, changes: Changes) -> None:
    """Write what new records hold beside their own rows, one statement for each table."""
    for table in _tables(changes):
        empty = empty_row(table)
        rows = [
            {**empty, **each.beside[table], "id": record_id}
            for record_id, each in changes
            if any(value != empty[name] for name, value in each.beside.get(table, {}).items())
        ]
        if rows:
            insert_rows(session, table, rows)


def update_beside(session: Session, changes: Changes) -> None:
    """Write what records hold beside their own rows from now on; the records are locked."""
    for table in _tables(changes):
        empty = empty_row(table)
        by_names: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for record_id, each in changes:
            if values := each.beside.get(table):
                row = {**empty, **values, "id": record_id}
                by_names.setdefault(tuple(sorted(values)), []).append(row)
        for names, rows in by_names.items():
            session.connection().execute(_write(table, names), rows)


def _tables(changes: Changes) -> Sequence[Table]:
    return tuple(dict.fromkeys(table for _record_id, each in changes for table in each.beside))


@lru_cache(maxsize=1024)
def _write(table: Table, names: tuple[str, ...]) -> Insert:
    """Put a row beside a record, or change the one that is there in some columns."""
    given = {column.name: bindparam(column.name, type_=column.type) for column in table.columns}
    made = insert(table).values(given)
    return made.on_conflict_do_update(
        index_elements=[table.c.id], set_={name: made.excluded[name] for name in names}
    )


@lru_cache(maxsize=256)
def empty_row(table: Table) -> Mapping[str, Any]:
    """What a record without a row in ``table`` holds, by column; it must not be changed."""
    return MappingProxyType(
        {column.name: default_of(column) for column in table.columns if not column.primary_key}
    )
