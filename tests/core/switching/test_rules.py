"""What switching takes and what stands against it; a refusal leaves everything as it was."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.addons.switching import (
    AddonBroken,
    AddonNeeded,
    AddonNeeds,
    AddonNotOn,
    NoSuchAddon,
    TablesFailed,
    plan_off,
    plan_on,
    switch_off,
    switch_on,
)
from core.db.provision import NoSuchTenant
from core.db.tenancy import Platform, Tenant
from tests.core.switching.conftest import Site


def _on(site: Site, tenant: Tenant, name: str, *agreed: str) -> Tenant:
    with site.owner.begin() as connection:
        return switch_on(site.kernel, connection, tenant.slug, name, agreed=agreed)


def _off(site: Site, tenant: Tenant, name: str) -> None:
    """As a web process does, which has the application's login alone."""
    with site.kernel.database.unit_of_work(Platform()) as session:
        switch_off(site.kernel.catalogue, session.connection(), tenant, name)


def test_a_plan_names_what_comes_on_too_and_what_runs(site: Site) -> None:
    tenant = site.tenant()
    with site.kernel.database.session(tenant) as session:
        plan = plan_on(site.kernel, session.connection(), tenant, "attic")
    assert plan.needs == ("cellar", "stairs")
    assert [(each.history, each.number) for each in plan.revisions] == [
        ("cellar", "0001"),
        ("cellar", "0002"),
    ]
    assert plan.revisions[1].title == "Find barrels by year."


def test_what_is_needed_comes_on_only_where_it_was_agreed_to(site: Site) -> None:
    tenant = site.tenant()
    with pytest.raises(AddonNeeds) as refusal:
        _on(site, tenant, "attic", "cellar")
    assert refusal.value.names == ("stairs",)
    assert site.stored(tenant) == tenant
    assert not site.tables(tenant, "cellar")
    _on(site, tenant, "attic", "cellar", "stairs", "chimney")
    assert site.stored(tenant).addons == {"attic", "stairs", "cellar"}
    assert site.stored(tenant).version > tenant.version
    assert site.tables(tenant, "cellar") == {"cellar_barrel", "mig_cellar"}


def test_it_is_told_how_far_the_tables_are(site: Site) -> None:
    tenant, told = site.tenant(), list[tuple[int, int, str]]()
    with site.owner.begin() as connection:
        switch_on(site.kernel, connection, tenant.slug, "cellar", tell=lambda *far: told.append(far))
    assert told == [(1, 2, "cellar"), (2, 2, "cellar")]


def test_tables_that_cannot_be_made_leave_nothing_behind(site: Site) -> None:
    tenant = site.tenant()
    with pytest.raises(TablesFailed, match="chimney: ZeroDivisionError"):
        _on(site, tenant, "chimney", "cellar")
    assert site.stored(tenant) == tenant
    assert not site.tables(tenant, "cellar")
    assert not site.tables(tenant, "chimney")


@pytest.mark.parametrize(
    ("name", "refusal"), [("nothing", NoSuchAddon), ("core", NoSuchAddon), ("balcony", AddonBroken)]
)
def test_what_is_not_there_cannot_come_on(site: Site, name: str, refusal: type[Exception]) -> None:
    tenant = site.tenant()
    with pytest.raises(refusal):
        _on(site, tenant, name)
    assert site.stored(tenant) == tenant
    with pytest.raises(NoSuchTenant), site.owner.begin() as connection:
        switch_on(site.kernel, connection, "nobody", "cellar")


def test_on_twice_is_on(site: Site) -> None:
    tenant = _on(site, site.tenant(), "cellar")
    assert _on(site, tenant, "cellar") == tenant


