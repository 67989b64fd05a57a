"""From signing in to signing out, with mouse, keyboard and phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import PASSWORD, Open, Seed, violations

pytestmark = pytest.mark.browser
LIST = "/customer/customers"


def rows(page: Page) -> list[str]:
    """The names in the list, as shown now."""
    return page.locator(".gx-rows .gx-t1").all_inner_texts()


def narrowed_to(page: Page, *names: str) -> None:
    """The list shows these names and no others."""
    expect(page.locator(".gx-rows .gx-t1")).to_have_text(list(names))


def save(page: Page) -> None:
    page.locator(".gx-savebar button[type=submit]").click()


def test_a_stranger_signs_in_looks_around_and_signs_out(
    window: Callable[..., BrowserContext], ada: str, seed: Seed
) -> None:
    seed([{"name": "Acme", "city": "上海", "kind": "active"}, {"name": "Baltic"}])
    page = window().new_page()
    page.goto(f"{LIST}?kind=active")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Email").fill(ada)
    page.locator("#password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    narrowed_to(page, "Acme")
    page.get_by_role("link", name="Home").click()
    expect(page.locator("h1")).to_contain_text("Ada")
    page.get_by_role("button", name=re.compile("Account of")).click()
    page.get_by_role("button", name="中文").last.click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("link", name="客户", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("Ada Lovelace")).click()
    with page.expect_response("**/preferences"):
        page.locator("[data-theme-choice=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name=re.compile("Ada Lovelace")).click()
    page.locator("[data-sign-out]").click()
    expect(page).to_have_url(re.compile("/login"))
    page.goto(LIST)
    expect(page).to_have_url(re.compile("/login"))


def test_a_list_narrows_while_one_types_and_by_conditions(open_page: Open, seed: Seed) -> None:
    seed(
        [
            {"name": "Acme", "city": "上海", "kind": "active", "employees": 50},
            {"name": "Baltic", "city": "上海", "kind": "lost", "employees": 5},
            {"name": "Corner", "city": "北京", "kind": "active"},
        ]
    )
    page = open_page(LIST)
    page.locator("#list-q").press_sequentially("bal")
    narrowed_to(page, "Baltic")
    expect(page).to_have_url(re.compile("q=bal"))
    page.locator("#list-q").fill("")
    narrowed_to(page, "Acme", "Baltic", "Corner")
    page.locator("#list-filter select[name=kind]").select_option("active")
    narrowed_to(page, "Acme", "Corner")
    page.locator("#list-filter select[name=kind]").select_option("")
    page.locator("[data-filter-builder]").click()
    dialog = page.locator("dialog[open]")
    first = dialog.locator(".gx-rule").first
    first.get_by_label("Field").select_option("city")
    first.get_by_label("Comparison").select_option("eq")
    first.locator("input").last.fill("上海")
    dialog.get_by_role("button", name="Add a condition").click()
    second = dialog.locator(".gx-rule").nth(1)
    second.get_by_label("Field").select_option("employees")
    second.get_by_label("Comparison").select_option("gt")
    second.locator("input").last.fill("10")
    dialog.get_by_role("button", name="Apply").click()
    narrowed_to(page, "Acme")
    page.reload()
    narrowed_to(page, "Acme")
    expect(page.locator("#list-body .gx-chip")).to_have_count(2)
    page.locator("#list-body .gx-chip").nth(1).get_by_role("link").or_(
        page.locator("a.gx-chip").nth(1)
    ).first.click()
    narrowed_to(page, "Acme", "Baltic")
    page.go_back()
    narrowed_to(page, "Acme")


def test_a_customer_is_made_with_a_contact_that_is_made_on_the_way(open_page: Open, seed: Seed) -> None:
    page = open_page(LIST)
    page.get_by_role("link", name="New customer").first.click()
    page.locator("[name=name]").fill("Harbour Works")
    lines = page.locator("[data-lines=contacts]")
    lines.locator("[data-add-line]").click()
    who = lines.locator("[data-line] .gx-combo input[role=combobox]").first
    who.press_sequentially("Lin Yue")
    page.locator(".gx-options [role=option]").last.click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("[name=name]")).to_have_value("Lin Yue")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(who).to_have_value("Lin Yue")
    save(page)
    expect(page.locator("h1")).to_have_text("Harbour Works")
    expect(page.get_by_text("Customer created.")).to_be_visible()
    expect(page.locator(".gx-record")).to_contain_text("Lin Yue")


def test_a_note_is_written_and_a_file_attached_without_leaving_the_page(open_page: Open, seed: Seed) -> None:
    [number] = seed([{"name": "Acme"}])
    page = open_page(f"{LIST}/{number}")
    page.locator("#note-body").fill("Called twice.\nThey want <b>steel</b>.")
    page.get_by_role("button", name="Add note").click()
    entries = page.locator("#timeline-entries > li")
    expect(entries.first).to_contain_text("They want <b>steel</b>.")
    expect(page.locator("#note-body")).to_have_value("")
    page.locator("#attach-file").set_input_files(
        {"name": "报价.txt", "mimeType": "text/plain", "buffer": b"100"}
    )
    expect(page.locator(".gx-file")).to_contain_text("报价.txt")
    with page.expect_download() as download:
        page.locator(".gx-file").click()
    assert download.value.path().read_bytes() == b"100"
    page.locator("#note-body").fill("   ")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#timeline [role=alert]")).to_have_text("Write something first.")


def test_a_call_is_logged_from_the_record(open_page: Open, seed: Seed) -> None:
    [number] = seed([{"name": "Acme"}])
    page = open_page(f"{LIST}/{number}")
    page.locator("[data-dialog*='/customer/log']").first.click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=subject]").fill("Asked for prices")
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_have_count(0)
    page.goto("/customer/activities")
    narrowed_to(page, "Asked for prices")


def test_the_keyboard_reaches_everything(open_page: Open, seed: Seed) -> None:
    seed([{"name": "Acme"}, {"name": "Baltic"}, {"name": "Corner"}])
    page = open_page(LIST)
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    expect(page.locator(".gx-row:focus")).to_contain_text("Baltic")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Baltic")
    page.keyboard.press("e")
    page.locator("[name=city]").fill("Riga")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator(".gx-record")).to_contain_text("Riga")
    page.keyboard.press("Control+k")
    page.keyboard.type("corn")
    expect(page.locator("dialog.gx-palette [role=option]").filter(has_text="Corner").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Corner")


def test_what_was_typed_survives_a_reload_and_a_refusal(open_page: Open, seed: Seed) -> None:
    page = open_page(f"{LIST}/new")
    page.locator("[name=name]").fill("Half typed")
    page.locator("[name=employees]").fill("many")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("[name=name]")).to_have_value("Half typed")
    expect(page.locator(".gx-draft-note")).to_be_visible()
    save(page)
    expect(page.locator("#f-employees-error")).to_contain_text("no whole number")
    expect(page.locator("[name=name]")).to_have_value("Half typed")
    expect(page.locator("[name=employees]")).to_have_value("many")
    page.locator("[name=employees]").fill("12")
    save(page)
    expect(page.locator("h1")).to_have_text("Half typed")
    page.goto(f"{LIST}/new")
    expect(page.locator("[name=name]")).to_have_value("")


def test_two_people_save_one_record_and_nothing_is_lost(open_page: Open, seed: Seed) -> None:
    [number] = seed([{"name": "Acme", "city": "上海"}])
    mine, theirs = (open_page(f"{LIST}/{number}/edit") for _ in range(2))
    theirs.locator("[name=city]").fill("北京")
    save(theirs)
    expect(theirs.get_by_text("Saved.")).to_be_visible()
    mine.locator("[name=city]").fill("南京")
    mine.locator("[name=description]").fill("what I know")
    save(mine)
    expect(mine.locator(".gx-conflicts")).to_contain_text("北京")
    expect(mine.locator(".gx-conflicts")).to_contain_text("南京")
    expect(mine.locator("[name=description]")).to_have_value("what I know")
    assert violations(mine) == []
    save(mine)
    expect(mine.locator(".gx-record")).to_contain_text("南京")
    expect(mine.locator(".gx-record")).to_contain_text("what I know")


def test_archiving_can_be_undone_from_the_toast(open_page: Open, seed: Seed) -> None:
    [number] = seed([{"name": "Acme"}])
    page = open_page(f"{LIST}/{number}")
    page.locator(".gx-more-actions").click()
    page.locator(f"[data-dialog$='{number}/archive']").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=reason]").fill("moved away")
    dialog.get_by_role("button", name="Archive").click()
    expect(page.locator(".gx-banner")).to_contain_text("moved away")
    page.locator(".gx-toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Customer restored.")).to_be_visible()
    expect(page.locator(".gx-banner.gx-warn")).to_have_count(0)


PATHS = [
    "/",
    LIST,
    f"{LIST}?q=nothing",
    "{record}",
    "{record}/edit",
    "/customer/my-day",
    "/settings/users",
    "/nowhere",
]


@pytest.mark.parametrize(
    ("lang", "theme", "width"),
    [("en", "light", 1440), ("zh", "dark", 1440), ("zh", "light", 390), ("en", "dark", 390)],
)
def test_every_page_is_without_barriers_and_fits_its_window(
    open_page: Open, seed: Seed, lang: str, theme: str, width: int
) -> None:
    numbers = seed(
        [
            {
                "name": "上海港口钢铁贸易有限公司 Shanghai Harbour Steel Trading",
                "city": "上海",
                "industry": "Steel",
                "phone": "13800138000",
                "email": "someone.with.a.long.name@harbour-steel.example",
                "tags": ["vip"],
                "kind": "active",
                "phones": [{"number": "010-65529988转12", "note": "front desk"}],
                "addresses": [{"province": "上海", "street": "南京路 1 号"}],
            }
        ]
        + [{"name": f"Customer {n}", "kind": "lost"} for n in range(12)]
    )
    page = open_page("/", lang=lang, theme=theme, width=width)
    for path in PATHS:
        page.goto(path.format(record=f"{LIST}/{numbers[0]}"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert violations(page) == [], path
