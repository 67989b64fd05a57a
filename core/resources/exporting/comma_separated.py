"""Records as CSV: UTF-8 with BOM, commas, CRLF."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from core.resources.cells import column_writer
from core.resources.exporting.source import Source

#: Spreadsheets know by it that a table is UTF-8.
BOM: Final = "\ufeff"


def csv_pieces(source: Source, language: str | None) -> Iterator[bytes]:
    """The file in pieces of some hundred records; texts that look like formulas begin with an apostrophe."""
    writers = [column_writer(word, language=language, timezone=source.timezone) for word in source.words()]
    piece = io.StringIO()
    writer = csv.writer(piece)
    piece.write(BOM)
    writer.writerow(source.header(language))
    for batch in source.batches():
        cells = [write(values.shown) for write, values in zip(writers, batch, strict=True)]
        writer.writerows(zip(*cells, strict=True))
        yield piece.getvalue().encode()
        piece.seek(0)
        piece.truncate()
    if piece.tell():
        yield piece.getvalue().encode()
