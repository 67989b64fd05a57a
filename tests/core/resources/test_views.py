"""Views that people keep: who may see, change and share them, what opens first, what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor, Reach
from core.access.permissions import Scope
from core.db.session import tenant_of
from core.errors import Forbidden, Invalid, NotFound, StaleVersion
from core.kernel import Kernel
from core.resources.declaration import Field, Resource
from core.resources.filters import All, AnyOf, Condition, Not
from core.resources.gateway import Gateway
from core.resources.query import Order, Query
from core.resources.resolver import Answer, Resolver, UnknownField
from core.resources.views.query import NOTHING, ViewQuery, fit, read_view_query
from core.resources.views.services import (
    Audience,
    ViewIncomplete,
    change_view,
    create_view,
    delete_view,
    forget_own_default,
    keep_widths,
    keeping,
    order_views,
    restore_view,
    set_own_default,
    views_of,
)
from core.testing.plugin import MakeActor
from tests.core.conftest import Make, Statements

Hide = Callable[[Field, Answer], None]


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Hide:
    """Hides or masks a field from everybody but administrators: ``hide(field, Answer.HIDDEN)``."""
    answers: dict[Field, Answer] = {}
    plain = Resolver.answer

    def answer(self: Resolver, field: Field) -> Answer:
        wanted = answers.get(field)
        return plain(self, field) if wanted is None or self.actor.is_administrator else wanted

    monkeypatch.setattr(Resolver, "answer", answer)
    return answers.__setitem__


@pytest.fixture
def sharer(actor_as: MakeActor, customers: Resource) -> Actor:
    """A supervisor, who may share views of customers."""
    return actor_as("sales_supervisor")


def names(session: Session, resource: Resource, actor: Actor) -> list[str]:
    """The names of the views an actor is offered, in his order."""
    found = views_of(session, resource, actor=actor)
    return [each.name for each in found.items if each.is_offered]


QUERY = ViewQuery(
    where=All(
        (
            Condition("kind", "eq", "active"),
            AnyOf((Condition("city", "eq", "上海"), Condition("city", "isnull", True))),
        )
    ),
    q="steel",
    sort=(Order("employees", True), Order("name")),
    columns=("city", "kind"),
    widths=(("city", 20),),
    group=("kind", "created_at:month"),
    totals=(("employees", "sum"),),
    per_page=50,
)


def test_what_a_view_shows_comes_back_as_it_was_kept(
    session: Session, customers: Resource, actor_as: MakeActor
) -> None:
    ann = actor_as("account_manager")
    number = create_view(session, customers, " My  steel ", QUERY, actor=ann)
    [view] = views_of(session, customers, actor=ann).items
    assert (view.id, view.name, view.audience, view.may_change) == (
        number,
        "My steel",
        Audience.PRIVATE,
        True,
    )
    assert view.query == QUERY
    assert read_view_query(QUERY.to_json()) == QUERY
    assert read_view_query({}) == ViewQuery()


def test_two_questions_are_the_same_however_they_are_put_together(customers: Resource) -> None:
    one, two = Condition("kind", "eq", "active"), Condition("city", "in", ("上海",))
    listed = Condition("city", "in", ["上海"])
    same = ViewQuery(All((one, two))), ViewQuery(All((All((listed,)), one)))
    assert same[0].asks_the_same(same[1], customers)
    assert not same[0].asks_the_same(ViewQuery(one), customers)
    declared = ViewQuery(columns=tuple(customers.list_columns), sort=(Order("name"),))
    assert declared.asks_the_same(ViewQuery(widths=(("name", 30),)), customers)
    assert not declared.asks_the_same(ViewQuery(columns=("city",)), customers)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"colour": 1},
        {"q": 5},
        {"q": "\x00"},
        {"filter": {"and": 1}},
        {"columns": "name"},
        {"columns": [1]},
        {"widths": {"name": "wide"}},
        {"widths": {"name": True}},
        {"totals": ["employees"]},
        {"per_page": 0},
        {"per_page": 501},
        {"per_page": True},
    ],
)
def test_what_has_another_form_is_no_view(data: Any) -> None:
    with pytest.raises(Invalid):
        read_view_query(data)


def test_a_width_out_of_reason_is_brought_within(customers: Resource) -> None:
    assert read_view_query({"widths": {"name": -5, "city": 10_000}}).widths == (("city", 80), ("name", 6))


@pytest.mark.parametrize(
    "query",
    [
        ViewQuery(Condition("colour", "eq", "red")),
        ViewQuery(Condition("kind", "eq", "purple")),
        ViewQuery(sort=(Order("tags"),)),
        ViewQuery(columns=("colour",)),
        ViewQuery(group=("name",)),
        ViewQuery(group=("kind:month",)),
        ViewQuery(group=("created_at:century",)),
        ViewQuery(group=("kind", "kind")),
        ViewQuery(group=("kind", "city", "owner")),
        ViewQuery(totals=(("name", "sum"),)),
        ViewQuery(totals=(("employees", "median"),)),
        ViewQuery(totals=(("id", "sum"),)),
    ],
)
def test_a_view_of_what_cannot_be_asked_is_not_kept(
    session: Session, customers: Resource, query: ViewQuery
) -> None:
    with pytest.raises(Invalid):
        create_view(session, customers, "Odd", query, actor=OPERATOR, audience=Audience.SHARED)
    assert session.scalar(text("select count(*) from core_saved_view")) == 0


# Who may do what


def test_a_private_view_is_its_owners_alone(
    session: Session, customers: Resource, actor_as: MakeActor
) -> None:
    ann, ben, root = (actor_as(role) for role in ("account_manager", "account_manager", "administrator"))
    number = create_view(session, customers, "Mine", ViewQuery(), actor=ann)
    assert names(session, customers, ann) == ["Mine"]
    for other in (ben, root):
        assert names(session, customers, other) == []
        works: tuple[Callable[[Actor], None], ...] = (
            lambda who: change_view(session, customers, number, actor=who, name="Yours"),
            lambda who: delete_view(session, customers, number, actor=who),
            lambda who: set_own_default(session, customers, number, actor=who),
            lambda who: keep_widths(session, customers, number, {"name": 20}, actor=who),
            lambda who: order_views(session, customers, [number], actor=who),
        )
        for work in works:
            with pytest.raises(NotFound):
                work(other)
    assert names(session, customers, ann) == ["Mine"]
    assert session.scalar(text("select count(*) from core_view_habit")) == 0


def test_only_those_who_hold_the_right_share_views_and_set_defaults(
    session: Session, customers: Resource, actor_as: MakeActor, sharer: Actor
) -> None:
    ann = actor_as("account_manager")
    for options in (
        {"audience": Audience.SHARED},
        {"audience": Audience.ROLE, "role": "account_manager"},
        {"audience": Audience.SHARED, "is_default": True},
    ):
        with pytest.raises(Forbidden):
            create_view(session, customers, "For all", ViewQuery(), actor=ann, **options)
    own = create_view(session, customers, "Own", ViewQuery(), actor=ann)
    with pytest.raises(Forbidden):
        change_view(session, customers, own, actor=ann, audience=Audience.SHARED)
    shared = create_view(session, customers, "For all", ViewQuery(), actor=sharer, audience=Audience.SHARED)
    of_role = create_view(
        session,
        customers,
        "Managers",
        ViewQuery(),
        actor=sharer,
        audience=Audience.ROLE,
        role="account_manager",
    )
    elsewhere = create_view(
        session, customers, "Analysts", ViewQuery(), actor=sharer, audience=Audience.ROLE, role="analyst"
    )
    assert names(session, customers, ann) == ["Own", "For all", "Managers"]
    for number, error in ((shared, Forbidden), (of_role, Forbidden), (elsewhere, NotFound)):
        with pytest.raises(error):
            change_view(session, customers, number, actor=ann, name="Taken over")
        with pytest.raises(error):
            delete_view(session, customers, number, actor=ann)
    assert names(session, customers, ann) == ["Own", "For all", "Managers"]
    # Who shares sees the others' defaults, to change them, without being offered them.
    found = views_of(session, customers, actor=sharer)
    assert {each.name: each.is_offered for each in found.items} == {
        "For all": True,
        "Managers": False,
        "Analysts": False,
    }


def test_a_resource_out_of_reach_has_no_views(
    session: Session, customers: Resource, actor_as: MakeActor
) -> None:
    with pytest.raises(NotFound):
        create_view(session, customers, "Mine", ViewQuery(), actor=actor_as("maintainer"))


def test_names_are_unique_for_whom_they_are(
    session: Session, customers: Resource, kernel: Kernel, actor_as: MakeActor, sharer: Actor
) -> None:
    ann, ben = actor_as("account_manager"), actor_as("account_manager")
    create_view(session, customers, "Hot", ViewQuery(), actor=ann)
    create_view(session, customers, "Hot", ViewQuery(), actor=ben)
    create_view(session, customers, "Hot", ViewQuery(), actor=sharer, audience=Audience.SHARED)
    create_view(session, kernel.resources["customer.contact"], "Hot", ViewQuery(), actor=ann)
    cool = create_view(session, customers, "Cool", ViewQuery(), actor=ann)
    for work in (
        lambda: create_view(session, customers, "Hot", ViewQuery(), actor=ann),
        lambda: change_view(session, customers, cool, actor=ann, name="Hot"),
        lambda: create_view(session, customers, "Hot", ViewQuery(), actor=OPERATOR, audience=Audience.SHARED),
        lambda: create_view(session, customers, " ", ViewQuery(), actor=ann),
        lambda: create_view(session, customers, "x" * 61, ViewQuery(), actor=ann),
    ):
        with pytest.raises(Invalid) as refused:
            work()
        assert list(refused.value.errors) == ["name"]
    assert names(session, customers, ann) == ["Hot", "Hot", "Cool"]


def test_a_role_has_one_default_and_so_have_all(session: Session, customers: Resource, sharer: Actor) -> None:
    role: dict[str, Any] = {"audience": Audience.ROLE, "role": "analyst"}
    create_view(session, customers, "A", ViewQuery(), actor=sharer, **role)
    with pytest.raises(Invalid) as refused:
        create_view(session, customers, "B", ViewQuery(), actor=sharer, **role)
    assert list(refused.value.errors) == ["role"]
    with pytest.raises(Invalid):
        create_view(session, customers, "B", ViewQuery(), actor=sharer, audience=Audience.ROLE, role="king")
    all_: dict[str, Any] = {"audience": Audience.SHARED, "is_default": True}
    first = create_view(session, customers, "C", ViewQuery(), actor=sharer, **all_)
    second = create_view(session, customers, "D", ViewQuery(), actor=sharer, **all_)
    found = views_of(session, customers, actor=sharer)
    assert [each.id for each in found.items if each.is_default] == [second]
    change_view(session, customers, first, actor=sharer, **all_)
    found = views_of(session, customers, actor=sharer)
    assert [each.id for each in found.items if each.is_default] == [first]


def test_a_view_changed_meanwhile_is_not_overwritten(
    session: Session, customers: Resource, sharer: Actor
) -> None:
    number = create_view(session, customers, "Hot", ViewQuery(), actor=sharer, audience=Audience.SHARED)
    change_view(session, customers, number, actor=sharer, query=QUERY, version=1)
    with pytest.raises(StaleVersion):
        change_view(session, customers, number, actor=sharer, query=ViewQuery(), version=1)
    [view] = views_of(session, customers, actor=sharer).items
    assert (view.query, view.version) == (QUERY, 2)


def test_a_deleted_view_comes_back_for_a_day(
    session: Session, customers: Resource, actor_as: MakeActor
) -> None:
    ann = actor_as("account_manager")
    number = create_view(session, customers, "Hot", QUERY, actor=ann)
    set_own_default(session, customers, number, actor=ann)
    delete_view(session, customers, number, actor=ann)
    assert names(session, customers, ann) == []
    assert views_of(session, customers, actor=ann).default is None
    again = create_view(session, customers, "Hot", ViewQuery(), actor=ann)
    with pytest.raises(Invalid):
        restore_view(session, customers, number, actor=ann)
    delete_view(session, customers, again, actor=ann)
    with pytest.raises(NotFound):
        restore_view(session, customers, number, actor=actor_as("administrator"))
    restore_view(session, customers, number, actor=ann)
    found = views_of(session, customers, actor=ann)
    assert [(each.id, each.query) for each in found.items] == [(number, QUERY)]
    assert found.default == found.items[0]
    session.execute(
        text("update core_saved_view set deleted_at = now() - interval '25 hours' where id = :id"),
        {"id": again},
    )
    delete_view(session, customers, number, actor=ann)
    assert session.scalars(text("select id from core_saved_view")).all() == [number]


def test_there_is_an_end_to_the_number_of_views(
    session: Session, customers: Resource, actor_as: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MAX_VIEWS", 2)
    ann = actor_as("account_manager")
    for name in ("A", "B"):
        create_view(session, customers, name, ViewQuery(), actor=ann)
    with pytest.raises(Invalid):
        create_view(session, customers, "C", ViewQuery(), actor=ann)
    create_view(session, customers, "C", ViewQuery(), actor=actor_as("account_manager"))


# What opens first, and habits


def test_what_opens_first_is_ones_own_then_the_roles_then_everybodys(
    session: Session, customers: Resource, actor_as: MakeActor, sharer: Actor
) -> None:
    ann = actor_as("account_manager")

    def opens(actor: Actor = ann) -> str | None:
        found = views_of(session, customers, actor=actor)
        return found.default.name if found.default else None

    assert opens() is None
    create_view(
        session, customers, "Everybody", ViewQuery(), actor=sharer, audience=Audience.SHARED, is_default=True
    )
    assert opens() == "Everybody"
    create_view(
        session,
        customers,
        "Managers",
        ViewQuery(),
        actor=sharer,
        audience=Audience.ROLE,
        role="account_manager",
    )
    assert opens() == "Managers"
    assert opens(sharer) == "Everybody"
    own = create_view(session, customers, "Own", ViewQuery(), actor=ann)
    assert opens() == "Managers"
    set_own_default(session, customers, own, actor=ann)
    assert opens() == "Own"
    set_own_default(session, customers, None, actor=ann)
    found = views_of(session, customers, actor=ann)
    assert (found.default, found.default_is_own) == (None, True)
    forget_own_default(session, customers, actor=ann)
    assert opens() == "Managers"
    two = replace(ann, roles=frozenset({"marketer", "account_manager"}))
    create_view(
        session, customers, "Marketers", ViewQuery(), actor=sharer, audience=Audience.ROLE, role="marketer"
    )
    assert opens(two) == "Managers"


def test_order_and_widths_are_kept_for_each_person_by_himself(
    session: Session, customers: Resource, actor_as: MakeActor, sharer: Actor, statements: Statements
) -> None:
    ann = actor_as("account_manager")
    numbers = [
        create_view(session, customers, name, ViewQuery(), actor=sharer, audience=Audience.SHARED)
        for name in "ABC"
    ]
    order_views(session, customers, [numbers[2], numbers[0]], actor=ann)
    keep_widths(session, customers, numbers[0], {"city": 25}, actor=ann)
    keep_widths(session, customers, None, {"city": 12}, actor=ann)
    keep_widths(session, customers, None, {"city": 13, "name": 40}, actor=ann)
    with statements() as sent:
        found = views_of(session, customers, actor=ann)
    assert len(sent) == 1
    assert [each.name for each in found.items] == ["C", "A", "B"]
    assert found.widths == {"city": 13, "name": 40}
    assert found.get(numbers[0]).widths == {"city": 25}  # type: ignore[union-attr]
    theirs = views_of(session, customers, actor=sharer)
    assert [each.name for each in theirs.items] == ["A", "B", "C"]
    assert theirs.widths == {}
    assert all(each.widths == {} for each in theirs.items)


# Rights of the reader


def every_field(kernel: Kernel, session: Session) -> Iterator[tuple[Resource, Field]]:
    """Each field of each resource with pages, but those a list cannot be without."""
    for resource in kernel.resources.visible(tenant_of(session)):
        for field in resource.fields.values():
            if field.name not in ("id", resource.label, "archived_at", *resource.subtitle):
                yield resource, field


@pytest.mark.parametrize("answer", [Answer.HIDDEN, Answer.MASKED])
def test_what_a_reader_may_not_see_is_left_out_and_never_named(
    kernel: Kernel, session: Session, hide: Hide, make: Make, answer: Answer
) -> None:
    make("customer.customer")
    reader = Actor(
        user_id=None,
        roles=frozenset({"analyst"}),
        reaches={(each.name, "read"): [Reach(Scope.ALL, "analyst")] for each in kernel.resources},
    )
    tried = 0
    for resource, field in every_field(kernel, session):
        hide(field, answer)
        gateway = Gateway(session, reader)
        secret = (
            Condition(field.name, "isnull", True)
            if field.word.kind != "flag"
            else Condition(field.name, "eq", True)
        )
        open_ = Condition("id", "gt", 0)
        query = ViewQuery(
            where=All((open_, Not(AnyOf((secret, open_))))),
            sort=(Order(field.name), Order("id")),
            columns=(field.name, "id"),
            widths=((field.name, 20),),
            group=(field.name,),
            totals=((field.name, "sum"),),
        )
        fitted, missing = fit(gateway, resource, query)
        hidden = answer is Answer.HIDDEN
        assert (missing.columns, missing.conditions, missing.settings) == (int(hidden), 1, 3), field
        assert list(fitted.parts()) == [open_, NOTHING], field
        shown = str(fitted.to_json() if hidden else {**fitted.to_json(), "columns": [], "widths": {}})
        assert f"'{field.name}'" not in shown, field
        assert gateway.page(resource, fitted.query()).rows == []
        assert gateway.page(resource, Query(open_)).rows or resource.name != "customer.customer"
        hide(field, Answer.OPEN)
        tried += 1
    assert tried > 50


def test_a_shared_view_shows_nobody_more_than_he_may_see(
    session: Session, customers: Resource, actor_as: MakeActor, sharer: Actor, make: Make, hide: Hide
) -> None:
    ann = actor_as("account_manager")
    make("customer.customer", name="Ann's", owner=ann.user_id, city="上海")
    make("customer.customer", name="Another's", city="上海")
    query = ViewQuery(Condition("city", "eq", "上海"), columns=("city", "industry"))
    create_view(session, customers, "Shanghai", query, actor=sharer, audience=Audience.SHARED)

    def shown() -> list[str]:
        [view] = views_of(session, customers, actor=ann).items
        gateway = Gateway(session, ann)
        fitted, _missing = fit(gateway, customers, view.query)
        return [each["name"] for each in gateway.page(customers, fitted.query()).records()]

    assert shown() == ["Ann's"]
    hide(customers.fields["city"], Answer.HIDDEN)
    assert shown() == []


def test_a_field_that_is_gone_counts_like_one_that_is_hidden(session: Session, customers: Resource) -> None:
    gateway = Gateway(session, OPERATOR)
    gone = ViewQuery(Condition("shoe_size", "eq", 43), columns=("shoe_size", "city"), group=("shoe_size",))
    fitted, missing = fit(gateway, customers, gone)
    assert (missing.columns, missing.conditions, missing.settings) == (1, 1, 1)
    assert fitted == ViewQuery(All((NOTHING,)), columns=("city",))


def test_who_sees_a_part_only_cannot_overwrite_the_whole(
    session: Session, customers: Resource, kernel: Kernel, sharer: Actor, hide: Hide
) -> None:
    number = create_view(
        session,
        customers,
        "All",
        ViewQuery(columns=("city", "industry")),
        actor=sharer,
        audience=Audience.SHARED,
    )
    hide(customers.fields["industry"], Answer.HIDDEN)
    with pytest.raises(ViewIncomplete):
        change_view(session, customers, number, actor=sharer, query=ViewQuery(columns=("city",)))
    change_view(session, customers, number, actor=sharer, name="Still all")
    with pytest.raises(UnknownField):
        create_view(session, customers, "Mine", ViewQuery(columns=("industry",)), actor=sharer)
    [view] = views_of(session, customers, actor=sharer).items
    assert (view.name, view.query.columns) == ("Still all", ("city", "industry"))
