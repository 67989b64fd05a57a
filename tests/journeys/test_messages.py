"""Messages from templates with mouse and keyboard: chosen, changed, copied; the words set and looked at."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Open, Seed, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def clean(page: Page) -> None:
    """Nothing on the page, dialogs included, keeps anybody out."""
    assert violations(page) == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_a_message_is_chosen_changed_and_copied(open_page: Open, seed: Seed, theme: str, width: int) -> None:
    [number] = seed([{"name": "Lin Yue", "email": "lin@lotus.example"}], "customer.contact")
    page = open_page(f"/customer/contacts/{number}", theme=theme, width=width)
    page.locator(f'[data-dialog="/customer/contacts/{number}/message"]').evaluate("button => button.click()")
    dialog = page.locator("dialog")
    text, mail = dialog.get_by_label("Text"), dialog.get_by_role("link", name="Open as a mail")
    expect(text).to_have_value(re.compile("^Dear Lin Yue,\n"))
    clean(page)
    dialog.get_by_label("Template").select_option(label="Birthday greeting")
    expect(dialog.get_by_label("Subject")).to_have_value("Happy birthday, Lin Yue!")
    expect(dialog.get_by_label("Template")).to_be_focused()
    dialog.get_by_label("Language").select_option(label="Chinese")
    expect(text).to_have_value(re.compile("^Lin Yue，您好！"))
    text.fill("Cheers & thanks\nAda")
    expect(mail).to_have_attribute(
        "href", re.compile("^mailto:lin@lotus.example.*&body=Cheers%20%26%20thanks%0D%0AAda$")
    )
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy the text").click()
    expect(page.locator(".gx-toast")).to_contain_text("The text is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "Cheers & thanks\nAda"


def test_words_are_set_with_a_look_at_a_record(open_page: Open, seed: Seed) -> None:
    seed([{"name": "Lin Yue"}, {"name": "Zhou Min", "phone": "+8613800138000"}], "customer.contact")
    page = open_page("/settings/messages")
    page.get_by_role("link", name="Arrange a visit").click()
    page.get_by_text("Merge tags").click()
    clean(page)
    page.locator("#f-text_en").fill("Call {{phone|mask}}, {{nme}}")
    page.get_by_role("button", name="Show with this record").click()
    preview = page.locator("#message-preview")
    expect(preview).to_contain_text("there is no field “nme” here; there are name,")
    page.locator("#f-text_en").fill("Call {{name}}: {{phone|mask}}{{wechat}}")
    page.get_by_role("button", name="Show with this record").click()
    expect(preview).to_contain_text("Call Zhou Min: 138****8000")
    expect(preview).to_contain_text("{{wechat}} is empty here.")
    page.locator(".gx-savebar button[type=submit]").click()
    expect(page.locator(".gx-toast")).to_contain_text("Saved.")
    page.get_by_role("button", name="Reset to supplied").click()
    expect(page.locator("#f-text_en")).to_have_value(re.compile("^Dear "))