def test_off_keeps_the_data_and_is_there_again(site: Site) -> None:
    tenant = site.tenant("cellar")
    add = text("insert into cellar_barrel (name) values ('Riesling')")
    with site.kernel.database.unit_of_work(tenant) as session:
        session.execute(add)
    _off(site, tenant, "cellar")
    off = site.stored(tenant)
    assert (off.addons, off.version) == (frozenset(), tenant.version + 1)
    with site.kernel.database.session(off) as session:
        assert session.scalar(text("select name from cellar_barrel")) == "Riesling"
    with site.kernel.database.session(off) as session:
        assert plan_on(site.kernel, session.connection(), off, "cellar").revisions == ()
    assert _on(site, off, "cellar").addons == {"cellar"}


def test_what_others_need_stays_on(site: Site) -> None:
    tenant = site.tenant("cellar", "stairs", "attic")
    with pytest.raises(AddonNeeded) as refusal:
        _off(site, tenant, "cellar")
    assert refusal.value.names == ("stairs", "attic")
    assert plan_off(site.kernel.catalogue, tenant, "cellar").needing == ("stairs", "attic")
    assert site.stored(tenant) == tenant
    for name in ("attic", "stairs", "cellar"):
        _off(site, tenant, name)
    assert site.stored(tenant).addons == frozenset()


def test_one_in_quarantine_still_needs_what_it_says_it_needs(site: Site) -> None:
    tenant = site.tenant("cellar", "balcony")
    with pytest.raises(AddonNeeded) as refusal:
        _off(site, tenant, "cellar")
    assert refusal.value.names == ("balcony",)
    assert site.stored(tenant) == tenant
    _off(site, tenant, "balcony")
    _off(site, tenant, "cellar")
    assert site.stored(tenant).addons == frozenset()


def test_one_whose_package_is_gone_can_be_switched_off(site: Site) -> None:
    tenant = site.tenant("cellar", "vanished")
    _off(site, tenant, "vanished")
    assert site.stored(tenant).addons == {"cellar"}


@pytest.mark.parametrize("name", ["cellar", "core", "nothing"])
def test_what_is_not_on_cannot_go_off(site: Site, name: str) -> None:
    tenant = site.tenant()
    with pytest.raises(AddonNotOn):
        _off(site, tenant, name)
    with pytest.raises(AddonNotOn):
        plan_off(site.kernel.catalogue, tenant, name)
    assert site.stored(tenant) == tenant


def test_one_tenants_switch_is_no_others(site: Site) -> None:
    one, other = site.tenant("cellar"), site.tenant("cellar")
    _off(site, one, "cellar")
    assert site.stored(other) == other


def test_off_waits_for_the_addon_that_is_just_coming_on(site: Site) -> None:
    tenant, refused = site.tenant("cellar"), list[BaseException]()

    def off() -> None:
        try:
            _off(site, tenant, "cellar")
        except AddonNeeded as refusal:
            refused.append(refusal)

    thread = threading.Thread(target=off)
    with site.owner.begin() as connection:
        switch_on(site.kernel, connection, tenant.slug, "stairs")
        thread.start()
        waiting = text(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            " and datname = current_database() and query like '%switch_off%'"
        )
        with site.owner.connect() as other:
            while thread.is_alive() and not other.scalar(waiting):
                other.rollback()
    thread.join()
    assert len(refused) == 1
    assert site.stored(tenant).addons == {"cellar", "stairs"}


def test_the_applications_login_can_do_nothing_else_to_a_tenants_row(site: Site) -> None:
    tenant = site.tenant()
    for statement in (
        "update platform.tenant set addons = '{cellar}' where id = :id",
        "update platform.tenant set state = 'suspended' where id = :id",
        "delete from platform.tenant where id = :id",
    ):
        with (
            pytest.raises(DBAPIError, match="permission denied"),
            site.kernel.database.unit_of_work(Platform()) as session,
        ):
            session.execute(text(statement), {"id": tenant.id})
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        site.kernel.database.unit_of_work(tenant) as session,
    ):
        session.execute(text("select platform.switch_off(:id, 'cellar', '{}')"), {"id": tenant.id})
    assert site.stored(tenant) == tenant
