"""Tables as objects in JSON: one a line, or all in one list, in the form the API gives.

Members are columns. A link (``{"id": 7, "label": "Acme"}``) gives two, ``parent`` with the label and
``parent.id``; lines (a list of objects) give ``phones.number``, ``phones.2.number`` and so on, a list of
texts gives tags. The whole file is looked through for its columns first, so a line that is no object is
found before anything is imported.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

from core.i18n import _l
from core.resources.cells import guard, write_tags
from core.resources.importing.tables.encodings import EMPTY, find_encoding
from core.resources.importing.tables.problems import TooMuch, UnreadableFile
from core.resources.importing.tables.table import MAX_CELL, MAX_COLUMNS, Reading, Table

_BLOCK: Final = 256 * 1024
_BLANK: Final = " \t\r\n\ufeff"
_LINK: Final = {"id", "label"}


class ObjectTable(Table):
    """Objects one after another; only one and a block of the file are in memory."""

    form = "jsonl"

    def __init__(self, stream: IO[bytes], reading: Reading) -> None:
        """Look the file through for its columns.

        Args:
            stream: seekable; stays open and belongs to the caller.
            reading: the encoding.

        Raises:
            UnreadableFile: it is empty, in an unknown encoding, or something in it is no object.
            TooMuch: it has too many members, or one too large.
        """
        super().__init__(reading, stream.seek(0, os.SEEK_END))
        self._stream = stream
        self.encoding = find_encoding(stream, reading.encoding)
        columns: dict[str, None] = {}
        for line, found in self._objects():
            for name in _cells(found):
                columns[name] = None
            if len(columns) > MAX_COLUMNS:
                raise TooMuch(
                    _l(
                        "with line %(line)s it has more than %(max)s members to import",
                        line=line,
                        max=MAX_COLUMNS,
                    )
                )
        if not columns:
            raise UnreadableFile(EMPTY)
        self.header = list(columns)

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._stream.tell()

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        for line, found in self._objects():
            cells = _cells(found)
            yield line, [cells.get(name, "") for name in self.header]

    def _objects(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Each object with the line it ends in."""
        scanner = _Scanner(self._stream, self.encoding or "utf-8")
        is_list = scanner.take("[")
        while True:
            found = scanner.value(closing=is_list)
            if found is _END:
                return
            if not isinstance(found, dict):
                raise UnreadableFile(
                    _l("line %(line)s holds no object with named members", line=scanner.line)
                )
            yield scanner.line, found


class _End:
    """What follows the last value."""


_END: Final = _End()
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


class _Scanner:
    """Values of JSON out of a stream, one at a time."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        stream.seek(0)
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._text = ""
        self._at = 0
        self._is_over = False
        #: Where the last value ended, counted from 1.
        self.line = 1

    def take(self, sign: str) -> bool:
        """Pass over ``sign`` if it comes next."""
        if self._next() != sign:
            return False
        self._at += 1
        return True

    def value(self, *, closing: bool) -> Any:
        """The next value; `_END` behind the last. Commas between values count for nothing."""
        while self._next() == ",":
            self._at += 1
        following = self._next()
        if not following:
            if closing:
                raise UnreadableFile(_l("the list that begins the file does not end"))
            return _END
        if closing and following == "]":
            self._at += 1
            if self._next():
                raise UnreadableFile(_l("something follows the list in line %(line)s", line=self.line))
            return _END
        return self._decoded()

    def _decoded(self) -> Any:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._is_over and self._is_cut(error):
                    self._more()
                    continue
                raise UnreadableFile(_l("what begins in line %(line)s is no JSON", line=self.line)) from None
            except RecursionError:
                raise UnreadableFile(_l("line %(line)s is nested too deeply", line=self.line)) from None
            self.line += self._text.count("\n", self._at, end)
            self._at = end
            return value

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether a value may only go on in the next block; what begins a text is where it began."""
        if len(self._text) - self._at > MAX_CELL:
            raise TooMuch(
                _l(
                    "what begins in line %(line)s has more than %(max)s characters",
                    line=self.line,
                    max=MAX_CELL,
                )
            )
        return error.pos >= len(self._text) - 16 or "Unterminated string" in error.msg

    def _next(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in _BLANK:
                self.line += text[at] == "\n"
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if self._is_over:
                return ""
            self._more()

    def _more(self) -> None:
        block = self._stream.read(_BLOCK)
        self._is_over = not block
        self._text = self._text[self._at :] + self._decoder.decode(block, final=not block)
        self._at = 0


def _cells(found: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """The members of an object as cells, by the name of their column."""
    cells: dict[str, str] = {}
    for member, value in found.items():
        name = f"{before}{' '.join(member.split()) or '#'}"
        if isinstance(value, dict):
            if set(value) == _LINK:
                cells[name] = _text(value["label"] if value["label"] is not None else value["id"])
                cells[f"{name}.id"] = _text(value["id"])
            else:
                cells |= _cells(value, f"{name}.")
        elif isinstance(value, list):
            cells |= _list(name, value)
        else:
            cells[name] = _text(value)
    return cells


def _list(name: str, values: list[Any]) -> dict[str, str]:
    if not any(isinstance(each, dict | list) for each in values):
        return {name: guard(write_tags([_text(each, plain=True) for each in values if each is not None]))}
    cells: dict[str, str] = {}
    for position, each in enumerate(values, 1):
        place = name if position == 1 else f"{name}.{position}"
        cells |= _cells(each, f"{place}.") if isinstance(each, dict) else {place: _text(each)}
    return cells


def _text(value: Any, *, plain: bool = False) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        written = io.StringIO()
        csv.writer(written, lineterminator="").writerow([_text(each, plain=True) for each in value])
        value = written.getvalue()
    return str(value) if plain else guard(str(value))
