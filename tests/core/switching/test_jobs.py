"""Switching on in the background, and what becomes of jobs whose addon is off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import make_url, text

from core.access.actor import OPERATOR, Actor
from core.addons.switching import AddonNeeds, switch_off
from core.db.migrate import History
from core.db.tenancy import Platform, Tenant
from core.errors import Forbidden
from core.jobs import enqueue
from core.jobs.queue import cancel
from core.jobs.running import Ending
from core.kernel import Kernel
from core.settings.switching import ask_on
from tests.core.switching.conftest import Site


def _ask(site: Site, tenant: Tenant, actor: Actor, name: str, *agreed: str) -> int:
    with site.kernel.database.unit_of_work(tenant) as session:
        return ask_on(session, site.kernel, actor, name, agreed)


def _off(site: Site, tenant: Tenant, name: str) -> None:
    with site.kernel.database.unit_of_work(Platform()) as session:
        switch_off(site.kernel.catalogue, session.connection(), tenant, name)


def test_only_who_may_switch_can_ask(site: Site) -> None:
    tenant = site.tenant()
    with pytest.raises(Forbidden):
        _ask(site, tenant, site.actor(tenant, "executive"), "cellar")
    with pytest.raises(AddonNeeds):
        _ask(site, tenant, site.actor(tenant, "administrator"), "stairs")
    assert site.jobs(tenant) == []


def test_who_has_lost_the_right_meanwhile_is_refused(site: Site) -> None:
    tenant = site.tenant()
    actor = site.actor(tenant, "administrator")
    number = _ask(site, tenant, actor, "cellar")
    with site.kernel.database.unit_of_work(tenant) as session:
        session.execute(text("delete from core_role_assignment where user_id = :id"), {"id": actor.user_id})
    assert site.run(tenant, number).ending is Ending.PARKED
    assert site.job(tenant, number)["error_code"] == "forbidden"
    assert site.stored(tenant) == tenant


def test_progress_is_told_while_tables_are_made(site: Site) -> None:
    tenant = site.tenant()
    number = _ask(site, tenant, site.actor(tenant, "administrator"), "cellar")
    site.run(tenant, number)
    found = site.job(tenant, number)
    assert (found["state"], found["done"], found["total"]) == ("done", 2, 2)
    assert found["note"] == "Tables of Cellar"


def test_tables_that_fail_are_told_and_the_tenant_is_as_before(site: Site) -> None:
    tenant = site.tenant()
    number = _ask(site, tenant, site.actor(tenant, "administrator"), "chimney", "cellar")
    assert site.run(tenant, number).ending is Ending.PARKED
    found = site.job(tenant, number)
    assert found["error"] == "chimney: ZeroDivisionError: division by zero"
    assert site.stored(tenant) == tenant
    assert not site.tables(tenant, "cellar")


class _Interrupted:
    """A worker's kernel: somebody cancels the job while it looks for what is to be made."""

    def __init__(self, kernel: Kernel, interrupt: Callable[[], None]) -> None:
        self._kernel = kernel
        self._interrupt = interrupt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)

    def histories(self, addons: frozenset[str]) -> list[History]:
        self._interrupt()
        return self._kernel.histories(addons)


def test_one_that_is_cancelled_while_it_runs_has_done_nothing(site: Site) -> None:
    tenant = site.tenant()
    number = _ask(site, tenant, site.actor(tenant, "administrator"), "cellar")

    def interrupt() -> None:
        with site.kernel.database.unit_of_work(tenant) as session:
            assert cancel(session, number)

    kernel = cast("Kernel", _Interrupted(site.worker, interrupt))
    assert site.run(tenant, number, kernel).ending is Ending.OVER
    assert site.job(tenant, number)["state"] == "cancelled"
    assert site.stored(tenant) == tenant
    assert not site.tables(tenant, "cellar")


def test_a_login_that_may_not_make_tables_is_told_to_leave_it(site: Site) -> None:
    tenant = site.tenant()
    number = _ask(site, tenant, site.actor(tenant, "administrator"), "cellar")
    assert make_url(site.urls.app).username != make_url(site.urls.require_owner()).username
    weak = replace(site.kernel, owner_url=site.urls.app)
    assert site.run(tenant, number, weak).ending is Ending.PARKED
    found = site.job(tenant, number)
    assert found["error_code"] == "no-owner"
    assert f"guanxi addon enable cellar --tenant {tenant.slug}" in found["error"]
    assert site.stored(tenant) == tenant


def test_jobs_of_an_addon_that_is_off_are_kept_and_done_when_it_is_on_again(site: Site) -> None:
    tenant = site.tenant("cellar")
    with site.kernel.database.unit_of_work(tenant) as session:
        turn = enqueue(session, "cellar.turn", actor=OPERATOR)
    _off(site, tenant, "cellar")
    assert site.run(tenant, turn).ending is Ending.PARKED
    found = site.job(tenant, turn)
    assert (found["state"], found["error_code"], found["result"]) == ("parked", "addon-off", None)
    number = _ask(site, site.stored(tenant), site.actor(tenant, "administrator"), "cellar")
    assert site.run(tenant, number).ending is Ending.OVER
    assert site.job(tenant, turn)["state"] == "waiting"
    assert site.run(tenant, turn).ending is Ending.OVER
    assert site.job(tenant, turn)["result"] == {"turned": True}


def test_a_job_that_meets_its_addon_on_again_runs_as_if_nothing_had_been(site: Site) -> None:
    tenant = site.tenant("cellar")
    with site.kernel.database.unit_of_work(tenant) as session:
        turn = enqueue(session, "cellar.turn", actor=OPERATOR)
    _off(site, tenant, "cellar")
    site.run(tenant, _ask_number(site, tenant))
    assert site.job(tenant, turn)["attempts"] == 0
    assert site.run(tenant, turn).ending is Ending.OVER
    assert site.job(tenant, turn)["result"] == {"turned": True}


def _ask_number(site: Site, tenant: Tenant) -> int:
    return _ask(site, site.stored(tenant), site.actor(tenant, "administrator"), "cellar")
