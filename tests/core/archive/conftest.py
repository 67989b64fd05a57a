"""A deployment with an addon whose tables are as awkward as tables can be, and tenants full of rows."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from core.access.actor import OPERATOR
from core.archive import Manifest, Tell, snapshot, write_archive
from core.auth import services as auth
from core.config import Config
from core.db.migrate import use_schema
from core.db.provision import create_tenant, find_tenant, prepare
from core.db.session import Database
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.jobs import enqueue
from core.kernel import Kernel, start_kernel
from core.kit.structure import structure
from core.resources import timeline
from core.resources.gateway import Gateway

_MODELS = """
from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column
from core.db import fields
from core.db.base import Record
from core.i18n import lazy_gettext
class Box(Record):
    __tablename__ = "vault_box"
    name: Mapped[str] = fields.text(100, label=lazy_gettext("Name"), search=True)
"""
_RESOURCES = """
from addons.vault.models import Box
from core.i18n import lazy_gettext
from core.resources.declaration import Resource, Section
class BoxResource(Resource):
    name = "vault.box"
    model = Box
    title, title_plural = lazy_gettext("Box"), lazy_gettext("Boxes")
    list_columns = ("name",)
    form = (Section(lazy_gettext("Basics"), "name"),)
"""
_JOBS = """
from core.i18n import lazy_gettext
from core.jobs import job
@job("vault.ring", title=lazy_gettext("Ring"))
def ring(work):
    return {"rang": True}
@job("vault.tick", title=lazy_gettext("Tick"), every="* * * * *")
def tick(work):
    return {"ticked": True}
"""
_FIRST = """
from alembic import op
from addons.vault.models import Box
revision, down_revision = "0001", None
def upgrade():
    Box.__table__.create(op.get_bind())
    op.execute('''
        create table vault_shelf (
            id bigint generated always as identity primary key,
            best_box_id bigint references vault_box,
            "order" integer not null,
            doubled integer generated always as ("order" * 2) stored,
            weight numeric(20, 6), at timestamptz, long interval, raw bytea, words text[], more jsonb,
            size float8, key uuid, day date, unique nulls not distinct (best_box_id, "order")
        )''')
    op.execute("alter table vault_box add shelf_id bigint references vault_shelf")
    op.execute("alter table vault_box add parent_id bigint references vault_box")
    op.execute("create index vault_shelf_words on vault_shelf using gin (words)")
    op.execute("create unique index vault_shelf_light on vault_shelf (lower(more->>'name')) where weight < 1")
    op.execute("create sequence vault_number start 100")
    op.execute("create table vault_rung (n bigint primary key)")
    op.execute("insert into vault_rung values (0)")
    op.execute('''
        create function vault_count() returns trigger language plpgsql set search_path from current as $$
        begin update vault_rung set n = n + 1; return null; end $$''')
    op.execute("create trigger count after insert or truncate on vault_shelf execute function vault_count()")
def downgrade(): ...
"""
_MANIFEST = 'name = "{name}"\ntitle = "{name}"\nsummary = "Made for tests"\nversion = "1.2"\n{more}\n'
_ADDONS: dict[str, tuple[str, dict[str, str]]] = {
    "vault": (
        "",
        {
            "models.py": _MODELS,
            "resources.py": _RESOURCES,
            "jobs.py": _JOBS,
            "migrations/0001_boxes.py": _FIRST,
        },
    ),
    "stairs": ('depends = ["vault"]', {}),
}
_ROWS = """
    insert into vault_shelf ("order", weight, at, long, raw, words, more, size, key, day)
    select n, n * 0.000001, timestamptz '2026-03-01 10:00:00.123456+08' - n * interval '1 day',
        n * interval '1 month 2 seconds', decode('00ff5c09', 'hex'), array['a,b', E'tab\\t', null, '保险'],
        jsonb_build_object('name', n || E'\\\\N \\n “引号”', 'half', 0.1 + n), 1.0 / (n + 2),
        gen_random_uuid(),
        case when mod(n, 2) = 0 then date '0044-03-15 BC' end
    from generate_series(1, 40) n;
    insert into vault_box (name, shelf_id, parent_id)
    select 'Box ' || n, n, nullif(n - 1, 0) from generate_series(1, 40) n;
    update vault_shelf set best_box_id = id;
    select nextval('vault_number'), nextval('vault_number');
