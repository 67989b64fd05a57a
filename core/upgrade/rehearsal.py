"""Trying an upgrade on a copy of a tenant: what the newest revisions make of its records.

The copy is made, upgraded and measured in one transaction that is rolled back, so nothing is left of it
and nobody notices; or it is kept, as a tenant that sends nothing.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from core.archive import Tell, contents, restore_tenant, snapshot, write_archive
from core.archive.contents import quoted
from core.db.base import metadata
from core.db.migrate import Revision, outstanding
from core.db.tenancy import SLUG, Tenant
from core.db.urls import Urls
from core.kernel import Kernel
from core.resources.storage import folders_of

_PREFIX: Final = "rehearsal-"
#: Types whose values add up to something; what ends in ``_id`` counts records, not things.
_NUMBERS: Final = ("numeric", "integer", "bigint", "smallint", "double precision", "real")
_COLUMNS: Final = text("""
    select c.relname as table, a.attname as name, format_type(a.atttypid, null) as type
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = to_regnamespace(quote_ident(:schema)) and c.relkind = 'r'
        and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum
""")

#: ``{(table, measure): value}``; of measures there are rows, filled NAME, sum NAME and count NAME=VALUE.
Measures = Mapping[tuple[str, str], int | Decimal]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is another one after the upgrade."""

    #: Name of the resource, or of the table where it is nobody's.
    what: str
    #: rows, ``filled city``, ``sum amount``, ``count state=open``.
    measure: str
    #: None where there was, or is, no such thing.
    before: int | Decimal | None
    after: int | Decimal | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What an upgrade would make of a tenant."""

    tenant: str
    #: What ran.
    revisions: Sequence[Revision]
    seconds: float
    #: How many figures were compared.
    compared: int
    differences: Sequence[Difference]
    #: Slug of the copy, where it was kept.
    kept: str = ""

    def as_data(self) -> dict[str, Any]:
        """The rehearsal as JSON has it."""
        revisions = [
            {"addon": each.history, "revision": each.number, "title": each.title} for each in self.revisions
        ]
        return {**asdict(self), "revisions": revisions}


def rehearse(
    kernel: Kernel, urls: Urls, slug: str, *, keep: bool = False, tell: Tell | None = None
) -> Rehearsal:
    """Upgrade a copy of a tenant and compare it with the tenant as it was when it was copied.

    Args:
        kernel: this version of the program, and the data folder.
        urls: the database's logins.
        slug: the tenant's; it stays in use.
        keep: leave the copy there, as a tenant called ``rehearsal-<slug>`` that sends nothing.
        tell: is told how far it is, from nothing to all twice.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
        TenantExists: the copy of an earlier rehearsal was kept.
        TablesFailed: a revision does not go through; its cause is the reason.
        GuanxiError: the copy cannot be made, as `core.archive.restore_tenant` says.
    """
    started, copy = time.perf_counter(), copy_of(slug)
    kernel.config.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kernel.config.data, prefix=_PREFIX) as folder:
        path = Path(folder) / "archive.zip"
        with snapshot(urls.require_owner(), slug) as (connection, tenant):
            before = measure(connection, tenant)
            revisions = outstanding(connection, tenant.schema, kernel.histories(tenant.addons))
            write_archive(connection, kernel, tenant, path, tell=tell)
        after = _try(kernel, urls, path, copy, keep=keep, tell=tell)
    differences = list(compare(before, after, _titles(kernel)))
    compared = len(before.keys() | after.keys())
    seconds = time.perf_counter() - started
    return Rehearsal(slug, revisions, seconds, compared, differences, copy if keep else "")


def copy_of(slug: str) -> str:
    """What the copy of a tenant is called."""
    copy = f"{_PREFIX}{slug}"[:41].rstrip("-")
    assert SLUG.fullmatch(copy)
    return copy


def _try(kernel: Kernel, urls: Urls, path: Path, copy: str, *, keep: bool, tell: Tell | None) -> Measures:
    """Make the copy at the newest revisions and measure it."""
    engine = create_engine(urls.require_owner(), poolclass=NullPool)
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            restored = restore_tenant(connection, kernel, urls.app_login, path, slug=copy, tell=tell)
            try:
                after = measure(connection, restored.tenant)
            finally:
                if not keep:
                    transaction.rollback()
                    for folder in folders_of(kernel.config.data, restored.tenant.id).values():
                        shutil.rmtree(folder, ignore_errors=True)
        return after
    finally:
        engine.dispose()


def measure(connection: Connection, tenant: Tenant) -> Measures:
    """Count the records of a tenant, add its numbers up, and count the values of its choices.

    Nothing is asked of the models but what is a choice, so tables of an older version are measured too.
    """
    types: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(_COLUMNS, {"schema": tenant.schema}):
        types.setdefault(row.table, []).append((row.name, row.type))
    found: dict[tuple[str, str], int | Decimal] = {}
    schema = quoted(connection, tenant.schema)
    for part in contents(connection, tenant.schema):
        source = f"{schema}.{quoted(connection, part.table)}"
        asked = list(_figures(connection, types[part.table]))
        figures = ", ".join(["count(*)", *(expression for _, expression in asked)])
        row = _ask(connection, f"select {figures} from {source}").one()  # noqa: S608
        found[part.table, "rows"] = row[0]
        for (name, _), value in zip(asked, row[1:], strict=True):
            found[part.table, name] = value if value is not None else 0
        for name in _choices(part.table) & {name for name, _ in types[part.table]}:
            column = quoted(connection, name)
            counted = f"select {column}, count(*) from {source} where {column} is not null group by 1"  # noqa: S608
            for value, number in _ask(connection, counted):
                found[part.table, f"count {name}={value}"] = number
    return found


def _ask(connection: Connection, statement: str) -> Any:
    """Run a statement made of names from the catalogue; a percent sign in it stands for itself."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _figures(connection: Connection, columns: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """``(measure, expression)`` of the columns of a table."""
    for name, kind in columns:
        column = quoted(connection, name)
        yield f"filled {name}", f"count({column})"
        if kind in _NUMBERS and name != "id" and not name.endswith("_id"):
            yield f"sum {name}", f"sum({column}::numeric)"


def _choices(table: str) -> set[str]:
    """The columns of a table that hold choices, as the models have it now."""
    known = metadata.tables.get(table)
    columns = known.columns if known is not None else ()
    words = ((column.name, column.info.get("word")) for column in columns)
    return {name for name, word in words if word is not None and word.choices is not None}


def compare(before: Measures, after: Measures, titles: Mapping[str, str]) -> Iterator[Difference]:
    """What is another figure after than before; of a table that comes or goes, its rows alone.

    Args:
        before: as the tenant is.
        after: as it would be.
        titles: of tables, where they have one.
    """
    tables = [{table for table, _ in each} for each in (before, after)]
    for table, name in sorted(
        before.keys() | after.keys(), key=lambda each: (each[0], each[1] != "rows", each[1])
    ):
        old, new = before.get((table, name)), after.get((table, name))
        is_whole = all(table in each for each in tables)
        if old != new and (is_whole or name == "rows"):
            yield Difference(titles.get(table, table), name, old, new)


def _titles(kernel: Kernel) -> dict[str, str]:
    return {each.model.__tablename__: each.name for each in kernel.resources}
