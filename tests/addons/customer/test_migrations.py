from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, text

from core.db.migrate import differences, downgrade, migrate, use_schema
from core.db.provision import create_tenant
from core.kernel import Kernel


def objects(connection: Connection, schema: str) -> set[str]:
    """Tables and sequences of the addon that are there."""
    statement = text(
        "select relname from pg_class where relnamespace = cast(:schema as regnamespace)"
        " and relname like 'customer\\_%' and relkind in ('r', 'S')"
    )
    return set(connection.scalars(statement, {"schema": f'"{schema}"'}))


@pytest.mark.usefixtures("tenants")
def test_the_tables_are_those_of_the_models_and_go_without_trace(
    kernel: Kernel, owner_engine: Engine
) -> None:
    addons = frozenset({"customer"})
    with owner_engine.connect() as connection:
        fresh = create_tenant(
            connection,
            "guanxi_app",
            "round-trip",
            name="Round trip",
            histories=kernel.histories,
            addons=addons,
        )
        use_schema(connection, fresh.schema)
        assert differences(connection, fresh.schema, ["core", "customer"]) == []
        made = objects(connection, fresh.schema)
        assert {"customer_customer", "customer_contact", "customer_customer_number_seq"} <= made
        history = next(each for each in kernel.histories(addons) if each.name == "customer")
        downgrade(connection, fresh.schema, history, "base")
        assert objects(connection, fresh.schema) == set()
        migrate(connection, fresh.schema, [history])
        assert objects(connection, fresh.schema) == made
        connection.rollback()
