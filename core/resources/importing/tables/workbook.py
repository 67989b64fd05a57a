"""Tables in workbooks: xlsx, and the older xls, xlsb and ods."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import weakref
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

import orjson

from core.errors import StorageFull
from core.i18n import Lazy, _l
from core.resources.cells import as_guarded
from core.resources.importing.tables import unpack
from core.resources.importing.tables.problems import TooMuch, UnreadableFile
from core.resources.importing.tables.table import Reading, Table

#: Bytes of all parts of a workbook, unpacked.
MAX_UNPACKED: Final = 1024 * 1024 * 1024
_SENTENCES: Final[dict[str, Lazy]] = {
    "password": _l("it is protected by a password; save it without one"),
    "damaged": _l("it is a workbook that is damaged; save it anew"),
}
_LARGE: Final = _l("the workbook is too large unpacked; save the sheet as CSV")


class WorkbookTable(Table):
    """One sheet of a workbook, unpacked beside it; only a block of it is in memory."""

    form = "xlsx"

    def __init__(self, stream: IO[bytes], reading: Reading, kind: str) -> None:
        """Unpack the sheet and read its header.

        Args:
            stream: seekable; stays open and belongs to the caller.
            reading: its sheet; the first that is not empty when None.
            kind: what `find_kind` says.

        Raises:
            UnreadableFile: it is damaged, protected by a password, empty, has no such sheet, or its
                header is not one.
            TooMuch: it is more than is read.
        """
        if kind != "xls":
            require_bounded(stream)
        self._rows_file = _unpacked(stream, reading.sheet)
        weakref.finalize(self, self._rows_file.close)
        super().__init__(reading, self._rows_file.seek(0, 2))
        self._rows_file.seek(0)
        found = orjson.loads(self._rows_file.readline())
        self._first = self._rows_file.tell()
        self.sheets, self.sheet = found["sheets"], found["sheet"]
        self._read_header()

    @property
    def position(self) -> int:
        """How many bytes of the unpacked sheet have been read."""
        return self._rows_file.tell()

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        self._rows_file.seek(self._first)
        while line := self._rows_file.readline():
            number, cells = orjson.loads(line)
            yield number, [as_guarded(cell) for cell in cells]


def require_bounded(stream: IO[bytes]) -> None:
    """Refuse a workbook that says itself that it unpacks into too much; one that lies meets its bounds later.

    Raises:
        TooMuch: it does.
    """
    stream.seek(0)
    with zipfile.ZipFile(stream) as archive:
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
            raise TooMuch(_LARGE)


def _unpacked(stream: IO[bytes], sheet: str | None) -> IO[bytes]:
    """The rows of a sheet as `unpack` writes them, in a file that goes with its last user."""
    with tempfile.NamedTemporaryFile(suffix=".workbook") as copy:
        rows = cast(IO[bytes], tempfile.TemporaryFile())  # noqa: SIM115 - the table holds it
        try:
            path = _path_of(stream)
            if path is None:
                stream.seek(0)
                shutil.copyfileobj(stream, copy)
                copy.flush()
            arguments = [sys.executable, "-I", unpack.__file__, path or copy.name]
            done = subprocess.run(
                [*arguments, *([sheet] if sheet is not None else [])], stdin=subprocess.DEVNULL,
                stdout=rows, stderr=subprocess.PIPE, check=False, env={"PYTHONUTF8": "1"},
            )  # fmt: skip
        except OSError as error:
            rows.close()
            raise StorageFull from error
        if done.returncode != 0:
            rows.close()
            raise _problem(done.stderr[-20:].decode(errors="replace"), sheet)
    return rows


def _path_of(stream: Any) -> str | None:
    """The file a stream reads from, if it is one."""
    name = getattr(stream, "name", None)
    return str(Path(name).absolute()) if isinstance(name, str) and Path(name).is_file() else None


def _problem(word: str, sheet: str | None) -> UnreadableFile:
    if word == "sheet":
        return UnreadableFile(_l("there is no sheet “%(name)s”", name=(sheet or "")[:60]))
    if word in _SENTENCES:
        return UnreadableFile(_SENTENCES[word])
    return TooMuch(_LARGE)
