"""Reading a card: numbers and addresses are taken out of each line, what is left is told by its words."""

# Chinese as data

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import phonenumbers

from addons.customer.cards import words
from addons.customer.cards.addresses import (
    PROVINCE_OF,
    Address,
    chinese_address,
    country_in,
    western_address,
)

#: A card holds no more than this; the rest is not looked at.
MAX_LENGTH: Final = 5000
MAX_LINE: Final = 500

_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_SEPARATORS: Final = re.compile(r"\s*[|｜丨│/／•·]\s*|\s{2,}|\t+|\s+[-–—]\s+|[;；]")
_NUMBER: Final = re.compile(
    r"(?<![\w@.])(?P<number>(?:\+|00)?\(?\d[\d ().\-–/]{5,22}\d)"
    r"(?:\s*(?:转|轉|ext\.?|x|#|-)\s*(?P<extension>\d{1,6}))?(?![\w@])",
    re.IGNORECASE,
)
_LABELLED: Final = {
    kind: re.compile(
        rf"(?:^|[\s,，、|/(（:：.])(?:{label})(?:\s*/\s*(?:微信|we\s*chat))?\s*[:：.)）]?\s*$", re.IGNORECASE
    )
    for kind, label in words.PHONE_LABELS.items()
}
_CHINESE_MOBILE: Final = re.compile(r"(?:\+?86)?1[3-9]\d{9}$")
_WESTERN_NAME: Final = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Dr|Prof|Dipl\.-Ing|Ing)\.?\s+)*"
    r"(?:[A-ZÀ-ÖØ-Þ][\w'’À-ÿ-]*\.?|van|von|de|der|la|di|da|del|bin|al|el)(?:\s+(?:[A-ZÀ-ÖØ-Þ][\w'’À-ÿ-]*\.?|van|von|de|der|la|di|da|del|bin|al|el)){1,3}"
)
#: One number for both.
_BOTH: Final = re.compile(r"(?:tel|phone|电\s*话|電話|t)\.?\s*[/&+]\s*(?:fax|传\s*真|傳真|f)", re.IGNORECASE)
_AREA: Final = re.compile(r"\(?(0\d{2,3})[)\s-]")
_SAME_WECHAT: Final = re.compile(r"[（(]?\s*(?:微信同号|同微信|微信同號|同微信号|微信同步)\s*[)）]?")
_BRACKETS: Final = re.compile(r"([^（(]+)[（(]([^）)]+)[）)]")
_ADDRESSED: Final = re.compile(r"(?:先生|女士|小姐)$")
#: Characters a Chinese title begins with, which are then no end of a name.
_RANKS: Final = "总副董首"
_HONORIFIC: Final = re.compile(r"^(?:(?:Mr|Mrs|Ms|Miss|Dipl\.-Ing|Ing)\.?\s+)+")
_DEGREES: Final = re.compile(r",?\s+(?:PhD|Ph\.D\.|MBA|M\.?Sc\.?|B\.?Sc\.?|CPA|PMP|FCA|Esq\.?)$")


@dataclass(frozen=True, slots=True)
class CardPhone:
    """A telephone number on a card and what it is for: mobile, work or fax."""

    kind: str
    number: str


@dataclass(slots=True)
class Card:
    """What a card says; empty where it says nothing."""

    company: str = ""
    name: str = ""
    job_title: str = ""
    department: str = ""
    phones: list[CardPhone] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    website: str = ""
    wechat: str = ""
    address: Address = field(default_factory=Address)

    def phone(self, *kinds: str) -> str:
        """The first number of the first of these kinds there is; empty for none."""
        return next((each.number for kind in kinds for each in self.phones if each.kind == kind), "")


def read_card(text: str, *, country: str = "CN") -> Card:
    """Read the text of a business card.

    Args:
        text: as it was typed, copied or recognised, in several lines.
        country: where a number without a prefix belongs (ISO 3166).
    """
    card = Card()
    rest: list[str] = []
    addresses: list[str] = []
    for line in _lines(text):
        left = _take_out(card, line, country)
        if not left:
            continue
        if words.ADDRESS_LABEL.match(left) or _is_address(left):
            addresses.append(words.ADDRESS_LABEL.sub("", left).strip())
        elif addresses and _continues(left):
            addresses.append(left)
        else:
            rest.append(left)
    _read_address(card, addresses)
    _read_people(card, rest)
    return card


