"""Policies: one definition that answers "which records" as SQL and "may I, and why" for one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, FromClause, any_, bindparam, false, or_

from core.access.actor import Actor, Reach
from core.access.permissions import Scope


@dataclass(frozen=True, slots=True)
class Decision:
    """A yes or no and what it rests on."""

    allowed: bool
    #: The role and scope that allow it; empty for a no.
    role: str = ""
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What an actor reaches with one verb on one resource.

    Rows without an owner are reached by any grant, whatever its scope.
    """

    actor: Actor
    resource: str
    verb: str
    is_owned: bool

    @property
    def reaches_all(self) -> bool:
        """Whether every record is within reach, whoever it belongs to."""
        reaches = self.actor.reach(self.resource, self.verb)
        return any(each.scope is Scope.ALL for each in reaches) or bool(reaches and not self.is_owned)

    def predicate(self, table: FromClause, *, named: bool = False) -> ColumnElement[bool] | None:
        """The condition that selects what the actor reaches; None when that is everything.

        Args:
            table: the resource's table or an alias of it.
            named: leave the actor's units and number open as parameters (see `values`), so that
                one statement serves all actors of the same `Actor.kind`. A statement run without
                them fails, so it can never answer with somebody else's reach.
        """
        reaches = self.actor.reach(self.resource, self.verb)
        if not reaches:
            return false()
        if not self.is_owned or any(each.scope is Scope.ALL for each in reaches):
            return None
        conditions: list[ColumnElement[bool]] = []
        units = self._units()
        if units:
            name = bindparam(self._units_name, required=True, type_=ARRAY(BigInteger)) if named else None
            conditions.append(table.c.unit_id.in_(units) if name is None else table.c.unit_id == any_(name))
        if any(each.scope is Scope.OWN for each in reaches):
            me: Any = bindparam("me", required=True) if named else self.actor.user_id
            conditions.append(table.c.owner_id == me)
        return or_(*conditions) if conditions else false()

    def values(self) -> dict[str, Any]:
        """The parameters a ``named`` predicate of this policy asks for."""
        return {self._units_name: self._units(), "me": self.actor.user_id}

    @property
    def _units_name(self) -> str:
        return f"units_{self.resource.replace('.', '_')}_{self.verb}"

    def _units(self) -> list[int]:
        return sorted({unit for each in self.actor.reach(self.resource, self.verb) for unit in each.units})

    def decide(self, row: Mapping[str, Any]) -> Decision:
        """Whether the actor reaches ``row`` (``owner_id`` and ``unit_id`` of an owned one), and why."""
        for each in self.actor.reach(self.resource, self.verb):
            if self._holds(each, row):
                return Decision(True, each.role, each.scope)
        return Decision(False)

    def _holds(self, reach: Reach, row: Mapping[str, Any]) -> bool:
        if not self.is_owned or reach.scope is Scope.ALL:
            return True
        if reach.scope is Scope.OWN:
            return row.get("owner_id") is not None and row["owner_id"] == self.actor.user_id
        return row.get("unit_id") in reach.units
