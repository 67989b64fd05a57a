"""The quick search: what a reader finds in all resources he may read, in groups, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.db.fields import Kind
from core.resources.candidates import Candidates
from core.resources.declaration import Resource
from core.resources.filters import Condition
from core.resources.gateway import Gateway, hint_of
from core.resources.query import Order, Query
from core.resources.resolver import Answer
from core.search.text import Words, marked, read_words

MAX_HITS: Final = 50
#: Kinds of fields whose values, where they match, are shown beside the name.
_TOLD: Final = (Kind.TEXT, Kind.PHONE, Kind.EMAIL)


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found."""

    id: int
    label: str
    #: What stands beside the name, and what matched if that is none of the two.
    hint: str
    #: How well it fits: 0 the very name or number, 1 a beginning, then the rest.
    rank: int
    #: Which characters of the label match: ``(from, to)`` in their order.
    marks: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one resource."""

    resource: Resource
    hits: Sequence[Hit]
    #: Whether there may be more than these.
    has_more: bool


def search(gateway: Gateway, q: str, resources: Iterable[Resource], limit: int = 5) -> list[Found]:
    """Find records by what somebody types.

    Args:
        gateway: whose; nothing out of his reach is found, by no field he may not see.
        q: words in any order, all of which must be found.
        resources: where to look; those he may not read are passed over.
        limit: so many of each resource.

    Returns:
        A group for each resource with matches, that with the best match first.
    """
    readable = [each for each in resources if each.is_searched and gateway.actor.may(each.name, "read")]
    words = read_words(q)
    candidates = Candidates(gateway, readable, words, limit + 1).find()
    groups = []
    for resource in readable:
        ranks = {each.record_id: each.rank for each in candidates.get(resource.name, ())}
        hits = _hits(gateway, resource, ranks, words)
        if hits:
            groups.append(Found(resource, hits[:limit], len(hits) > limit))
    return sorted(groups, key=lambda each: each.hits[0].rank)


def recent(gateway: Gateway, resources: Iterable[Resource], limit: int = 5) -> list[Found]:
    """The records changed last within the reader's reach."""
    groups = []
    for resource in resources:
        if resource.is_searched and gateway.actor.may(resource.name, "read"):
            query = Query(
                sort=(Order("updated_at", descending=True),), fields=_names(gateway, resource),
                per_page=limit, count=False,
            )  # fmt: skip
            records = gateway.page(resource, query).records()
            hits = [_hit(gateway, resource, record, 0, read_words("")) for record in records]
            groups.append(Found(resource, hits, False))
    return [each for each in groups if each.hits]


def named(gateway: Gateway, wanted: Mapping[Resource, Sequence[int]]) -> dict[tuple[str, int], Hit]:
    """Some records by their numbers: ``{(resource, number): hit}``, those within reach."""
    return {
        (resource.name, hit.id): hit
        for resource, numbers in wanted.items()
        if gateway.actor.may(resource.name, "read")
        for hit in _hits(gateway, resource, dict.fromkeys(numbers, 0), read_words(""))
    }


def _hits(gateway: Gateway, resource: Resource, ranks: Mapping[int, int], words: Words) -> list[Hit]:
    """The records with these numbers, in this order, read through the gateway."""
    if not ranks:
        return []
    numbers = tuple(ranks)
    query = Query(
        where=Condition("id", "in", numbers), fields=_names(gateway, resource), per_page=len(numbers),
        count=False,
    )  # fmt: skip
    records = {record["id"]: record for record in gateway.page(resource, query).records()}
    return [
        _hit(gateway, resource, records[number], ranks[number], words)
        for number in numbers
        if number in records
    ]


def _names(gateway: Gateway, resource: Resource) -> tuple[str, ...]:
    """The fields a hit is made of: the name, what stands beside it, and what was searched."""
    searched = [
        field.name
        for lines, field in resource.searched
        if lines is None and gateway.resolver.answer(field) is Answer.OPEN and field.word.kind in _TOLD
    ]
    return tuple(dict.fromkeys(("id", resource.label, *resource.subtitle, *searched)))


def _hit(gateway: Gateway, resource: Resource, record: Mapping[str, Any], rank: int, words: Words) -> Hit:
    label = str(record[resource.label] or f"#{record['id']}")
    hint, marks = hint_of(resource, record), marked(label, words)
    told = [label, hint]
    for name in _names(gateway, resource):
        value = record.get(name)
        # A word that neither the name nor the hint shows is shown with the value it stands in.
        if isinstance(value, str) and value not in told and _adds(value, told, words):
            hint = f"{hint} · {value}" if hint else value
            told.append(value)
    return Hit(record["id"], label, hint, rank, marks)


def _adds(value: str, told: Sequence[str], words: Words) -> bool:
    open_ = [each for each in words.terms if not any(marked(text, words, each) for text in told)]
    return any(marked(value, words, each) for each in open_)
