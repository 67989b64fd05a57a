"""What comes out of an archive sends nothing and runs nothing by itself until it is released."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.access.actor import OPERATOR
from core.app import create_app
from core.archive import tenants
from core.auth import services as auth
from core.auth.login import COOKIE
from core.db.queue import entries_of
from core.db.tenancy import Tenant
from core.jobs import enqueue
from core.jobs.running import Ending, run_job
from core.worker.clock import tell_tenants
from tests.core.archive.conftest import Bank

pytestmark = pytest.mark.slow


def _jobs(bank: Bank, tenant: Tenant) -> list[Any]:
    with bank.kernel.database.session(tenant) as session:
        return [tuple(row) for row in session.execute(text("select kind, state from core_job order by id"))]


def _queued(bank: Bank, tenant: Tenant) -> set[int]:
    with bank.owner.begin() as connection:
        return entries_of(connection, tenant.id)


def test_a_clone_runs_nothing_until_it_is_released(bank: Bank) -> None:
    tenant = bank.tenant()
    bank.fill(tenant)
    before = bank.rows(tenant)
    copy = tenants.clone(bank.kernel, bank.urls, tenant.slug, "held", hosts=["held.example"]).tenant
    assert (copy.held, bank.stored(tenant.slug).held) == (True, False)
    # The job that waits in the original waits here too, and nothing would ever run it.
    assert _jobs(bank, copy) == [("vault.ring", "waiting")]
    assert (_queued(bank, tenant), _queued(bank, copy)) == ({1}, set())
    assert run_job(bank.kernel, copy.id, 1).ending is Ending.AGAIN
    assert tell_tenants(bank.kernel, "vault.tick", datetime(2026, 3, 1, tzinfo=UTC)) >= 1
    assert ("vault.tick", "waiting") in _jobs(bank, tenant)
    assert _jobs(bank, copy) == [("vault.ring", "waiting")]
    assert bank.rows(copy) == before
    # What somebody asks for in it runs where it keeps to the tenant's own records.
    with bank.kernel.database.unit_of_work(copy) as session:
        search = enqueue(session, "core.reindex", actor=OPERATOR)
        ring = enqueue(session, "vault.ring", actor=OPERATOR)
    assert run_job(bank.kernel, copy.id, search).ending is Ending.OVER
    assert run_job(bank.kernel, copy.id, ring).ending is Ending.AGAIN
    assert _jobs(bank, copy) == [
        ("vault.ring", "waiting"),
        ("core.reindex", "done"),
        ("vault.ring", "waiting"),
    ]
    # Released, all of it runs.
    assert tenants.release(bank.kernel, bank.urls, "held") == 1
    assert not bank.stored("held").held
    assert {1, ring} <= _queued(bank, copy)
    assert tell_tenants(bank.kernel, "vault.tick", datetime(2026, 3, 1, 0, 1, tzinfo=UTC)) >= 1
    for number in (1, ring):
        assert run_job(bank.kernel, copy.id, number).ending is Ending.OVER
    assert _jobs(bank, copy)[0] == ("vault.ring", "done")
    assert ("vault.tick", "waiting") in _jobs(bank, copy)
    assert tenants.release(bank.kernel, bank.urls, "held") == 0


def test_a_tenant_put_back_does_nothing_twice(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant()
    bank.fill(tenant)
    bank.archive(tenant, tmp_path / "a.zip")
    assert run_job(bank.kernel, tenant.id, 1).ending is Ending.OVER
    tenants.put_tenant_back(bank.kernel, bank.urls, tenant.slug, tmp_path / "a.zip")
    back = bank.stored(tenant.slug)
    assert (back.held, _jobs(bank, back), _queued(bank, back)) == (True, [("vault.ring", "waiting")], set())
    assert tenants.release(bank.kernel, bank.urls, tenant.slug, give_up_waiting=True) == 1
    assert (_jobs(bank, back), _queued(bank, back)) == ([("vault.ring", "cancelled")], set())
    # Put back and sent on its way at once, by somebody who knows that nothing was done since.
    tenants.put_tenant_back(bank.kernel, bank.urls, tenant.slug, tmp_path / "a.zip", held=False)
    assert (bank.stored(tenant.slug).held, _queued(bank, back)) == (False, {1})


def test_every_page_says_so_in_both_languages(bank: Bank) -> None:
    tenant = bank.tenant()
    bank.fill(tenant)
    copy = tenants.clone(bank.kernel, bank.urls, tenant.slug, "with-banner").tenant
    app = create_app(bank.kernel)
    said = {
        "en": "Until the operator releases it, it sends nothing",
        "zh": "在运维人员放行之前，不会向外发送任何内容",
    }
    for where, is_held in ((copy, True), (tenant, False)):
        with bank.kernel.database.unit_of_work(where) as session:
            ada = auth.actor_by_email(session, bank.kernel.permissions, "ada@example.com")
            assert ada.user_id is not None
            token = auth.open_session(session, ada.user_id, address="127.0.0.1", agent="test").token
        client = app.test_client()
        client.set_cookie(COOKIE, token, domain=f"{where.slug}.localhost")
        for language, words in said.items():
            with bank.kernel.database.unit_of_work(where) as session:
                auth.set_preferences(session, ada.user_id, {"language": language})
            for page in ("/", "/customer/customers", "/settings/addons", "/nothing/here"):
                answer = client.get(page, base_url=f"http://{where.slug}.localhost")
                assert (words in answer.text) == is_held, (page, language)
