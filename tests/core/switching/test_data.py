"""The ways to remove an addon's data and to put it back: the pages with their jobs, and the commands."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from sqlalchemy import text

from core.addons.switch_log import last_deeds
from core.db.tenancy import Tenant
from core.jobs.running import Ending
from core.testing.plugin import Browser
from tests.core.switching.conftest import Run, Site


def _card(browser: Browser, name: str) -> str:
    found = re.search(
        rf'<article [^>]*id="addon-{name}">.*?</article>', browser.get("/settings/addons").text, re.DOTALL
    )
    return found.group() if found else ""


def _group(browser: Browser, name: str) -> str:
    """Under which title an addon stands."""
    before = browser.get("/settings/addons").text.partition(f'id="addon-{name}"')[0]
    return str(re.findall(r'<h2 id="addons-\d">(.*?) <span', before)[-1])


def test_the_three_states_are_shown_with_who_did_it_last(site: Site, used: Tenant) -> None:
    browser, _ = site.browsers(used)
    assert [_group(browser, name) for name in ("cellar_door", "crypt", "stairs")] == [
        "Switched on",
        "Switched off, data kept",
        "Available",
    ]
    card = _card(browser, "crypt")
    assert "Its data is kept: 4 rows." in card
    assert "Switched off by the operator, today" in card
    assert 'href="/settings/addons/crypt/data"' in card
    assert browser.post("/settings/addons/cellar_door/off").status_code == 303
    assert "Switched off by Ada, today" in _card(browser, "cellar_door")


def test_removed_and_put_back_on_the_page(site: Site, used: Tenant) -> None:
    with site.kernel.database.unit_of_work(used) as session:  # enough to be told in the middle of a COPY
        many = "insert into crypt_bottle (shelf_id, price) select 1, n from generate_series(1, 20000) n"
        session.execute(text(many))
    before = site.digests(used)
    browser, _ = site.browsers(used)
    people = site.digests(used)
    page = browser.get("/settings/addons/crypt/data").text
    for words in (
        "Remove the data of Crypt",
        "crypt_shelf",
        "crypt_bottle",
        "sequence: crypt_number",
        "30 days",
    ):
        assert words in page
    wrong = browser.post("/settings/addons/crypt/purge", {"name": "cellar"})
    assert (wrong.status_code, site.jobs(used)) == (409, site.jobs(used, "waiting"))
    assert "Type “crypt” to confirm. Nothing was removed." in wrong.text
    assert site.digests(used) == people
    asked = browser.post("/settings/addons/crypt/purge", {"name": " crypt "})
    assert (asked.status_code, asked.location) == (303, "/settings/addons")
    number = site.jobs(used)[-1]
    assert f'data-job="{number}"' in _card(browser, "crypt")
    assert site.run(used, number).ending is Ending.OVER
    done = site.job(used, number)
    assert (done["state"], done["result"]["rows"]) == ("done", 20_004)
    assert not site.tables(used, "crypt")
    card = _card(browser, "crypt")
    assert _group(browser, "crypt") == "Available"
    assert "Data removed by Ada, today" in card
    [archive] = re.findall(r'data-dialog="(/settings/addons/crypt/restore\?archive=[^"]+)"', card)
    shown = browser.get(archive.replace("&amp;", "&")).text
    assert "Put the data of Crypt back" in shown
    name = archive.partition("=")[2]
    assert browser.post("/settings/addons/crypt/restore", {"archive": "other.zip"}).status_code == 404
    assert browser.post("/settings/addons/crypt/restore", {"archive": name}).status_code == 303
    number = site.jobs(used)[-1]
    assert site.run(used, number).ending is Ending.OVER
    assert (_group(browser, "crypt"), site.stored(used).addons) == ("Switched off, data kept", used.addons)
    assert "Data put back by Ada, today" in _card(browser, "crypt")
    after = site.digests(used)
    told = {"core_job", "core_user", "core_user_session", "core_role_assignment", "core_rights_stamp"}
    same = before.keys() - told - {"core_timeline_entry", "core_search_doc"}
    assert {table: after[table] for table in same} == {table: before[table] for table in same}
    with site.owner.begin() as connection:
        assert last_deeds(connection, used)["crypt"].actor_id == browser.actor.user_id


def test_what_others_need_cannot_be_removed_on_the_page(site: Site, used: Tenant) -> None:
    browser, _ = site.browsers(used)
    before = site.digests(used)
    page = browser.get("/settings/addons/cellar/data").text
    assert "These need it, and are on or have data: Crypt." in page
    assert 'action="/settings/addons/cellar/purge"' not in page
    answer = browser.post("/settings/addons/cellar/purge", {"name": "cellar"})
    assert answer.status_code == 409
    assert "Crypt need it. Remove their data first." in answer.text
    assert "It is on. Switch it off first." in browser.get("/settings/addons/cellar_door/data").text
    assert browser.post("/settings/addons/cellar_door/purge", {"name": "cellar_door"}).status_code == 409
    assert browser.get("/settings/addons/attic/data").status_code == 404
    assert browser.get("/settings/addons/core/data").status_code == 404
    assert site.digests(used) == before


def test_nobody_else_sees_or_removes_or_puts_back(site: Site, used: Tenant) -> None:
    browser, _ = site.browsers(used, "maintainer")
    before = site.digests(used)
    for path in ("crypt/data", "crypt/restore"):
        assert browser.get(f"/settings/addons/{path}").status_code == 404
    for path in ("crypt/purge", "crypt/restore"):
        assert browser.post(f"/settings/addons/{path}", {"name": "crypt"}).status_code == 404
    assert site.digests(used) == before


def test_a_job_without_rights_or_login_removes_nothing(site: Site, used: Tenant) -> None:
    browser, _ = site.browsers(used)
    browser.post("/settings/addons/crypt/purge", {"name": "crypt"})
    number = site.jobs(used)[-1]
    weak = replace(site.kernel, owner_url=site.urls.app)
    assert site.run(used, number, weak).ending is Ending.PARKED
    assert site.job(used, number)["error_code"] == "no-owner"
    command = f"guanxi addon purge crypt --tenant {used.slug}"
    card = _card(browser, "crypt")
    assert "Its data could not be removed: The worker may not make tables here." in card
    assert f"run: {command}" in card
    browser.post("/settings/addons/crypt/purge", {"name": "crypt"})
    with site.kernel.database.unit_of_work(used) as session:
        session.execute(text("delete from core_role_assignment"))
    number = site.jobs(used)[-1]
    assert site.run(used, number).ending is Ending.PARKED
    assert site.job(used, number)["error_code"] == "forbidden"
    assert site.tables(used, "crypt") == {"crypt_shelf", "crypt_bottle", "mig_crypt"}
    assert not (site.folder / "archives" / str(used.id)).exists()


def test_a_package_that_is_gone_is_shown_while_data_is_kept(site: Site, used: Tenant) -> None:
    catalogue = site.kernel.catalogue
    addons = {name: each for name, each in catalogue.addons.items() if name != "crypt"}
    bare = replace(site.kernel, catalogue=replace(catalogue, addons=addons, manifests=addons))
    app = site.apps[0]
    app.extensions["guanxi"], kernel = bare, app.extensions["guanxi"]
    try:
        browser, _ = site.browsers(used)
        card = _card(browser, "crypt")
        assert "Its package is not there." in card
        assert "Switch on…" not in card
        browser.post("/settings/addons/crypt/purge", {"name": "crypt"})
        assert site.run(used, site.jobs(used)[-1], replace(bare, owner_url=site.worker.owner_url)).ending is (
            Ending.OVER
        )
        card = _card(browser, "crypt")
        assert "is kept in an archive until" in card
        assert "Put it back…" not in card
        [archive] = (site.folder / "archives" / str(used.id)).iterdir()
        refused = browser.post("/settings/addons/crypt/restore", {"archive": archive.name})
        assert refused.status_code == 409
        assert "is not installed, or cannot be loaded" in refused.text
    finally:
        app.extensions["guanxi"] = kernel


def test_the_command_lists_asks_removes_and_puts_back(site: Site, used: Tenant, run: Run) -> None:
    before = site.digests(used)
    where = ("--tenant", used.slug)
    listed = run("purge", "crypt", *where, "--dry-run", "--json")
    plan = json.loads(listed.stdout)
    assert (plan["total"], plan["is_on"], plan["dependents"]) == (4, False, [])
    assert {each["table"] for each in plan["tables"]} == {"crypt_shelf", "crypt_bottle"}
    shown = run("purge", "cellar", *where, "--dry-run")
    assert shown.exit_code == 0
    assert "These need it and are on or have data: crypt" in shown.stdout
    for arguments, words in (
        (("crypt",), "--yes-i-mean crypt"),
        (("crypt", "--yes-i-mean", "cellar"), "Nothing was removed."),
        (("cellar", "--yes-i-mean", "cellar"), "crypt need it."),
        (("cellar_door", "--yes-i-mean", "cellar_door"), "Switch cellar_door off first."),
    ):
        refused = run("purge", *arguments, *where)
        assert refused.exit_code == 1
        assert words in refused.stderr
    assert site.digests(used) == before
    done = run("purge", "crypt", *where, "--yes-i-mean", "crypt")
    assert done.exit_code == 0, done.stderr
    assert "Its archive is kept for 30 days" in done.stdout
    assert not site.tables(used, "crypt")
    assert run("purge", "crypt", *where, "--dry-run").exit_code == 1
    back = run("restore", "crypt", *where, "--json")
    assert json.loads(back.stdout)["rows"] == 4
    assert site.digests(used) == before
    assert run("restore", "crypt", *where).exit_code == 1


@pytest.mark.usefixtures("terminal")
def test_a_terminal_asks_for_the_name(site: Site, used: Tenant, run: Run) -> None:
    refused = run("purge", "crypt", "--tenant", used.slug, input="cript\n")
    assert (refused.exit_code, len(site.tables(used, "crypt"))) == (1, 3)
    assert run("purge", "crypt", "--tenant", used.slug, input="crypt\n").exit_code == 0
    assert not site.tables(used, "crypt")
