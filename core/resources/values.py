"""One marshmallow field for each kind of value: what comes in, whoever sends it, passes here.

The same fields read the body of the API, a form, a cell of an import and the value of a filter, so
a rule about a kind of value is written once. Blank text counts as no value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import phonenumbers
from marshmallow import ValidationError, fields, missing, validate

from core.db.fields import Choice, Kind, Word
from core.db.tenancy import Tenant
from core.i18n import Lazy, _l

MAX_KEY: Final = 2**63 - 1
MAX_TAGS: Final = 50

_MESSAGES: Final[Mapping[str, Any]] = {
    "required": _l("This is needed."),
    "null": _l("This is needed."),
    "validator_failed": _l("This value is not right."),
}
#: An extension behind its word, or behind a dash after a whole number.
_EXTENSION = re.compile(r"(?:转|ext\.?|#|(?<=\d{7})-|(?<=\d{4}[ -]\d{4})-)\s*(\d{1,6})\s*$", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SEPARATORS = re.compile(r"[,，;；、\n]")
_EMAIL = re.compile(r"[^@\s,;<>\"'()\[\]]{1,64}@[^@\s,;<>\"'()\[\].]+(?:\.[^@\s,;<>\"'()\[\].]+)+")
#: Control and format characters and halves of surrogate pairs; nobody types them into an address.
_INVISIBLE: Final = ("Cc", "Cf", "Cs")
#: The years every zone and every reader's calendar can show.
_YEARS: Final = range(1000, 9999)


@dataclass(frozen=True, slots=True)
class Habits:
    """What a value without further word means: its country and its zone."""

    country: str = "CN"
    timezone: str = "Asia/Shanghai"

    @classmethod
    def of(cls, tenant: Tenant) -> Habits:
        """The habits of a tenant."""
        return cls(tenant.country, tenant.timezone)


class Value(fields.Field[Any]):
    """A value that may be blank; blank is None."""

    default_error_messages = dict(_MESSAGES)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Take blank text as None, then read the rest."""
        if value is missing and not self.required:  # as the base class has it, in a third of the time
            return missing
        if isinstance(value, str):
            value = value.strip() or None
        return super().deserialize(value, attr, data, **kwargs)


