"""What belongs to a tenant, and what to one of its addons: read from the catalogue of PostgreSQL.

So it holds for addons whose package is gone. A table belongs to the addon whose name it begins with,
and an addon is known by its version table. Of the core's own tables those rows belong to an addon that
name one of its resources, its jobs or itself, and those that hang on such a row and go with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final

from sqlalchemy import Connection, text

#: Columns by which a row of a core table belongs to an addon, and how the addon's name stands in them.
_MARKS: Final = {
    "resource": "starts_with({column}, '{addon}.')",
    "addon": "{column} = '{addon}'",
}
#: Such columns that do not go by these names.
_OTHER_MARKS: Final = {("core_job", "kind"): "starts_with({column}, '{addon}.')"}
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_VERSIONS: Final = "mig_"

_TABLES: Final = text("""
    select c.relname as name, pg_table_size(c.oid) as size, array(
        select a.attname::text from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        order by a.attnum
    ) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = :schema and c.relkind = 'r' order by c.relname
""")
_LINKS: Final = text("""
    select child.relname as child, parent.relname as parent, k.confdeltype = 'c' as cascades,
        (select attname from pg_attribute where attrelid = k.conrelid and attnum = k.conkey[1]) as "column",
        (select attname from pg_attribute where attrelid = k.confrelid and attnum = k.confkey[1]) as target
    from pg_constraint k
    join pg_class child on child.oid = k.conrelid join pg_class parent on parent.oid = k.confrelid
    join pg_namespace n on n.oid = child.relnamespace
    where k.contype = 'f' and n.nspname = :schema and child.oid <> parent.oid order by 1, 2, 4
""")
_SEQUENCES: Final = text("""
    select c.relname as name, coalesce(t.relname, c.relname) as table
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid
        and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    left join pg_class t on t.oid = d.refobjid
    where n.nspname = :schema and c.relkind = 'S' order by 1
""")


@dataclass(frozen=True, slots=True)
class Part:
    """A table, or some rows of one."""

    table: str
    #: Whose table it is.
    addon: str
    #: All but those that the database works out by itself, in the order of the table.
    columns: tuple[str, ...]
    #: Bytes of the table without its indexes, for telling how far something is.
    size: int
    #: Which rows, as a condition in SQL on the bare name of the table; empty for all of them.
    where: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key, by the first of its columns."""

    child: str
    column: str
    parent: str
    target: str
    #: Whether the child's row goes with the parent's.
    cascades: bool


def contents(connection: Connection, schema: str, addons: Collection[str] | None = None) -> list[Part]:
    """What belongs to a tenant or to some of its addons, parents before those that point to them.

    Version tables are left out. Where tables point to each other in a circle, any of them comes first.

    Args:
        connection: may read the catalogue; bound to nothing in particular.
        schema: of the tenant.
        addons: everything when None; otherwise their tables, and their rows of the core's tables.

    Raises:
        ValueError: that is no addon's name.
    """
    known = addons_in(connection, schema)
    tables = connection.execute(_TABLES, {"schema": schema}).all()
    links = [Link(**row) for row in connection.execute(_LINKS, {"schema": schema}).mappings()]
    columns = {row.name: tuple(row.columns) for row in tables if owner_of(row.name, known) == "core"}
    conditions = {} if addons is None else _conditions(quoted(connection, schema), columns, links, addons)
    found = {}
    for row in tables:
        owner = owner_of(row.name, known) or ""
        whole = addons is None or owner in addons
        if not row.name.startswith(_VERSIONS) and (whole or row.name in conditions):
            where = "" if whole else conditions[row.name]
            found[row.name] = Part(row.name, owner, tuple(row.columns), row.size, where)
    return [found[name] for name in _in_order(found, links)]


def addons_in(connection: Connection, schema: str) -> dict[str, tuple[str, ...]]:
    """The addons that have tables in a schema, the core among them: ``{name: revisions reached}``."""
    rows = connection.execute(_TABLES, {"schema": schema})
    names = [row.name.removeprefix(_VERSIONS) for row in rows if row.name.startswith(_VERSIONS)]
    place, found = quoted(connection, schema), {}
    for name in names:
        table = f"{place}.{quoted(connection, _VERSIONS + name)}"
        reached = connection.scalars(text(f"select version_num from {table} order by 1"))  # noqa: S608
        found[name] = tuple(reached)
    return found


def sequences_in(connection: Connection, schema: str) -> list[tuple[str, str]]:
    """The sequences of a schema, those of identities too: ``[(name, table it counts for)]``.

    One that counts for no table is given with its own name instead, by which its addon is known.
    """
    return [(row.name, row.table) for row in connection.execute(_SEQUENCES, {"schema": schema})]


def owner_of(table: str, addons: Iterable[str]) -> str | None:
    """Which of some addons a table belongs to: the longest name it begins with; None for nobody's."""
    return max((each for each in addons if table.startswith(f"{each}_")), key=len, default=None)


def quoted(connection: Connection, name: str) -> str:
    """A name as it stands in SQL."""
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _conditions(
    place: str, columns: Mapping[str, Sequence[str]], links: Sequence[Link], addons: Collection[str]
) -> dict[str, str]:
    """Which rows of the core's tables belong to some addons: ``{table: condition}``.

    Args:
        place: the schema, quoted.
        columns: of the core's tables.
        links: the foreign keys of the schema.
        addons: whose rows.
    """
    for addon in addons:
        if not _NAME.fullmatch(addon):
            raise ValueError(f"“{addon}” is no addon's name")
    found: dict[str, list[str]] = {}
    for table, names in columns.items():
        for name in names:
            mark = _OTHER_MARKS.get((table, name)) or _MARKS.get(name)
            if mark is not None:
                terms = [mark.format(column=f"{table}.{name}", addon=addon) for addon in sorted(addons)]
                found.setdefault(table, []).extend(terms)
    for table in _in_order(columns, links):
        for link in links:
            if link.child == table and link.cascades and link.parent in found:
                inner = f"select {link.parent}.{link.target} from {place}.{link.parent}"  # noqa: S608
                condition = f"{table}.{link.column} in ({inner} where {' or '.join(found[link.parent])})"
                found.setdefault(table, []).append(condition)
    return {table: " or ".join(terms) for table, terms in found.items()}


def _in_order(tables: Iterable[str], links: Sequence[Link]) -> list[str]:
    """Tables in an order in which those come first that others point to, as far as there is one."""
    below = {table: {link.parent for link in links if link.child == table} for table in sorted(tables)}
    below = {table: parents & below.keys() for table, parents in below.items()}
    while True:
        try:
            return list(TopologicalSorter(below).static_order())
        except CycleError as error:
            first, second = error.args[1][:2]  # the first is one of the second's parents
            below[second] = below[second] - {first}
