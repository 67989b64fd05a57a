"""Values as a message says them: plain text, in the language of the message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal

from core.db.fields import Kind, Word
from core.i18n import LOCALES, _, speaking
from core.resources.values import Habits
from core.resources.written.phones import written_phone

#: What stands for a value that the reader may not see.
MASK: Final = "••••"


class Writer:
    """Writes values for the readers of one message."""

    def __init__(self, language: str, habits: Habits) -> None:
        """Write in a language.

        Args:
            language: "zh" or "en".
            habits: the zone of moments, and the country in which numbers are dialled.
        """
        self._language = language
        self._locale = Locale.parse(LOCALES[language])
        self._zone = ZoneInfo(habits.timezone)
        self._country = habits.country
        self._of_values: Mapping[str, Callable[[Any], str]] = {
            "date": self._day,
            "time": self._time,
            "weekday": lambda value: format_date(self._local(value), "EEEE", locale=self._locale),
            "number": lambda value: format_decimal(value, locale=self._locale),
        }

    def write(self, kind: Kind, word: Word | None, value: Any, filters: tuple[str, ...]) -> str:
        """The text of a value that is there.

        Args:
            kind: what it is.
            word: of its field; None for what is no field.
            value: as the gateway gives it.
            filters: in their order; they fit the kind.
        """
        with speaking(self._language):
            if filters and filters[0] in self._of_values:
                text, filters = self._of_values[filters[0]](value), filters[1:]
            else:
                text = self._plain(kind, word, value)
        for name in filters:
            text = _OF_TEXTS[name](text)
        return text

    def _plain(self, kind: Kind, word: Word | None, value: Any) -> str:
        match kind:
            case Kind.CHOICE if word is not None:
                labels = {each.value: str(each.label) for each in word.choices or ()}
                return labels.get(value, str(value))
            case Kind.LINK:
                return str(value["label"])
            case Kind.TAGS:
                return _(", ").join(value)
            case Kind.FLAG:
                return _("Yes") if value else _("No")
            case Kind.PHONE:
                return written_phone(value, self._country)
            case Kind.DAY:
                return self._day(value)
            case Kind.INSTANT:
                return f"{self._day(value)} {self._time(value)}"
            case Kind.INTEGER if word is not None and word.grouped:
                return format_decimal(value, locale=self._locale)
            case _:
                return str(value)

    def _local(self, value: date) -> date:
        return value.astimezone(self._zone) if isinstance(value, datetime) else value

    def _day(self, value: date) -> str:
        return format_date(self._local(value), "long", locale=self._locale)

    def _time(self, value: datetime) -> str:
        return format_time(value, "HH:mm", tzinfo=self._zone, locale=self._locale)


def mask(text: str) -> str:
    """A text with its middle hidden: 138****8000, a***@example.com, 王*."""
    name, sign, host = text.partition("@")
    if sign:
        return f"{name[:1]}***@{host}"
    if len(text) >= 7:
        return f"{text[:3]}****{text[-4:]}" if len(text) > 8 else f"{text[:2]}****{text[-2:]}"
    return text[:1] + "*" * (len(text) - 1)


_OF_TEXTS: Final[Mapping[str, Callable[[str], str]]] = {"upper": str.upper, "lower": str.lower, "mask": mask}
