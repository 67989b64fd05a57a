"""An administrator switches an addon off and on again, and sees before what goes and comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine

from core.db.embedded import Server
from core.db.provision import find_tenant, set_addons
from core.kernel import Kernel
from core.testing.jobs import RunJobs
from tests.journeys.conftest import Open, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def worker(
    kernel: Kernel, server: Server, owner_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Jobs run with the owner's login; the tenant has on what it had, afterwards."""
    monkeypatch.setattr(kernel, "owner_url", server.owner_url)
    yield
    with owner_engine.begin() as connection:
        set_addons(connection, find_tenant(connection, "main"), kernel.catalogue.by_default())


def test_off_and_on_again(open_page: Open, run_jobs: RunJobs, worker: None) -> None:
    page = open_page("/settings/addons")
    menu, card = page.get_by_role("link", name="Customers", exact=True), page.locator("#addon-customer")
    expect(menu).to_be_visible()
    card.get_by_role("button", name="Switch off…").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_text("What disappears")).to_be_visible()
    expect(dialog.get_by_text("My day", exact=True).first).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Switch off", exact=True).click()
    expect(page.locator(".gx-toast")).to_contain_text("its data stays")
    expect(menu).to_have_count(0)
    card.get_by_role("button", name="Switch on…").click()
    expect(dialog.get_by_text("What appears")).to_be_visible()
    dialog.get_by_role("button", name="Switch on", exact=True).click()
    expect(card.locator("[data-job]")).to_be_visible()
    assert [(job.kind, job.state) for job in run_jobs() if job.kind == "core.switch-on"] == [
        ("core.switch-on", "done")
    ]
    expect(card.get_by_role("button", name="Switch off…")).to_be_visible()
    expect(menu).to_be_visible()


@pytest.mark.parametrize(("lang", "theme", "width"), [("zh", "light", 390), ("en", "dark", 1440)])
def test_everybody_can_read_it(open_page: Open, lang: str, theme: str, width: int) -> None:
    page = open_page("/settings/addons", lang=lang, theme=theme, width=width)
    assert violations(page) == []
    page.locator("#addon-customer button").click()
    dialog = page.locator("dialog[open]")
    for part in dialog.locator("summary").all()[1:]:
        part.click()
    assert violations(page) == []
    sideways: Any = "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
    assert not page.evaluate(sideways)


@pytest.mark.parametrize(("lang", "theme", "width"), [("zh", "dark", 390), ("en", "light", 1440)])
def test_everybody_can_read_what_would_be_removed(
    open_page: Open, worker: None, owner_engine: Engine, lang: str, theme: str, width: int
) -> None:
    with owner_engine.begin() as connection:
        set_addons(connection, find_tenant(connection, "main"), frozenset())
    page = open_page("/settings/addons", lang=lang, theme=theme, width=width)
    assert violations(page) == []
    page.locator("#addon-customer a[href$='/data']").click()
    expect(page.locator("#held-name")).to_be_visible()
    assert violations(page) == []
    sideways: Any = "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
    assert not page.evaluate(sideways)
    page.locator("#held-name").fill("customers")
    page.locator(".gx-held-do button").click()
    expect(page.locator("#held-error")).to_be_visible()
    assert violations(page) == []
