"""Two tenants, two web processes' worth of kernels, and addons that join in wherever one can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.app import create_app
from core.auth import services as auth
from core.auth.login import COOKIE
from core.config import Config
from core.db.provision import create_tenant, find_tenant, prepare, set_addons
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.jobs.running import Outcome, run_job
from core.kernel import Kernel, start_kernel
from core.kit.scaffold import Wish, write_addon
from core.testing.clients import ApiClient, Browser
from core.testing.factories import Factory
from core.testing.gate import Callers
from core.web.security import csrf_token

_CHANNELS = """
from core.i18n import lazy_gettext as _l
from core.resources.channels import Channel
CHANNELS = (Channel("parcel-scan", _l("Scan of a parcel label"), from_forms=True),)
"""
_VIEWS = """
from flask import Blueprint
bp = Blueprint("parcels", __name__, url_prefix="/parcels", static_folder="static", static_url_path="/files")
inner = Blueprint("inner", __name__)
@bp.get("/map")
def plan():
    return "the map of parcels"
@inner.route("/depth", methods=["GET", "POST"])
def depth():
    return "within the map of parcels"
bp.register_blueprint(inner, url_prefix="/inner")
"""
_PERMISSIONS = """

GRANTS = {
    **GRANTS,
    "analyst": [
        *GRANTS.get("analyst", ()), grant("customer.customer", "delete"), grant("parcels.parcel", "update"),
    ],
}
"""
_HOOKS = """

from core.web.view_models import ActionView, TimelineEntry
from datetime import datetime, UTC

@part("home_cards", "home", title=_l("Parcels at home"))
def home(session, actor):
    return Panel("parcels_home", _("Parcels at home"), empty=_("Nothing here yet."))

@part("record_actions", "weigh", title=_l("Weigh the parcel"), on="customer.customer")
def weigh(session, actor, record):
    return ActionView("weigh", _("Weigh the parcel"), "/parcels/map")

@part("form_actions", "scan", title=_l("Scan a parcel"), on="customer.customer")
def scan(session, actor):
    return ActionView("scan", _("Scan a parcel"), "/parcels/map")

@hookimpl
def timeline_entries(session, actor, resource, record_id, since, until, limit):
    return None

@hookimpl
def on_event(session, event):
    return None
"""
_MODELS = '''

from core.db.base import Extension

class Postage(Extension, of="customer.customer"):
    """What a customer's parcels cost."""

    __tablename__ = "parcels_customer"

    postage: Mapped[int | None] = fields.integer(label=_l("Postage paid"))
    dispatcher: Mapped[str | None] = fields.text(80, label=_l("Parcel dispatcher"), search=True)
