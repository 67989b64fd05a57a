"""A deployment with two addons that extend customers, contacts and telephone numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.config import Config
from core.db.embedded import APP_LOGIN, OWNER_LOGIN, Server
from core.db.provision import create_tenant, find_tenant, prepare, set_addons
from core.db.session import Database
from core.db.tenancy import Tenant
from core.kernel import Kernel, start_kernel
from core.resources.declaration import Resource
from core.resources.gateway import Gateway

_FAIR_MODELS = """
from datetime import date
from sqlalchemy.orm import Mapped
from core.db import fields
from core.db.base import Extension, Record
from core.i18n import lazy_gettext as _l

class Stage(fields.Choice):
    ASKED = "asked", _l("Asked"), "mute"
    BOOKED = "booked", _l("Booked"), "ok"

class StandFacts(Extension, of="customer.customer"):
    __tablename__ = "fair_customer"
    booth_size: Mapped[int | None] = fields.integer(label=_l("Booth size"))
    hall: Mapped[str | None] = fields.text(60, label=_l("Hall"), search=True, sort_by="hall_sort")
    hall_sort: Mapped[str] = fields.sort_key()
    stage: Mapped[str] = fields.choice(Stage, label=_l("Stage"), default=Stage.ASKED)
    is_vip: Mapped[bool] = fields.flag(label=_l("Guest of honour"))
    visited_on: Mapped[date | None] = fields.day(label=_l("Visited on"), index=True)
    themes: Mapped[list[str]] = fields.tags(label=_l("Themes"))
    contract: Mapped[str | None] = fields.text(40, label=_l("Contract"), unique=True)
    agent_id: Mapped[int | None] = fields.link("core.user", label=_l("Agent"))

class Badge(Extension, of="customer.contact"):
    __tablename__ = "fair_contact"
    badge: Mapped[str | None] = fields.text(20, label=_l("Badge"))

class Line(Extension, of="customer.customer_phone"):
    __tablename__ = "fair_phone"
    at_stand: Mapped[bool] = fields.flag(label=_l("At the stand"))

class Stand(Record):
    __tablename__ = "fair_stand"
    customer_id: Mapped[int] = fields.link("customer.customer", label=_l("Customer"), on_delete="CASCADE")
    place: Mapped[str] = fields.text(20, label=_l("Place"))
"""
_FAIR_RESOURCES = """
from addons.fair.models import Stand
from core.i18n import lazy_gettext as _l
from core.resources.declaration import Action, Lines, Resource, Same, Section
from core.resources.extending import Placed, ResourceExtension
from core.resources.gateway import Gateway
from core.resources.declaration import resource_named

class StandResource(Resource):
    name = "fair.stand"
    model = Stand
    title, title_plural = _l("Stand"), _l("Stands")
    label = "place"
    is_nested = True

def booked_need_a_hall(batch):
    for change in batch.changes:
        if change.now(batch.resource, "stage") == "booked" and not change.now(batch.resource, "hall"):
            change.refuse("hall", "A booked stand needs its hall.")
        if change.values.get("booth_size") == 0:
            change.values["booth_size"] = None

def book(session, ids, *, actor):
    resource_named("customer.customer").service.update_many(
        session, {number: {"stage": "booked", "hall": "A1"} for number in ids}, actor=actor
    )

class CustomerExtension(ResourceExtension):
    of = "customer.customer"
    sections = (
        Section(_l("Stand"), "booth_size", "hall", "stage", "is_vip", "visited_on", "themes", "contract",
                "agent", id="stand", after="basics"),
        Section(_l("Where to find them"), "phone", "email", "city", id="found", replace="reach"),
    )
    form_fields = (Placed("is_vip", after="name"),)
    list_columns = (Placed("booth_size", after="name"), "stage")
    quick_filters = ("stage",)
    quick_create = (Placed("booth_size", replace="source"),)
    tags = ("stage",)
    lines = (Lines("stands", "fair.stand", "customer", _l("Stands"), _l("Add a stand")),)
    actions = (Action("book", _l("Book"), book),)
    synonyms = {"booth_size": ("square metres",)}
    duplicates = (Same("contract"),)
    rules = (booked_need_a_hall,)
"""
_WINE_MODELS = """
from sqlalchemy.orm import Mapped
from core.db import fields
from core.db.base import Extension
from core.i18n import lazy_gettext as _l

class Taste(Extension, of="customer.customer"):
    __tablename__ = "wine_customer"
    grape: Mapped[str | None] = fields.pick(40, label=_l("Grape"))
    bottles: Mapped[int | None] = fields.integer(label=_l("Bottles"), default=6)
