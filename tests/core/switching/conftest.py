"""A deployment of its own with small addons that need one another, and two web processes on one database."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from core.access.actor import OPERATOR, Actor
from core.app import create_app
from core.auth import services as auth
from core.auth.login import COOKIE
from core.config import Config
from core.db.provision import create_tenant, find_tenant, prepare, set_addons
from core.db.session import Database
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.jobs.running import Outcome, run_job
from core.kernel import Kernel, start_kernel
from core.testing.plugin import Browser
from core.web.security import csrf_token

_MANIFEST = 'name = "{name}"\ntitle = "{title}"\nsummary = "Made for tests"\nversion = "1.2"\n{more}\n'
_MODELS = """
from sqlalchemy.orm import Mapped
from core.db import fields
from core.db.base import Record
from core.i18n import lazy_gettext
class Barrel(Record):
    __tablename__ = "cellar_barrel"
    name: Mapped[str] = fields.text(100, label=lazy_gettext("Name"), search=True)
    year: Mapped[int | None] = fields.integer(label=lazy_gettext("Year of the wine"))
"""
_RESOURCES = """
from addons.cellar.models import Barrel
from core.i18n import lazy_gettext
from core.resources.declaration import Resource, Section
class BarrelResource(Resource):
    name = "cellar.barrel"
    model = Barrel
    title, title_plural = lazy_gettext("Barrel"), lazy_gettext("Barrels")
    list_columns = ("name", "year")
    form = (Section(lazy_gettext("Basics"), "name", "year"),)
"""
_PERMISSIONS = """
from core.access.permissions import grant
GRANTS = {"analyst": [grant("cellar.barrel", "read taste")]}
"""
_HOOKS = """
from core.addons.hookspecs import hookimpl, part
from core.i18n import lazy_gettext
from core.menus import MenuGroup, MenuItem
@hookimpl
def menu_items():
    return [
        MenuGroup("house", lazy_gettext("House")),
        MenuItem(
            name="barrels", title=lazy_gettext("Barrels of the house"), icon="box", group="cellar.house",
            resource="cellar.barrel",
        ),
    ]
@part("home_cards", "stock", title=lazy_gettext("Stock of barrels"))
def stock(session, actor):
    return None
"""
_JOBS = """
from core.i18n import lazy_gettext
from core.jobs import job
@job("cellar.turn", title=lazy_gettext("Turn the barrels"))
def turn(work):
    return {"turned": True}
"""
_CHANNELS = """
from core.i18n import lazy_gettext
from core.resources.channels import Channel
CHANNELS = (Channel("pipe", lazy_gettext("Through the pipe")),)
"""
_VIEWS = """
from flask import Blueprint
bp = Blueprint("cellar", __name__, url_prefix="/cellar")
@bp.get("/map")
def plan():
    return "the map"
"""
_TABLE = """
from alembic import op
from addons.cellar.models import Barrel
revision, down_revision = "0001", None
def upgrade():
    '''Make the table.'''
    Barrel.__table__.create(op.get_bind())
