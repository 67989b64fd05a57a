"""A schema to try migrations in: made in a transaction of the owner, gone when it ends."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from core.addons.loading import Catalogue
from core.db.migrate import History, use_schema


@contextmanager
def scratch_schema(engine: Engine) -> Iterator[tuple[Connection, str]]:
    """Have an empty schema, the only one in sight, and its name; nothing of the block is kept.

    The database need not be prepared, and no tenant notices.
    """
    schema = f"scratch_{secrets.token_hex(4)}"
    with engine.connect() as connection:
        connection.execute(text(f"create schema {schema}"))
        use_schema(connection, schema)
        try:
            yield connection, schema
        finally:
            connection.rollback()


def histories_below(catalogue: Catalogue, name: str) -> Sequence[History]:
    """The histories an addon stands on, the core's first, without its own."""
    needed, waiting = {"core"}, list(catalogue.addons[name].depends)
    while waiting:
        each = waiting.pop()
        if each not in needed:
            needed.add(each)
            waiting += catalogue.addons[each].depends
    return [
        History(addon.name, addon.folder / "migrations")
        for addon in catalogue.addons.values()
        if addon.name in needed and addon.name != name
    ]
