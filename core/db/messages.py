"""Statements nobody waits for: they travel in one message with the next one, or ahead of the commit.

A message costs more than what most small statements do. PostgreSQL runs the statements of a message one
after the other, so whatever is read or written behind a statement sees it done. What is wrong with one
is raised where the message is sent, so this is for what cannot be a user's fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine.interfaces import ExecuteStyle

_WAITING: Final = "waiting"
_DIALECT: Final = PGDialect_psycopg2()  # type: ignore[no-untyped-call]


class Order:
    """A statement whose answer nobody needs."""

    def __init__(self, statement: str) -> None:
        """Take a statement with parameters such as ``:name``, cast where the driver's type is not theirs."""
        self._text = str(text(statement).compile(dialect=_DIALECT))

    def send_later(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Let it run, with some values, before anything else of the transaction does."""
        send_later(connection, self._text, values)


def send_later(connection: Connection, statement: str, values: Mapping[str, Any] | None = None) -> None:
    """Let a statement run before anything else of the transaction does.

    Args:
        connection: in a transaction.
        statement: as the driver takes it.
        values: by the names of its parameters.
    """
    present = connection.get_transaction()
    assert present is not None, "nothing can wait outside of a transaction"
    cursor: Any = connection.connection.cursor()
    written = cursor.mogrify(statement, values).decode()
    cursor.close()
    transaction, waiting = connection.info.get(_WAITING, (None, []))
    if transaction is not present:  # what waits is of one that was rolled back
        waiting = []
    connection.info[_WAITING] = present, [*waiting, written]


def send(connection: Connection) -> None:
    """Send what waits; asked for before a cursor is used past SQLAlchemy."""
    message = _taken(connection)
    if message:
        connection.exec_driver_sql(_quoted(message))


def listen(engine: Engine) -> None:
    """Send what waits ahead of each statement, and of the commit."""
    event.listen(engine, "before_cursor_execute", _ahead, retval=True)
    event.listen(engine, "commit", _before_commit)


def _taken(connection: Connection) -> str:
    """What waits in the present transaction, as one text."""
    transaction, waiting = connection.info.pop(_WAITING, (None, []))
    return "; ".join(waiting) if transaction is connection.get_transaction() else ""


def _before_commit(connection: Connection) -> None:
    try:
        send(connection)
    except Exception:
        # SQLAlchemy takes the transaction for ended, whatever becomes of its commit.
        connection.connection.rollback()
        raise


def _quoted(message: str) -> str:
    """A text as the driver wants it that looks for parameters in it."""
    return message.replace("%", "%%")


def _ahead(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, _is_many: bool
) -> tuple[str, Any]:
    message = _taken(connection)
    if not message:
        return statement, parameters
    if context.execute_style is ExecuteStyle.EXECUTEMANY or cursor.name is not None:
        own: Any = connection.connection.cursor()
        own.execute(message)
        own.close()
        return statement, parameters
    return f"{message if context.no_parameters else _quoted(message)}; {statement}", parameters
