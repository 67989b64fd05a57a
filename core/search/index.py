"""Writing documents, many in few statements, and the conditions that find them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import Any, Final
from zlib import crc32

from sqlalchemy import (
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
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from core.search.models import SearchDocument
from core.search.text import Words

#: A search asks the index for so many of its terms; the others are looked at in what these find.
ASKED_TERMS: Final = 3
_MAX_NUMBERS: Final = 300_000

documents: Final = SearchDocument.__table__

_WRITE: Final = text("""
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


@dataclass(frozen=True, slots=True)
class Document:
    """By what one record is found."""

    record_id: int
    version: int
    hay: str
    hay_guarded: str
    grams: Sequence[int]
    updated_at: datetime


class Numbers(dict[str, int]):
    """Pieces as numbers of 32 bits, different for each resource and hay, so that one index keeps all."""

    def __init__(self, salt: str) -> None:
        self._salt = crc32(salt.encode())

    def __missing__(self, piece: str) -> int:
        if len(self) >= _MAX_NUMBERS:
            self.clear()
        number = self[piece] = self.once(piece)
        return number

    def once(self, piece: str) -> int:
        """The number of a piece that no other record has, so that it need not be kept in mind."""
        return crc32(piece.encode(), self._salt) - 2**31


@lru_cache(maxsize=1024)
def numbers_of(resource: str, *, guarded: bool = False) -> Numbers:
    """The numbers of the pieces of one resource: ``numbers_of("customer.customer")["张三"]``."""
    return Numbers(f"{resource}!" if guarded else resource)


# Writing


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
        session.connection().execute(_WRITE, values)


def forget(session: Session, resource: str, record_ids: Iterable[int]) -> None:
    """Take out the documents of deleted records."""
    wanted = list(record_ids)
    if wanted:
        session.execute(
            delete(documents).where(documents.c.resource == resource, documents.c.record_id.in_(wanted))
        )


# Finding


def with_grams(words: Words, resource: str, *, guarded: bool, at: FromClause = documents) -> Any:
    """The condition the index answers: documents that have the pieces of the terms.

    Each term may lie in either hay where the guarded one is ``guarded`` open; each combination is asked
    for by itself, so that the rarest piece of it decides what it costs. None where no term has pieces.
    """
    asked = sorted((each for each in words.terms if each.grams), key=lambda each: -len(each.grams))
    hays = [numbers_of(resource), *([numbers_of(resource, guarded=True)] if guarded else [])]
    ways = [
        with_all(
            sorted({numbers[gram] for numbers, term in zip(way, asked, strict=False) for gram in term.grams}),
            at,
        )
        for way in product(hays, repeat=min(len(asked), ASKED_TERMS))
    ]
    return or_(*ways) if asked else None


def with_all(numbers: Sequence[int], at: FromClause = documents) -> ColumnElement[bool]:
    """Documents that have every one of these pieces."""
    found: ColumnElement[bool] = at.c.grams.contains(bindparam(None, list(numbers), ARRAY(Integer)))
    return found


def exact(words: Words, resource: str, *, guarded: bool, at: FromClause = documents) -> ColumnElement[bool]:
    """Documents of records whose name or number is the very text of the search."""
    hays = [numbers_of(resource), *([numbers_of(resource, guarded=True)] if guarded else [])]
    return or_(*(with_all([numbers[words.exact]], at) for numbers in hays))


def spelled(words: Words, *, guarded: bool, at: FromClause = documents) -> ColumnElement[bool]:
    """Documents in whose hays every term stands; the last word on what is found."""
    return and_(true(), *(_somewhere(term.patterns, guarded, at) for term in words.terms))


def rank(words: Words, resource: str, *, guarded: bool, at: FromClause = documents) -> ColumnElement[int]:
    """How well a document fits: the smaller, the better.

    0: the very name or number; 1: the name begins so; 2: another value begins so, or the name is said
    so; 3: anything else.
    """
    text = words.text
    begins = [f"%\n {text}%", *([f"%\n {text.upper()}%"] if text.isascii() else [])]
    very = _somewhere((f" {text}\n%", f"%\n {text}\n%"), guarded, at)
    starts = _somewhere((f" {text}%",), False, at)
    return case(
        (or_(very, exact(words, resource, guarded=guarded, at=at)), 0),
        (starts, 1),
        (_somewhere((*begins, f" {text}%"), guarded, at), 2),
        else_=3,
    )


def _somewhere(patterns: Sequence[str], guarded: bool, at: FromClause) -> ColumnElement[bool]:
    wanted = bindparam(None, list(patterns), ARRAY(Text))
    found = [at.c.hay.like(any_(wanted)), *([at.c.hay_guarded.like(any_(wanted))] if guarded else [])]
    return or_(*found)
