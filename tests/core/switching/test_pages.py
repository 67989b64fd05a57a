"""The page of addons: what it shows, who may switch, and that a switch counts at once in every process."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from core.db.tenancy import Tenant
from core.jobs.running import Ending
from core.testing.plugin import Browser
from tests.core.switching.conftest import Site


def _card(browser: Browser, name: str) -> str:
    page = browser.get("/settings/addons")
    assert page.status_code == 200
    found = re.search(rf'<article [^>]*id="addon-{name}">.*?</article>', page.text, re.DOTALL)
    return found.group() if found else ""


def _switch_on(site: Site, tenant: Tenant, browser: Browser, name: str, *agreed: str) -> int:
    """Ask on the page; gives the job."""
    answer = browser.post(f"/settings/addons/{name}/on", {"with": list(agreed)})
    assert (answer.status_code, answer.location) == (303, "/settings/addons")
    [number] = site.jobs(tenant)
    return number


def test_a_card_says_how_things_stand(site: Site) -> None:
    browser, _ = site.browsers(site.tenant("cellar", "stairs"))
    cellar = _card(browser, "cellar")
    for words in ("Cellar", "Made for tests", "1.2", ">On<", "Needed by", "Stairs", "Switch off…"):
        assert words in cellar
    attic = _card(browser, "attic")
    for words in (">Off<", "Needs", "Cellar, Stairs", "Switch on…"):
        assert words in attic
    assert not _card(browser, "balcony"), "what cannot be loaded and is off is nobody's concern"


def test_switching_on_counts_with_the_next_request_of_every_process(site: Site) -> None:
    tenant = site.tenant()
    first, second = site.browsers(tenant)
    assert {each.get("/cellar/barrels").status_code for each in (first, second)} == {404}
    number = _switch_on(site, tenant, first, "cellar")
    assert f'data-job="{number}"' in _card(second, "cellar")
    assert site.run(tenant, number).ending is Ending.OVER
    assert site.job(tenant, number)["state"] == "done"
    assert site.job(tenant, number)["result"] == {"addon": "cellar", "with": [], "revisions": 2}
    for browser in (second, first):
        assert browser.get("/cellar/barrels").status_code == 200
        assert browser.get("/cellar/map").status_code == 200
        assert "Barrels of the house" in browser.get("/").text
        assert ">On<" in _card(browser, "cellar")


def test_switching_off_counts_with_the_next_request_of_every_process(site: Site) -> None:
    tenant = site.tenant("cellar")
    first, second = site.browsers(tenant)
    assert {each.get("/cellar/barrels").status_code for each in (first, second)} == {200}
    assert first.post("/settings/addons/cellar/off").status_code == 303
    for browser in (second, first):
        assert browser.get("/cellar/barrels").status_code == 404
        assert browser.get("/cellar/map").status_code == 404
        assert "Barrels of the house" not in browser.get("/").text
    assert site.stored(tenant).addons == frozenset()
    assert "cellar_barrel" in site.tables(tenant, "cellar")


def test_the_dialog_lists_what_comes_on_too_and_what_appears(site: Site) -> None:
    tenant = site.tenant()
    browser, _ = site.browsers(tenant)
    shown = browser.get("/settings/addons/stairs").text
    assert '<input type="hidden" name="with" value="cellar">' in shown
    assert "Switch on all 2" in shown
    assert "2 revisions of its tables will run" in shown
    assert "Barrels of the house" in shown
    answer = browser.post("/settings/addons/stairs/on")
    assert answer.status_code == 409
    assert "Switch on Cellar first." in answer.text
    assert site.jobs(tenant) == []
    assert site.stored(tenant) == tenant
    site.run(tenant, _switch_on(site, tenant, browser, "stairs", "cellar"))
    assert site.stored(tenant).addons == {"cellar", "stairs"}


def test_asking_twice_makes_one_job(site: Site) -> None:
    tenant = site.tenant()
    first, second = site.browsers(tenant)
    assert _switch_on(site, tenant, first, "cellar") == _switch_on(site, tenant, second, "cellar")


def test_what_others_need_cannot_go_and_is_told_so(site: Site) -> None:
    tenant = site.tenant("cellar", "stairs")
    browser, _ = site.browsers(tenant)
    shown = browser.get("/settings/addons/cellar").text
    assert "while these are on, which need it: Stairs." in shown
    assert 'type="submit"' not in shown
    answer = browser.post("/settings/addons/cellar/off")
    assert answer.status_code == 409
    assert "Switch off Stairs first." in answer.text
    assert site.stored(tenant) == tenant
    assert browser.get("/cellar/barrels").status_code == 200


@pytest.mark.parametrize("role", ["sales_supervisor", "executive", "maintainer"])
def test_nobody_else_sees_the_page_or_switches(site: Site, role: str) -> None:
    tenant = site.tenant("cellar")
    browser, _ = site.browsers(tenant, role)
    for path in ("", "/cellar", "/stairs"):
        assert browser.get(f"/settings/addons{path}").status_code == 404
    assert browser.post("/settings/addons/cellar/off").status_code == 404
    assert browser.post("/settings/addons/stairs/on").status_code == 404
    assert "/settings/addons" not in browser.get("/").text
    assert site.stored(tenant) == tenant
    assert site.jobs(tenant) == []


def test_a_form_that_is_not_ours_switches_nothing(site: Site) -> None:
    tenant = site.tenant("cellar")
    browser, _ = site.browsers(tenant)
    host = f"http://{browser.host}"
    assert browser.client.post("/settings/addons/cellar/off", base_url=host).status_code == 403
    stranger = site.apps[0].test_client().post("/settings/addons/cellar/off", base_url=host)
    assert stranger.status_code in (302, 401)
    assert site.stored(tenant) == tenant


@pytest.mark.parametrize("name", ["nothing", "core"])
def test_what_is_no_addon_is_not_there(site: Site, name: str) -> None:
    tenant = site.tenant()
    browser, _ = site.browsers(tenant)
    assert browser.get(f"/settings/addons/{name}").status_code == 404
    assert browser.post(f"/settings/addons/{name}/on").status_code == 404
    assert browser.post(f"/settings/addons/{name}/off").status_code == 409
    assert browser.post("/settings/addons/balcony/on").status_code == 409
    assert site.stored(tenant) == tenant


@pytest.mark.parametrize("name", ["vanished", "balcony"])
def test_one_that_is_gone_is_shown_can_go_off_and_disturbs_nothing(site: Site, name: str) -> None:
    tenant = site.tenant("cellar", name)
    first, second = site.browsers(tenant)
    card = _card(first, name)
    assert ">Not working<" in card
    assert "Ask your operator to put it right" in card
    assert str(site.folder.parent) not in card, "where files lie is the operator's business"
    assert first.get("/cellar/barrels").status_code == 200
    assert "Switch off" in first.get(f"/settings/addons/{name}").text
    assert first.post(f"/settings/addons/{name}/off").status_code == 303
    assert site.stored(tenant).addons == {"cellar"}
    assert not _card(second, name)


def test_where_no_worker_is_there_the_operators_command_is_told(site: Site) -> None:
    tenant = site.tenant()
    browser, _ = site.browsers(tenant)
    command = f"guanxi addon enable stairs --tenant {tenant.slug} --with-needs"
    assert command in browser.get("/settings/addons/stairs").text
    with site.owner.begin() as connection:
        worker = connection.scalar(
            text("insert into queue.procrastinate_workers (last_heartbeat) values (now()) returning id")
        )
        connection.execute(
            text(
                "insert into queue.place (worker_id, lane, host, process, slots)"
                " values (:w, 'default', 'a', 1, 4)"
            ),
            {"w": worker},
        )
    assert command not in browser.get("/settings/addons/stairs").text
    with site.owner.begin() as connection:
        connection.execute(text("delete from queue.procrastinate_workers"))


def test_a_worker_without_the_owners_login_refuses_and_says_what_to_do(site: Site) -> None:
    tenant = site.tenant()
    browser, _ = site.browsers(tenant)
    number = _switch_on(site, tenant, browser, "stairs", "cellar")
    assert site.run(tenant, number, site.kernel).ending is Ending.PARKED
    assert site.job(tenant, number)["error_code"] == "no-owner"
    command = f"guanxi addon enable stairs --tenant {tenant.slug} --with-needs"
    assert command in _card(browser, "stairs")
    assert site.stored(tenant) == tenant
    assert not site.tables(tenant, "cellar")


def test_the_page_speaks_chinese(site: Site) -> None:
    tenant = site.tenant("cellar")
    browser, _ = site.browsers(tenant)
    with site.kernel.database.unit_of_work(tenant) as session:
        session.execute(text("update core_user set language = 'zh'"))
    page = browser.get("/settings/addons").text
    assert "插件" in page
    assert "已启用" in page
    assert "Switch" not in browser.get("/settings/addons/cellar").text
