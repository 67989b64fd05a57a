from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import orjson
import pytest
from sqlalchemy import event, select, update
from werkzeug.test import TestResponse

from addons.customer.models import Activity, ActivityKind, Customer
from core.access.actor import OPERATOR
from core.demo import load_demo
from core.kernel import Kernel
from core.testing.plugin import ApiClient, Browser

Clients = Callable[..., Browser]
HTMX = {"HX-Request": "true"}


def items(answer: TestResponse) -> list[dict[str, Any]]:
    """What a lookup offers."""
    found: list[dict[str, Any]] = orjson.loads(answer.data)["items"]
    return found


@pytest.fixture
def make(kernel: Kernel, committed: Callable[[], Any]) -> Callable[..., int]:
    """Commits one record: ``make("customer.customer", name="Harbour Works")``."""

    def make(resource: str, /, **values: Any) -> int:
        with committed() as session:
            return kernel.resources[resource].service.create(session, [values], actor=OPERATOR)[0]

    return make


@pytest.fixture
def stored(committed: Callable[[], Any]) -> Callable[[], list[dict[str, Any]]]:
    """All activities as they are in the database."""

    def stored() -> list[dict[str, Any]]:
        with committed() as session:
            rows = session.execute(select(Activity.__table__).order_by(Activity.__table__.c.id)).mappings()
            return [dict(row) for row in rows]

    return stored


def test_my_day_shows_adds_completes_and_takes_back(client: Clients, stored: Any) -> None:
    browser = client("account_manager")
    empty = browser.get("/customer/my-day")
    assert empty.status_code == 200
    assert "Nothing is due today." in empty.text
    added = browser.post("/customer/my-day/add", {"subject": "Send <samples>", "due_on": ""}, headers=HTMX)
    assert added.status_code == 200
    assert "Send &lt;samples&gt;" in added.text
    assert "<html" not in added.text
    [task] = stored()
    assert (task["state"], task["owner_id"], task["due_at"]) == ("planned", browser.actor.user_id, None)
    done = browser.post(f"/customer/my-day/{task['id']}/complete", headers=HTMX)
    told = orjson.loads(done.headers["HX-Trigger"])["toast"]
    assert told == {"text": "Done.", "tone": "ok", "undo_url": f"/customer/my-day/{task['id']}/reopen"}
    assert "Done today" in done.text
    assert stored()[0]["state"] == "done"
    back = browser.post(told["undo_url"])
    assert (back.status_code, back.headers["Location"]) == (303, "/customer/my-day")
    assert stored()[0]["state"] == "planned"


def test_a_task_needs_a_subject(client: Clients, stored: Any) -> None:
    browser = client("account_manager")
    answer = browser.post("/customer/my-day/add", {"subject": " ", "due_on": "2030-01-07"}, headers=HTMX)
    assert answer.status_code == 422
    assert "This is needed." in answer.text
    assert 'value="2030-01-07"' in answer.text
    assert stored() == []


def test_a_task_without_a_token_is_refused(client: Clients, stored: Any) -> None:
    answer = client().post("/customer/my-day/add", {"subject": "Call", "csrf_token": "wrong"})
    assert answer.status_code in (400, 403)
    assert stored() == []


def test_nobody_completes_what_is_not_his(client: Clients, make: Callable[..., int], stored: Any) -> None:
    task = make("customer.activity", subject="Of others")
    answer = client("account_manager").post(f"/customer/my-day/{task}/complete", headers=HTMX)
    assert answer.status_code == 404
    assert stored()[0]["state"] == "planned"


