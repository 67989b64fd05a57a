"""Records as an Excel workbook of one sheet: real numbers, days and times, and texts that stay texts.

Nothing in it is a formula, so a text is written as it is, without the apostrophe of a CSV file; only one
that has such an apostrophe itself gets another, as the importer takes one away. What a cell of Excel
cannot hold exactly is written as text that the importer reads: days before March 1900, for which Excel
counts a leap day that never was, and the hour that a clock shows twice. Moments have whole seconds, and
the importer takes a moment that agrees with the stored one in these for the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format as Look
from xlsxwriter.worksheet import Worksheet

from core.db.fields import Kind, Word
from core.errors import Conflict
from core.i18n import _l, speaking
from core.resources.cells import cell_writer, guard, unguard
from core.resources.exporting.source import Source
from core.resources.storage import writing_files

#: Records that fit on a sheet below its header.
MAX_ROWS: Final = 1_048_575
#: Characters that fit into a cell, in UTF-16.
MAX_CELL: Final = 32_767
#: The greatest whole number whose neighbours a cell tells apart.
_EXACT: Final = 2**53
_FIRST_DAY: Final = date(1900, 3, 1)
_BLOCK: Final = 256 * 1024
#: Widths of columns in characters.
_WIDTHS: Final = {
    Kind.INTEGER: 11, Kind.FLAG: 8, Kind.DAY: 12, Kind.INSTANT: 19, Kind.PHONE: 18, Kind.EMAIL: 28,
    Kind.URL: 28, Kind.CHOICE: 14, Kind.PICK: 16, Kind.MULTILINE: 40,
}  # fmt: skip
_WIDTH: Final = 22
#: Writes one value at a row and a column.
_Put = Callable[[int, int, Any], object]


class TooManyRows(Conflict):
    """There are more records than a sheet of Excel holds."""

    code = "too-many-rows"
    message = _l("A sheet of Excel holds 1,048,575 records; these are %(rows)s. Filter, or take CSV.")


class CellTooLong(Conflict):
    """A text is longer than a cell of Excel may be."""

    code = "cell-too-long"
    message = _l("A text in “%(column)s” is longer than a cell of Excel may be. Take CSV.")


@dataclass(frozen=True, slots=True)
class _Looks:
    header: Look
    quoted: Look
    number: Look
    whole: Look
    day: Look
    moment: Look


def require_room(rows: int) -> None:
    """Pass when so many records fit on a sheet.

    Raises:
        TooManyRows: they do not.
    """
    if rows > MAX_ROWS:
        raise TooManyRows(rows=f"{rows:,}")


def xlsx_pieces(source: Source, language: str | None) -> Iterator[bytes]:
    """The file in pieces; it is written to a folder of its own first, which is gone at the end.

    Raises:
        CellTooLong: a text does not fit.
        StorageFull: there is no space for it.
    """
    with tempfile.TemporaryDirectory(prefix="guanxi-export-") as folder:
        path = Path(folder) / "export.xlsx"
        with writing_files():
            _write(source, language, path)
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _write(source: Source, language: str | None, path: Path) -> None:
    options = {"constant_memory": True, "tmpdir": str(path.parent), "in_memory": False}
    workbook = xlsxwriter.Workbook(str(path), options)
    try:
        _fill(workbook, source, language)
        workbook.close()
    except FileCreateError as error:
        raise error.args[0] from error  # the reason, such as a full disk
    finally:
        for sheet in workbook.worksheets():
            sheet.row_data_fh.close()  # left open where the writing has ended early


def _fill(workbook: xlsxwriter.Workbook, source: Source, language: str | None) -> None:
    looks = _looks(workbook)
    with speaking(language or "en"):
        title = str(source.resource.title_plural)
    sheet = workbook.add_worksheet(_sheet_name(title))
    header, words = source.header(language), source.words()
    for at, word in enumerate(words):
        width = max(_WIDTHS.get(word.kind, _WIDTH), min(len(header[at].encode("gbk", "replace")) + 2, 40))
        sheet.set_column(at, at, width)
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(header):
        sheet.write_string(0, at, name, looks.header)
    writers = [
        _writer(sheet, word, looks, language, source.timezone, name)
        for word, name in zip(words, header, strict=True)
    ]
    row = 0
    for batch in source.batches():
        for record in zip(*(values.shown for values in batch), strict=True):
            row += 1
            for at, value in enumerate(record):
                if value is not None:
                    writers[at](row, at, value)
    sheet.autofilter(0, 0, row, len(header) - 1)


def _looks(workbook: xlsxwriter.Workbook) -> _Looks:
    return _Looks(
        header=workbook.add_format({"bold": True, "bottom": 1}),
        quoted=workbook.add_format({"quote_prefix": True}),
        number=workbook.add_format({"num_format": "#,##0"}),
        whole=workbook.add_format({"num_format": "0"}),
        day=workbook.add_format({"num_format": "yyyy-mm-dd"}),
        moment=workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    )


def _sheet_name(title: str) -> str:
    """A title as the name of a sheet: at most 31 characters, none of those that Excel forbids."""
    return "".join(each for each in title if each not in "[]:*?/\\'")[:31].strip() or "1"


def _writer(
    sheet: Worksheet, word: Word, looks: _Looks, language: str | None, timezone: str, name: str
) -> _Put:
    """What writes the values of one column."""
    text = cell_writer(word, language=language, timezone=timezone, is_guarded=False)

    def put_text(row: int, at: int, value: Any) -> None:
        written = str(value) if isinstance(value, int) else text(value)
        is_odd = guard(written) != written
        if unguard(written) != written:
            written = guard(written)
        if len(written) * 2 > MAX_CELL and len(written.encode("utf-16-le")) > MAX_CELL * 2:
            raise CellTooLong(column=name)
        # The mark keeps a text that is edited in Excel from becoming a formula then.
        sheet.write_string(row, at, written, looks.quoted if is_odd else None)

    def put_number(row: int, at: int, value: int) -> None:
        look = looks.number if word.grouped and not word.readonly else looks.whole
        if -_EXACT < value < _EXACT:
            sheet.write_number(row, at, value, look)
        else:
            sheet.write_string(row, at, str(value))

    def put_flag(row: int, at: int, value: bool) -> None:
        sheet.write_boolean(row, at, value)

    def put_day(row: int, at: int, value: date) -> None:
        if value < _FIRST_DAY:
            put_text(row, at, value)
        else:
            sheet.write_datetime(row, at, value, looks.day)

    zone = ZoneInfo(timezone)

    def put_moment(row: int, at: int, value: datetime) -> None:
        local = value.astimezone(zone)
        if local.fold or local.date() < _FIRST_DAY:
            sheet.write_string(row, at, local.isoformat(sep=" "))
        else:
            sheet.write_datetime(row, at, local.replace(tzinfo=None, microsecond=0), looks.moment)

    if word.kind is Kind.FLAG and language is None:
        return put_flag
    special: dict[Kind, _Put] = {
        Kind.INTEGER: put_number, Kind.DAY: put_day, Kind.INSTANT: put_moment,
    }  # fmt: skip
    return special.get(word.kind, put_text)
