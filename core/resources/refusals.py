"""What the database refuses, as errors with a sentence for people."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from psycopg2 import errors as pg
from sqlalchemy.exc import DBAPIError

from core.db.messages import send_later
from core.errors import Invalid, StorageFull
from core.i18n import Lazy, _l
from core.resources.batch import Batch
from core.resources.declaration import Resource

#: Of a savepoint; within another of the same name the inner one counts.
_NAME: Final = "understood"


class understood:  # noqa: N801 - reads as a word of the with statement
    """Turn what the database refuses into errors with a sentence; undoes the block's statements."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __enter__(self) -> None:
        send_later(self._batch.session.connection(), f"savepoint {_NAME}")

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        connection = self._batch.session.connection()
        if error is None:
            send_later(connection, f"release savepoint {_NAME}")
            return
        if not connection.invalidated:
            connection.exec_driver_sql(f"rollback to savepoint {_NAME}; release savepoint {_NAME}")
        original = getattr(error, "orig", None)
        if isinstance(original, pg.UniqueViolation):
            self._refuse(original, _l("This is in use already; it must be unique."))
        if isinstance(original, pg.ForeignKeyViolation):
            self._refuse(original, _l("There is no such record, or you may not see it."))
        if isinstance(original, pg.CheckViolation):
            self._refuse(original, _l("These values do not go together."))
        if isinstance(original, pg.DiskFull) and isinstance(error, DBAPIError):
            raise StorageFull from error

    def _refuse(self, error: pg.Error, sentence: Lazy) -> NoReturn:
        """Say it at the field, or the lines, that the broken constraint is about; otherwise of the whole."""
        resource = self._batch.resource
        at = next(iter(_fields_of(resource, error.diag.constraint_name)), "_schema")
        for lines in resource.lines_fields.values():
            if lines.target.table.name == error.diag.table_name:
                at = lines.name
        raise Invalid({at: [sentence]}) from error


def _fields_of(resource: Resource, constraint: str | None) -> list[str]:
    for table in resource.tables:
        for each in table.constraints:
            if each.name == constraint:
                columns = set(getattr(each, "columns", ()))
                return [name for name, field in resource.fields.items() if field.place.column in columns]
    return []