def test_a_talk_is_logged_from_a_customer(client: Clients, make: Callable[..., int], stored: Any) -> None:
    browser = client("account_manager")
    customer = make("customer.customer", name="Harbour Works", owner=browser.actor.user_id)
    page = browser.get(f"/customer/customers/{customer}")
    assert f"/customer/log?customer={customer}" in page.text
    dialog = browser.get(f"/customer/log?customer={customer}", headers=HTMX)
    assert "Log a contact with Harbour Works" in dialog.text
    assert 'name="customer"' not in dialog.text
    answer = browser.post(
        f"/customer/log?customer={customer}",
        {
            "kind": "call",
            "done_at": "2025-03-01T09:00",
            "subject": "",
            "body": "Wants a quote",
            "contact": "",
            "next_subject": "Send the quote",
            "next_on": "2030-01-07",
        },
        headers=HTMX,
    )
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/customer/customers/{customer}")
    talk, task = stored()
    assert (talk["kind"], talk["subject"], talk["body"]) == ("call", "Call", "Wants a quote")
    assert talk["done_at"].isoformat() == "2025-03-01T01:00:00+00:00"
    assert (task["state"], task["subject"], task["customer_id"]) == ("planned", "Send the quote", customer)
    page = browser.get(f"/customer/customers/{customer}")
    assert "Send the quote" in page.text


def test_a_refused_talk_keeps_what_was_typed(client: Clients, make: Callable[..., int], stored: Any) -> None:
    customer = make("customer.customer", name="Harbour Works")
    answer = client().post(
        f"/customer/log?customer={customer}",
        {"kind": "call", "done_at": "2999-03-01T09:00", "body": "Typed text", "next_on": "soon"},
        headers=HTMX,
    )
    assert answer.status_code == 422
    assert "Typed text" in answer.text
    assert "soon" in answer.text
    assert stored() == []


