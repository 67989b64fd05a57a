"""Where a column of a file may go: what it is called like, what its cells look like, and how likely it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from core.db.fields import Kind
from core.i18n import Lazy, _l
from core.resources.cells import fold
from core.resources.columns import Column, columns_of, headers, read_column
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.evidence import Cells
from core.resources.importing.synonyms import likeness, synonyms_of
from core.resources.resolver import Answer

#: From which score on a column goes somewhere, and from which on one need not look twice.
LEAST: Final = 0.5
LIKELY: Final = 0.7
SURE: Final = 0.9
#: Lines of one kind that a file may fill: ``phones.number``, ``phones.2.number``, ``phones.3.number``.
_LINES: Final = 3


@dataclass(slots=True)
class Candidate:
    """A column of the resource to which a column of the file may go."""

    #: Up to 1.
    score: float
    #: Of the column in the file, from 0.
    place: int
    column: Column
    reason: Lazy

    @property
    def rank(self) -> tuple[float, int, bool, int]:
        """Sorts the best to the front."""
        return -self.score, self.place, self.column.lines is not None, self.column.position

    @property
    def target(self) -> tuple[str, int, str]:
        """The field, however the record behind it is named."""
        lines = self.column.lines.name if self.column.lines is not None else ""
        return lines, self.column.position, self.column.field.name


@dataclass(slots=True)
class _Words:
    """A column of the resource with all its words."""

    column: Column
    names: set[str] = field(default_factory=set)
    synonyms: list[str] = field(default_factory=list)


class Candidates:
    """All columns that somebody may fill, and what speaks for each of them.

    Args:
        gateway: of the one who imports; only fields open to them are meant.
        resource: what is imported.
    """

    def __init__(self, gateway: Gateway, resource: Resource) -> None:
        self._gateway = gateway
        self._resource = resource
        self._columns = list(self._fillable())

    def named(self, place: int, header: str, cells: Cells) -> Iterator[Candidate]:
        """Columns that are called like the header."""
        for each in self._columns:
            score, reason = _likeness(header, each)
            if score:
                yield self._weighed(Candidate(score, place, each.column, reason), cells)

    def looking_like(self, place: int, cells: Cells) -> Iterator[Candidate]:
        """Columns whose values the cells are, whatever the header says."""
        for each in self._columns:
            reason = self._look(cells, each.column)
            if reason is not None:
                yield Candidate(0.55 - 0.01 * each.column.position, place, each.column, reason)

    def _fillable(self) -> Iterator[_Words]:
        names: dict[str, set[str]] = {}
        for word, columns in headers(self._gateway.resolver, self._resource).items():
            for name in columns:
                names.setdefault(name, set()).add(word)
        for column in columns_of(self._gateway.resolver, self._resource):
            if self._gateway.resolver.answer(column.field) is not Answer.OPEN or column.field.word.readonly:
                continue
            words = list(synonyms_of(self._resource, column))
            yield _Words(column, names.get(column.name, set()), words)
            for number in range(2, _LINES + 1) if column.lines is not None else ():
                name = f"{column.lines.name}.{number}.{column.field.name}"  # type: ignore[union-attr]
                yield _Words(read_column(self._gateway.resolver, self._resource, name), {fold(name)}, words)

    def _weighed(self, candidate: Candidate, cells: Cells) -> Candidate:
        """Count a name less when the cells speak against it, a part of one more when they speak for it."""
        fit = cells.fit(candidate.column.field.word, self._gateway.habits)
        if fit is None:
            return candidate
        if fit < 0.5:
            candidate.score *= 0.55 if candidate.score < SURE else 0.75
            if fit < 0.2 and candidate.score < LIKELY and candidate.column.field.word.kind is not Kind.CHOICE:
                candidate.score = 0
        elif candidate.score < SURE and fit >= 0.8:
            candidate.score = min(candidate.score + 0.1, 0.89)
        return candidate

    def _look(self, cells: Cells, column: Column) -> Lazy | None:
        kind = column.field.word.kind
        if kind in (Kind.PHONE, Kind.EMAIL, Kind.URL) and cells.look_like(kind):
            return _l("Its cells look like it.")
        is_own = column.lines is None
        if kind is Kind.CHOICE and is_own and len(cells.distinct) > 1 and not cells.are_numbers:
            fit = cells.fit(column.field.word, self._gateway.habits)
            return _l("Its cells are values of this field.") if fit == 1 else None
        if kind is Kind.LINK and is_own and cells.name_records_of(self._gateway, column):
            return _l("Its cells are names of records that are there.")
        return None


def _likeness(header: str, column: _Words) -> tuple[float, Lazy]:
    """How much a header is called like a column."""
    reason = _l("It is called like the field.")
    if fold(header) in column.names:
        return 1.0, reason
    # Further lines take what the first of their kind has left.
    less = 0.02 * column.column.position + (0.03 if column.column.lines is not None else 0)
    if max((likeness(header, name) for name in column.names), default=0) == 1:
        return 0.97 - less, reason
    best, word = max(((likeness(header, word), word) for word in column.synonyms), default=(0.0, ""))
    if best == 1:
        return 0.95 - less, _l("“%(word)s” is another word for it.", word=word)
    inside = max((likeness(header, name) for name in column.names), default=0)
    if inside > best:
        return max(inside - less, 0), _l("Its name is much like that of the field.")
    return max(best - less, 0), _l("Its name has “%(word)s” in it.", word=word)
