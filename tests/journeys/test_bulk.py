"""Many records at once, and records as a file: by mouse, by keyboard, and without barriers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.testing.jobs import RunJobs
from core.web.pages import bulk as bulk_pages
from core.web.pages import exports as export_pages
from tests.journeys.conftest import Open, Seed, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LIST = "/customer/customers"
NAMES = ("Acme", "Birch", "Cedar", "Dogwood", "Elm")


@pytest.fixture
def five(seed: Seed) -> list[int]:
    return seed([{"name": name, "city": "Oslo", "level": "C"} for name in NAMES])


def box(page: Page, name: str) -> None:
    """Click the box before a row."""
    page.get_by_role("checkbox", name=f"Pick “{name}”").click()


def cells(page: Page, place: int) -> list[str]:
    return page.locator(f".gx-rows tbody td:nth-child({place})").all_inner_texts()


def test_rows_are_picked_edited_and_taken_back_by_mouse(open_page: Open, five: list[int]) -> None:
    page = open_page(f"{LIST}?sort=name&columns=name,city,tags")
    bar = page.get_by_role("toolbar", name="Picked records")
    expect(bar).to_be_hidden()
    box(page, "Birch")
    page.get_by_role("checkbox", name="Pick “Dogwood”").click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 picked")
    box(page, "Cedar")
    expect(bar).to_contain_text("2 picked")
    bar.get_by_role("button", name="Edit fields").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Field to change").select_option("city")
    dialog.get_by_label("City", exact=True).fill("Bergen")
    dialog.get_by_label("Field to change").select_option("tags")
    dialog.get_by_label("Tags", exact=True).fill("vip")
    dialog.get_by_label("Tags", exact=True).press("Enter")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog).to_contain_text("2 will change")
    expect(dialog.get_by_role("row", name=re.compile("Birch.*Oslo.*Bergen"))).to_be_visible()
    dialog.get_by_role("button", name="Back").click()
    expect(dialog.get_by_label("City", exact=True)).to_have_value("Bergen")
    dialog.get_by_role("button", name="Preview").click()
    dialog.get_by_role("button", name="Change 2 records").click()
    expect(page.locator(".gx-toast")).to_contain_text("2 records changed.")
    expect(dialog).to_have_count(0)
    expect(bar).to_be_hidden()
    assert cells(page, 2) == ["Oslo", "Bergen", "Oslo", "Bergen", "Oslo"]
    page.locator(".gx-toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".gx-toast")).to_contain_text("2 records are as they were.")
    assert cells(page, 2) == ["Oslo"] * 5
    expect(page).to_have_url(re.compile("columns=name"))


def test_rows_are_picked_edited_and_archived_by_keyboard(open_page: Open, five: list[int]) -> None:
    page = open_page(f"{LIST}?sort=name&columns=name,city")
    bar = page.get_by_role("toolbar", name="Picked records")
    expect(page.locator(".gx-pick").first).to_be_attached()
    for key in ("j", "x", "j", "j", "Shift+X", "b", "Enter"):
        page.keyboard.press(key)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Edit 3 records")
    expect(dialog.get_by_label("Field to change")).to_be_focused()
    page.keyboard.type("Cit")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("City", exact=True)).to_be_focused()
    page.keyboard.type("Bergen")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Change 3 records")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator(".gx-rows tbody td:nth-child(2)").nth(2)).to_have_text("Bergen")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text("1 picked")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_all_that_match_are_changed_in_the_background(
    open_page: Open, five: list[int], run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_pages, "MAX_AT_ONCE", 3)
    page = open_page(f"{LIST}?sort=name&columns=name,city&per_page=2")
    page.get_by_role("checkbox", name="Pick all on this page").click()
    bar = page.get_by_role("toolbar", name="Picked records")
    expect(bar).to_contain_text("2 picked")
    bar.get_by_role("button", name="All 5 that match").click()
    expect(bar).to_contain_text("5 picked")
    bar.get_by_role("button", name="Archive").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("closed")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog).to_contain_text("The first 3 were looked at")
    dialog.get_by_role("button", name=re.compile("Archive.*5 records")).click()
    expect(dialog).to_contain_text("Waits for its turn")
    assert [ran.state for ran in run_jobs()] == ["done"]
    expect(dialog).to_contain_text("5 archived")
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.locator(".gx-rows .gx-t1")).to_have_count(0)


def test_a_list_becomes_a_file_by_keyboard(open_page: Open, five: list[int], tmp_path: Path) -> None:
    page = open_page(f"{LIST}?sort=-name&columns=name,city")
    page.get_by_role("button", name="Export").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("5 records")
    expect(dialog).to_contain_text("2 chosen")
    dialog.get_by_role("button", name="Move City").focus()
    page.keyboard.press("ArrowUp")
    dialog.get_by_text("Owner: further fields").focus()
    page.keyboard.press("Enter")
    dialog.get_by_role("checkbox", name="Owner.Email").focus()
    page.keyboard.press("Space")
    expect(dialog).to_contain_text("3 chosen")
    dialog.get_by_label("Headers and choices").select_option("")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    path = tmp_path / "file.csv"
    download.value.save_as(path)
    assert re.fullmatch(r"Customers [-0-9]{10}\.csv", download.value.suggested_filename)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert lines[:2] == ["city,name,owner.email", "Oslo,Elm,"]
    assert len(lines) == 6
    expect(dialog).to_have_count(0)


def test_picked_rows_become_a_file_of_a_job(
    open_page: Open, five: list[int], run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(export_pages, "AT_ONCE", 1)
    page = open_page(f"{LIST}?sort=name&columns=name")
    box(page, "Acme")
    box(page, "Elm")
    page.get_by_role("toolbar", name="Picked records").get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 records")
    dialog.get_by_role("radio", name="JSON lines").check(force=True)
    dialog.get_by_role("button", name="Export").click()
    expect(dialog).to_contain_text("Waits for its turn")
    assert [ran.state for ran in run_jobs()] == ["done"]
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Download").click()
    path = tmp_path / "file.jsonl"
    download.value.save_as(path)
    assert path.read_text().splitlines() == ['{"name":"Acme"}', '{"name":"Elm"}']
    dialog.get_by_role("button", name="Go on working").click()
    page.goto("/settings/exports")
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    page.get_by_role("button", name=re.compile("Delete")).click()
    expect(page.get_by_text("No files yet")).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_picking_and_exporting_have_no_barriers(
    open_page: Open, five: list[int], theme: str, width: int
) -> None:
    page = open_page(f"{LIST}?sort=name&columns=name,city", theme=theme, width=width)
    if width < 641:
        row = page.locator(".gx-rows tbody tr").first
        row.dispatch_event("pointerdown", {"bubbles": True})
        expect(page.get_by_role("toolbar", name="Picked records")).to_be_visible()
        page.locator("h1").click()
    else:
        page.get_by_role("checkbox", name="Pick all on this page").click()
    assert violations(page) == []
    page.get_by_role("toolbar", name="Picked records").get_by_role("button", name="Edit fields").click()
    dialog = page.get_by_role("dialog")
    for name in ("parent", "tags", "kind", "description"):
        dialog.get_by_label("Field to change").select_option(name)
    assert violations(page) == []
    for name in ("Parent customer", "Tags", "Description"):
        dialog.get_by_role("button", name=f"Leave “{name}” as it is").click()
    dialog.locator("[name=kind]").select_option("lost")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog).to_contain_text("will change")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dialog.get_by_role("button", name="Cancel").click()
    page.goto(f"{LIST}?columns=name")
    if width > 640:
        page.get_by_role("button", name="Export").click()
        expect(page.get_by_role("dialog")).to_contain_text("Columns of the file")
        assert violations(page) == []
    page.goto("/settings/exports")
    assert violations(page) == []


def test_a_thumb_picks_rows_and_exports_them_or_all(open_page: Open, five: list[int], tmp_path: Path) -> None:
    page = open_page(f"{LIST}?sort=name", width=390)
    page.get_by_role("button", name="What to do with this view").click()
    page.get_by_role("button", name="Export", exact=True).click()
    dialog = page.get_by_role("dialog")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export", exact=True).click()
    download.value.save_as(tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text("utf-8-sig").count("\n") == 1 + len(five)

    page.locator(".gx-rows tbody tr").first.dispatch_event("pointerdown", {"bubbles": True})
    bar = page.get_by_role("toolbar", name="Picked records")
    expect(bar).to_be_visible()
    page.locator("h1").click()  # the click of the long press itself is swallowed
    box = page.locator(".gx-rows tbody .gx-pick input").first
    expect(box).to_be_checked()
    # Seen, not only there: what lies at its middle is the box itself.
    assert box.evaluate(
        "(box) => { const at = box.getBoundingClientRect();"
        " return document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2) === box }"
    )
    for name in ("Edit fields", "Export", "Pick nothing"):
        button = bar.get_by_role("button", name=name).bounding_box()
        assert button is not None
        assert button["x"] >= 0
        assert button["x"] + button["width"] <= 390
        assert min(button["width"], button["height"]) >= 36
    bar.get_by_role("button", name="Pick nothing").click()
    expect(bar).to_be_hidden()
