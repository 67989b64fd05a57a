"""Picking rows and exporting, page by page: what is offered, previewed, done and taken back."""

from __future__ import annotations

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
from core.web.pages import bulk as bulk_pages
from core.web.pages import exports as export_pages

LIST = "/customer/customers"
Committed = Callable[[], AbstractContextManager[Session]]
MakeBrowser = Callable[..., Browser]
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def ada(client: MakeBrowser, kernel: Kernel, committed: Committed) -> Browser:
    """A seller with three customers of her own and one of somebody else's."""
    ada = client("account_manager")
    customers = kernel.resources["customer.customer"]
    with committed() as session:
        names = [{"name": name, "city": "Oslo", "level": "C"} for name in ("Acme", "Birch", "Cedar")]
        customers.service.create(session, names, actor=ada.actor)
        customers.service.create(session, [{"name": "Foreign", "city": "Oslo"}], actor=OPERATOR)
    return ada


def _rows(committed: Committed, column: str = "city") -> list[Any]:
    with committed() as session:
        return list(session.scalars(text(f"select {column} from customer_customer order by id")))


def _kept(html: str) -> dict[str, list[str]]:
    """What the buttons of a preview post again."""
    kept: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html):
        if name != "csrf_token":
            kept.setdefault(name, []).append(unescape(value))
    return kept


def _post(browser: Browser, url: str, **data: Any) -> Any:
    return browser.post(url, data=data, headers=FRAGMENT)


EDIT = {
    "field": ["city", "tags"],
    "way.city": "set",
    "city": "Bergen",
    "way.tags": "add",
    "tags": ["", "vip"],
}


def test_a_list_offers_what_its_reader_may_do(ada: Browser, client: MakeBrowser) -> None:
    page = ada.get(LIST).text
    for action in ("update", "archive"):
        assert f'data-picks-url="{LIST}/bulk/{action}' in page
    assert f"{LIST}/bulk/delete" not in page
    assert f"{LIST}/bulk/restore" in ada.get(f"{LIST}?segment=archived").text
    for role in ("marketer", "service_engineer"):
        assert "data-picks" not in client(role).get(LIST).text


def test_fields_are_changed_after_a_preview_and_taken_back(ada: Browser, committed: Committed) -> None:
    url = f"{LIST}/bulk/update?ids=1,2,3,4,999"
    asked = ada.get(url).text
    assert "Edit 3 records" in asked  # the others are not there for her
    assert 'data-bulk-field="number"' not in asked
    shown = _post(ada, url, **EDIT)
    assert shown.status_code == 200
    assert "<b>3</b> will change" in shown.text
    assert "Foreign" not in shown.text
    assert re.search(r"Oslo</td>\s*<td class=\"gx-bulk-after\">Bergen", shown.text)
    assert _rows(committed) == ["Oslo"] * 4
    done = _post(ada, url, **_kept(shown.text), step="apply")
    assert done.status_code == 201
    assert _rows(committed) == ["Bergen", "Bergen", "Bergen", "Oslo"]
    assert _rows(committed, "tags") == [["vip"]] * 3 + [[]]
    [undo] = re.findall(r'"undo_url": "([^"]+)"', done.headers["HX-Trigger"])
    assert undo in ada.get("/settings/exports").text
    back = ada.post(undo, headers={"Referer": f"http://main.localhost{LIST}?sort=-name"})
    assert (back.status_code, back.headers["Location"]) == (303, f"{LIST}?sort=-name")
    assert _rows(committed) == ["Oslo"] * 4
    assert undo not in ada.get("/settings/exports").text