"""
_WINE_RESOURCES = """
from core.i18n import lazy_gettext as _l
from core.resources.declaration import Section
from core.resources.extending import Placed, ResourceExtension

class CustomerExtension(ResourceExtension):
    of = "customer.customer"
    sections = (Section(_l("Wine"), "grape", "bottles", after="basics"),)
    list_columns = (Placed("grape", after="name"),)
"""
_TABLES = """
from alembic import op
from addons.{name} import models
revision, down_revision = "0001", None
def upgrade():
    '''Make the tables.'''
    for model in ({models}):
        getattr(models, model).__table__.create(op.get_bind())
def downgrade(): ...
"""
_MANIFEST = 'name = "{name}"\ntitle = "{name}"\nsummary = "S"\nversion = "1"\ndepends = ["customer"]\n'
_ADDONS = {
    "fair": (_FAIR_MODELS, _FAIR_RESOURCES, '"StandFacts", "Badge", "Line", "Stand"'),
    "wine": (_WINE_MODELS, _WINE_RESOURCES, '"Taste",'),
}


def write_addon(folder: Path, name: str, files: dict[str, str], manifest: str = "") -> None:
    """Write the files of an addon."""
    for path, content in {
        "__init__.py": "",
        "addon.toml": manifest or _MANIFEST.format(name=name),
        **files,
    }.items():
        file = folder / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


@dataclass
class Site:
    """A database whose addons are loaded, with tenants that have some of them on."""

    kernel: Kernel
    owner: Engine
    tenants: dict[str, Tenant]

    def resource(self, tenant: Tenant, name: str = "customer.customer") -> Resource:
        """A resource as a tenant sees it."""
        return self.kernel.resources.named(tenant, name)

    def switched(self, tenant: Tenant, *addons: str) -> Tenant:
        """The tenant, with other addons on from now on."""
        with self.owner.begin() as connection:
            set_addons(connection, tenant, frozenset(addons))
            return find_tenant(connection, tenant.slug)


@pytest.fixture(scope="session")
def extending_addons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The addons; one folder for all tests, since modules stay imported."""
    folder = tmp_path_factory.mktemp("extending") / "addons"
    for name, (models, resources, made) in _ADDONS.items():
        migration = _TABLES.format(name=name, models=made)
        files = {"models.py": models, "resources.py": resources, "migrations/0001_tables.py": migration}
        write_addon(folder, name, files)
    return folder


@pytest.fixture(scope="session")
def site(server: Server, extending_addons: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The deployment, for all tests here: ``both``, ``fair`` and ``plain`` have so many addons on."""
    data, name = tmp_path_factory.mktemp("extended"), "extended"
    maker = create_engine(server.url(OWNER_LOGIN, "postgres"), isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        connection.execute(text(f"create database {name} strategy wal_log"))
    maker.dispose()
    config = Config.from_environ({"GUANXI_DATA": str(data), "GUANXI_ADDONS_PATH": str(extending_addons)})
    kernel = start_kernel(
        config, server.url(APP_LOGIN, name), make_database=lambda url: Database(url, pool_size=4)
    )
    assert not kernel.catalogue.quarantined
    owner = create_engine(server.url(OWNER_LOGIN, name))
    with owner.begin() as connection:
        prepare(connection, APP_LOGIN)
        made = create_tenant(
            connection, APP_LOGIN, "both", name="Both", language="en",
            histories=kernel.histories, addons=frozenset({"customer", "fair", "wine"}),
        )  # fmt: skip
    # The same tables, with less on: what a tenant sees follows from what is on alone.
    tenants = {
        "both": made,
        "fair": replace(made, addons=frozenset({"customer", "fair"})),
        "plain": replace(made, addons=frozenset({"customer"})),
    }
    yield Site(kernel, owner, tenants)
    kernel.close()
    owner.dispose()


@pytest.fixture(scope="session")
def kernel(site: Site) -> Kernel:
    """That of the deployment."""
    return site.kernel


@pytest.fixture
def both(site: Site) -> Iterator[Session]:
    """A session of the tenant with both addons on; what it writes is rolled back."""
    with site.kernel.database.session(site.tenants["both"]) as session:
        yield session
        session.rollback()


@pytest.fixture
def gateway(both: Session) -> Gateway:
    """The gateway of whoever may do everything, with both addons on."""
    return Gateway(both, OPERATOR)


@pytest.fixture
def customer(site: Site) -> Resource:
    """Customers with both addons on."""
    return site.resource(site.tenants["both"])
