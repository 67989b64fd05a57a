"""What a schema holds besides its rows, as PostgreSQL itself writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import CheckConstraint, Column, Connection, MetaData, Table, inspect, text
from sqlalchemy.schema import CreateTable, conv

_CATALOGUE: Final = """
    select c.relname, 'column', a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' '
        || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || a.attidentity::text
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = :schema ::regnamespace and c.relkind = 'r'
    union all
    select conrelid::regclass::text, 'constraint', conname, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = :schema ::regnamespace
    union all
    select tablename, 'index', indexname, indexdef from pg_indexes where quote_ident(schemaname) = :schema
    union all
    select tgrelid::regclass::text, 'trigger', tgname, pg_get_triggerdef(oid)
    from pg_trigger where not tgisinternal
        and tgrelid in (select oid from pg_class where relnamespace = :schema ::regnamespace)
    union all
    select proname, 'function', prosrc, pg_get_function_identity_arguments(oid)
    from pg_proc where pronamespace = :schema ::regnamespace
"""
_CHECKS: Final = """
    select conname, regexp_replace(pg_get_constraintdef(oid, true), '^CHECK \\((.*)\\)$', '\\1')
    from pg_constraint where conrelid = cast(:table as regclass) and contype = 'c'
"""

#: A table (of a function: its own name), ``column``, ``constraint`` and so on, a name, a definition.
Part = tuple[Any, ...]


def structure(connection: Connection, schema: str) -> set[Part]:
    """Everything in a schema but its rows, without the schema's name."""
    quoted = str(connection.scalar(text("select quote_ident(:schema)"), {"schema": schema}))
    rows = connection.execute(text(_CATALOGUE), {"schema": quoted})
    return {tuple(str(value).replace(f"{quoted}.", "") for value in row) for row in rows}


@dataclass(frozen=True, slots=True)
class CheckDifference:
    """A check constraint that models and tables do not agree about; one side may have none."""

    table: str
    name: str
    #: As the model writes it.
    wanted: str | None
    #: As the database has it.
    present: str | None


def check_differences(connection: Connection, metadata: MetaData, addon: str) -> list[CheckDifference]:
    """Where the check constraints of an addon's tables differ from those of its models.

    Alembic does not compare them, so a value added to a list of choices would never reach the tables.
    The database is asked how it writes those of the models, in a table that is gone again.

    Args:
        connection: with the schema alone in sight.
        metadata: of the models.
        addon: whose tables are looked at; those that are not there yet are left out.
    """
    there = set(inspect(connection).get_table_names())
    found: list[CheckDifference] = []
    for table in metadata.sorted_tables:
        if table.info.get("addon") != addon or table.name not in there:
            continue
        said = _as_models_say(connection, table)
        wanted = _as_database_writes(connection, table, said)
        present = _checks(connection, table.name)
        for name in sorted({*wanted, *present}):
            if wanted.get(name) != present.get(name):
                found.append(CheckDifference(table.name, name, said.get(name), present.get(name)))
    return found


def _as_models_say(connection: Connection, table: Table) -> dict[str, str]:
    """The check constraints of a model by the names they have in the database."""
    preparer = connection.dialect.identifier_preparer
    return {
        str(preparer.format_constraint(constraint)).strip('"'): str(constraint.sqltext)
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def _as_database_writes(connection: Connection, table: Table, said: dict[str, str]) -> dict[str, str]:
    """The same constraints as PostgreSQL writes them down."""
    copy = Table(
        "guanxi_checks",
        MetaData(),
        *(Column(column.name, column.type) for column in table.columns),
        *(CheckConstraint(text(written), name=conv(name)) for name, written in said.items()),
    )
    savepoint = connection.begin_nested()
    try:
        connection.execute(CreateTable(copy))
        return _checks(connection, copy.name)
    finally:
        savepoint.rollback()


def _checks(connection: Connection, table: str) -> dict[str, str]:
    quoted = connection.dialect.identifier_preparer.quote(table)
    rows = connection.execute(text(_CHECKS), {"table": quoted})
    return {row[0]: row[1] for row in rows}
