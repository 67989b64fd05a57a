"""The pages of a resource as a browser gets them: lists, records, forms, dialogs, histories."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from core.access.actor import OPERATOR
from core.config import Config
from core.kernel import Kernel
from core.resources import timeline
from core.resources.gateway import Gateway
from core.testing.plugin import Browser
from tests.core.conftest import Statements

LIST = "/customer/customers"
MakeBrowser = Callable[..., Browser]
Committed = Callable[[], Any]
#: What htmx and our scripts send along.
SCRIPT = {"HX-Request": "true"}


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    """Pages name files of the build."""
    pytest.importorskip("core.web.assets.builder").build()


@pytest.fixture
def ada(client: MakeBrowser) -> Browser:
    """An administrator who reads English."""
    return client("administrator", name="Ada")


@pytest.fixture
def seed(committed: Committed, kernel: Kernel) -> Callable[..., list[int]]:
    """Creates and commits records: ``seed([{"name": "Acme"}])``."""

    def seed(rows: list[dict[str, Any]], resource: str = "customer.customer") -> list[int]:
        with committed() as session:
            return kernel.resources[resource].service.create(session, rows, actor=OPERATOR)

    return seed


@pytest.fixture
def stored(committed: Committed, kernel: Kernel) -> Callable[..., dict[str, Any]]:
    """A record as it is committed."""

    def stored(number: int, resource: str = "customer.customer") -> dict[str, Any]:
        with committed() as session:
            return Gateway(session, OPERATOR).get(kernel.resources[resource], number)

    return stored


def titles(page: str) -> list[str]:
    """The names in a list."""
    return [unescape(each) for each in re.findall(r'<span class="gx-t1">([^<]*)</span>', page)]


def text(page: str) -> str:
    """What a page says, without its markup."""
    return re.sub(
        r"\s+", " ", unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))
    )


def decoded(answer: TestResponse) -> Any:
    """What an answer for a script says."""
    assert answer.is_json or answer.mimetype == "application/problem+json"
    return orjson.loads(answer.data)


def values(page: str) -> dict[str, str]:
    """What the inputs and text areas of a page hold, by name."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf' {key}="([^"]*)"', tag) for key in ("name", "value"))
        if name and "disabled" not in tag:
            found[unescape(name[1])] = unescape(value[1]) if value else ""
    for name, body in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>([^<]*)</textarea>', page):
        found[name] = unescape(body).lstrip("\n")
    return found


# Lists


def test_a_list_shows_names_with_hints_and_says_how_many(ada: Browser, seed: Any) -> None:
    seed([{"name": "Acme <b>&", "city": "上海", "industry": "Steel"}, {"name": "Baltic"}])
    answer = ada.get(LIST)
    assert answer.status_code == 200
    assert titles(answer.text) == ["Acme <b>&", "Baltic"]
    assert "<b>&" not in answer.text
    assert re.search(r"Acme <b>& C-\d{6}", text(answer.text))
    assert re.search(r"\b2\b", text(answer.text))


def test_segments_quick_filters_conditions_and_search_narrow_a_list(
    ada: Browser, seed: Any, kernel: Kernel
) -> None:
    numbers = seed(
        [
            {"name": "Acme", "kind": "active", "city": "上海", "owner": ada.actor.user_id, "employees": 5},
            {"name": "Baltic", "kind": "lost", "city": "上海"},
            {"name": "Corner", "kind": "active"},
        ]
    )
    assert ada.post(f"{LIST}/{numbers[2]}/archive").status_code == 303
    tree = orjson.dumps(
        {"and": [{"field": "city", "value": "上海"}, {"field": "kind", "op": "ne", "value": "lost"}]}
    )
    for query, expected in (
        ("", ["Acme", "Baltic"]),
        ("segment=mine", ["Acme"]),
        ("segment=archived", ["Corner"]),
        ("kind=lost", ["Baltic"]),
        ("q=bal", ["Baltic"]),
        ("q=%E4%B8%8A%E6%B5%B7x", []),
        (f"filter={tree.decode()}", ["Acme"]),
        ("city=上海&sort=-name", ["Baltic", "Acme"]),
        ("employees.gte=5", ["Acme"]),
        ("kind=lost&segment=mine", []),
        ("per_page=1", ["Acme"]),
        ("per_page=1&page=2", ["Baltic"]),
        ("per_page=1&page=9", ["Baltic"]),
    ):
        answer = ada.get(f"{LIST}?{query}")
        assert answer.status_code == 200, query
        assert titles(answer.text) == expected, query


def test_each_condition_is_a_chip_whose_link_takes_it_away(ada: Browser, seed: Any) -> None:
    seed(
        [
            {"name": "Acme", "city": "上海", "kind": "active"},
            {"name": "Baltic", "city": "上海"},
            {"name": "Corner"},
        ]
    )
    tree = '{"and":[{"field":"city","value":"上海"},{"field":"kind","op":"in","value":["active","lost"]}]}'
    page = ada.get(LIST, query_string={"filter": tree, "parent.isnull": "true"}).text
    chips = re.findall(r'<a class="gx-chip"[^>]*href="([^"]*)"[^>]*>(.*?)</a>', page, flags=re.DOTALL)
    chips = chips or re.findall(r'gx-chip.*?href="([^"]*)".*?>(.*?)</', page, flags=re.DOTALL)
    assert len(chips) == 3, page[page.find("gx-chip") - 200 :][:800]
    said = text(page)
    assert "City is “上海”" in said
    assert "Kind is one of Active, Lost" in said
    assert "Parent customer: is empty" in said
    assert titles(page) == ["Acme"]
    without = [titles(ada.get(unescape(href)).text) for href, _said in chips]
    assert ["Acme", "Baltic"] in without
    # The filter row keeps the condition that has no control of its own.
    assert values(page)["parent.isnull"] == "true"


def test_the_columns_of_a_list_can_be_chosen(ada: Browser, seed: Any) -> None:
    seed([{"name": "Acme", "employees": 1234, "tags": ["vip"]}])
    page = ada.get(f"{LIST}?columns=employees,tags,nonsense").text
    heads = [text(each).strip() for each in re.findall(r"<th[^>]*>(.*?)</th>", page, flags=re.DOTALL)]
    assert [each for each in heads if each] == ["Name", "Employees", "Tags"]
    assert "1,234" in page
    assert "vip" in page


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "filter=x",
        "filter={}",
        "sort=colour",
        "per_page=1000000",
        "page=0",
        "kind=purple",
        "page=²",
    ],
)
def test_a_list_asked_for_what_is_not_there_says_so(ada: Browser, query: str) -> None:
    answer = ada.get(f"{LIST}?{query}")
    assert answer.status_code == 422
    assert "Please check your input" in answer.text
    assert "Traceback" not in answer.text


