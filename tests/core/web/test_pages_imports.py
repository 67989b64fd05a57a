"""Imports step by step: what each page shows, keeps and refuses."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.kernel import Kernel
from core.testing.jobs import RunJobs
from core.testing.plugin import Browser
from core.web import uploads
from core.web.pages.imports import routes

Committed = Callable[[], AbstractContextManager[Session]]
MakeBrowser = Callable[..., Browser]
FRAGMENT = {"HX-Request": "true"}
BEGIN = "/customer/customers/import"


def upload(browser: Browser, content: str | bytes, name: str = "客户.csv", at: str = BEGIN) -> str:
    """Send a file; gives the address of the import."""
    raw = content.encode() if isinstance(content, str) else content
    sent = browser.post(at, data={"file": (io.BytesIO(raw), name)}, headers=FRAGMENT)
    assert sent.status_code == 201, sent.text
    return str(sent.get_json()["redirect"]).partition("?")[0]


def fields(html: str) -> dict[str, str]:
    """What a form of the page would post: inputs, chosen options, checked boxes."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = (_attribute(tag, each) for each in ("name", "value"))
        is_switch = 'type="checkbox"' in tag or 'type="radio"' in tag
        if name and name != "csrf_token" and (not is_switch or " checked" in tag):
            found[name] = value
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        first = re.search(r'<option value="([^"]*)"', options)
        match = chosen or first
        found[name] = unescape(match[1]) if match else ""
    return found


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf' {name}="([^"]*)"', tag)
    return unescape(match[1]) if match else ""


def columns(browser: Browser, url: str, **changes: str) -> Any:
    """Post the form of the columns with changes."""
    page = browser.get(f"{url}?step=columns").text
    return browser.post(f"{url}/columns", data=fields(page) | {"go": "check"} | changes)


@pytest.fixture
def stored(committed: Committed) -> Callable[[str], list[Any]]:
    """What is stored of the customers."""

    def read(names: str) -> list[Any]:
        with committed() as session:
            return [
                tuple(row)
                for row in session.execute(text(f"select {names} from customer_customer order by id"))
            ]

    return read


@pytest.fixture
def ada(client: MakeBrowser) -> Browser:
    """An administrator."""
    return client()


def test_a_list_offers_imports_to_those_who_may(ada: Browser, client: MakeBrowser) -> None:
    assert f'href="{BEGIN}"' in ada.get("/customer/customers").text
    reader = client("executive")
    assert BEGIN not in reader.get("/customer/customers").text
    assert reader.get(BEGIN).status_code == 403
    assert reader.get("/imports").status_code == 200


def test_a_file_becomes_records_in_five_steps(
    ada: Browser, run_jobs: RunJobs, stored: Callable[[str], list[Any]]
) -> None:
    url = upload(ada, "客户名称,所属行业,成立年份\n云杉,软件,1996\n白杨,贸易,2001年\n".encode("gb18030"))
    page = ada.get(f"{url}?step=file").text
    assert "GB18030" in page
    assert "云杉" in page
    page = ada.get(f"{url}?step=columns").text
    assert {name: value for name, value in fields(page).items() if name.endswith(".field")} == {
        "c0.field": "name", "c1.field": "industry", "c2.field": "founded_year",
        "x0.field": "", "x1.field": "", "x2.field": "",
    }  # fmt: skip
    checked = columns(ada, url)
    assert (checked.status_code, checked.headers["Location"]) == (303, url)
    page = ada.get(url).text
    assert "Nothing has been written yet" in page
    assert "Import 2 rows" in page
    assert stored("name") == []

    assert ada.post(f"{url}/start").headers["Location"] == url
    assert ada.post(f"{url}/start").status_code == 303  # the second click of a double click
    assert f'hx-get="{url}/state"' in ada.get(url).text
    assert [job.state for job in run_jobs()] == ["done"]
    page = ada.get(f"{url}/state").text
    assert "The import is done" in page
    assert "hx-trigger" not in page
    assert stored("name, industry, founded_year") == [("云杉", "软件", 1996), ("白杨", "贸易", 2001)]

    [address] = re.findall(r'href="(/customer/customers\?[^"]+)"', page)
    shown = ada.get(unescape(address)).text
    assert "云杉" in shown
    assert "白杨" in shown
    assert "客户.csv" in ada.get("/imports").text

    asked = ada.get(f"{url}/undo", headers=FRAGMENT).text
    assert "2 records it made are deleted for good." in asked
    ada.post(f"{url}/undo")
    run_jobs()
    assert "The import was taken back" in ada.get(url).text
    assert stored("name") == []


