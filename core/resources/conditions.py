"""Scope, filter and search as SQL conditions: which records answer one reader's question."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import count
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from marshmallow import ValidationError
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    String,
    Table,
    and_,
    any_,
    bindparam,
    exists,
    false,
    func,
    not_,
    or_,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from core.access.actor import Actor
from core.access.policy import Policy
from core.db.fields import Kind
from core.db.session import tenant_of
from core.errors import Invalid
from core.i18n import _l
from core.resources.declaration import Field, LinesField, Resource
from core.resources.filters import MAX_VALUES, OPERATORS, All, AnyOf, Condition, Node, Not, conditions
from core.resources.matching import matching
from core.resources.places import Place
from core.resources.query import Query
from core.resources.resolver import Path, Resolver
from core.resources.values import Habits, first_message, reader_of

_Test = Callable[[Any, Any], ColumnElement[bool]]


def _tags(column: Any) -> Any:
    return type_coerce(column, ARRAY(String))


#: Every test a filter can make of a column, with or without something to compare it with.
_TESTS: Final[Mapping[str, _Test]] = {
    "eq": eq,
    "ne": lambda column, value: column.is_distinct_from(value),
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
    "one_of": lambda column, values: column == any_(values),
    "like": lambda column, pattern: func.lower(column).like(func.lower(pattern), escape="/"),
    "has_tag": lambda column, tags: _tags(column).contains(tags),
    "has_any_tag": lambda column, tags: _tags(column).overlap(tags),
    "is_null": lambda column, _: column.is_(None),
    "is_not_null": lambda column, _: column.is_not(None),
    "is_empty": lambda column, _: column.is_(None),
    "is_filled": lambda column, _: column.is_not(None),
    "has_no_tags": lambda column, _: _tags(column) == [],
    "has_tags": lambda column, _: _tags(column) != [],
    "never": lambda column, _: false(),
}
#: Tests without an operand.
_BARE: Final = ("is_null", "is_not_null", "is_empty", "is_filled", "has_no_tags", "has_tags", "never")
#: Behind links these also hold where there is no record: where there is none that passes the other test.
_EMPTY: Final = {"is_empty": "is_filled", "has_no_tags": "has_tags"}
#: Tests that an empty value passes, and what it then does not pass.
_PASSED_BY_NOTHING: Final = {**_EMPTY, "is_null": "is_not_null", "ne": "eq"}


class Conditions:
    """Conditions for one actor in one session."""

    def __init__(self, session: Session, actor: Actor, resolver: Resolver, *, named: bool = False) -> None:
        self.session = session
        self.actor = actor
        self.resolver = resolver
        #: Whether scopes leave the actor's units and number open (see `Policy.predicate`), and
        #: filters what they compare with (see `form`).
        self.named = named
        self._numbers = count()

    @cached_property
    def habits(self) -> Habits:
        """How values of filters are read in this tenant."""
        return Habits.of(tenant_of(self.session))

    def scope(self, resource: Resource, table: FromClause, verb: str = "read") -> ColumnElement[bool] | None:
        """The condition that keeps to what the actor reaches; None for everything."""
        if resource.is_nested:
            return None
        own = Policy(self.actor, resource.name, verb, resource.is_owned).predicate(table, named=self.named)
        if (
            own is None
            or verb != "read"
            or not resource.readable_through
            or not self.actor.may(resource.name, verb)
        ):
            return own
        links = [resource.fields[name] for name in resource.readable_links]
        return or_(own, *(self._reachable(link, table, lambda _: true()) for link in links))

    @cached_property
    def scope_values(self) -> dict[str, Any]:
        """What the open parameters of named scopes hold for this actor."""
        values: dict[str, Any] = {"me": self.actor.user_id}
        for resource, verb in self.actor.reaches:
            if verb == "read":
                values |= Policy(self.actor, resource, verb, is_owned=True).values()
        return values

    def condition(self, resource: Resource, query: Query) -> ColumnElement[bool]:
        """Scope, filter and search as one condition; archived records only where the filter asks for them."""
        return and_(true(), *self.standing(resource, names_archived(query)), *self.asked(resource, query))

    def standing(self, resource: Resource, with_archived: bool) -> list[ColumnElement[bool]]:
        """What holds whatever is asked: the actor's reach, and no archived records unless wanted."""
        scope = self.scope(resource, resource.table)
        parts = [] if scope is None else [scope]
        if not with_archived and "archived_at" in resource.table.c:
            parts.append(resource.table.c.archived_at.is_(None))
        return parts

    def asked(self, resource: Resource, query: Query) -> list[ColumnElement[bool]]:
        """Filter and search alone."""
        parts = []
        if query.where != All():
            parts.append(self.compile(query.where, resource, resource.table))
        if query.q:
            parts.append(matching(self.resolver, resource, resource.table, query.q))
        return parts

    def compile(self, node: Node, resource: Resource, table: FromClause) -> ColumnElement[bool]:
        """A filter tree as SQL on ``table``."""
        match node:
            case All(parts):
                return and_(true(), *(self.compile(part, resource, table) for part in parts))
            case AnyOf(parts):
                return or_(false(), *(self.compile(part, resource, table) for part in parts))
            case Not(part):
                return not_(func.coalesce(self.compile(part, resource, table), false()))
            case Condition():
                path = self.resolver.predicate(resource, node.path)
                test, operand = self._read(path, node)
                return self._along(path.steps, path.leaf, test, operand, table)

    def form(self, node: Node, resource: Resource, operands: dict[str, Any]) -> Hashable:
        """What of a filter tree decides its SQL; the rest is put into ``operands``.

        They bear the names under which a ``named`` `compile` of a tree of the same form leaves them open.
        """
        match node:
            case All(parts):
                return "all", *(self.form(part, resource, operands) for part in parts)
            case AnyOf(parts):
                return "any", *(self.form(part, resource, operands) for part in parts)
            case Not(part):
                return "not", self.form(part, resource, operands)
            case Condition():
                test, operand = self._read(self.resolver.predicate(resource, node.path), node)
                if test not in _BARE:
                    operands[_operand_name(len(operands))] = operand
                return node.path, test

    def _along(
        self, steps: Sequence[Field | LinesField], leaf: Field, test: str, operand: Any, table: FromClause
    ) -> ColumnElement[bool]:
        if not steps:
            return self._test(leaf, test, operand, table)
        if test in _EMPTY:
            return not_(self._along(steps, leaf, _EMPTY[test], operand, table))
        step, *rest = steps
        if isinstance(step, LinesField):
            target = alias_of(step, table, "condition")
            inner = self._along(rest, leaf, test, operand, target)
            return exists().where(step.via.place.value(target) == table.c.id, inner)
        return self._reachable(step, table, lambda target: self._along(rest, leaf, test, operand, target))

    def _test(self, leaf: Field, test: str, operand: Any, table: FromClause) -> ColumnElement[bool]:
        """Whether the value of a field in a row of ``table`` passes a test."""
        place = leaf.place
        if test in _PASSED_BY_NOTHING and place.beside(table) is not None:
            return not_(self._test(leaf, _PASSED_BY_NOTHING[test], operand, table))
        bound = None if test in _BARE else self._operand(test, place.type, operand)
        return place.holds(table, lambda value: _TESTS[test](value, bound))

    def _operand(self, test: str, column_type: TypeEngine[Any], value: Any) -> BindParameter[Any]:
        """What a test compares with: the value, or an open parameter for it."""
        # Without its length, so that a longer text is not cut to one that matches.
        type_: TypeEngine[Any] = String() if isinstance(column_type, String) else column_type
        if test in ("one_of", "has_tag", "has_any_tag"):
            type_ = ARRAY(String if test != "one_of" else type_)
        if self.named:
            return bindparam(_operand_name(next(self._numbers)), type_=type_, required=True)
        return bindparam(None, value, type_=type_, unique=True)

    def _reachable(
        self, link: Field, table: FromClause, condition: Callable[[FromClause], ColumnElement[bool]]
    ) -> ColumnElement[bool]:
        """Whether the record behind ``link`` is within reach and fulfils ``condition``."""
        assert link.target is not None
        target = alias_of(link, table, "condition")
        scope = self.scope(link.target, target)
        reached = [] if scope is None else [scope]
        there = exists().where(*reached, condition(target))
        return link.place.holds(table, lambda number: there.where(target.c.id == number))

    def _read(self, path: Path, condition: Condition) -> tuple[str, Any]:
        """Which test a condition makes, and what it compares with.

        Raises:
            Invalid: the operator does not fit the field, or the value does not.
        """
        kind, op, value = path.leaf.word.kind, condition.op, condition.value
        if op not in OPERATORS[kind]:
            known = ", ".join(OPERATORS[kind])
            raise Invalid(
                {
                    path.name: [
                        _l("“%(op)s” does not fit this field; there are %(known)s.", op=op, known=known)
                    ]
                }
            )
        if op == "isnull":
            is_empty = self._truth(condition)
            if kind is Kind.TAGS:
                return "has_no_tags" if is_empty else "has_tags", None
            return "is_empty" if is_empty else "is_filled", None
        if op == "in":
            values = self._values(path, condition)
            if kind is Kind.TAGS:
                return "has_any_tag", values
            return ("one_of", values) if values else ("never", None)
        if kind is Kind.TAGS:
            return "has_tag", [self._text(condition)]
        if op in ("contains", "startswith"):
            text = self._text(condition)
            if kind is Kind.PHONE:
                text = _dialled(text)
                if not text:
                    return "never", None
            return "like", _pattern(text, anywhere=op == "contains")
        if op in ("eq", "ne"):
            value = None if value is None else self._value(path, value)
            if value is None:
                return "is_null" if op == "eq" else "is_not_null", None
            return op, value
        return op, self._value(path, value)

    def _value(self, path: Path, value: Any) -> Any:
        field = path.leaf
        try:
            if field.word.kind is Kind.INTEGER and field.name == "id":
                return _key(value)
            if field.word.kind is Kind.LINK and value == "me":
                return self.actor.user_id
            return reader_of(field.word, self.habits).deserialize(value)
        except ValidationError as error:
            raise Invalid({path.name: [first_message(error)]}) from None

    def _values(self, path: Path, condition: Condition) -> list[Any]:
        values = condition.value
        if not isinstance(values, list | tuple) or len(values) > MAX_VALUES:
            raise Invalid({path.name: [_l("“in” takes a list of at most 1000 values.")]})
        if path.leaf.word.kind is Kind.TAGS:
            return [self._text(Condition(condition.path, condition.op, value)) for value in values]
        return [self._value(path, value) for value in values]

    def _text(self, condition: Condition) -> str:
        if not isinstance(condition.value, str) or "\x00" in condition.value:
            raise Invalid({condition.path: [_l("This must be text.")]})
        return condition.value

    def _truth(self, condition: Condition) -> bool:
        known = {"true": True, "1": True, "false": False, "0": False}.get(str(condition.value).lower())
        if known is None:
            raise Invalid({condition.path: [_l("Write true or false.")]})
        return known


