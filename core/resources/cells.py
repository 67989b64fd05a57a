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
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.db.fields import Choice, Kind, Word
from core.i18n import LANGUAGES, speaking
from core.resources.written import (
    DayOrder,
    is_nothing,
    read_code,
    read_day,
    read_email,
    read_flag,
    read_moment,
    read_phone,
    read_whole_number,
)

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
#: How other programs keep a spreadsheet from taking a text for a number: ``="0571"``.
_QUOTED = re.compile(r'="([^"]*)"')
#: What a text begins with that `guard` may have to change.
_SIGNS: Final = frozenset("'=+-@\t\r\n＝＋－＠")
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
    """The text that `guard` was given; of a cell another program has written, the text it means."""
    if text[:1] == "'":
        return text[1:] if _GUARDED.match(text) else text
    if text[:1] == "=" and (quoted := _QUOTED.fullmatch(text)):
        return quoted[1]
    return text


def as_guarded(text: str) -> str:
    """A cell of a workbook as a CSV of ours would hold it; it may have been one, and be guarded already."""
    return text if text[:1] not in _SIGNS or _GUARDED.match(text) else guard(text)


def fold(text: str) -> str:
    """A word as it is compared: without case, width, blanks, underscores and hyphens."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def cell_writer(
    word: Word, *, language: str | None, timezone: str, is_guarded: bool = True
) -> Callable[[Any], str]:
    """A function that writes values of ``word`` into cells.

    Args:
        word: of the field.
        language: whose words stand for choices and flags; None for the stored values.
        timezone: the zone of instants when a language is given; they are in UTC otherwise.
        is_guarded: whether texts that look like formulas are made harmless.
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
    if kind in _PLAIN or not is_guarded:
        return lambda value: "" if value is None else write(value)
    return lambda value: "" if value is None else guard(write(value))


def column_writer(
    word: Word, *, language: str | None, timezone: str
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What `cell_writer` does, for a whole column at once, as fast as a stream of records wants it.

    The cells are for the `csv` module: it writes None as nothing, and numbers and days as `cell_writer` does.
    """
    kind = word.kind
    if kind in (Kind.PHONE, Kind.INTEGER, Kind.DAY):
        return lambda values: values
    if kind is Kind.INSTANT and language is None:
        return lambda values: [value and _moment(value) for value in values]
    if kind in (Kind.INSTANT, Kind.FLAG, Kind.TAGS) or (kind is Kind.CHOICE and language is not None):
        write = cell_writer(word, language=language, timezone=timezone)
        return lambda values: [None if value is None else write(value) for value in values]
    return _guarded


def _guarded(values: Sequence[Any]) -> Sequence[Any]:
    """Texts made harmless; few of them need a closer look, and numbers need none."""
    return [guard(value) if value.__class__ is str and value[:1] in _SIGNS else value for value in values]


def cell_reader(word: Word, order: DayOrder | None = None) -> Callable[[str], Any]:
    """A function that makes of a cell what the engine's own reader of ``word`` takes.

    Choices are known by their stored value and their label in every language; days, numbers, telephone
    numbers and the like as people write them (`core.resources.written`). A cell that is not understood is
    passed on as it is, and the engine says what is wrong with it; one that says "nothing" becomes None.

    Args:
        word: of the field.
        order: of day, month and year, where the cells do not tell it.

    Returns:
        The function; it raises `BadCell` where it alone knows what is wrong.
    """
    match word.kind:
        case Kind.CHOICE if word.choices is not None:
            known = _choice_words(word.choices)
            return lambda text: known.get(fold(text), None if is_nothing(text) else text)
        case Kind.TAGS:
            return lambda text: next(csv.reader([text], skipinitialspace=True), []) if '"' in text else text
        case Kind.DAY:
            return lambda text: read_day(text, order)
        case Kind.INSTANT:
            return lambda text: read_moment(text, order)
        case Kind.URL:
            return lambda text: None if is_nothing(text) else text
        case Kind.TEXT if word.is_code:
            return read_code
    return _READERS.get(word.kind, _as_it_is)


def _as_it_is(text: str) -> str:
    return text


_READERS: Final[Mapping[Kind, Callable[[str], Any]]] = {
    Kind.INTEGER: read_whole_number, Kind.FLAG: read_flag, Kind.PHONE: read_phone, Kind.EMAIL: read_email,
}  # fmt: skip


@lru_cache(maxsize=1024)
def _choice_words(choices: type[Choice]) -> Mapping[str, str]:
    words: dict[str, str] = {}
    for language in LANGUAGES:
        with speaking(language):
            words |= {fold(str(each.label)): each.value for each in choices}
    return words | {fold(each.value): each.value for each in choices}


def _moment(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat()[:-6] + "Z"


def _local_moment(value: datetime, zone: ZoneInfo) -> str:
    """The wall clock's time, with the offset only where it has shown the same an hour before."""
    local = value.astimezone(zone)
    return (local if local.fold else local.replace(tzinfo=None)).isoformat(sep=" ")


def write_tags(value: list[str]) -> str:
    if not any(_TAG_SEPARATORS & set(tag) for tag in value):
        return ", ".join(value)
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow(value)
    return written.getvalue()
