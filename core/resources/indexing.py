"""Documents of records for the quick search, kept with every write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from core.db.fields import Kind, Sensitivity
from core.db.rows import MANY
from core.resources.batch import Batch, Change
from core.resources.declaration import Field, LinesField, Resource
from core.resources.places import Joins
from core.search import index
from core.search.index import Document, Pieces
from core.search.text import exactly, grams_of, hay_of, number_words, phone_words, sounds_of, words_of

#: ``{record: [(field of its lines, value)]}``
_Lines = Mapping[int | None, Sequence[tuple[Field, Any]]]
#: See `Change.pieces`.
_Ahead = Mapping[str, tuple[Any, Pieces]]
_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


def record_documents(batch: Batch) -> None:
    """Keep the documents of changed records; an upkeep step of every batch."""
    resource = batch.resource
    if not resource.is_searched or batch.kind not in ("created", "updated"):
        return
    names = {field.name for lines, field in resource.searched if lines is None}
    nested = {lines.name for lines, _field in resource.searched if lines is not None}
    is_new = batch.kind == "created"
    touched = [
        change.id
        for change in batch.changes
        if change.id is not None and (is_new or names & change.values.keys() or nested & change.lines.keys())
    ]
    if not touched:
        return
    with_lines = [
        change.id for change in batch.changes if change.id is not None and (not is_new or change.lines)
    ]
    if is_new and all(change.given is not None for change in batch.changes):
        rows: Sequence[Sequence[Any]] = [_made_row(resource, change) for change in batch.changes]
    else:
        rows = _stored_rows(batch.session, resource, resource.table.c.id.in_(touched))
    known = {change.id: change.pieces for change in batch.changes}
    found = _documents(batch.session, resource, rows, with_lines, known)
    if is_new and len(rows) >= MANY:
        index.add(batch.session, resource.name, found)
    else:
        index.write(batch.session, resource.name, list(found))


def forget(session: Session, resource: Resource, record_ids: Sequence[int]) -> None:
    """Take out the documents of deleted records."""
    if resource.is_searched:
        index.forget(session, resource.name, record_ids)


# Making documents


def documents_of(session: Session, resource: Resource, wanted: ColumnElement[bool]) -> list[Document]:
    """The documents of some records, from what is stored.

    Args:
        session: bound to one tenant.
        resource: whose records.
        wanted: which of them.
    """
    rows = _stored_rows(session, resource, wanted)
    return list(_documents(session, resource, rows, [row[0] for row in rows]))


def _own(resource: Resource) -> list[Field]:
    """The searched fields of the records themselves."""
    return [field for lines, field in resource.searched if lines is None]


def _stored_rows(
    session: Session, resource: Resource, wanted: ColumnElement[bool]
) -> Sequence[Sequence[Any]]:
    """Number, version, time of the last change, then the searched fields."""
    table = resource.table
    joins = Joins(table)
    values = [joins.value(each.place, table) for each in _own(resource)]
    statement = select(table.c.id, table.c.version, table.c.updated_at, *values).select_from(joins.joined)
    return session.connection().execute(statement.where(wanted)).all()


def _made_row(resource: Resource, change: Change) -> Sequence[Any]:
    """What `_stored_rows` would give of a record just made; asked of nobody."""
    given = change.given
    assert given is not None
    own = (
        change.values.get(field.name) if field.name in change.values else given.get(field.key)
        for field in _own(resource)
    )
    return (given["id"], given["version"], given["updated_at"], *own)


def _documents(
    session: Session,
    resource: Resource,
    rows: Sequence[Sequence[Any]],
    with_lines: Sequence[int],
    known: Mapping[int | None, _Ahead] = _NOTHING,
) -> Iterator[Document]:
    """The documents of rows, made as they are taken; what is asked of the database is asked now.

    Args:
        session: bound to one tenant.
        resource: what the rows are.
        rows: see `_stored_rows`.
        with_lines: only these records may have nested lines.
        known: what has been looked at ahead, by record and field; see `Change.pieces`.
    """
    nested = _lines(session, resource, with_lines)
    write = _writer(resource, _own(resource))
    return (
        write(row[0], row[1], row[2], row[3:], nested.get(row[0], ()), known.get(row[0], _NOTHING))
        for row in rows
    )


def _lines(session: Session, resource: Resource, record_ids: Sequence[int]) -> _Lines:
    """The searched values in the nested lines of some records, one statement for each kind of lines."""
    kinds: dict[str, tuple[LinesField, list[Field]]] = {}
    for lines, field in resource.searched:
        if lines is not None:
            kinds.setdefault(lines.name, (lines, []))[1].append(field)
    found: dict[int | None, list[tuple[Field, Any]]] = {}
    for lines, fields in kinds.values() if record_ids else ():
        table, joins = lines.target.table, Joins(lines.target.table)
        values_of = [joins.value(field.place, table) for field in fields]
        statement = select(lines.back, *values_of).select_from(joins.joined)
        statement = statement.where(lines.back.in_(record_ids))
        for record_id, *values in session.connection().execute(statement.order_by(table.c.id)):
            found.setdefault(record_id, []).extend(zip(fields, values, strict=True))
    return found


_Write = Callable[
    [int, int, datetime, Sequence[Any], Iterable[tuple[Field, Any]], Mapping[str, tuple[Any, Pieces]]],
    Document,
]


def _writer(resource: Resource, own: Sequence[Field]) -> _Write:
    """Makes the documents of one resource: the name first, then the others in their order."""
    label = resource.label_field
    ordered = sorted(enumerate(own), key=lambda each: each[1] is not label)

    def write(
        record_id: int,
        version: int,
        at: datetime,
        row: Sequence[Any],
        nested: Iterable[tuple[Field, Any]],
        known: _Ahead,
    ) -> Document:
        hays: tuple[list[str], list[str]] = [], []
        numbers: set[int] = set()
        for place, field in ordered:
            if value := row[place]:
                read_from, pieces = known.get(field.name, (None, None))
                if pieces is None or read_from != value:
                    pieces = pieces_of(resource, field, value)
                hays[field.word.sensitivity is Sensitivity.SENSITIVE].append(pieces.hay)
                numbers |= pieces.numbers
        for field, value in nested:
            pieces = pieces_of(resource, field, value)
            hays[field.word.sensitivity is Sensitivity.SENSITIVE].append(pieces.hay)
            numbers |= pieces.numbers
        return Document(record_id, version, "".join(hays[0]), "".join(hays[1]), numbers, at)

    return write


# What one value adds


def look_ahead(resource: Resource, changes: Iterable[Change]) -> None:
    """Work out what the values of changes will add to their documents; asks nothing of the database."""
    own = _own(resource) if resource.is_searched else []
    for change in changes:
        for field in own:
            if value := change.values.get(field.name):
                change.pieces[field.name] = (value, pieces_of(resource, field, value))


def pieces_of(resource: Resource, field: Field, value: str) -> Pieces:
    """What a value of a searched field adds to the document of its record."""
    word = field.word
    very: list[bytes] = []
    if word.kind is Kind.PHONE:
        found: list[Sequence[str]] = [(each,) for each in phone_words(value)]
    elif word.is_number:
        found = [(each,) for each in number_words(value)]
        very.append(exactly(found[-1][0] if found else ""))
    else:
        found = [words_of(value)]
        if field is resource.label_field:
            found += [(each,) for each in sounds_of(value)]
            very.append(exactly(value))
    grams = grams_of([each for words in found for each in words])
    return Pieces(hay_of(found), index.numbers_of(grams + very, resource.name))