'''
_RESOURCES = """

from core.resources.extending import Placed, ResourceExtension

class CustomerExtension(ResourceExtension):
    of = "customer.customer"
    sections = (Section(_l("Parcels and postage"), "postage", "dispatcher", id="post", after="basics"),)
    list_columns = (Placed("postage", after="name"),)
"""
_SETTINGS = """
from sqlalchemy.orm import Mapped
from core.db import fields
from core.i18n import lazy_gettext as _l
from core.resources.settings import Settings
class ParcelSettings(Settings):
    title = _l("Rules for parcels")
    heaviest: Mapped[int] = fields.integer(label=_l("Heaviest parcel"), default=20)
"""
_TABLE = """
from alembic import op
from addons.parcels.models import Postage
revision, down_revision = "0002", "0001"
def upgrade():
    Postage.__table__.create(op.get_bind())
def downgrade():
    Postage.__table__.drop(op.get_bind())
"""
#: What the texts above are in Chinese.
_CHINESE = {
    "Heaviest parcel": "包裹重量上限",
    "Parcel dispatcher": "包裹寄件经办人",
    "Parcels and postage": "包裹与邮资",
    "Parcels at home": "家中的包裹一览",
    "Postage paid": "已付邮资",
    "Rules for parcels": "包裹寄送规则",
    "Weigh the parcel": "给包裹称重",
    "Scan a parcel": "扫描包裹单",
    "Scan of a parcel label": "包裹标签扫描",
}


@dataclass
class Site:
    """One database and one program on it."""

    kernel: Kernel
    app: Flask
    owner: Engine
    tenants: dict[str, Tenant]

    def switch(self, slug: str, addons: frozenset[str]) -> Tenant:
        """Have exactly these addons on."""
        with self.owner.begin() as connection:
            set_addons(connection, find_tenant(connection, slug), addons)
            self.tenants[slug] = find_tenant(connection, slug)
        return self.tenants[slug]

    def unit(self, slug: str) -> AbstractContextManager[Session]:
        """A unit of work of a tenant."""
        return self.kernel.database.unit_of_work(self.tenants[slug])

    def user(self, slug: str, role: str, language: str = "en") -> Actor:
        """A new user with a role."""
        with self.unit(slug) as session:
            email = f"{role}-{language}@example.com"
            values = {"name": "Ada", "email": email, "language": language}
            [number] = self.kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
            auth.assign_role(session, self.kernel.permissions, number, role)
            return auth.actor_by_email(session, self.kernel.permissions, email)

    def browser(self, slug: str, actor: Actor) -> Browser:
        """A signed-in browser."""
        assert actor.user_id is not None
        with self.unit(slug) as session:
            issued = auth.open_session(session, actor.user_id, address="127.0.0.1", agent="test")
        client, host = self.app.test_client(), f"{slug}.localhost"
        client.set_cookie(COOKIE, issued.token, domain=host)
        return Browser(client, actor, csrf_token(self.kernel.config.secret_key, issued.token), host)

    def program(self, slug: str, actor: Actor) -> ApiClient:
        """A program with a token."""
        assert actor.user_id is not None
        with self.unit(slug) as session:
            token = auth.issue_token(session, actor.user_id, name="test").token
        return ApiClient(self.app.test_client(), token, f"{slug}.localhost")

    def callers(self, slug: str) -> Callers:
        """An administrator at every door; the program is the English one."""
        english, chinese = (self.user(slug, "administrator", language) for language in ("en", "zh"))
        program = self.program(slug, english)
        return Callers(self.browser(slug, english), self.browser(slug, chinese), program)

    def factory(self, slug: str) -> Factory:
        """Makes records of a tenant."""
        return Factory(self.kernel, lambda: self.unit(slug))

    def run_jobs(self, slug: str) -> list[Outcome]:
        """Run what waits in a tenant."""
        with self.unit(slug) as session:
            asked = text("select id from core_job where state = 'waiting' and kind like 'core.%' order by id")
            waiting = session.scalars(asked).all()
        return [run_job(self.kernel, self.tenants[slug].id, number) for number in waiting]


def write_parcels(folder: Path) -> None:
    """Write an addon as the command does, and let it join in wherever else one can."""
    written = write_addon(folder, Wish("parcels", "Parcels sent", "已寄包裹", "Ada", "MIT"), [])
    for name, content in (("channels", _CHANNELS), ("views", _VIEWS), ("settings", _SETTINGS)):
        (written / f"{name}.py").write_text(content)
    (written / "migrations" / "0002_postage.py").write_text(_TABLE)
    rooms = (
        ("permissions", _PERMISSIONS), ("hooks", _HOOKS), ("models", _MODELS), ("resources", _RESOURCES),
    )  # fmt: skip
    for name, content in rooms:
        path = written / f"{name}.py"
        path.write_text(path.read_text() + content)
    (written / "static").mkdir()
    (written / "static" / "label.txt").write_text("a label of a parcel")
    [book] = written.glob("translations/zh/LC_MESSAGES/*.po")
    entries = "".join(f'\nmsgid "{english}"\nmsgstr "{chinese}"\n' for english, chinese in _CHINESE.items())
    book.write_text(book.read_text() + entries)


@pytest.fixture(scope="session")
def parcels_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the addon lies; one folder for all tests, since modules stay imported."""
    folder = tmp_path_factory.mktemp("post") / "addons"
    folder.mkdir()
    write_parcels(folder)
    return folder


@pytest.fixture(scope="module")
def site(
    own_database: Urls, parcels_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The deployment, with tenants ``first`` and ``second`` that have everything on."""
    data = tmp_path_factory.mktemp("site")
    config = Config.from_environ({"GUANXI_DATA": str(data), "GUANXI_ADDONS_PATH": str(parcels_folder)})
    kernel = start_kernel(config, own_database.app)
    assert not kernel.catalogue.quarantined
    owner = create_engine(own_database.require_owner())
    with owner.begin() as connection:
        prepare(connection, own_database.app_login)
    tenants = {}
    everything = frozenset(kernel.catalogue.addons) - {"core"}
    for slug in ("first", "second"):
        with owner.begin() as connection:
            create_tenant(
                connection, own_database.app_login, slug, name="Acme", language="en",
                histories=kernel.histories, addons=everything,
            )  # fmt: skip
            tenants[slug] = find_tenant(connection, slug)
    yield Site(kernel, create_app(kernel), owner, tenants)
    kernel.close()
    owner.dispose()