def test_what_was_said_of_columns_is_kept_for_next_time(ada: Browser, run_jobs: RunJobs) -> None:
    content = "name,mood,x\nAcme,good,1\n"
    url = upload(ada, content)
    columns(ada, url, **{"c1.field": "+note", "c1.note": "Mood of the day", "c2.field": "employees"})
    ada.post(f"{url}/start")
    run_jobs()
    again = upload(ada, content.replace("Acme", "Bolt"))
    page = ada.get(f"{again}?step=columns").text
    assert "The columns go where they went with" in page
    assert fields(page)["c1.note"] == "Mood of the day"
    assert fields(page)["c2.field"] == "employees"
    fresh = ada.get(f"{again}?step=columns&guess=1").text
    assert fields(fresh)["c2.field"] == ""


def test_nothing_typed_is_lost_by_going_back(ada: Browser) -> None:
    url = upload(ada, "name,city\nAcme,Oslo\n")
    said = {"c1.field": "province", "x0.field": "source", "x0.value": "fair", "x0.when": "new", "go": "back"}
    back = columns(ada, url, **said)
    assert back.headers["Location"] == f"{url}?step=file"
    kept = fields(ada.get(f"{url}?step=columns").text)
    assert (kept["c1.field"], kept["x0.field"], kept["x0.value"], kept["x0.when"]) == (
        "province", "source", "fair", "new",
    )  # fmt: skip


def test_two_columns_for_one_field_are_refused_with_what_was_typed(
    ada: Browser, stored: Callable[[str], list[Any]]
) -> None:
    url = upload(ada, "name,city\nAcme,Oslo\n")
    refused = columns(ada, url, **{"c1.field": "name", "x0.value": "typed"})
    assert refused.status_code == 422
    assert "both go to “name”" in unescape(refused.text)
    assert fields(refused.text)["x0.value"] == "typed"
    assert stored("name") == []


def test_days_that_can_be_read_twice_must_be_chosen(
    ada: Browser, run_jobs: RunJobs, committed: Committed
) -> None:
    url = upload(ada, "name,birthday\nAda,3/1/1980\nBen,4/2/1981\n", at="/customer/contacts/import")
    page = unescape(ada.get(f"{url}?step=columns").text)
    assert "These days can be read in two ways." in page
    refused = columns(ada, url)
    assert refused.status_code == 422
    assert "Choose how the days in birthday are written." in unescape(refused.text)
    assert columns(ada, url, **{"c1.format": "dmy"}).status_code == 303
    assert "Jan 3, 1980" in ada.get(url).text or "1980-01-03" in ada.get(url).text
    ada.post(f"{url}/start")
    run_jobs()
    with committed() as session:
        days = session.scalars(text("select birthday from customer_contact order by id"))
        assert [str(day) for day in days] == ["1980-01-03", "1981-02-04"]


def test_values_nobody_knows_get_a_meaning(
    ada: Browser, run_jobs: RunJobs, stored: Callable[[str], list[Any]]
) -> None:
    url = upload(ada, "name,status\nAcme,won\nBolt,lost\nCog,won\n")
    page = ada.get(f"{url}?step=columns").text
    assert "1 value is not known" in page
    assert fields(page)["c1.cell0"] == "won"
    columns(ada, url, **{"c1.value0": "active"})
    ada.post(f"{url}/start")
    run_jobs()
    assert stored("name, kind") == [("Acme", "active"), ("Bolt", "lost"), ("Cog", "active")]


def test_a_file_read_wrongly_is_read_in_another_way(ada: Browser) -> None:
    url = upload(ada, "公司名稱,電話\n碁峰資訊,02-27881888\n".encode("cp950"))
    again = ada.post(f"{url}/reading", data={"encoding": "big5"}, headers=FRAGMENT)
    assert "碁峰資訊" in again.text
    assert "碁峰資訊" in ada.get(f"{url}?step=file").text
    wrong = ada.post(f"{url}/reading", data={"encoding": "utf-8"}, headers=FRAGMENT)
    assert "is not written in UTF-8" in unescape(wrong.text)
    assert "碁峰資訊" in ada.get(f"{url}?step=file").text


def test_repeated_columns_are_numbered_when_somebody_asks_for_it(ada: Browser) -> None:
    url = upload(ada, "name,phone,phone\nAcme,13800138000,13900139000\n")
    page = unescape(ada.get(url).text)
    assert "“phone” is there twice" in page
    assert "step=columns" not in page
    again = ada.post(f"{url}/reading", data={"numbered": "1"}, headers=FRAGMENT).text
    assert "phone (2)" in again
    assert "step=columns" in again
    posted = fields(ada.get(f"{url}?step=columns").text)
    assert (posted["c1.field"], posted["c2.field"]) == ("phone", "phones.number")


def test_fields_are_found_by_what_people_call_them(ada: Browser) -> None:
    url = upload(ada, "name\nAcme\n")
    found = ada.get(f"{url}/fields?q=税号").get_json()["items"]
    assert [each["id"] for each in found] == ["tax_number"]
    everything = ada.get(f"{url}/fields").get_json()["items"]
    assert [each["id"] for each in everything][:2] == ["+note", "name"]
    assert "created_at" in {each["id"] for each in everything}
    assert "last_contacted_at" not in {each["id"] for each in everything}


