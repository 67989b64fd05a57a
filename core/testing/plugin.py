"""The pytest plugin: a database server for each worker, tenants in it, actors, clients.

Tests of services take ``session``: one transaction, rolled back. Tests that commit (anything over
HTTP) take ``client`` or ``api``; the tables they may have touched are emptied afterwards.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.app import create_app
from core.auth import services as auth
from core.auth.login import COOKIE
from core.config import Config
from core.db.embedded import APP_LOGIN, OWNER_LOGIN, Server
from core.db.provision import create_tenant, find_tenant, prepare
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.i18n import set_language
from core.kernel import Kernel, start_kernel
from core.testing.clients import ApiClient, Browser
from core.testing.clock import Clock, Freeze
from core.testing.factories import Factory
from core.testing.jobs import RunJobs, run_jobs
from core.testing.place import pytest_addoption, pytest_configure
from core.testing.switching import Switch, addon_off, addon_on
from core.web.security import csrf_token

__all__ = [
    "ApiClient",
    "Browser",
    "Factory",
    "Freeze",
    "RunJobs",
    "Switch",
    "addon_off",
    "addon_on",
    "pytest_addoption",
    "pytest_configure",
    "run_jobs",
]

#: Durability is of no use to a test.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
PASSWORD = "correct horse battery"


class MakeActor(Protocol):
    """Makes a user with a role and gives him as an actor."""

    def __call__(
        self, role: str, *, name: str = ..., unit: int | None = ..., language: str | None = ...
    ) -> Actor: ...


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this worker's own."""
    with Server.temporary(_FAST) as server:
        yield server


