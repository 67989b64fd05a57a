"""Channels: every door leaves its name in the history, and the value tells it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.orm import Session

import core.cli  # noqa: F401 - registers the commands
from core.access.actor import OPERATOR
from core.cli.group import Work, cli
from core.db.messages import send
from core.db.tenancy import Tenant
from core.events import publish
from core.i18n import _l, speaking
from core.jobs import Work as JobWork
from core.jobs import enqueue
from core.jobs.registry import JobKind
from core.kernel import Kernel
from core.resources.channels import Channel, Channels, UnknownChannel, through
from core.resources.declaration import Field
from core.resources.gateway import Gateway
from core.resources.origins import origins
from core.resources.resolver import Answer, Resolver
from core.testing.jobs import RunJobs
from core.testing.plugin import ApiClient, Browser, MakeActor
from tests.core.conftest import Statements
from tests.core.events.test_delivery import Happened

Committed = Callable[[], AbstractContextManager[Session]]
Clients = Callable[..., Browser]
MakeApi = Callable[..., ApiClient]
Told = Callable[..., list[tuple[str, str | None]]]

CUSTOMERS = "customer/customers"
LIST = f"/{CUSTOMERS}"
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def told(committed: Committed) -> Told:
    """What happened to records, and through what: ``[(kind, channel)]`` in order."""

    def read(resource: str = "customer.customer") -> list[tuple[str, str | None]]:
        with committed() as session:
            statement = text(
                "select kind, channel from core_timeline_entry where resource = :resource order by id"
            )
            return [tuple(row) for row in session.execute(statement, {"resource": resource})]

    return read


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, kernel: Kernel, tenants: dict[str, Tenant]) -> Callable[..., Any]:
    """Runs ``guanxi`` in this process, on the tests' database."""
    monkeypatch.setattr(Work, "kernel", kernel)
    monkeypatch.setattr(Work, "tenant", lambda _self, slug: tenants[slug])

    def invoke(*arguments: str | Path) -> None:
        given = [*map(str, arguments), "--tenant", "main"]
        done = CliRunner().invoke(cli, given, env={"LANG": "en_US.UTF-8"})
        assert done.exit_code == 0, done.output

    return invoke


