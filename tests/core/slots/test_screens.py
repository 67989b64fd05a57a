"""Two addons on the same screens: in order, in place of one another, gone and back with a switch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from core.access.actor import OPERATOR
from core.db.provision import find_tenant
from core.i18n import speaking
from core.settings.places import places
from core.settings.preview import change_of
from core.testing.plugin import Browser
from tests.core.slots.conftest import BROKEN, BROKEN_SETTINGS, Site

CUSTOMERS = "/customer/customers"


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    """Pages name files of the build."""
    pytest.importorskip("core.web.assets.builder").build()


@pytest.fixture
def ada(site: Site, client: Callable[..., Browser]) -> Browser:
    return site.seen_by(client("administrator"))


@pytest.fixture
def record(site: Site, committed: Callable[[], Any]) -> str:
    """The page of a customer, then that of a broken one."""
    with committed() as session:
        rows: list[dict[str, Any]] = [
            {"name": "Lotus Tea", "addresses": [{"city": "Hangzhou"}]},
            {"name": "Broken"},
        ]
        site.kernel.resources["customer.customer"].service.create(session, rows, actor=OPERATOR)
    return f"{CUSTOMERS}/1"


def _cards(page: str) -> list[str]:
    return re.findall(r'id="panel-([\w-]+)"', page)


def _heads(page: str) -> list[str]:
    return re.findall(r"<h2>([^<]+)</h2>", page)


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_told_with_file_line_and_what_there_is(site: Site, name: str) -> None:
    said = BROKEN[name][2]
    reason = site.kernel.catalogue.quarantined[name]
    where, line = re.fullmatch(r"(.*hooks\.py):(\d+): .*", reason, re.DOTALL).groups()  # type: ignore[union-attr]
    assert said in reason
    assert where.endswith(f"/{name}/hooks.py")
    assert int(line) > 6, "a line of the addon's own"


def test_everybody_else_loads(site: Site) -> None:
    assert set(site.kernel.catalogue.quarantined) == {*BROKEN, *BROKEN_SETTINGS}
    assert {"alpha", "beta", "customer"} <= set(site.kernel.catalogue.addons)


def test_the_home_page_is_in_one_order_whoever_has_what_on(site: Site, ada: Browser) -> None:
    own = _cards(ada.get("/").text)
    assert own[0] == "my-day"
    with site.on("alpha", "beta"):
        assert _cards(ada.get("/").text) == ["news", "more", *own, "lost"]
    with site.on("beta"):
        assert _cards(ada.get("/").text) == ["more", *own, "lost"], (
            "its place does not hang on alpha being on"
        )
    with site.on("alpha"):
        assert _cards(ada.get("/").text) == ["news", *own]
    assert _cards(ada.get("/").text) == own


def test_what_is_replaced_is_back_when_the_other_is_off(site: Site, ada: Browser, record: str) -> None:
    off = ada.get(record).text
    assert _cards(off)[:1] == ["contacts"]
    assert _cards(off).count("contacts") == 1, "the card of the lines gives way to it"
    assert "addresses" in _cards(off)
    with site.on("alpha"):
        assert _cards(ada.get(record).text)[1:3] == ["people", "map"]
    with site.on("alpha", "beta"):
        cards = _cards(ada.get(record).text)
        assert cards[1:3] == ["staff", "map"]
        assert cards[-3:] == ["one", "two", "addresses"]
        assert "One for customer.customer" in ada.get(record).text
    assert _cards(ada.get(record).text) == _cards(off)


def test_another_tenant_sees_nothing_of_it(site: Site, client: Callable[..., Browser]) -> None:
    bare = site.seen_by(client(tenant="bare"))
    with site.on("alpha", "beta"):
        page = bare.get("/").text
        assert "alpha" not in page.lower()
        assert "beta" not in page.lower()


def test_what_replaces_gives_way_when_it_fails(site: Site, ada: Browser, record: str) -> None:
    broken = record.replace("/1", "/2")
    with site.on("alpha", "beta"):
        page = ada.get(broken)
        assert page.status_code == 200
        assert _cards(page.text)[1:3] == ["people", "map"]
    with site.on("beta"):
        assert _cards(ada.get(broken).text)[0] == "contacts"
    assert site.kernel.hooks.failures["beta"] == 2


def test_a_record_has_places_at_its_head_and_in_its_columns(site: Site, ada: Browser, record: str) -> None:
    plain = ada.get(record).text
    assert 'data-key="e"' in plain
    with site.on("alpha"):
        page = ada.get(record).text
        assert "Bills are overdue" in page
        assert 'href="/alpha/pay"' in page
        assert page.index("A wide card") < page.index('id="timeline"')
        assert "Ring them" in page
        assert 'data-key="e"' not in page, "it stands for the button that edits"
        assert "Ring them" not in ada.get(f"{CUSTOMERS}/1/edit").text
    assert ada.get(record).text.count("gx-banner") == plain.count("gx-banner")


def test_lists_and_forms_have_places(site: Site, ada: Browser, record: str) -> None:
    with site.on("alpha"):
        page = ada.get(CUSTOMERS).text
        assert page.index("Export") < page.index("Scan a card") < page.index("New customer")
        assert page.index("Sums of alpha") < page.index('id="list-card"')
        swapped = ada.get(CUSTOMERS, headers={"HX-Request": "true"}).text
        assert "Scan a card" in swapped
        assert "Sums of alpha" not in swapped, "what stands above is not fetched again with each filter"
        assert "Scan a card" not in ada.get("/customer/contacts").text
        assert "Hint for a new one" in ada.get(f"{CUSTOMERS}/new").text
        assert "Hint for Lotus Tea" in ada.get(f"{record}/edit").text
    assert "Scan a card" not in ada.get(CUSTOMERS).text


def test_the_menu_has_entries_and_groups_by_id(site: Site, ada: Browser) -> None:
    def menu() -> tuple[list[str], list[str]]:
        page = ada.get("/").text
        nav = page.partition('id="gx-side"')[2].partition("</nav>")[0]
        return re.findall(r'<a class="gx-item" href="([^"]+)"', nav), _heads(nav)

    links, heads = menu()
    assert (links[0], heads) == ("/", ["Customers", "Settings"])
    with site.on("alpha"):
        more, groups = menu()
        assert more[:2] == ["/alpha", "/"]
        assert groups == ["Alpha zoo", "Customers", "Settings"]
        assert [each.replace("/alpha/leads", "/customer/leads") for each in more if each != "/alpha"] == [
            *links[:2],
            "/alpha/pets",
            *links[2:],
            "/settings/options/alpha",
        ]
        assert "/alpha/run" not in more
        assert '<div hidden data-palette-source="Commands"><a class="gx-item" href="/alpha/run">' in (
            ada.get("/").text
        )
    assert menu() == (links, heads)


def test_all_parts_of_a_page_share_a_savepoint(site: Site, ada: Browser, record: str) -> None:
    sent: list[str] = []

    def savepoints() -> int:
        def note(connection: Any, name: str) -> None:
            sent.append(name)

        event.listen(site.kernel.database.engine, "savepoint", note)
        ada.get(record)
        event.remove(site.kernel.database.engine, "savepoint", note)
        found, sent[:] = len(sent), []
        return found

    few = savepoints()
    with site.on("alpha", "beta"):
        assert savepoints() == few


def test_the_list_of_places_tells_what_pages_show(site: Site) -> None:
    found = {each.name: each for each in places(site.kernel)}
    panels = [each.id for each in found["record_panels"].standing]
    at = panels.index("customer.contacts")
    assert panels[at : at + 4] == ["customer.contacts", "alpha.people", "beta.staff", "alpha.map"]
    by_id = {each.id: each for each in found["record_panels"].standing}
    assert by_id["customer.contacts"].replaced_by == "alpha.people"
    assert by_id["alpha.people"].replaces == "customer.contacts"
    assert by_id["customer.contacts"].replaces == "customer.customer.contacts"
    assert (by_id["alpha.map"].how, by_id["alpha.map"].of) == ("after", "customer.contacts")
    assert by_id["alpha.map"].on == ["customer.customer"]
    assert [each.id for each in found["menu_items alpha.zoo"].standing] == ["alpha.pets"]
    assert {each.id for each in found["record_actions"].standing} >= {"core.edit", "alpha.call"}
    assert not [each for each in found if each.partition(" ")[0] in ("on_event", "load_samples")]


def test_the_preview_says_what_comes_and_goes(site: Site) -> None:
    with site.kernel.database.session(site.tenant) as session, speaking("en"):
        change = change_of(site.kernel, session, "alpha")
    told = {each.name: each for each in change.preview.part("panels")}
    assert told["alpha.people"].title == "People"
    assert told["alpha.people"].more == "Cards beside a record · instead of customer.contacts"
    assert {"alpha.news", "alpha.scan", "alpha.debt", "alpha.hint"} <= set(told)
    assert change.preview.part("menu")[0].name == "/alpha"
    [settings] = change.preview.part("settings")
    assert (settings.title, settings.more) == ("Alpha rules", "Upper limit, Loud, Greeting, Words, Since")


@pytest.fixture(scope="module", autouse=True)
def _put_back(site: Site) -> Iterator[None]:
    yield
    with site.owner.begin() as connection:
        assert find_tenant(connection, "main").addons == site.tenant.addons
