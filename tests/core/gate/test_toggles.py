"""Two addons on one model and one page, three tenants, two processes, switched at random.

After each switch the very next request to each process shows exactly what is on.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import Engine, create_engine

from core.access.actor import OPERATOR
from core.auth import services as auth
from core.auth.login import COOKIE
from core.config import Config
from core.db.provision import create_tenant, find_tenant, prepare, set_addons
from core.db.urls import Urls
from core.kernel import start_kernel

pytestmark = pytest.mark.slow

_MODELS = """
from sqlalchemy.orm import Mapped
from core.db import fields
from core.db.base import Extension, Record
from core.i18n import lazy_gettext as _l
class Taste(Extension, of="customer.customer"):
    __tablename__ = "{name}_customer"
    {name}_taste: Mapped[int | None] = fields.integer(label=_l("{title} taste"))
class Order(Record):
    __tablename__ = "{name}_order"
    what: Mapped[str] = fields.text(100, label=_l("{title} ordered"), search=True)
    customer_id: Mapped[int] = fields.link("customer.customer", label=_l("Customer"))
"""
_RESOURCES = """
from addons.{name} import models
from core.i18n import lazy_gettext as _l
from core.resources.declaration import Resource, Section
from core.resources.extending import Placed, ResourceExtension
class OrderResource(Resource):
    name = "{name}.order"
    model = models.Order
    title, title_plural = _l("{title} order"), _l("{title} orders")
    label = "what"
    list_columns = ("what", "customer")
    form = (Section(_l("Basics"), "what", "customer"),)
class CustomerExtension(ResourceExtension):
    of = "customer.customer"
    list_columns = (Placed("{name}_taste", after="name"),)
    sections = (Section(_l("{title} section"), "{name}_taste", id="{name}", after="basics"),)
"""
_HOOKS = """
from core.addons.hookspecs import hookimpl, part
from core.i18n import lazy_gettext as _l
from core.menus import MenuItem
from core.web.view_models import Panel
@hookimpl
def menu_items():
    return [MenuItem(name="orders", title=_l("{title} menu"), icon="box", resource="{name}.order")]
@part("record_panels", "orders", title=_l("{title} panel"), on="customer.customer")
def card(session, actor, record):
    return Panel("{name}", "{title} panel", empty="Nothing.")
"""
_TABLES = """
from alembic import op
from addons.{name}.models import Order, Taste
revision, down_revision = "0001", None
def upgrade():
    Taste.__table__.create(op.get_bind())
    Order.__table__.create(op.get_bind())
def downgrade(): ...
"""
_MANIFEST = """
name = "{name}"
title = "{title}"
summary = "Made for tests"
version = "1.0"
depends = ["customer"]
"""
_TOYS = ("bakery", "dairy")
_TENANTS = ("alder", "birch", "cedar")


@dataclass(frozen=True)
class Seat:
    """A tenant with one customer, and an administrator's token and session."""

    slug: str
    token: str
    cookie: str


@dataclass(frozen=True)
class Town:
    """The database, the ports of two web processes, and the tenants."""

    owner: Engine
    ports: tuple[int, int]
    seats: dict[str, Seat]

    def switch(self, slug: str, addons: frozenset[str]) -> None:
        """Have exactly these addons on."""
        with self.owner.begin() as connection:
            set_addons(connection, find_tenant(connection, slug), addons)

    def get(self, port: int, slug: str, path: str) -> tuple[int, str]:
        """Ask one of the processes."""
        seat = self.seats[slug]
        headers = {"Host": f"{slug}.localhost", "Accept": "*/*"}
        if path.startswith("/api/"):
            headers["Authorization"] = f"Bearer {seat.token}"
        else:
            headers["Cookie"] = f"{COOKIE}={seat.cookie}"
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


def _write(folder: Path) -> None:
    for name in _TOYS:
        values = {"name": name, "title": name.title()}
        (folder / name / "migrations").mkdir(parents=True)
        files = {
            "__init__.py": "", "addon.toml": _MANIFEST, "models.py": _MODELS, "resources.py": _RESOURCES,
            "hooks.py": _HOOKS, "migrations/0001_tables.py": _TABLES,
        }  # fmt: skip
        for path, content in files.items():
            (folder / name / path).write_text(content.format(**values))