@pytest.fixture
def telephone(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Channels:
    """An addon's own channel, which fills in forms."""
    monkeypatch.setattr(kernel.channels, "_by_name", {each.name: each for each in kernel.channels})
    kernel.channels.add(Channel("call", _l("Phone"), from_forms=True, addon="customer"))
    return kernel.channels


# The doors


def test_pages_are_forms(client: Clients, told: Told) -> None:
    browser = client()
    browser.post(f"{LIST}/new", {"name": "Acme"})
    browser.post(f"{LIST}/quick", {"name": "Birch"})
    browser.post(f"{LIST}/1/edit", {"name": "Acme Ltd", "version": "1"})
    browser.post(f"{LIST}/1/archive", {"reason": "closed"})
    browser.post(f"{LIST}/1/restore")
    kinds = ("created", "created", "updated", "archived", "restored")
    assert told() == [(kind, "form") for kind in kinds]


def test_callers_with_a_token_are_the_api(api: MakeApi, told: Told) -> None:
    client = api()
    client.post(CUSTOMERS, json={"name": "Acme"})
    client.patch(f"{CUSTOMERS}/1", json={"city": "Oslo"})
    client.post(f"{CUSTOMERS}/1/notes", json={"body": "Called."})
    assert told() == [("created", "api"), ("updated", "api"), ("note", None)]
    entries = client.get(f"{CUSTOMERS}/1/timeline").get_json()["items"]
    assert [each["channel"] for each in entries] == [None, "api", "api"]
    shapes = client.get("openapi.json").get_json()["components"]["schemas"]
    assert "`api`" in shapes["TimelineEntry"]["properties"]["channel"]["description"]


def test_an_import_is_one_through_whichever_door_it_came(
    api: MakeApi, run: Callable[..., Any], run_jobs: RunJobs, told: Told, tmp_path: Path
) -> None:
    client = api()
    file = (io.BytesIO(b"name,city\nAcme,Rome\n"), "a.csv")
    form = {"file": file, "options": json.dumps({"match": "name"})}
    sent = client.post(f"{CUSTOMERS}/import", data=form, content_type="multipart/form-data")
    assert sent.status_code == 202, sent.get_json()
    assert [each.state for each in run_jobs()] == ["done"]
    path = tmp_path / "b.csv"
    path.write_text("name,city\nAcme,Oslo\nBirch,Bonn\n")
    run("import", "customer.customer", path, "--match", "name")
    assert sorted(told()) == [("created", "import"), ("created", "import"), ("updated", "import")]
    assert client.post(f"imports/{sent.get_json()['import']}/undo").status_code == 202
    run("import", "--undo", "2")
    assert ("updated", "undo") in told()


@pytest.mark.parametrize("how", [{}, {"skip_refused": True}, {"background": True}])
def test_an_edit_of_many_is_one_now_and_by_a_job(
    api: MakeApi, run_jobs: RunJobs, told: Told, how: dict[str, bool]
) -> None:
    client = api()
    for name in ("Acme", "Birch"):
        client.post(CUSTOMERS, json={"name": name})
    edit = {"ids": [1, 2], "action": "update", "values": {"city": "Oslo"}, **how}
    done = client.post(f"{CUSTOMERS}/bulk", json=edit)
    assert done.status_code in (200, 202), done.get_json()
    run_jobs()
    assert told()[2:] == [("updated", "bulk")] * 2


def test_a_page_takes_an_edit_of_many_back(client: Clients, told: Told) -> None:
    browser = client()
    for name in ("Acme", "Birch"):
        browser.post(f"{LIST}/new", {"name": name})
    url = f"{LIST}/bulk/update?ids=1,2"
    form = {"field": ["city"], "way.city": "set", "city": "Bergen", "step": "apply", "expected": "2"}
    done = browser.post(url, data=form, headers=FRAGMENT)
    assert done.status_code == 201, done.text
    [undo] = re.findall(r'"undo_url": "([^"]+)"', done.headers["HX-Trigger"])
    assert browser.post(undo).status_code == 303
    assert told()[2:] == [("updated", "bulk")] * 2 + [("updated", "undo")] * 2


def test_commands_jobs_and_what_follows_events_are_told_apart(
    kernel: Kernel,
    run: Callable[..., Any],
    run_jobs: RunJobs,
    committed: Committed,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    units = kernel.resources["core.unit"].service

    def rename(work: JobWork) -> None:
        with work.unit() as session:
            units.update(session, 1, {"name": "West"}, actor=work.actor(session))

    class Subscriber:
        """Stands for the addons that hear of an event."""

        def has(self, name: str, addons: frozenset[str]) -> bool:
            return name == "on_event"

        def call(self, addons: frozenset[str], name: str, *, session: Session, event: Happened) -> None:
            units.update(session, event.number, {"name": "South"}, actor=OPERATOR)

    run("unit", "create", "east", "--name", "East")
    kind = JobKind("core.rename", _l("Rename"), rename, "default", 1, "", "core")
    monkeypatch.setitem(kernel.jobs._kinds, kind.name, kind)
    with committed() as session:
        enqueue(session, kind.name, {}, actor=OPERATOR)
    assert [each.state for each in run_jobs()] == ["done"]
    monkeypatch.setattr(kernel.database.deliveries, "hooks", Subscriber())
    with committed() as session:
        publish(session, Happened(1))
    assert told("core.unit") == [("created", "command"), ("updated", "job"), ("updated", "job")]


# Channels of addons


def test_a_form_may_name_what_filled_it_in(client: Clients, told: Told, telephone: Channels) -> None:
    browser = client()
    page = browser.get(f"{LIST}/new?_channel=call&name=Acme").text
    assert '<input type="hidden" name="_channel" value="call">' in page
    again = browser.post(f"{LIST}/new", {"name": "", "_channel": "call"})
    assert again.status_code == 422
    assert '<input type="hidden" name="_channel" value="call">' in again.text
    browser.post(f"{LIST}/new", {"name": "Acme", "_channel": "call"})
    browser.post(f"{LIST}/1/edit", {"city": "Oslo", "version": "1", "_channel": "call"})
    assert told() == [("created", "call"), ("updated", "call")]
    assert "Phone · Ada · " in browser.get(f"{LIST}/1/origins").text


@pytest.mark.parametrize("name", ["import", "conversion", "kall", "x" * 300])
def test_a_form_may_not_name_what_fills_in_none(client: Clients, told: Told, name: str) -> None:
    browser = client()
    refused = browser.get(f"{LIST}/new?_channel={name}")
    assert refused.status_code == 400
    assert "Nothing that is on here fills in forms" in refused.text
    browser.post(f"{LIST}/new", {"name": "Acme", "_channel": name})
    assert told() == [("created", "form")]


def test_a_channel_of_an_addon_that_is_off_fills_in_no_form(
    kernel: Kernel, telephone: Channels, tenants: dict[str, Tenant]
) -> None:
    assert telephone.of_form(tenants["main"], "call") is not None
    assert telephone.of_form(tenants["bare"], "card") is None


def test_the_innermost_block_counts(session: Session, telephone: Channels, kernel: Kernel) -> None:
    with through(session, "call"):
        with through(session, "import"):
            assert session.info["channel"] == "import"
        assert session.info["channel"] == "call"
    assert session.info["channel"] is None


def test_an_unknown_channel_is_refused_and_names_those_there_are(session: Session, kernel: Kernel) -> None:
    service = kernel.resources["customer.customer"].service
    with pytest.raises(UnknownChannel, match="“kall”; there are form, api, import"), through(session, "kall"):
        service.create(session, [{"name": "Acme"}], actor=OPERATOR)
    assert session.scalar(text("select count(*) from customer_customer")) == 0


def test_a_channel_of_an_addon_that_is_gone_is_told_by_its_name(kernel: Kernel, tenant: Tenant) -> None:
    assert kernel.channels.title(tenant, "portal") == "portal"
    assert kernel.channels.title(tenant, "") == kernel.channels.title(tenant, None) == ""


def test_a_channel_of_an_addon_that_is_off_is_not_told(kernel: Kernel, tenants: dict[str, Tenant]) -> None:
    assert kernel.channels.title(tenants["main"], "card") == "Business card"
    assert kernel.channels.title(tenants["bare"], "card") == ""


def test_every_channel_has_a_name_in_both_languages(kernel: Kernel, tenant: Tenant) -> None:
    titles = {}
    for language in ("en", "zh"):
        with speaking(language):
            titles[language] = [kernel.channels.title(tenant, each.name) for each in kernel.channels]
    assert all(english != chinese for english, chinese in zip(titles["en"], titles["zh"], strict=True))


# What readers are told


def test_a_page_tells_it_in_the_readers_words(
    client: Clients, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("name,city\nAcme,Rome\n")
    chinese = client(language="zh", name="张三")
    run("import", "customer.customer", path, "--as", chinese.actor.email)
    chinese.post(f"{LIST}/1/edit", {"city": "Oslo", "version": "1"})
    origin = chinese.get(f"{LIST}/1/origins").text
    assert "导入 · accounts.csv · 张三 · " in origin
    assert "表单 · 张三 · " in origin
    timeline = chinese.get(f"{LIST}/1/timeline").text
    assert "张三 · 导入" in timeline
    assert "表单" not in timeline


def test_the_api_tells_it_by_field(api: MakeApi, run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("name,city\nAcme,Rome\n")
    run("import", "customer.customer", path)
    client = api()
    assert client.patch(f"{CUSTOMERS}/1", json={"city": "Oslo"}).status_code == 200
    fields = client.get(f"{CUSTOMERS}/1/origins").get_json()["fields"]
    assert fields["name"] | {"at": ""} == {"channel": "import", "file": "accounts.csv", "at": "", "by": None}
    ada = {"id": 1, "label": "Ada"}
    assert fields["city"] | {"at": ""} == {"channel": "api", "file": None, "at": "", "by": ada}
    assert fields["city"]["at"].endswith("Z")
    assert fields.keys() & {"phone", "updated_at", "created_by", "id"} == set()
    assert api("account_manager").get(f"{CUSTOMERS}/1/origins").status_code == 404
    document = client.get("openapi.json").get_json()
    assert "/api/v1/customer/customers/{id}/origins" in document["paths"]


def test_a_hidden_field_has_no_origin(
    kernel: Kernel, session: Session, actor_as: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(self: Resolver, field: Field) -> Answer:
        is_hidden = field.name == "tax_number" and not self.actor.is_administrator
        return Answer.HIDDEN if is_hidden else Answer.OPEN

    monkeypatch.setattr(Resolver, "answer", answer)
    monkeypatch.setattr("core.resources.templates._templates", {})  # what readers were told before
    customers = kernel.resources["customer.customer"]
    with through(session, "import"):
        values = {"name": "Acme", "tax_number": "91310000MA1FL7X22K"}
        [number] = customers.service.create(session, [values], actor=OPERATOR)
    told = {}
    for role in ("administrator", "executive"):
        gateway = Gateway(session, actor_as(role))
        told[role] = origins(gateway, customers, gateway.get(customers, number))
    assert told["administrator"]["tax_number"].channel == "import"
    assert told["executive"]["name"].channel == "import"
    assert "tax_number" not in told["executive"]


def test_what_was_written_before_channels_were_kept_is_told_without(kernel: Kernel, session: Session) -> None:
    customers, gateway = kernel.resources["customer.customer"], Gateway(session, OPERATOR)
    [number] = customers.service.create(session, [{"name": "Acme"}], actor=OPERATOR)
    origin = origins(gateway, customers, gateway.get(customers, number))["name"]
    assert (origin.channel, origin.file) == ("", "")


def test_it_costs_no_statement(kernel: Kernel, session: Session, statements: Statements) -> None:
    service = kernel.resources["customer.customer"].service

    def sent(channel: str | None) -> list[str]:
        session.info["channel"] = channel
        with statements() as heard:
            service.create(session, [{"name": f"Acme {channel}"}], actor=OPERATOR)
            send(session.connection())
        return heard

    sent(None)
    without, through_form = sent(None), sent("form")
    assert len(through_form) == len(without)
    for heard in (without, through_form):
        [message] = [each for each in heard if "core_timeline_entry" in each]
        assert message.count("core_timeline_entry") == 1
