"""Files of every kind as tables of texts.

table = open_table(stream, Reading(encoding="big5"))
table.header
for row in table.rows(after=5000): ...
"""

from __future__ import annotations

from typing import IO

from core.resources.importing.tables.kinds import find_kind, is_workbook
from core.resources.importing.tables.objects import ObjectTable
from core.resources.importing.tables.problems import TooMuch, UnclearHeader, UnreadableFile, WrongKind
from core.resources.importing.tables.table import Reading, Row, Table
from core.resources.importing.tables.text import TextTable
from core.resources.importing.tables.workbook import WorkbookTable

__all__ = [
    "Reading",
    "Row",
    "Table",
    "TooMuch",
    "UnclearHeader",
    "UnreadableFile",
    "WrongKind",
    "open_table",
]


def open_table(stream: IO[bytes], reading: Reading | None = None) -> Table:
    """Find out what a file is and read its header.

    Args:
        stream: buffered and seekable; stays open and belongs to the caller; one reader uses it at a time.
        reading: what is known of it.

    Raises:
        UnreadableFile: it is no table; its subclasses say that it is something else (`WrongKind`), more than
            is read (`TooMuch`), or that names of columns are missing or repeat (`UnclearHeader`).
    """
    wish = reading or Reading()
    kind = "csv" if wish.delimiter is not None else find_kind(stream)
    if is_workbook(kind):
        return WorkbookTable(stream, wish, kind)
    if kind == "json":
        return ObjectTable(stream, wish)
    return TextTable(stream, wish)
