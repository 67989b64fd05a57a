"""Numbers: thousands apart, 万 and 亿, currency signs, full width, brackets for less than nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from core.resources.written.cells import is_nothing

_UNITS: Final[Mapping[str, Decimal]] = {
    "百": Decimal(100), "千": Decimal(1000), "万": Decimal(10**4), "萬": Decimal(10**4), "w": Decimal(10**4),
    "十万": Decimal(10**5), "百万": Decimal(10**6), "千万": Decimal(10**7), "亿": Decimal(10**8),
    "億": Decimal(10**8), "十亿": Decimal(10**9), "百亿": Decimal(10**10), "千亿": Decimal(10**11),
    "万亿": Decimal(10**12), "k": Decimal(1000), "m": Decimal(10**6), "mn": Decimal(10**6),
    "mio": Decimal(10**6), "bn": Decimal(10**9), "b": Decimal(10**9), "thousand": Decimal(1000),
    "million": Decimal(10**6), "billion": Decimal(10**9),
}  # fmt: skip
_CURRENCY: Final = re.compile(
    r"US\$|HK\$|NT\$|A\$|S\$|[$¥€£₩₹₽฿]|RMB|CNY|USD|EUR|HKD|TWD|JPY|GBP|人民币|美元|欧元|港币|港元|日元|元整|元",
    re.IGNORECASE,
)
#: What is counted, behind the number.
_COUNTED: Final = re.compile(
    r"(?:个|人|名|位|家|台|件|套|次|年|天|岁|people|persons|employees|人民|户|%)\.?$", re.IGNORECASE
)
_SPACES: Final = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?:\D|$))")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_MYRIADS: Final = re.compile(r"\d{1,4}(?:,\d{4})+(?:\.\d+)?")
_EUROPEAN: Final = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}|\d+,\d{1,2}")
_PLAIN: Final = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE)
_PART: Final = re.compile(
    rf"([\d.,]+(?:e[+-]?\d{{1,3}})?)\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})?", re.IGNORECASE
)


def read_number(text: str) -> Decimal | None:
    """What a text says as a number; None when it says none.

    ``1,234.50``, ``1.234,50``, ``1 234``, ``1.5万``, ``2亿3000万``, ``￥1,000``, ``(12)``, ``12-``, ``300人``
    are understood; ``15%`` is 15.
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("−", "-").replace("–", "-")
    is_negative = False
    if plain.startswith("(") and plain.endswith(")"):
        plain, is_negative = plain[1:-1].strip(), True
    plain = _CURRENCY.sub(" ", plain).strip()
    if plain.startswith(("-", "+")):
        plain, is_negative = plain[1:].strip(), is_negative != plain.startswith("-")
    elif plain.endswith("-"):
        plain, is_negative = plain[:-1].strip(), not is_negative
    plain = _SPACES.sub("", _COUNTED.sub("", plain).strip())
    found = _sum(plain)
    return -found if found is not None and is_negative else found


def read_whole_number(text: str) -> str | None:
    """A whole number as plain digits; the text as it is when it is none, None when it says there is none."""
    if text.isascii() and text.isdigit():
        return text
    number = read_number(text)
    if number is not None and number == number.to_integral_value():
        return str(int(number))
    return None if is_nothing(text) else text


def _sum(text: str) -> Decimal | None:
    """A number, or several with falling units one behind the other: ``2亿3000万``."""
    total, at, last = Decimal(0), 0, None
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            return None
        amount = _amount(match[1])
        unit = _UNITS[match[2].lower()] if match[2] else Decimal(1)
        if amount is None or (last is not None and unit >= last):
            return None
        total, last = total + amount * unit, unit
        at = match.end()
        while at < len(text) and text[at] == " ":
            at += 1
    return total if last is not None else None


def _amount(text: str) -> Decimal | None:
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    if _THOUSANDS.fullmatch(text) or _MYRIADS.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if _EUROPEAN.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    return None
