"""Rows on their way: what their cells say, read without asking the database, so it can run ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Final

from marshmallow import ValidationError

from core.db.fields import Choice, Kind
from core.i18n import Lazy, _, _l, pack, unpack
from core.resources import indexing, timeline
from core.resources.batch import Change
from core.resources.cells import cell_reader, fold, unguard
from core.resources.columns import Column
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.links import Found, key_value
from core.resources.importing.mapping import Plan, Target
from core.resources.importing.tables import Row
from core.resources.loading import input_loader
from core.resources.values import Value, first_message, reader_of
from core.resources.written import BadCell
from core.search.index import Pieces

#: What cells of a column mean, remembered for so many different ones.
_REMEMBERED: Final = 2000
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a row from becoming a record; ``str()`` says it in the language in force."""

    text: str | Lazy
    #: The column it is about, as the file calls it, or the field; empty for the whole row.
    at: str = ""

    def __str__(self) -> str:
        return f"{self.at}{_(': ')}{self.text}" if self.at else str(self.text)

    def pack(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"column": self.at, "text": pack(self.text)}

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> Problem:
        """What `pack` gave."""
        return cls(unpack(packed["text"]), packed["column"])


@dataclass(slots=True)
class Entry:
    """A row on its way."""

    row: Row
    #: What cells say by target, blank ones left out.
    texts: dict[Target, Any] = field(default_factory=dict)
    #: Values read, by field name; without links and lines.
    values: dict[str, Any] = field(default_factory=dict)
    #: See `core.resources.batch.Change`.
    keys: dict[str, tuple[Any, dict[str, str]]] = field(default_factory=dict)
    pieces: dict[str, tuple[Any, Pieces]] = field(default_factory=dict)
    #: The record it changes; None for a new one.
    match: Found | None = None
    #: Numbers of linked records.
    links: dict[Target, int] = field(default_factory=dict)
    #: Lines that a cell of the row says something of: ``(name, position)``.
    spoken: set[tuple[str, int]] = field(default_factory=set)
    note: str = ""
    problems: list[Problem] = field(default_factory=list)
    is_waiting: bool = False
    #: What has come of it: insert, update, unchanged or skip.
    action: str = ""
    change: Change | None = None


class RowReader:
    """Reads the rows of one file for one actor."""

    def __init__(self, gateway: Gateway, resource: Resource, plan: Plan, width: int) -> None:
        """Prepare to read.

        Args:
            gateway: of the one who imports.
            resource: what the rows become.
            plan: where each column goes.
            width: how many columns the header has.
        """
        self._gateway = gateway
        self._habits = gateway.habits  # found now: it is of the session, and reading may run beside it
        self._loader = input_loader(resource, gateway.resolver, gateway.habits)
        self._resource = resource
        self._plan = plan
        self._width = width
        self._headers = {_address(each.column): each.header for each in plan.targets if each.column}
        self._readers = {each: self._reader(each) for each in plan.targets}
        self._constants = {
            each: self.read_text(each, each.constant) for each in plan.targets if each.constant is not None
        }
        self._plain = [each for each in plan.targets if each.is_plain]

    def read(self, rows: Iterable[Row]) -> list[Entry]:
        """What rows say; those that cannot be understood carry their problems."""
        entries = [Entry(row) for row in rows]
        whole = [entry for entry in entries if self._is_whole(entry)]
        for target in self._plan.targets:
            if target.column is not None:
                self._read_column(target, whole)
        self._read_notes(whole)
        self._validate(whole)
        return entries

    def read_text(self, target: Target, value: Any) -> Any:
        """What a text stands for; a constant of the mapping may be more than a text."""
        return self._readers[target](value) if isinstance(value, str) else value

    def key_of(self, row: Row) -> Any:
        """What a row is recognised by, as the field stores it; None where it says nothing good."""
        key = self._plan.key
        if key is None or key.column is None or key.place is None or len(row.cells) <= key.place:
            return None
        try:
            text = self._readers[key](unguard(row.cells[key.place]).strip())
        except BadCell:
            return None
        if not text:
            return None
        if not key.is_plain:
            return key_value(self._gateway, key.column.field, str(text))
        name = key.column.field.name
        try:
            return self._loader.load({name: text}, partial=True).get(name)
        except ValidationError:
            return None

    def key_of_entry(self, entry: Entry) -> Any:
        """Like `key_of`, of a row that is read already."""
        key = self._plan.key
        assert key is not None
        assert key.column is not None
        if key.is_plain:
            return entry.values.get(key.column.field.name)
        text = entry.texts.get(key)
        return None if text is None else key_value(self._gateway, key.column.field, str(text))

    def refuse(self, entry: Entry, errors: Mapping[str, Sequence[str | Lazy]]) -> None:
        """Put errors of the service to the columns they are about."""
        for address, messages in errors.items():
            at = self._headers.get(address) or self._label(address)
            entry.problems += [Problem(message, at) for message in messages]

    def header_of(self, column: Column) -> str:
        """What the file calls a column."""
        return self._headers[_address(column)]

    def _is_whole(self, entry: Entry) -> bool:
        cells = entry.row.cells
        if len(cells) == self._width:
            return True
        if len(cells) > self._width and not any(cell.strip() for cell in cells[self._width :]):
            return True
        sentence = _l(
            "Cells in this row: %(cells)s; columns in the header: %(columns)s. Mostly a quotation mark or a"
            " delimiter is missing, or is one too many.",
            cells=len(cells),
            columns=self._width,
        )
        entry.problems.append(Problem(sentence))
        return False

    def _read_column(self, target: Target, entries: Sequence[Entry]) -> None:
        assert target.column is not None
        if target in self._constants:
            for entry in entries:
                entry.texts[target] = self._constants[target]
            return
        if target.place is None:
            return
        place, read, lines = target.place, self._readers[target], target.column.lines
        for entry in entries:
            text = unguard(entry.row.cells[place]).strip()
            if not text:
                continue
            try:
                value = read(text)
            except BadCell as bad:
                entry.problems.append(Problem(bad.sentence, target.header))
                continue
            if value is not None:
                entry.texts[target] = value
                if lines is not None:
                    entry.spoken.add((lines.name, target.column.position))

    def _read_notes(self, entries: Iterable[Entry]) -> None:
        noted = [target for target in self._plan.targets if target.column is None]
        if not noted:
            return
        for entry in entries:
            said = []
            for target in noted:
                assert target.place is not None
                text = unguard(entry.row.cells[target.place]).strip()
                text = target.values.get(fold(text), text) if target.values else text
                if text:
                    said.append(f"{target.note}: {text}")
            entry.note = "\n".join(said)
            problem = timeline.note_problem(entry.note) if said else None
            if problem is not None:
                entry.problems.append(Problem(_l("The note: %(problem)s", problem=problem)))

    def _validate(self, entries: Iterable[Entry]) -> None:
        read = list(entries)  # also those with a bad cell: all that is wrong is told at once
        names = [(target, target.column.field.name) for target in self._plain if target.column is not None]
        inputs = [
            {name: entry.texts[target] for target, name in names if target in entry.texts} for entry in read
        ]
        changes = self._resource.service.validated(self._gateway, inputs, partial=True)
        indexing.look_ahead(self._resource, changes)
        for entry, change in zip(read, changes, strict=True):
            if change.errors:
                self.refuse(entry, change.errors)
                continue
            entry.values, entry.keys, entry.pieces = change.values, change.keys, change.pieces

    def _reader(self, target: Target) -> Callable[[str], Any]:
        """What a text of the column stands for; texts that repeat are looked at once."""
        if target.column is None:
            return lambda text: text
        word = target.column.field.word
        read: Callable[[str], Any] = cell_reader(word, target.order)
        if word.kind is Kind.CHOICE and word.choices is not None:
            read = _chosen(read, word.choices)
        if target.keeps and word.target is None:
            read = _validated(read, reader_of(word, self._habits))
        values, known = target.values, dict[str, Any]()

        def remembered(text: str) -> Any:
            if text in known:
                return known[text]
            found = read(values.get(fold(text), text) if values else text)
            if len(text) <= _LONGEST and not isinstance(found, list):
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[text] = found
            return found

        return remembered

    def _label(self, address: str) -> str:
        """What a field without a column is called."""
        name, _dot, rest = address.partition(".")
        lines = self._resource.lines_fields.get(name)
        if lines is not None:
            below = lines.target.fields.get(rest.rpartition(".")[2])
            return f"{lines.lines.title}.{below.label}" if below is not None else str(lines.lines.title)
        known = self._resource.fields.get(name)
        return known.label if known is not None else ""