def test_a_step_back_keeps_what_was_typed(ada: Browser) -> None:
    url = f"{LIST}/bulk/update?ids=1"
    back = _post(ada, url, **EDIT, step="edit").text
    rows = back.partition("<template")[0]
    assert 'value="Bergen"' in rows
    assert "<span>vip</span>" in rows


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose at least one field."),
        ({"field": ["city"], "way.city": "set", "city": ""}, "Give a value"),
        ({"field": ["email"], "way.email": "set", "email": "nonsense"}, "is no mail address"),
        ({"field": ["name"], "way.name": "clear"}, "This is needed."),
        ({"field": ["number"], "number": "C-9"}, "Choose at least one field."),
    ],
)
@pytest.mark.parametrize("step", ["", "apply"])
def test_what_is_wrong_is_told_and_nothing_is_changed(
    ada: Browser, committed: Committed, data: dict[str, Any], sentence: str, step: str
) -> None:
    answer = _post(ada, f"{LIST}/bulk/update?ids=1,2", **data, step=step, expected="2")
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert _rows(committed, "version") == [1, 1, 1, 1]


def test_some_are_refused_and_said_why(ada: Browser, committed: Committed) -> None:
    url = f"{LIST}/bulk/update?ids=1,2,3"
    data = {"field": ["parent"], "way.parent": "set", "parent": "1"}
    shown = _post(ada, url, **data).text
    assert "<b>2</b> will change" in shown
    assert "<b>1</b> will be refused" in shown
    assert "above itself" in shown
    done = _post(ada, url, **_kept(shown), step="apply")
    assert done.status_code == 200
    assert "<b>1</b> refused" in done.text
    assert "/undo" in done.text
    assert _rows(committed, "parent_id") == [None, 1, 1, None]


def test_who_reads_but_may_not_change_is_refused(
    ada: Browser, client: MakeBrowser, committed: Committed
) -> None:
    service = client("customer_service")  # reads all customers, changes his own
    url = f"{LIST}/bulk/update?ids=1,2,3,4"
    shown = _post(service, url, **EDIT).text
    assert "<b>4</b> will be refused" in shown
    assert 'value="apply"' not in shown
    _post(service, url, **EDIT, step="apply", expected="4")
    assert client("analyst").get(url).status_code == 403
    assert client("maintainer").get(url).status_code == 404
    assert _rows(committed) == ["Oslo"] * 4
    assert _rows(committed, "version") == [1, 1, 1, 1]


def test_all_that_match_are_meant_at_the_moment_of_the_click(
    ada: Browser, kernel: Kernel, committed: Committed
) -> None:
    url = f"{LIST}/bulk/update?city=Oslo&all=1"
    shown = _post(ada, url, **EDIT).text
    with committed() as session:
        customers = kernel.resources["customer.customer"]
        customers.service.create(session, [{"name": "Late", "city": "Oslo"}], actor=ada.actor)
    again = _post(ada, url, **_kept(shown), step="apply")
    assert again.status_code == 200
    assert "Since the preview" in again.text
    assert _rows(committed) == ["Oslo"] * 5
    assert _post(ada, url, **_kept(again.text), step="apply").status_code == 201
    assert _rows(committed) == ["Bergen"] * 3 + ["Oslo", "Bergen"]


def test_records_are_archived_restored_and_deleted(
    ada: Browser, client: MakeBrowser, committed: Committed
) -> None:
    url = f"{LIST}/bulk/archive?ids=1,2"
    assert "Archive 2 records?" in ada.get(url).text
    shown = _post(ada, url, reason="gone").text
    assert _post(ada, url, **_kept(shown), step="apply").status_code == 201
    assert _rows(committed, "archived_reason") == ["gone", "gone", None, None]
    url = f"{LIST}/bulk/restore?segment=archived&all=1"
    assert "<b>2</b> will be restored" in ada.get(url).text
    assert _post(ada, url, step="apply", expected="2").status_code == 201
    assert _rows(committed, "archived_at") == [None] * 4
    assert ada.get(f"{LIST}/bulk/delete?ids=1").status_code == 403
    admin = client("administrator")
    shown = admin.get(f"{LIST}/bulk/delete?ids=1,2").text
    assert "will be deleted" in shown
    assert "cannot be taken back" in shown
    done = _post(admin, f"{LIST}/bulk/delete?ids=1,2", step="apply", expected="2")
    assert '"undo_url": ""' in done.headers["HX-Trigger"]
    assert _rows(committed, "name") == ["Cedar", "Foreign"]