@contextmanager
def _serving(environment: dict[str, str]) -> Iterator[int]:
    """A web process of its own; gives its port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "core.cli", "web", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while True:
            assert process.poll() is None, f"it ended with {process.returncode}"
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def town(own_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two processes on one database; every tenant has the tables of all addons."""
    data, folder = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("toys") / "addons"
    _write(folder)
    variables = {"GUANXI_DATA": str(data), "GUANXI_ADDONS_PATH": str(folder)}
    kernel = start_kernel(Config.from_environ(variables), own_database.app)
    assert not kernel.catalogue.quarantined
    owner = create_engine(own_database.require_owner())
    seats = {}
    with owner.begin() as connection:
        prepare(connection, own_database.app_login)
    for slug in _TENANTS:
        with owner.begin() as connection:
            create_tenant(
                connection, own_database.app_login, slug, name=slug.title(), language="en",
                histories=kernel.histories, addons=frozenset({"customer", *_TOYS}),
            )  # fmt: skip
            tenant = find_tenant(connection, slug)
        with kernel.database.unit_of_work(tenant) as session:
            users, customers = (kernel.resources[name].service for name in ("core.user", "customer.customer"))
            [user] = users.create(session, [{"name": "Ada", "email": "ada@example.com"}], actor=OPERATOR)
            auth.assign_role(session, kernel.permissions, user, "administrator")
            tastes = {f"{toy}_taste": 5 for toy in _TOYS}
            customers.create(session, [{"name": "Lotus Tea", **tastes}], actor=OPERATOR)
            token = auth.issue_token(session, user, name="test").token
            cookie = auth.open_session(session, user, address="127.0.0.1", agent="test").token
        seats[slug] = Seat(slug, token, cookie)
    kernel.close()
    environment = {**os.environ, **variables, "GUANXI_DATABASE_URL": own_database.app}
    with ExitStack() as open_:
        first, second = (open_.enter_context(_serving(environment)) for _ in range(2))
        yield Town(owner, (first, second), seats)
    owner.dispose()


class Switching(RuleBasedStateMachine):
    """Switches at random, and asks both processes at once after each."""

    town: ClassVar[Town]

    def __init__(self) -> None:
        super().__init__()
        self.on = dict.fromkeys(_TENANTS, frozenset({"customer", *_TOYS}))
        for slug, addons in self.on.items():
            self.town.switch(slug, addons)

    @rule(
        slug=st.sampled_from(_TENANTS),
        toys=st.frozensets(st.sampled_from(_TOYS)),
        order=st.permutations((0, 1)),
    )
    def switch(self, slug: str, toys: frozenset[str], order: list[int]) -> None:
        """Some of the two addons are on."""
        self._switch(slug, toys | {"customer"}, order)

    @rule(slug=st.sampled_from(_TENANTS), order=st.permutations((0, 1)))
    def switch_all_off(self, slug: str, order: list[int]) -> None:
        """Nothing is on."""
        self._switch(slug, frozenset(), order)

    def _switch(self, slug: str, addons: frozenset[str], order: list[int]) -> None:
        self.town.switch(slug, addons)
        self.on[slug] = addons
        another = _TENANTS[(_TENANTS.index(slug) + 1) % len(_TENANTS)]
        for process in order:
            for tenant in (slug, another):
                self._look(self.town.ports[process], tenant)

    def _look(self, port: int, slug: str) -> None:
        on = self.on[slug]
        status, body = self.town.get(port, slug, "/api/v1/customer/customers/1")
        page_status, page = self.town.get(port, slug, "/customer/customers/1")
        list_status, listed = self.town.get(port, slug, "/customer/customers")
        assert status == page_status == list_status == (200 if "customer" in on else 404)
        _, document = self.town.get(port, slug, "/api/v1/openapi.json")
        for toy in _TOYS:
            title, is_on = toy.title(), toy in on
            if "customer" in on:
                fields: dict[str, Any] = json.loads(body)
                assert (f"{toy}_taste" in fields) == is_on
                assert (f"{title} panel" in page) == is_on
                assert (f"{title} section" in page) == is_on
                assert (f"{title} taste" in listed) == is_on
            assert (f"{title} menu" in page) == is_on
            assert (f"/api/v1/{toy}/orders" in document) == is_on
            assert self.town.get(port, slug, f"/api/v1/{toy}/orders")[0] == (200 if is_on else 404)
            assert self.town.get(port, slug, f"/{toy}/orders")[0] == (200 if is_on else 404)


def test_after_each_switch_every_process_shows_exactly_what_is_on(town: Town) -> None:
    Switching.town = town
    run_state_machine_as_test(
        Switching,
        settings=settings(
            max_examples=6, stateful_step_count=8, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
