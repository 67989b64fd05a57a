"""A CSV file as it comes: its encoding and delimiter found out, its rows streamed."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Final

from core.errors import Invalid
from core.i18n import Lazy, _l

#: Characters of one cell; a missing quotation mark makes one that takes in the rest of the file.
MAX_CELL: Final = 4 * 1024 * 1024
#: Bytes looked at to find the delimiter and whether it is text at all.
SAMPLE: Final = 64 * 1024
_BLOCK: Final = 1024 * 1024
DELIMITERS: Final = (",", ";", "\t")
_EMPTY: Final = " \t\r\n,;\ufeff"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Tried in this order: nearly no text in GB18030 is good UTF-8, but the reverse is common.
_ENCODINGS: Final = ("utf-8", "gb18030")
_WORKBOOK = _l("it is a workbook; save it as CSV first")
_PICTURE = _l("it is a picture")
_MAGIC: Final[Sequence[tuple[bytes, Lazy]]] = (
    (b"PK\x03\x04", _WORKBOOK),
    (b"\xd0\xcf\x11\xe0", _WORKBOOK),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"%PDF-", _l("it is a PDF")),
    (b"\x1f\x8b", _l("it is compressed; unpack it first")),
)
#: Control characters that no text holds; a few strays are the matter of their rows.
_CONTROLS: Final = bytes(each for each in range(32) if each not in b"\t\n\r\f\x1a\x1b")


class UnreadableFile(Invalid):
    """A file is no table we can read; ``reason`` says why."""

    code = "unreadable-file"
    message = _l("This file cannot be imported: %(reason)s.")

    def __init__(self, reason: str | Lazy) -> None:
        super().__init__(reason=reason)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file."""

    #: The line of the file it ends in, counted from 1.
    line: int
    cells: list[str]


class Table:
    """A CSV file; only its header and a block at a time are in memory."""

    def __init__(
        self, stream: IO[bytes], *, encoding: str | None = None, delimiter: str | None = None
    ) -> None:
        """Find out how the file is written and read its header.

        Args:
            stream: buffered and seekable; stays open and belongs to the caller.
            encoding: a name Python knows; found out when None (BOM, else UTF-8, else GB18030).
            delimiter: found out when None (comma, semicolon or tab).

        Raises:
            UnreadableFile: it is empty, no text, in an unknown encoding, or its header is not one.
        """
        csv.field_size_limit(MAX_CELL)
        self._stream = stream
        #: Bytes.
        self.size = stream.seek(0, os.SEEK_END)
        self.encoding = find_encoding(stream, encoding)
        self.delimiter = delimiter or find_delimiter(self._sample())
        self._rows = self._read()
        first = next((row for row in self._rows if "".join(row.cells).strip(_EMPTY)), None)
        if first is None:
            raise UnreadableFile(_l("it is empty"))
        self.header = _header(first.cells)

    @property
    def position(self) -> int:
        """How many bytes have been read; near enough for a progress bar."""
        return self._stream.tell()

    def rows(self) -> Iterator[Row]:
        """The rows behind the header, once; blank ones are left out."""
        return (row for row in self._rows if any(map(str.strip, row.cells)))

    def _sample(self) -> str:
        self._stream.seek(0)
        sample = codecs.getincrementaldecoder(self.encoding)().decode(self._stream.read(SAMPLE))
        if self.size > SAMPLE:  # the last line is cut off
            sample = sample[: sample.rfind("\n") + 1] or sample
        return sample

    def _read(self) -> Iterator[Row]:
        self._stream.seek(0)
        text = io.TextIOWrapper(self._stream, encoding=self.encoding, newline="")
        try:
            reader = csv.reader(text, delimiter=self.delimiter)
            line = 1
            try:
                for cells in reader:
                    yield Row(reader.line_num, cells)
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


def find_encoding(stream: IO[bytes], named: str | None = None) -> str:
    """The encoding of a text file: as named, by its BOM, else UTF-8, else GB18030.

    Detectors that guess by frequency are wrong for short and mostly Latin Chinese tables, so the
    rule is strict: whatever decodes without a fault.

    Raises:
        UnreadableFile: it is empty, no text, or decodes in none.
    """
    stream.seek(0)
    head = stream.read(SAMPLE)
    if not head:
        raise UnreadableFile(_l("it is empty"))
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    if marked is None and named is None:
        _require_text(head)
    if named is not None:
        try:
            candidates: Sequence[str] = (codecs.lookup(named).name,)
        except LookupError:
            raise UnreadableFile(_l("there is no encoding “%(name)s”", name=named)) from None
    else:
        candidates = _ENCODINGS if marked is None else (marked,)
    broken = None
    for name in candidates:
        broken = _first_broken_line(stream, name.removesuffix("-sig"))
        if broken is None:
            return "utf-8-sig" if name == "utf-8" else name
    if len(candidates) > 1:
        raise UnreadableFile(_l("its encoding is neither UTF-8 nor GB18030; save it as UTF-8"))
    shown = candidates[0].removesuffix("-sig").upper()
    raise UnreadableFile(_l("line %(line)s is not written in %(name)s", line=broken, name=shown))


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


def _require_text(head: bytes) -> None:
    for magic, reason in _MAGIC:
        if head.startswith(magic):
            raise UnreadableFile(reason)
    strays = len(head) - len(head.translate(None, _CONTROLS))
    if strays > 8 and strays * 100 > len(head):
        raise UnreadableFile(_l("it is no text; save the table as CSV in UTF-8"))


def _first_broken_line(stream: IO[bytes], encoding: str) -> int | None:
    """Where ``stream`` is not in ``encoding``; None when all of it is."""
    stream.seek(0)
    decoder: Any = codecs.getincrementaldecoder(encoding)()
    line = 1
    while True:
        block = stream.read(_BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            return line + (block[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0)
        if not block:
            return None
        line += text.count("\n")


def _header(cells: Sequence[str]) -> list[str]:
    """The names of the columns; blank ones at the end are none.

    Raises:
        UnreadableFile: one between others is blank, or one stands there twice.
    """
    names = [cell.strip() for cell in cells]
    while not names[-1]:
        names.pop()
    for number, name in enumerate(names, 1):
        if not name:
            raise UnreadableFile(_l("column %(number)s has no name in the first row", number=number))
        if name in names[: number - 1]:
            raise UnreadableFile(_l("the column “%(name)s” is there twice", name=name[:60]))
    return names
