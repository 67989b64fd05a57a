"""A list made one's own: views, columns, widths, groups and totals, by mouse, keyboard and thumb."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Open, Seed, violations
from tests.journeys.test_journeys import LIST, narrowed_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROWS = [
    {"name": "Acme", "kind": "active", "city": "上海", "employees": 50, "industry": "Steel"},
    {"name": "Baltic", "kind": "lost", "city": "北京", "employees": 1200},
    {"name": "Corner", "kind": "active", "employees": 8, "industry": "Banking"},
]


def heads(page: Page) -> list[str]:
    """The labels of the columns as shown now."""
    return [each.strip() for each in page.locator("thead th").all_inner_texts()]


def keep_as(page: Page, name: str) -> None:
    """Name the view in the dialog that is open."""
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#list-views [aria-current]")).to_contain_text(name)


def test_a_view_is_kept_changed_and_taken_back(open_page: Open, seed: Seed) -> None:
    seed(ROWS)
    page = open_page(LIST)
    views = page.locator("#list-views")
    expect(views.get_by_role("button", name="Save view")).to_have_count(0)
    page.locator("#list-filter select[name=kind]").select_option("active")
    narrowed_to(page, "Acme", "Corner")
    views.get_by_role("button", name="Save view").click()
    keep_as(page, "Active ones")
    narrowed_to(page, "Acme", "Corner")
    expect(page.locator(".gx-toast")).to_contain_text("View “Active ones” saved.")
    # A private view stands in the address with what it shows, for whoever gets the address.
    expect(page).to_have_url(re.compile(r"view=\d+&.*kind=active"))
    page.locator("#sort-name").click()
    narrowed_to(page, "Corner", "Acme")
    expect(views.locator(".gx-changed")).to_be_visible()
    views.get_by_role("link", name="Reset").click()
    narrowed_to(page, "Acme", "Corner")
    expect(views.locator(".gx-changed")).to_have_count(0)
    page.locator("#sort-name").click()
    narrowed_to(page, "Corner", "Acme")
    views.get_by_role("button", name="Save", exact=True).click()
    expect(views.locator(".gx-changed")).to_have_count(0)
    narrowed_to(page, "Corner", "Acme")
    views.get_by_role("link", name="All").click()
    narrowed_to(page, "Acme", "Baltic", "Corner")
    views.get_by_role("link", name="Active ones").click()
    narrowed_to(page, "Corner", "Acme")
    views.get_by_role("button", name="What to do with this view").click()
    page.get_by_role("button", name="Open this first for me").click()
    page.goto(LIST)
    narrowed_to(page, "Corner", "Acme")
    views.get_by_role("button", name="What to do with this view").click()
    page.get_by_role("button", name="Delete view").click()
    expect(views.get_by_role("link", name="Active ones")).to_have_count(0)
    narrowed_to(page, "Acme", "Baltic", "Corner")
    page.locator(".gx-toast").get_by_role("button", name="Undo").click()
    expect(views.locator("[aria-current]")).to_contain_text("Active ones")
    narrowed_to(page, "Corner", "Acme")


def test_a_view_is_kept_and_put_in_order_by_keyboard(open_page: Open, seed: Seed) -> None:
    seed(ROWS)
    page = open_page(f"{LIST}?q=acme")
    for name in ("First", "Second"):
        page.locator("#list-views").get_by_role("button", name="What to do with this view").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#list-views .gx-menu-list button:focus")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("dialog[open]").get_by_label("Name")).to_be_focused()
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.locator("#list-views [aria-current]")).to_contain_text(name)
        expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("#list-views").get_by_role("button", name="What to do with this view").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Order of the views…").press("Enter")
    page.get_by_role("button", name="Move Second").focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="Move Second")).to_be_focused()
    page.locator("dialog[open]").get_by_role("button", name="Save").press("Enter")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#list-views nav a")).to_contain_text(["All", "Mine", "Archived", "Second", "First"])


def test_columns_are_chosen_and_moved_without_losing_the_filters(open_page: Open, seed: Seed) -> None:
    seed(ROWS)
    page = open_page(f"{LIST}?kind=active&city.isnull=false")
    page.locator("#list-columns").click()
    dialog = page.locator("dialog[open]")
    for name in ("Level", "Phone", "Owner", "Last contacted", "Industry"):
        dialog.get_by_label(name, exact=True).uncheck()
    dialog.get_by_label("Employees", exact=True).check()
    handle = dialog.get_by_role("button", name="Move Employees")
    handle.focus()
    for _ in range(30):
        page.keyboard.press("ArrowUp")
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator("thead th").nth(1)).to_contain_text("Employees")
    assert heads(page) == ["Name", "Employees", "Kind", "City"]
    narrowed_to(page, "Acme")
    expect(page.locator(".gx-chip")).to_have_count(1)
    page.locator("#list-columns").click()
    city = dialog.get_by_role("button", name="Move City").bounding_box()
    kind = dialog.get_by_role("button", name="Move Employees").bounding_box()
    assert city is not None
    assert kind is not None
    page.mouse.move(city["x"] + 8, city["y"] + 8)
    page.mouse.down()
    page.mouse.move(kind["x"] + 8, kind["y"] + 30, steps=4)
    page.mouse.move(kind["x"] + 8, kind["y"] + 2, steps=8)
    page.mouse.up()
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator("thead th").nth(1)).to_contain_text("City")
    assert heads(page) == ["Name", "City", "Employees", "Kind"]
    narrowed_to(page, "Acme")
    page.locator("#list-columns").click()
    dialog.get_by_role("button", name="Standard columns").click()
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator("thead th").nth(3)).to_contain_text("Industry")


def test_widths_stay_as_they_were_drawn(open_page: Open, seed: Seed) -> None:
    seed(ROWS)
    page = open_page(LIST)
    head = page.locator("th[data-name=city]")
    grip = head.locator(".gx-grip")

    def width() -> float:
        box = head.bounding_box()
        assert box is not None
        return box["width"]

    box = grip.bounding_box()
    assert box is not None
    before = width()
    page.mouse.move(box["x"] + 4, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 104, box["y"] + 8, steps=5)
    with page.expect_response("**/views/widths") as kept:
        page.mouse.up()
    assert kept.value.status == 204
    drawn = width()
    assert drawn > before + 60
    page.reload()
    assert width() == pytest.approx(drawn, abs=1)
    grip.focus()
    with page.expect_response("**/views/widths"):
        page.keyboard.press("Shift+ArrowLeft")
    assert width() < drawn - 40
    with page.expect_response("**/views/widths"):
        grip.dblclick()
    fitted = width()
    cell = page.locator("tbody tr").first.locator("td").nth(4)
    assert cell.evaluate("(cell) => cell.scrollWidth <= cell.clientWidth")
    page.reload()
    assert width() == pytest.approx(fitted, abs=1)
    grip.focus()
    with page.expect_response("**/views/widths"):
        page.keyboard.press("Delete")
    assert "gx-w-" not in (head.get_attribute("class") or "")


def test_a_list_is_grouped_and_its_groups_opened(open_page: Open, seed: Seed) -> None:
    seed([*ROWS, *({"name": f"n{n:03}", "kind": "potential", "industry": f"i{n:02}"} for n in range(14))])
    page = open_page(f"{LIST}?columns=kind,employees")
    page.locator("#list-groups").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Group by").select_option(label="Industry")
    dialog.get_by_role("button", name="Apply").click()
    toggles = page.locator(".gx-fold-toggle")
    expect(toggles).to_have_count(17)
    expect(page.locator(".gx-row")).to_have_count(0)
    toggles.filter(has_text="Banking").click()
    narrowed_to(page, "Corner")
    toggles.filter(has_text="Steel").focus()
    page.keyboard.press("ArrowRight")
    narrowed_to(page, "Corner", "Acme")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Acme")
    page.go_back()
    narrowed_to(page, "Corner", "Acme")
    toggles.filter(has_text="Steel").focus()
    page.keyboard.press("Enter")
    narrowed_to(page, "Corner")
    page.locator(".gx-total").click()
    page.get_by_role("link", name="Sum", exact=True).click()
    expect(page.locator("tfoot")).to_contain_text("1,258")
    expect(page.locator(".gx-fold").filter(has_text="Steel")).to_contain_text("50")
    page.locator("#list-groups").click()
    dialog.get_by_label("Then by").select_option(label="Kind")
    dialog.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("group=industry%2Ckind"))
    toggles.filter(has_text="Steel").click()
    expect(page.locator(".gx-level-1")).to_have_count(1)
    page.locator(".gx-level-1 button").click()
    narrowed_to(page, "Acme")
    page.locator("#list-q").press_sequentially("corn")
    expect(toggles).to_have_count(2)
    expect(page.locator(".gx-level-0")).to_contain_text("Banking")


@pytest.mark.parametrize(
    ("lang", "theme", "width"),
    [("en", "light", 1440), ("zh", "dark", 1440), ("zh", "light", 390), ("en", "dark", 390)],
)
def test_what_arranges_a_list_has_no_barriers(
    open_page: Open, seed: Seed, lang: str, theme: str, width: int
) -> None:
    seed(ROWS)
    address = f"{LIST}?group=kind,created_at:month&columns=kind,employees&totals=employees:sum&kind.ne=lost"
    page = open_page(address, lang=lang, theme=theme, width=width)
    page.locator(".gx-level-1 button").first.click()
    expect(page.locator(".gx-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    for opener in ("#list-columns", "#list-groups", ".gx-views-changed [data-dialog]"):
        page.locator(opener).click()
        expect(page.locator("dialog[open]")).to_be_visible()
        assert violations(page) == [], opener
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("#list-views > .gx-menu > button").last.click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".gx-total").click()
    assert violations(page) == []


def test_a_thumb_chooses_columns_too(open_page: Open, seed: Seed) -> None:
    seed(ROWS)
    page = open_page(LIST, width=390)
    page.locator("#list-columns").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Kind", exact=True).uncheck()
    dialog.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("columns="))
    expect(page.locator("tbody tr").first.locator(".gx-tag")).to_have_count(0)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_many_views_leave_the_buttons_of_the_list_in_reach(open_page: Open, seed: Seed, lang: str) -> None:
    seed(ROWS * 10)
    page = open_page(f"{LIST}?kind=active", lang="en", width=1180)
    for name in ("Customers of the autumn fair", "Customers without a call", "Customers far away"):
        page.locator("#list-views").get_by_role("button", name="What to do with this view").click()
        page.get_by_role("button", name="Save as a new view").click()
        keep_as(page, name)
    page = open_page(f"{LIST}?sort=-name", lang=lang, width=1180)
    expect(page.locator(".gx-views-changed")).to_be_visible()
    card = page.locator("#list-card").bounding_box()
    assert card is not None
    for button in page.locator(".gx-head-actions .gx-btn").all():
        place = button.bounding_box()
        assert place is not None
        assert place["y"] + place["height"] <= card["y"]
        assert place["x"] + place["width"] <= 1180
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_search_leads_to_its_rows_by_keyboard(open_page: Open, seed: Seed) -> None:
    seed(ROWS)
    page = open_page(LIST)
    page.keyboard.press("f")
    page.keyboard.type("balt")
    page.keyboard.press("Enter")
    narrowed_to(page, "Baltic")
    expect(page.get_by_role("link", name="Baltic")).to_be_focused()
    page.keyboard.press("f")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Baltic")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Baltic")).to_be_visible()
