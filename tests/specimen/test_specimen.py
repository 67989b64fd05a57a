"""Every page of the design system: readable by all, at every width, and doing what it promises."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from core.web.assets.builder import axe_source
from tests.specimen.conftest import OpenPage

TREE = '{"and":[{"field":"city","op":"eq","value":"上海"}]}'
pytestmark = pytest.mark.browser

PAGES = ["/", "/?empty=1", f"/list?filter={TREE}", "/list?q=zzz", "/record?toast=1", "/record?archived=1",
         "/form", "/form?wrong=1", "/login?wrong=1", "/error", "/error?out=1", "/addons"]  # fmt: skip
LOOKS = [("zh", "light", 1440), ("en", "dark", 1440), ("zh", "dark", 360), ("en", "light", 390)]


def violations(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it stands."""
    page.evaluate(axe_source().read_text())
    found: list[list[str]] = page.evaluate(
        "axe.run().then((r) => r.violations.filter((v) => ['serious', 'critical'].includes(v.impact))"
        ".map((v) => [v.id, ...v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120))]))"
    )
    return [" ".join(one) for one in found]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(("lang", "theme", "width"), LOOKS)
def test_a_page_has_no_barriers_and_does_not_scroll_sideways(
    open_page: OpenPage, address: str, lang: str, theme: str, width: int
) -> None:
    page = open_page(address, lang=lang, theme=theme, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_overlays_have_no_barriers(open_page: OpenPage, theme: str) -> None:
    page = open_page("/list", theme=theme)
    page.keyboard.press("Control+k")
    expect(page.locator("dialog.gx-palette")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-filter-builder]").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    assert violations(page) == []


def test_typing_filters_the_list_and_keeps_the_focus(open_page: OpenPage) -> None:
    page = open_page("/list")
    page.keyboard.press("f")
    page.keyboard.type("东方")
    expect(page.locator(".gx-rows tbody tr")).to_have_count(12)
    expect(page.locator("#list-q")).to_be_focused()
    assert parse_qs(urlsplit(page.url).query) == {"q": ["东方"], "sort": ["name"]}


def test_a_quick_filter_applies_at_once_and_back_undoes_it(open_page: OpenPage) -> None:
    page = open_page("/list")
    page.locator("#list-filter select[name=kind]").select_option("active")
    page.wait_for_url("**kind=active**")
    page.go_back()
    expect(page.locator("#list-filter select[name=kind]")).to_have_value("")


def test_rows_are_reached_and_opened_by_keys(open_page: OpenPage) -> None:
    page = open_page("/list")
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/record?id=2")


def test_single_keys_can_be_switched_off(open_page: OpenPage) -> None:
    page = open_page("/list")
    page.keyboard.press("?")
    page.locator("dialog input[type=checkbox]").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.locator("dialog")).to_have_count(1)


def test_a_click_anywhere_on_a_row_opens_it(open_page: OpenPage) -> None:
    page = open_page("/list")
    page.locator(".gx-rows tbody tr").nth(3).locator("td").nth(3).click()
    page.wait_for_url("**/record?id=4")


def test_the_filter_builder_makes_and_reads_a_nested_tree(open_page: OpenPage) -> None:
    page = open_page("/list")
    page.locator("[data-filter-builder]").click()
    page.locator("dialog .gx-rule input").fill("东")
    page.get_by_role("button", name="添加条件组").click()
    inner = page.locator("dialog .gx-group .gx-group")
    inner.locator(".gx-rule select").nth(0).select_option("kind")
    inner.locator(".gx-rule select").nth(1).select_option("in")
    inner.get_by_label("已成交").check()
    inner.get_by_label("跟进中").check()
    inner.get_by_role("button", name="添加条件").click()
    inner.locator(".gx-rule").nth(1).locator("select").nth(0).select_option("owner")
    inner.get_by_role("combobox", name="值").click()
    page.locator(".gx-option", has_text="王雨桐").click()
    page.get_by_role("button", name="应用").click()
    page.wait_for_url("**filter=**")
    assert json.loads(parse_qs(urlsplit(page.url).query)["filter"][0]) == {
        "and": [
            {"field": "name", "op": "contains", "value": "东"},
            {
                "or": [
                    {"field": "kind", "op": "in", "value": ["active", "touch"]},
                    {"field": "owner", "op": "eq", "value": 2},
                ]
            },
        ]
    }
    page.locator("[data-filter-builder]").click()
    expect(page.locator("dialog .gx-rule")).to_have_count(3)
    expect(page.get_by_role("combobox", name="值").last).to_have_value("王雨桐")


def test_a_condition_leaves_by_its_chip(open_page: OpenPage) -> None:
    page = open_page(f"/list?filter={TREE}")
    page.locator(".gx-chip a").click()
    expect(page.locator(".gx-chip")).to_have_count(0)


