"""Duplicates: records that look like the one somebody is about to write.

Only records within the reader's reach answer, and only through fields that are open to him. What is
looked at before his reach is asked has a fixed size, so neither the answer nor its time tells of
records he may not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from marshmallow import ValidationError
from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from core.db.fields import Kind
from core.resources.declaration import Field, LinesField, Resource, Same, SameName
from core.resources.filters import All, AnyOf, Condition
from core.resources.gateway import Gateway
from core.resources.places import Place, Test
from core.resources.query import Query
from core.resources.resolver import UnknownField
from core.resources.values import reader_of
from core.search.names import beginning_alike, name_match, sounding_alike

#: So many are told; who has more of the same has another problem.
MAX_SHOWN: Final = 5
#: So many values of one field are looked for, as those of nested lines.
MAX_VALUES: Final = 10


class Likeness(StrEnum):
    """In what way a value is like another."""

    SAME = "same"
    #: Another writing that sounds alike: 张三 and 章三.
    SOUNDS = "sounds"
    BEGINS = "begins"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record that may be the same."""

    resource: Resource
    id: int
    label: str
    hint: str
    is_archived: bool
    #: ``{field of the resource that was asked about: in what way it is alike}``, the strongest first.
    alike: Mapping[str, Likeness]


@dataclass(frozen=True, slots=True)
class _Test:
    """One way in which records may be alike, as a statement that gives their numbers."""

    resource: Resource
    #: The field somebody typed into.
    field: str
    likeness: Likeness
    weight: int
    numbers: Select[Any]


#: How many rows are looked at in all, and how many of them within reach are taken, by likeness.
_LOOKED_AT: Final = {Likeness.SAME: 2000, Likeness.SOUNDS: 200, Likeness.BEGINS: 200}
_TAKEN: Final = MAX_SHOWN + 1
_VALUE, _NAME, _HINT = 4, 3, 1


def recognised_by(resource: Resource) -> dict[str, list[str]]:
    """The fields a record is recognised by, each with all places its values may stand in."""
    places: dict[str, list[str]] = {
        rule.field: [rule.field, *(rule.also if isinstance(rule, Same) else ())]
        for rule in resource.duplicates
    }
    for _there, fields in resource.lookalikes:
        places |= {here: [here] for here in fields.values() if here not in places}
    return places


def find_duplicates(
    gateway: Gateway,
    resource: Resource,
    values: Mapping[str, Any],
    *,
    without: int | None = None,
) -> list[Duplicate]:
    """Find records that look like a new one, the most alike first, in two statements or three.

    Args:
        gateway: of the reader.
        resource: what is going to be written.
        values: raw values by field name, also several in a list; what cannot be read yet is passed over.
        without: the record that is being changed itself.

    Raises:
        NotFound: the reader may not read the resource.
    """
    gateway.require(resource, "read")
    tests = [*_tests(gateway, resource, {name: name for name in resource.fields}, values, without)]
    for there, fields in resource.lookalikes:
        if gateway.actor.may(there.name, "read"):
            tests += _tests(gateway, there, fields, values, None)
    if not tests:
        return []
    parts = [
        select(literal(place).label("place"), each.numbers.subquery().c.id)
        for place, each in enumerate(tests)
    ]
    found: dict[tuple[str, int], dict[str, _Test]] = {}
    for place, number in gateway.session.execute(union_all(*parts)):
        test = tests[place]
        alike = found.setdefault((test.resource.name, number), {})
        if test.field not in alike or alike[test.field].weight < test.weight:
            alike[test.field] = test
    ranked = sorted(found.items(), key=lambda each: (-_weight(each[1]), -each[0][1]))[: MAX_SHOWN * 2]
    duplicates = [*_described(gateway, ranked)]
    duplicates.sort(key=lambda each: each.is_archived)
    return duplicates[:MAX_SHOWN]


def _weight(alike: Mapping[str, _Test]) -> int:
    return sum(test.weight for test in alike.values())


def _tests(
    gateway: Gateway,
    resource: Resource,
    fields: Mapping[str, str],
    values: Mapping[str, Any],
    without: int | None,
) -> Iterator[_Test]:
    """The tests of a resource that something was typed for; ``fields`` as in `Elsewhere`."""
    for rule in resource.duplicates:
        here = fields.get(rule.field)
        value = values.get(here) if here is not None else None
        if here is None or value is None or not (paths := _open(gateway, resource, rule)):
            continue
        for read in _read_values(gateway, resource.fields[rule.field], value):
            for likeness, weight, condition in _conditions(rule, read):
                for lines, leaf in paths:
                    table = resource.table if lines is None else lines.target.table
                    alike = condition(leaf, table)
                    numbers = _numbers(gateway, resource, lines, alike, likeness, without)
                    yield _Test(resource, here, likeness, weight, numbers)


