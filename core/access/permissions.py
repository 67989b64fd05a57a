"""The permission registry: verbs on resources, the ready roles, and what each role grants.

Ready roles are part of the program, so an upgrade carries their changes to every tenant; which
user holds which role, and where, is the tenant's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any, Final

from core.addons.manifest import AddonError, Manifest
from core.i18n import Lazy, _l

#: The verbs every resource has.
VERBS: Final = ("read", "create", "update", "delete", "import", "export")


class Scope(StrEnum):
    """Which records of a resource a grant reaches."""

    OWN = "own"
    UNIT = "unit"
    UNIT_BELOW = "unit_below"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Role:
    """A task that people do, with a stable code."""

    code: str
    title: Lazy


#: The nine ready roles (contract.md, "Fixed names").
READY_ROLES: Final = (
    Role("administrator", _l("System administrator")),
    Role("sales_supervisor", _l("Sales supervisor")),
    Role("account_manager", _l("Account manager")),
    Role("executive", _l("Executive")),
    Role("marketer", _l("Marketer")),
    Role("customer_service", _l("Customer service")),
    Role("service_engineer", _l("Service engineer")),
    Role("analyst", _l("Analyst")),
    Role("maintainer", _l("Maintainer")),
)


@dataclass(frozen=True, slots=True)
class Grant:
    """Verbs on one resource for the records a scope reaches."""

    resource: str
    verbs: frozenset[str]
    scope: Scope


def grant(resource: str, verbs: str, scope: Scope = Scope.ALL) -> Grant:
    """Write a grant shortly: ``grant("customer.customer", "read update", Scope.OWN)``."""
    return Grant(resource, frozenset(verbs.split()), scope)


class Permissions:
    """What every role may do, gathered from the core and all addons."""

    def __init__(self) -> None:
        self.roles: dict[str, Role] = {role.code: role for role in READY_ROLES}
        self._grants: dict[str, list[Grant]] = defaultdict(list)
        self._things: set[str] = set()
        #: All that have been read, those of an addon that is being loaded among them.
        self._read: set[str] = set()
        #: ``{(tenant, user): (stamp, rights)}``, kept by `core.auth.services`.
        self.known: dict[tuple[int, int], tuple[str, Any]] = {}

    def add_resource(self, resource: str) -> None:
        """Make a resource, or a thing of its own kind, known; the administrator may do everything with it."""
        self._things.add(resource)

    def note(self, things: Iterable[str]) -> None:
        """Let other rooms of an addon know what has rights before it is registered."""
        self._read.update(things)

    def names(self) -> Collection[str]:
        """The names of all that has rights and has been read."""
        return self._read

    def __contains__(self, thing: str) -> bool:
        return thing in self._things

    @property
    def things(self) -> frozenset[str]:
        """All that has rights, by name."""
        return frozenset(self._things)

    def add_grants(self, grants: Mapping[str, Sequence[Grant]]) -> None:
        """Add to what roles may do: ``{role code: grants}``."""
        for role, items in grants.items():
            self._grants[role] += items

    def grants_of(self, roles: Iterable[str]) -> Iterable[tuple[str, Grant]]:
        """All grants of the given roles, each with its role."""
        for role in roles:
            for item in self._grants.get(role, ()):
                yield role, item

    def roles_reaching_below(self) -> list[str]:
        """The roles with a grant that reaches into the units below."""
        return [
            role
            for role, items in self._grants.items()
            if any(each.scope is Scope.UNIT_BELOW for each in items)
        ]

    def is_administrator(self, roles: Iterable[str]) -> bool:
        """Whether one of the roles reaches everything."""
        return "administrator" in roles


class PermissionsRoom:
    """The ``permissions`` room: ``GRANTS = {role code: [grant(...), ...]}``.

    ``THINGS = ("core.addon",)`` names what has rights without being a resource.
    """

    name = "permissions"

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Check that the grants are of known roles and of the addon's own resources or those it needs."""
        grants: Mapping[str, Sequence[Grant]] = getattr(module, "GRANTS", {})
        things: Sequence[str] = getattr(module, "THINGS", ())
        for thing in things:
            if thing.partition(".")[0] != addon.name:
                raise AddonError(f"{module.__file__}: “{thing}” must begin with “{addon.name}.”")
        reachable = {addon.name, *addon.depends, *addon.extends}
        for role, items in grants.items():
            if role not in self._permissions.roles:
                known = ", ".join(self._permissions.roles)
                raise AddonError(f"{module.__file__}: there is no role “{role}”; there are {known}")
            for item in items:
                if item.resource.partition(".")[0] not in reachable:
                    raise AddonError(
                        f"{module.__file__}: “{item.resource}” is neither of this addon nor of its needs"
                    )
        self._permissions.note(things)
        return grants, things

    def open(self, addon: Manifest, contents: Any) -> None:
        """Add the grants, and make the things known."""
        grants, things = contents
        self._permissions.add_grants(grants)
        for thing in things:
            self._permissions.add_resource(thing)
