"""Who acts: a user with the roles and units of this request, or the operator at the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.access.permissions import Permissions, Scope
from core.db.tenancy import Tenant


@dataclass(frozen=True, slots=True)
class Reach:
    """What one grant reaches: everything, the records of some units, or the actor's own."""

    scope: Scope
    role: str
    units: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Actor:
    """A user with everything rights depend on; made once a request and never changed."""

    #: None for the operator, who acts on the machine itself and may do everything.
    user_id: int | None
    name: str = ""
    email: str = ""
    unit_id: int | None = None
    language: str | None = None
    theme: str = "auto"
    roles: frozenset[str] = frozenset()
    #: ``{(resource, verb): what the actor's roles reach}``.
    reaches: Mapping[tuple[str, str], Sequence[Reach]] = field(default_factory=dict)
    is_administrator: bool = False
    #: The roles, each with whether it has a place in the tree, and the addons that grant them something:
    #: actors of one kind differ in their numbers and units only, so what is worked out for one serves
    #: the others.
    kind: frozenset[tuple[str, bool] | str] = frozenset()

    def reach(self, resource: str, verb: str) -> Sequence[Reach]:
        """All ways in which the actor may do ``verb`` with records of ``resource``."""
        if self.is_administrator:
            return (Reach(Scope.ALL, "administrator"),)
        return self.reaches.get((resource, verb), ())

    def may(self, resource: str, verb: str) -> bool:
        """Whether the actor may do ``verb`` with any record of ``resource`` at all."""
        return self.is_administrator or (resource, verb) in self.reaches


#: Whoever works at the command line of the machine.
OPERATOR: Final = Actor(
    user_id=None, name="operator", is_administrator=True, kind=frozenset({("operator", False)})
)


@dataclass(frozen=True, slots=True)
class Rights:
    """What follows from the roles of a user; the same until roles, units or the tree change."""

    roles: frozenset[str]
    reaches: Mapping[tuple[str, str], Sequence[Reach]]
    is_administrator: bool
    kind: frozenset[tuple[str, bool] | str]


def rights_of(
    permissions: Permissions,
    tenant: Tenant,
    home: int | None,
    assignments: Sequence[tuple[str, int | None]],
    below: Mapping[int, Sequence[int]],
) -> Rights:
    """Work out what a user reaches.

    Args:
        permissions: what the roles grant.
        tenant: whose addons count.
        home: the user's own unit.
        assignments: ``(role, unit or None)``; None stands for the user's own unit.
        below: for each of these units itself and all units below it, where a role looks that far.
    """
    places = [(role, unit if unit is not None else home) for role, unit in assignments]
    roles = frozenset(role for role, _ in assignments)
    reaches: dict[tuple[str, str], list[Reach]] = {}
    kind: set[tuple[str, bool] | str] = {(role, unit is not None) for role, unit in places}
    for role, unit in places:
        for addon, each in permissions.grants_on(tenant, role):
            kind |= {addon, each.resource.partition(".")[0]}
            reach = Reach(each.scope, role, _units(each.scope, unit, below))
            for verb in each.verbs:
                reaches.setdefault((each.resource, verb), []).append(reach)
    return Rights(roles, reaches, permissions.is_administrator(roles), frozenset(kind))


def make_actor(user: Mapping[Any, Any], rights: Rights) -> Actor:
    """The actor of a user's row (id, name, email, unit_id, language, theme) and his rights."""
    return Actor(
        user_id=user["id"],
        name=user["name"],
        email=user["email"],
        unit_id=user["unit_id"],
        language=user["language"],
        theme=user["theme"],
        roles=rights.roles,
        reaches=rights.reaches,
        is_administrator=rights.is_administrator,
        kind=rights.kind,
    )


def _units(scope: Scope, unit: int | None, below: Mapping[int, Sequence[int]]) -> frozenset[int]:
    if unit is None or scope in (Scope.OWN, Scope.ALL):
        return frozenset()
    return frozenset(below.get(unit, (unit,))) if scope is Scope.UNIT_BELOW else frozenset((unit,))
