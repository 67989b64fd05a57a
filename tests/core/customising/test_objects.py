"""Made-up records: kinds of their own behind the engine, apart from each other, with rights of their own."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.auth import services as auth
from core.customising import object_services as services
from core.customising.errors import LedTo, NotConfirmed
from core.customising.objects import objects
from core.db.session import tenant_of
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import speaking
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.editions import resource_seen
from core.resources.filters import Condition
from core.resources.gateway import Gateway
from core.resources.importing import ColumnMap, Importer, Mode, make_plan, open_table
from core.resources.query import Order, Query
from core.resources.reindexing import rebuild
from core.testing.plugin import ApiClient, Browser, MakeActor, RunJobs
from tests.core.customising.conftest import CUSTOMER, AddField
from tests.core.customising.conftest import Make as MakeCustomer

MakeUp = Callable[..., Resource]
MACHINE = {"title_en": "Machine", "title_zh": "设备", "plural_en": "Machines", "icon": "tools"}


@pytest.fixture
def make_up(session: Session) -> MakeUp:
    """Makes up a kind of record and gives its resource."""

    def make_up(**values: Any) -> Resource:
        made = services.make_up(session, MACHINE | values, actor=OPERATOR)
        found = resource_seen(session, made.resource)
        assert found is not None
        return found

    return make_up


def test_a_kind_has_a_name_titles_and_an_address(kernel: Kernel, session: Session, make_up: MakeUp) -> None:
    machines = make_up()
    assert (machines.name, machines.path, machines.url) == (
        "custom.machines", "custom/machines", "/custom/machines",
    )  # fmt: skip
    with speaking("zh"):
        assert (str(machines.title), str(machines.title_plural)) == ("设备", "设备")
    tenant = tenant_of(session)
    assert kernel.resources.at(tenant, "custom", "machines") is machines
    assert machines in list(kernel.resources.visible(tenant))
    chinese = make_up(title_en="", plural_en="", title_zh="合同附件")
    assert (chinese.name, str(chinese.title)) == ("custom.he_tong_fu_jian", "合同附件")


def test_records_of_kinds_stand_apart_in_everything(
    kernel: Kernel, session: Session, gateway: Gateway, make_up: MakeUp
) -> None:
    make_up()
    make_up(title_en="Licence", title_zh="证照", plural_en="Licences")
    machines, licences = (resource_seen(session, f"custom.{name}") for name in ("machines", "licences"))
    assert machines is not None
    assert licences is not None
    [press] = machines.service.create(session, [{"name": "Press"}], actor=OPERATOR)
    [permit] = licences.service.create(session, [{"name": "Press permit"}], actor=OPERATOR)
    assert [each["name"] for each in gateway.page(machines, Query()).records()] == ["Press"]
    assert [each["name"] for each in gateway.page(machines, Query(q="press")).records()] == ["Press"]
    assert gateway.count(licences, Query()) == 1
    assert [each["id"] for each in gateway.lookup(machines, "")] == [press]
    assert gateway.labels(machines, [press, permit]) == {press: "Press"}
    assert gateway.aggregate(machines, Query(), [], ["count"]) == [{"count": 1}]
    with pytest.raises(NotFound):
        gateway.get(machines, permit)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: machines.service.update(session, permit, {"name": "Taken"}, actor=OPERATOR),
        lambda: machines.service.archive(session, [permit], actor=OPERATOR),
        lambda: machines.service.delete(session, [permit], actor=OPERATOR),
    )
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert gateway.get(licences, permit)["name"] == "Press permit"


def test_documents_made_anew_are_those_of_the_own_records(session: Session, make_up: MakeUp) -> None:
    make_up()
    make_up(title_en="Licence", title_zh="证照", plural_en="Licences")
    for name in ("machines", "licences"):
        resource = resource_seen(session, f"custom.{name}")
        assert resource is not None
        resource.service.create(session, [{"name": name}], actor=OPERATOR)
    session.execute(text("delete from core_search_doc"))
    machines = resource_seen(session, "custom.machines")
    assert machines is not None
    assert list(rebuild(lambda: nullcontext(session), machines)) == [(1, 1)]
    found = session.execute(text("select d.resource, r.name from core_search_doc d join core_custom_record r"
                                 " on r.id = d.record_id")).all()  # fmt: skip
    assert [tuple(each) for each in found] == [("custom.machines", "machines")]


def test_roles_reach_what_is_granted_on_the_kind(
    kernel: Kernel, session: Session, make_up: MakeUp, actor_as: MakeActor
) -> None:
    grants = {
        "account_manager": {"read": "all", "write": "own", "delete": ""},
        "sales_supervisor": {"read": "unit_below", "write": "unit_below", "delete": "own"},
        "analyst": {"read": "", "write": "", "delete": ""},
    }
    machines = make_up(grants=grants)
    manager, analyst = actor_as("account_manager"), actor_as("analyst")
    [others] = machines.service.create(session, [{"name": "Press"}], actor=OPERATOR)
    [own] = machines.service.create(session, [{"name": "Drill"}], actor=manager)
    reader = Gateway(session, manager)
    assert [each["id"] for each in reader.page(machines, Query(sort=(Order("id"),))).records()] == [
        others,
        own,
    ]
    machines.service.update(session, own, {"name": "Saw"}, actor=manager)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: machines.service.update(session, others, {"name": "Mine"}, actor=manager),
        lambda: machines.service.delete(session, [own], actor=manager),
    )
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    with pytest.raises(NotFound):
        Gateway(session, analyst).page(machines, Query())
    services.change(session, "machines", {"grants": {"analyst": {"read": "all"}}}, actor=OPERATOR)
    later = [_again(kernel, session, each) for each in (manager, analyst)]
    assert [each.may("custom.machines", "read") for each in later] == [False, True]


def _again(kernel: Kernel, session: Session, actor: Actor) -> Actor:
    return auth.actor_by_email(session, kernel.permissions, actor.email)


def test_links_lead_to_made_up_records_and_back(
    kernel: Kernel, session: Session, gateway: Gateway, make_up: MakeUp, add: AddField, make: MakeCustomer
) -> None:
    make_up()
    owner = add("link", "Customer", resource="custom.machines", target=CUSTOMER).name
    grade = add("choice", "Grade", resource="custom.machines", options=[{"en": "New"}]).name
    best = add("link", "Best machine", target="custom.machines").name
    machines = resource_seen(session, "custom.machines")
    assert machines is not None
    customer = make("Aster")
    values = {"name": "Press", owner: customer, grade: "new"}
    [press] = machines.service.create(session, [values], actor=OPERATOR)
    customers = kernel.resources[CUSTOMER]
    customers.service.update(session, customer, {best: press}, actor=OPERATOR)
    assert gateway.get(customers, customer)[best] == {"id": press, "label": "Press"}
    found = gateway.page(customers, Query(Condition(f"{best}.{grade}", "eq", "new"))).records()
    assert [each["id"] for each in found] == [customer]
    assert gateway.get(machines, press)[owner] == {"id": customer, "label": "Aster"}
    with pytest.raises(LedTo):
        services.delete(session, "machines", confirmed="machines", actor=OPERATOR)


def test_a_table_is_imported_into_made_up_records(
    session: Session, gateway: Gateway, make_up: MakeUp
) -> None:
    machines = make_up()
    table = open_table(io.BytesIO("名称\nPress\nDrill\n".encode()))
    plan = make_plan(gateway, machines, table.header, ColumnMap())
    run = Importer(session, machines, plan, actor=OPERATOR, mode=Mode.INSERT)
    assert run.run(table.rows(), len(table.header)).inserted == 2
    assert gateway.count(machines, Query()) == 2


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"title_en": "", "title_zh": ""}, "title_zh"),
        ({"icon": "<script>"}, "icon"),
        ({"grants": {"nobody": {"read": "all"}}}, "grants"),
        ({"grants": {"analyst": {"read": "everything"}}}, "grants"),
        ({"grants": {"analyst": {"write": "own"}}}, "grants.analyst"),
    ],
)
def test_what_is_not_right_is_refused(session: Session, values: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.make_up(session, MACHINE | values, actor=OPERATOR)
    assert set(refused.value.errors) == {wrong}
    assert objects(session) == []


def test_only_administrators_make_up_kinds(session: Session, make_up: MakeUp, actor_as: MakeActor) -> None:
    make_up()
    seller, before = actor_as("executive"), objects(session)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: services.make_up(session, MACHINE | {"title_en": "B", "title_zh": ""}, actor=seller),
        lambda: services.change(session, "machines", {"title_en": "B"}, actor=seller),
        lambda: services.set_archived(session, "machines", archived=True, actor=seller),
        lambda: services.delete(session, "machines", confirmed="machines", actor=seller),
    )
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    assert objects(session) == before


def test_an_archived_kind_is_gone_and_comes_back(
    kernel: Kernel, session: Session, gateway: Gateway, make_up: MakeUp
) -> None:
    machines = make_up()
    machines.service.create(session, [{"name": "Press"}], actor=OPERATOR)
    services.set_archived(session, "machines", archived=True, actor=OPERATOR)
    assert resource_seen(session, "custom.machines") is None
    with pytest.raises(NotFound):
        kernel.resources.named(tenant_of(session), "custom.machines")
    services.set_archived(session, "machines", archived=False, actor=OPERATOR)
    again = resource_seen(session, "custom.machines")
    assert again is not None
    assert Gateway(session, OPERATOR).count(again, Query()) == 1
    with pytest.raises(NotConfirmed):
        services.delete(session, "machines", confirmed="Machines", actor=OPERATOR)


def test_pages_and_api_of_a_made_up_kind(
    client: Callable[..., Browser],
    api: Callable[..., ApiClient],
    run_jobs: RunJobs,
    committed: Callable[[], Any],
) -> None:
    admin, manager, marketer = client(), client("account_manager"), client("marketer")
    page, rights = "/settings/customisation/objects", {"grants.account_manager.read": "own"}
    assert manager.get(f"{page}/new").status_code == 404
    assert manager.post(f"{page}/new", MACHINE).status_code == 404
    refused = admin.post(f"{page}/new", MACHINE | {"grants.analyst.read": "", "grants.analyst.write": "own"})
    assert refused.status_code == 422
    more = {"grants.account_manager.write": "own", "grants.account_manager.delete": ""}
    assert admin.post(f"{page}/new", MACHINE | rights | more).status_code == 303
    added = admin.post(
        "/settings/customisation/custom.machines/new?kind=integer", {"label_en": "Power", "in_list": "1"}
    )
    assert added.status_code == 303
    assert manager.post("/custom/machines/new", {"name": "Press", "x_power": "900"}).status_code == 303
    assert "Press" in manager.get("/custom/machines").text
    assert "900" in manager.get("/custom/machines/1").text
    for path in ("/custom/machines", "/custom/machines/1", "/custom/machines/new"):
        assert marketer.get(path).status_code == 404
    assert "/custom/machines" in manager.get("/").text
    assert "/custom/machines" not in marketer.get("/").text
    caller, others = api(), api(tenant="bare")
    made = caller.post("custom/machines", json={"name": "Drill", "x_power": 5})
    assert made.status_code == 201
    found = caller.get("custom/machines?x_power.lt=10&fields=name,number").get_json()
    assert found["items"] == [{"name": "Drill", "number": "R-000002"}]
    assert "/api/v1/custom/machines" in caller.get("/api/v1/openapi.json").get_json()["paths"]
    assert others.get("custom/machines").status_code == 404
    assert "custom/machines" not in others.get("/api/v1/openapi.json").text
    assert admin.post(f"{page}/machines/edit", {"title_en": "Device", "icon": "box"}).status_code == 303
    assert "Device" in admin.get(page.removesuffix("/objects")).text
    assert manager.get("/custom/machines").status_code == 404, "the form granted nothing any more"
    assert "2 records" in admin.get(f"{page}/machines/delete").text
    assert admin.post(f"{page}/machines/delete", {"confirmed": "machines"}).status_code == 303
    assert admin.get("/custom/machines").status_code == 404
    run_jobs()
    with committed() as session:
        for table in ("core_custom_object", "core_custom_record", "core_custom_field"):
            assert session.scalar(text(f"select count(*) from {table}")) == 0, table
        assert (
            session.scalar(text("select count(*) from core_search_doc where resource like 'custom.%'")) == 0
        )
