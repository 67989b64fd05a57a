"""Pages in both languages, and that nothing is left to see where the addon is off."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from core.db.migrate import differences, use_schema
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.testing.plugin import ApiClient, Browser


def test_pages_show_orders_fairs_and_the_kind_of_firm(
    api: Callable[..., ApiClient], client: Callable[..., Browser]
) -> None:
    caller, browser = api(tenant="agency"), client(tenant="agency", language="zh")

    def made(path: str, **values: object) -> int:
        answer = caller.post(path, json=values)
        assert answer.status_code == 201, answer.text
        number: int = answer.get_json()["id"]
        return number

    begins = datetime.now(UTC).date() + timedelta(days=30)
    days = {"begins_on": begins.isoformat(), "ends_on": begins.isoformat()}
    fair = made("industry_tradefair/fairs", name="Spring fair", **days)
    booth = made("industry_tradefair/booths", number="A01", fair=fair)
    customer = made("customer/customers", name="Lotus", firm_kind="service", service_offered="Booths")
    order = made(
        "industry_tradefair/orders", title="One booth", customer=customer, booth=booth, state="confirmed"
    )

    page = browser.get(f"/customer/customers/{customer}").text
    assert all(words in page for words in ("One booth", "服务商", "服务项目", "展位代理"))
    page = browser.get(f"/industry_tradefair/fairs/{fair}").text
    assert all(words in page for words in ("已售", "未售", "One booth", "Lotus"))
    assert "Spring fair" in browser.get("/").text
    assert "近期展会" in browser.get("/").text
    page = browser.get(f"/industry_tradefair/orders/{order}").text
    assert "需要搭建" in page
    assert "含主机托管" not in page  # of another product
    form = browser.get(f"/industry_tradefair/orders/{order}/edit").text
    shown = dict(
        re.findall(r'<section class="gx-card" aria-label="([^"]+)" data-when="[^"]+"( hidden)?>', form)
    )
    assert shown == {
        "展位": "", "网站": " hidden", "网络投放": " hidden", "户外投放": " hidden", "投放时间": " hidden",
        "期刊": " hidden",
    }  # fmt: skip
    assert form.count("<fieldset disabled>") == 5
    saved = browser.post(
        f"/industry_tradefair/orders/{order}/edit", {"product": "web_design", "domain": "", "version": "1"}
    )
    assert saved.status_code == 422  # a confirmed order needs it, and the form shows where
    assert "订单确认后此项必填。" in saved.text
    assert caller.get(f"industry_tradefair/orders/{order}").get_json()["product"] == "booth"


def test_nothing_of_it_is_there_where_it_is_off(
    kernel: Kernel, api: Callable[..., ApiClient], client: Callable[..., Browser]
) -> None:
    caller = api(tenant="main")
    assert caller.get("industry_tradefair/orders").status_code == 404
    assert caller.post("customer/customers", json={"name": "A", "firm_kind": "maker"}).status_code == 422
    assert "firm_kind" not in caller.get("openapi.json").text
    assert "/industry_tradefair" not in client(tenant="main").get("/").text
    assert "industry_tradefair" not in kernel.catalogue.by_default()
    assert "customer" in kernel.catalogue.by_default()


def test_the_migrations_make_the_tables_of_the_models(owner_engine: Engine, tenant: Tenant) -> None:
    with owner_engine.begin() as connection:
        use_schema(connection, tenant.schema)
        assert differences(connection, tenant.schema, ["industry_tradefair"]) == []
