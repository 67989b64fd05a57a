"""The first step: how a file was read, its first rows, and what may be chosen otherwise."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from flask import g

from core.i18n import Lazy, _, ngettext
from core.resources.cells import unguard
from core.resources.importing.guess import SAMPLE
from core.resources.importing.jobs import import_store
from core.resources.importing.runs import FileGone, Run, folder_of
from core.resources.importing.tables import (
    Reading,
    Row,
    UnclearHeader,
    UnreadableFile,
    WrongKind,
    open_table,
)
from core.resources.importing.tables.encodings import OFFERED
from core.resources.importing.tables.kinds import find_kind, is_workbook
from core.resources.storage import kept_file
from core.web.import_models import FileView, SettingView
from core.web.lifecycle import kernel
from core.web.pages.request import display
from core.web.view_models import Option

#: Rows shown of a file.
PREVIEW: Final = 20
#: Characters shown of a cell.
_CELL: Final = 200
_FORMS: Final = {
    "csv": "CSV",
    "json": "JSON",
    "xlsx": "Excel",
    "xls": "Excel 97",
    "xlsb": "Excel",
    "ods": "OpenDocument",
}
_ENCODINGS: Final = {
    "utf-8": "UTF-8", "gb18030": "GB18030 (GBK)", "big5": "Big5", "utf-16": "UTF-16",
    "shift_jis": "Shift-JIS", "euc_kr": "EUC-KR", "windows-1252": "Windows-1252", "iso8859-2": "ISO 8859-2",
}  # fmt: skip


def path_of(run: Run) -> Path:
    """Where the file of an import lies.

    Raises:
        FileGone: it is no longer kept.
    """
    path = kept_file(folder_of(g.session, import_store(kernel().config)), run.sha256)
    if not path.is_file():
        raise FileGone
    return path


@dataclass(frozen=True, slots=True)
class Sample:
    """What a file looks like when it is read in one way."""

    kind: str
    header: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str | Lazy]
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    sheets: Sequence[str]


#: Samples kept in this process, so that each step and each look-up of a step does not read the file again.
_KEPT: Final = 32
#: Characters of a sample that is kept.
_LIGHT: Final = 1_000_000
_samples: OrderedDict[tuple[str, str], Sample] = OrderedDict()


def sample_of(run: Run, reading: Reading | None = None) -> Sample:
    """The header and the first rows of a file.

    Args:
        run: whose file it is.
        reading: how to read it; as the run says when None.

    Raises:
        FileGone, UnreadableFile: it cannot be read.
    """
    wish, path = reading or Reading.from_json(run.reading), path_of(run)
    key = (str(path), repr(wish))
    known = _samples.get(key)
    if known is not None:
        return known
    with path.open("rb") as stream:
        kind = _kind(stream)
        table = open_table(stream, wish)
        rows = list(islice(table.rows(), SAMPLE))
        found = Sample(
            kind, table.header, rows, table.notes, table.encoding, table.delimiter, table.sheet, table.sheets
        )
    if sum(len(cell) for row in rows for cell in row.cells) <= _LIGHT:
        _samples[key] = found
        while len(_samples) > _KEPT:
            _samples.popitem(last=False)
    return found


def rows_behind(run: Run) -> Iterator[Row]:
    """The rows behind the sample; the file is opened when the first of them is asked for."""
    with path_of(run).open("rb") as stream:
        yield from open_table(stream, Reading.from_json(run.reading)).rows(after=SAMPLE)


def file_view(run: Run, reading: Reading | None = None) -> FileView:
    """A file as it is read, or as it would be read in another way.

    Raises:
        FileGone: it is no longer kept.
    """
    wish = reading or Reading.from_json(run.reading)
    size = display().size(run.size)
    try:
        sample = sample_of(run, wish)
    except UnreadableFile as error:
        with path_of(run).open("rb") as stream:
            kind = _kind(stream) if run.size else "csv"
        return FileView(
            run.file_name, f"{_FORMS.get(kind, kind)} · {size}", _settings(kind, wish), error=error.detail,
            offers_numbers=isinstance(error, UnclearHeader),
        )  # fmt: skip
    rows, width = sample.rows[:PREVIEW], len(sample.header)
    columns = ngettext("%(n)s column", "%(n)s columns", width)
    return FileView(
        run.file_name,
        f"{_FORMS.get(sample.kind, sample.kind)} · {size} · {columns}",
        _settings(sample.kind, wish, sample),
        notes=[str(note) for note in sample.notes],
        header=sample.header,
        rows=[_shown(row, width) for row in rows],
        lines=[row.line for row in rows],
    )


def _kind(stream: object) -> str:
    try:
        return find_kind(stream)  # type: ignore[arg-type]
    except WrongKind:
        return "csv"
    except UnreadableFile:
        return "xlsx"


def _shown(row: Row, width: int) -> Sequence[str]:
    cells = [unguard(cell) for cell in row.cells[:width]] + [""] * (width - len(row.cells))
    return [cell if len(cell) <= _CELL else f"{cell[:_CELL]}…" for cell in cells]


def _settings(kind: str, wish: Reading, table: Sample | None = None) -> list[SettingView]:
    settings = []
    if is_workbook(kind):
        if table is not None and len(table.sheets) > 1:
            sheets = [Option(name, name, selected=name == table.sheet) for name in table.sheets]
            settings.append(SettingView("sheet", _("Sheet"), sheets))
        elif wish.sheet is not None and table is None:
            settings.append(SettingView("sheet", _("Sheet"), _choice(wish.sheet, [("", _("The first"))])))
    else:
        found = _ENCODINGS.get((table.encoding or "").removesuffix("-sig"), "") if table is not None else ""
        known = [("", _found(found if wish.encoding is None else ""))]
        known += [(name, _ENCODINGS[name]) for name in OFFERED]
        settings.append(SettingView("encoding", _("Encoding"), _choice(wish.encoding or "", known)))
    if kind == "csv":
        signs = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("vertical bar")}
        here = signs.get(table.delimiter or "", "") if table is not None and wish.delimiter is None else ""
        known = [("", _found(here)), *signs.items()]
        settings.append(SettingView("delimiter", _("Delimiter"), _choice(wish.delimiter or "", known)))
    if kind != "json":
        known = [("", _("Found out by itself")), ("0", _("There is none"))]
        known += [(str(row), _("Row %(row)s", row=row)) for row in range(1, 11)]
        here = "" if wish.header_row is None else str(wish.header_row)
        settings.append(SettingView("header_row", _("Names of the columns"), _choice(here, known)))
        if wish.numbered:
            known = [("1", _("Told apart by numbers")), ("", _("Refused"))]
            settings.append(SettingView("numbered", _("Names that repeat"), _choice("1", known)))
    return settings


def _found(what: str) -> str:
    return _("Found out: %(what)s", what=what) if what else _("Found out by itself")


def _choice(here: str, known: Sequence[tuple[str, str]]) -> list[Option]:
    return [Option(value, label, selected=value == here) for value, label in known]


def read_reading(posted: dict[str, str]) -> Reading:
    """How a file is to be read, as the form says it.

    Raises:
        UnreadableFile: it makes no sense.
    """
    row = posted.get("header_row", "")
    given = {
        "encoding": posted.get("encoding") or None,
        "delimiter": posted.get("delimiter") or None,
        "sheet": posted.get("sheet") or None,
        "header_row": int(row) if row.isascii() and row.isdigit() and len(row) < 5 else None,
        "numbered": posted.get("numbered") == "1",
    }
    return Reading.from_json(given)