def test_a_script_gets_the_card_only(ada: Browser, seed: Any) -> None:
    seed([{"name": "Acme"}])
    page = ada.get(LIST, headers=SCRIPT).text
    assert page.lstrip().startswith('<div class="gx-card" id="list-card"')
    assert "<html" not in page


def test_an_empty_list_says_what_to_do_next(ada: Browser, client: MakeBrowser) -> None:
    page = ada.get(LIST).text
    assert "No customers yet" in page
    assert f'href="{LIST}/new"' in page
    assert "Nothing matches these conditions" in ada.get(f"{LIST}?q=x").text
    assert f"{LIST}/new" not in client("analyst").get(LIST).text


def test_a_page_of_80_rows_is_small_and_takes_few_statements_however_many_rows(
    ada: Browser, seed: Any, statements: Statements
) -> None:
    rows = [
        {
            "name": f"上海第{n}钢铁有限公司",
            "city": "上海",
            "industry": "Steel",
            "phone": f"138001{n:05}",
            "kind": "active",
            "level": "A",
            "owner": ada.actor.user_id,
        }
        for n in range(200)
    ]
    counts = []
    for part in (rows[:3], rows[3:]):
        seed(part)
        with statements() as sent:
            answer = ada.get(f"{LIST}?sort=-created_at")
        counts.append(len(sent))
        assert len(sent) <= 8, "\n".join(sent)
    assert counts[0] + 1 >= counts[1], counts
    answer = ada.get(f"{LIST}?sort=-created_at")
    assert len(titles(answer.text)) == 80
    weight = len(gzip.compress(answer.data, 6))
    assert weight <= 60_000, weight


