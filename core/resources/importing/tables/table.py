"""What every reader of tables gives: a header, and rows that can be begun anywhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, ClassVar, Final

from core.i18n import Lazy, _l
from core.resources.importing.tables.encodings import EMPTY
from core.resources.importing.tables.problems import TooMuch, UnclearHeader, UnreadableFile

#: Columns of one table; a workbook may have 16,384, and nobody maps those by hand.
MAX_COLUMNS: Final = 1000
#: Characters of one cell; a missing quotation mark makes one that takes in the rest of the file.
MAX_CELL: Final = 4 * 1024 * 1024
_EMPTY: Final = " \t\r\n,;\ufeff"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file."""

    #: The line of the file it ends in, or the row of the sheet, counted from 1.
    line: int
    #: As they would stand in a CSV of ours, so `core.resources.cells.unguard` gives the text.
    cells: list[str]
    #: Counts the rows below the header that are not blank, from 1; the same however often one reads.
    number: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read; what is None is found out."""

    #: A name Python knows.
    encoding: str | None = None
    delimiter: str | None = None
    #: Of a workbook.
    sheet: str | None = None
    #: Which row names the columns, counted from 1 without blank ones; 0 when none does.
    header_row: int | None = None
    #: Tell columns of one name apart by numbers, and give those without a name one.
    numbered: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reading:
        """What `to_json` gave.

        Raises:
            UnreadableFile: a member is unknown or of the wrong kind.
        """
        kinds: Mapping[str, tuple[type, ...]] = {
            "encoding": (str,),
            "delimiter": (str,),
            "sheet": (str,),
            "header_row": (int,),
            "numbered": (bool,),
        }
        for name, value in data.items():
            if name not in kinds or not (value is None or type(value) in kinds[name]):
                raise UnreadableFile(_l("“%(name)s” says nothing about how to read it", name=str(name)[:60]))
        reading = cls(**{name: value for name, value in data.items() if value is not None})
        if reading.header_row is not None and not 0 <= reading.header_row <= 1000:
            raise UnreadableFile(_l("the names of the columns are sought in row 1 to 1000"))
        if reading.delimiter is not None and (len(reading.delimiter) != 1 or reading.delimiter in '"\r\n'):
            raise UnreadableFile(_l("a delimiter is one character"))
        return reading

    def to_json(self) -> dict[str, Any]:
        """What is said, as JSON."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}


class Table(ABC):
    """A table as it comes; only a block of it is in memory. One reads its rows at a time."""

    #: What kind of file it is: csv, jsonl, xlsx ...
    form: ClassVar[str]

    def __init__(self, reading: Reading, size: int) -> None:
        self.reading = reading
        #: In the unit of `position`.
        self.size = size
        self.encoding: str | None = None
        self.delimiter: str | None = None
        self.sheet: str | None = None
        self.sheets: Sequence[str] = ()
        #: What was found out and should be said: a title row left out, a hidden sheet passed over.
        self.notes: list[str | Lazy] = []
        self.header: list[str] = []
        #: Rows up to the one with the names, which is among them.
        self._above = 0

    @property
    @abstractmethod
    def position(self) -> int:
        """How much has been read; near enough for a progress bar."""

    @abstractmethod
    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """All rows with the line they end in, from the first."""

    def rows(self, after: int = 0) -> Iterator[Row]:
        """The rows below the header, blank ones left out; each call begins anew.

        Args:
            after: the number of the row behind which to begin.
        """
        return islice(self._numbered(after), after, None)

    def _numbered(self, after: int) -> Iterator[Row]:
        number = 0
        for line, cells in islice(self._lines(), self._above, None):
            if any(map(str.strip, cells)):
                number += 1
                yield _PASSED if number <= after else Row(line, cells, number)

    def _read_header(self) -> None:
        """Find the row with the names of the columns and take it.

        Raises:
            UnreadableFile: there is none, or a name is missing or there twice.
        """
        wanted = self.reading.header_row
        found: list[list[str]] = []
        places: list[int] = []
        for place, (_line, cells) in enumerate(self._lines(), 1):
            if "".join(cells).strip(_EMPTY):
                found.append(cells)
                places.append(place)
                if len(found) >= (wanted or 2):
                    break
        if not found:
            raise UnreadableFile(EMPTY)
        if wanted is not None and len(found) < wanted:
            raise UnreadableFile(_l("it has no row %(row)s", row=wanted))
        if wanted == 0:
            self.header = read_header([""] * max(map(len, found)), numbered=True)
            return
        chosen = len(found) - 1 if wanted is not None else 0
        if wanted is None and len(found) > 1 and _is_title(found[0]) and _filled(found[1]) >= 3:
            chosen = 1
            self.notes.append(_l("The first row is a title; the names of the columns are in the second."))
        self._above = places[chosen]
        self.header = read_header(found[chosen], numbered=self.reading.numbered)


_PASSED: Final = Row(0, [])


def read_header(cells: Sequence[str], *, numbered: bool) -> list[str]:
    """The names of the columns; blank ones at the end are none.

    Args:
        cells: the row with the names.
        numbered: give columns that would be refused a number: ``name``, ``name (2)``.

    Raises:
        UnclearHeader: one between others is blank, or some stand there twice.
        TooMuch: there are more than `MAX_COLUMNS`.
    """
    names = [" ".join(cell.split()) for cell in cells]
    while any(names) and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise TooMuch(
            _l(
                "it has %(count)s columns; at most %(max)s are read, so leave out what is not needed",
                count=len(names),
                max=MAX_COLUMNS,
            )
        )
    if numbered:
        return _told_apart(names)
    for number, name in enumerate(names, 1):
        if not name:
            raise UnclearHeader(
                _l(
                    "column %(number)s has no name in the first row; give it one, or have it numbered",
                    number=number,
                ),
                names,
            )
    counted: dict[str, int] = {}
    for name in names:
        counted[name] = counted.get(name, 0) + 1
    twice = [f"“{name[:60]}”" for name, count in counted.items() if count > 1]
    if twice:
        shown = ", ".join(twice[:10])
        if len(twice) == 1 and counted[next(name for name in names if counted[name] > 1)] == 2:
            raise UnclearHeader(
                _l(
                    "the column %(name)s is there twice; give one another name, or have them numbered",
                    name=shown,
                ),
                names,
            )
        raise UnclearHeader(
            _l(
                "these columns are there more than once: %(names)s; give them other names, or have them"
                " numbered",
                names=shown,
            ),
            names,
        )
    return names


def _told_apart(names: Sequence[str]) -> list[str]:
    """Names with numbers behind those that repeat; blank ones are called by their place."""
    taken: set[str] = set(names)
    given: list[str] = []
    for place, name in enumerate(names, 1):
        wish, count = name or f"#{place}", 1
        while wish in given or (wish != name and wish in taken):
            count += 1
            wish = f"{name or f'#{place}'} ({count})"
        given.append(wish)
    return given


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _is_title(cells: Sequence[str]) -> bool:
    """Whether a row holds one text over several columns, as titles above tables do."""
    return len(cells) >= 3 and _filled(cells) == 1
