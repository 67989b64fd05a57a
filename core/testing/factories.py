"""Records for tests, made from the field words: what a test does not say is filled in.

    customer = make("customer.customer", city="上海")

A required field gets a value such as its kind has, different for each record; a required link gets a
record of its own. What rules ask for beyond that, a resource says in its ``example``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.db.fields import Kind, Word
from core.errors import Invalid
from core.kernel import Kernel
from core.resources.declaration import Field, Resource

_FIRST_DAY: Final = date(2026, 1, 5)
_COMPANIES: Final = ("Lotus Tea", "明德科技", "Alder & Finch", "华光印务", "Nordwind", "江南纺织")
_PICKED: Final = ("Manufacturing", "零售", "Recommended")
#: How often what rules refuse is left out; they may look at one field only when another is filled.
_TRIES: Final = 4


def plausible(word: Word, number: int) -> Any:
    """A value for a field, as input takes it: the same for the same number, another for each other."""
    match word.kind:
        case Kind.TEXT if word.is_code:
            return f"CODE{number:06d}"[-(word.max_length or 10) :]
        case Kind.TEXT:
            end = f" {number}"
            return _COMPANIES[number % len(_COMPANIES)][: (word.max_length or 200) - len(end)] + end
        case Kind.MULTILINE:
            return f"Said on the telephone:\n{number} pieces, 周五之前。"
        case Kind.PICK:
            end = f" {number}"
            return _PICKED[number % len(_PICKED)][: (word.max_length or 80) - len(end)] + end
        case Kind.CHOICE:
            assert word.choices is not None
            return next(iter(word.choices)).value
        case Kind.PHONE:
            return f"+86138{number % 100_000_000:08d}"
        case Kind.EMAIL:
            return f"lin{number}@example.com"
        case Kind.URL:
            return f"https://www.example.com/{number}"
        case Kind.INTEGER:
            return 1 + number % 90
        case Kind.FLAG:
            return True
        case Kind.DAY:
            return (_FIRST_DAY + timedelta(days=number % 300)).isoformat()
        case Kind.INSTANT:
            noon = datetime(2026, 1, 5, 4, tzinfo=UTC)
            return (noon + timedelta(days=number % 300)).isoformat().replace("+00:00", "Z")
        case Kind.TAGS:
            return ["VIP", f"T{number}"]
        case Kind.LINK:
            raise ValueError("a link needs a record")


class Factory:
    """Makes records through their services, as a form or an import would."""

    def __init__(self, kernel: Kernel, unit: Callable[[], AbstractContextManager[Session]]) -> None:
        """Keep what it works with.

        Args:
            kernel: knows the resources.
            unit: gives the session each record is made in.
        """
        self._kernel = kernel
        self._unit = unit
        self._numbers = itertools.count(1)

    def __call__(self, resource: str, *, actor: Actor = OPERATOR, **values: Any) -> int:
        """Make a record; gives its number.

        Args:
            resource: its name, ``customer.customer``.
            actor: in whose name.
            values: what matters to the test, as input: a link is a number.

        Raises:
            Invalid: a rule refuses it.
        """
        with self._unit() as session:
            return self._make(session, self._kernel.resources[resource], values, actor)

    def full(self, resource: str, *, actor: Actor = OPERATOR, **values: Any) -> int:
        """Make a record with every field filled that input may fill and no rule refuses."""
        declared = self._kernel.resources[resource]
        fields = [
            field
            for field in declared.fields.values()
            if not field.word.readonly and field.word.kind is not Kind.LINK
        ]
        with self._unit() as session:
            more = {field.name: plausible(field.word, next(self._numbers)) for field in fields}
            for _try in range(_TRIES):
                try:
                    with session.begin_nested():
                        return self._make(session, declared, {**more, **declared.example, **values}, actor)
                except Invalid as refused:
                    more = {name: value for name, value in more.items() if name not in refused.errors}
            return self._make(session, declared, values, actor)

    def values(self, session: Session, resource: Resource, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a record needs, with what is given; linked records are made."""
        wanted = {**resource.example, **given}
        missing = [
            field for field in resource.fields.values() if field.is_required and field.name not in wanted
        ]
        return wanted | {field.name: self._value(session, field) for field in missing}

    def _make(self, session: Session, resource: Resource, given: Mapping[str, Any], actor: Actor) -> int:
        values = self.values(session, resource, given)
        try:
            with session.begin_nested():
                [number] = resource.service.create(session, [values], actor=actor)
        except Invalid as refused:
            # A rule may ask for more than the fields say: that there is one of a kind, for instance.
            asked = [resource.fields[name] for name in refused.errors if name in resource.fields]
            more = {field.name: self._value(session, field) for field in asked if field.name not in given}
            if not more:
                raise
            [number] = resource.service.create(session, [values | more], actor=actor)
        return number

    def _value(self, session: Session, field: Field) -> Any:
        if field.target is not None:
            return self._make(session, field.target, {}, OPERATOR)
        return plausible(field.word, next(self._numbers))
