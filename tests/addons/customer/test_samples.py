from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from addons.customer.models import Activity, Contact, Customer, Lead, LeadState
from core.access.actor import OPERATOR
from core.db.tenancy import Tenant
from core.demo import load_demo, unload_demo
from core.kernel import Kernel
from core.seeds import record_of


def count(session: Session, model: type[object]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_demo_brings_customers_in_both_languages(
    session: Session, kernel: Kernel, tenant: Tenant
) -> None:
    load_demo(session, kernel, tenant)
    customer = Customer.__table__
    assert not kernel.hooks.failures
    assert 55 <= count(session, Customer) <= 65
    assert count(session, Contact) == 92
    assert count(session, Activity) == 164
    chinese = session.scalar(select(func.count()).where(customer.c.country == "中国"))
    assert chinese is not None
    assert 0.6 < chinese / count(session, Customer) < 0.75
    heads = session.scalar(
        select(func.count()).where(
            customer.c.parent_id.is_(None), customer.c.id.in_(select(customer.c.parent_id))
        )
    )
    assert heads == 3
    owners = select(func.count(customer.c.owner_id.distinct()))
    assert (session.scalar(owners) or 0) >= 3
    assert session.scalar(select(func.count()).where(customer.c.owner_id.is_(None))) == 0
    channels = session.scalars(text("select distinct channel from core_timeline_entry order by channel"))
    assert channels.all() == ["conversion", "sample"]


def test_leads_of_the_demo_are_in_every_state(session: Session, kernel: Kernel, tenant: Tenant) -> None:
    load_demo(session, kernel, tenant)
    lead = Lead.__table__
    rows = session.execute(select(lead.c.state, func.count()).group_by(lead.c.state)).all()
    states: dict[str, int] = {row[0]: row[1] for row in rows}
    assert states["converted"] == 2
    assert states.keys() == set(LeadState)
    assert session.scalar(select(func.count()).where(lead.c.score.is_(None))) not in (0, 25)


def test_samples_spread_over_the_days_around_today(session: Session, kernel: Kernel, tenant: Tenant) -> None:
    load_demo(session, kernel, tenant)
    days = session.execute(
        text(
            "select count(*) filter (where due_at < date_trunc('day', now(), :zone)),"
            " count(*) filter (where due_at >= date_trunc('day', now(), :zone)"
            "   and due_at < date_trunc('day', now(), :zone) + interval '1 day'),"
            " count(*) filter (where due_at >= date_trunc('day', now(), :zone) + interval '1 day')"
            " from customer_activity where state = 'planned'"
        ),
        {"zone": tenant.timezone},
    ).one()
    assert tuple(days) == (10, 12, 28)


def test_a_large_demo_has_thousands_of_customers(session: Session, kernel: Kernel, tenant: Tenant) -> None:
    load_demo(session, kernel, tenant, size="large")
    assert count(session, Customer) == 5_063
    assert count(session, Contact) == 5_092


def test_the_demo_goes_without_a_trace(session: Session, kernel: Kernel, tenant: Tenant) -> None:
    before = _rows(session, tenant)
    load_demo(session, kernel, tenant)
    assert count(session, Lead) == 25
    assert unload_demo(session, kernel, tenant) == {}
    assert _rows(session, tenant) == before
    load_demo(session, kernel, tenant)
    assert count(session, Contact) == 92


def _rows(session: Session, tenant: Tenant) -> dict[str, int]:
    """How many rows each table of the tenant has."""
    asked = text("select tablename from pg_tables where schemaname = :schema and tablename !~ '^mig_'")
    names = session.scalars(asked, {"schema": tenant.schema}).all()
    return {name: session.scalar(text(f'select count(*) from "{name}"')) or 0 for name in names}


def test_what_has_become_somebodys_outlives_the_demo(
    session: Session, kernel: Kernel, tenant: Tenant
) -> None:
    load_demo(session, kernel, tenant)
    edited, used = (record_of(session, f"customer.{key}") or 0 for key in ("mingze", "hemu"))
    service = kernel.resources["customer.customer"].service
    service.update(session, edited, {"level": "A", "description": "Really ours"}, actor=OPERATOR)
    [mine] = service.create(session, [{"name": "Real Works", "parent": used}], actor=OPERATOR)
    left = unload_demo(session, kernel, tenant)
    stay = {resource.name: set(names) for resource, names in left.items()}
    names = {"铭泽电子有限公司", "禾木食品有限公司"}
    assert {name[2:] for name in stay["customer.customer"]} == names
    assert stay["core.user"], "they own what stays"
    table = Customer.__table__
    assert set(session.scalars(select(table.c.id))) == {edited, used, mine}
    service.update(session, mine, {"parent": None}, actor=OPERATOR)
    again = unload_demo(session, kernel, tenant)
    assert {each.name: len(names) for each, names in again.items()}["customer.customer"] == 1
