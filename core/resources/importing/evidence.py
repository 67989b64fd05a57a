"""What the cells of a column say about where it may go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from marshmallow import ValidationError

from core.db.fields import Choice, Kind, Word
from core.i18n import LANGUAGES, speaking
from core.resources.cells import cell_reader, fold, unguard
from core.resources.columns import Column
from core.resources.declaration import Field, Resource
from core.resources.gateway import Gateway
from core.resources.importing.links import find_linked, find_records
from core.resources.resolver import Answer
from core.resources.values import Habits, reader_of
from core.resources.written import DAY_ORDERS, BadCell

#: Kinds whose values one recognises.
RECOGNISED: Final = frozenset(
    {Kind.PHONE, Kind.EMAIL, Kind.URL, Kind.INTEGER, Kind.FLAG, Kind.DAY, Kind.INSTANT, Kind.CHOICE}
)
#: Cells looked at, and names asked for in the database.
MAX_CELLS: Final = 200
MAX_NAMES: Final = 50
_PHONE: Final = re.compile(
    r"\+\d[\d\s().-]{7,}|0\d{2,3}[\s-]?\d{7,8}.*|(?:86[\s-]?)?1[3-9]\d(?:[\s-]?\d{4}){2}"
)
_SHAPES: Final[Mapping[Kind, re.Pattern[str]]] = {
    Kind.PHONE: _PHONE,
    Kind.EMAIL: re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    Kind.URL: re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE),
}


@dataclass(frozen=True)
class Cells:
    """Some cells of one column, blank ones left out."""

    texts: Sequence[str]

    @classmethod
    def of(cls, cells: Sequence[str]) -> Cells:
        """Those of a table's rows."""
        return cls([text for cell in cells if (text := unguard(cell).strip())])

    @cached_property
    def distinct(self) -> list[str]:
        """Each once, in their order."""
        return list(dict.fromkeys(self.texts))

    @property
    def are_distinct(self) -> bool:
        """Whether no two are the same."""
        return len(self.distinct) == len(self.texts) > 0

    @cached_property
    def are_numbers(self) -> bool:
        """Whether most are plain numbers."""
        numbers = sum(text.replace(",", "").replace(".", "", 1).isdigit() for text in self.texts)
        return numbers * 2 > len(self.texts)

    def fit(self, word: Word, habits: Habits) -> float | None:
        """Which part of them a field takes; None where any text would do, or there are none."""
        if word.kind not in RECOGNISED or not self.texts:
            return None
        cells = self.distinct[:MAX_CELLS]
        return sum(_is_read(text, word, habits) for text in cells) / len(cells)

    def meant(self, choices: type[Choice]) -> dict[str, str]:
        """Which value cells mean that are a part of its label: 潜在 is 潜在客户; none that could mean two."""
        labels: dict[str, set[str]] = {}
        for language in LANGUAGES:
            with speaking(language):
                for each in choices:
                    labels.setdefault(each.value, {fold(each.value)}).add(fold(str(each.label)))
        found = {}
        for cell in self.distinct[:MAX_CELLS]:
            text = fold(cell)
            if len(text) < 2 or any(text in words for words in labels.values()):
                continue
            alike = [
                value
                for value, words in labels.items()
                if any(text in word or (len(word) > 1 and word in text) for word in words)
            ]
            if len(alike) == 1:
                found[cell] = alike[0]
        return found

    def look_like(self, kind: Kind) -> bool:
        """Whether they are telephone numbers, mail or web addresses, whatever the column is called."""
        shape = _SHAPES[kind]
        cells = self.distinct[:MAX_CELLS]
        return bool(cells) and sum(shape.fullmatch(cell) is not None for cell in cells) >= 0.8 * len(cells)

    def known_to(self, gateway: Gateway, column: Column) -> float:
        """Which part of them names records behind a link, in any of the ways people name them."""
        names = self.distinct[:MAX_NAMES]
        return len(find_linked(gateway, column.field, column.by, names)) / len(names) if names else 0

    def identify_some_of(self, gateway: Gateway, resource: Resource, field: Field) -> bool:
        """Whether records are there of which they hold the number."""
        return bool(find_records(gateway, resource, field, self.distinct[:MAX_NAMES]))

    def name_records_of(self, gateway: Gateway, column: Column) -> bool:
        """Whether nearly all of them are the names of records behind a link."""
        target, names = column.field.target, self.distinct[:MAX_NAMES]
        if target is None or len(names) < 2 or self.are_numbers:
            return False
        if gateway.resolver.answer(target.label_field) is not Answer.OPEN:
            return False
        return len(find_records(gateway, target, target.label_field, names)) >= 0.8 * len(names)


def _is_read(text: str, word: Word, habits: Habits) -> bool:
    orders = DAY_ORDERS if word.kind in (Kind.DAY, Kind.INSTANT) else (None,)
    for order in (None, *orders):
        try:
            value = cell_reader(word, order)(text)
            if value is None:
                return True
            reader_of(word, habits).deserialize(value)
        except (BadCell, ValidationError):
            continue
        return True
    return False
