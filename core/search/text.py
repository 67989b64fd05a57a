r"""By what a text is found: its words, how Chinese is said, and the short pieces an index keeps of them.

A record becomes one text, the *hay*: every value between a blank and a line break, folded, the name
first, then how it is said and its initials in capitals (nothing else in a hay is a capital)::

    " 张三\n zhangsan\n ZS\n p000123\n 123\n"

A search becomes terms, each a few LIKE patterns on the hay; all must hold. The *grams* are what an
index can answer: pieces of one to three characters. Whatever the patterns of a term find has the
term's grams, so the grams narrow and the patterns decide.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.search.names import bare_name
from core.search.pinyin import WITHIN_SYLLABLES, syllables

#: Chinese, Japanese and Korean characters: each alone says something, so they are found one by one.
_EACH: Final = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u3096\u30a1-\u30fa\u30fc\u3105-\u312f\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
#: Signs above and below the letters of scripts that do not write all vowels as letters.
_SIGNS: Final = "\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_WORDS: Final = re.compile(rf"[{_EACH}]+|(?:[^\W_{_EACH}]|[{_SIGNS}])+")
_IS_EACH: Final = re.compile(rf"[{_EACH}]")
_ACCENTS: Final = re.compile(r"[\u0300-\u036f]+")
_FOLDED: Final = re.compile(r"[\x00-\x7f\u3001-\u3029\u3041-\u3096\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff]*")
#: What stands inside numbers, addresses and names and is left out by some; and letters that fold oddly.
_FOLDING: Final = str.maketrans(
    {**dict.fromkeys("'’‘`´.·・‧•-‐‑‒–—―_@&+#*()~^\"\u200b\u200c\u200d\ufeff", "")}
    | {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"}
)
#: Pieces of 有限公司 stand in most names of companies: they would tell nothing and cost the most.
_COMMON: Final = frozenset(each.encode() for each in ("有", "限", "公", "司", "有限", "限公", "公司"))
#: So many syllables of a name are looked at.
_MAX_SYLLABLES: Final = 40
MAX_TERMS: Final = 8
#: A telephone number with blanks between its parts, or behind a plus.
_DIALLED: Final = re.compile(r"\s*(?:\+|00)?[\d\s().\-/]*\d\s*")
_ENOUGH_DIGITS: Final = 7
#: So many pieces of a number are looked up: those of its last eight digits.
_TOLD_DIGITS: Final = 6
#: Calling codes of two digits; 1 and 7 have one, all others three.
_TWO_DIGITS: Final = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")
#: How the first character of a name is said when it is a family name, where that differs.
_FAMILY_NAMES: Final = {
    "单": "shan", "仇": "qiu", "任": "ren", "区": "ou", "华": "hua", "召": "shao", "员": "yun", "宓": "mi",
    "尉": "yu", "折": "she", "曾": "zeng", "朴": "piao", "查": "zha", "洗": "xian", "盖": "ge", "秘": "bi",
    "繁": "po", "缪": "miao", "翟": "zhai", "解": "xie", "覃": "qin", "黑": "he", "乐": "yue", "冼": "xian",
    "长": "zhang", "万": "mo", "种": "chong", "重": "chong", "牟": "mu", "佴": "nai", "隗": "wei",
}  # fmt: skip
#: What can be the initials of syllables: none begins with i, u or v.
_INITIALS: Final = re.compile("[a-hj-tw-z]+")
_LONGEST_PERSON: Final = 4
_LETTERS: Final = string.ascii_lowercase


def fold(text: str) -> str:
    """A text without what people write in different ways: width, case, accents, joining signs."""
    if not text.isascii() and not _FOLDED.fullmatch(text):
        text = unicodedata.normalize("NFKC", text)
        bare = _ACCENTS.sub("", unicodedata.normalize("NFD", text.casefold()))
        text = unicodedata.normalize("NFC", bare)
    return text.lower().translate(_FOLDING)


def words_of(text: str) -> list[str]:
    """The words of a text, folded; a run of Chinese is one, and ends where other letters begin."""
    return _WORDS.findall(fold(text))


def sounds_of(name: str) -> tuple[str, ...]:
    """How the Chinese in a name is said: the whole as one word, and its initials in capitals.

    Further readings follow in pairs, where the first character may be a family name or where ü is
    typed as u. The legal form is left out.
    """
    if name.isascii():
        return ()
    chinese = "".join(word for word in words_of(bare_name(name)) if _IS_EACH.match(word))[:_MAX_SYLLABLES]
    said = [each for each in syllables(chinese) if each.isascii()]
    if not said:
        return ()
    readings = [said]
    family = _FAMILY_NAMES.get(chinese[0])
    if family is not None and family != said[0] and 1 < len(chinese) <= _LONGEST_PERSON:
        readings.append([family, *said[1:]])
    if any("v" in each for each in said):
        readings.append([each.replace("v", "u") for each in said])
    found: dict[str, None] = {}
    for reading in readings:
        found["".join(reading)] = None
        found["".join(each[0] for each in reading).upper()] = None
    return tuple(found)


def phone_words(number: str) -> Iterator[str]:
    """By what a stored number (``+8613800138000``, an extension behind ``;ext=``) is found.

    Its digits with the country code, which hold those without; and, where numbers are dialled with
    a leading zero at home, these.
    """
    digits, _, extension = number.removeprefix("+").partition(";ext=")
    if not digits.isdecimal():
        digits = "".join(each for each in digits if each.isdecimal())
    yield digits
    code = 1 if digits[:1] in ("1", "7") else 2 if _TWO_DIGITS.match(digits) else 3
    home = digits[code:]
    if digits[:1] != "1" and not (digits.startswith("86") and home.startswith("1")):
        yield f"0{home}"
    if extension:
        yield extension


def number_words(number: str) -> list[str]:
    """By what a record number (``C-000123``) is found: as it is, and without its head and zeros."""
    words = words_of(number)
    whole = "".join(words)
    if not whole.isascii():
        return words
    bare = whole.lstrip(_LETTERS).lstrip("0")
    return [whole] if bare in ("", whole) else [whole, bare]


def grams_of(words: Iterable[str]) -> list[bytes]:
    """The pieces under which an index keeps words, as UTF-8, some perhaps more than once.

    Of Chinese each character and pair, of initials every two and three, of others the first two and
    every three.
    """
    found: list[bytes] = []
    for word in words:
        if word.isascii():
            if word.isupper():
                said = word.lower().encode()
                found += [said[at : at + 2] for at in range(len(said) - 1)]
            else:
                said = word.encode()
                if len(said) > 1:
                    found.append(said[:2])
            found += [said[at : at + 3] for at in range(len(said) - 2)]
        elif _IS_EACH.match(word):
            found += _of_chinese(word)
        else:
            found += [word[at : at + 3].encode() for at in range(len(word) - 2)]
            if len(word) > 1:
                found.append(word[:2].encode())
    return found


def _of_chinese(word: str) -> list[bytes]:
    each = [character.encode() for character in word]
    return [piece for piece in (*each, *map(bytes.__add__, each, each[1:])) if piece not in _COMMON]


def exactly(name: str) -> bytes:
    """The piece that stands for a whole name, the same for all ways of writing it."""
    # A number has nothing to bare, and every record has one.
    return f"={name if name.isdecimal() and name.isascii() else bare_name(name)}".encode()


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a search."""

    word: str
    #: LIKE patterns, any of which will do.
    patterns: tuple[str, ...]
    #: What every hay that a pattern finds has among its pieces; empty when that is nothing.
    grams: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody searches for; all terms must be found."""

    terms: tuple[Term, ...]
    #: The folded text: the words with single blanks.
    text: str
    #: The piece of a record whose name, or number, is this very text.
    exact: bytes


@lru_cache(maxsize=256)
def read_words(q: str) -> Words:
    """Read what is typed into a search; no terms when nothing of it can be found."""
    found = words_of(q)
    digits = "".join(found)
    if (
        _DIALLED.fullmatch(unicodedata.normalize("NFKC", q))
        and len(digits) >= _ENOUGH_DIGITS
        and digits.isdecimal()
    ):
        found = [digits.removeprefix("00")]
    terms = [_term(word) for word in dict.fromkeys(found)]
    return Words(tuple(terms[:MAX_TERMS]), " ".join(found), exactly(q))


def _term(word: str) -> Term:
    if _IS_EACH.match(word):
        grams = [each for each in _of_chinese(word) if len(word) == 1 or each not in _alone(word)]
        return Term(word, (f"%{word}%",), tuple(dict.fromkeys(grams)))
    initials = word.upper() if _INITIALS.fullmatch(word) else ""
    if len(word) > 2:
        patterns = [f"%{word}%", *([f"%{initials}%"] if initials else [])]
        grams = [word[at : at + 3].encode() for at in _enough(word)]
    else:
        patterns = [f"% {word}%"]
        if initials:
            patterns.append(f"%{initials}%" if len(word) == 2 else f"% {initials}%")
        grams = [word.encode()] if len(word) == 2 else []
    return Term(word, tuple(patterns), tuple(dict.fromkeys(grams)))


def _enough(word: str) -> list[int]:
    """At which letters of a word the pieces begin that tell most of it; looking up all takes longer.

    The end of a long number tells more than the codes it begins with. Pieces that go from one syllable
    of pinyin to the next stand in few names; of those within a syllable as many are taken as spell the
    rest of the word.
    """
    every = range(len(word) - 2)
    if word.isdecimal():
        return list(every)[-_TOLD_DIGITS:]
    found = {at for at in every if word[at : at + 3] not in WITHIN_SYLLABLES}
    for at in range(len(word)):
        if found.isdisjoint(range(at - 2, at + 1)):
            found.add(min(at, len(word) - 3))
    return sorted(found)


def _alone(word: str) -> frozenset[bytes]:
    """The single characters of a word: its pairs imply them."""
    return frozenset(character.encode() for character in word)


def hay_of(values: Iterable[Sequence[str]]) -> str:
    """The hay of values, each its words."""
    return "".join([f" {' '.join(words)}\n" for words in values if words])


def marked(text: str, words: Words, term: Term | None = None) -> list[tuple[int, int]]:
    """Which characters of a text the words of a search stand for: ``[(from, to)]``, joined and in order.

    Chinese is marked by how it is said as well: ``zs`` marks all of 张三. One ``term`` may be asked for
    alone.
    """
    letters, places = _spelled(text)
    said = _said(text)
    found: set[int] = set()
    for each in (term,) if term is not None else words.terms:
        for written, at in ((letters, places), *said):
            begin = written.find(each.word)
            if begin >= 0:
                found.update(at[begin : begin + len(each.word)])
                break
    marks: list[tuple[int, int]] = []
    shown = set(places)
    for place in sorted(found):
        # A hyphen or a dot between two of them belongs to both.
        if marks and shown.isdisjoint(range(marks[-1][1], place)):
            marks[-1] = (marks[-1][0], place + 1)
        else:
            marks.append((place, place + 1))
    return marks


def _spelled(text: str) -> tuple[str, list[int]]:
    """A text folded letter by letter, and from which of its characters each letter came."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        folded = fold(character)
        letters.append(folded)
        places.extend([place] * len(folded))
    return "".join(letters), places


def _said(text: str) -> list[tuple[str, list[int]]]:
    """The same of how the Chinese in a text is said: as pinyin, and as initials."""
    chinese = [place for place, character in enumerate(text) if _IS_EACH.match(character)]
    if not chinese:
        return []
    syllables_ = syllables("".join(text[place] for place in chinese))
    pairs = [(place, said) for place, said in zip(chinese, syllables_, strict=False) if said.isascii()]
    whole = "".join(said for _place, said in pairs), [place for place, said in pairs for _ in said]
    initials = "".join(said[0] for _place, said in pairs), [place for place, _said in pairs]
    return [initials, whole]
