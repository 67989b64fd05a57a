"""Telephone numbers, mail addresses, codes and yes or no, as they stand in tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from core.i18n import Lazy, _l

#: What people write where there is nothing to say; only for cells that hold no free text.
_NOTHING: Final = frozenset(
    ("-", "--", "---", "/", "\\", "n/a", "na", "#n/a", "null", "none", "nil", "nan", "无", "暂无", "未知",
     "空", "不详")
)  # fmt: skip
_YES: Final = ("true", "yes", "y", "t", "1", "on", "是", "有", "对", "真", "已", "√", "✓", "✔", "☑", "启用")
_NO: Final = (
    "false",
    "no",
    "n",
    "f",
    "0",
    "off",
    "否",
    "无",
    "错",
    "假",
    "未",
    "×",
    "✗",
    "✘",
    "☐",
    "停用",
    "没有",
)
_FLAGS: Final[Mapping[str, str]] = dict.fromkeys(_YES, "true") | dict.fromkeys(_NO, "false")
#: A long number as a spreadsheet shows it in a narrow column.
_SHORTENED: Final = re.compile(r"\d(?:[.,]\d+)?E\+?\d{2}", re.IGNORECASE)
_SEVERAL: Final = re.compile(r"[/;；、,，|\n]|\s(?:or|或)\s")
_ADDRESSED: Final = re.compile(r"(?:mailto:)?(?:[^<>]*<)?\s*([^<>\s]+@[^<>\s]+?)\s*>?", re.IGNORECASE)


class BadCell(ValueError):
    """A cell is not what its field takes, for a reason the engine cannot see."""

    def __init__(self, sentence: Lazy) -> None:
        super().__init__(str(sentence))
        #: What is wrong, and what to do.
        self.sentence = sentence


def is_nothing(text: str) -> bool:
    """Whether a cell says that there is nothing: a dash, "n/a", 无."""
    return text.strip().casefold() in _NOTHING


def read_flag(text: str) -> str | None:
    """Yes or no in the words and signs of tables."""
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    known = _FLAGS.get(folded)
    if known is not None:
        return known
    if folded.endswith(".0") and folded[:-2] in _FLAGS:  # a number in a workbook
        return _FLAGS[folded[:-2]]
    return None if is_nothing(text) else text


def read_phone(text: str) -> str | None:
    """One telephone number, without what programs put around it.

    Raises:
        BadCell: a spreadsheet has cut its digits off, or there are several.
    """
    if is_nothing(text):
        return None
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("'`’‘\t ")
    _refuse_shortened(plain)
    if plain.replace(".", "", 1).isdigit() and plain.endswith(".0"):
        return plain[:-2]
    parts = [part for part in _SEVERAL.split(plain) if sum(map(str.isdigit, part)) >= 7]
    if len(parts) > 1:
        raise BadCell(
            _l(
                "“%(value)s” holds %(count)s telephone numbers; keep one here and put the others"
                " into columns of their own.",
                value=text[:60],
                count=len(parts),
            )
        )
    return plain


def read_email(text: str) -> str | None:
    """One mail address, also out of ``Ada <ada@example.com>``.

    Raises:
        BadCell: there are several.
    """
    if is_nothing(text):
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.count("@") > 1 and re.search(r"[;,、\s|/]", plain):
        raise BadCell(
            _l(
                "“%(value)s” holds several mail addresses; keep one here and put the others into columns"
                " of their own.",
                value=text[:60],
            )
        )
    found = _ADDRESSED.fullmatch(plain)
    return found[1] if found is not None else text


def read_code(text: str) -> str:
    """A number somebody else has given, of which every digit counts.

    Raises:
        BadCell: a spreadsheet has cut its digits off.
    """
    _refuse_shortened(text)
    return text


def _refuse_shortened(text: str) -> None:
    if _SHORTENED.fullmatch(text):
        raise BadCell(
            _l(
                "“%(value)s” is a long number that a spreadsheet has shortened; its digits are lost."
                " Format the column as text there and fill it in again.",
                value=text[:40],
            )
        )