"""


@dataclass
class Bank:
    """One database, the program on it, and ways to fill and compare tenants."""

    urls: Urls
    owner: Engine
    data: Path
    addons: Path
    kernel: Kernel
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def worker(self) -> Kernel:
        """A worker's: the one that has the owner's login."""
        return replace(self.kernel, owner_url=self.urls.require_owner())

    def tenant(self, *addons: str) -> Tenant:
        """A new tenant; with customer and vault on where nothing is said."""
        slug = f"bank{next(self._numbers)}"
        with self.owner.begin() as connection:
            return create_tenant(
                connection, self.urls.app_login, slug, name="Bank & Söhne 银行", language="en", country="DE",
                timezone="Europe/Berlin", hosts=[f"{slug}.example"], histories=self.kernel.histories,
                addons=frozenset(addons or ("customer", "vault")),
            )  # fmt: skip

    def fill(self, tenant: Tenant) -> None:
        """Put rows of all kinds into a tenant: people, customers, a file, boxes on shelves, a waiting job."""
        kernel, unit = self.kernel, self.kernel.database.unit_of_work
        with unit(tenant) as session:
            users, units = (kernel.resources[name].service for name in ("core.user", "core.unit"))
            [unit_id] = units.create(session, [{"code": "HQ", "name": "Head office"}], actor=OPERATOR)
            values = {"name": "Ada", "email": "ada@example.com", "unit": unit_id, "language": "en"}
            [user] = users.create(session, [values], actor=OPERATOR)
            auth.assign_role(session, kernel.permissions, user, "administrator")
            ada = auth.actor_by_email(session, kernel.permissions, "ada@example.com")
            customers = kernel.resources["customer.customer"]
            [first] = customers.service.create(session, [{"name": "上海电气"}], actor=ada)
            customers.service.create(session, [{"name": "Branch", "parent": first}], actor=ada)
            timeline.add_attachment(
                Gateway(session, ada), customers, first, store=self.data / "files", name="图纸.pdf",
                media_type="application/pdf", content=BytesIO(b"%PDF " + tenant.slug.encode() * 300),
            )  # fmt: skip
            enqueue(session, "vault.ring", actor=ada)
        with self.owner.begin() as connection:
            use_schema(connection, tenant.schema)
            connection.exec_driver_sql(_ROWS)

    def archive(
        self, tenant: Tenant, path: Path, *, addons: list[str] | None = None, tell: Tell | None = None
    ) -> Manifest:
        """Write an archive as the command does."""
        with snapshot(self.urls.require_owner(), tenant.slug) as (connection, found):
            return write_archive(connection, self.kernel, found, path, addons=addons, tell=tell)

    def stored(self, slug: str) -> Tenant:
        """The tenant's row as it is now."""
        with self.owner.begin() as connection:
            return find_tenant(connection, slug)

    def rows(self, tenant: Tenant, schema: str = "") -> dict[str, tuple[int, str]]:
        """What is in every table: ``{name: (rows, hash of all of them)}``; of sequences, how far they are."""
        with self.owner.begin() as connection:
            return rows_of(connection, schema or tenant.schema)

    def structure(self, tenant: Tenant) -> set[tuple[Any, ...]]:
        """The tables without their rows."""
        with self.owner.begin() as connection:
            return structure(connection, tenant.schema)

    def files(self, tenant: Tenant) -> dict[str, str]:
        """The files kept for a tenant, with their hashes."""
        places = [self.data / name / str(tenant.id) for name in ("files", "imports")]
        return {
            path.relative_to(self.data).as_posix().split("/", 2)[2]: hashlib.sha256(
                path.read_bytes()
            ).hexdigest()
            for place in places
            for path in place.rglob("*")
            if path.is_file()
        }

    def everything(self) -> list[Any]:
        """What a refused restore must leave as it was: tenants, schemas, roles, files."""
        with self.owner.begin() as connection:
            asked = (
                "select t::text from platform.tenant t order by 1",
                "select t::text from platform.former_schema t order by 1",
                "select nspname from pg_namespace where nspname like 't\\_%' order by 1",
                "select rolname from pg_roles where rolname like 'gx\\_%' order by 1",
            )
            found: list[Any] = [connection.scalars(text(each)).all() for each in asked]
        return [*found, sorted(path for path in self.data.rglob("*") if path.is_file())]


def rows_of(connection: Connection, schema: str) -> dict[str, tuple[int, str]]:
    """What is in every table and sequence of a schema."""
    asked = text(
        "select c.relname, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = :schema and c.relkind in ('r', 'S') order by 1"
    )
    found = {}
    for name, kind in connection.execute(asked, {"schema": schema}).all():
        what = "t::text" if kind == "r" else "(t.last_value, t.is_called)::text"
        digest = f"md5(coalesce(string_agg({what}, '|' order by {what}), ''))"
        statement = f'select count(*), {digest} from "{schema}"."{name}" t'
        rows, hash_ = connection.execute(text(statement)).one()
        found[name] = rows, hash_
    return found


@pytest.fixture(scope="session")
def vault_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The addons; one folder for all tests, since modules stay imported."""
    folder = tmp_path_factory.mktemp("vaults") / "addons"
    for name, (more, files) in _ADDONS.items():
        manifest = _MANIFEST.format(name=name, more=more)
        for path, content in {"__init__.py": "", "addon.toml": manifest, **files}.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(content)
    return folder


@pytest.fixture(scope="module")
def bank(own_database: Urls, vault_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """The deployment, for all tests of a file."""
    data = tmp_path_factory.mktemp("bank")
    config = Config.from_environ(
        {
            "GUANXI_DATA": str(data),
            "GUANXI_ADDONS_PATH": str(vault_folder),
            "GUANXI_DATABASE_URL": own_database.app,
            "GUANXI_OWNER_DATABASE_URL": own_database.require_owner(),
        }
    )
    kernel = start_kernel(config, own_database.app, make_database=lambda url: Database(url, pool_size=4))
    assert not kernel.catalogue.quarantined, kernel.catalogue.quarantined
    owner = create_engine(own_database.require_owner())
    with owner.begin() as connection:
        prepare(connection, own_database.app_login)
    yield Bank(own_database, owner, data, vault_folder, kernel)
    kernel.close()
    owner.dispose()
