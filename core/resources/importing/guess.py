"""Where the columns of a file most likely go, and why; people look at it and decide.

guess = guess_mapping(gateway, resource, table.header, table.rows())
guess.mapping        # complete: what goes nowhere is left out on purpose
guess.columns[0].reason
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from operator import attrgetter
from typing import Any, Final

from core.db.fields import Kind
from core.i18n import Lazy, _l
from core.resources.cells import fold, unguard
from core.resources.columns import Column, headers, read_column
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.candidates import LEAST, LIKELY, SURE, Candidate, Candidates
from core.resources.importing.evidence import Cells
from core.resources.importing.mapping import ColumnMap
from core.resources.importing.synonyms import words_in
from core.resources.importing.tables import Row
from core.resources.resolver import Answer, UnknownField
from core.resources.written import day_orders_of

#: Rows looked at; all of them where the order of days has to be told.
SAMPLE: Final = 300
_DAYS: Final = (Kind.DAY, Kind.INSTANT)


class Confidence(StrEnum):
    """How sure a guess is."""

    SURE = "sure"
    LIKELY = "likely"
    UNSURE = "unsure"
    #: It goes nowhere.
    NONE = "none"


@dataclass(slots=True)
class ColumnGuess:
    """Where one column goes."""

    header: str
    #: The name of the column of the resource; None when it is left out.
    name: str | None
    confidence: Confidence
    reason: Lazy
    #: As a mapping has it: a name, or an object with ``create`` and ``format``.
    wish: Any = None
    #: Days that can be read in two orders; somebody has to say which.
    is_order_open: bool = False


@dataclass(frozen=True, slots=True)
class Guess:
    """What most likely becomes of a file."""

    columns: list[ColumnGuess]
    mapping: ColumnMap
    #: What records that are there are recognised by; None when nothing fits.
    key: str | None
    #: Insert, or upsert when there is a key.
    mode: str
    #: Rows looked at.
    looked_at: int = 0


def guess_mapping(gateway: Gateway, resource: Resource, header: Sequence[str], rows: Iterable[Row]) -> Guess:
    """Guess where the columns of a file go.

    Args:
        gateway: of the one who imports; only fields open to them are meant.
        resource: what is imported.
        header: the names of the columns.
        rows: of the file, from its first; more than the first few are only read where days need it.
    """
    source = iter(rows)
    sample = list(islice(source, SAMPLE))
    return _Guesser(gateway, resource, header, sample, source).guess()


class _Guesser:
    def __init__(
        self,
        gateway: Gateway,
        resource: Resource,
        header: Sequence[str],
        sample: Sequence[Row],
        rest: Iterator[Row],
    ) -> None:
        self.gateway = gateway
        self.resource = resource
        self.header = header
        self.sample = sample
        self.rest = rest
        self.cells = [
            Cells.of([row.cells[at] for row in sample if at < len(row.cells)]) for at in range(len(header))
        ]
        self.candidates = Candidates(gateway, resource)
        self.by_place: dict[int, Candidate] = {}
        self.of_the_system: dict[int, Column] = {}
        #: Columns that say again what another one says, with the reason.
        self.left_out: dict[int, Lazy] = {}

    def guess(self) -> Guess:
        self._find_keys_of_the_system()
        self._pair_links()
        self._assign(
            each
            for place in self._open()
            for each in self.candidates.named(place, self.header[place], self.cells[place])
        )
        self._assign(
            each for place in self._open() for each in self.candidates.looking_like(place, self.cells[place])
        )
        self._name_records()
        guesses = [self._told(place) for place in range(len(self.header))]
        self._tell_orders(guesses)
        key = self._key()
        mapping = ColumnMap({guess.header: guess.wish for guess in guesses})
        return Guess(guesses, mapping, key, "upsert" if key else "insert", len(self.sample))

    # Columns that are settled

    def _find_keys_of_the_system(self) -> None:
        """Columns that only the system fills: a number of it may still tell which record is meant."""
        known = headers(self.gateway.resolver, self.resource)
        for place, name in enumerate(self.header):
            found = known.get(fold(name), set())
            if fold(name) == "version" and not found:
                self.of_the_system[place] = Column("version", self.resource.fields["id"])
            for each in found if len(found) == 1 else ():
                column = read_column(self.gateway.resolver, self.resource, each)
                if column.field.word.readonly and self.gateway.resolver.answer(column.field) is Answer.OPEN:
                    self.of_the_system[place] = column

    def _pair_links(self) -> None:
        """Links of JSON come twice, by label and by id; the id counts where both name the same records."""
        for place, name in enumerate(self.header):
            base = name.removesuffix(".id")
            if base == name or base not in self.header:
                continue
            try:
                column = read_column(self.gateway.resolver, self.resource, name)
            except UnknownField:
                continue
            here = self.header.index(base)
            if self._agree(column, here, place):
                reason = _l("It names the same records as “%(column)s”, and exactly.", column=base)
                self.by_place[place] = Candidate(1.0, place, column, reason)
                self.left_out[here] = _l("“%(column)s” says it already.", column=name)
            else:
                self.left_out[place] = _l("“%(column)s” says it already.", column=base)

    def _agree(self, column: Column, labels: int, ids: int) -> bool:
        target = column.field.target
        if target is None:
            return False
        pairs = {
            (unguard(row.cells[ids]), unguard(row.cells[labels])) for row in self.sample if row.cells[ids]
        }
        named = self.gateway.labels(target, [int(number) for number, _label in pairs if number.isdigit()])
        return all(number.isdigit() and named.get(int(number)) == label for number, label in pairs)

    # Columns that may go to several places, or to none

    def _open(self) -> list[int]:
        """The places of columns nothing has been found for yet."""
        gone = self.by_place.keys() | self.of_the_system.keys() | self.left_out.keys()
        return [place for place in range(len(self.header)) if place not in gone]

    def _assign(self, candidates: Iterable[Candidate]) -> None:
        """Give each column the best that is left; no field twice, no column twice."""
        taken = {each.target for each in self.by_place.values()}
        for each in sorted(candidates, key=attrgetter("rank")):
            if each.score < LEAST or each.place in self.by_place or each.target in taken:
                continue
            self.by_place[each.place] = each
            taken.add(each.target)

    def _name_records(self) -> None:
        """Find a column for the field that names records, when none is called so."""
        label = self.resource.label_field
        if label.word.readonly or any(each.column.field is label for each in self.by_place.values()):
            return
        titles = set(words_in(self.resource.name.partition(".")[2]))
        wanted = [
            place for place in self._open()
            if self.cells[place].are_distinct and not self.cells[place].are_numbers
        ]  # fmt: skip
        wanted.sort(key=lambda place: (not titles & set(words_in(self.header[place])), place))
        if wanted:
            place = wanted[0]
            column = read_column(self.gateway.resolver, self.resource, label.name)
            reason = _l("No column is called like it, and this one differs in every row.")
            self.by_place[place] = Candidate(LEAST, place, column, reason)

    # What is said

    def _told(self, place: int) -> ColumnGuess:
        name = self.header[place]
        found = self.by_place.get(place)
        if found is None:
            if place in self.of_the_system:
                return self._of_the_system(place)
            if place in self.left_out:
                return ColumnGuess(name, None, Confidence.NONE, self.left_out[place])
            reason = _l("No field fits it.") if self.cells[place].texts else _l("It is empty.")
            return ColumnGuess(name, None, Confidence.NONE, reason)
        confidence = (
            Confidence.SURE if found.score >= SURE else Confidence.LIKELY if found.score >= LIKELY
            else Confidence.UNSURE
        )  # fmt: skip
        return ColumnGuess(name, found.column.name, confidence, found.reason, self._wish(place, found.column))

    def _of_the_system(self, place: int) -> ColumnGuess:
        """A column that the system fills goes nowhere, unless it names the records."""
        name, column = self.header[place], self.of_the_system[place]
        if self._is_known(place):
            reason = _l("Records that are there are recognised by it.")
            return ColumnGuess(name, column.name, Confidence.SURE, reason, column.name)
        return ColumnGuess(name, None, Confidence.NONE, _l("Only the system sets this."))

    def _wish(self, place: int, column: Column) -> Any:
        target, cells = column.field.target, self.cells[place]
        if column.field.word.choices is not None:
            meant = cells.meant(column.field.word.choices)
            return {"field": column.name, "values": meant} if meant else column.name
        if target is None or not cells.texts or cells.known_to(self.gateway, column) == 1:
            return column.name
        required = [each for each in target.fields.values() if each.is_required]
        may = self.gateway.actor.may(target.name, "create") and target.addon != "core"
        if may and column.by is None and all(each is target.label_field for each in required):
            return {"field": column.name, "create": True}
        return column.name

    def _tell_orders(self, guesses: Sequence[ColumnGuess]) -> None:
        """See in which order days are written; where the first rows leave it open, all rows are asked."""
        wanted = {
            place: guess for place, guess in enumerate(guesses)
            if guess.name is not None and self._column_of(place).field.word.kind in _DAYS
        }  # fmt: skip
        orders = {place: day_orders_of(self.cells[place].texts) for place in wanted}
        open_ = {place for place, found in orders.items() if found == {"mdy", "dmy"}}
        if open_:
            for row in self.rest:
                for place in list(open_):
                    cell = unguard(row.cells[place]) if place < len(row.cells) else ""
                    left = orders[place] & day_orders_of([cell])
                    if len(left) == 1:
                        orders[place] = left
                        open_.discard(place)
                if not open_:
                    break
        for place, guess in wanted.items():
            found = orders[place]
            if len(found) == 1:
                guess.wish = {"field": guess.name, "format": next(iter(found))}
            guess.is_order_open = found == {"mdy", "dmy"}

    def _column_of(self, place: int) -> Column:
        found = self.by_place.get(place)
        return found.column if found is not None else self.of_the_system[place]

    # The key

    def _is_known(self, place: int) -> bool:
        column, cells = self.of_the_system[place], self.cells[place]
        if column.name not in self.resource.fields or not (column.field.is_unique or column.name == "id"):
            return False
        if column.name == "id":  # numbers of another system's records look just the same
            return False
        return cells.identify_some_of(self.gateway, self.resource, column.field)

    def _key(self) -> str | None:
        """What tells records apart: a number of ours, a code, else what tells duplicates, else the name."""
        for place in self.of_the_system:
            if self._is_known(place):
                return self.of_the_system[place].name
        fields = self.resource.fields.values()
        wanted = [
            *(each.name for each in fields if each.is_unique),
            *(each.name for each in fields if each.word.is_code),
            *(rule.field for rule in self.resource.duplicates),
            self.resource.label,
        ]
        places = {
            found.column.name: place for place, found in self.by_place.items()
            if found.column.lines is None and found.column.by is None
        }  # fmt: skip
        for name in wanted:
            cells = self.cells[places[name]] if name in places else None
            if cells is not None and cells.are_distinct and len(cells.texts) >= 0.98 * len(self.sample):
                return name
        return None