def test_a_large_selection_is_changed_by_a_job(
    ada: Browser,
    client: MakeBrowser,
    committed: Committed,
    run_jobs: RunJobs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk_pages, "MAX_AT_ONCE", 2)
    url = f"{LIST}/bulk/update?all=1"
    shown = _post(ada, url, **EDIT).text
    assert "The first 2 were looked at" in shown
    begun = _post(ada, url, **_kept(shown), step="apply").text
    [watched] = re.findall(r'data-watch-url="([^"]+)"', begun)
    assert _rows(committed) == ["Oslo"] * 4
    assert client("administrator").get(watched).status_code == 404
    assert [ran.state for ran in run_jobs()] == ["done"]
    ended = ada.get(watched).text
    assert "data-watch" not in ended
    assert "<b>3</b> changed" in ended
    assert _rows(committed) == ["Bergen"] * 3 + ["Oslo"]
    [undo] = re.findall(r'formaction="(/settings/changes/\d+/undo)"', ended)
    assert client("account_manager").post(undo).status_code == 403
    assert ada.post(undo).status_code == 303
    run_jobs()
    assert _rows(committed) == ["Oslo"] * 4


def test_an_unknown_action_is_not_there(ada: Browser) -> None:
    for action in ("explode", "log_contact"):
        assert ada.get(f"{LIST}/bulk/{action}?ids=1").status_code == 404
    assert ada.get("/settings/bulk/99").status_code == 404
    assert ada.post("/settings/changes/99/undo").status_code == 404


def test_a_large_export_is_watched_and_fetched(
    ada: Browser, client: MakeBrowser, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_pages, "AT_ONCE", 2)
    assert "data-large" in ada.get(f"{LIST}/export/new").text
    begun = ada.post(f"{LIST}/export?format=csv&labels=en&names=name&names=city", headers=FRAGMENT).text
    [watched] = re.findall(r'data-watch-url="([^"]+)"', begun)
    assert "Waits for its turn" in begun
    assert ada.get(f"{watched}/file").status_code == 404
    run_jobs()
    assert f'href="{watched}/file"' in ada.get(watched).text
    other = client("administrator")
    for path in (watched, f"{watched}/file"):
        assert other.get(path).status_code == 404
    assert other.post(f"{watched}/discard").status_code == 404
    assert watched not in other.get("/settings/exports").text
    answer = ada.get(f"{watched}/file", buffered=True)
    assert answer.data.decode("utf-8-sig").split() == ["Name,City", "Acme,Oslo", "Birch,Oslo", "Cedar,Oslo"]
    assert "customers" in answer.headers["Content-Disposition"].lower()
    assert ada.post(f"{watched}/discard").status_code == 303
    assert ada.get(f"{watched}/file").status_code == 404


def test_an_export_is_cancelled(ada: Browser, run_jobs: RunJobs) -> None:
    begun = ada.post(f"{LIST}/export?names=name", headers=FRAGMENT).text
    [watched] = re.findall(r'data-watch-url="([^"]+)"', begun)
    assert "Cancelled" in ada.post(f"{watched}/cancel", headers=FRAGMENT).text
    run_jobs()
    assert ada.get(f"{watched}/file").status_code == 404


def test_nothing_is_done_without_the_token_of_the_page(ada: Browser, committed: Committed) -> None:
    url = f"{LIST}/bulk/archive?ids=1"
    answer = ada.client.post(url, base_url="http://main.localhost", data={"step": "apply", "expected": "1"})
    assert answer.status_code == 403
    assert ada.client.post(f"{LIST}/export", base_url="http://main.localhost").status_code == 403
    assert _rows(committed, "archived_at") == [None] * 4