def _read_values(gateway: Gateway, field: Field, given: Any) -> Iterator[Any]:
    """The values of a field as they are stored, of one raw value or several."""
    for raw in (given if isinstance(given, list) else [given])[:MAX_VALUES]:
        try:
            value = reader_of(field.word, gateway.habits).deserialize(raw)
        except ValidationError:
            continue
        if value is not None:
            yield value


def _open(
    gateway: Gateway, resource: Resource, rule: Same | SameName
) -> list[tuple[LinesField | None, Field]]:
    """Where the value may stand, as far as this reader may compare it."""
    found: list[tuple[LinesField | None, Field]] = []
    for name in (rule.field, *(rule.also if isinstance(rule, Same) else ())):
        try:
            path = gateway.resolver.predicate(resource, name)
        except UnknownField:
            continue
        step = path.steps[0] if path.steps else None
        assert step is None or isinstance(step, LinesField), name
        found.append((step, path.leaf))
    return found


def _conditions(rule: Same | SameName, value: Any) -> Iterator[tuple[Likeness, int, Any]]:
    """The likenesses to a value, each with its weight and the condition it makes of a field."""
    if isinstance(rule, Same):
        yield Likeness.SAME, _VALUE, lambda leaf, table: leaf.place.holds(table, _equals(leaf, value))
        return
    match = name_match(value)
    if not match:
        return
    yield Likeness.SAME, _NAME, lambda leaf, table: _match_key(leaf).holds(table, lambda key: key == match)
    ranges = ((Likeness.SOUNDS, sounding_alike(match)), (Likeness.BEGINS, beginning_alike(match)))
    for likeness, span in ranges:
        if span is not None:
            within = _within(span)
            yield likeness, _HINT, lambda leaf, table, within=within: _match_key(leaf).holds(table, within)


def _match_key(field: Field) -> Place:
    assert field.word.match_by is not None, field.name
    return field.place.companion(field.word.match_by)


def _within(span: tuple[str, str]) -> Test:
    return lambda key: (key >= span[0]) & (key < span[1])


def _equals(field: Field, value: Any) -> Test:
    """Whether a field holds this: mail in any case, a telephone number with or without its extension."""
    if field.word.kind is Kind.EMAIL:
        return lambda stored: func.lower(stored) == value.lower()
    if field.word.kind is Kind.PHONE:
        either = list(dict.fromkeys((value, value.partition(";")[0])))
        return lambda stored: stored.in_(either)
    return lambda stored: stored == value


def _numbers(
    gateway: Gateway,
    resource: Resource,
    lines: LinesField | None,
    condition: ColumnElement[bool],
    likeness: Likeness,
    without: int | None,
) -> Select[Any]:
    """The records within reach among the first that fulfil a condition."""
    number = resource.table.c.id if lines is None else lines.back
    looked_at = select(number).where(condition).limit(_LOOKED_AT[likeness]).correlate(None)
    statement = select(resource.table.c.id).where(resource.table.c.id.in_(looked_at)).limit(_TAKEN)
    scope = gateway.scope(resource, resource.table)
    if scope is not None:
        statement = statement.where(scope)
    return statement if without is None else statement.where(resource.table.c.id != without)


def _described(
    gateway: Gateway, ranked: Sequence[tuple[tuple[str, int], Mapping[str, _Test]]]
) -> Iterator[Duplicate]:
    """What is shown of the records found, in their order."""
    numbers: dict[Resource, list[int]] = {}
    for (_name, number), alike in ranked:
        numbers.setdefault(next(iter(alike.values())).resource, []).append(number)
    records = {
        (resource.name, record["id"]): (resource, record)
        for resource, wanted in numbers.items()
        for record in _read(gateway, resource, wanted)
    }
    for key, alike in ranked:
        if key not in records:
            continue
        resource, record = records[key]
        hints = [record[name] for name in resource.subtitle if record.get(name)]
        shown = [each["label"] if isinstance(each, dict) else str(each) for each in hints]
        strongest = sorted(alike.values(), key=lambda test: -test.weight)
        yield Duplicate(
            resource,
            record["id"],
            str(record[resource.label]),
            " · ".join(filter(None, shown)),
            record["archived_at"] is not None,
            {test.field: test.likeness for test in strongest},
        )


def _read(gateway: Gateway, resource: Resource, numbers: Sequence[int]) -> list[dict[str, Any]]:
    fields = dict.fromkeys(("id", resource.label, *resource.subtitle, "archived_at"))
    whatever = AnyOf((Condition("archived_at", "isnull", True), Condition("archived_at", "isnull", False)))
    wanted = All((Condition("id", "in", list(numbers)), whatever))
    query = Query(where=wanted, fields=tuple(fields), per_page=len(numbers), count=False)
    return gateway.page(resource, query).records()
