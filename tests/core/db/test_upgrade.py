"""``guanxi upgrade`` as it is used: a process of its own, many tenants, one of which does not go through."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, create_engine, text

from core.app import create_app
from core.db import platform
from core.db.embedded import APP_LOGIN
from core.db.migrate import differences, use_schema
from core.db.provision import create_tenant, find_tenant, prepare, set_state
from core.db.session import Database
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.kernel import Kernel
from core.kit.structure import structure

pytestmark = pytest.mark.slow

SLUGS = [f"tenant{number}" for number in range(1, 9)]

_BRITTLE = {
    "__init__.py": "",
    "addon.toml": 'name = "brittle"\ntitle = "Brittle"\nsummary = "Breaks where rows are"\nversion = "1"\n',
    "models.py": """
from sqlalchemy.orm import Mapped
from core.db import fields
from core.db.base import Record
from core.i18n import lazy_gettext

class Thing(Record):
    __tablename__ = "brittle_thing"
    name: Mapped[str] = fields.text(100, label=lazy_gettext("Name"))
""",
    "migrations/0001_create.py": """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.create_table("brittle_thing", sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True))
def downgrade():
    op.drop_table("brittle_thing")
""",
}
_SECOND = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.create_table("brittle_other", sa.Column("id", sa.BigInteger, primary_key=True))
    op.add_column("brittle_thing", sa.Column("size", sa.Integer, nullable=False))
def downgrade():
    op.drop_column("brittle_thing", "size")
    op.drop_table("brittle_other")
"""


@dataclass
class Deployment:
    """A database of its own, the folder of further addons, and the command line on both."""

    urls: Urls
    engine: Engine
    data: Path
    addons: Path

    def guanxi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": "/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "GUANXI_DATA": str(self.data),
            "GUANXI_DATABASE_URL": self.urls.app,
            "GUANXI_OWNER_DATABASE_URL": self.urls.require_owner(),
            "GUANXI_ADDONS_PATH": str(self.addons),
        }
        program = Path(sys.executable).with_name("guanxi")
        return subprocess.run([program, *arguments], env=environ, capture_output=True, text=True, timeout=120)

    def tenant(self, slug: str) -> Tenant:
        with self.engine.begin() as connection:
            return find_tenant(connection, slug)

    def failure(self, slug: str) -> str | None:
        table = platform.tenant
        with self.engine.begin() as connection:
            return connection.scalar(
                table.select().with_only_columns(table.c.failure).where(table.c.slug == slug)
            )

    def ask(self, slug: str, statement: str) -> object:
        tenant = self.tenant(slug)
        with self.engine.begin() as connection:
            use_schema(connection, tenant.schema)
            return connection.scalar(text(statement))

    def run(self, slug: str, statement: str) -> None:
        tenant = self.tenant(slug)
        with self.engine.begin() as connection:
            use_schema(connection, tenant.schema)
            connection.execute(text(statement))


@pytest.fixture(scope="module")
def deployment(
    own_database: Urls, kernel: Kernel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Eight tenants without a table, all with everything on and ``brittle`` still to come."""
    data, addons = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("more")
    for name, content in _BRITTLE.items():
        path = addons / "brittle" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    engine = create_engine(own_database.require_owner())
    with engine.begin() as connection:
        prepare(connection, APP_LOGIN)
    everything = frozenset(kernel.catalogue.addons) - {"core"} | {"brittle"}
    for slug in SLUGS:
        with engine.begin() as connection:
            create_tenant(
                connection, APP_LOGIN, slug, name=slug, histories=lambda addons: [], addons=everything
            )
    yield Deployment(own_database, engine, data, addons)
    engine.dispose()


@pytest.fixture(scope="module")
def upgraded(deployment: Deployment) -> subprocess.CompletedProcess[str]:
    """What the first upgrade of all eight said."""
    return deployment.guanxi("upgrade", "--processes", "3", "--json")


_GRANTS = """
    select relname, relkind::text, array_agg(privilege order by privilege)
    from pg_class, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) privilege
    where relnamespace = quote_ident(:schema)::regnamespace and relkind = 'r'
      and has_table_privilege(:role, oid, privilege)
    group by relname, relkind
