"""Revisions of an addon's tables, written from the difference between its models and its migrations."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import Column, Connection, Engine, MetaData

from core.addons.loading import Catalogue
from core.db.base import metadata as tenant_metadata
from core.db.migrate import PLATFORM, History, heads, migrate, schema_options, use_schema
from core.db.platform import metadata as platform_metadata
from core.errors import Conflict
from core.i18n import _, _l
from core.kit.layout import expression, statement
from core.kit.scratch import histories_below, scratch_schema
from core.kit.structure import CheckDifference, check_differences

_FILE: Final = '''"""{message}."""

from __future__ import annotations

{imports}

revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change to one tenant's schema."""
{upgrade}


def downgrade() -> None:
    """Undo `upgrade`."""
{downgrade}
'''
_IMPORTS: Final = {
    "sa": "import sqlalchemy as sa",
    "op": "from alembic import op",
    "postgresql": "from sqlalchemy.dialects import postgresql",
}
_NEXT: Final = re.compile(r"nextval\('\"?([^'\"]+)")
#: How PostgreSQL writes ``column in ('a', 'b')``.
_IS_ONE_OF: Final = re.compile(r"(\w+)::text = ANY \(ARRAY\[(.+)\]::text\[\]\)")


class SeveralHeads(Conflict):
    """A history has come apart, as when two people have each written the next revision."""

    code = "several-heads"
    message = _l(
        "%(name)s has several newest revisions: %(heads)s. Let one follow the other (down_revision) first."
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What the next revision does, as statements, and what its author must think of."""

    upgrade: Sequence[str]
    downgrade: Sequence[str]
    warnings: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.upgrade)


def write_next(engine: Engine, catalogue: Catalogue, name: str, message: str) -> tuple[Path | None, Change]:
    """Write the next revision of an addon, of the core, or of the control tables (``platform``).

    Args:
        engine: of the owner; nothing is kept in its database.
        catalogue: the loaded addons.
        name: whose tables.
        message: what the revision does, in a few words.

    Returns:
        The file, None when models and migrations agree; and what it does.

    Raises:
        SeveralHeads: nobody can say which revision it would follow.
    """
    if name == PLATFORM.name:
        with engine.connect() as connection:
            use_schema(connection, "pg_catalog")  # they name their schema, so none must be in sight
            change = _difference(connection, platform_metadata, lambda table: False, PLATFORM.name)
            return _write(PLATFORM, message, change), change
    history = History(name, catalogue.addons[name].folder / "migrations")
    _only_head(history)
    below = histories_below(catalogue, name)
    with scratch_schema(engine) as (connection, schema):
        migrate(connection, schema, [*below, history])
        change = difference(connection, name, [each.name for each in below])
    return _write(history, message, change), change


def difference(connection: Connection, addon: str, others: Iterable[str]) -> Change:
    """What brings the tables of ``addon`` in the schema in sight to what its models say.

    Args:
        connection: with the schema alone in sight.
        addon: whose tables; those it has no model of any more are dropped.
        others: the addons whose tables are there as well.
    """
    longer = tuple(f"{other}_" for other in others if other.startswith(f"{addon}_"))

    def is_left_over(table: str) -> bool:
        return table.startswith(f"{addon}_") and not table.startswith(longer)

    return _difference(connection, tenant_metadata, is_left_over, addon)


def _difference(
    connection: Connection, metadata: MetaData, is_left_over: Callable[[str], bool], addon: str
) -> Change:
    def belongs(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        table = item if kind == "table" else getattr(item, "table", None)
        if table is None:
            return False
        known = metadata.tables.get(table.key)
        if known is None:
            return is_left_over(table.name)
        return bool(known.info.get("addon", PLATFORM.name) == addon)

    options = {
        "target_metadata": metadata,
        "include_object": belongs,
        "compare_server_default": False,
        **schema_options(metadata),
    }
    context = MigrationContext.configure(connection, opts=options)
    script = produce_migrations(context, metadata)
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    checks = [] if addon == PLATFORM.name else check_differences(connection, metadata, addon)
    up, down = (_rendered(each, context) for each in (script.upgrade_ops, script.downgrade_ops))
    return Change(
        upgrade=[*_dropped(checks, "present"), *up, *_created(checks, "wanted")],
        downgrade=[*_dropped(checks, "wanted"), *down, *_created(checks, "present")],
        warnings=list(_warnings(script.upgrade_ops)),
    )


def _rendered(found: ops.UpgradeOps | ops.DowngradeOps, context: MigrationContext) -> list[str]:
    """The operations as statements, with the sequences that new columns take their numbers from."""
    code = render_python_code(found, migration_context=context)
    [function] = ast.parse(f"def change():\n    {code}").body
    assert isinstance(function, ast.FunctionDef)
    for node in ast.walk(function):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="CheckConstraint"), args=[ast.Constant(value=str(said)) as text]
            ):
                text.value = _readable(said)
    written = ["\n".join(statement(each)) for each in function.body if not isinstance(each, ast.Pass)]
    sequences = [
        (match[1], f"{table}.{column.name}")
        for table, column in _new_columns(found)
        if column.server_default is not None and (match := _NEXT.search(_default_of(column)))
    ]
    return [
        *(_call("execute", f"create sequence {name}") for name, _owner in sequences),
        *written,
        *(_call("execute", f"alter sequence {name} owned by {owner}") for name, owner in sequences),
    ]


def _call(operation: str, *arguments: str, **named: str) -> str:
    """A call of one of Alembic's operations, laid out."""
    parts = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())]
    return _laid_out(f"op.{operation}({', '.join(parts)})")


def _laid_out(code: str) -> str:
    return "\n".join(statement(ast.parse(code).body[0]))


def _dropped(checks: Sequence[CheckDifference], side: str) -> list[str]:
    return [
        _laid_out(f"op.drop_constraint(op.f({check.name!r}), {check.table!r}, type_='check')")
        for check in checks
        if getattr(check, side) is not None
    ]


def _created(checks: Sequence[CheckDifference], side: str) -> list[str]:
    return [
        _laid_out(
            f"op.create_check_constraint(op.f({check.name!r}), {check.table!r}, {_readable(condition)!r})"
        )
        for check in checks
        if (condition := getattr(check, side)) is not None
    ]


def _readable(condition: str) -> str:
    """A condition as people write it; PostgreSQL spells lists of values out with their types."""
    found = _IS_ONE_OF.fullmatch(condition)
    if found is None:
        return condition
    return f"{found[1]} in ({found[2].replace('::character varying', '')})"


def _new_columns(found: ops.OpContainer) -> Iterator[tuple[str, Column[Any]]]:
    """``(table, column)`` of all that is added."""
    for each in found.ops:
        if isinstance(each, ops.CreateTableOp):
            yield from ((each.table_name, item) for item in each.columns if isinstance(item, Column))
        elif isinstance(each, ops.AddColumnOp):
            yield each.table_name, each.column
        elif isinstance(each, ops.OpContainer):
            yield from _new_columns(each)


def _default_of(column: Column[Any]) -> str:
    default = column.server_default
    return str(getattr(default, "arg", getattr(default, "sqltext", "")))


def _warnings(found: ops.OpContainer) -> Iterator[str]:
    """What a difference of structures cannot know, and what may fail where there are rows."""
    tables = {kind: [each.table_name for each in found.ops if isinstance(each, kind)] for kind in _TABLES}
    gone, new = tables[ops.DropTableOp], tables[ops.CreateTableOp]
    if gone and new:
        yield _(
            "%(gone)s goes and %(new)s comes: if that is one table with a new name, write "
            "op.rename_table by hand, or all its rows are lost.",
            gone=", ".join(gone),
            new=", ".join(new),
        )
    else:
        for table in gone:
            yield _(
                "The table %(table)s goes with all its rows; a downgrade brings it back empty.", table=table
            )
    for each in found.ops:
        if isinstance(each, ops.ModifyTableOps):
            yield from _table_warnings(each)


_TABLES: Final = (ops.DropTableOp, ops.CreateTableOp)


def _table_warnings(found: ops.ModifyTableOps) -> Iterator[str]:
    table = found.table_name
    gone = [each.column_name for each in found.ops if isinstance(each, ops.DropColumnOp)]
    new = [each.column for each in found.ops if isinstance(each, ops.AddColumnOp)]
    if gone and new:
        yield _(
            "In %(table)s, %(gone)s goes and %(new)s comes: if that is a new name, write "
            "op.alter_column(..., new_column_name=...) by hand, or what stands there is lost.",
            table=table,
            gone=", ".join(gone),
            new=", ".join(column.name for column in new),
        )
    else:
        for name in gone:
            yield _("What stands in %(table)s.%(column)s is lost.", table=table, column=name)
    for column in new:
        if not column.nullable and column.server_default is None:
            yield _(
                "%(table)s.%(column)s must not be empty, so the revision fails where there are rows: let it "
                "be empty first, fill it, and forbid it then; or give it a server_default.",
                table=table,
                column=column.name,
            )
    for each in found.ops:
        if isinstance(each, ops.AlterColumnOp) and each.modify_type is not None:
            yield _(
                "%(table)s.%(column)s changes its type: see that the values fit (postgresql_using=...).",
                table=table,
                column=each.column_name,
            )
        if isinstance(each, ops.AlterColumnOp) and each.modify_nullable is False:
            yield _(
                "%(table)s.%(column)s may not be empty any more: fill the rows where it is, first.",
                table=table,
                column=each.column_name,
            )


def _only_head(history: History) -> str | None:
    newest = sorted(heads(history))
    if len(newest) > 1:
        raise SeveralHeads(name=history.name, heads=", ".join(newest))
    return newest[0] if newest else None


def _write(history: History, message: str, change: Change) -> Path | None:
    """Write a change down as the revision behind the newest."""
    if not change:
        return None
    before = _only_head(history)
    numbers = [int(path.name[:4]) for path in history.folder.glob("[0-9][0-9][0-9][0-9]_*.py")]
    revision = f"{max(numbers, default=0) + 1:04d}"
    said = " ".join(message.replace("\\", "/").replace('"', "'").split()).rstrip(".")
    body = "\n".join([*change.upgrade, *change.downgrade])
    used = {node.id for node in ast.walk(ast.parse(textwrap.dedent(body))) if isinstance(node, ast.Name)}
    content = _FILE.format(
        message=textwrap.fill(said[:1].upper() + said[1:], 105, break_long_words=False),
        imports="\n".join(line for name, line in _IMPORTS.items() if name in used),
        revision=revision,
        before="None" if before is None else expression(ast.Constant(before)),
        upgrade="\n".join(change.upgrade),
        downgrade="\n".join(change.downgrade),
    )
    slug = re.sub(r"[^a-z0-9]+", "_", said.lower()).strip("_")[:40].strip("_") or "change"
    history.folder.mkdir(exist_ok=True)
    path = history.folder / f"{revision}_{slug}.py"
    with path.open("x", encoding="utf-8") as file:
        file.write(content)
    return path
