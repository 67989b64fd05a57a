"""An addon comes on with the records it brings along, or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.db.tenancy import Tenant
from core.i18n import speaking
from core.jobs.running import PARKED
from core.seeds import record_of
from core.seeds.supplying import plan, supply
from core.seeds.writing import SeedRefused
from core.settings.preview import change_of
from core.settings.switching import ask_on, bring_on
from tests.core.switching.conftest import Site


def _barrels(site: Site, tenant: Tenant) -> list[str]:
    with site.kernel.database.session(tenant) as session:
        return list(session.scalars(text("select name from cellar_barrel order by id")))


def test_records_are_there_as_soon_as_the_addon_is(site: Site) -> None:
    tenant, told = site.tenant("cellar"), list[tuple[int, int, str]]()
    after = bring_on(
        site.kernel, site.owner.begin, tenant.slug, "larder", wrote=lambda *far: told.append(far)
    )
    assert after.addons == {"cellar", "larder"}
    assert told == [(2, 2, "larder")]
    assert _barrels(site, after) == ["Oak", "Oak stave"]
    with site.kernel.database.session(after) as session:
        assert record_of(session, "larder.stave") is not None
    assert plan(site.kernel.database, site.kernel.seeds, after) == []
    bring_on(site.kernel, site.owner.begin, tenant.slug, "larder")
    assert _barrels(site, after) == ["Oak", "Oak stave"]


def test_an_addon_whose_records_are_refused_stays_off(site: Site) -> None:
    tenant = site.tenant("cellar")
    with pytest.raises(SeedRefused, match=r"pantry\.jar.*data/jars\.yaml:6.*No jars today"):
        bring_on(site.kernel, site.owner.begin, tenant.slug, "pantry", agreed=["larder"])
    assert site.stored(tenant) == tenant
    assert _barrels(site, tenant) == []
    actor = site.actor(tenant, "administrator")
    with site.kernel.database.unit_of_work(tenant) as session:
        number = ask_on(session, site.kernel, actor, "pantry", ["larder"])
    assert site.run(tenant, number) is PARKED
    assert "No jars today" in str(site.job(tenant, number))
    assert site.stored(tenant).addons == {"cellar"}


def test_an_upgrade_goes_on_where_one_record_is_refused(site: Site) -> None:
    tenant = site.tenant("cellar", "larder", "pantry")
    told = supply(site.kernel.database, site.kernel.seeds, tenant)
    assert [(each.addon, each.written, list(each.refused)) for each in told] == [
        ("larder", ["larder.oak", "larder.stave"], []),
        ("pantry", [], ["pantry.jar"]),
    ]
    assert [each.addon for each in supply(site.kernel.database, site.kernel.seeds, tenant)] == ["pantry"]
    assert _barrels(site, tenant) == ["Oak", "Oak stave"]


def test_records_stand_in_the_preview(site: Site) -> None:
    tenant = site.tenant("cellar")
    with site.kernel.database.session(tenant) as session, speaking("zh"):
        entries = change_of(site.kernel, session, "larder").preview.part("seeds")
    assert [(each.name, each.title) for each in entries] == [
        ("larder.oak", "橡木"),
        ("larder.stave", "橡木板"),
    ]


def test_what_is_off_is_not_supplied(site: Site) -> None:
    tenant = site.tenant("cellar")
    assert supply(site.kernel.database, site.kernel.seeds, tenant) == []
    assert _barrels(site, tenant) == []
