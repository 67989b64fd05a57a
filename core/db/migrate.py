"""Migrations: one history for each addon, one version table for each addon and tenant.

A `History` is a folder of Alembic revisions with a name; histories run in the addons' order. All
histories of one tenant run in one transaction, so a tenant has its old schema or its new one.
Alembic keeps its operations in a module global: many tenants are migrated in processes, and threads
of one process take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from core.db.base import metadata as tenant_metadata

_HERE: Final = Path(__file__).parent
_TURN: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class History:
    """The revisions of one addon."""

    name: str
    folder: Path


PLATFORM: Final = History("platform", _HERE / "platform_migrations")


def _config(history: History, **attributes: Any) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(_HERE / "alembic"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(history.folder))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes.update(history=history.name, **attributes)
    return config


def migrate(
    connection: Connection,
    schema: str,
    histories: Iterable[History],
    revision: str = "heads",
    *,
    tell: Callable[[str], None] | None = None,
) -> None:
    """Bring the tables in ``schema`` to the newest revision of each history, or to ``revision``.

    Args:
        connection: of the owner, in a transaction whose search_path is ``schema`` alone.
        schema: where the tables and version tables lie.
        histories: in the order of their dependencies.
        revision: the newest, or one to stop at.
        tell: is told the name of a history after each of its revisions.
    """

    def applied(*, ctx: MigrationContext, **_step: Any) -> None:
        if tell is not None:
            tell(str(ctx.version_table).removeprefix("mig_"))

    for history in histories:
        if history.folder.is_dir():
            config = _config(history, connection=connection, schema=schema, on_version_apply=applied)
            with _TURN:
                command.upgrade(config, revision)


def downgrade(connection: Connection, schema: str, history: History, revision: str) -> None:
    """Take one history back to ``revision`` (``base`` undoes all of it)."""
    with _TURN:
        command.downgrade(_config(history, connection=connection, schema=schema), revision)


def heads(history: History) -> set[str]:
    """The newest revisions of a history."""
    if not history.folder.is_dir():
        return set()
    return set(ScriptDirectory.from_config(_config(history)).get_heads())


def in_order(history: History) -> list[tuple[str, Path]]:
    """The revisions of a history with their files, the oldest first."""
    if not history.folder.is_dir():
        return []
    scripts = list(ScriptDirectory.from_config(_config(history)).walk_revisions())
    return [(script.revision, Path(script.path)) for script in reversed(scripts)]


def revisions(connection: Connection, schema: str, histories: Sequence[History]) -> dict[str, set[str]]:
    """What each history has reached in ``schema``: ``{name: revisions}``."""
    found = {}
    for history in histories:
        options = {"version_table": f"mig_{history.name}", "version_table_schema": schema}
        found[history.name] = set(MigrationContext.configure(connection, opts=options).get_current_heads())
    return found


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a history, by its number and the first line of its docstring."""

    history: str
    number: str
    title: str


class Script:
    """The revisions of one history as they lie on the disk, read once."""

    def __init__(self, history: History) -> None:
        self._history = history
        has_any = history.folder.is_dir()
        self._directory = ScriptDirectory.from_config(_config(history)) if has_any else None

    def heads(self) -> list[str]:
        """The newest revisions; one, unless two were written beside each other."""
        return sorted(self._directory.get_heads()) if self._directory else []

    def unknown(self, reached: Iterable[str]) -> list[str]:
        """Those of some revisions that are not there."""
        known = {each.revision for each in self._directory.walk_revisions()} if self._directory else set()
        return sorted(set(reached) - known)

    def after(self, reached: Iterable[str]) -> list[Revision]:
        """The revisions behind those that were reached, in the order in which they would run."""
        if self._directory is None:
            return []
        waiting = list(self._directory.iterate_revisions("heads", tuple(reached) or "base"))
        return [Revision(self._history.name, each.revision, each.doc) for each in reversed(waiting)]


def outstanding(connection: Connection, schema: str, histories: Sequence[History]) -> list[Revision]:
    """The revisions that ``schema`` has not reached, in the order in which they would run."""
    reached = revisions(connection, schema, histories)
    return [each for history in histories for each in Script(history).after(reached[history.name])]


def differences(
    connection: Connection, schema: str, addons: Iterable[str], metadata: MetaData | None = None
) -> list[Any]:
    """Where the tables in ``schema`` differ from the models of ``addons``, as Alembic's own tuples."""
    metadata = tenant_metadata if metadata is None else metadata
    wanted = set(addons)

    def belongs(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        table = item if kind == "table" else getattr(item, "table", None)
        if kind == "table" and str(name).startswith("mig_"):
            return False
        known = metadata.tables.get(table.key) if table is not None else None
        return known is None or known.info.get("addon", "platform") in wanted

    options = {"include_object": belongs, "compare_server_default": False, **schema_options(metadata)}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def schema_options(metadata: MetaData | None) -> dict[str, Any]:
    """What Alembic needs to compare models that name their schema, as the control tables do."""
    if metadata is None or metadata.schema is None:
        return {}

    def is_ours(name: str | None, kind: str, parents: Any) -> bool:
        return kind != "schema" or name == metadata.schema

    return {"include_schemas": True, "include_name": is_ours}


def use_schema(connection: Connection, schema: str) -> None:
    """Make ``schema`` the only one the rest of the transaction sees."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(schema)
    connection.execute(text("select set_config('search_path', :path, true)"), {"path": quoted})
