"""Statements compiled once and run with other values, past what SQLAlchemy does anew for each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select

_Convert = Callable[[Any], Any]


class Prepared:
    """The text of a statement, the values that are its own, and how values of its types are converted.

    What a request brings bears names; a statement run without one of them fails.
    """

    def __init__(self, statement: Select[Any] | Insert, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        assert not compiled.post_compile_params, "its text would depend on the values"
        self.text = str(compiled)
        self._own: dict[str, Any] = {}
        self._writers: dict[str, _Convert] = {}
        for name, parameter in compiled.binds.items():
            convert = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            if not parameter.required:
                value = parameter.effective_value
                self._own[name] = value if convert is None else convert(value)
            elif convert is not None:
                self._writers[name] = convert
        self._readers: dict[int, _Convert] = {}
        for position, column in enumerate(statement.exported_columns):
            convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if convert is not None:
                self._readers[position] = convert

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """All rows the statement gives for some values."""
        given = {**self._own, **values}
        for name, write in self._writers.items():
            given[name] = write(given[name])
        # The cursor's own rows: all that is needed of them are their positions.
        cursor = connection.exec_driver_sql(self.text, given).cursor
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
        cursor.close()
        return [self._read(row) for row in rows] if self._readers else rows

    def _read(self, row: Sequence[Any]) -> Sequence[Any]:
        read = list(row)
        for position, convert in self._readers.items():
            read[position] = convert(read[position])
        return read
