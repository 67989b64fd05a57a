"""The guide to operation: its SQL makes logins that Guanxi can work with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from core.db.embedded import Server
from core.db.provision import create_tenant, delete_tenant, find_tenant, prepare
from core.kernel import Kernel
from tests.docs.document import ROOT, blocks

GUIDE = ROOT / "docs" / "operations.md"


@pytest.fixture
def superuser(server: Server) -> Iterator[Engine]:
    """Connections of the server's superuser, in a database of nobody's."""
    url = make_url(server.owner_url).set(username="postgres", database="postgres")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    yield engine
    with engine.connect() as connection:
        for statement in ("drop database crm with (force)", "drop role crm_owner", "drop role crm_app"):
            connection.execute(text(statement))
    engine.dispose()


def test_the_logins_of_the_guide_serve_a_tenant_from_its_beginning_to_its_end(
    superuser: Engine, kernel: Kernel
) -> None:
    [statements] = [block.text for block in blocks(GUIDE) if block.language == "sql"]
    with superuser.connect() as connection:
        for statement in filter(None, (each.strip() for each in statements.split(";"))):
            connection.execute(text(statement))
    made = create_engine(superuser.url.set(database="crm"))
    try:
        with made.begin() as connection:
            # As the login itself would: without the superuser's rights, with the login's own settings.
            connection.execute(text("set session authorization crm_owner"))
            connection.execute(text("set createrole_self_grant = 'set, inherit'"))
            prepare(connection, "crm_app")
            addons = frozenset(kernel.catalogue.addons) - {"core"}
            create_tenant(
                connection, "crm_app", "acme", name="Acme", histories=kernel.histories, addons=addons
            )
            connection.execute(text("reset session authorization"))
        with made.begin() as connection:
            connection.execute(text("set session authorization crm_app"))
            slug = connection.scalar(text("select slug from platform.tenant"))
            assert slug == "acme"
            allowed = connection.execute(
                text(
                    "select has_schema_privilege('t_acme', 'usage'),"
                    " has_database_privilege('crm', 'create'),"
                    " (select rolcreaterole or rolcreatedb or rolsuper or rolinherit from pg_roles"
                    "  where rolname = 'crm_app')"
                )
            ).one()
            assert tuple(allowed) == (False, False, False)
        with made.begin() as connection:
            connection.execute(text("set session authorization crm_owner"))
            connection.execute(text("set createrole_self_grant = 'set, inherit'"))
            delete_tenant(connection, find_tenant(connection, "acme"))
            left = connection.scalar(text("select count(*) from pg_namespace where nspname = 't_acme'"))
            assert left == 0
    finally:
        made.dispose()
