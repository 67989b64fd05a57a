"""Creating a record through the service, with all that is kept along, beside a bare INSERT."""

from __future__ import annotations

from typing import Any

import psycopg2
from sqlalchemy import text

from core.access.actor import OPERATOR
from core.db.session import commit
from tests.bench.context import Bench
from tests.bench.data import customer_rows
from tests.bench.figures import Figure, in_turn, ratio

TITLE = "Create"


def measure(bench: Bench) -> list[Figure]:
    """One customer a time, both with their commit, in this process; they are gone afterwards."""
    resource, actor = bench.kernel.resources["customer.customer"], bench.actor()
    assert actor.user_id is not None
    rows = customer_rows([actor.user_id], seed=bench.customers)
    made: list[int] = []

    def create() -> None:
        with bench.kernel.database.session(bench.tenant) as session:
            made.extend(resource.service.create(session, [next(rows)], actor=actor))
            commit(session)

    connection = psycopg2.connect(bench.dsn)
    insert, values = _insert(connection, bench)

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(insert, values)
        connection.commit()

    times = in_turn({"create": create, "insert": bare}, bench.rounds)
    connection.close()
    with bench.kernel.database.unit_of_work(bench.tenant) as session:
        resource.service.perform(session, "delete", made, {}, actor=OPERATOR)
        session.execute(text("delete from customer_customer where id > :last"), {"last": min(made) - 1})
    return [ratio("with search and history", times["create"], times["insert"], 4)]


def _insert(connection: Any, bench: Bench) -> tuple[str, list[Any]]:
    """The statement that stores a copy of a customer, and its values; the number comes from its series."""
    with connection.cursor() as cursor:
        cursor.execute(f'set role "{bench.tenant.role}"; set search_path = "{bench.tenant.schema}"')
        cursor.execute("select * from customer_customer where id = %s", [bench.some[0]])
        stored = dict(zip((each.name for each in cursor.description), cursor.fetchone(), strict=True))
    connection.commit()
    values = {name: value for name, value in stored.items() if name not in ("id", "number")}
    places = ", ".join(["%s"] * len(values))
    return f"insert into customer_customer ({', '.join(values)}) values ({places})", list(values.values())
