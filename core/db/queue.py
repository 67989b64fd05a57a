"""The queue of background jobs: schema ``queue``, procrastinate's tables, and our doors to them.

The tables and most functions are procrastinate's own, taken from its SQL files. A tenant's role may
call one function, ``queue.enqueue``, which runs with the owner's rights and takes the tenant from
the role of the transaction, so that nobody can enqueue for another. Reading, fetching, finishing
and cancelling are left to the owner's login, which only the worker has.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from core.db.migrate import use_schema

SCHEMA: Final = "queue"
#: The lanes jobs wait in; each has slots of its own, so that long work never holds up short work.
LANES: Final = ("default", "bulk")
#: The one procrastinate task, as queue.sql names it; what is to be done stands in the arguments.
TASK: Final = "guanxi"
#: Seconds without a sign of life after which a worker counts as dead.
DEAD_AFTER: Final = 20
#: The one function of the queue that tenants may call.
ENQUEUE: Final = "queue.enqueue(text, text, bigint, timestamptz)"


def prepare_queue(connection: Connection, app_login: str) -> None:
    """Create or migrate the schema of the queue; repeatable.

    Our own functions are written anew each time, since a migration of procrastinate may replace what
    they stand on.

    Args:
        connection: of the owner, in a transaction.
        app_login: may read the counts.
    """
    connection.execute(text("create schema if not exists queue"))
    use_schema(connection, SCHEMA)
    connection.execute(text("create table if not exists migration (name text primary key)"))
    folder = _sql_folder()
    names = sorted(path.name for path in (folder / "migrations").glob("*.sql"))
    done = set(connection.scalars(text("select name from migration")))
    if not done:
        _run(connection, (folder / "schema.sql").read_text())
    for name in names if done else ():
        if name not in done:
            _run(connection, (folder / "migrations" / name).read_text())
    if set(names) - done:
        connection.execute(
            text("insert into migration select unnest(cast(:names as text[])) on conflict do nothing"),
            {"names": names},
        )
    _run(connection, Path(__file__).with_suffix(".sql").read_text())
    login = connection.dialect.identifier_preparer.quote_identifier(app_login)
    _run(connection, f"grant usage on schema queue to {login}")
    _run(connection, f"grant execute on function overview(), workers(double precision) to {login}")
    use_schema(connection, "platform")


def admit(connection: Connection, role: str) -> None:
    """Let a tenant's role enqueue, and nothing else; repeatable.

    The rights of all tenants stand in one row of the catalogue, which two at once cannot write: who
    is admitted already writes nothing, and newcomers wait for one another until their transactions end.
    """
    may_enqueue = text(
        "select has_schema_privilege(:role, 'queue', 'usage')"
        " and has_function_privilege(:role, cast(:function as text), 'execute')"
    )
    if connection.scalar(may_enqueue, {"role": role, "function": ENQUEUE}):
        return
    connection.execute(text("select pg_advisory_xact_lock(hashtext('guanxi'), hashtext('queue'))"))
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    _run(connection, f"grant usage on schema queue to {quoted}")
    _run(connection, f"grant execute on function {ENQUEUE} to {quoted}")


def forget_tenant(connection: Connection, tenant: int) -> None:
    """Take the jobs of a tenant that is being deleted out of the queue."""
    use_schema(connection, SCHEMA)  # for procrastinate's triggers
    connection.execute(
        text("delete from procrastinate_jobs where (args->>'tenant')::bigint = :tenant"), {"tenant": tenant}
    )
    use_schema(connection, "platform")


def entries_of(connection: Connection, tenant: int) -> set[int]:
    """The jobs of a tenant, by their numbers there, that have an entry in the queue; for the owner."""
    statement = text(
        "select (args->>'job')::bigint from queue.procrastinate_jobs"
        " where (args->>'tenant')::bigint = :tenant and status in ('todo', 'doing')"
    )
    return set(connection.scalars(statement, {"tenant": tenant}))


def _sql_folder() -> Path:
    """Where procrastinate keeps its SQL; found without importing it."""
    found = importlib.util.find_spec("procrastinate")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "sql"


def _run(connection: Connection, script: str) -> None:
    """Run a script of several statements in which a percent sign is only that."""
    connection.exec_driver_sql(script, execution_options={"no_parameters": True})
