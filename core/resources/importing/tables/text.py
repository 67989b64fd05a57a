"""Tables in plain text: one row a line, cells with a delimiter between them."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Final

from core.i18n import _l
from core.resources.importing.tables.encodings import find_encoding
from core.resources.importing.tables.problems import UnreadableFile
from core.resources.importing.tables.table import MAX_CELL, Reading, Table

#: Bytes looked at to find the delimiter.
SAMPLE: Final = 64 * 1024
DELIMITERS: Final = (",", ";", "\t", "|")
#: A first line by which spreadsheets tell one another the delimiter.
_HINT: Final = "sep="


class TextTable(Table):
    """A CSV or TSV file; only its header and a block at a time are in memory."""

    form = "csv"

    def __init__(self, stream: IO[bytes], reading: Reading) -> None:
        """Find out how the file is written and read its header.

        Args:
            stream: buffered and seekable; stays open and belongs to the caller.
            reading: encoding (found out: BOM, else UTF-8, else GB18030) and delimiter (comma, semicolon,
                tab or bar).

        Raises:
            UnreadableFile: it is empty, in an unknown encoding, or its header is not one.
        """
        super().__init__(reading, stream.seek(0, os.SEEK_END))
        csv.field_size_limit(MAX_CELL)
        self._stream = stream
        self.encoding = find_encoding(stream, reading.encoding)
        sample = self._sample()
        self._has_hint = sample.startswith(_HINT) and sample[5:6] in ("\r", "\n")
        hinted = sample[4] if self._has_hint else None
        self.delimiter = reading.delimiter or hinted or find_delimiter(sample)
        self._read_header()

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._stream.tell()

    def _sample(self) -> str:
        assert self.encoding is not None
        self._stream.seek(0)
        sample = codecs.getincrementaldecoder(self.encoding)().decode(self._stream.read(SAMPLE))
        if self.size > SAMPLE:  # the last line is cut off
            sample = sample[: sample.rfind("\n") + 1] or sample
        return sample

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        self._stream.seek(0)
        text = io.TextIOWrapper(self._stream, encoding=self.encoding, newline="")
        try:
            reader = csv.reader(text, delimiter=self.delimiter or ",")
            line = 1
            try:
                if self._has_hint:
                    next(reader)
                for cells in reader:
                    yield reader.line_num, cells
                    line = reader.line_num + 1
            except csv.Error as error:
                raise UnreadableFile(
                    _l(
                        "the row that begins in line %(line)s has a cell of more than %(max)s characters;"
                        " a quotation mark may be missing",
                        line=line,
                        max=MAX_CELL,
                    )
                ) from error
        finally:
            with suppress(ValueError):  # whoever owns the stream has closed it already
                text.detach()


def find_delimiter(sample: str) -> str:
    """The delimiter of a table: the one with which most rows have as many cells as the header.

    A delimiter that the header does not hold is only considered when no other is left; then the table
    has one column.
    """
    widths = {delimiter: _widths(sample, delimiter) for delimiter in DELIMITERS}

    def fit(delimiter: str) -> tuple[bool, int, int]:
        header, *rows = widths[delimiter] or [0]
        return header > 1, sum(width == header for width in rows), header

    return max(DELIMITERS, key=fit)


def _widths(sample: str, delimiter: str) -> list[int]:
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        return [len(cells) for cells in rows if any(map(str.strip, cells))]
    except csv.Error:
        return []