def test_a_list_is_exported_as_it_is_filtered_and_whole(ada: Browser, seed: Any, client: MakeBrowser) -> None:
    seed([{"name": f"n{n:04}", "kind": "active"} for n in range(4500)] + [{"name": "other", "kind": "lost"}])
    page = ada.get(f"{LIST}?kind=active&sort=-name").text
    offered = re.search(rf'data-dialog="({LIST}/export/new[^"]*)"', page)
    assert offered is not None
    dialog = ada.get(unescape(offered[1])).text
    assert "4,500 records" in dialog
    action = re.search(rf'action="({LIST}/export[^"]*)"', dialog)
    assert action is not None
    answer = ada.get(f"{unescape(action[1])}&format=csv&labels=&names=name&names=kind&names=owner.email")
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert answer.mimetype == "text/csv"
    assert re.search(r'filename="Customers [-0-9]{10}.csv"', answer.headers["Content-Disposition"])
    assert len(lines) == 4501
    assert lines[0] == "name,kind,owner.email"
    assert lines[1].startswith("n4499,active")
    for refused in ("colour=red", "sort=colour", "format=xml", "labels=de", "names=colour"):
        assert ada.get(f"{LIST}/export?{refused}").status_code == 422
    marketer = client("marketer")
    assert f"{LIST}/export" not in marketer.get(LIST).text
    assert marketer.get(f"{LIST}/export").status_code == 403
    assert marketer.get(f"{LIST}/export/new").status_code == 403
    assert marketer.post(f"{LIST}/export").status_code == 403


# Look-ups


def test_a_look_up_answers_by_what_is_typed_or_by_number(ada: Browser, seed: Any) -> None:
    [acme, _other] = seed([{"name": "Acme", "city": "上海"}, {"name": "Other"}])
    [item] = decoded(ada.get(f"{LIST}/lookup?q=acm"))["items"]
    assert (item["id"], item["label"]) == (acme, "Acme")
    assert decoded(ada.get(f"{LIST}/lookup?id={acme}")) == {"items": [{"id": acme, "label": "Acme"}]}
    for wrong in ("²", "9" * 30, "x", "-1", "0"):
        assert decoded(ada.get(f"{LIST}/lookup?id={wrong}")) == {"items": []}


def test_suggestions_are_of_fields_that_grow_by_use_only(ada: Browser, seed: Any) -> None:
    seed([{"name": "Acme", "city": "上海", "phone": "13800138000"}])
    assert [each["label"] for each in decoded(ada.get(f"{LIST}/suggest/city?q=上"))["items"]] == ["上海"]
    for name in ("phone", "name", "parent.phone", "owner.email", "colour"):
        assert ada.get(f"{LIST}/suggest/{name}").status_code == 422


def test_the_palette_finds_records_of_every_kind(ada: Browser, seed: Any) -> None:
    [acme] = seed([{"name": "Acme"}])
    groups = decoded(ada.get("/palette?q=acme"))["groups"]
    assert groups[0]["title"] == "Customers"
    assert groups[0]["items"][0]["url"] == f"{LIST}/{acme}"
    assert decoded(ada.get("/palette?q=-"))["groups"] == []
    assert ada.get("/palette?q=%00").status_code == 200


# Records