def test_a_dialog_from_anywhere_asks_for_the_customer(
    client: Clients, make: Callable[..., int], stored: Any
) -> None:
    customer = make("customer.customer", name="Harbour Works")
    browser = client()
    assert 'name="customer"' in browser.get("/customer/plan", headers=HTMX).text
    answer = browser.post(
        "/customer/plan", {"customer": str(customer), "subject": "Visit", "kind": "visit", "due_at": ""}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/customer/my-day")
    assert [(each["customer_id"], each["kind"]) for each in stored()] == [(customer, "visit")]


def test_a_dialog_from_a_contact_knows_him(client: Clients, make: Callable[..., int], stored: Any) -> None:
    customer = make("customer.customer", name="Harbour Works")
    contact = make("customer.contact", name="Lin Yue", customer=customer)
    browser = client()
    url = f"/customer/log?contact={contact}&customer={customer}"
    assert "Lin Yue" in browser.get(url, headers=HTMX).text
    answer = browser.post(url, {"kind": "wechat", "contact": str(contact)}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == f"/customer/contacts/{contact}"
    assert [(each["customer_id"], each["contact_id"]) for each in stored()] == [(customer, contact)]


@pytest.mark.parametrize("query", ["customer=999", "customer=x", "contact=99999999999999999999"])
def test_a_dialog_about_nothing_is_not_there(client: Clients, query: str) -> None:
    assert client().get(f"/customer/log?{query}", headers=HTMX).status_code == 404


def test_readers_without_the_right_log_nothing(client: Clients, make: Callable[..., int]) -> None:
    customer = make("customer.customer", name="Harbour Works")
    browser = client("analyst")
    assert browser.get(f"/customer/log?customer={customer}", headers=HTMX).status_code == 403
    assert "/customer/log" not in browser.get(f"/customer/customers/{customer}").text
    assert client("maintainer").get("/customer/my-day").status_code == 404


def test_where_the_addon_is_off_nothing_is_there(client: Clients) -> None:
    browser = client(tenant="bare")
    for path in ("/customer/my-day", "/customer/log", "/customer/plan", "/customer/customers"):
        assert browser.get(path).status_code == 404
    assert "my-day" not in browser.get("/").text


def test_every_page_of_the_demo_opens_in_both_languages(
    client: Clients, kernel: Kernel, tenant: Any, committed: Callable[[], Any]
) -> None:
    with committed() as session:
        load_demo(session, kernel, tenant)
    with committed() as session:
        head = session.scalar(select(Activity.__table__.c.customer_id).limit(1))
    for language, words in (("en", ("My day", "Contacts")), ("zh", ("我的一天", "联系人"))):
        browser = client(language=language)
        for path in (
            "/",
            "/customer/my-day",
            f"/customer/customers/{head}",
            "/customer/contacts/1",
            "/customer/log",
        ):
            page = browser.get(path)
            assert page.status_code == 200, path
        for word in words:
            assert word in browser.get(f"/customer/customers/{head}").text
    assert not kernel.hooks.failures


def test_pages_ask_a_bounded_number_of_questions(
    client: Clients, kernel: Kernel, tenant: Any, committed: Callable[[], Any]
) -> None:
    with committed() as session:
        load_demo(session, kernel, tenant)
    browser = client()
    browser.get("/")  # what a process asks once of a tenant
    asked: list[str] = []
    note: Any = lambda *args: asked.append(args[2])  # noqa: E731
    event.listen(kernel.database.engine, "before_cursor_execute", note)
    try:
        counts = {}
        for path in ("/customer/my-day", "/customer/customers/1", "/", "/customer/customers/1/edit"):
            asked.clear()
            assert browser.get(path).status_code == 200
            counts[path] = len([each for each in asked if "SAVEPOINT" not in each])
    finally:
        event.remove(kernel.database.engine, "before_cursor_execute", note)
    assert counts["/customer/my-day"] <= 6, counts
    assert counts["/customer/customers/1"] <= 14, counts
    assert counts["/customer/customers/1/edit"] <= 12, counts


def test_the_api_logs_talks_too(api: Callable[..., ApiClient], make: Callable[..., int], stored: Any) -> None:
    customer = make("customer.customer", name="Harbour Works")
    caller = api()
    path = f"customer/customers/{customer}/actions/log_contact"
    refused = caller.post(path, json={"kind": "flight"})
    assert refused.status_code == 422
    assert set(orjson.loads(refused.data)["errors"]) == {"kind"}
    assert stored() == []
    answer = caller.post(path, json={"kind": "mail", "body": "Sent the offer", "next_on": "2030-01-07"})
    assert answer.status_code in (200, 204), answer.text
    assert [(each["kind"], each["state"]) for each in stored()] == [("mail", "done"), ("task", "planned")]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("zh", "中国上海浦东新区锦绣东路 8 号 200127"),
        ("en", "锦绣东路 8 号, 浦东新区, 上海, 200127, 中国"),
    ],
)
def test_an_address_is_written_as_its_reader_writes(
    client: Clients, make: Callable[..., int], language: str, written: str
) -> None:
    address = {
        "country": "中国",
        "province": "上海",
        "city": "上海",
        "district": "浦东新区",
        "street": "锦绣东路 8 号",
        "postcode": "200127",
    }
    customer = make("customer.customer", name="Harbour Works", addresses=[address])
    assert written in client(language=language).get(f"/customer/customers/{customer}").text


def test_a_year_is_written_without_separators(client: Clients, make: Callable[..., int]) -> None:
    customer = make("customer.customer", name="Harbour Works", founded_year=1994, employees=5996)
    page = client().get(f"/customer/customers/{customer}").text
    assert "1994" in page
    assert "1,994" not in page
    assert "5,996" in page


def test_a_dialog_offers_the_contacts_of_its_customer_first(
    client: Clients, make: Callable[..., int]
) -> None:
    browser = client("administrator")
    acme, other = (make("customer.customer", name=name) for name in ("Acme", "Other"))
    lin = make("customer.contact", name="Lin", customer=acme)
    make("customer.contact", name="Lina", customer=other)
    page = browser.get(f"/customer/log?customer={acme}").text
    lookup, everybody = (
        unescape(found[1])
        for found in (
            re.search(r'data-lookup="(/customer/contacts/lookup[^"]*)"', page),
            re.search(r'data-all="([^"]*)" data-all-label="Search all contacts"', page),
        )
        if found
    )
    assert [each["id"] for each in items(browser.get(f"{lookup}&q=lin"))] == [lin]
    assert len(items(browser.get(f"{everybody}?q=lin"))) == 2
    assert "data-all" not in browser.get("/customer/log").text
    broken = browser.get("/customer/contacts/lookup?filter=%7B%22field%22:%22nothing%22%7D", headers=HTMX)
    assert broken.status_code in (400, 422)