def downgrade(): ...
"""
_INDEX = """
'''Find barrels by year.'''
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.create_index(None, "cellar_barrel", ["year"])
def downgrade(): ...
"""
_FAILING = "revision, down_revision = '0001', None\ndef upgrade():\n    1 / 0\ndef downgrade(): ...\n"
_EMPTY_HOOKS = "from core.addons.hookspecs import hookimpl\n@hookimpl\ndef home_cards(session, actor): ...\n"

#: Addons by name: the rest of the manifest, and the files.
_ADDONS: dict[str, tuple[str, dict[str, str]]] = {
    "cellar": (
        "",
        {
            "models.py": _MODELS,
            "resources.py": _RESOURCES,
            "permissions.py": _PERMISSIONS,
            "hooks.py": _HOOKS,
            "jobs.py": _JOBS,
            "channels.py": _CHANNELS,
            "views.py": _VIEWS,
            "migrations/0001_barrels.py": _TABLE,
            "migrations/0002_years.py": _INDEX,
        },
    ),
    "stairs": ('depends = ["cellar"]', {"hooks.py": _EMPTY_HOOKS}),
    "attic": ('depends = ["stairs"]', {}),
    #: Its tables cannot be made.
    "chimney": ('depends = ["cellar"]', {"migrations/0001_fail.py": _FAILING}),
    #: It cannot be loaded.
    "balcony": ('depends = ["cellar"]', {"models.py": "def ("}),
}


@dataclass
class Site:
    """One database, and two programs on it that know nothing of each other."""

    urls: Urls
    owner: Engine
    folder: Path
    kernels: tuple[Kernel, Kernel]
    apps: tuple[Flask, Flask]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def kernel(self) -> Kernel:
        """Of the first program."""
        return self.kernels[0]

    @property
    def worker(self) -> Kernel:
        """A worker's: the one that has the owner's login."""
        return replace(self.kernel, owner_url=self.urls.require_owner())

    def tenant(self, *addons: str) -> Tenant:
        """A new tenant with some addons on; such as are gone are put into its row only."""
        slug, installed = f"house{next(self._numbers)}", set(self.kernel.catalogue.addons)
        with self.owner.begin() as connection:
            tenant = create_tenant(
                connection, self.urls.app_login, slug, name=slug.title(), language="en",
                histories=self.kernel.histories, addons=frozenset(installed.intersection(addons)),
            )  # fmt: skip
            set_addons(connection, tenant, frozenset(addons))
            return find_tenant(connection, slug)

    def stored(self, tenant: Tenant) -> Tenant:
        """The tenant's row as it is now."""
        with self.owner.begin() as connection:
            return find_tenant(connection, tenant.slug)

    def tables(self, tenant: Tenant, like: str = "") -> set[str]:
        """The names of the tenant's tables that begin with something."""
        asked = text("select tablename from pg_tables where schemaname = :schema")
        with self.owner.begin() as connection:
            names = connection.scalars(asked, {"schema": tenant.schema})
            return {name for name in names if name.startswith((like, f"mig_{like}"))}

    def job(self, tenant: Tenant, number: int) -> dict[str, Any]:
        """A job as it stands."""
        with self.kernel.database.session(tenant) as session:
            row = session.execute(text("select * from core_job where id = :id"), {"id": number})
            return dict(row.mappings().one())

    def jobs(self, tenant: Tenant, state: str = "waiting") -> list[int]:
        """The jobs of a tenant in a state."""
        asked = text("select id from core_job where state = :state order by id")
        with self.kernel.database.session(tenant) as session:
            return list(session.scalars(asked, {"state": state}))

    def run(self, tenant: Tenant, number: int, kernel: Kernel | None = None) -> Outcome:
        """Run a job as a worker does."""
        return run_job(kernel or self.worker, tenant.id, number)

    def actor(self, tenant: Tenant, role: str) -> Actor:
        """A new user with a role."""
        with self.kernel.database.unit_of_work(tenant) as session:
            email = f"{role}{next(self._numbers)}@example.com"
            values = {"name": "Ada", "email": email, "language": "en"}
            [number] = self.kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
            auth.assign_role(session, self.kernel.permissions, number, role)
            return auth.actor_by_email(session, self.kernel.permissions, email)

    def browsers(self, tenant: Tenant, role: str = "administrator") -> tuple[Browser, Browser]:
        """One session of a user, at each of the two programs."""
        actor = self.actor(tenant, role)
        assert actor.user_id is not None
        with self.kernel.database.unit_of_work(tenant) as session:
            issued = auth.open_session(session, actor.user_id, address="127.0.0.1", agent="test")
        first, second = (self._browser(app, tenant, actor, issued.token) for app in self.apps)
        return first, second

    def _browser(self, app: Flask, tenant: Tenant, actor: Actor, token: str) -> Browser:
        client, host = app.test_client(), f"{tenant.slug}.localhost"
        client.set_cookie(COOKIE, token, domain=host)
        return Browser(client, actor, csrf_token(self.kernel.config.secret_key, token), host)


def _write(folder: Path) -> None:
    for name, (more, files) in _ADDONS.items():
        (folder / name / "migrations").mkdir(parents=True)
        manifest = _MANIFEST.format(name=name, title=name.title(), more=more)
        for path, content in {"__init__.py": "", "addon.toml": manifest, **files}.items():
            (folder / name / path).write_text(content)


@pytest.fixture(scope="session")
def addons_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The addons; one folder for all tests, since modules stay imported."""
    folder = tmp_path_factory.mktemp("houses") / "addons"
    _write(folder)
    return folder


@pytest.fixture(scope="module")
def site(own_database: Urls, addons_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The deployment, for all tests of a file."""
    data = tmp_path_factory.mktemp("site")
    config = Config.from_environ({"GUANXI_DATA": str(data), "GUANXI_ADDONS_PATH": str(addons_folder)})
    first, second = (
        start_kernel(config, own_database.app, make_database=lambda url: Database(url, pool_size=4))
        for _ in range(2)
    )
    assert set(first.catalogue.quarantined) == {"balcony"}
    owner = create_engine(own_database.require_owner())
    with owner.begin() as connection:
        prepare(connection, own_database.app_login)
    apps = create_app(first), create_app(second)
    yield Site(own_database, owner, data, (first, second), apps)
    for kernel in (first, second):
        kernel.close()
    owner.dispose()