def test_a_record_shows_what_is_filled_in_and_what_happened(
    ada: Browser, seed: Any, statements: Statements
) -> None:
    [group] = seed([{"name": "Group"}])
    lines = [{"number": f"138001380{n:02}", "note": f"desk {n}"} for n in range(20)]
    small, large = seed(
        [
            {"name": "Small", "parent": group},
            {
                "name": "Large",
                "parent": group,
                "phone": "+44 20 7946 0958",
                "email": "a@b.cn",
                "phones": lines,
            },
        ]
    )
    for _each in range(10):
        ada.post(f"{LIST}/{large}/notes", {"body": "hello"})
    counts = []
    for number in (small, large):
        with statements() as sent:
            answer = ada.get(f"{LIST}/{number}")
        assert answer.status_code == 200
        counts.append(len(sent))
        assert len(sent) <= 15, "\n".join(sent)
    assert counts[1] <= counts[0] + 1, counts
    answer = ada.get(f"{LIST}/{large}")
    said = text(answer.text)
    for words in ("Large", "Group", "+44 20 7946 0958", "a@b.cn", "138 0013 8019", "desk 19", "hello", "Ada"):
        assert words in said, words
    assert f'href="{LIST}/{group}"' in answer.text


def test_a_record_that_is_not_there_and_one_out_of_reach_answer_alike(
    ada: Browser, client: MakeBrowser, seed: Any
) -> None:
    [number] = seed([{"name": "Secret"}])
    ann = client("account_manager")

    def said(answer: Any) -> str:
        assert answer.status_code == 404
        return text(re.sub(r"<code>\w+</code>", "", answer.text))

    for path in ("", "/edit", "/timeline", "/archive"):
        gone = said(ann.get(f"{LIST}/{10**12}{path}"))
        assert said(ann.get(f"{LIST}/{number}{path}")) == gone
        assert "Secret" not in gone
    assert ann.get(f"{LIST}/{'9' * 40}").status_code == 404
    for path in ("/archive", "/restore", "/edit", "/notes", "/attachments"):
        assert ann.post(f"{LIST}/{number}{path}", {"body": "x", "name": "Taken"}).status_code == 404


def test_who_may_not_change_a_record_is_offered_no_way_to(
    client: MakeBrowser, seed: Any, stored: Any
) -> None:
    [number] = seed([{"name": "Acme"}])
    analyst = client("analyst")
    page = analyst.get(f"{LIST}/{number}").text
    assert f"{LIST}/{number}/edit" not in page
    assert f"{LIST}/{number}/archive" not in page
    for answer in (
        analyst.get(f"{LIST}/new"),
        analyst.get(f"{LIST}/{number}/edit"),
        analyst.post(f"{LIST}/new", {"name": "X"}),
        analyst.post(f"{LIST}/{number}/edit", {"name": "X"}),
        analyst.post(f"{LIST}/{number}/archive"),
    ):
        assert answer.status_code == 403
    assert stored(number)["name"] == "Acme"


# Forms


def test_a_form_creates_a_record_with_its_lines(ada: Browser, stored: Any, statements: Statements) -> None:
    with statements() as sent:
        page = ada.get(f"{LIST}/new?name=Acme%20%26%20Co").text
    assert len(sent) <= 12, "\n".join(sent)
    assert values(page)["name"] == "Acme & Co"
    answer = ada.post(
        f"{LIST}/new",
        {
            "name": "Acme",
            "type": "organisation",
            "kind": "active",
            "tags": ["", "vip", "新"],
            "employees": "12",
            "phones.0.number": "13800138000",
            "phones.0.label": "mobile",
            "phones.0.id": "",
            "phones.2.number": "",
            "phones.2.label": "work",
            "phones.2.note": "",
            "phones.7.number": "010-65529988",
            "phones.7.label": "fax",
            "addresses.0.city": "上海",
        },
    )
    assert answer.status_code == 303
    record = stored(int(answer.headers["Location"].rpartition("/")[2]))
    assert (record["name"], record["tags"], record["employees"]) == ("Acme", ["vip", "新"], 12)
    assert record["owner"]["id"] == ada.actor.user_id
    assert [line["number"] for line in record["phones"]] == ["+8613800138000", "+861065529988"]
    assert record["addresses"][0]["city"] == "上海"
    shown = ada.get(answer.headers["Location"]).text
    assert "Customer created." in shown
    assert "Customer created." not in ada.get(answer.headers["Location"]).text


