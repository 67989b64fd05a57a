"""Chinese as it is said: pinyin without tones, and the order that follows from it.

`syllables` gives exactly what ``pypinyin.lazy_pinyin`` gives, from the same dictionaries, in a small
part of the time: the import of a table asks for the pinyin of every name in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from pypinyin import Style
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT, RE_HANS
from pypinyin.seg.mmseg import p_set
from pypinyin.style import convert

#: Batches ask for the same names several times: for their order, for the search, for their likeness.
_KEPT: Final = 8192
_MAX_KEY: Final = 400
#: The characters that have a pinyin, as the library knows them, in runs; and what stands between them.
_RUNS: Final = re.compile(f"({RE_HANS.pattern.removeprefix('^').removesuffix('$')})")
_BEGINS: Final = " b p m f d t n l g k h j q x zh ch sh r z c s y w"
_ENDS: Final = (
    "a ai an ang ao e ei en eng i ia ian iang iao ie in ing iong iu o ong ou u ua uai uan uang ue ui un uo"
)
_SYLLABLES: Final = [begin + end for begin in _BEGINS.split(" ") for end in _ENDS.split(" ")]
#: Pieces of three letters that stand within one syllable, and so in very many names.
WITHIN_SYLLABLES: Final = frozenset(each[at : at + 3] for each in _SYLLABLES for at in range(len(each) - 2))


@lru_cache(maxsize=_KEPT)
def syllables(text: str) -> tuple[str, ...]:
    """The pinyin of a text, one item a character; what is not Chinese stays as it is, one item a run."""
    found: list[str] = []
    for part in _RUNS.split(text):
        if part and RE_HANS.match(part):
            found.extend(_said(part))
        elif part:
            found.append(part)
    return tuple(found)


def sort_key(text: str | None) -> str:
    """The order of a text: Chinese by pinyin, Latin without regard to case."""
    if not text or text.isascii():
        return (text or "").casefold()[:_MAX_KEY]
    return " ".join(syllables(text)).casefold()[:_MAX_KEY]


def _said(text: str) -> Iterator[str]:
    """The longest phrase of the dictionary from each place on, else the character alone."""
    at, end = 0, len(text)
    while at < end:
        length = 1
        if text[at : at + 2] in p_set:
            reach = 2
            while at + reach <= end and text[at : at + reach] in p_set:
                if text[at : at + reach] in PHRASES_DICT:
                    length = reach
                reach += 1
            if length == 1 and at + reach > end and text[at] not in PHRASES_DICT:
                # The rest only begins like a phrase: the library takes all of it apart.
                yield from map(_single, text[at:])
                return
        if length == 1:
            yield _single(text[at])
        else:
            yield from _phrase(text[at : at + length])
        at += length


@lru_cache(maxsize=_KEPT)
def _phrase(phrase: str) -> tuple[str, ...]:
    return tuple(_plain(readings[0]) for readings in PHRASES_DICT[phrase])


@lru_cache(maxsize=_KEPT)
def _single(character: str) -> str:
    if character in PHRASES_DICT:
        return _phrase(character)[0]
    readings = PINYIN_DICT.get(ord(character))
    return character if readings is None else _plain(readings.partition(",")[0])


def _plain(reading: str) -> str:
    return str(convert(reading, Style.NORMAL, strict=True, default=reading))
