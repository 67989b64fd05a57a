"""Leads with mouse and keyboard: captured, checked, converted, taken back; duplicates; cards."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Open, Seed, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CARD = """Lotus Tea Ltd.
Lin Yue
Head of Sales
T +44 20 7946 0123  M +44 7700 900123
lin@lotus.example
12 Harbour Street, Bristol BS1 4AA, United Kingdom"""


def clean(page: Page) -> None:
    """Nothing on the page, dialogs included, keeps anybody out."""
    assert violations(page) == []


def test_a_lead_is_captured_checked_converted_and_taken_back(open_page: Open, seed: Seed) -> None:
    criteria = [{"text": "Has a budget", "required": True}, {"text": "Decides this year"}]
    seed([{"name": "Usual", "threshold": 50, "criteria": criteria}], "customer.standard")
    page = open_page("/customer/leads/new")
    page.get_by_label("Company").fill("Lotus Tea Ltd.")
    page.get_by_label("Person").fill("Lin Yue")
    page.get_by_label("Phone").fill("+44 20 7946 0123")
    page.get_by_label("Need").fill("Forty boxes a month")
    page.locator(".gx-savebar button[type=submit]").click()
    expect(page.locator("h1")).to_have_text("Lotus Tea Ltd. · Lin Yue")
    expect(page.get_by_role("button", name="Convert")).to_have_count(0)

    page.locator("#panel-check-list button[data-dialog]").click()
    dialog = page.locator("dialog")
    clean(page)
    for criterion in ("Has a budget", "Decides this year"):
        dialog.get_by_role("radiogroup", name=criterion).get_by_role("radio", name="Yes").check()
    dialog.get_by_label("Remark on “Has a budget”").fill("50,000")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".gx-toast")).to_contain_text("the lead is qualified")
    expect(page.locator(".gx-record-tags")).to_contain_text("Qualified")

    page.get_by_role("button", name="Convert").click()
    expect(dialog.get_by_label("New customer “Lotus Tea Ltd.”")).to_be_checked()
    expect(dialog.locator("[role=combobox]")).to_have_count(2)
    expect(dialog.locator("[role=combobox]").first).to_be_hidden()
    clean(page)
    dialog.get_by_role("button", name="Convert").click()
    expect(page.locator(".gx-toast")).to_contain_text("Lead converted.")
    page.locator("#panel-conversion a", has_text="Lotus Tea Ltd.").click()
    expect(page.locator("#panel-origin")).to_contain_text("Lotus Tea Ltd. · Lin Yue")
    expect(page.locator("#panel-contacts")).to_contain_text("Lin Yue")
    page.locator("#panel-origin a").click()
    page.get_by_role("button", name="Undo the conversion").click()
    expect(page.locator(".gx-toast")).to_contain_text("what was made of it is gone")
    expect(page.locator(".gx-record-tags")).to_contain_text("Qualified")
    page.goto("/customer/customers")
    expect(page.get_by_text("No customers yet")).to_be_visible()


def test_duplicates_are_told_while_one_types_and_never_stop_him(open_page: Open, seed: Seed) -> None:
    seed([{"name": "华东精密制造有限公司", "phone": "021 5555 1234"}, {"name": "Another"}])
    page = open_page("/customer/customers/new")
    page.get_by_label("Name").press_sequentially("华东精密制造（上海）")
    told = page.locator(".gx-alike li")
    expect(told).to_have_count(0)
    page.get_by_label("Name").fill("华东精密制造股份有限公司")
    expect(told).to_contain_text("华东精密制造有限公司")
    expect(told).to_contain_text("C-000001 · same name")
    clean(page)
    page.get_by_label("Phone", exact=True).fill("021-55551234")
    page.get_by_label("Phone", exact=True).blur()
    expect(told).to_contain_text("same phone · same name")
    with page.context.expect_page() as opened:
        told.get_by_role("link").click()
    expect(opened.value.locator("h1")).to_have_text("华东精密制造有限公司")
    page.get_by_label("Name").fill("Quite different")
    page.get_by_label("Phone", exact=True).fill("")
    expect(told).to_have_count(0)
    page.get_by_label("Name").fill("华东精密制造有限公司")
    expect(told).to_have_count(1)
    page.locator(".gx-savebar button[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/customer/customers/3$"))


def test_one_that_is_there_already_is_used_instead(open_page: Open, seed: Seed) -> None:
    seed([{"name": "Lotus Tea Ltd."}])
    page = open_page("/customer/contacts/new")
    field = page.get_by_role("combobox", name="Customer")
    field.press_sequentially("Lotus Tea Inc.")
    page.get_by_role("option", name=re.compile("Create")).click()
    dialog = page.locator("dialog")
    expect(dialog.locator(".gx-alike")).to_contain_text("same name")
    clean(page)
    dialog.get_by_role("button", name="Use this one").click()
    expect(dialog).to_have_count(0)
    expect(field).to_have_value("Lotus Tea Ltd.")
    expect(page.locator("input[name=customer]")).to_have_value("1")


def test_a_card_is_read_into_the_form(open_page: Open, seed: Seed) -> None:
    seed([{"name": "Lotus Tea Inc."}])
    page = open_page("/customer/leads/new", width=390)
    page.get_by_role("button", name="Read a business card").click()
    dialog = page.locator("dialog")
    dialog.get_by_label("Text of the card").fill("???")
    dialog.get_by_role("button", name="Fill in the form").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing could be read")
    clean(page)
    dialog.get_by_label("Text of the card").fill(CARD)
    dialog.get_by_role("button", name="Fill in the form").click()
    expect(dialog).to_have_count(0)
    for label, value in (
        ("Company", "Lotus Tea Ltd."),
        ("Person", "Lin Yue"),
        ("Job title", "Head of Sales"),
        ("City", "Bristol"),
        ("Source", "Business card"),
    ):
        expect(page.get_by_label(label, exact=True)).to_have_value(value)
    expect(page.locator(".gx-filled-from")).to_contain_text("+44 7700 900123")
    expect(page.locator(".gx-alike")).to_contain_text("Lotus Tea Inc.")
    clean(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto("/customer/leads")
    expect(page.get_by_text("No leads yet")).to_be_visible()


def test_the_lines_of_a_card_fill_those_of_the_form(open_page: Open, seed: Seed) -> None:
    page = open_page("/customer/customers/new")
    page.get_by_role("button", name="Read a business card").click()
    page.locator("dialog textarea").fill(CARD)
    page.locator("dialog").get_by_role("button", name="Fill in the form").click()
    expect(page.locator("[name='phones.0.number']")).to_have_value("+44 7700 900123")
    expect(page.locator("[name='addresses.0.street']")).to_have_value("12 Harbour Street")
    page.locator(".gx-savebar button[type=submit]").click()
    expect(page.locator("h1")).to_have_text("Lotus Tea Ltd.")
    expect(page.locator("#panel-addresses")).to_contain_text("12 Harbour Street")
    expect(page.locator("#timeline")).to_contain_text("Ada Lovelace · Business card")
