"""Leads: their names and states, who reaches them, and how they are qualified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from addons.customer.models import Lead
from addons.customer.services import assess_lead
from addons.customer.services.qualification import (
    LeadIsConverted,
    NoStandard,
    StandardChanged,
    last_assessments,
    versions_for,
)
from core.access.actor import OPERATOR, Actor
from core.errors import Forbidden, Invalid, NotFound
from core.kernel import Kernel
from core.resources.declaration import resource_of
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.testing.plugin import ApiClient, MakeActor

Make = Callable[..., int]
Read = Callable[[str, int], dict[str, Any]]


def update(session: Session, number: int, *, actor: Actor = OPERATOR, **values: Any) -> None:
    resource_of(Lead).service.update(session, number, values, actor=actor)


def answers(session: Session, *given: str, line: str | None = None) -> dict[int, dict[str, Any]]:
    """Answers to the criteria of the standard in force, in their order."""
    criteria = versions_for(session, [line])[line].criteria
    return {each["id"]: {"answer": answer} for each, answer in zip(criteria, given, strict=False)}


# Names and states


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"company": "云栈科技", "name": "王芳"}, "云栈科技 · 王芳"),
        ({"company": "云栈科技", "name": None}, "云栈科技"),
        ({"company": None, "name": "王芳"}, "王芳"),
    ],
)
def test_a_lead_is_called_by_its_company_and_its_person(
    session: Session, make_lead: Make, read: Read, values: dict[str, Any], title: str
) -> None:
    number = make_lead(**values)
    assert read("customer.lead", number)["title"] == title
    update(session, number, company="Acme", name="Ann")
    assert read("customer.lead", number)["title"] == "Acme · Ann"
    update(session, number, name=None)
    assert read("customer.lead", number)["title"] == "Acme"


def test_a_lead_needs_somebody(session: Session, make_lead: Make) -> None:
    with pytest.raises(Invalid) as refused:
        make_lead(company=None, name=" ")
    assert "company" in refused.value.errors
    with pytest.raises(Invalid):
        update(session, make_lead(company=None), name=None)


def test_a_lead_is_given_up_with_a_reason_and_taken_up_again(
    kernel: Kernel, session: Session, make_lead: Make, read: Read
) -> None:
    service, number = kernel.resources["customer.lead"].service, make_lead()
    with pytest.raises(Invalid) as refused:
        update(session, number, state="disqualified")
    assert "lost_reason" in refused.value.errors
    service.perform(session, "disqualify", [number], {"lost_reason": "No money"}, actor=OPERATOR)
    lead = read("customer.lead", number)
    assert (lead["state"], lead["lost_reason"]) == ("disqualified", "No money")
    service.perform(session, "reopen", [number], {}, actor=OPERATOR)
    lead = read("customer.lead", number)
    assert (lead["state"], lead["lost_reason"]) == ("working", None)


def test_taking_up_again_leaves_others_as_they_are(
    kernel: Kernel, session: Session, make_lead: Make, read: Read
) -> None:
    number = make_lead()
    kernel.resources["customer.lead"].service.perform(session, "reopen", [number], {}, actor=OPERATOR)
    assert read("customer.lead", number)["state"] == "new"


@pytest.mark.parametrize("state", ["converted", "elsewhere"])
def test_nobody_writes_that_a_lead_is_converted(session: Session, make_lead: Make, state: str) -> None:
    with pytest.raises(Invalid) as refused:
        make_lead(state=state)
    assert "state" in refused.value.errors


@pytest.mark.parametrize("name", ["title", "score", "customer", "contact", "converted_at"])
def test_what_the_works_keep_is_not_written_by_hand(make_lead: Make, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        make_lead(**{name: 1})
    assert name in refused.value.errors


# Reach


def test_a_colleagues_lead_is_out_of_reach(
    session: Session, kernel: Kernel, make_lead: Make, actor_as: MakeActor
) -> None:
    me, colleague = actor_as("account_manager"), actor_as("account_manager")
    mine, theirs = make_lead(owner=me.user_id), make_lead(owner=colleague.user_id)
    lead = kernel.resources["customer.lead"]
    gateway = Gateway(session, me)
    assert [each["id"] for each in gateway.page(lead, Query()).records()] == [mine]
    with pytest.raises(NotFound):
        gateway.get(lead, theirs)
    with pytest.raises(NotFound):
        assess_lead(session, theirs, {}, actor=me)
    for name in ("convert", "disqualify", "undo_conversion"):
        values = {"lost_reason": "x"} if name == "disqualify" else {}
        with pytest.raises(NotFound):
            lead.service.perform(session, name, [theirs], values, actor=me)
    assert session.scalar(text("select state from customer_lead where id = :id"), {"id": theirs}) == "new"


@pytest.mark.parametrize(
    ("role", "verbs"),
    [
        ("administrator", "read create update delete import export convert"),
        ("sales_supervisor", "read create update delete import export convert"),
        ("account_manager", "read create update import export convert"),
        ("executive", "read export"),
        ("analyst", "read export"),
        ("customer_service", "read create update"),
        ("marketer", "read create update import"),
        ("service_engineer", "read"),
        ("maintainer", ""),
    ],
)
def test_ready_roles_and_leads(actor_as: MakeActor, role: str, verbs: str) -> None:
    actor = actor_as(role)
    known = ("read", "create", "update", "delete", "import", "export", "convert")
    assert [verb for verb in known if actor.may("customer.lead", verb)] == [
        verb for verb in known if verb in verbs.split()
    ]


def test_activities_follow_their_lead(
    kernel: Kernel, session: Session, make_lead: Make, make_activity: Make, actor_as: MakeActor
) -> None:
    me, colleague = actor_as("account_manager"), actor_as("account_manager")
    lead = make_lead(owner=me.user_id)
    number = make_activity(lead=lead, owner=colleague.user_id)
    activity = kernel.resources["customer.activity"]
    assert Gateway(session, me).get(activity, number)["lead"]["id"] == lead
    assert [each["id"] for each in Gateway(session, me).page(activity, Query()).records()] == [number]


# Qualification


@pytest.mark.parametrize(
    ("given", "score", "passes"),
    [
        (("yes", "yes", "yes"), 100, True),
        (("yes", "no", "yes"), 80, True),
        (("yes", "yes", "no"), 50, False),
        (("no", "yes", "yes"), 70, False),
        (("unknown", "unknown", "unknown"), 0, False),
        ((), 0, False),
    ],
)
def test_the_check_list_makes_the_score(
    session: Session,
    make_lead: Make,
    make_standard: Make,
    read: Read,
    given: tuple[str, ...],
    score: int,
    passes: bool,
) -> None:
    make_standard()
    number = make_lead()
    assert assess_lead(session, number, answers(session, *given), actor=OPERATOR) is passes
    lead = read("customer.lead", number)
    assert (lead["score"], lead["state"]) == (score, "qualified" if passes else "working")


def test_a_lead_falls_back_when_its_answers_change(
    session: Session, make_lead: Make, make_standard: Make, read: Read
) -> None:
    make_standard()
    number = make_lead()
    assess_lead(session, number, answers(session, "yes", "yes", "yes"), actor=OPERATOR)
    assess_lead(session, number, answers(session, "no", "yes", "yes"), actor=OPERATOR)
    assert read("customer.lead", number)["state"] == "working"


def test_a_lead_that_was_given_up_stays_so_whatever_its_score(
    session: Session, make_lead: Make, make_standard: Make, read: Read
) -> None:
    make_standard()
    number = make_lead(state="disqualified", lost_reason="Bankrupt")
    assess_lead(session, number, answers(session, "yes", "yes", "yes"), actor=OPERATOR)
    lead = read("customer.lead", number)
    assert (lead["state"], lead["score"]) == ("disqualified", 100)


def test_the_standard_of_the_product_line_goes_before_the_general_one(
    session: Session, make_lead: Make, make_standard: Make
) -> None:
    make_standard(name="General")
    make_standard(name="Pumps", product_line="Pumps", criteria=[{"text": "Has water"}])
    found = versions_for(session, ["Pumps", "Valves", None])
    assert {line: version.name for line, version in found.items()} == {
        "Pumps": "Pumps",
        "Valves": "General",
        None: "General",
    }


def test_a_standard_out_of_force_asks_nothing(
    session: Session, kernel: Kernel, make_lead: Make, make_standard: Make
) -> None:
    standard = make_standard()
    kernel.resources["customer.standard"].service.update(
        session, standard, {"is_active": False}, actor=OPERATOR
    )
    assert versions_for(session, [None]) == {}
    with pytest.raises(NoStandard):
        assess_lead(session, make_lead(), {}, actor=OPERATOR)


def test_where_there_is_a_standard_nobody_is_qualified_by_hand(
    session: Session, make_lead: Make, make_standard: Make, read: Read
) -> None:
    free = make_lead(state="qualified")
    assert read("customer.lead", free)["state"] == "qualified"
    make_standard()
    with pytest.raises(Invalid) as refused:
        make_lead(state="qualified")
    assert "state" in refused.value.errors
    with pytest.raises(Invalid):
        update(session, make_lead(), state="qualified")


def test_another_product_line_asks_for_another_check(
    session: Session, make_lead: Make, make_standard: Make, read: Read
) -> None:
    make_standard(name="General")
    make_standard(name="Pumps", product_line="Pumps")
    number = make_lead()
    assess_lead(session, number, answers(session, "yes", "yes", "yes"), actor=OPERATOR)
    update(session, number, product_line="Valves")
    assert read("customer.lead", number)["state"] == "qualified"
    update(session, number, product_line="Pumps")
    assert read("customer.lead", number)["state"] == "working"


def test_a_changed_standard_is_a_new_version_and_old_answers_keep_theirs(
    session: Session, kernel: Kernel, make_lead: Make, make_standard: Make, read: Read
) -> None:
    standard, number = make_standard(), make_lead()
    first = versions_for(session, [None])[None]
    assess_lead(session, number, answers(session, "yes", "no", "yes"), actor=OPERATOR, version=first.id)
    service = kernel.resources["customer.standard"].service
    lines = read("customer.standard", standard)["criteria"]
    kept = [{"id": line["id"], "text": line["text"], "weight": line["weight"]} for line in lines[:2]]
    kept.append({"text": "Pays in advance", "weight": 100})
    service.update(session, standard, {"criteria": kept}, actor=OPERATOR)
    second = versions_for(session, [None])[None]
    assert (first.revision, second.revision) == (1, 2)
    assert [each["text"] for each in second.criteria] == [
        "Has a budget",
        "Decides this year",
        "Pays in advance",
    ]
    old = last_assessments(session, [number])[number]
    assert (old["revision"], old["score"]) == (1, 80)
    assert [each["text"] for each in old["criteria"]][-1] == "Fits our machines"
    assert read("customer.lead", number)["state"] == "qualified"
    with pytest.raises(StandardChanged):
        assess_lead(session, number, {}, actor=OPERATOR, version=first.id)


def test_what_does_not_change_the_questions_makes_no_version(
    session: Session, kernel: Kernel, make_standard: Make
) -> None:
    standard = make_standard()
    service = kernel.resources["customer.standard"].service
    service.update(session, standard, {"name": "Better name"}, actor=OPERATOR)
    assert versions_for(session, [None])[None].revision == 1
    service.update(session, standard, {"threshold": 61}, actor=OPERATOR)
    assert versions_for(session, [None])[None].revision == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"threshold": 101}, "threshold"),
        ({"threshold": -1}, "threshold"),
        ({"criteria": []}, "criteria"),
        ({"criteria": [{"text": "X", "weight": 0}]}, "criteria.0.weight"),
        ({"criteria": [{"weight": 5}]}, "criteria.0.text"),
    ],
)
def test_a_standard_must_make_sense(make_standard: Make, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        make_standard(**values)
    assert field in refused.value.errors


def test_one_standard_is_in_force_for_a_product_line(
    session: Session, kernel: Kernel, make_standard: Make
) -> None:
    first = make_standard(product_line="Pumps")
    with pytest.raises(Invalid) as refused:
        make_standard(product_line="Pumps")
    assert "product_line" in refused.value.errors
    make_standard(product_line="Pumps", is_active=False)
    make_standard(product_line=None)
    service = kernel.resources["customer.standard"].service
    both = [{"name": n, "criteria": [{"text": "X"}], "product_line": "Valves"} for n in ("A", "B")]
    with pytest.raises(Invalid):
        service.create(session, both, actor=OPERATOR)
    service.update(session, first, {"name": "Still the same"}, actor=OPERATOR)


def test_supervisors_edit_standards_and_account_managers_read_them(
    session: Session, kernel: Kernel, make_standard: Make, actor_as: MakeActor
) -> None:
    standard, service = make_standard(), kernel.resources["customer.standard"].service
    service.update(session, standard, {"threshold": 70}, actor=actor_as("sales_supervisor"))
    with pytest.raises(Forbidden):
        service.update(session, standard, {"threshold": 0}, actor=actor_as("account_manager"))
    assert versions_for(session, [None])[None].threshold == 70


def test_answers_to_what_is_not_asked_are_refused(
    session: Session, make_lead: Make, make_standard: Make
) -> None:
    make_standard()
    with pytest.raises(Invalid):
        assess_lead(session, make_lead(), {999999: {"answer": "yes"}}, actor=OPERATOR)


def test_a_converted_lead_is_not_assessed(
    session: Session, kernel: Kernel, make_lead: Make, make_standard: Make
) -> None:
    number = make_lead(state="qualified")
    kernel.resources["customer.lead"].service.perform(session, "convert", [number], {}, actor=OPERATOR)
    make_standard()
    with pytest.raises(LeadIsConverted):
        assess_lead(session, number, {}, actor=OPERATOR)


def test_leads_are_qualified_over_the_api(api: Callable[..., ApiClient]) -> None:
    caller = api()
    standard = {"name": "Usual", "criteria": [{"text": "Has a budget"}, {"text": "Decides"}], "threshold": 50}
    criteria = caller.post("customer/standards", json=standard).get_json()["criteria"]
    lead = caller.post("customer/leads", json={"company": "Lotus", "phone": "13800138000"}).get_json()
    assert (lead["number"], lead["state"], lead["title"]) == ("L-000001", "new", "Lotus")
    body = {"answers": [{"criterion": criteria[0]["id"], "answer": "yes", "note": "asked Mr Lin"}]}
    answer = caller.post(f"customer/leads/{lead['id']}/actions/assess", json=body)
    assert answer.status_code == 200, answer.text
    assert (answer.get_json()["state"], answer.get_json()["score"]) == ("qualified", 50)
    refused = caller.post(
        f"customer/leads/{lead['id']}/actions/assess",
        json={"answers": [{"criterion": 1, "answer": "perhaps"}]},
    )
    assert refused.status_code == 422