def test_a_refused_form_keeps_everything_that_was_typed(ada: Browser, seed: Any, stored: Any) -> None:
    [group] = seed([{"name": "The Group"}])
    typed = {
        "name": "",
        "city": 'Up "town" <x>',
        "employees": "many",
        "parent": str(group),
        "owner": "²",
        "description": "line one\nline <two>",
        "tags": ["", "vip"],
        "phones.0.number": "nonsense",
        "phones.0.label": "fax",
        "phones.0.note": "front desk",
        "phones.4.number": "13800138000",
    }
    answer = ada.post(f"{LIST}/new", typed)
    assert answer.status_code == 422
    kept = values(answer.text)
    assert (kept["city"], kept["employees"]) == ('Up "town" <x>', "many")
    assert kept["description"] == "line one\nline <two>"
    assert (kept["phones.0.number"], kept["phones.0.note"]) == ("nonsense", "front desk")
    assert kept["phones.1.number"] == "13800138000"
    assert kept["parent"] == str(group)
    assert 'value="The Group"' in answer.text
    said = text(answer.text)
    for words in (
        "This is needed.",
        "“many” is no whole number.",
        "“nonsense” is no telephone number.",
    ):
        assert words in said, words
    assert ada.get(f"{LIST}?q=town").text.count("gx-t1") == 0


def test_a_form_changes_a_record_and_its_lines(
    ada: Browser, seed: Any, stored: Any, statements: Statements
) -> None:
    [number] = seed([{"name": "Acme", "phones": [{"number": "13800138001"}, {"number": "13800138002"}]}])
    with statements() as sent:
        page = ada.get(f"{LIST}/{number}/edit").text
    assert len(sent) <= 12, "\n".join(sent)
    kept = values(page)
    assert (kept["name"], kept["version"], kept["phones.0.number"]) == ("Acme", "1", "138 0013 8001")
    typed = {
        "version": "1",
        "name": "Acme Ltd",
        "phones.1.id": kept["phones.1.id"],
        "phones.1.number": "13800138009",
        "phones.1.label": "fax",
    }
    answer = ada.post(f"{LIST}/{number}/edit", typed)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}/{number}")
    record = stored(number)
    assert record["name"] == "Acme Ltd"
    assert [(line["number"], line["label"]) for line in record["phones"]] == [("+8613800138009", "fax")]


def test_saving_a_form_unchanged_tells_no_history(ada: Browser, seed: Any, stored: Any) -> None:
    [number] = seed(
        [
            {
                "name": "Acme",
                "city": "上海",
                "phone": "+442079460958",
                "phones": [{"number": "010-65529988转12", "note": "x"}],
            }
        ]
    )
    page = ada.get(f"{LIST}/{number}/edit").text
    typed: dict[str, Any] = {name: value for name, value in values(page).items() if "__i__" not in name}
    for name, body in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', page, flags=re.DOTALL):
        chosen = re.search(r'value="([^"]*)"[^>]* selected', body)
        typed[name] = chosen[1] if chosen else ""
    typed = {name: value for name, value in typed.items() if "__i__" not in name}
    assert ada.post(f"{LIST}/{number}/edit", typed).status_code == 303
    assert stored(number)["version"] == 1
    assert stored(number)["phones"][0]["note"] == "x"