def test_kinds_are_buttons_and_the_subject_has_the_focus(client: Clients) -> None:
    page = client("administrator").get("/customer/log?kind=visit").text
    radios = re.findall(r'<input type="radio" name="kind" value="(\w+)"( checked)?>', page)
    assert [value for value, _checked in radios] == [
        each.value for each in ActivityKind if each is not ActivityKind.TASK
    ]
    assert [value for value, checked in radios if checked] == ["visit"]
    assert re.search(r'<div[^>]* role="radiogroup"[^>]* aria-labelledby="f-kind-label"', page)
    [focused] = re.findall(r"<input[^>]* autofocus", page)
    assert 'name="subject"' in focused


def test_texts_in_use_are_suggested_and_stay_free(client: Clients, make: Callable[..., int]) -> None:
    browser = client("administrator")
    make("customer.customer", name="Acme", industry="Steel", tags=["vip"])
    page = browser.get("/customer/customers/new").text
    for name, value in (("industry", "Steel"), ("tags", "vip")):
        lookup = f"/customer/customers/suggest/{name}"
        assert f'data-lookup="{lookup}"' in page
        assert items(browser.get(f"{lookup}?q={value[:2]}")) == [{"id": value, "label": value, "hint": ""}]
    made = browser.post("/customer/customers/new", {"name": "New", "industry": "Something else"})
    assert made.status_code == 303
    assert "Something else" in browser.get(made.headers["Location"]).text


def test_a_website_leads_there_in_a_window_of_its_own(
    client: Clients, make: Callable[..., int], committed: Callable[[], Any]
) -> None:
    browser = client("administrator")
    acme = make("customer.customer", name="Acme", website="www.acme.example/a?b=1&c=2")
    shown = browser.get(f"/customer/customers/{acme}").text
    assert (
        '<a href="https://www.acme.example/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer">'
        "www.acme.example/a?b=1&amp;c=2</a>"
    ) in shown
    with committed() as session:  # a row that came in another way
        session.execute(update(Customer.__table__).values(website="javascript://x%0aalert(1)"))
    assert 'href="javascript' not in browser.get(f"/customer/customers/{acme}").text
    refused = browser.post(
        f"/customer/customers/{acme}/edit", {"website": "javascript:alert(1)", "version": "1"}
    )
    assert refused.status_code == 422
    assert "is no web address" in refused.text


def test_home_counts_the_readers_customers_and_leads_to_them(
    client: Clients, make: Callable[..., int]
) -> None:
    browser = client("account_manager")
    assert "No customer is yours yet." in browser.get("/").text
    for name, kind in (("Acme", "active"), ("Baltic", "active"), ("Corner", "lost")):
        make("customer.customer", name=name, kind=kind, owner=browser.actor.user_id)
    make("customer.customer", name="Of others", kind="active")
    figures = re.findall(r'<a href="([^"]*segment=mine[^"]*)"><b>(\d+)</b>', browser.get("/").text)
    assert [number for _url, number in figures] == ["2", "1"]
    page = browser.get(unescape(figures[0][0])).text
    assert ("Acme" in page, "Baltic" in page, "Corner" in page, "Of others" in page) == (
        True,
        True,
        False,
        False,
    )


def test_contacts_stand_before_the_rest_of_a_customers_data(
    client: Clients, make: Callable[..., int]
) -> None:
    acme = make("customer.customer", name="Acme", industry="Steel", phone="021 5588 1234", employees=9)
    page = client("administrator").get(f"/customer/customers/{acme}").text
    places = [
        page.index(text) for text in ("<h2>Basics", "<h2>Contacts", "<h2>To do", "<h2>Reach", "<h2>Company")
    ]
    assert places == sorted(places)
