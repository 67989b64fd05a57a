"""A file becomes records in the browser: dropped, matched, checked, imported, looked at, taken back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from core.testing.jobs import RunJobs
from tests.journeys.conftest import Open, Seed, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BEGIN = "/customer/customers/import"
DATA = Path(__file__).parents[3] / "shared" / "data"
#: A table as a Chinese company keeps it, in GB18030; nobody's.
MADE_UP = (
    "客户名称,手机,所属行业,员工人数（人）,成立日期,上级公司,客户状态,备注\r\n"
    "杭州云杉软件有限公司,13800138000,软件,1.5万,2001-02-03,,潜在,重点\r\n"
    "宁波白杨贸易有限公司,139 0013 9000,贸易,200人,2003年4月5日,杭州云杉软件有限公司,成交,\r\n"
    "绍兴香樟制造有限公司,1.38E+10,制造,many,2010/1/1,,流失,\r\n"
).encode("gb18030")
REAL = {
    "accounts": (DATA / "pipeline" / "accounts.csv", 85, 6),
    "telco": (DATA / "telco" / "telco_customers.csv", 7043, 1),
    "surnames": (DATA / "names_gb18030.txt", 1017, 1),
}


def choose(page: Page, name: str, content: bytes) -> None:
    page.locator("#import-file").set_input_files(FilePayload(name=name, mimeType="text/csv", buffer=content))
    page.wait_for_url(re.compile(r"/imports/\d+\?step=file"))


def go_on(page: Page) -> None:
    page.get_by_role("link", name="Go on to the columns").click()
    expect(page.get_by_role("heading", name="Where the columns go")).to_be_visible()


def take(page: Page, field: Locator, typed: str, label: str) -> None:
    """Choose a field by typing part of its name and pressing Enter on the first that is found."""
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(typed)
    expect(page.locator(".gx-option").first).to_have_text(re.compile(f"^{label}"))
    page.keyboard.press("Enter")
    expect(field).to_have_value(label)


def settle(page: Page, run_jobs: RunJobs, heading: str) -> None:
    """Let the job run that the page waits for, and see the page tell of it by itself."""
    wanted = page.get_by_role("heading", name=heading)
    expect(page.locator(".gx-run-progress").or_(wanted)).to_be_visible()
    run_jobs()
    expect(wanted).to_be_visible(timeout=20_000)


def test_a_table_in_gb18030_becomes_customers_and_is_taken_back(open_page: Open, run_jobs: RunJobs) -> None:
    page = open_page("/customer/customers")
    page.get_by_role("link", name="Import").first.click()
    expect(page.get_by_text("Drop a file here")).to_be_visible()
    assert violations(page) == []
    choose(page, "客户名单.csv", MADE_UP)
    expect(page.get_by_label("Encoding")).to_contain_text("Found out: GB18030")
    expect(page.get_by_role("cell", name="杭州云杉软件有限公司").first).to_be_visible()
    assert violations(page) == []

    go_on(page)
    assert violations(page) == []
    expect(page.locator("[data-map-count]")).to_have_text("7 of 8 columns are imported")
    status = page.get_by_role("group", name="客户状态")
    expect(status).to_contain_text("1 value is not known")
    expect(status.get_by_label("潜在")).to_have_value("potential")
    status.get_by_label("成交").select_option("active")
    page.get_by_role("button", name="Put the rest into a note").click()
    founded = page.get_by_role("group", name="成立日期")
    expect(founded.get_by_label("Called in the note")).to_have_value("成立日期")
    expect(page.locator("[data-map-count]")).to_have_text("8 of 8 columns are imported")

    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="Nothing has been written yet")).to_be_visible()
    expect(page.locator(".gx-problems")).to_contain_text("its digits are lost")
    expect(page.locator(".gx-import-figures")).to_contain_text("2")
    assert violations(page) == []
    page.get_by_role("button", name="Import 2 rows").click()
    page.get_by_role("button", name="Cancel").focus()
    settle(page, run_jobs, "The import is done")
    expect(page.get_by_role("heading", name="The import is done")).to_be_focused()
    expect(page.locator(".gx-step-here")).to_contain_text("Result")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the bad rows").click()
    assert "绍兴香樟制造有限公司" in Path(download.value.path()).read_text("utf-8-sig")

    page.get_by_role("link", name="Show the records").click()
    expect(page.get_by_role("link", name=re.compile("杭州云杉软件有限公司"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("宁波白杨贸易有限公司"))).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Undo this import").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 records it made are deleted for good.")
    dialog.get_by_role("button", name="Undo the import").click()
    settle(page, run_jobs, "The import was taken back")
    page.goto("/customer/customers")
    expect(page.get_by_text("No customers yet")).to_be_visible()


def test_columns_are_matched_by_keyboard_alone(open_page: Open, seed: Seed) -> None:
    seed([{"name": "Group"}])
    page = open_page(BEGIN)
    choose(page, "a.csv", b"name,what,whose\nAcme,Oslo,Group\nBolt,Rome,Nobody\n")
    go_on(page)
    field = page.get_by_role("combobox", name="Field for “what”")
    take(page, field, "city", "City")
    whose = page.get_by_role("combobox", name="Field for “whose”")
    take(page, whose, "name", "Name")
    expect(page.get_by_role("group", name="whose")).to_contain_text("“name” goes to this field already.")
    take(page, whose, "parent", "Parent customer")
    expect(page.get_by_role("group", name="whose")).to_contain_text(
        "1 of 2 different names are records already."
    )
    expect(page.locator(".gx-map-taken")).to_have_count(0)
    page.get_by_label("Recognise them by").select_option("")
    expect(page.get_by_role("radio", name="Change and make")).to_be_disabled()
    expect(page.get_by_role("radio", name="All are new")).to_be_checked()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("heading", name="Import customers")).to_be_visible()
    page.get_by_role("link", name="Match the columns").click()
    expect(page.get_by_role("combobox", name="Field for “what”")).to_have_value("City")


def test_another_encoding_is_seen_at_once_and_wrong_files_are_told(open_page: Open) -> None:
    page = open_page(BEGIN)
    page.locator("#import-file").set_input_files(
        FilePayload(name="a.png", mimeType="image/png", buffer=b"\x89PNG\r\n\x1a\n\x00")
    )
    expect(page.get_by_role("alert")).to_contain_text("it is a picture")
    choose(page, "a.csv", "公司名稱,電話\n碁峰資訊,02-27881888\n".encode("cp950"))
    page.get_by_label("Encoding").select_option("big5")
    expect(page.get_by_role("cell", name="碁峰資訊")).to_be_visible()
    page.reload()
    expect(page.get_by_role("cell", name="碁峰資訊")).to_be_visible()


def test_what_cannot_be_imported_leads_on(open_page: Open, run_jobs: RunJobs) -> None:
    page = open_page(BEGIN)
    choose(page, "a.csv", b"")
    expect(page.get_by_role("alert")).to_contain_text("it is empty")
    assert violations(page) == []
    page.get_by_role("button", name="Choose another file").click()
    expect(page.get_by_text("Drop a file here")).to_be_visible()
    expect(page.get_by_text("a.csv")).to_have_count(0)

    choose(page, "b.csv", b"name,kind\n")
    go_on(page)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("There are no rows below the names of the columns.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Import"))).to_have_count(0)

    page.goto(BEGIN)
    choose(page, "c.csv", b"name,kind\nAcme,purple\nBolt,brown\n")
    go_on(page)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("No row can be imported like this.")).to_be_visible()
    expect(page.locator(".gx-problems")).to_contain_text("“purple” is not one of: Potential, Active, Lost.")
    expect(page.locator(".gx-problems")).to_contain_text("Also: “brown”")
    page.get_by_role("link", name="Change the columns").click()
    page.get_by_role("group", name="kind").get_by_label("purple").select_option("lost")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Import 1 row").click()
    settle(page, run_jobs, "The import is done")
    expect(page.locator(".gx-problems")).to_contain_text("“brown” is not one of")


def test_the_rest_goes_into_a_note_with_one_click_and_what_is_chosen_stays(open_page: Open) -> None:
    page = open_page(BEGIN)
    choose(page, "a.csv", b"name,mood,shoes\nAcme,good,44\n")
    go_on(page)
    rest = page.get_by_role("button", name="Put the rest into a note")
    rest.click()
    expect(rest).to_be_disabled()
    mood = page.get_by_role("combobox", name="Field for \u201cmood\u201d")
    expect(mood).to_have_value("Into a note")
    # Looking into the choices and pressing Enter changes nothing.
    mood.click()
    page.locator(".gx-option").first.wait_for()
    page.keyboard.press("Enter")
    expect(mood).to_have_value("Into a note")
    name = page.get_by_role("combobox", name="Field for \u201cname\u201d")
    name.click()
    expect(page.locator(".gx-option[aria-selected='true']")).to_have_text(re.compile("^Name"))
    page.keyboard.press("Enter")
    expect(name).to_have_value("Name")
    mood.focus()
    page.keyboard.press("Tab")
    expect(mood).to_have_value("Into a note")
    page.get_by_role("group", name="mood").get_by_role("button", name="Leave out").click()
    expect(rest).to_be_enabled()


@pytest.mark.parametrize("width", [390, 1440])
def test_no_step_is_wider_than_the_window(open_page: Open, width: int) -> None:
    page = open_page(BEGIN, lang="zh", width=width, theme="dark")
    choose(page, "a.csv", MADE_UP)
    for step in ("file", "columns"):
        page.goto(re.sub(r"\?.*", f"?step={step}", page.url))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []
    page.get_by_role("button", name="检查文件").click()
    expect(page.get_by_role("heading", name="尚未写入任何数据")).to_be_visible()
    for cell in page.locator(".gx-problems tbody tr").first.locator("td").all():
        assert cell.evaluate("(cell) => cell.scrollWidth <= cell.clientWidth && cell.clientWidth > 20")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason="the sample data is not part of the repository")
@pytest.mark.parametrize("name", list(REAL))
def test_real_files_come_in_without_help_and_a_second_time_change_nothing(
    open_page: Open, run_jobs: RunJobs, name: str
) -> None:
    file, rows, used = REAL[name]
    page = open_page(BEGIN)

    def bring(button: str | re.Pattern[str]) -> Any:
        page.locator("#import-file").set_input_files(file)
        page.wait_for_url(re.compile(r"/imports/\d+\?step=file"))
        go_on(page)
        expect(page.locator("[data-map-count]")).to_contain_text(f"{used} of ")
        page.get_by_role("button", name="Check the file").click()
        page.wait_for_url(re.compile(r"/imports/\d+$"))
        settle(page, run_jobs, "Nothing has been written yet")
        page.get_by_role("button", name=button).click()
        settle(page, run_jobs, "The import is done")
        return page.locator(".gx-import-figures").inner_text().split("\n")

    figures = bring(f"Import {rows:,} rows")
    assert figures[figures.index("made") - 1] == f"{rows:,}"
    page.get_by_role("link", name="Import another file").click()
    figures = bring(f"Import {rows:,} rows")
    assert figures[figures.index("unchanged") - 1] == f"{rows:,}"
    assert figures[figures.index("made") - 1] == "0"
