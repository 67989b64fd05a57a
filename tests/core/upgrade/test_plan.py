"""What ``guanxi upgrade --plan`` finds; every mishap is made in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from core.addons.manifest import Manifest
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.upgrade.plan import Plan, make_plan

_REVISION = "revision, down_revision = '{number}', {below!r}\ndef upgrade(): ...\ndef downgrade(): ...\n"


@pytest.fixture
def connection(owner_engine: Engine, tenants: dict[str, Tenant]) -> Iterator[Connection]:
    """The owner's, whose work is undone."""
    with owner_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def _run(connection: Connection, statement: str, **values: Any) -> None:
    connection.execute(text(statement), values)


def _with_addon(kernel: Kernel, folder: Path, **revisions: str | None) -> Kernel:
    """The same program with one more addon, whose revisions follow upon others."""
    (folder / "migrations").mkdir(parents=True)
    for number, below in revisions.items():
        content = _REVISION.format(number=number, below=below)
        (folder / "migrations" / f"{number}_step.py").write_text(content)
    customer = kernel.catalogue.addons["customer"]
    addon = Manifest(folder.name, customer.title, customer.summary, "1", folder, f"addons.{folder.name}")
    return replace(
        kernel, catalogue=replace(kernel.catalogue, addons={**kernel.catalogue.addons, addon.name: addon})
    )


def _found(plan: Plan) -> set[tuple[str, str]]:
    return {(problem.tenant, problem.code) for problem in plan.problems}


def test_what_is_up_to_date_has_no_problems(kernel: Kernel, connection: Connection) -> None:
    plan = make_plan(kernel, connection)
    assert (plan.problems, plan.platform) == ([], [])
    assert all(not tenant.revisions for tenant in plan.tenants)


def test_outstanding_revisions_are_told_with_their_titles(
    kernel: Kernel, connection: Connection, tenant: Tenant, tmp_path: Path
) -> None:
    _run(connection, "delete from platform.mig_platform")
    _run(connection, f"update \"{tenant.schema}\".mig_customer set version_num = '0001'")
    plan = make_plan(kernel, connection)
    assert plan.problems == []
    assert plan.platform[0].title.startswith("The control tables")
    [mine] = [each for each in plan.tenants if each.slug == tenant.slug]
    assert {each.history for each in mine.revisions} == {"customer"}
    assert mine.revisions[0].number == "0002"
    assert all(each.title for each in mine.revisions)
    [told] = [each for each in plan.as_data()["tenants"] if each["tenant"] == tenant.slug]
    assert told["revisions"][0].keys() == {"addon", "revision", "title"}


def test_every_problem_of_every_tenant_is_told_at_once(
    kernel: Kernel, connection: Connection, tenants: dict[str, Tenant]
) -> None:
    one, other = tenants["main"], tenants["bare"]
    kernel = replace(
        kernel, catalogue=replace(kernel.catalogue, quarantined={"torn": "torn/models.py:3: no"})
    )
    _run(connection, f"update \"{one.schema}\".mig_customer set version_num = '9999'")
    added = (
        "update platform.tenant set addons = addons || '{vanished,torn}', state = 'failed', failure = 'why'"
    )
    _run(connection, f"{added} where id = :id", id=one.id)
    gone = "update platform.tenant set role = 'gx_nobody', schema = 't_nothing' where id = :id"
    _run(connection, gone, id=other.id)
    plan = make_plan(kernel, connection)
    missing = [each for each in plan.problems if each.code == "addon-missing"]
    assert [each.sentence for each in missing] == [
        "torn is on, but cannot be loaded.",
        "vanished is on, but its package is not there.",
    ]
    assert f"guanxi addon disable vanished --tenant {one.slug}" in missing[1].advice
    assert _found(plan) == {
        ("", "addon-quarantined"),
        (one.slug, "addon-missing"),
        (one.slug, "tenant-failed"),
        (one.slug, "revision-unknown"),
        (other.slug, "role-missing"),
        (other.slug, "schema-missing"),
    }


def test_an_addon_whose_new_version_needs_more_is_told(
    kernel: Kernel, connection: Connection, tenant: Tenant, tmp_path: Path
) -> None:
    kernel = _with_addon(kernel, tmp_path / "roof")
    roof = replace(kernel.catalogue.addons["roof"], depends=("customer",))
    kernel.catalogue.addons["roof"] = roof
    _run(connection, "update platform.tenant set addons = '{roof}' where id = :id", id=tenant.id)
    [problem] = make_plan(kernel, connection).problems
    assert problem.sentence == "roof needs customer, which is off."
    assert problem.advice == f"guanxi addon enable roof --tenant {tenant.slug} --with-needs"


def test_histories_that_part_or_cannot_be_read_are_told(
    kernel: Kernel, connection: Connection, tmp_path: Path
) -> None:
    kernel = _with_addon(kernel, tmp_path / "forked", r1=None, r2="r1", r3="r1")
    kernel = _with_addon(kernel, tmp_path / "torn", r1=None)
    (tmp_path / "torn" / "migrations" / "r2_torn.py").write_text("def (")
    forked, torn = make_plan(kernel, connection).problems
    assert (forked.code, forked.sentence) == ("several-heads", "forked has several newest revisions: r2, r3")
    assert torn.code == "revisions-broken"
    assert "SyntaxError" in torn.sentence


def test_a_login_that_owns_nothing_is_told_what_it_lacks(
    kernel: Kernel, connection: Connection, tenants: dict[str, Tenant]
) -> None:
    _run(connection, "create role gx_test_weak")
    _run(connection, "grant usage on schema platform to gx_test_weak")
    _run(connection, "grant select on platform.tenant, platform.mig_platform to gx_test_weak")
    _run(connection, "set local role gx_test_weak")
    plan = make_plan(kernel, connection)
    assert {problem.code for problem in plan.problems} == {"owner-rights"}
    advice = {problem.advice for problem in plan.problems}
    assert "alter role gx_test_weak createrole;" in advice
    assert {problem.tenant for problem in plan.problems} >= {each.slug for each in tenants.values()}


def test_a_disk_without_room_is_told(
    kernel: Kernel, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.upgrade.plan._RESERVE", 10**18)
    assert _found(make_plan(kernel, connection)) == {("", "disk")}