class Seen:
    """Which keys have stood in the file, and where; only those that do repeat need to be remembered."""

    def __init__(self, repeats: Repeats | None = None) -> None:
        self._lines: dict[Any, int] = {}
        self._repeats = repeats

    def first_line(self, value: Any, line: int) -> int:
        """The line in which a key stood first; ``line`` if that is now."""
        if self._repeats is not None and value not in self._repeats:
            return line
        return self._lines.setdefault(value, line)


class Repeats:
    """The keys that stand in a file more than once, and a few that do not; 2 MB for any file."""

    _BITS: Final = 24

    def __init__(self) -> None:
        self._once = bytearray(1 << (self._BITS - 3))
        self._again: set[int] = set()

    def add(self, value: Any) -> None:
        """Take note of a key."""
        mark = hash(value) & ((1 << self._BITS) - 1)
        place, bit = mark >> 3, 1 << (mark & 7)
        if self._once[place] & bit:
            self._again.add(mark)
        else:
            self._once[place] |= bit

    def __contains__(self, value: Any) -> bool:
        return hash(value) & ((1 << self._BITS) - 1) in self._again


def good(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Those nothing is wrong with."""
    return (entry for entry in entries if not entry.problems)


def short(value: Any) -> str:
    """A value as sentences show it."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _chosen(read: Callable[[str], Any], choices: type[Choice]) -> Callable[[str], Any]:
    """Refuse what is none of the choices, and name them as people know them."""
    allowed = frozenset(map(str, choices))
    labels: list[Lazy] = [choice.label for choice in choices]
    known = reduce(lambda some, label: _l("%(some)s, %(next)s", some=some, next=label), labels)

    def chosen(text: str) -> Any:
        value = read(text)
        if value is not None and value not in allowed:
            raise BadCell(_l("“%(value)s” is not one of: %(known)s.", value=text[:_LONGEST], known=known))
        return value

    return chosen


def _validated(read: Callable[[str], Any], field_: Value) -> Callable[[str], Any]:
    """Read a value that the service does not look at itself."""

    def validated(text: str) -> Any:
        try:
            return field_.deserialize(read(text))
        except ValidationError as error:
            message = first_message(error)
            raise BadCell(message if isinstance(message, Lazy) else _l(message)) from None

    return validated


def _address(column: Column) -> str:
    """How errors of the service call a column's field."""
    if column.lines is None:
        return column.field.name
    return f"{column.lines.name}.{column.position}.{column.field.name}"
