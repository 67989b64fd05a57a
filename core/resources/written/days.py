"""Days and moments in the notations of tables, and which comes first where one cannot see it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Final, Literal

from core.i18n import Lazy, _l
from core.resources.written.cells import BadCell, is_nothing

#: What stands first: year, month or day.
DayOrder = Literal["ymd", "mdy", "dmy"]
DAY_ORDERS: Final[tuple[DayOrder, ...]] = ("ymd", "mdy", "dmy")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_YEAR_FIRST: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?!\d)")
_NUMBERS: Final = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{1,2})(?!\d)")
_DAY_NAMED: Final = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?[\s.\-]*{_MONTH}[\s,\-]*(\d{{4}}|\d{{2}})(?!\d)", re.IGNORECASE
)
_NAMED_DAY: Final = re.compile(rf"{_MONTH}\s*(\d{{1,2}})(?:st|nd|rd|th)?[\s,]+(\d{{4}})(?!\d)", re.IGNORECASE)
_COMPACT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?!\d)")
#: Days since the end of 1899 as a spreadsheet counts them, from 1950 to 2099.
_SERIAL: Final = re.compile(r"(\d{5})(\.\d+)?")
_SERIALS: Final = range(18_264, 73_051)
_EPOCH: Final = date(1899, 12, 30)
_WEEKDAY: Final = re.compile(
    r"[(（]?(?:星期|周|礼拜)[一二三四五六日天][)）]?|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?",
    re.IGNORECASE,
)
_TIME: Final = re.compile(
    r"\s*[T,]?\s*(上午|下午|中午|晚上|凌晨|am|pm)?\s*(\d{1,2})[:：时點点](\d{1,2})?(?:[:：分](\d{1,2})?秒?(\.\d+)?)?\s*分?"
    r"\s*(am|pm|a\.m\.|p\.m\.)?\s*",
    re.IGNORECASE,
)
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CHINESE_DIGITS: Final = str.maketrans("〇零○一二三四五六七八九", "000123456789")


def read_day(text: str, order: DayOrder | None = None) -> str | None:
    """A day as ``YYYY-MM-DD``; the text as it is when it is none. A time of day falls away.

    Args:
        text: the cell.
        order: of the numbers, where the cell alone does not tell it.

    Raises:
        BadCell: it could be one day or another.
    """
    if _ISO.fullmatch(text):
        return text
    if is_nothing(text):
        return None
    day, rest = _day_in(text, order)
    if day is None or (rest.strip() and _time_in(rest) is None):
        return text
    return day.isoformat()


def read_moment(text: str, order: DayOrder | None = None) -> str | None:
    """A moment as ``YYYY-MM-DDTHH:MM:SS``, with its zone if it has one; the text as it is when it is none.

    Raises:
        BadCell: it could be one day or another.
    """
    if _ISO.match(text) and text[10:11] == "T":
        return text
    if is_nothing(text):
        return None
    day, rest = _day_in(text, order)
    if day is None:
        return text
    if not rest.strip():
        return day.isoformat()
    found = _time_in(rest)
    if found is not None:
        return f"{day.isoformat()}T{found.isoformat()}"
    return f"{day.isoformat()}{rest}" if re.match(r"[T ]\d\d:", rest) else text


def day_orders_of(texts: Iterable[str]) -> set[DayOrder]:
    """Which orders all of some cells can be read in, among those where the numbers alone decide.

    Empty when a cell fits none. Both ``mdy`` and ``dmy``: nothing tells them apart. Cells that say their
    order themselves (``2026-03-01``, ``1 Mar 2026``) fit all.
    """
    left: set[DayOrder] = set(DAY_ORDERS)
    for text in texts:
        if not left:
            break
        if _ISO.match(text) or not text.strip() or is_nothing(text):
            continue
        match = _NUMBERS.match(_plain(text))
        if match is None:
            if _day_in(text, None)[0] is None:
                return set()
            continue
        left = {each for each in left if _ordered(match, each) is not None}
    return left


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("'")
    if "年" in plain:
        plain = _chinese(plain)
    return _WEEKDAY.sub(" ", plain).strip() if not plain[-1:].isdigit() or plain[:1].isalpha() else plain


def _chinese(text: str) -> str:
    """二〇二六年三月十五日 with figures."""
    text = re.sub(r"(?<![一二三四五六七八九])十(?=[一二三四五六七八九])", "1", text)
    text = re.sub(r"(?<=[一二三四五六七八九])十(?=[一二三四五六七八九])", "", text)
    text = re.sub(r"(?<=[一二三四五六七八九])十", "0", text)
    return text.replace("十", "10").translate(_CHINESE_DIGITS)


def _day_in(text: str, order: DayOrder | None) -> tuple[date | None, str]:
    """The day a text begins with, and what follows it."""
    plain = _plain(text)
    if match := _YEAR_FIRST.match(plain):
        return _date(match[1], match[2], match[3]), plain[match.end() :]
    if match := _NUMBERS.match(plain):
        return _numbered(match, order, text), plain[match.end() :]
    if match := _DAY_NAMED.match(plain):
        return _date(_full(match[3]), _month(match[2]), match[1]), plain[match.end() :]
    if match := _NAMED_DAY.match(plain):
        return _date(match[3], _month(match[1]), match[2]), plain[match.end() :]
    if match := _COMPACT.match(plain):
        return _date(match[1], match[2], match[3]), plain[match.end() :]
    if (match := _SERIAL.fullmatch(plain)) and int(match[1]) in _SERIALS:
        return _EPOCH + timedelta(days=int(match[1])), _fraction(match[2])
    return None, text


def _numbered(match: re.Match[str], order: DayOrder | None, text: str) -> date | None:
    if order is not None:
        return _ordered(match, order)
    if len(match[4]) < 4:
        raise BadCell(_unclear(text))
    if match[2] == ".":  # with dots between them the day comes first, everywhere
        return _ordered(match, "dmy")
    found = {day for each in ("mdy", "dmy") if (day := _ordered(match, each)) is not None}
    if len(found) > 1:
        raise BadCell(_unclear(text))
    return found.pop() if found else None


def _unclear(text: str) -> Lazy:
    return _l(
        "“%(value)s” can be read as two different days; say in the mapping whether the day or the month"
        " comes first.",
        value=text[:40],
    )


def _ordered(match: re.Match[str], order: str) -> date | None:
    """Three numbers in an order; years of two digits are those from 1970 to 2069."""
    first, second, third = match[1], match[3], match[4]
    if order == "ymd":
        return _date(_full(first), second, third) if len(third) < 4 else None
    month, day = (first, second) if order == "mdy" else (second, first)
    return _date(_full(third), month, day) if len(third) > 1 else None


def _full(year: str) -> str:
    if len(year) == 4:
        return year
    return f"{'20' if int(year) < 70 else '19'}{year:0>2}"


def _month(name: str) -> str:
    return str(_MONTHS.index(name[:3].lower()) + 1)


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _fraction(text: str | None) -> str:
    """A part of a day as a time of day."""
    seconds = round(float(f"0{text}") * 86_400) if text else 0
    return f" {seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds else ""


def _time_in(text: str) -> time | None:
    match = _TIME.fullmatch(_WEEKDAY.sub(" ", text))
    if match is None:
        return None
    word = (match[1] or match[6] or "").lower().replace(".", "")
    hour = int(match[2])
    if word in ("pm", "下午", "晚上") and hour < 12:
        hour += 12
    elif word in ("am", "上午", "凌晨") and hour == 12:
        hour = 0
    try:
        fraction = round(float(match[5]) * 1_000_000) if match[5] else 0
        return time(hour, int(match[3] or 0), int(match[4] or 0), min(fraction, 999_999))
    except ValueError:
        return None
