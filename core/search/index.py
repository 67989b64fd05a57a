"""Writing documents, many in few statements, and the conditions that find them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zlib import crc32

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    and_,
    any_,
    bindparam,
    case,
    delete,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from core.db.messages import Order
from core.db.rows import copy_rows
from core.search.models import SearchDocument
from core.search.text import Words

documents: Final = SearchDocument.__table__

_WRITE: Final = Order("""
    insert into core_search_doc as old (resource, record_id, version, hay, hay_guarded, grams, updated_at)
    select :resource, id, version, hay, guarded, cast(grams as int[]), at
    from unnest(
        cast(:ids as bigint[]), cast(:versions as int[]), cast(:hays as text[]), cast(:guarded as text[]),
        cast(:grams as text[]), cast(:times as timestamptz[])
    ) as new (id, version, hay, guarded, grams, at)
    on conflict (resource, record_id) do update
    set version = excluded.version, hay = excluded.hay, hay_guarded = excluded.hay_guarded,
        grams = excluded.grams, updated_at = excluded.updated_at
    where old.version <= excluded.version
""")


class Document(NamedTuple):
    """By what one record is found."""

    record_id: int
    version: int
    hay: str
    hay_guarded: str
    grams: Iterable[int]
    updated_at: datetime


class Pieces(NamedTuple):
    """What one value adds to a document."""

    hay: str
    numbers: set[int]


def numbers_of(grams: Iterable[bytes], resource: str) -> set[int]:
    """Pieces as numbers of 32 bits, different for each resource, so that one index keeps all apart.

    Worked out each time: a table of what is known takes three times as long.
    """
    salt = _salt(resource)
    return {crc32(gram, salt) - 2**31 for gram in grams}


@lru_cache(maxsize=1024)
def _salt(resource: str) -> int:
    return crc32(resource.encode())


# Writing


def add(session: Session, resource: str, found: Iterable[Document]) -> None:
    """Add many documents of records made in this transaction, so that there are no older ones.

    Args:
        session: bound to one tenant; the caller commits.
        resource: whose documents these are.
        found: the documents; asks nothing of the database.
    """
    copy_rows(session, documents, ("resource", *Document._fields), ((resource, *each) for each in found))


def write(session: Session, resource: str, found: Sequence[Document]) -> None:
    """Put documents in the place of older ones, in one statement; one of a newer version stays.

    Args:
        session: bound to one tenant; the caller commits.
        resource: whose documents these are.
        found: the documents.
    """
    if found:
        values = {
            "resource": resource,
            "ids": [each.record_id for each in found],
            "versions": [each.version for each in found],
            "hays": [each.hay for each in found],
            "guarded": [each.hay_guarded for each in found],
            # Written as PostgreSQL writes it: a list of lists would need rows of one length.
            "grams": [f"{{{','.join(map(str, each.grams))}}}" for each in found],
            "times": [each.updated_at for each in found],
        }
        _WRITE.send_later(session.connection(), values)


def forget(session: Session, resource: str, record_ids: Iterable[int]) -> None:
    """Take out the documents of deleted records."""
    wanted = list(record_ids)
    if wanted:
        session.execute(
            delete(documents).where(documents.c.resource == resource, documents.c.record_id.in_(wanted))
        )


# Finding


def with_grams(words: Words, resource: str) -> ColumnElement[bool] | None:
    """The condition the index answers: documents that have the pieces of all terms, in either hay.

    It narrows only; what of it a reader may find, `spelled` says. None where no term has pieces.
    """
    wanted = numbers_of((gram for term in words.terms for gram in term.grams), resource)
    return documents.c.grams.contains(_numbers(wanted)) if wanted else None


def exact_number(words: Words, resource: str) -> int:
    """The piece of a record of this resource whose name or number is the very text."""
    [number] = numbers_of([words.exact], resource)
    return number


def any_of(numbers: Iterable[int]) -> ColumnElement[bool]:
    """Documents with any of these pieces."""
    found: ColumnElement[bool] = documents.c.grams.overlap(_numbers(numbers))
    return found


def spelled(
    words: Words, *, guarded: ColumnElement[bool] | bool, at: FromClause = documents
) -> ColumnElement[bool]:
    """Documents in whose hays every term stands; the last word on what is found."""
    return and_(true(), *(_somewhere(term.patterns, guarded, at) for term in words.terms))


def rank(
    words: Words,
    *,
    exact: ColumnElement[int],
    guarded: ColumnElement[bool] | bool,
    at: FromClause = documents,
) -> ColumnElement[int]:
    """How well a document fits, whose piece for the very text is ``exact``: the smaller, the better.

    0: the very name or number; 1: the name begins so; 2: another value begins so, or the name is said
    so; 3: anything else.
    """
    text = words.text
    begins = [f"%\n {text}%", *([f"%\n {text.upper()}%"] if text.isascii() else [])]
    very = _somewhere((f" {text}\n%", f"%\n {text}\n%"), guarded, at)
    return case(
        (or_(very, exact == any_(at.c.grams)), 0),
        (_somewhere((f" {text}%",), False, at), 1),
        (_somewhere((*begins, f" {text}%"), guarded, at), 2),
        else_=3,
    )


def _numbers(wanted: Iterable[int]) -> BindParameter[Any]:
    return bindparam(None, sorted(wanted), ARRAY(Integer))


def _somewhere(
    patterns: Sequence[str], guarded: ColumnElement[bool] | bool, at: FromClause
) -> ColumnElement[bool]:
    wanted = bindparam(None, list(patterns), ARRAY(Text))
    found = at.c.hay.like(any_(wanted))
    if guarded is False:
        return found
    within = at.c.hay_guarded.like(any_(wanted))
    return or_(found, within if guarded is True else and_(guarded, within))