def _lines(text: str) -> Iterator[str]:
    for line in (
        unicodedata.normalize("NFC", text[:MAX_LENGTH]).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ):
        folded = "".join(_half(each) for each in line)
        if folded.strip():
            yield folded.strip()[:MAX_LINE]


def _half(character: str) -> str:
    """Full-width letters, digits and signs as half-width ones; Chinese brackets and commas stay."""
    if "\uff10" <= character <= "\uff5a" or character in "＋－．＠／：｜":
        return unicodedata.normalize("NFKC", character)
    return " " if character in "\u3000\u00a0" else character


# Numbers, addresses of mail and web


def _take_out(card: Card, line: str, country: str) -> str:
    """Take what can be told by its form out of a line; give what is left."""
    line = words.OTHER_NUMBERS.sub(" ", line)
    for mail in words.EMAIL.findall(line):
        if mail.lower() not in (each.lower() for each in card.emails):
            card.emails.append(mail)
    line = words.EMAIL.sub(" ", line)
    is_wechat_too = _SAME_WECHAT.search(line) is not None
    line = _SAME_WECHAT.sub(" ", line)
    if found := words.WECHAT.search(line):
        digits = re.sub(r"\D", "", found[1])
        card.wechat = card.wechat or found[1]
        is_number = bool(_CHINESE_MOBILE.fullmatch(digits))
        line = line[: found.start()] + (f" {found[1]} " if is_number else " ") + line[found.end() :]
    if found := words.URL.search(line):
        card.website = card.website or found[0].rstrip("./").replace("Http", "http", 1)
        line = words.URL.sub(" ", line)
    line = _take_phones(card, line, country)
    if is_wechat_too and not card.wechat:
        card.wechat = card.phone("mobile").removeprefix("+86")
    line = re.sub(r"[:：,，|｜/\s]+$", "", line).strip(" ,，|｜/-–—·•")
    return "" if _is_only_labels(line) else line


def _is_only_labels(text: str) -> bool:
    """Whether nothing is left of a line but the labels of what was taken out."""
    return all(words.LABEL.fullmatch(part) for part in re.split(r"[\s:：,，.、|/()（）+-]+", text) if part)


def _take_phones(card: Card, line: str, country: str) -> str:
    left, last, kind, area = "", 0, "", ""
    for found in _NUMBER.finditer(line):
        before = line[last : found.start()]
        labelled = next((each for each, label in _LABELLED.items() if label.search(before)), "")
        if labelled == "fax" and _BOTH.search(before):
            labelled = "work"
        # several numbers behind one label
        kind = labelled or (kind if re.fullmatch(r"[\s,，、/;；]*", before) else "")
        text, extension = _extension(found["number"], found["extension"])
        if country == "CN" and area and re.fullmatch(r"\d[\d ]{5,8}\d", text):
            text = area + text
        area = found_area[1] if (found_area := _AREA.match(text)) else area
        number = _phone(text, country)
        if number is None or (not kind and _is_address(line)):
            left += line[last : found.end()]
            last = found.end()
            continue
        told = "mobile" if _is_mobile(number) and (not kind or number.startswith("+861")) else kind or "work"
        written = number + (f";ext={extension}" if extension else "")
        if all(each.number != written for each in card.phones):
            card.phones.append(CardPhone(told, written))
        for label in _LABELLED.values():
            before = label.sub(" ", before)
        left += before
        last = found.end()
    return left + line[last:]


def _extension(number: str, extension: str | None) -> tuple[str, str]:
    """A number and its extension; one that only a dash sets apart is found by what stands before it."""
    if extension is None and (
        found := re.fullmatch(r"(\(?0\d{2,3}\)?[ -]?\d{3,4} ?\d{4})-(\d{1,6})", number)
    ):
        return found[1], found[2]
    return number, extension or ""


