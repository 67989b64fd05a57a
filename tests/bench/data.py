"""A tenant with very many customers, made once and kept between runs."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, text

from core.access.actor import OPERATOR
from core.auth import services as auth
from core.db.provision import NoSuchTenant, create_tenant, find_tenant, prepare
from core.db.session import commit
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.kernel import Kernel

CITIES = ("上海", "北京", "深圳", "杭州", "成都", "武汉", "苏州", "Berlin", "London", "Austin")

_FILL = text("""
    insert into customer_customer
        (name, name_key, kind, type, level, industry, city, phone,
         owner_id, unit_id, employees, created_by_id)
    select
        case when i % 3 = 0 then 'Customer ' || i else '华东精密制造' || i || '有限公司' end,
        case when i % 3 = 0 then 'customer ' || i else 'hua dong jing mi zhi zao ' || i end,
        (array['potential', 'active', 'lost'])[1 + i % 3], 'organisation', (array['A', 'B', 'C'])[1 + i % 3],
        (array['Manufacturing', 'Health', 'Logistics', 'Retail'])[1 + i % 4],
        (cast(:cities as text[]))[1 + (i * 7919) % :ncities], '+86138' || lpad((i % 100000000)::text, 8, '0'),
        :owner, :unit, i % 5000, :owner
    from generate_series(1, :count) i
""")


def benchmark_tenant(kernel: Kernel, urls: Urls, customers: int) -> Tenant:
    """The tenant with so many customers, made when it is not there."""
    engine = create_engine(urls.require_owner())
    slug = f"bench-{customers}"
    try:
        with engine.begin() as connection:
            prepare(connection, urls.app_login)
        try:
            with engine.begin() as connection:
                return find_tenant(connection, slug)
        except NoSuchTenant:
            return _make(kernel, urls, engine, slug, customers)
    finally:
        engine.dispose()


def _make(kernel: Kernel, urls: Urls, engine: Engine, slug: str, customers: int) -> Tenant:
    with engine.begin() as connection:
        tenant = create_tenant(
            connection, urls.app_login, slug, name=slug, histories=kernel.histories, language="en",
            addons=frozenset(kernel.catalogue.addons) - {"core"},
        )  # fmt: skip
    with kernel.database.session(tenant) as session:
        [unit] = kernel.resources["core.unit"].service.create(
            session, [{"code": "hq", "name": "HQ"}], actor=OPERATOR
        )
        values = {"email": "bench@example.com", "name": "Bench", "unit": unit}
        [user] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
        auth.assign_role(session, kernel.permissions, user, "sales_supervisor")
        given = {
            "owner": user,
            "unit": unit,
            "count": customers,
            "cities": list(CITIES),
            "ncities": len(CITIES),
        }
        session.execute(_FILL, given)
        commit(session)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'vacuum analyze "{tenant.schema}".customer_customer'))
    return tenant


def credentials(kernel: Kernel, tenant: Tenant) -> tuple[str, str]:
    """A fresh API token and a fresh browser session of the benchmark's user, a sales supervisor."""
    with kernel.database.unit_of_work(tenant) as session:
        actor = auth.actor_by_email(session, kernel.permissions, "bench@example.com")
        assert actor.user_id is not None
        token = auth.issue_token(session, actor.user_id, name="bench").token
        return token, auth.open_session(session, actor.user_id, address="127.0.0.1", agent="bench").token
