"""The preview says what really appears and vanishes, whoever looks."""

from __future__ import annotations

from typing import Any

from core.access.actor import OPERATOR
from core.db.tenancy import Tenant
from core.i18n import speaking
from core.jobs import enqueue
from core.resources.openapi import document
from core.resources.values import Habits
from core.settings.preview import Change, change_of
from tests.core.switching.conftest import Site


def _change(site: Site, tenant: Tenant, name: str) -> Change:
    with site.kernel.database.session(tenant) as session, speaking("en"):
        return change_of(site.kernel, session, name)


def _names(change: Change, part: str) -> list[str]:
    return [entry.name for entry in change.preview.part(part)]


def _addresses(site: Site, tenant: Tenant) -> set[str]:
    found = document(
        site.kernel.resources.visible(tenant), OPERATOR, Habits.of(tenant), title="", version="", shapes={}
    )
    return {
        f"{method.upper()} {path}"
        for path, operations in found["paths"].items()
        for method in operations
        if method != "parameters"
    }


def _seen(site: Site, tenant: Tenant) -> dict[str, set[Any]]:
    """What the dispatchers give this tenant."""
    kernel = site.kernel
    return {
        "menu": {
            item.url or kernel.resources[item.resource].url
            for group in kernel.menu.visible(tenant, OPERATOR)
            for item in group.items
        },
        "resources": {each.name for each in kernel.resources.visible(tenant)},
        "api": _addresses(site, tenant),
    }


def test_it_says_what_really_appears(site: Site) -> None:
    off, on = site.tenant(), site.tenant("cellar")
    change = _change(site, off, "cellar")
    before, after = _seen(site, off), _seen(site, on)
    for part in ("menu", "resources", "api"):
        assert set(_names(change, part)) == after[part] - before[part] != set()
        assert before[part] <= after[part]


def test_it_has_every_sort_of_thing(site: Site) -> None:
    change = _change(site, site.tenant(), "cellar")
    assert _names(change, "menu") == ["/cellar/barrels"]
    assert _names(change, "pages") == ["/cellar/map"]
    assert "Year of the wine" in change.preview.part("fields")[0].more
    assert {"cellar.barrel:read", "cellar.barrel:taste"} <= set(_names(change, "permissions"))
    assert _names(change, "jobs") == ["cellar.turn"]
    assert _names(change, "channels") == ["pipe"]
    assert _names(change, "hooks") == ["home_cards", "menu_items"]
    assert _names(change, "panels") == ["cellar.stock"]
    assert "GET /api/v1/cellar/barrels" in _names(change, "api")


def test_it_is_the_same_on_and_off(site: Site) -> None:
    coming, going = (_change(site, site.tenant(*on), "cellar") for on in ((), ("cellar",)))
    assert (coming.is_on, going.is_on) == (False, True)
    assert coming.preview == going.preview
    assert (len(coming.revisions), len(going.revisions)) == (2, 0)


def test_what_is_needed_is_shown_with_it(site: Site) -> None:
    alone = _change(site, site.tenant("cellar"), "stairs")
    assert alone.needs == ()
    assert [part.name for part in alone.preview.parts] == ["panels", "hooks"]
    both = _change(site, site.tenant(), "stairs")
    assert both.needs == ("cellar",)
    assert _names(both, "resources") == ["cellar.barrel"]
    assert _names(both, "hooks") == ["home_cards", "menu_items"]


def test_jobs_that_wait_are_counted(site: Site) -> None:
    tenant = site.tenant("cellar")
    with site.kernel.database.unit_of_work(tenant) as session:
        for _ in range(2):
            enqueue(session, "cellar.turn", actor=OPERATOR)
    change = _change(site, tenant, "cellar")
    assert change.preview.waiting_jobs == 2
    assert change.preview.part("jobs")[0].more == "2 wait"
    assert _change(site, site.tenant("cellar"), "cellar").preview.waiting_jobs == 0


def test_of_one_that_is_gone_there_is_nothing_to_see(site: Site) -> None:
    change = _change(site, site.tenant("vanished"), "vanished")
    assert (change.is_on, change.preview.parts) == (True, [])
    assert change.as_data()["parts"] == {}


def test_every_addon_there_is_can_be_previewed(site: Site) -> None:
    tenant = site.tenant()
    for name in site.kernel.catalogue.addons:
        if name != "core":
            found = _change(site, tenant, name).as_data()
            assert found["addon"] == name
    assert len(_change(site, tenant, "customer").preview.part("menu")) > 3
    templates = {each.name: each.more for each in _change(site, tenant, "customer").preview.part("templates")}
    assert templates["customer.visit"] == "Contact"
