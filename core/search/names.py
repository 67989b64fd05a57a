"""What a name is recognised by: its bare part without the legal form, and how that sounds.

The list of legal endings lies here alone; the quick search leaves them out as the look for
duplicates does.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from core.search.pinyin import syllables

#: Legal forms behind a Chinese name, in simplified and traditional writing; several may follow each other.
_CHINESE_ENDING: Final = re.compile(
    r"(?:(?:股份|有限責任|有限责任|责任有限|責任有限|有限|集团|集團|控股|总|總)*(?<!分)公司"
    r"|集团|集團|(?:有限|普通)?合伙(?:企业)?|(?:有限|普通)?合夥(?:企業)?)+$"
)
#: Where an organisation sits, at the head of its name: 上海市 is said as 上海.
_CHINESE_PLACE: Final = re.compile(r"^(?:([\u4e00-\u9fff]{2,3}?)省)?(?:([\u4e00-\u9fff]{2,3}?)市)?")
#: Legal forms behind a Western name, without their dots and slashes.
_LEGAL: Final = (
    "ab ag aps as bhd bv bvba co company corp corporation cv eg ek eurl ev gbr gmbh group holding "
    "holdings inc incorporated kft kg kgaa kk limited llc llp lp ltd ltda mbh nv ohg oy oyj plc "
    "pte pty pvt sa sarl sas sdn se sl spa spzoo srl srls sro ug"
)
LEGAL_WORDS: Final = frozenset(_LEGAL.split(" "))
#: Words that hold Western legal forms together; dropped wherever they stand.
_JOINTS: Final = frozenset(("and", "the", "und", "et"))
_ABBREVIATIONS: Final = re.compile(r"[.'’`´/]")
_WORDS: Final = re.compile(r"[^\W_]+")
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
#: Between the sound of a name and its writing; sorts behind all letters and digits.
_BAR: Final = "|"
_MAX_SOUND: Final = 240
_MAX_WRITING: Final = 120
#: So much of a name must stand there before others that begin alike are worth telling.
_ENOUGH_HAN: Final = 4
_ENOUGH_LETTERS: Final = 6


@lru_cache(maxsize=8192)
def bare_name(name: str) -> str:
    """A name without what people write in different ways.

    Width, case, accents, blanks, brackets, punctuation and the legal form fall away: ``华东（上海）
    有限公司`` and ``华东(上海)`` are the same, as are ``Müller & Sons GmbH`` and ``muller and sons``.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    if _HAN.search(text):
        joined = "".join(_WORDS.findall(text))
        bare = _CHINESE_ENDING.sub("", joined)
        if bare and bare != joined:
            bare = _CHINESE_PLACE.sub(lambda place: (place[1] or "") + (place[2] or ""), bare)
        return bare or joined
    flat = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    words = _WORDS.findall(_ABBREVIATIONS.sub("", flat))
    bare_words = [word for word in words if word not in _JOINTS] or words
    while len(bare_words) > 1 and bare_words[-1] in LEGAL_WORDS:
        bare_words.pop()
    return "".join(bare_words)


def sound(text: str) -> str:
    """How a text is said, as letters: Chinese by its pinyin without tones."""
    return text if text.isascii() else "".join(syllables(text)).casefold()


def name_match(name: str | None) -> str:
    """What a name is stored under to be recognised: its sound, a bar, and its bare writing.

    Equal texts are the same name; those alike before the bar sound the same; and names that begin
    alike lie side by side. Empty where nothing of the name is left.
    """
    writing = bare_name(name or "")
    if not writing:
        return ""
    said = sound(writing)
    return f"{said[:_MAX_SOUND]}{_BAR}{'' if said == writing else writing[:_MAX_WRITING]}"


def sounding_alike(match: str) -> tuple[str, str]:
    """The range, without its end, of all names that sound as the one stored under ``match``."""
    said = match.partition(_BAR)[0]
    return f"{said}{_BAR}", f"{said}{chr(ord(_BAR) + 1)}"


def beginning_alike(match: str) -> tuple[str, str] | None:
    """The range, without its end, of all names that begin as this one sounds; None for too short a name."""
    said, _bar, writing = match.partition(_BAR)
    if len(writing) < _ENOUGH_HAN if writing else len(said) < _ENOUGH_LETTERS:
        return None
    return said, said[:-1] + chr(ord(said[-1]) + 1)