def test_what_was_typed_survives_a_reload_and_goes_after_saving(open_page: OpenPage) -> None:
    page = open_page("/form")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#f-notes").fill("不要丢")
    page.locator("#f-tags").fill("甲，乙，")
    page.locator("[data-add-line]").click()
    page.keyboard.type("12345")
    page.locator("#f-owner").click()
    page.get_by_role("option", name="赵欣然").click()
    page.reload()
    expect(page.locator(".gx-draft-note")).to_be_visible()
    expect(page.locator("#f-notes")).to_have_value("不要丢")
    expect(page.locator("#f-owner")).to_have_value("赵欣然")
    expect(page.locator("[data-tags] .gx-chip")).to_have_count(4)
    expect(page.locator("[name='phones.2.number']")).to_have_value("12345")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/record**")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('gx-draft')).length") == 0


def test_a_draft_can_be_discarded(open_page: OpenPage) -> None:
    page = open_page("/form")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#f-name").fill("改了")
    page.reload()
    page.get_by_role("button", name="放弃草稿").click()
    expect(page.locator("#f-name")).to_have_value("华东精密制造有限公司")
    page.reload()
    expect(page.locator(".gx-draft-note")).to_have_count(0)


def test_a_failed_save_shows_what_is_wrong_and_leads_to_it(open_page: OpenPage) -> None:
    page = open_page("/form")
    page.locator("#f-name").fill("")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("[data-summary]")).to_be_focused()
    page.locator("[data-summary] a").last.click()
    expect(page.locator("[name='phones.1.number']")).to_be_focused()


def test_a_removed_line_comes_back_by_undo(open_page: OpenPage) -> None:
    page = open_page("/form")
    page.locator("[data-remove-line]").first.click()
    expect(page.locator("[data-line]")).to_have_count(1)
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("[data-line] input[type=tel]").first).to_have_value("021-5588 0021")


def test_a_missing_record_is_created_from_the_lookup(open_page: OpenPage) -> None:
    page = open_page("/form")
    page.locator("#f-parent").click()
    page.keyboard.type("新公司")
    page.get_by_role("option", name="新建“新公司”").click()
    name = page.locator("dialog input[name=name]")
    expect(name).to_have_value("新公司")
    name.fill("")
    page.locator("dialog button[type=submit]").click()
    expect(page.locator("dialog .gx-error").first).to_be_visible()
    name.fill("新公司二")
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("#f-parent")).to_have_value("新公司二")
    expect(page.locator("input[name=parent]")).to_have_value("99")


def test_a_typed_note_outlives_a_change_of_segment_and_empties_when_added(open_page: OpenPage) -> None:
    page = open_page("/record")
    page.locator("#note-body").fill("记一笔")
    page.get_by_role("link", name="附件").click()
    expect(page.locator("#note-body")).to_have_value("记一笔")
    page.get_by_role("button", name="添加备注").click()
    expect(page.locator("#note-body")).to_have_value("")


def test_a_touched_dialog_does_not_close_by_accident(open_page: OpenPage) -> None:
    page = open_page("/record")
    page.get_by_role("button", name="记录通话").click()
    page.locator("dialog [name=subject]").fill("报价")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_visible()
    expect(page.locator(".gx-toast-warn")).to_be_visible()
    page.locator("dialog button[type=submit]").click()
    page.wait_for_url("**/record?toast=1")


def test_the_palette_finds_and_opens(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.type("华东")
    expect(page.locator(".gx-palette small")).to_have_text("C-010023")
    page.keyboard.press("Enter")
    page.wait_for_url("**/record")


def test_theme_and_language_change_at_once_and_stay(open_page: OpenPage) -> None:
    page = open_page("/list")
    with page.expect_response("**/preferences"):
        page.locator("[data-toggle-theme]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".gx-top > [data-language]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_lost_connection_is_told_and_loses_nothing(open_page: OpenPage) -> None:
    page = open_page("/record")
    page.context.route("**/timeline", lambda route: route.abort())
    page.locator("#note-body").fill("离线")
    page.get_by_role("button", name="添加备注").click()
    expect(page.locator(".gx-toast-bad")).to_contain_text("无法连接服务器")
    expect(page.locator("#note-body")).to_have_value("离线")


def test_a_phone_slides_the_menu_in_and_out(open_page: OpenPage) -> None:
    page = open_page("/list", width=390, height=844)
    expect(page.locator("#gx-side")).to_be_hidden()
    page.locator(".gx-top [data-side]").click()
    expect(page.locator("#gx-side a").first).to_be_focused()
    page.locator(".gx-veil").click(position={"x": 380, "y": 500})
    expect(page.locator("#gx-side")).to_be_hidden()
    page.locator("[data-palette]").click()
    expect(page.locator("dialog.gx-palette")).to_be_visible()


def test_a_phone_shows_a_row_as_a_card(open_page: OpenPage) -> None:
    page = open_page("/list", width=390, height=844)
    row = page.locator(".gx-rows tbody tr").first
    boxes = [row.locator("td").nth(number).bounding_box() for number in (0, 1, 4, 7)]
    title, tag, amount, day = (box for box in boxes if box)
    assert title["y"] < amount["y"]
    assert amount["y"] == pytest.approx(day["y"], abs=3)
    assert title["x"] + title["width"] <= tag["x"]
    expect(row.locator("td").nth(3)).to_be_hidden()
