"""The dialogs of leads and cards, and what pages of leads and their customers show."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.access.actor import OPERATOR
from core.kernel import Kernel
from core.testing.plugin import Browser

Clients = Callable[..., Browser]
Seed = Callable[..., list[int]]
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def seed(kernel: Kernel, committed: Callable[[], Any]) -> Seed:
    """Commits records: ``seed("customer.lead", {"company": "Lotus"}, ...)``."""

    def seed(resource: str, *rows: dict[str, Any]) -> list[int]:
        with committed() as session:
            return kernel.resources[resource].service.create(session, list(rows), actor=OPERATOR)

    return seed


STANDARD = {"name": "Usual", "threshold": 50, "criteria": [{"text": "Has a budget"}, {"text": "Decides"}]}


def test_a_lead_is_checked_in_a_dialog(client: Clients, seed: Seed) -> None:
    browser = client()
    seed("customer.standard", STANDARD)
    [lead] = seed("customer.lead", {"company": "Lotus"})
    page = browser.get(f"/customer/leads/{lead}").text
    assert f'data-dialog="/customer/leads/{lead}/check"' in page
    assert f"/customer/leads/{lead}/convert" not in page
    dialog = browser.get(f"/customer/leads/{lead}/check", headers=FRAGMENT).text
    assert "Has a budget" in dialog
    assert 'name="version" value="1"' in dialog
    form = {"version": "1", "answer.1": "yes", "note.1": "50,000", "answer.2": "unknown"}
    answer = browser.post(f"/customer/leads/{lead}/check", form)
    assert answer.status_code == 303
    page = browser.get(f"/customer/leads/{lead}").text
    assert "Checked: the lead is qualified." in page
    assert f'data-dialog="/customer/leads/{lead}/convert"' in page
    assert "50,000" in page
    assert "50,000" in browser.get(f"/customer/leads/{lead}/check").text


def test_a_page_has_one_primary_action_the_next_step(client: Clients, seed: Seed) -> None:
    fresh, qualified = seed("customer.lead", {"company": "Lotus"}, {"company": "Pine", "state": "qualified"})
    for role, lead, expected in (
        ("administrator", fresh, "Edit"),
        ("administrator", qualified, "Convert"),
        ("executive", qualified, None),
    ):
        page = client(role).get(f"/customer/leads/{lead}").text
        primary = re.findall(r"gx-btn-primary[^>]*>(?:<svg.*?</svg>)?([^<]*)<", page)
        assert primary == ([] if expected is None else [expected])
        assert (f'href="/customer/leads/{lead}/edit"' in page) is (expected is not None)


def test_a_check_of_an_old_version_is_refused(
    client: Clients, seed: Seed, kernel: Kernel, committed: Any
) -> None:
    browser = client()
    [standard] = seed("customer.standard", STANDARD)
    [lead] = seed("customer.lead", {"company": "Lotus"})
    with committed() as session:
        service = kernel.resources["customer.standard"].service
        service.update(session, standard, {"threshold": 90}, actor=OPERATOR)
    answer = browser.post(f"/customer/leads/{lead}/check", {"version": "1", "answer.1": "yes"})
    assert answer.status_code == 409
    assert "changed in the meantime" in answer.text
    assert "Lotus" in browser.get("/customer/leads?state=new").text


def test_there_is_no_check_where_nothing_is_asked(client: Clients, seed: Seed) -> None:
    [lead] = seed("customer.lead", {"company": "Lotus"})
    browser = client()
    assert "/check" not in browser.get(f"/customer/leads/{lead}").text
    assert browser.get(f"/customer/leads/{lead}/check").status_code == 409


def test_a_lead_is_converted_and_taken_back(client: Clients, seed: Seed) -> None:
    browser = client("account_manager")
    owner = browser.actor.user_id
    [lead] = seed(
        "customer.lead",
        {
            "company": "Lotus Tea",
            "name": "Lin Yue",
            "phone": "13800138000",
            "state": "qualified",
            "owner": owner,
        },
    )
    browser.post(f"/customer/leads/{lead}/notes", {"body": "Wants samples."})
    browser.post(f"/customer/leads/{lead}/attachments", {"file": (BytesIO(b"x"), "offer.pdf")})
    dialog = browser.get(f"/customer/leads/{lead}/convert").text
    assert 'name="customer" value="new" checked' in dialog
    assert "create_sale" not in dialog
    answer = browser.post(f"/customer/leads/{lead}/convert", {"customer": "new", "contact": "new"})
    assert answer.headers["Location"] == f"/customer/leads/{lead}"
    page = browser.get(f"/customer/leads/{lead}").text
    assert f"/customer/leads/{lead}/undo-conversion" in page
    assert 'href="/customer/customers/1"' in page
    customer = browser.get("/customer/customers/1").text
    assert "Came from a lead" in customer
    assert "Wants samples." in customer
    assert f"/customer/leads/{lead}/attachments/" in customer
    contact = browser.get("/customer/contacts/1").text
    assert "Wants samples." in contact
    browser.post(f"/customer/leads/{lead}/undo-conversion")
    assert "what was made of it is gone" in browser.get(f"/customer/leads/{lead}").text
    assert browser.get("/customer/customers/1").status_code == 404


def test_what_looks_alike_is_offered_first(client: Clients, seed: Seed) -> None:
    browser = client()
    [customer] = seed("customer.customer", {"name": "云栈信息技术有限公司"})
    seed("customer.contact", {"name": "Somebody", "phone": "13800138000"})
    [lead] = seed(
        "customer.lead",
        {"company": "云栈信息技术", "name": "王芳", "phone": "13800138000", "state": "qualified"},
    )
    dialog = unescape(browser.get(f"/customer/leads/{lead}/convert").text)
    assert f'name="customer" value="{customer}" checked' in dialog
    assert "same name" in dialog
    assert "same phone" in dialog
    assert 'name="contact" value="new" checked' in dialog
    browser.post(f"/customer/leads/{lead}/convert", {"customer": str(customer), "contact": "none"})
    assert "Came from a lead" in browser.get(f"/customer/customers/{customer}").text
    assert browser.get("/customer/customers/2").status_code == 404


def test_another_one_must_be_named(client: Clients, seed: Seed) -> None:
    browser = client()
    [lead] = seed("customer.lead", {"company": "Lotus", "state": "qualified"})
    answer = browser.post(f"/customer/leads/{lead}/convert", {"customer": "other", "customer_other": ""})
    assert answer.status_code == 422
    assert "Choose the one that is meant." in answer.text
    answer = browser.post(f"/customer/leads/{lead}/convert", {"customer": "other", "customer_other": "77"})
    assert answer.status_code == 422
    assert "There is no such record" in answer.text
    assert browser.get("/customer/leads?state=qualified").text.count("Lotus") >= 1


def test_what_stays_is_named_when_a_conversion_is_taken_back(client: Clients, seed: Seed) -> None:
    browser = client()
    [lead] = seed("customer.lead", {"company": "Lotus", "state": "qualified"})
    browser.post(f"/customer/leads/{lead}/convert", {"customer": "new", "contact": "none"})
    browser.post("/customer/customers/1/notes", {"body": "Called."})
    browser.post(f"/customer/leads/{lead}/undo-conversion")
    assert "This stays, because it is used: Customer Lotus" in browser.get(f"/customer/leads/{lead}").text
    assert browser.get("/customer/customers/1").status_code == 200


def test_a_lead_is_given_up_with_its_reason(client: Clients, seed: Seed) -> None:
    browser = client()
    [lead] = seed("customer.lead", {"company": "Lotus"})
    url = f"/customer/leads/{lead}/disqualify"
    assert "Why disqualified" in browser.get(url).text
    assert browser.post(url, {"lost_reason": " "}).status_code == 422
    assert browser.post(url, {"lost_reason": "No money"}).status_code == 303
    page = browser.get(f"/customer/leads/{lead}").text
    assert "No money" in page
    assert "actions/reopen" in page


@pytest.mark.parametrize("part", ["check", "convert", "disqualify"])
def test_dialogs_of_a_colleagues_lead_are_not_there(client: Clients, seed: Seed, part: str) -> None:
    seed("customer.standard", STANDARD)
    [lead] = seed("customer.lead", {"company": "Secret Lotus", "state": "new"})
    browser = client("account_manager")
    colleague = client("account_manager", name="Ben").actor.user_id
    [theirs] = seed("customer.lead", {"company": "Secret Lotus", "owner": colleague})
    for number in (lead, theirs):
        answer = browser.get(f"/customer/leads/{number}/{part}")
        assert answer.status_code == 404
        assert "Secret" not in answer.text
        assert browser.post(f"/customer/leads/{number}/{part}", {"lost_reason": "x"}).status_code == 404


def test_talks_and_tasks_of_a_lead(client: Clients, seed: Seed) -> None:
    browser = client()
    [lead] = seed("customer.lead", {"company": "Lotus"})
    assert "Log a contact with Lotus" in unescape(browser.get(f"/customer/log?lead={lead}").text)
    form = {"kind": "call", "subject": "First call", "next_subject": "Send papers", "next_on": "2030-01-02"}
    answer = browser.post(f"/customer/log?lead={lead}", form)
    assert answer.headers["Location"] == f"/customer/leads/{lead}"
    page = browser.get(f"/customer/leads/{lead}").text
    assert "First call" in page
    assert "Send papers" in page
    assert browser.get("/customer/log?lead=999").status_code == 404


def test_my_day_names_leads_to_follow_up(client: Clients, seed: Seed) -> None:
    browser = client("account_manager")
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    mine = {"owner": browser.actor.user_id}
    seed(
        "customer.lead",
        {
            "company": "Late Lotus",
            "next_step": "Ring back",
            "next_on": (today - timedelta(days=1)).isoformat(),
            **mine,
        },
        {"company": "Far Lotus", "next_on": (today + timedelta(days=30)).isoformat(), **mine},
        {
            "company": "Lost Lotus",
            "next_on": today.isoformat(),
            "state": "disqualified",
            "lost_reason": "x",
            **mine,
        },
    )
    page = browser.get("/customer/my-day").text
    assert "Ring back" in page
    assert "Late Lotus" in page
    assert "Far Lotus" not in page
    assert "Lost Lotus" not in page
    assert "My leads" in browser.get("/").text


# Cards

CARD = """云栈信息技术有限公司
王芳  采购总监
手机：138 0013 8000  电话：0571-88886666
wang.fang@yunzhan.example
浙江省杭州市滨江区江陵路88号 310051"""


def fill(browser: Browser, plural: str, text: str = CARD) -> dict[str, Any]:
    answer = browser.post(f"/customer/card/{plural}", {"text": text})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()["fill"]
    return found


def test_a_card_fills_the_form_of_a_lead(client: Clients) -> None:
    browser = client()
    assert "/customer/card/leads" in browser.get("/customer/leads/new").text
    found = fill(browser, "leads")
    entries = dict(found["entries"])
    assert entries == {
        "company": "云栈信息技术有限公司",
        "name": "王芳",
        "job_title": "采购总监",
        "phone": "138 0013 8000",
        "email": "wang.fang@yunzhan.example",
        "country": "中国",
        "province": "浙江",
        "city": "杭州",
        "street": "滨江区江陵路88号 310051",
        "source": "Business card",
        "description": "Work 0571 8888 6666",
        "_channel": "card",
    }
    assert found["text"] == CARD
    assert browser.post("/customer/leads/new", entries).status_code == 303
    assert browser.get("/customer/leads/2").status_code == 404


def test_a_card_fills_the_form_of_a_customer_with_lines(client: Clients) -> None:
    browser = client()
    found = fill(browser, "customers")
    entries = dict(found["entries"])
    assert (entries["name"], entries["description"]) == ("云栈信息技术有限公司", "王芳 采购总监")
    assert (entries["phones.0.number"], entries["phones.0.label"]) == ("138 0013 8000", "mobile")
    assert (entries["addresses.0.district"], entries["addresses.0.postcode"]) == ("滨江区", "310051")
    assert found["lines"] == {"phones": [0], "addresses": [0]}
    assert browser.post("/customer/customers/new", entries).status_code == 303


def test_a_card_links_the_contact_to_its_customer(client: Clients, seed: Seed) -> None:
    browser = client()
    [customer] = seed("customer.customer", {"name": "云栈信息技术股份有限公司"})
    found = fill(browser, "contacts")
    assert dict(found["entries"])["customer"] == str(customer)
    assert found["labels"] == {"customer": "云栈信息技术股份有限公司"}


def test_a_card_tells_nothing_of_customers_out_of_reach(client: Clients, seed: Seed) -> None:
    seed("customer.customer", {"name": "云栈信息技术有限公司"})
    found = fill(client("account_manager"), "contacts")
    assert "customer" not in dict(found["entries"])


def test_what_is_no_card_is_said_so(client: Clients) -> None:
    answer = client().post("/customer/card/leads", {"text": "???"})
    assert answer.status_code == 422
    assert "Nothing could be read from this." in answer.text


@pytest.mark.parametrize(
    ("role", "plural"), [("executive", "leads"), ("administrator", "activities"), ("maintainer", "leads")]
)
def test_cards_are_for_those_who_may_create(client: Clients, role: str, plural: str) -> None:
    browser = client(role)
    assert browser.get(f"/customer/card/{plural}").status_code in (403, 404)
    assert browser.post(f"/customer/card/{plural}", {"text": CARD}).status_code in (403, 404)
