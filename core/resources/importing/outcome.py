"""What an import does with rows, what has come of them, and those it puts aside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import orjson

from core.resources.importing.tables import Row


class Mode(StrEnum):
    """What happens to rows that are there already, and to those that are not."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"
    #: Insert what is new, leave what is there.
    SKIP = "skip"


@dataclass(slots=True)
class Outcome:
    """What an import has done so far, in rows."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    #: There already, and left so on purpose.
    skipped: int = 0
    bad: int = 0
    #: Records made because a link named them.
    created: int = 0
    seconds: float = 0.0


class Aside:
    """Rows put aside until those they refer to are there; on disk when they are many."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=4 * 1024 * 1024)  # noqa: SIM115
        self.count = 0

    def add(self, row: Row) -> None:
        self._file.write(orjson.dumps([row.line, row.cells, row.number]) + b"\n")
        self.count += 1

    def rows(self) -> Iterator[Row]:
        self._file.seek(0)
        return (Row(*orjson.loads(line)) for line in self._file)

    def close(self) -> None:
        self._file.close()