@pytest.fixture(scope="module")
def own_database(server: Server) -> Iterator[Urls]:
    """A database with nothing in it, for tests that make and break tenants of their own."""
    name = f"own_{secrets.token_hex(4)}"
    engine = create_engine(server.url(OWNER_LOGIN, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name} strategy wal_log"))
    yield Urls(server.url(APP_LOGIN, name), server.url(OWNER_LOGIN, name))
    with engine.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The configuration of a development machine with data of its own, and the addons of an author."""
    folder = tmp_path_factory.mktemp("files")
    taken = ("GUANXI_ADDONS_PATH", "PATH")
    return Config.from_environ(
        {"GUANXI_DATA": str(folder), **{name: os.environ.get(name, "") for name in taken}}
    )


@pytest.fixture(scope="session")
def owner_engine(server: Server) -> Iterator[Engine]:
    """Connections of the owner."""
    engine = create_engine(server.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def kernel(server: Server, config: Config) -> Iterator[Kernel]:
    """All addons that come with Guanxi, on the application's login."""
    kernel = start_kernel(config, server.app_url)
    assert not kernel.catalogue.quarantined, kernel.catalogue.quarantined
    yield kernel
    kernel.close()


@pytest.fixture(scope="session")
def tenants(request: pytest.FixtureRequest, kernel: Kernel, owner_engine: Engine) -> dict[str, Tenant]:
    """``main`` with the addons a new tenant has, and those of an author; ``bare`` with none."""
    with owner_engine.begin() as connection:
        prepare(connection, "guanxi_app")
    on = _switched_on(request.config, kernel)
    with owner_engine.begin() as connection:
        for slug, addons in (("main", on), ("bare", frozenset[str]())):
            create_tenant(
                connection,
                "guanxi_app",
                slug,
                name=slug.title(),
                histories=kernel.histories,
                language="en",
                addons=addons,
            )
        return {slug: find_tenant(connection, slug) for slug in ("main", "bare")}


def _switched_on(config: pytest.Config, kernel: Kernel) -> frozenset[str]:
    """What ``main`` has on: what a new tenant has, and an author's own; or one addon with its needs."""
    alone: str | None = config.getoption("guanxi_alone")
    if alone is None:
        own = kernel.config.addons_path  # an author's addons are on, whatever their default
        authored = {each.name for each in kernel.catalogue.addons.values() if each.folder.parent in own}
        return kernel.catalogue.by_default() | authored
    if alone not in kernel.catalogue.addons:
        raise pytest.UsageError(f"--alone: there is no addon “{alone}”")
    return frozenset({alone, *kernel.catalogue.needs(alone)})


@pytest.fixture(scope="session")
def tenant(tenants: dict[str, Tenant]) -> Tenant:
    """The tenant with every addon on."""
    return tenants["main"]


@pytest.fixture(autouse=True)
def _english() -> None:
    """Every test begins in English, whatever the one before it spoke."""
    set_language("en")


@pytest.fixture
def session(request: pytest.FixtureRequest, kernel: Kernel, tenant: Tenant) -> Iterator[Session]:
    """A session bound to ``tenant``; what it writes is rolled back."""
    if "committed" in request.fixturenames:
        # Set up first, so that it empties the tables after this session has let go of them.
        request.getfixturevalue("committed")
    with kernel.database.session(tenant) as session:
        yield session
        session.rollback()


@pytest.fixture(scope="session")
def operator() -> Actor:
    """Who may do everything."""
    return OPERATOR


def _make_user(
    session: Session, kernel: Kernel, role: str, name: str, unit: int | None, language: str | None
) -> str:
    number = session.scalar(text("select count(*) from core_user"))
    email = f"{role}{number}@example.com"
    values = {"name": name, "email": email, "unit": unit, "language": language}
    [user_id] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
    auth.assign_role(session, kernel.permissions, user_id, role)
    return email


@pytest.fixture
def actor_as(session: Session, kernel: Kernel) -> MakeActor:
    """Makes actors within ``session``: ``actor_as("account_manager", unit=unit_id)``."""

    def make(role: str, *, name: str = "Ada", unit: int | None = None, language: str | None = None) -> Actor:
        email = _make_user(session, kernel, role, name, unit, language)
        return auth.actor_by_email(session, kernel.permissions, email)

    return make


@pytest.fixture(scope="session")
def app(kernel: Kernel) -> Flask:
    """The application."""
    app = create_app(kernel)
    app.testing = False
    return app


@pytest.fixture
def committed(
    tenants: dict[str, Tenant], kernel: Kernel, owner_engine: Engine
) -> Iterator[Callable[[], Any]]:
    """For tests that commit: makes units of work of the main tenant; empties all tables afterwards."""
    schemas = [tenant.schema for tenant in tenants.values()]
    with owner_engine.begin() as connection:
        # What other tests rolled back has used up numbers.
        connection.execute(
            text(
                "select setval(c.oid::regclass, 1, false)"
                " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where c.relkind = 'S' and n.nspname = any(:schemas)"
            ),
            {"schemas": schemas},
        )
    yield lambda: kernel.database.unit_of_work(tenants["main"])
    with owner_engine.begin() as connection:
        connection.execute(text("set local lock_timeout = '20s'"))
        for tenant in tenants.values():
            tables = connection.scalars(
                text(
                    "select format('%I.%I', schemaname, tablename) from pg_tables"
                    " where schemaname = :schema and tablename not like 'mig\\_%'"
                    " and tablename <> 'core_rights_stamp'"
                ),
                {"schema": tenant.schema},
            ).all()
            connection.execute(text(f'set local search_path to "{tenant.schema}"'))  # for the triggers
            connection.execute(text(f"truncate {', '.join(tables)} restart identity cascade"))
        connection.execute(text("truncate queue.procrastinate_jobs cascade"))
    kernel.database.customisations.forget()


@pytest.fixture
def api(
    app: Flask, kernel: Kernel, tenants: dict[str, Tenant], committed: object
) -> Callable[..., ApiClient]:
    """Makes API clients: ``api("analyst")``, ``api("administrator", tenant="bare")``."""

    def make(role: str = "administrator", *, tenant: str = "main", unit: int | None = None) -> ApiClient:
        with kernel.database.unit_of_work(tenants[tenant]) as session:
            email = _make_user(session, kernel, role, "Ada", unit, "en")
            actor = auth.actor_by_email(session, kernel.permissions, email)
            assert actor.user_id is not None
            token = auth.issue_token(session, actor.user_id, name="test").token
        return ApiClient(app.test_client(), token, f"{tenant}.localhost")

    return make


@pytest.fixture
def client(
    app: Flask, kernel: Kernel, tenants: dict[str, Tenant], committed: object
) -> Callable[..., Browser]:
    """Makes signed-in browsers: ``client("account_manager")``, ``client(language="zh")``."""

    def make(
        role: str = "administrator", *, tenant: str = "main", language: str = "en", name: str = "Ada"
    ) -> Browser:
        with kernel.database.unit_of_work(tenants[tenant]) as session:
            email = _make_user(session, kernel, role, name, None, language)
            actor = auth.actor_by_email(session, kernel.permissions, email)
            assert actor.user_id is not None
            issued = auth.open_session(session, actor.user_id, address="127.0.0.1", agent="test")
        browser = app.test_client()
        browser.set_cookie(COOKIE, issued.token, domain=f"{tenant}.localhost")
        csrf = csrf_token(kernel.config.secret_key, issued.token)
        return Browser(browser, actor, csrf, f"{tenant}.localhost")

    return make


@pytest.fixture
def client_as(client: Callable[..., Browser]) -> Callable[..., Browser]:
    """Makes signed-in browsers by role, as `client` does: ``client_as("analyst").get("/")``."""
    return client


@pytest.fixture
def make(request: pytest.FixtureRequest, kernel: Kernel, tenant: Tenant) -> Factory:
    """Makes records of the tenant ``main``: ``make("customer.customer", city="上海")`` gives its number.

    What is not said is filled in, see `core.testing.factories`. In a test that commits (it takes
    ``committed``, ``api`` or ``client``) each record is committed; in any other it is part of ``session``.
    """
    if "committed" in request.fixturenames:
        request.getfixturevalue("committed")
        return Factory(kernel, lambda: kernel.database.unit_of_work(tenant))
    session: Session = request.getfixturevalue("session")
    return Factory(kernel, lambda: nullcontext(session))


@pytest.fixture
def frozen(request: pytest.FixtureRequest) -> Iterator[Freeze]:
    """Stops the clock of the program: ``frozen("2026-02-10T09:00+08:00")``, again to move it.

    What the database stamps by itself (``created_at``, ``updated_at``) bears the real time all the same.
    Sign in before the clock is set to the past: a session of then has ended.
    """
    with Clock() as clock:
        yield clock.stop


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the sources."""
    return Path(__file__).parents[2]
