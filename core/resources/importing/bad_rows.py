"""The rows that could not be imported, as a table to correct and import again."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from sqlalchemy.orm import Session

from core.errors import StorageFull
from core.i18n import _l
from core.resources.exporting import BOM
from core.resources.importing.kept import bad_rows
from core.resources.importing.mapping import PROBLEM
from core.resources.importing.runs import Run
from core.resources.importing.tables import Row


class UnwritableBadRows(StorageFull):
    """The bad rows cannot be kept, so the import is not done either."""

    code = "unwritable-bad-rows"
    message = _l(
        "The bad rows cannot be written to “%(path)s” (%(reason)s). Nothing was imported;"
        " choose another place."
    )


class BadRows:
    """A file beside its source: the same columns, then what is wrong; made with the first bad row.

    The cells are those of the source, letter by letter. Cells a row has too many stand behind the
    problem. Until `keep` the rows lie in a file under another name.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.count = 0
        self._header = header
        self._file: IO[str] | None = None

    def require_place(self) -> None:
        """See that a file can be made there, before any work is done.

        Raises:
            UnwritableBadRows: it cannot.
        """
        try:
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=f".{self.path.name}."):
                pass
        except OSError as error:
            raise self._unwritable(error) from error

    def add(self, row: Row, problems: Sequence[object]) -> None:
        """Write one row and what its problems say.

        Raises:
            UnwritableBadRows: no space is left, or the place is not there or not ours to write to.
        """
        try:
            if self._file is None:
                self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - `keep` and `discard` close it
                    "w", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False, encoding="utf-8",
                    errors="surrogatepass", newline="",
                )  # fmt: skip
                self._file.write(BOM)
                csv.writer(self._file).writerow([*self._header, str(PROBLEM)])
            csv.writer(self._file).writerow(_line(row, problems, len(self._header)))
        except OSError as error:
            self.discard()
            raise self._unwritable(error) from error
        self.count += 1

    def keep(self) -> None:
        """Give the file its name, in place of an earlier one; call it right before the commit.

        Raises:
            UnwritableBadRows: see `add`.
        """
        if self._file is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            Path(self._file.name).chmod(0o666 & ~_umask())
            Path(self._file.name).replace(self.path)
        except OSError as error:
            self.discard()
            raise self._unwritable(error) from error
        self._file = None

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            file.close()
        except OSError:  # a full disk says so once more
            pass
        finally:
            Path(file.name).unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> UnwritableBadRows:
        return UnwritableBadRows(path=self.path, reason=error.strerror or str(error))


def write_bad_rows(session: Session, run: Run) -> Iterator[bytes]:
    """The bad rows as CSV, piece by piece, in the language in force."""
    width = len(run.header)
    lines = _Lines()
    writer = csv.writer(lines)
    yield BOM.encode()
    writer.writerow([*run.header, str(PROBLEM)])
    for row, problems in bad_rows(session, run.id):
        writer.writerow(_line(row, problems, width))
        if len(lines.written) >= 500:
            yield lines.take()
    yield lines.take()


class _Lines:
    """What `csv.writer` writes to."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, line: str) -> None:
        self.written.append(line)

    def take(self) -> bytes:
        taken, self.written = "".join(self.written), []
        return taken.encode("utf-8", "surrogatepass")


def _line(row: Row, problems: Sequence[object], width: int) -> list[str]:
    """A row as the file has it, with what is wrong behind it, and then cells it has too many."""
    cells = row.cells[:width] + [""] * (width - len(row.cells))
    return [*cells, " ".join(map(str, problems)), *row.cells[width:]]


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