class TextValue(Value):
    """Text without control characters, in composed form."""

    def __init__(self, *, multiline: bool = False, max_length: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.multiline = multiline
        if max_length is not None:
            too_long = _l("At most %(max)s characters fit here.", max=max_length)
            self.validators = [*self.validators, validate.Length(max=max_length, error=too_long)]  # type: ignore[arg-type]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError([_l("This must be text.")])
        text = unicodedata.normalize("NFC", value.replace("\r\n", "\n"))
        allowed = "\n\t" if self.multiline else "\t"
        if any(unicodedata.category(each) in ("Cc", "Cs") and each not in allowed for each in text):
            raise ValidationError(
                [_l("This holds characters that cannot be stored (a line break or a control character).")]
            )
        return text


class CodeValue(TextValue):
    """A number somebody else has given; blanks fall away, letters become capitals."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        return "".join(unicodedata.normalize("NFKC", text).split()).upper()


class ChoiceValue(Value):
    """One of a closed list, by its stored value."""

    def __init__(self, choices: type[Choice], **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return self.choices(value).value  # type: ignore[call-arg]
        except ValueError:
            known = ", ".join(self.choices)
            raise ValidationError(
                [_l("“%(value)s” is not one of: %(known)s.", value=str(value)[:60], known=known)]
            ) from None


class PhoneValue(Value):
    """A telephone number as people write it; becomes E.164, an extension behind ``;ext=``."""

    def __init__(self, country: str, **options: Any) -> None:
        super().__init__(**options)
        self.country = country

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError([_l("This must be text.")])
        text = unicodedata.normalize("NFKC", value)
        extension, is_whole = "", True
        if ";ext=" in text:
            text, _, extension = text.partition(";ext=")
            is_whole = extension.isascii() and extension.isdigit() and len(extension) <= 6
        elif match := _EXTENSION.search(text):
            text, extension = text[: match.start()], match[1]
        try:
            number = phonenumbers.parse(text, self.country)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not is_whole or not phonenumbers.is_possible_number(number):
            raise ValidationError([_l("“%(value)s” is no telephone number.", value=value[:40])])
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return f"{written};ext={extension}" if extension else written


class EmailValue(Value):
    """A mail address; its domain becomes lower case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = unicodedata.normalize("NFKC", value) if isinstance(value, str) else ""
        if (
            len(text) > 254
            or not _EMAIL.fullmatch(text)
            or any(unicodedata.category(each) in _INVISIBLE for each in text)
        ):
            raise ValidationError([_l("“%(value)s” is no mail address.", value=str(value)[:60])])
        local, _, domain = text.rpartition("@")
        return f"{local}@{domain.lower()}"


class UrlValue(Value):
    """The address of a web page: ``example.com`` becomes one a browser opens."""

    def __init__(self, *, max_length: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = unicodedata.normalize("NFKC", value) if isinstance(value, str) else ""
        address = text if "://" in text else f"https://{text}"
        try:
            parts = urlsplit(address)
            fits = parts.scheme in ("http", "https") and "." in (parts.hostname or "")
        except ValueError:
            fits = False
        is_odd = any(each.isspace() or unicodedata.category(each) in _INVISIBLE for each in address)
        if not fits or is_odd or len(address) > (self.max_length or 2000):
            message = _l("“%(value)s” is no web address; write www.example.com.", value=str(value)[:60])
            raise ValidationError([message])
        return address


class IntegerValue(Value):
    """A whole number of 32 bits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        try:
            number = int(text) if "_" not in text else None
        except ValueError:
            number = None
        if number is None or not -(2**31) <= number < 2**31:
            raise ValidationError([_l("“%(value)s” is no whole number.", value=str(value)[:40])])
        return number


class LinkValue(Value):
    """The number of another record."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_KEY):
            raise ValidationError([_l("A link is the number of a record.")])
        return int(text)


class FlagValue(Value):
    """Yes or no, also as people write it in a table."""

    _WORDS: Final[Mapping[str, bool]] = {
        "true": True, "1": True, "yes": True, "y": True, "on": True, "是": True, "有": True,
        "false": False, "0": False, "no": False, "n": False, "off": False, "否": False, "无": False,
    }  # fmt: skip

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        known = self._WORDS.get(str(value).lower())
        if known is None:
            raise ValidationError([_l("Write yes or no.")])
        return known


class DayValue(Value):
    """A calendar day, ``YYYY-MM-DD``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else _fail()
        except ValueError:
            raise ValidationError(
                [_l("“%(value)s” is no day; write 2026-01-31.", value=str(value)[:40])]
            ) from None


class InstantValue(Value):
    """A moment in RFC 3339; without a zone it is read in the tenant's. Becomes UTC."""

    def __init__(self, timezone: str, **options: Any) -> None:
        super().__init__(**options)
        self.timezone = ZoneInfo(timezone)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            moment = (
                value
                if isinstance(value, datetime)
                else datetime.fromisoformat(value if isinstance(value, str) else _fail())
            )
            local = moment if moment.tzinfo is not None else moment.replace(tzinfo=self.timezone)
            return local.astimezone(UTC) if local.year in _YEARS else _fail()
        except (ValueError, OverflowError):
            shown = str(value)[:40]
            raise ValidationError(
                [_l("“%(value)s” is no date and time; write 2026-01-31T09:30.", value=shown)]
            ) from None


class TagsValue(Value):
    """Short words: a list, or text with commas between them. Kept in order, each once."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        parts = _SEPARATORS.split(value) if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(each, str) for each in parts):
            raise ValidationError([_l("Write tags as a list of words.")])
        word = TextValue(max_length=40)
        found = dict.fromkeys(word.deserialize(each) for each in parts if each.strip())
        if len(found) > MAX_TAGS:
            raise ValidationError([_l("At most %(max)s tags fit here.", max=MAX_TAGS)])
        return list(found)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """No tags are an empty list, never None."""
        return super().deserialize([] if value is None or value == "" else value, attr, data, **kwargs)


def _fail() -> Any:
    raise ValueError


_MAKERS: Final[Mapping[Kind, Callable[[Word, Habits, dict[str, Any]], Value]]] = {
    Kind.TEXT: lambda word, habits, options: (CodeValue if word.is_code else TextValue)(
        max_length=word.max_length, **options
    ),
    Kind.PICK: lambda word, habits, options: TextValue(max_length=word.max_length, **options),
    Kind.MULTILINE: lambda word, habits, options: TextValue(
        multiline=True, max_length=word.max_length, **options
    ),
    Kind.CHOICE: lambda word, habits, options: ChoiceValue(word.choices or Choice, **options),
    Kind.PHONE: lambda word, habits, options: PhoneValue(habits.country, **options),
    Kind.EMAIL: lambda word, habits, options: EmailValue(**options),
    Kind.URL: lambda word, habits, options: UrlValue(max_length=word.max_length, **options),
    Kind.INTEGER: lambda word, habits, options: IntegerValue(**options),
    Kind.FLAG: lambda word, habits, options: FlagValue(**options),
    Kind.DAY: lambda word, habits, options: DayValue(**options),
    Kind.INSTANT: lambda word, habits, options: InstantValue(habits.timezone, **options),
    Kind.LINK: lambda word, habits, options: LinkValue(**options),
    Kind.TAGS: lambda word, habits, options: TagsValue(**options),
}


def value_of(word: Word, habits: Habits, **options: Any) -> Value:
    """The marshmallow field that reads values of ``word``."""
    return _MAKERS[word.kind](word, habits, options)


@lru_cache(maxsize=4096)
def reader_of(word: Word, habits: Habits) -> Value:
    """A shared field for reading single values, of a filter for instance."""
    return value_of(word, habits)


def first_message(error: ValidationError) -> str | Lazy:
    """The sentence of an error about a single value."""
    messages: Any = error.messages
    while isinstance(messages, list | Mapping):
        messages = messages[0] if isinstance(messages, list) else next(iter(messages.values()))
    found: str | Lazy = messages
    return found