def test_options_follow_the_field(ada: Browser) -> None:
    url = upload(ada, "name,group\nAcme,Later\n")
    link = ada.post(f"{url}/options", data={"place": "1", "c1.field": "parent"}, headers=FRAGMENT).text
    assert 'name="c1.create"' in link
    assert "0 of 1 name is a record already." in link
    note = ada.post(f"{url}/options", data={"place": "1", "c1.field": "+note"}, headers=FRAGMENT).text
    assert fields(note) == {"c1.note": "group"}
    assert ada.post(f"{url}/options", data={"place": "7"}, headers=FRAGMENT).status_code == 404


def test_bad_rows_are_grouped_and_downloaded(ada: Browser, run_jobs: RunJobs) -> None:
    rows = "".join(f"B{n},many{n}\n" for n in range(7))
    url = upload(ada, f"name,employees\nAcme,1\n{rows}")
    columns(ada, url, **{"c1.field": "employees"})
    page = unescape(ada.get(url).text)
    assert "“many0” is no whole number." in page
    assert "3, 4, 5, 6, 7 …" in page
    assert ada.get(f"{url}/bad-rows").get_data().decode("utf-8-sig").count("is no whole number.") == 7
    ada.post(f"{url}/start")
    run_jobs()
    page = unescape(ada.get(url).text)
    assert page.count("is no whole number.") == 1
    table = ada.get(f"{url}/bad-rows")
    assert table.mimetype == "text/csv"
    assert table.get_data().decode("utf-8-sig").count("is no whole number.") == 7


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"\x89PNG\r\n\x1a\n", 415, "it is a picture"),
        (b"MZ\x90\x00", 415, "it is a program"),
        (b"PK\x03\x04broken", 201, ""),
        (b"", 201, ""),
    ],
)
def test_what_is_no_table_is_refused_at_once_or_shown_with_its_reason(
    ada: Browser, content: bytes, status: int, said: str
) -> None:
    sent = ada.post(BEGIN, data={"file": (io.BytesIO(content), "a.csv")}, headers=FRAGMENT)
    assert sent.status_code == status
    assert said in sent.text
    if status == 201:
        page = unescape(ada.get(sent.get_json()["redirect"]).text)
        assert "This file cannot be imported" in page
        assert "step=columns" not in page


def test_a_form_without_a_script_works_too(ada: Browser) -> None:
    sent = ada.post(BEGIN, data={"file": (io.BytesIO(b"name\nAcme\n"), "a.csv")})
    assert sent.status_code == 303
    refused = ada.post(BEGIN, data={"file": (io.BytesIO(b"\x89PNG\r\n\x1a\n"), "a.png")})
    assert refused.status_code == 415
    assert "it is a picture" in unescape(refused.text)
    assert "Choose a file first." in unescape(ada.post(BEGIN, data={}, headers=FRAGMENT).text)


def test_a_file_over_the_limit_is_refused(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAX_IMPORT", 1000)
    monkeypatch.setattr(uploads, "_AROUND", 1000)
    sent = ada.post(BEGIN, data={"file": (io.BytesIO(b"name\n" + b"A\n" * 5000), "a.csv")}, headers=FRAGMENT)
    assert sent.status_code == 413


def test_imports_of_others_are_not_there(
    ada: Browser, client: MakeBrowser, kernel: Kernel, committed: Committed
) -> None:
    url = upload(ada, "name\nAcme\n")
    other = client("sales_supervisor")
    for address in (url, f"{url}/state", f"{url}/fields", f"{url}/undo", f"{url}/bad-rows"):
        assert other.get(address).status_code == 404
    for address in ("columns", "check", "start", "cancel", "undo", "discard", "reading", "options"):
        assert other.post(f"{url}/{address}", data={}).status_code == 404
    assert "客户.csv" not in other.get("/imports").text
    with committed() as session:
        kernel.resources["customer.customer"].service.create(
            session, [{"name": "Still here"}], actor=OPERATOR
        )


def test_a_draft_is_discarded_and_steps_behind_a_run_are_shut(ada: Browser, run_jobs: RunJobs) -> None:
    url = upload(ada, "name\nAcme\n")
    assert ada.post(f"{url}/discard").headers["Location"] == "/customer/customers"
    assert ada.get(url).status_code == 404
    url = upload(ada, "name\nAcme\n")
    columns(ada, url)
    ada.post(f"{url}/start")
    run_jobs()
    assert "The import is done" in ada.get(f"{url}?step=columns").text
    assert ada.post(f"{url}/discard").status_code == 409
    assert ada.post(f"{url}/columns", data={"go": "back"}).status_code == 409


def test_pages_speak_chinese(client: MakeBrowser) -> None:
    lin = client(language="zh")
    assert "将文件拖到此处" in lin.get(BEGIN).text
    url = upload(lin, "名称,心情\n云杉,好\n")
    page = lin.get(f"{url}?step=columns").text
    assert "各列的去向" in page
    assert "别称" in page