def _phone(text: str, country: str) -> str | None:
    digits = re.sub(r"\D", "", text)
    if len(digits) < 7 or re.fullmatch(r"(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?", text.strip()):
        return None
    try:
        number = phonenumbers.parse(re.sub(r"\(0\)", "", text.replace("–", "-")), country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_mobile(number: str) -> bool:
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    return kind == phonenumbers.PhoneNumberType.MOBILE


# Addresses


def _is_address(line: str) -> bool:
    if words.ADDRESS_LABEL.match(line):
        return True
    if _HAN.search(line):
        if words.CHINESE_COMPANY.search(line) and not re.search(r"\d", line):
            return False
        marks = len(words.CHINESE_PLACE.findall(line))
        begins = line.startswith(("中国", *PROVINCE_OF)) or re.match(r".{2,3}[省市]", line) is not None
        return (marks >= 2 and bool(re.search(r"\d", line) or begins)) or (begins and marks >= 2)
    if re.search(r"\d", line) is None:
        return False
    return bool(words.STREET.search(line)) or (
        line.count(",") >= 2 and re.search(r"\b\d{4,6}\b", line) is not None
    )


def _continues(line: str) -> bool:
    """Whether a line behind an address is its next line: a postcode and a place, or a country."""
    if re.fullmatch(r"(?:邮\s*编|邮政编码|P\.?C\.?|postcode)?\s*[:：]?\s*\d{6}", line, re.IGNORECASE):
        return True
    is_place = not _HAN.search(line) and re.search(r"\d{4,6}|\b[A-Z]{1,2}\d", line) is not None
    return bool(country_in(line)) or is_place


def _read_address(card: Card, lines: list[str]) -> None:
    chinese = [line for line in lines if _HAN.search(line)]
    if chinese:
        also = [line for line in lines if re.fullmatch(r"\D{0,8}\d{6}", line)]
        card.address = chinese_address(" ".join(dict.fromkeys([chinese[0], *also])))
    elif lines:
        card.address = western_address(", ".join(lines))


# Who


def _read_people(card: Card, lines: list[str]) -> None:
    """Tell company, person, title and department apart, Chinese before Western where a card says both."""
    parts = [part for line in lines for part in _parts(line)]
    companies = [part for part in parts if _is_company(part)]
    left = [part for part in parts if part not in companies]
    titles, names, departments, unknown = [], [], [], []
    for part in left:
        if _is_title(part):
            titles.append(part)
        elif words.CHINESE_DEPARTMENT.match(part) or words.WESTERN_DEPARTMENT.search(part):
            departments.append(part)
        elif _is_name(part):
            names.append(part)
        else:
            unknown.append(part)
    card.company = _first(companies)
    chinese = [name for name in names if _HAN.search(name)]
    card.name = _ADDRESSED.sub("", re.sub(r"\s+", "", chinese[0])) if chinese else _western_name(names, card)
    card.job_title = _all(titles)
    card.department = _first(departments)
    if not card.company:
        others = [part for part in [*unknown, *names] if part != card.name and _is_worded(part)]
        others = [part for part in others if not chinese or part not in chinese]
        card.company = others[0] if others else ""
    if not card.department and (
        found := re.match(
            r"^([\u4e00-\u9fff]{2,8}(?:部|处|科|室|中心))([\u4e00-\u9fff]{2,10})$", card.job_title
        )
    ):
        card.department, card.job_title = found[1], found[2]


def _first(found: list[str]) -> str:
    """The first Chinese one, else the first."""
    return next((each for each in found if _HAN.search(each)), found[0] if found else "")


def _all(found: list[str]) -> str:
    """All Chinese ones, else all others: somebody may be both founder and director."""
    chinese = [each for each in found if _HAN.search(each)]
    return "、".join(dict.fromkeys(chinese)) if chinese else ", ".join(dict.fromkeys(found[:2]))


def _western_name(names: list[str], card: Card) -> str:
    """The name the mail address confirms, else the first."""
    local = card.emails[0].partition("@")[0].lower() if card.emails else ""
    confirmed = [
        each for each in names if any(len(word) > 2 and word.lower() in local for word in each.split())
    ]
    found = (confirmed or names or [""])[0]
    found = _HONORIFIC.sub("", _DEGREES.sub("", found))
    return " ".join(word.title() if word.isupper() and len(word) > 2 else word for word in found.split())


def _parts(line: str) -> Iterator[str]:
    """The things one line says: a name and a title beside each other, with or without a sign between."""
    line = words.LABELS.sub("", line).strip()
    if _is_company(line):
        yield line
        return
    for part in (each.strip(" ,，、") for each in _SEPARATORS.split(line)):
        if part:
            yield from _split_name(words.LABELS.sub("", part))


def _split_name(part: str) -> Iterator[str]:
    found = _BRACKETS.fullmatch(part)
    if found and (_is_name(found[1].strip()) or _is_title(found[1].strip())):
        for piece in (found[1], found[2]):
            yield from _split_name(piece.strip())
        return
    pieces = part.split()
    if _HAN.search(part):
        if len(pieces) > 1 and not _is_chinese_name("".join(pieces)):
            for piece in _joined(pieces):
                yield from _split_name(piece)
            return
        # 王芳总经理, without anything between
        for length in (3, 2, 4):
            head, tail = part[:length], part[length:]
            if (
                head[-1] in _RANKS
                or head[:2] in words.NO_NAMES
                or _is_title(head)
                or not _is_chinese_name(head)
            ):
                continue
            if words.CHINESE_TITLE.search(tail) is not None:
                yield from (head, tail)
                return
        yield part
        return
    if "," in part:
        head, _, tail = part.partition(",")
        if (
            _WESTERN_NAME.fullmatch(head.strip())
            and words.WESTERN_TITLE.search(tail)
            and not words.WESTERN_TITLE.search(head)
        ):
            yield from (head.strip(), tail.strip())
            return
    yield part


def _joined(pieces: list[str]) -> Iterator[str]:
    """Pieces between blanks; single characters belong together (王 芳), and so do Latin words."""
    held: list[str] = []
    for piece in [*pieces, ""]:
        is_latin = piece != "" and not _HAN.search(piece)
        if held and (
            piece == ""
            or is_latin is not (not _HAN.search(held[-1]))
            or (not is_latin and len(piece) > 1)
            or (not is_latin and len(held[-1]) > 1)
        ):
            yield (" " if not _HAN.search(held[-1]) else "").join(held)
            held = []
        if piece:
            held.append(piece)


def _is_company(part: str) -> bool:
    if _HAN.search(part):
        return words.CHINESE_COMPANY.search(part) is not None and len(part) >= 4 and not _is_title(part)
    return (
        words.WESTERN_COMPANY.search(part.replace(".", "")) is not None
        and len(part.split()) >= 2
        and not re.match(r"(?:head|director|manager|vice|president|senior|lead|chief)\b", part, re.IGNORECASE)
    )


def _is_title(part: str) -> bool:
    if _HAN.search(part):
        return words.CHINESE_TITLE.search(part) is not None and len(part) <= 24
    return words.WESTERN_TITLE.search(part) is not None and len(part.split()) <= 9


def _is_name(part: str) -> bool:
    if _HAN.search(part):
        return _is_chinese_name(re.sub(r"[\s()（）]|先生|女士|小姐", "", part))
    return _WESTERN_NAME.fullmatch(_DEGREES.sub("", part)) is not None


def _is_chinese_name(text: str) -> bool:
    if re.fullmatch(r"[\u3400-\u9fff]{2,4}", text) is None:
        return False
    if text.startswith(words.DOUBLE_SURNAMES):
        return len(text) >= 3
    return text[0] in words.SURNAMES and len(text) <= 3


def _is_worded(part: str) -> bool:
    """Whether something without a mark of its own may be what a company is called."""
    return sum(each.isalpha() for each in part) > 2
