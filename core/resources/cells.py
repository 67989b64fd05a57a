"""How values stand in the cells of a table; what is written here is read back exactly.

A spreadsheet takes a text that begins with ``=``, ``+``, ``-``, ``@`` and the like for a formula. Such a
text gets a leading apostrophe, and one that has apostrophes before such a sign gets one more, so that
taking away the first apostrophe always gives the original. Numbers, days and telephone numbers are of
a form that holds no formula and stay as they are, so ``+8613800138000`` and ``-5`` survive.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.db.fields import Choice, Kind, Word
from core.i18n import LANGUAGES, speaking

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?![\d])")
_BLANKS = re.compile(r"[\s_\-]+")
_TAG_SEPARATORS: Final = frozenset(',，;；、\n"')
#: Kinds whose written form cannot be a formula.
_PLAIN: Final = frozenset({Kind.PHONE, Kind.INTEGER, Kind.FLAG, Kind.DAY, Kind.INSTANT})
_FLAGS: Final[Mapping[str | None, tuple[str, str]]] = {
    None: ("false", "true"), "en": ("no", "yes"), "zh": ("否", "是"),
}  # fmt: skip


def guard(text: str) -> str:
    """Make ``text`` harmless for a spreadsheet; `unguard` undoes it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if _GUARDED.match(text) else text


def fold(text: str) -> str:
    """A word as it is compared: without case, width, blanks, underscores and hyphens."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def cell_writer(word: Word, *, language: str | None, timezone: str) -> Callable[[Any], str]:
    """A function that writes values of ``word`` into cells.

    Args:
        word: of the field.
        language: whose words stand for choices and flags; None for the stored values.
        timezone: the zone of instants when a language is given; they are in UTC otherwise.
    """
    kind = word.kind
    write: Callable[[Any], str] = str
    if kind is Kind.INSTANT:
        zone = ZoneInfo(timezone)
        write = _moment if language is None else lambda value: _local_moment(value, zone)
    elif kind is Kind.DAY:
        write = date.isoformat
    elif kind is Kind.FLAG:
        shown = _FLAGS[language]
        write = lambda value: shown[bool(value)]  # noqa: E731 - one of a family of small writers
    elif kind is Kind.TAGS:
        write = write_tags
    elif kind is Kind.CHOICE and language is not None and word.choices is not None:
        with speaking(language):
            labels = {each.value: str(each.label) for each in word.choices}
        write = lambda value: labels.get(value, value)  # noqa: E731
    if kind in _PLAIN:
        return lambda value: "" if value is None else write(value)
    return lambda value: "" if value is None else guard(write(value))


def cell_reader(word: Word) -> Callable[[str], Any]:
    """A function that makes of a cell what the engine's own reader of ``word`` takes.

    Choices are known by their stored value and their label in every language, days and instants also
    as spreadsheets write them with the year first (2026/1/31, 2026年1月31日). A cell that is not
    understood is passed on as it is: the engine says what is wrong with it.
    """
    if word.kind is Kind.CHOICE and word.choices is not None:
        known = _choice_words(word.choices)
        return lambda text: known.get(fold(text), text)
    if word.kind is Kind.TAGS:
        return lambda text: next(csv.reader([text], skipinitialspace=True), []) if '"' in text else text
    if word.kind in (Kind.DAY, Kind.INSTANT):
        return _iso
    return lambda text: text


@lru_cache(maxsize=1024)
def _choice_words(choices: type[Choice]) -> Mapping[str, str]:
    words: dict[str, str] = {}
    for language in LANGUAGES:
        with speaking(language):
            words |= {fold(str(each.label)): each.value for each in choices}
    return words | {fold(each.value): each.value for each in choices}


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _local_moment(value: datetime, zone: ZoneInfo) -> str:
    """The wall clock's time, with the offset only where the clock shows it twice."""
    local = value.astimezone(zone)
    naive = local.replace(tzinfo=None, fold=0)
    is_plain = naive.replace(tzinfo=zone).astimezone(UTC) == value
    return (naive if is_plain else local).isoformat(sep=" ")


def write_tags(value: list[str]) -> str:
    if not any(_TAG_SEPARATORS & set(tag) for tag in value):
        return ", ".join(value)
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow(value)
    return written.getvalue()


def _iso(text: str) -> str:
    match = _YEAR_FIRST.match(text)
    if match is None:
        return text
    year, month, day = match.groups()
    return f"{year}-{month:0>2}-{day:0>2}{text[match.end() :]}"
