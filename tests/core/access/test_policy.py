"""Policies against real rows: what SQL selects, what a yes or no says, and what the tree means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from addons.customer.models import Customer
from core.access.actor import OPERATOR, Actor, Reach
from core.access.models import RoleAssignment, Unit
from core.access.permissions import Permissions, Scope, grant
from core.access.policy import Policy
from core.auth import services as auth
from core.auth.models import User
from core.kernel import Kernel
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.settings.permissions import GRANTS
from core.testing.plugin import MakeActor
from tests.core.conftest import Make

_unit, _user, _customer = Unit.__table__, User.__table__, Customer.__table__
_role = RoleAssignment.__table__
_ROLES = ("sales_supervisor", "account_manager", "analyst")
_EMAIL = "reader@example.com"


@dataclass(frozen=True)
class World:
    """Seven units, three users of whom the first reads, and a customer for each owner and unit."""

    units: Sequence[int]
    reader: int
    rows: Sequence[Mapping[str, Any]]


@pytest.fixture
def world(session: Session) -> World:
    units = session.scalars(
        insert(_unit).returning(_unit.c.id), [{"code": f"w{n}", "name": "W"} for n in range(7)]
    ).all()
    emails = [_EMAIL, "second@example.com", "third@example.com"]
    users = session.scalars(
        insert(_user).returning(_user.c.id),
        [{"name": "N", "name_key": "n", "email": email} for email in emails],
    ).all()
    places = product([None, *users], [None, *units])
    values = [
        {"name": "C", "name_key": "c", "number": f"W{n}", "owner_id": owner, "unit_id": unit}
        for n, (owner, unit) in enumerate(places)
    ]
    columns = (_customer.c.id, _customer.c.owner_id, _customer.c.unit_id)
    rows = session.execute(insert(_customer).returning(*columns), values).mappings().all()
    reader = session.scalar(select(_user.c.id).where(_user.c.email == _EMAIL))
    assert reader is not None
    return World(units, reader, [{str(k): v for k, v in row.items()} for row in rows])


def _below(units: Sequence[int], parents: Sequence[int | None], top: int) -> set[int]:
    """A unit and all below it, worked out without the database; ``parents`` are positions."""
    found = {top}
    for number, parent in enumerate(parents):  # a parent stands before its children
        if parent is not None and units[parent] in found:
            found.add(units[number])
    return found


_grants = st.lists(
    st.tuples(st.sampled_from(_ROLES), st.sampled_from(["read", "update"]), st.sampled_from(list(Scope))),
    max_size=4,
)
_assignments = st.lists(
    st.tuples(st.sampled_from(_ROLES), st.none() | st.integers(0, 6)), max_size=3, unique=True
)
_parents = st.tuples(*(st.none() | st.integers(0, n - 1) if n else st.none() for n in range(7)))


@given(grants=_grants, assignments=_assignments, parents=_parents, home=st.none() | st.integers(0, 6))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_condition_the_decision_and_the_tree_say_the_same_of_every_row(
    session: Session,
    world: World,
    grants: list[tuple[str, str, Scope]],
    assignments: list[tuple[str, int | None]],
    parents: tuple[int | None, ...],
    home: int | None,
) -> None:
    place = world.units[home] if home is not None else None
    permissions = Permissions()
    for role, verb, scope in grants:
        permissions.add_grants("core", {role: [grant("customer.customer", verb, scope)]})
    for unit, parent in zip(world.units, parents, strict=True):
        above = world.units[parent] if parent is not None else None
        session.execute(update(_unit).where(_unit.c.id == unit).values(parent_id=above))
    session.execute(update(_user).where(_user.c.id == world.reader).values(unit_id=place))
    session.execute(delete(_role).where(_role.c.user_id == world.reader))
    for role, at in assignments:
        values = {"user_id": world.reader, "role": role, "unit_id": None if at is None else world.units[at]}
        session.execute(insert(_role).values(values))

    actor = auth.actor_by_email(session, permissions, _EMAIL)
    policy = Policy(actor, "customer.customer", "read", True)
    mine = [row["id"] for row in world.rows]

    def selected(*, named: bool) -> set[int]:
        condition = policy.predicate(_customer, named=named)
        statement = select(_customer.c.id).where(_customer.c.id.in_(mine))
        if condition is not None:
            statement = statement.where(condition)
        wanted = statement.compile().params.keys()
        values = {name: value for name, value in policy.values().items() if name in wanted}
        return set(session.scalars(statement, values if named else {}))

    decided: set[int] = {row["id"] for row in world.rows if policy.decide(row).allowed}
    meant: set[int] = set()
    for role, at in assignments:
        top = place if at is None else world.units[at]
        for granted, verb, scope in grants:
            if granted != role or verb != "read":
                continue
            reached: set[int | None] = {top} if scope is Scope.UNIT else set()
            if scope is Scope.UNIT_BELOW and top is not None:
                reached |= _below(world.units, parents, top)
            meant |= {
                row["id"]
                for row in world.rows
                if scope is Scope.ALL
                or (scope is Scope.OWN and row["owner_id"] == world.reader)
                or (row["unit_id"] is not None and row["unit_id"] in reached)
            }
    assert decided == meant
    assert selected(named=False) == meant
    assert selected(named=True) == meant


def test_a_yes_names_the_role_and_the_scope_it_rests_on() -> None:
    reaches = {
        ("customer.customer", "read"): (Reach(Scope.OWN, "seller"), Reach(Scope.UNIT, "head", frozenset({5})))
    }
    policy = Policy(Actor(7, reaches=reaches), "customer.customer", "read", True)
    own, unit = policy.decide({"owner_id": 7, "unit_id": 5}), policy.decide({"owner_id": 8, "unit_id": 5})
    assert (own.allowed, own.role, own.scope) == (True, "seller", Scope.OWN)
    assert (unit.allowed, unit.role, unit.scope) == (True, "head", Scope.UNIT)
    no = policy.decide({"owner_id": 8, "unit_id": 6})
    assert (no.allowed, no.role, no.scope) == (False, "", None)


def test_nobodys_rows_are_not_the_operators_own() -> None:
    reaches = {("customer.customer", "read"): (Reach(Scope.OWN, "seller"),)}
    policy = Policy(Actor(None, reaches=reaches), "customer.customer", "read", True)
    assert not policy.decide({"owner_id": None, "unit_id": None}).allowed


def test_rows_without_owners_are_reached_by_any_scope() -> None:
    reaches = {("core.unit", "read"): (Reach(Scope.OWN, "seller"),)}
    policy = Policy(Actor(7, reaches=reaches), "core.unit", "read", False)
    assert policy.predicate(_unit) is None
    assert policy.decide({"id": 1}).allowed
    assert not Policy(Actor(7, reaches=reaches), "core.unit", "update", False).decide({"id": 1}).allowed


def test_a_named_condition_never_runs_without_its_reader(session: Session) -> None:
    reaches = {("customer.customer", "read"): (Reach(Scope.OWN, "seller"),)}
    condition = Policy(Actor(7, reaches=reaches), "customer.customer", "read", True).predicate(
        _customer, named=True
    )
    assert condition is not None
    with pytest.raises(Exception, match="'me'"):
        session.execute(select(_customer.c.id).where(condition))


# Through the gateway, with the ready roles


def _names(kernel: Kernel, session: Session, actor: Actor) -> set[str]:
    page = Gateway(session, actor).page(kernel.resources["customer.customer"], Query(fields=("name",)))
    return {record["name"] for record in page.records()}


@pytest.fixture
def tree(make: Make) -> dict[str, int]:
    """Head office over east and west; Shanghai under east."""
    units = {"hq": make("core.unit", code="hq")}
    for code, parent in (("east", "hq"), ("west", "hq"), ("shanghai", "east")):
        units[code] = make("core.unit", code=code, parent=units[parent])
    for code, number in units.items():
        make("customer.customer", name=f"of {code}", unit=number)
    return units


def test_a_supervisor_sees_his_unit_and_all_below(
    kernel: Kernel, session: Session, actor_as: MakeActor, tree: dict[str, int]
) -> None:
    actor = actor_as("sales_supervisor", unit=tree["east"])
    assert _names(kernel, session, actor) == {"of east", "of shanghai"}


def test_an_account_manager_sees_his_own_alone(
    kernel: Kernel, session: Session, actor_as: MakeActor, tree: dict[str, int], make: Make
) -> None:
    actor = actor_as("account_manager", unit=tree["east"])
    make("customer.customer", name="mine", unit=tree["west"], owner=actor.user_id)
    assert _names(kernel, session, actor) == {"mine"}


@pytest.mark.parametrize("role", ["administrator", "executive", "analyst", "marketer", "customer_service"])
def test_who_sees_all_sees_all(
    kernel: Kernel, session: Session, actor_as: MakeActor, tree: dict[str, int], role: str
) -> None:
    assert _names(kernel, session, actor_as(role)) == {f"of {code}" for code in tree}


def test_moving_a_unit_moves_what_is_seen_and_rewrites_no_record(
    kernel: Kernel, session: Session, actor_as: MakeActor, tree: dict[str, int]
) -> None:
    actor = actor_as("sales_supervisor", unit=tree["west"])
    assert _names(kernel, session, actor) == {"of west"}
    stamps = select(_customer.c.id, _customer.c.version, _customer.c.updated_at, _customer.c.unit_id)
    before = session.execute(stamps.order_by(_customer.c.id)).all()
    kernel.resources["core.unit"].service.update(
        session, tree["east"], {"parent": tree["west"]}, actor=OPERATOR
    )
    actor = auth.actor_by_email(session, kernel.permissions, actor.email)
    assert _names(kernel, session, actor) == {"of west", "of east", "of shanghai"}
    assert session.execute(stamps.order_by(_customer.c.id)).all() == before


def test_what_is_remembered_of_rights_follows_every_change_at_once(
    kernel: Kernel, session: Session, actor_as: MakeActor, tree: dict[str, int]
) -> None:
    email = actor_as("sales_supervisor", unit=tree["shanghai"]).email

    def seen() -> set[str]:
        actor = auth.actor_by_email(session, kernel.permissions, email)
        return _names(kernel, session, actor) if actor.may("customer.customer", "read") else set()

    users, units = kernel.resources["core.user"].service, kernel.resources["core.unit"].service
    user = auth.actor_by_email(session, kernel.permissions, email).user_id
    assert user is not None
    assert seen() == {"of shanghai"}
    users.update(session, user, {"unit": tree["hq"]}, actor=OPERATOR)
    assert seen() == {f"of {code}" for code in tree}
    users.update(session, user, {"unit": tree["west"]}, actor=OPERATOR)
    assert seen() == {"of west"}
    auth.assign_role(session, kernel.permissions, user, "sales_supervisor", unit="east")
    assert seen() == {"of west", "of east", "of shanghai"}
    units.update(session, tree["shanghai"], {"parent": tree["hq"]}, actor=OPERATOR)
    assert seen() == {"of west", "of east"}
    session.execute(delete(_role).where(_role.c.user_id == user))
    assert seen() == set()


def test_rights_that_were_rolled_back_are_not_remembered(
    kernel: Kernel, session: Session, actor_as: MakeActor, tree: dict[str, int]
) -> None:
    actor = actor_as("account_manager", unit=tree["east"])
    point = session.begin_nested()
    auth.assign_role(session, kernel.permissions, actor.user_id or 0, "administrator")
    assert auth.actor_by_email(session, kernel.permissions, actor.email).is_administrator
    point.rollback()
    assert not auth.actor_by_email(session, kernel.permissions, actor.email).is_administrator


def test_a_circle_in_the_tree_is_walked_once(
    kernel: Kernel, session: Session, actor_as: MakeActor, tree: dict[str, int]
) -> None:
    session.execute(update(_unit).where(_unit.c.id == tree["hq"]).values(parent_id=tree["shanghai"]))
    actor = actor_as("sales_supervisor", unit=tree["east"])
    assert _names(kernel, session, actor) == {"of east", "of shanghai", "of hq", "of west"}


def test_the_nine_ready_roles_are_there_and_only_known_roles_are_given(kernel: Kernel) -> None:
    assert set(kernel.permissions.roles) == {
        "administrator", "sales_supervisor", "account_manager", "executive", "marketer", "customer_service",
        "service_engineer", "analyst", "maintainer",
    }  # fmt: skip
    assert set(GRANTS) == set(kernel.permissions.roles)
    granted = {each.resource for _, each in kernel.permissions.grants_of(kernel.permissions.roles)}
    assert granted <= {resource.name for resource in kernel.resources}


def test_a_maintainer_reads_no_business_record(actor_as: MakeActor, kernel: Kernel) -> None:
    actor = actor_as("maintainer")
    business = [each.name for each in kernel.resources if each.addon != "core"]
    assert business
    assert not [name for name in business if actor.may(name, "read")]
