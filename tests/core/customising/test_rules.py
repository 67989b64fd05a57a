"""Who may add fields, what may be said of them, and how they come and go."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.customising import services
from core.customising.definitions import Definition, definitions
from core.customising.errors import NoSuchField, NotConfirmed, OptionInUse
from core.customising.kinds import OFFERS
from core.customising.naming import name_for, value_for
from core.customising.usage import usage_of
from core.db.fields import Kind
from core.db.session import tenant_of
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import speaking
from core.kernel import Kernel
from core.resources.filters import Condition
from core.resources.gateway import Gateway
from core.resources.query import Order
from core.resources.views import services as views
from core.resources.views.query import ViewQuery
from core.testing.plugin import MakeActor
from tests.core.customising.conftest import CUSTOMER, AddField, Make

GRADES = [{"en": "Gold", "zh": "金"}, {"en": "Silver"}]


@pytest.mark.parametrize(
    ("en", "zh", "taken", "name"),
    [
        ("Partner grade", "合作等级", set(), "x_partner_grade"),
        ("", "合作等级", set(), "x_he_zuo_deng_ji"),
        ("Größe (m²)", "", set(), "x_groe_m2"),
        ("Grade", "", {"x_grade", "x_grade_2"}, "x_grade_3"),
        ("!?", "", set(), "x_field"),
        ("a" * 60, "", set(), "x_" + "a" * 32),
        ("'; drop table x; --", "", set(), "x_drop_table_x"),
    ],
)
def test_names_are_made_of_labels(en: str, zh: str, taken: set[str], name: str) -> None:
    assert name_for(en, zh, taken) == name
    assert value_for("Gold", "", {"gold"}) == "gold_2"


def _definitions(session: Session) -> list[Definition]:
    return list(definitions(session))


def test_only_who_may_customise_does(
    kernel: Kernel, session: Session, add: AddField, actor_as: MakeActor
) -> None:
    there = add("text", "Booth")
    before, version = _definitions(session), _version(session)
    seller, resources = actor_as("sales_supervisor"), kernel.resources
    for attempt in (
        lambda: services.add_field(
            session, resources, CUSTOMER, {"kind": "text", "label_en": "B"}, actor=seller
        ),
        lambda: services.change_field(
            session, resources, CUSTOMER, there.name, {"label_en": "B"}, actor=seller
        ),
        lambda: services.set_archived(session, resources, CUSTOMER, there.name, archived=True, actor=seller),
        lambda: services.arrange(session, resources, CUSTOMER, [], actor=seller),
        lambda: services.delete_field(
            session, resources, CUSTOMER, there.name, confirmed=there.name, actor=seller
        ),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert (_definitions(session), _version(session)) == (before, version)
    made = services.add_field(
        session, resources, CUSTOMER, {"kind": "text", "label_en": "B"}, actor=actor_as("administrator")
    )
    assert made.name == "x_b"


def _version(session: Session) -> int:
    number = tenant_of(session).id
    with session.info["database"].engine.connect() as connection:
        found: int = connection.scalar(
            text("select version from platform.tenant where id = :id"), {"id": number}
        )
    return found


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"kind": "text"}, "label_zh"),
        ({"label_en": "A"}, "kind"),
        ({"kind": "secret", "label_en": "A"}, "kind"),
        ({"kind": "text", "label_en": "CITY"}, "label_en"),
        ({"kind": "text", "label_zh": "城市"}, "label_zh"),
        ({"kind": "choice", "label_en": "A"}, "options"),
        ({"kind": "choice", "label_en": "A", "options": [{"en": "B"}, {"en": "b"}]}, "options"),
        ({"kind": "choice", "label_en": "A", "options": [{"en": "B", "tone": "pink"}]}, "options.0.tone"),
        ({"kind": "link", "label_en": "A"}, "target"),
        ({"kind": "link", "label_en": "A", "target": "customer.phone"}, "target"),
        ({"kind": "integer", "label_en": "A", "default": "many"}, "default"),
        ({"kind": "text", "label_en": "A", "sensitivity": "public"}, "sensitivity"),
        ({"kind": "text", "label_en": "A", "beside": "nowhere"}, "beside"),
        ({"kind": "text", "label_en": "A", "name": "x_b"}, "name"),
        ({"kind": "text", "label_en": "a" * 61}, "label_en"),
    ],
)
def test_what_is_not_right_is_refused(
    kernel: Kernel, session: Session, operator: Actor, values: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(Invalid) as refused:
        services.add_field(session, kernel.resources, CUSTOMER, values, actor=operator)
    assert set(refused.value.errors) == {wrong}
    assert _definitions(session) == []


def test_fields_are_added_to_what_has_pages_only(kernel: Kernel, session: Session, add: AddField) -> None:
    for resource in ("customer.phone", "customer.nothing", "core.addon"):
        with pytest.raises(NotFound):
            add("text", "Booth", resource=resource)
    assert add("text", "Desk", resource="core.user").resource == "core.user"


def test_a_label_that_is_missing_is_said_in_the_other_language(
    kernel: Kernel, session: Session, add: AddField
) -> None:
    both, one = add("text", "Booth", "展位"), add("text", "", "面积")
    fields = kernel.resources.named(tenant_of(session), CUSTOMER).fields
    with speaking("zh"):
        assert [fields[each.name].label for each in (both, one)] == ["展位", "面积"]
    with speaking("en"):
        assert [fields[each.name].label for each in (both, one)] == ["Booth", "面积"]
    assert (both.missing_language, one.missing_language) == (None, "en")


def test_a_field_stands_where_it_was_put_in_its_order(
    kernel: Kernel, session: Session, operator: Actor, add: AddField
) -> None:
    plain = kernel.resources[CUSTOMER]
    anchor = next(iter(services.anchors(plain)))
    first = add("text", "First", in_list=True, in_quick_create=True)
    beside = add("text", "Beside", beside=anchor)
    second = add("choice", "Second", options=GRADES, is_frequent=True)
    services.arrange(session, kernel.resources, CUSTOMER, [second.name, first.name], actor=operator)
    seen = kernel.resources.named(tenant_of(session), CUSTOMER)
    sections = {section.fields[0]: section.fields for section in seen.form}
    assert sections[anchor] == (*plain.form[0].fields, beside.name)
    assert seen.form[-1].fields == (second.name, first.name)
    assert [each.id for each in seen.form] == [*(each.id for each in plain.form), "core.more"]
    assert (seen.list_columns, seen.quick_create, seen.quick_filters) == (
        (*plain.list_columns, first.name),
        (*plain.quick_create, first.name),
        (*plain.quick_filters, second.name),
    )


def test_an_archived_field_is_unknown_and_comes_back_with_its_values(
    kernel: Kernel, session: Session, operator: Actor, add: AddField, make: Make
) -> None:
    name = add("text", "Booth").name
    number = make(**{name: "7"})
    services.set_archived(session, kernel.resources, CUSTOMER, name, archived=True, actor=operator)
    customers = kernel.resources[CUSTOMER]
    assert name not in Gateway(session, operator).get(customers, number)
    with pytest.raises(Invalid):
        customers.service.update(session, number, {name: "8"}, actor=operator)
    customers.service.update(session, number, {"city": "Oslo"}, actor=operator)
    services.set_archived(session, kernel.resources, CUSTOMER, name, archived=False, actor=operator)
    assert Gateway(session, operator).get(customers, number)[name] == "7"


def test_an_option_in_use_stays(
    kernel: Kernel, session: Session, operator: Actor, gateway: Gateway, add: AddField, make: Make
) -> None:
    grade = add("choice", "Grade", options=GRADES)
    number = make(**{grade.name: "gold"})

    def change(options: list[dict[str, str]]) -> Definition:
        return services.change_field(
            session, kernel.resources, CUSTOMER, grade.name, {"options": options}, actor=operator
        )

    with pytest.raises(OptionInUse):
        change([{"value": "silver", "en": "Silver"}])
    assert services.named(session, CUSTOMER, grade.name) == grade
    changed = change([{"value": "gold", "en": "Or", "tone": "warn"}, {"en": "Silver"}, {"en": "Bronze"}])
    assert [each.value for each in changed.options] == ["gold", "silver_2", "bronze"]
    customers = kernel.resources.named(tenant_of(session), CUSTOMER)
    choices = customers.fields[grade.name].word.choices
    assert choices is not None
    assert [(str(each.label), each.tone) for each in choices][:1] == [("Or", "warn")]
    assert gateway.get(customers, number)[grade.name] == "gold"


def test_where_a_field_is_used_is_known_before_it_is_deleted(
    kernel: Kernel, session: Session, operator: Actor, add: AddField, make: Make
) -> None:
    size, other = add("integer", "Size", in_list=True), add("integer", "Size two")
    make(**{size.name: 4})
    customers = kernel.resources.named(tenant_of(session), CUSTOMER)
    views.create_view(
        session, customers, "Large", ViewQuery(Condition(size.name, "gt", "3")),
        actor=operator, audience=views.Audience.SHARED,
    )  # fmt: skip
    contacts = kernel.resources.named(tenant_of(session), "customer.contact")
    views.create_view(
        session, contacts, "At large ones", ViewQuery(sort=(Order(f"customer.{size.name}"),)),
        actor=operator, audience=views.Audience.SHARED,
    )  # fmt: skip
    usage = usage_of(session, kernel.resources, size)
    assert usage.records == 1
    assert [(each.sort, each.title) for each in usage.uses] == [
        ("form", "Form, section “More”"),
        ("list", "Columns of the list"),
        ("view", "Large"),
        ("view", "At large ones"),
    ]
    unused = usage_of(session, kernel.resources, other)
    assert (unused.records, [each.sort for each in unused.uses]) == (0, ["form"])


def test_a_deletion_must_be_confirmed_by_name(
    kernel: Kernel, session: Session, operator: Actor, add: AddField, make: Make
) -> None:
    name = add("text", "Booth").name
    number = make(**{name: "7"})

    def delete(confirmed: str) -> None:
        services.delete_field(session, kernel.resources, CUSTOMER, name, confirmed=confirmed, actor=operator)

    with pytest.raises(NotConfirmed):
        delete("Booth")
    assert Gateway(session, operator).get(kernel.resources[CUSTOMER], number)[name] == "7"
    delete(name)
    with pytest.raises(NoSuchField):
        services.named(session, CUSTOMER, name)
    assert name not in Gateway(session, operator).get(kernel.resources[CUSTOMER], number)
    again = add("text", "Booth")
    assert again.name == "x_booth_2", "until the values are gone the name is taken"


def test_every_kind_that_is_offered_is_one_the_engine_has() -> None:

    assert set(OFFERS) == set(Kind)
