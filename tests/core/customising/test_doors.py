"""Added fields in every door: pages, the API and its document, imports, undo; and other tenants."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.access.actor import OPERATOR
from core.addons.switching import switch_on
from core.customising import services
from core.db import provision
from core.db.provision import find_tenant
from core.db.session import tenant_of
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.resources.change_sets import collecting, open_set, undo
from core.resources.gateway import Gateway
from core.resources.importing import ColumnMap, Importer, Mode, make_plan, open_table
from core.testing.jobs import RunJobs
from core.testing.plugin import ApiClient, Browser
from tests.core.customising.conftest import CUSTOMER, AddField, Make

PAGE = f"/settings/customisation/{CUSTOMER}"


def test_a_table_is_read_by_labels_of_both_languages(
    kernel: Kernel, session: Any, gateway: Gateway, add: AddField
) -> None:
    grade = add("choice", "Grade", "等级", options=[{"en": "Gold", "zh": "金牌"}]).name
    day = add("day", "Visited on", "到访日期").name
    customers = kernel.resources.named(tenant_of(session), CUSTOMER)
    rows = "客户名称,等级,Visited on\nAster,金牌,2026年1月31日\nBirch,gold,2026-02-01\nCedar,bronze,\n"
    table = open_table(io.BytesIO(rows.encode()))
    plan = make_plan(gateway, customers, table.header, ColumnMap())
    bad: list[int] = []
    run = Importer(
        session,
        customers,
        plan,
        actor=OPERATOR,
        mode=Mode.INSERT,
        on_bad=lambda row, _why: bad.append(row.line),
    )
    assert run.run(table.rows(), len(table.header)).inserted == 2
    assert bad == [4]
    written = session.execute(text("select custom from customer_customer order by id")).scalars().all()
    assert [(each[grade], each[day]) for each in written] == [
        ("gold", "2026-01-31"),
        ("gold", "2026-02-01"),
    ]


def test_changes_of_added_fields_are_taken_back(
    kernel: Kernel, session: Any, gateway: Gateway, add: AddField, make: Make
) -> None:
    day, tags = add("day", "Visited on").name, add("tags", "Topics").name
    number = make(**{day: "2026-01-31"})
    customers = kernel.resources.named(tenant_of(session), CUSTOMER)
    before = session.scalar(text("select custom from customer_customer"))
    set_id = open_set(session, "bulk", customers, actor=OPERATOR, label="x")
    with collecting(session, set_id):
        customers.service.update(session, number, {day: None, tags: ["a"]}, actor=OPERATOR)
    assert gateway.get(customers, number)[tags] == ["a"]
    undo(session, set_id, actor=OPERATOR)
    assert session.scalar(text("select custom from customer_customer")) == before


def _field(api: ApiClient, kernel: Kernel, engine: Engine, **values: Any) -> str:
    """A field that is there for everybody."""
    slug = api.host.partition(".")[0]
    with engine.connect() as connection:
        tenant = find_tenant(connection, slug)
    with kernel.database.unit_of_work(tenant) as session:
        return services.add_field(session, kernel.resources, CUSTOMER, values, actor=OPERATOR).name


def test_the_api_knows_an_added_field_and_other_tenants_do_not(
    kernel: Kernel, owner_engine: Engine, api: Callable[..., ApiClient], other_tenant: Tenant
) -> None:
    mine, others = api(), api(tenant="bare")
    url, fields = "customer/customers", {}
    assert others.get(url).status_code == 200
    name = _field(mine, kernel, owner_engine, kind="integer", label_en="Stand size", is_required=True)
    made = mine.post(url, json={"name": "Aster", name: 12})
    assert (made.status_code, made.get_json()[name]) == (201, 12)
    refused = mine.post(url, json={"name": "Birch"})
    assert (refused.status_code, set(refused.get_json()["errors"])) == (422, {name})
    assert mine.get(f"{url}?{name}.gte=12&sort=-{name}&fields=id,{name}").get_json()["items"] == [
        {"id": 1, name: 12}
    ]
    sums = mine.get(f"{url}/aggregate?group={name}&measures=count,{name}:sum").get_json()["groups"]
    assert sums == [{name: 12, "count": 1, f"{name}:sum": 12}]
    lines = mine.get(f"{url}/export?format=csv&fields=name,{name}").text.splitlines()
    assert lines[-1] == "Aster,12"
    bulk = mine.post(f"{url}/bulk", json={"ids": [1], "action": "update", "values": {name: 13}})
    assert bulk.status_code in (200, 202)
    assert mine.get(f"{url}/1").get_json()[name] == 13
    for who in (mine, others):
        document = who.get("/api/v1/openapi.json").get_json()
        fields[who] = {each for each in str(document).split("'") if each == name}
    assert fields == {mine: {name}, others: set()}
    assert others.get(f"{url}?{name}=1").status_code == 422
    assert others.post(url, json={"name": "Cedar", name: 1}).status_code == 422
    assert others.post(url, json={"name": "Cedar"}).status_code == 201


@pytest.fixture
def other_tenant(
    kernel: Kernel, owner_engine: Engine, tenants: dict[str, Tenant], committed: Any
) -> Iterator[Tenant]:
    """The other tenant with customers of its own, while the test lasts."""
    with owner_engine.begin() as connection:
        tenant = switch_on(kernel, connection, "bare", "customer")
    yield tenant
    with owner_engine.begin() as connection:
        provision.set_addons(connection, tenant, frozenset())


def test_pages_add_show_and_delete_a_field(
    kernel: Kernel, client: Callable[..., Browser], run_jobs: RunJobs, committed: Callable[[], Any]
) -> None:
    admin = client(language="zh")
    assert "客户" in admin.get("/settings/customisation").text
    options = {
        "options.0.zh": "金牌",
        "options.1.en": "Silver",
        "options.1.tone": "info",
        "options.0.tone": "warn",
    }
    form = {"label_zh": "等级", "label_en": "", "in_list": "1", "is_frequent": "1", **options}
    refused = admin.post(f"{PAGE}/new?kind=choice", {**form, "label_zh": "城市"})
    assert (refused.status_code, "已有同名字段" in refused.text) == (422, True)
    assert admin.post(f"{PAGE}/new?kind=choice", form).status_code == 303
    page = admin.get(PAGE).text
    assert "缺英文" in page
    assert "x_deng_ji" in page
    created = admin.post("/customer/customers/new", {"name": "海港", "x_deng_ji": "jin_pai"})
    assert created.status_code == 303
    assert "金牌" in admin.get("/customer/customers").text
    assert "等级" in admin.get("/customer/customers/1/edit").text
    assert "金牌" in admin.get("/customer/customers/1").text
    assert "海港" in admin.get("/customer/customers?x_deng_ji=jin_pai").text
    assert "海港" not in admin.get("/customer/customers?x_deng_ji=silver").text
    edited = {**form, "label_en": "Grade", "options.0.id": "jin_pai", "options.1.id": "silver"}
    assert admin.post(f"{PAGE}/x_deng_ji/edit", edited).status_code == 303
    assert "Grade" in client().get("/customer/customers").text
    asked = admin.get(f"{PAGE}/x_deng_ji/delete").text
    assert "1 条记录" in asked
    assert admin.post(f"{PAGE}/x_deng_ji/delete", {"confirmed": "x"}).status_code == 422
    assert admin.post(f"{PAGE}/x_deng_ji/delete", {"confirmed": "x_deng_ji"}).status_code == 303
    assert "金牌" not in admin.get("/customer/customers").text
    assert admin.get("/customer/customers").status_code == 200
    run_jobs()
    with committed() as session:
        assert session.scalar(text("select custom from customer_customer")) == {}
        assert session.scalar(text("select count(*) from core_custom_field")) == 0


def test_an_archived_field_comes_back_by_undo(client: Callable[..., Browser]) -> None:
    admin = client()
    admin.post(f"{PAGE}/new?kind=flag", {"label_en": "At the gala", "default": "1"})
    assert admin.post(f"{PAGE}/x_at_the_gala/archive").status_code == 303
    assert "put away" in admin.get(PAGE).text
    assert "At the gala" not in admin.get("/customer/customers/new").text
    assert admin.post(f"{PAGE}/x_at_the_gala/restore").status_code == 303
    assert "At the gala" in admin.get("/customer/customers/new").text


def test_the_pages_are_there_for_administrators_only(client: Callable[..., Browser]) -> None:
    seller = client("sales_supervisor")
    for path in ("/settings/customisation", PAGE, f"{PAGE}/new?kind=text", f"{PAGE}/order"):
        assert seller.get(path).status_code == 404
    assert seller.post(f"{PAGE}/new?kind=text", {"label_en": "A"}).status_code == 404
    assert "/settings/customisation" not in seller.get("/").text
    admin = client()
    assert admin.get("/settings/customisation/customer.phone").status_code == 404
    assert admin.get(f"{PAGE}/x_nothing/edit").status_code == 404
    assert "x_a" not in admin.get(PAGE).text