"""


def _grants(connection: Connection, tenant: Tenant) -> dict[str, set[str]]:
    rows = connection.execute(text(_GRANTS), {"schema": tenant.schema, "role": tenant.role})
    return {name: set(privileges) for name, _, privileges in rows}


def test_eight_tenants_upgraded_in_parallel_have_the_tables_of_the_models(
    deployment: Deployment, upgraded: subprocess.CompletedProcess[str], kernel: Kernel
) -> None:
    assert (upgraded.returncode, upgraded.stderr) == (0, "")
    assert sorted((each["tenant"], each["failure"]) for each in json.loads(upgraded.stdout)) == [
        (slug, "") for slug in SLUGS
    ]
    catalogues = []
    for slug in SLUGS:
        tenant = deployment.tenant(slug)
        with deployment.engine.begin() as connection:
            use_schema(connection, tenant.schema)
            found = differences(connection, tenant.schema, kernel.catalogue.addons)
            assert [each for each in found if each[1].name != "brittle_thing"] == []
            grants = _grants(connection, tenant)
            catalogues.append(structure(connection, tenant.schema))
        every, reading = {"SELECT", "INSERT", "UPDATE", "DELETE"}, {"SELECT"}
        assert grants["core_user"] == every
        assert grants == {name: reading if name.startswith("mig_") else every for name in grants}
        assert {row[0] for row in catalogues[-1] if row[1] == "column"} == set(grants)
    assert all(each == catalogues[0] for each in catalogues)


@pytest.mark.usefixtures("upgraded")
def test_an_upgrade_of_what_is_up_to_date_does_nothing(deployment: Deployment) -> None:
    done = deployment.guanxi("upgrade", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


@pytest.fixture(scope="module")
def half(
    deployment: Deployment, upgraded: subprocess.CompletedProcess[str]
) -> subprocess.CompletedProcess[str]:
    """A second revision that fails where rows are: in the third tenant and in a suspended one."""
    assert upgraded.returncode == 0
    (deployment.addons / "brittle" / "migrations" / "0002_size.py").write_text(_SECOND)
    for slug in ("tenant3", "tenant5"):
        deployment.run(slug, "insert into brittle_thing default values")
    with deployment.engine.begin() as connection:
        set_state(connection, find_tenant(connection, "tenant5"), "suspended")
    return deployment.guanxi("upgrade")


def test_a_plan_names_what_is_behind_and_changes_nothing(
    deployment: Deployment, half: subprocess.CompletedProcess[str]
) -> None:
    done = deployment.guanxi("upgrade", "--plan", "--json")
    plan, behind = json.loads(done.stdout), ("tenant3", "tenant5")
    found = {each["tenant"]: [one["addon"] for one in each["revisions"]] for each in plan["tenants"]}
    assert found == {slug: ["brittle"] if slug in behind else [] for slug in SLUGS}
    assert done.returncode == 1
    assert [(each["tenant"], each["code"]) for each in plan["problems"]] == [("tenant3", "tenant-failed")]
    assert "NotNullViolation" in plan["problems"][0]["sentence"]
    assert deployment.ask("tenant3", "select version_num from mig_brittle") == "0001"


def test_a_tenant_that_fails_keeps_its_schema_and_stops_nobody_else(
    deployment: Deployment, half: subprocess.CompletedProcess[str]
) -> None:
    assert half.returncode == 1
    assert "2 tenants failed and stay closed." in half.stderr
    assert "Traceback" not in half.stderr
    for slug in SLUGS:
        failed = slug in ("tenant3", "tenant5")
        reached = deployment.ask(slug, "select version_num from mig_brittle")
        other = deployment.ask(slug, "select to_regclass('brittle_other') is not null")
        assert (reached, other) == (("0001", False) if failed else ("0002", True))
        assert deployment.tenant(slug).state == {"tenant3": "failed", "tenant5": "suspended"}.get(
            slug, "active"
        )
        reason = deployment.failure(slug)
        assert (reason is not None and "NotNullViolation" in reason) == failed
    assert deployment.ask("tenant3", "select count(*) from brittle_thing") == 1


@pytest.fixture
def visitor(
    deployment: Deployment, half: subprocess.CompletedProcess[str], kernel: Kernel
) -> Iterator[Callable[[str], FlaskClient]]:
    """Browsers of the half upgraded deployment."""
    database = Database(deployment.urls.app, pool_size=2)
    app = create_app(replace(kernel, database=database))
    yield lambda slug: app.test_client()
    database.close()


def test_a_failed_tenant_answers_503_with_a_page_and_a_problem(
    visitor: Callable[[str], FlaskClient],
) -> None:
    client = visitor("tenant3")
    page = client.get("/", base_url="http://tenant3.localhost", headers={"Accept-Language": "zh-CN"})
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "120"
    assert page.mimetype == "text/html"
    assert 'lang="zh-CN"' in page.text
    assert page.headers["X-Request-Id"] in page.text
    client.set_cookie("guanxi_session", "of-somebody-signed-in", domain="tenant3.localhost")
    assert client.get("/customer/customers", base_url="http://tenant3.localhost").status_code == 503
    answer = client.get(
        "/api/v1/me", base_url="http://tenant3.localhost", headers={"Authorization": "Bearer x"}
    )
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    problem = answer.get_json()
    assert (problem["status"], problem["code"]) == (503, "tenant-closed")
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert "NotNull" not in answer.text
    assert client.get("/login", base_url="http://tenant4.localhost").status_code == 200


def test_a_failed_or_suspended_tenant_is_not_opened_on_its_old_tables(
    deployment: Deployment, half: subprocess.CompletedProcess[str]
) -> None:
    for slug, state in (("tenant3", "failed"), ("tenant5", "suspended")):
        done = deployment.guanxi("tenant", "resume", slug)
        assert (done.returncode, done.stdout) == (1, "")
        assert "guanxi upgrade" in done.stderr
        assert deployment.tenant(slug).state == state


@pytest.mark.usefixtures("half")
def test_doctor_names_the_tenants_that_are_behind(deployment: Deployment) -> None:
    done = deployment.guanxi("doctor")
    assert done.returncode == 1
    assert "tenant3, tenant5" in done.stdout


def test_a_repeated_upgrade_goes_on_where_it_failed(
    deployment: Deployment, half: subprocess.CompletedProcess[str]
) -> None:
    for slug in ("tenant3", "tenant5"):
        deployment.run(slug, "delete from brittle_thing")
    done = deployment.guanxi("upgrade", "--json")
    assert sorted(each["tenant"] for each in json.loads(done.stdout)) == ["tenant3", "tenant5"]
    assert done.returncode == 0
    for slug, state in (("tenant3", "active"), ("tenant5", "suspended")):
        assert deployment.tenant(slug).state == state
        assert deployment.failure(slug) is None
        assert deployment.ask(slug, "select version_num from mig_brittle") == "0002"
    assert deployment.guanxi("tenant", "resume", "tenant5").returncode == 0
    assert deployment.tenant("tenant5").state == "active"


_DEADLY = """
import os
from alembic import op
revision, down_revision = "0003", "0002"
def upgrade():
    if op.get_bind().exec_driver_sql("select count(*) from brittle_thing").scalar():
        os._exit(9)
def downgrade():
    pass
"""


def test_a_process_that_dies_takes_its_own_tenant_only(
    deployment: Deployment, half: subprocess.CompletedProcess[str]
) -> None:
    for slug in SLUGS:
        deployment.run(slug, "delete from brittle_thing")
    two = ["tenant2", "tenant4"]
    with deployment.engine.begin() as connection:
        without = (
            "update platform.tenant set addons = array_remove(addons, 'brittle') where slug <> all(:two)"
        )
        connection.execute(text(without), {"two": two})
    assert deployment.guanxi("upgrade").returncode == 0
    (deployment.addons / "brittle" / "migrations" / "0003_deadly.py").write_text(_DEADLY)
    deployment.run("tenant2", "insert into brittle_thing (size) values (1)")
    done = deployment.guanxi("upgrade", "--json")
    assert done.returncode == 1
    outcomes = {each["tenant"]: each["failure"] for each in json.loads(done.stdout)}
    assert sorted(outcomes) == two
    assert {slug for slug, failure in outcomes.items() if failure} == {"tenant2"}
    assert deployment.tenant("tenant2").state == "failed"
