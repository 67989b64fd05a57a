"""Leads become customers, contacts and sales, and back again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from addons.customer.hookspecs import Made
from addons.customer.models import Customer, Lead
from addons.customer.services import convert_leads, makes_sales, undo_conversions
from addons.customer.services.conversion import LeadNotQualified
from addons.customer.services.qualification import LeadIsConverted
from addons.customer.services.reversal import LeadNotConverted
from core.access.actor import OPERATOR
from core.addons.hookspecs import hookimpl
from core.errors import Forbidden, Invalid
from core.kernel import Kernel
from core.resources import timeline
from core.resources.change_sets import collecting, open_set, undo
from core.resources.declaration import resource_of
from core.resources.gateway import Gateway
from core.testing.plugin import ApiClient, MakeActor

Make = Callable[..., int]
Read = Callable[[str, int], dict[str, Any]]
TABLES = ("customer_customer", "customer_contact", "customer_customer_contact", "customer_conversion")

WHOLE = {
    "company": "云栈信息技术有限公司",
    "name": "王芳",
    "job_title": "采购总监",
    "department": "采购部",
    "phone": "+8613800138000",
    "email": "wang@yunzhan.example",
    "wechat": "wangfang88",
    "website": "https://yunzhan.example",
    "country": "中国",
    "province": "浙江",
    "city": "杭州",
    "street": "江陵路 8 号",
    "source": "展会",
    "product_line": "水泵",
    "description": "需要二十台水泵",
    "tags": ["重点"],
    "state": "qualified",
}


def counts(session: Session) -> dict[str, int]:
    return {table: session.scalar(text(f"select count(*) from {table}")) or 0 for table in TABLES}


def test_a_lead_becomes_a_customer_and_a_contact(session: Session, make_lead: Make, read: Read) -> None:
    number = make_lead(**WHOLE)
    convert_leads(session, [number], actor=OPERATOR)
    lead = read("customer.lead", number)
    assert lead["state"] == "converted"
    assert lead["converted_at"] is not None
    customer = read("customer.customer", lead["customer"]["id"])
    for name in ("website", "country", "province", "city", "source", "description", "tags"):
        assert customer[name] == WHOLE[name], name
    assert (customer["name"], customer["type"], customer["kind"]) == (
        WHOLE["company"],
        "organisation",
        "potential",
    )
    assert customer["addresses"][0]["street"] == "江陵路 8 号"
    contact = read("customer.contact", lead["contact"]["id"])
    for name in ("name", "job_title", "department", "phone", "email", "wechat"):
        assert contact[name] == WHOLE[name], name
    assert contact["customer"]["id"] == customer["id"]
    for name, value in WHOLE.items():
        if name != "state":
            assert lead[name] == value, name


@pytest.mark.parametrize(
    ("values", "options", "made"),
    [
        ({"company": "Acme", "name": None}, {}, ("organisation", False)),
        ({"company": None, "name": "Ann"}, {}, ("person", False)),
        ({"company": "Acme", "name": "Ann"}, {"create_contact": False}, ("organisation", False)),
        ({"company": "Acme", "name": "Ann"}, {"create_customer": False}, (None, True)),
        ({"company": None, "name": "Ann"}, {"create_customer": False}, (None, True)),
        (
            {"company": "Acme", "name": "Ann"},
            {"create_customer": False, "create_contact": False},
            (None, False),
        ),
    ],
)
def test_each_part_is_optional(
    session: Session,
    make_lead: Make,
    read: Read,
    values: dict[str, Any],
    options: dict[str, Any],
    made: tuple[str | None, bool],
) -> None:
    number = make_lead(**values, phone="13800138000", state="qualified")
    convert_leads(session, [number], actor=OPERATOR, **options)
    lead = read("customer.lead", number)
    kind = read("customer.customer", lead["customer"]["id"])["type"] if lead["customer"] else None
    assert (kind, lead["contact"] is not None) == made
    if lead["customer"] and not lead["contact"] and not (values["company"] and values["name"]):
        assert read("customer.customer", lead["customer"]["id"])["phone"] == "+8613800138000"


def test_existing_records_are_linked_and_not_written_over(
    session: Session, make_lead: Make, make_customer: Make, make_contact: Make, read: Read
) -> None:
    customer = make_customer(name="Yunzhan", source="Referral")
    contact = make_contact(name="Wang Fang", phone="13900139000")
    before = read("customer.customer", customer), read("customer.contact", contact)
    number = make_lead(**WHOLE)
    convert_leads(session, [number], actor=OPERATOR, customer=customer, contact=contact)
    lead = read("customer.lead", number)
    assert (lead["customer"]["id"], lead["contact"]["id"]) == (customer, contact)
    assert (read("customer.customer", customer)["source"], read("customer.contact", contact)["phone"]) == (
        "Referral",
        "+8613900139000",
    )
    assert [line["customer"]["id"] for line in read("customer.contact", contact)["customers"]] == [customer]
    assert undo_conversions(session, [number], actor=OPERATOR) == {number: []}
    after = read("customer.customer", customer), read("customer.contact", contact)
    assert after[0] == before[0]
    assert after[1]["customers"] == []


def test_leads_of_one_company_become_one_customer(session: Session, make_lead: Make, read: Read) -> None:
    numbers = [
        make_lead(company="云栈科技有限公司", name="王芳", state="qualified"),
        make_lead(company="云栈科技股份有限公司", name="李明", state="qualified"),
        make_lead(company="清屿环保", name="张弛", state="qualified"),
    ]
    convert_leads(session, numbers, actor=OPERATOR)
    leads = [read("customer.lead", number) for number in numbers]
    assert leads[0]["customer"] == leads[1]["customer"] != leads[2]["customer"]
    assert len({lead["contact"]["id"] for lead in leads}) == 3


@pytest.mark.parametrize("state", ["new", "working", "disqualified"])
def test_only_qualified_leads_convert(session: Session, make_lead: Make, read: Read, state: str) -> None:
    good = make_lead(state="qualified")
    bad = make_lead(state=state, lost_reason="No money" if state == "disqualified" else None)
    before = counts(session)
    with pytest.raises(LeadNotQualified):
        convert_leads(session, [good, bad], actor=OPERATOR)
    assert counts(session) == before
    assert read("customer.lead", good)["state"] == "qualified"


def test_a_lead_qualified_before_there_was_a_standard_is_checked_first(
    session: Session, make_lead: Make, make_standard: Make
) -> None:
    number = make_lead(state="qualified")
    make_standard()
    with pytest.raises(LeadNotQualified):
        convert_leads(session, [number], actor=OPERATOR)


def test_a_lead_converts_once(session: Session, make_lead: Make) -> None:
    number = make_lead(state="qualified")
    convert_leads(session, [number], actor=OPERATOR)
    with pytest.raises(LeadIsConverted):
        convert_leads(session, [number], actor=OPERATOR)


def test_a_converted_lead_is_closed_but_for_its_owner(session: Session, make_lead: Make) -> None:
    number = make_lead(state="qualified")
    convert_leads(session, [number], actor=OPERATOR)
    service = resource_of(Lead).service
    with pytest.raises(Invalid):
        service.update(session, number, {"company": "Other"}, actor=OPERATOR)
    with pytest.raises(Invalid):
        service.update(session, number, {"state": "new"}, actor=OPERATOR)
    service.update(session, number, {"tags": ["done"]}, actor=OPERATOR)


@pytest.mark.parametrize("name", ["customer", "contact"])
def test_records_out_of_reach_cannot_be_named(
    session: Session, make_lead: Make, make_customer: Make, make_contact: Make, actor_as: MakeActor, name: str
) -> None:
    me, colleague = actor_as("account_manager"), actor_as("account_manager")
    theirs = (make_customer if name == "customer" else make_contact)(owner=colleague.user_id)
    number = make_lead(owner=me.user_id, state="qualified")
    before, named = counts(session), {"customer": None, "contact": None} | {name: theirs}
    with pytest.raises(Invalid) as refused:
        convert_leads(session, [number], actor=me, customer=named["customer"], contact=named["contact"])
    assert name in refused.value.errors
    assert counts(session) == before


def test_who_may_not_convert_does_not(session: Session, make_lead: Make, actor_as: MakeActor) -> None:
    marketer = actor_as("marketer")
    number = make_lead(owner=marketer.user_id, state="qualified")
    with pytest.raises(Forbidden):
        convert_leads(session, [number], actor=marketer)
    assert counts(session)["customer_customer"] == 0


# What the customer knows of its lead


def test_talks_with_a_lead_count_for_its_customer(
    session: Session, kernel: Kernel, make_lead: Make, make_activity: Make, read: Read
) -> None:
    number = make_lead(state="qualified")
    activities = kernel.resources["customer.activity"].service
    make_activity(lead=number, kind="call", done_at="2025-03-01T10:00:00Z")
    convert_leads(session, [number], actor=OPERATOR)
    customer = read("customer.lead", number)["customer"]["id"]
    assert read("customer.customer", customer)["last_contacted_at"].isoformat().startswith("2025-03-01T10:00")
    later = make_activity(lead=number, kind="call", done_at="2025-03-02T10:00:00Z")
    assert read("customer.customer", customer)["last_contacted_at"].isoformat().startswith("2025-03-02")
    activities.delete(session, [later], actor=OPERATOR)
    assert read("customer.customer", customer)["last_contacted_at"].isoformat().startswith("2025-03-01")


def test_who_reads_the_customer_reads_the_lead_it_comes_from(
    session: Session, kernel: Kernel, make_lead: Make, read: Read, actor_as: MakeActor
) -> None:
    me, colleague = actor_as("account_manager"), actor_as("account_manager")
    number = make_lead(owner=colleague.user_id, state="qualified")
    convert_leads(session, [number], actor=OPERATOR)
    customer = read("customer.lead", number)["customer"]["id"]
    lead = kernel.resources["customer.lead"]
    assert number not in Gateway(session, me).reached(lead, [number])
    kernel.resources["customer.customer"].service.update(
        session, customer, {"owner": me.user_id}, actor=OPERATOR
    )
    assert number in Gateway(session, me).reached(lead, [number])


# Sales, by another addon


@pytest.fixture
def seller(kernel: Kernel) -> Iterator[list[dict[str, Any]]]:
    """A specimen of an addon that makes a sale, an activity, of a lead; gives what it was asked."""
    asked: list[dict[str, Any]] = []

    @hookimpl
    def convert_lead(
        session: Session, actor: Any, lead: Any, customer_id: Any, contact_id: Any, title: str
    ) -> Made:
        asked.append({"lead": lead["id"], "customer": customer_id, "contact": contact_id, "title": title})
        if title == "fail":
            raise Invalid({"sale_title": ["no"]})
        task = {"subject": title, "kind": "task"}
        [number] = kernel.resources["customer.activity"].service.create(session, [task], actor=actor)
        return Made("customer.activity", number)

    hooks: Any = kernel.hooks
    hooks.register("seller", {"convert_lead": convert_lead})
    # the tenant of the tests has it on as it has every addon
    plugin = hooks._plugins.pop("seller")
    hooks._plugins["core"], core = plugin, hooks._plugins.get("core")
    hooks._callers.clear()
    yield asked
    hooks._manager.unregister(plugin)
    if core is None:
        del hooks._plugins["core"]
    else:
        hooks._plugins["core"] = core
    hooks._callers.clear()


def test_no_sale_is_offered_where_nobody_makes_one(session: Session, make_lead: Make) -> None:
    assert not makes_sales(session)
    number = make_lead(state="qualified")
    with pytest.raises(Invalid) as refused:
        convert_leads(session, [number], actor=OPERATOR, create_sale=True)
    assert "create_sale" in refused.value.errors
    assert counts(session)["customer_customer"] == 0


def test_another_addon_makes_a_sale(
    session: Session, make_lead: Make, read: Read, seller: list[dict[str, Any]]
) -> None:
    assert makes_sales(session)
    number = make_lead(**WHOLE)
    convert_leads(session, [number], actor=OPERATOR, create_sale=True)
    lead = read("customer.lead", number)
    wanted = {"lead": number, "customer": lead["customer"]["id"], "contact": lead["contact"]["id"]}
    assert seller == [{**wanted, "title": "需要二十台水泵"}]
    task = session.scalar(text("select id from customer_activity where subject = '需要二十台水泵'"))
    assert task is not None
    assert undo_conversions(session, [number], actor=OPERATOR) == {number: []}
    assert session.scalar(text("select count(*) from customer_activity")) == 0


def test_a_failing_sale_leaves_nothing(
    session: Session, make_lead: Make, read: Read, seller: list[dict[str, Any]]
) -> None:
    number = make_lead(**WHOLE)
    before = counts(session)
    with pytest.raises(Invalid):
        convert_leads(session, [number], actor=OPERATOR, create_sale=True, sale_title="fail")
    assert seller
    assert counts(session) == before
    lead = read("customer.lead", number)
    assert (lead["state"], lead["customer"], lead["version"]) == ("qualified", None, 1)


# Back again


def test_undoing_removes_what_was_made_and_restores_the_lead(
    session: Session, make_lead: Make, read: Read
) -> None:
    number = make_lead(**WHOLE)
    before = {
        name: value
        for name, value in read("customer.lead", number).items()
        if name not in ("version", "updated_at")
    }
    convert_leads(session, [number], actor=OPERATOR)
    assert undo_conversions(session, [number], actor=OPERATOR) == {number: []}
    after = {
        name: value
        for name, value in read("customer.lead", number).items()
        if name not in ("version", "updated_at")
    }
    assert after == before
    assert {table: count for table, count in counts(session).items() if count} == {"customer_conversion": 1}
    convert_leads(session, [number], actor=OPERATOR)
    assert counts(session)["customer_customer"] == 1


def _change(kernel: Kernel, session: Session, customer: int, contact: int) -> None:
    kernel.resources["customer.customer"].service.update(session, customer, {"city": "宁波"}, actor=OPERATOR)


def _note(kernel: Kernel, session: Session, customer: int, contact: int) -> None:
    timeline.add_note(Gateway(session, OPERATOR), resource_of(Customer), customer, "Called.")


def _talk(kernel: Kernel, session: Session, customer: int, contact: int) -> None:
    talk = {"subject": "Talk", "kind": "call", "customer": customer}
    kernel.resources["customer.activity"].service.create(session, [talk], actor=OPERATOR)


def _colleague(kernel: Kernel, session: Session, customer: int, contact: int) -> None:
    other = {"name": "李明", "customer": customer}
    kernel.resources["customer.contact"].service.create(session, [other], actor=OPERATOR)


def _below(kernel: Kernel, session: Session, customer: int, contact: int) -> None:
    below = {"name": "Branch", "parent": customer}
    kernel.resources["customer.customer"].service.create(session, [below], actor=OPERATOR)


@pytest.mark.parametrize("use", [_change, _note, _talk, _colleague, _below])
def test_what_was_used_since_stays(
    session: Session,
    kernel: Kernel,
    make_lead: Make,
    read: Read,
    use: Callable[[Kernel, Session, int, int], None],
) -> None:
    number = make_lead(**WHOLE)
    convert_leads(session, [number], actor=OPERATOR)
    lead = read("customer.lead", number)
    customer, contact = lead["customer"]["id"], lead["contact"]["id"]
    use(kernel, session, customer, contact)
    [left] = undo_conversions(session, [number], actor=OPERATOR)[number]
    assert (left.resource, left.id) == ("customer.customer", customer)
    assert read("customer.customer", customer)["name"] == WHOLE["company"]
    lead = read("customer.lead", number)
    assert (lead["state"], lead["customer"], lead["contact"]) == ("qualified", None, None)


def test_a_contact_somebody_has_planned_with_stays_and_keeps_its_customer_line(
    session: Session, kernel: Kernel, make_lead: Make, read: Read
) -> None:
    number = make_lead(**WHOLE)
    convert_leads(session, [number], actor=OPERATOR)
    lead = read("customer.lead", number)
    contact = lead["contact"]["id"]
    task = {"subject": "Meet", "contact": contact}
    kernel.resources["customer.activity"].service.create(session, [task], actor=OPERATOR)
    left = undo_conversions(session, [number], actor=OPERATOR)[number]
    assert {each.resource for each in left} == {"customer.contact", "customer.customer"}
    assert read("customer.contact", contact)["customer"]["id"] == lead["customer"]["id"]


def test_a_customer_of_two_leads_goes_with_the_last(session: Session, make_lead: Make) -> None:
    numbers = [make_lead(company="Acme", name=name, state="qualified") for name in ("Ann", "Ben")]
    convert_leads(session, numbers, actor=OPERATOR)
    first = undo_conversions(session, [numbers[0]], actor=OPERATOR)[numbers[0]]
    assert [each.resource for each in first] == ["customer.customer"]
    assert undo_conversions(session, [numbers[1]], actor=OPERATOR) == {numbers[1]: []}
    assert counts(session)["customer_customer"] == 0


def test_what_is_gone_already_does_not_hinder(
    session: Session, kernel: Kernel, make_lead: Make, read: Read
) -> None:
    number = make_lead(**WHOLE)
    convert_leads(session, [number], actor=OPERATOR, create_customer=False)
    contact = read("customer.lead", number)["contact"]["id"]
    session.execute(text("update customer_lead set contact_id = null"))
    kernel.resources["customer.contact"].service.delete(session, [contact], actor=OPERATOR)
    assert undo_conversions(session, [number], actor=OPERATOR) == {number: []}


def test_there_is_nothing_to_take_back_of_a_lead_that_is_none(session: Session, make_lead: Make) -> None:
    with pytest.raises(LeadNotConverted):
        undo_conversions(session, [make_lead()], actor=OPERATOR)


def test_an_account_manager_takes_back_what_he_may_not_delete(
    session: Session, make_lead: Make, actor_as: MakeActor
) -> None:
    me = actor_as("account_manager")
    number = make_lead(owner=me.user_id, state="qualified")
    convert_leads(session, [number], actor=me)
    assert not me.may("customer.customer", "delete")
    assert undo_conversions(session, [number], actor=me) == {number: []}
    assert counts(session)["customer_customer"] == 0


def test_a_conversion_of_many_is_taken_back_as_one(
    session: Session, kernel: Kernel, make_lead: Make, read: Read, actor_as: MakeActor
) -> None:
    me, leads = actor_as("account_manager"), kernel.resources["customer.lead"]
    numbers = [
        make_lead(**WHOLE, owner=me.user_id),
        make_lead(company="Acme", owner=me.user_id, state="qualified"),
    ]
    number = open_set(session, "bulk", leads, actor=me, label="convert")
    with collecting(session, number):
        leads.service.perform(session, "convert", numbers, {}, actor=me)
    assert counts(session)["customer_customer"] == 2
    undone = undo(session, number, actor=me)
    assert undone.left == 0
    assert [read("customer.lead", each)["state"] for each in numbers] == ["qualified", "qualified"]
    assert read("customer.lead", numbers[0])["customer"] is None
    assert {table: count for table, count in counts(session).items() if count} == {"customer_conversion": 2}
    assert session.scalar(text("select count(*) from customer_conversion where undone_at is null")) == 0


def test_conversion_over_the_api(api: Callable[..., ApiClient]) -> None:
    caller = api("account_manager")
    lead = caller.post(
        "customer/leads", json={"company": "Lotus", "name": "Lin", "state": "qualified"}
    ).get_json()
    path = f"customer/leads/{lead['id']}/actions"
    converted = caller.post(f"{path}/convert", json={"create_contact": False})
    assert converted.status_code == 200, converted.text
    assert converted.get_json()["customer"]["label"] == "Lotus"
    assert caller.post(f"{path}/convert", json={}).status_code == 409
    assert caller.post(f"{path}/convert", json={"nonsense": 1}).status_code == 422
    undone = caller.post(f"{path}/undo_conversion")
    assert undone.get_json()["state"] == "qualified"
    assert caller.post(f"{path}/undo_conversion").status_code == 409
    assert caller.get("customer/customers").get_json()["total"] == 0


def test_many_leads_are_converted_at_once(api: Callable[..., ApiClient]) -> None:
    caller = api("account_manager")
    leads = [
        caller.post("customer/leads", json={"company": f"Lotus {n}", "state": "qualified"}).get_json()["id"]
        for n in range(3)
    ]
    answer = caller.post("customer/leads/bulk", json={"ids": leads, "action": "convert"})
    assert answer.status_code == 200, answer.text
    assert caller.get("customer/customers").get_json()["total"] == 3