def _operand_name(number: int) -> str:
    return f"asked_{number}"


def _pattern(text: str, *, anywhere: bool) -> str:
    """What a text is like that contains, or starts with, ``text``; "/" takes the meaning from a sign."""
    plain = text.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return f"%{plain}%" if anywhere else f"{plain}%"


def names_archived(query: Query) -> bool:
    """Whether a filter says itself which records, archived or not, are meant."""
    return any(each.path == "archived_at" for each in conditions(query.where))


def alias_of(step: Field | LinesField, table: FromClause, use: str) -> FromClause:
    """The name under which the table behind ``step``, taken from ``table``, stands in statements.

    Joins and conditions (``use``) have their own: a condition on a table that is joined already is no
    condition on that join.
    """
    assert step.target is not None
    link = step.via if isinstance(step, LinesField) else step
    return _alias(step.target.table, link.place, table, use)


@lru_cache(maxsize=4096)
def _alias(target: Table, _place: Place, _table: FromClause, _use: str) -> FromClause:
    """An alias copies all columns, so each is made once, for all editions of the resources."""
    return target.alias()


def _key(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError([_l("“%(value)s” is no whole number.", value=text[:40])])
    return int(text)


def _dialled(text: str) -> str:
    """A telephone number, or a part of one, as it is stored: its digits and a leading plus."""
    return "".join(each for each in unicodedata.normalize("NFKC", text) if each in "+0123456789")