def test_of_two_people_the_second_sees_both_versions_and_loses_nothing(
    ada: Browser, client: MakeBrowser, seed: Any, stored: Any
) -> None:
    [number] = seed([{"name": "Acme", "city": "上海", "kind": "potential"}])
    ben = client("administrator", name="Ben")
    assert (
        ben.post(f"{LIST}/{number}/edit", {"version": "1", "city": "北京", "kind": "active"}).status_code
        == 303
    )
    mine = {"version": "1", "name": "Acme", "city": "南京", "kind": "lost", "description": "my\nnotes"}
    answer = ada.post(f"{LIST}/{number}/edit", mine)
    assert answer.status_code == 412
    assert stored(number)["city"] == "北京"
    said, kept = text(answer.text), values(answer.text)
    for words in ("Somebody else has changed this record", "北京", "南京", "Active", "Lost"):
        assert words in said, words
    assert (kept["city"], kept["description"], kept["version"]) == ("南京", "my\nnotes", "2")
    assert ada.post(f"{LIST}/{number}/edit", mine | {"version": kept["version"]}).status_code == 303
    assert (stored(number)["city"], stored(number)["kind"]) == ("南京", "lost")


def test_who_hands_a_record_over_is_led_back_to_the_list(
    client: MakeBrowser, seed: Any, ada: Browser
) -> None:
    ann = client("account_manager", name="Ann")
    [number] = seed([{"name": "Acme", "owner": ann.actor.user_id}])
    answer = ann.post(f"{LIST}/{number}/edit", {"version": "1", "owner": str(ada.actor.user_id)})
    assert (answer.status_code, answer.headers["Location"]) == (303, LIST)
    assert "Saved." in ann.get(LIST).text


@pytest.mark.parametrize("version", ["x", "²", "9" * 400, "-1", ""])
def test_a_version_that_is_none_is_no_reason_to_fail(ada: Browser, seed: Any, version: str) -> None:
    [number] = seed([{"name": "Acme"}])
    assert ada.post(f"{LIST}/{number}/edit", {"version": version, "name": "B"}).status_code in (303, 412)


def test_a_posted_form_without_its_token_changes_nothing(ada: Browser, seed: Any, stored: Any) -> None:
    [number] = seed([{"name": "Acme"}])
    for token in ("", "x", ada.csrf[:-1]):
        assert ada.post(f"{LIST}/{number}/edit", {"csrf_token": token, "name": "Forged"}).status_code == 403
    assert stored(number)["name"] == "Acme"


def test_a_short_form_creates_what_a_look_up_then_holds(ada: Browser, stored: Any) -> None:
    page = ada.get(f"{LIST}/quick?name=%E6%96%B0%E5%AE%A2%E6%88%B7", headers=SCRIPT).text
    assert values(page)["name"] == "新客户"
    assert "<html" not in page
    refused = ada.post(f"{LIST}/quick", {"name": "", "phone": "nonsense"}, headers=SCRIPT)
    assert refused.status_code == 422
    assert values(refused.text)["phone"] == "nonsense"
    answer = ada.post(f"{LIST}/quick", {"name": "新客户", "city": "上海"}, headers=SCRIPT)
    assert (answer.status_code, decoded(answer)["label"]) == (201, "新客户")
    assert stored(decoded(answer)["id"])["city"] == "上海"


# Archiving


def test_archiving_asks_for_a_reason_and_can_be_undone(ada: Browser, seed: Any, stored: Any) -> None:
    [number] = seed([{"name": "Acme"}])
    url = f"{LIST}/{number}"
    dialog = ada.get(f"{url}/archive", headers=SCRIPT).text
    assert "Archive this customer?" in dialog
    refused = ada.post(f"{url}/archive", {"reason": "x" * 301}, headers=SCRIPT)
    assert refused.status_code == 422
    assert values(refused.text)["reason"] == "x" * 301
    assert "At most 300 characters fit here." in text(refused.text)
    answer = ada.post(f"{url}/archive", {"reason": "moved away"}, headers=SCRIPT)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, url)
    page = ada.get(url).text
    assert "moved away" in page
    assert "Customer archived." in page
    assert f'"{url}/restore"' in page
    assert stored(number)["archived_at"] is not None
    assert ada.post(f"{url}/restore").status_code == 303
    assert stored(number)["archived_at"] is None
    assert "Customer restored." in ada.get(url).text


