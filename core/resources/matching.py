"""The quick search as a condition: which records match the words of ``q=``, for one reader.

A document has two hays, one of public and internal fields, one of sensitive ones. The second is looked
through for readers to whom all sensitive fields of the resource are open; to others a sensitive
field answers as if it were not there.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, false, or_, select, true

from core.db.fields import Sensitivity
from core.resources.declaration import Field, LinesField, Resource
from core.resources.places import Test
from core.resources.resolver import Answer, Resolver
from core.search import index
from core.search.text import Words, read_words


def matching(resolver: Resolver, resource: Resource, table: FromClause, q: str) -> ColumnElement[bool]:
    """Records of ``table`` in which every word of ``q`` stands; all of them, however many."""
    words = read_words(q)
    if not words.terms or not resource.is_searched:
        return false()
    guarded = opens_guarded(resolver, resource)
    pieces = index.with_grams(words, resource.name)
    found = select(index.documents.c.record_id).where(
        index.documents.c.resource == resource.name,
        *([] if pieces is None else [pieces]),
        index.spelled(words, guarded=guarded),
    )
    shown = in_open_fields(resolver, resource, table, words)
    return and_(table.c.id.in_(found), true() if shown is None else shown)


def opens_guarded(resolver: Resolver, resource: Resource) -> bool:
    """Whether this reader may search by the sensitive fields of a resource."""
    guarded = [each for each in resource.searched if _is_guarded(each)]
    return bool(guarded) and all(_is_open(resolver, each) for each in guarded)


def in_open_fields(
    resolver: Resolver, resource: Resource, table: FromClause, words: Words
) -> ColumnElement[bool] | None:
    """The words once more in the very fields a reader sees, where others are hidden from him; else None.

    How Chinese is said does not count then: it stands in no field.
    """
    plain = [each for each in resource.searched if not _is_guarded(each)]
    if all(_is_open(resolver, each) for each in plain):
        return None
    places = [
        field.place
        for lines, field in resource.searched
        if lines is None and resolver.answer(field) is Answer.OPEN
    ]
    return and_(
        true(),
        *(
            or_(false(), *(place.holds(table, _contains(term.word)) for place in places))
            for term in words.terms
        ),
    )


def _contains(word: str) -> Test:
    return lambda value: value.icontains(word, autoescape=True)


def _is_guarded(searched: tuple[LinesField | None, Field]) -> bool:
    return searched[1].word.sensitivity is Sensitivity.SENSITIVE


def _is_open(resolver: Resolver, searched: tuple[LinesField | None, Field]) -> bool:
    return resolver.answer(searched[1]) is Answer.OPEN
