"""Finding things by the keyboard: live results, in groups, with what matched set off."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import Open, Seed, violations

PALETTE = "dialog.gx-palette"


def search(page: Page, q: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(q)


def test_a_person_is_found_by_initials_and_opened(open_page: Open, seed: Seed) -> None:
    [number] = seed([{"name": "张三", "phone": "13800138000"}])
    seed([{"name": "Acme"}])
    page = open_page("/")
    search(page, "zs")
    option = page.locator(f"{PALETTE} [role=option]").first
    expect(option).to_contain_text("张三")
    expect(option.locator("mark")).to_have_text("张三")
    expect(option).to_have_attribute("aria-selected", "true")
    assert violations(page) == []
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customer/customers/{number}")


def test_results_come_in_groups_with_a_way_to_all_of_them(open_page: Open, seed: Seed) -> None:
    seed([{"name": f"Baltic {each}"} for each in range(7)])
    seed([{"name": "Baltic Person"}], "customer.contact")
    page = open_page("/")
    search(page, "baltic")
    palette = page.locator(PALETTE)
    expect(palette.get_by_role("group", name="Customers").locator("[role=option]")).to_have_count(6)
    expect(palette.get_by_role("group", name="Contacts").locator("[role=option]")).to_have_count(1)
    palette.get_by_role("option", name="Show all in Customers").click()
    page.wait_for_url("**/customer/customers?q=baltic")
    expect(page.locator(".gx-row")).to_have_count(7)


def test_another_tab_is_opened_by_control_enter(open_page: Open, seed: Seed) -> None:
    [number] = seed([{"name": "Corner Shop"}])
    page = open_page("/")
    search(page, "corner")
    expect(page.locator(f"{PALETTE} [role=option] mark")).to_have_text("Corner")
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Enter")
    opened.value.wait_for_url(f"**/customer/customers/{number}")
    expect(page.locator(PALETTE)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(PALETTE)).to_have_count(0)


def test_what_was_opened_last_is_offered_before_anything_is_typed(open_page: Open, seed: Seed) -> None:
    first, second = seed([{"name": "First Seen"}, {"name": "Second Seen"}])
    page = open_page(f"/customer/customers/{first}")
    page.goto(f"/customer/customers/{second}")
    page.goto("/")
    page.keyboard.press("/")
    group = page.locator(PALETTE).get_by_role("group", name="Opened last")
    expect(group.locator("[role=option] > span")).to_have_text(["Second Seen", "First Seen"])
    assert violations(page) == []


def test_nothing_found_is_said_calmly_also_on_a_phone(open_page: Open, seed: Seed) -> None:
    seed([{"name": "Acme Works of the North and the South and the rest of the Land"}])
    page = open_page("/", width=390, lang="zh")
    page.locator("[data-palette]").click()
    page.keyboard.type("qqqq")
    expect(page.locator(f"{PALETTE} [role=status]")).to_contain_text("qqqq")
    assert violations(page) == []
    page.keyboard.press("Control+a")
    page.keyboard.type("acme")
    expect(page.locator(f"{PALETTE} [role=option] mark")).to_have_text("Acme")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(page) == []


def test_a_late_answer_does_not_take_the_place_of_a_newer(open_page: Open, seed: Seed) -> None:
    seed([{"name": "Alpha"}, {"name": "Beta"}])
    page = open_page("/")
    held: list[Route] = []
    page.route("**/palette?q=alpha", lambda route: held.append(route))  # noqa: PLW0108 - it marks the function
    with page.expect_request("**/palette?q=alpha"):
        search(page, "alpha")
    page.keyboard.press("Control+a")
    page.keyboard.type("beta")
    expect(page.locator(f"{PALETTE} [role=option] mark")).to_have_text("Beta")
    for route in held:
        route.abort()
    expect(page.locator(f"{PALETTE} [role=option] mark")).to_have_text("Beta")