# Notes and files


def test_a_note_is_added_and_taken_back_within_the_page(ada: Browser, seed: Any) -> None:
    [number] = seed([{"name": "Acme"}])
    url = f"{LIST}/{number}"
    answer = ada.post(f"{url}/notes", {"body": "first\r\n<i>second</i>"}, headers=SCRIPT)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "first<br>&lt;i&gt;second&lt;/i&gt;" in answer.text
    for body in (" ", "a\x00b", "x" * 20_001):
        refused = ada.post(f"{url}/notes", {"body": body}, headers=SCRIPT)
        assert refused.status_code == 422
        assert 'id="timeline"' in refused.text
        assert 'role="alert"' in refused.text
        assert body.strip()[:50].replace("\x00", "") in refused.text.replace("\ufffd", "").replace("\x00", "")
    delete = re.search(rf'hx-post="({url}/timeline/\d+/delete)"', answer.text)
    assert delete is not None
    assert "second" not in ada.post(delete[1], headers=SCRIPT).text


def test_a_file_is_added_and_sent_as_a_download_only(ada: Browser, seed: Any) -> None:
    [number] = seed([{"name": "Acme"}])
    url = f"{LIST}/{number}"
    page = b"<script>alert(1)</script>"
    files = [(io.BytesIO(page), "报价 单.html"), (io.BytesIO(b"two"), "../two.txt")]
    answer = ada.post(f"{url}/attachments", {"file": files}, headers=SCRIPT)
    assert answer.status_code == 200, answer.text
    said = text(answer.text)
    assert "two.txt" in said
    assert "../" not in said
    hrefs = re.findall(rf'href="({url}/attachments/\d+)"', answer.text)
    bodies = {}
    for href in hrefs:
        sent = ada.get(href)
        bodies[sent.data] = sent
        sent.close()
        assert sent.headers["Content-Disposition"].startswith("attachment")
        assert sent.mimetype == "application/octet-stream"
        assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert set(bodies) == {page, b"two"}
    assert ada.get(hrefs[0].replace(f"/{number}/", "/999999/")).status_code == 404


def test_a_file_over_the_limit_is_refused_with_a_sentence(
    ada: Browser, seed: Any, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MAX_ATTACHMENT", 2048)
    [number] = seed([{"name": "Acme"}])
    large = io.BytesIO(b"x" * 2049)
    answer = ada.post(f"{LIST}/{number}/attachments", {"file": (large, "big.bin")}, headers=SCRIPT)
    assert answer.status_code == 413
    assert decoded(answer)["detail"] == "This is too large; at most 2 kB are allowed."
    assert [path for path in Path(config.data / "files").rglob("tmp*") if path.is_file()] == []
    assert "big.bin" not in ada.get(f"{LIST}/{number}").text


def test_the_history_is_read_by_segments_and_further_back(
    ada: Browser, seed: Any, committed: Committed, kernel: Kernel
) -> None:
    [number] = seed([{"name": "Acme"}])
    session: Session
    with committed() as session:
        for each in range(timeline.PAGE + 1):
            timeline.add_note(
                Gateway(session, OPERATOR), kernel.resources["customer.customer"], number, f"n{each}."
            )
    url = f"{LIST}/{number}/timeline"
    first = ada.get(url, headers=SCRIPT).text
    assert "n30." in first
    assert "n0." not in first
    more = re.search(r'hx-get="([^"]*before=\d+)"', first)
    assert more is not None
    assert "n0." in ada.get(unescape(more[1]), headers=SCRIPT).text
    assert "Created" not in ada.get(f"{url}?segment=notes", headers=SCRIPT).text
    for query in ("before=x", "before=²", "before=" + "9" * 40, "segment=nonsense"):
        assert ada.get(f"{url}?{query}", headers=SCRIPT).status_code == 200
