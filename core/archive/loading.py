"""Filling tables that migrations have just made with the rows of an archive.

The owner is no superuser and cannot switch foreign keys off, so those between the tables to be filled
are taken away first and laid again over the rows, with the other indexes: that checks every row, needs
no order among tables that point to each other in circles, and builds an index once instead of row by
row. A key that leads to a table in use stays, since to take it away would stop its readers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final

from psycopg2 import Error as DatabaseError
from psycopg2 import errors as pg
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from core.archive.contents import quoted
from core.archive.manifest import ArchiveDamaged, SequenceEntry, TableEntry
from core.archive.reading import Archive, Checked
from core.archive.writing import BLOCK, FORM
from core.errors import Conflict
from core.i18n import _l

#: Memory for building one index.
_INDEX_MEMORY: Final = "128MB"

_SET: Final = text("select set_config(:name, :value, true)")
_KEYS: Final = text("""
    select child.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
    from pg_constraint k
    join pg_class child on child.oid = k.conrelid join pg_class parent on parent.oid = k.confrelid
    join pg_namespace n on n.oid = child.relnamespace
    where k.contype = 'f' and n.nspname = :schema
        and child.relname = any(:tables) and parent.relname = any(:tables)
    order by 1, 2
""")
#: Those that hold no constraint; a table's own key is filled in the order of its numbers as it is.
_INDEXES: Final = text("""
    select c.relname as name, pg_get_indexdef(c.oid) as definition
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = :schema and t.relname = any(:tables)
        and not exists (select from pg_constraint k where k.conindid = c.oid)
    order by t.relname, c.relname
""")
_WITH_TRIGGERS: Final = text("""
    select distinct t.relname from pg_trigger g join pg_class t on t.oid = g.tgrelid
    join pg_namespace n on n.oid = t.relnamespace
    where n.nspname = :schema and t.relname = any(:tables) and not g.tgisinternal
""")


class RowsRefused(Conflict):
    """The rows of a table do not fit what is there."""

    code = "archive-rows"
    message = _l("The rows of %(table)s do not fit the tables here: %(reason)s Nothing was changed.")


#: Is told how many bytes of rows have been read, and of which table.
Report = Callable[[int, str], None]


@contextmanager
def emptied(connection: Connection, schema: str, tables: Sequence[str]) -> Iterator[None]:
    """Make new tables ready to be filled within a block, and whole again at its end.

    What migrations have put into them goes; triggers are silent, since rows come as they were.

    Args:
        connection: of the owner, with ``schema`` as the search_path.
        schema: where they are.
        tables: made in this transaction, so that nobody else sees them.

    Raises:
        RowsRefused: at the end, where the rows break a key.
    """
    if not tables:
        yield
        return
    given = {"schema": schema, "tables": list(tables)}
    keys = connection.execute(_KEYS, given).all()
    for key in keys:
        _run(
            connection,
            f"alter table {quoted(connection, key.table)} drop constraint {quoted(connection, key.name)}",
        )
    indexes = connection.execute(_INDEXES, given).all()
    for index in indexes:
        _run(connection, f"drop index {quoted(connection, index.name)}")
    silent = connection.scalars(_WITH_TRIGGERS, given).all()
    for table in silent:
        _run(connection, f"alter table {quoted(connection, table)} disable trigger user")
    _run(connection, f"truncate {', '.join(quoted(connection, table) for table in tables)}")
    yield
    connection.execute(_SET, {"name": "maintenance_work_mem", "value": _INDEX_MEMORY})
    for index in indexes:
        _run(connection, index.definition, table=index.name)
    for key in keys:
        name = quoted(connection, key.name)
        _run(
            connection,
            f"alter table {quoted(connection, key.table)} add constraint {name} {key.definition}",
            table=key.table,
        )
    for table in silent:
        _run(connection, f"alter table {quoted(connection, table)} enable trigger user")
    for table in tables:
        _run(connection, f"analyze {quoted(connection, table)}")


def copy_rows(
    connection: Connection,
    archive: Archive,
    tables: Iterable[TableEntry],
    *,
    fresh: Collection[str],
    report: Report,
) -> None:
    """Read the rows of tables, one table after the other.

    Args:
        connection: of the owner, with the tenant's schema as the search_path.
        archive: where they lie.
        tables: in an order that foreign keys bear.
        fresh: those of the tables that were made in this transaction.
        report: is told how far it is.

    Raises:
        ArchiveDamaged: a table is not as it was written.
        RowsRefused: the database does not take the rows.
    """
    for name, value in FORM.items():
        connection.execute(_SET, {"name": name, "value": value})
    done = 0
    for table in tables:
        columns = ", ".join(quoted(connection, name) for name in table.columns)
        options = "encoding 'UTF8', freeze true" if table.name in fresh else "encoding 'UTF8'"
        statement = f"copy {quoted(connection, table.name)} ({columns}) from stdin ({options})"
        with archive.member(table) as member, closing(connection.connection.cursor()) as cursor:
            stream = _Reported(member, done, table.name, report)
            try:
                cursor.copy_expert(statement, stream, size=BLOCK)
            except DatabaseError as error:
                _see_damage(stream, table)
                raise _refusal(table.name, error) from error
            if cursor.rowcount != table.rows:
                raise ArchiveDamaged(member=table.member)
        done += table.size


def count_on(connection: Connection, sequences: Iterable[SequenceEntry]) -> None:
    """Let sequences go on where they were; those that are not here count for nothing any more."""
    statement = text(
        "select setval(to_regclass(:name)::regclass, :value, :called) where to_regclass(:name) is not null"
    )
    for each in sequences:
        given = {"name": quoted(connection, each.name), "value": each.value, "called": each.is_called}
        connection.execute(statement, given)


class _Reported:
    """A member that says how much of it has been read, and keeps what went wrong in reading it."""

    def __init__(self, member: Checked, done: int, table: str, report: Report) -> None:
        self._member = member
        self._done = done
        self._table = table
        self._report = report
        self.error: BaseException | None = None

    @property
    def seen(self) -> tuple[int, str]:
        """Bytes read so far, and their hash."""
        return self._member.size, self._member.sha256

    def read(self, size: int) -> bytes:
        """The next piece; psycopg2 asks for it."""
        try:
            block = self._member.read(size)
            self._report(self._done + self._member.size, self._table)
        except BaseException as error:
            self.error = error  # psycopg2 makes one of its own of it
            raise
        return block


def _see_damage(stream: _Reported, table: TableEntry) -> None:
    """Raise what went wrong in reading, or what shows only at the end of the member."""
    if stream.error is not None:
        raise stream.error
    while stream.read(BLOCK):
        pass
    if stream.seen != (table.size, table.sha256):
        raise ArchiveDamaged(member=table.member)


def _refusal(table: str, error: DatabaseError) -> Exception:
    """What a refusal of the database means; what it says in detail may quote data and is left out."""
    if isinstance(error, pg.IntegrityError | pg.DataError):
        return RowsRefused(table=table, reason=str(error.diag.message_primary or type(error).__name__) + ".")
    return error


def _run(connection: Connection, statement: str, table: str = "") -> None:
    """Run a statement in which nothing is a parameter."""
    try:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    except IntegrityError as error:
        raise _refusal(table, error.orig) from error  # type: ignore[arg-type] # psycopg2's, always
