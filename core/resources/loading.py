"""Inputs read as their schema reads them, in a tenth of the time.

The schema stays the definition. A loader knows for each kind of value the common forms whose reading
is plain (text that is printable and composed, digits, a mobile number); anything else, and every
error, goes to the schema itself, so the two cannot disagree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate

from core.resources.declaration import Resource
from core.resources.resolver import Resolver
from core.resources.schemas import MAX_LINES, input_schema
from core.resources.values import (
    MAX_KEY,
    ChoiceValue,
    CodeValue,
    DayValue,
    EmailValue,
    Habits,
    IntegerValue,
    LinkValue,
    PhoneValue,
    TextValue,
    Value,
)

#: What a quick reader gives for a value that only the schema can read.
UNSURE: Final = object()
#: Values remembered by a field whose values repeat (a tag, a day, a web address).
_REMEMBERED: Final = 5000

_MOBILE: Final = re.compile(r"1(?:[3-689]\d|7[0-8])\d{8}", re.ASCII)
_MOBILE_ABROAD: Final = re.compile(r"\+861(?:[3-689]\d|7[0-8])\d{8}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+")

Quick = Callable[[Any], Any]


class Loader:
    """Reads inputs of one shape."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._readers = {name: _quick(field) for name, field in schema.load_fields.items()}
        self._needed = frozenset(name for name, field in schema.load_fields.items() if field.required)

    def load(self, raw: Any, *, partial: bool) -> dict[str, Any]:
        """The values of an input by field name, as the schema gives them.

        Args:
            raw: values by field name.
            partial: nothing has to be there.

        Raises:
            marshmallow.ValidationError: some value is not right.
        """
        values = self.quick(raw, partial=partial)
        if values is UNSURE:
            loaded: dict[str, Any] = self._schema.load(raw, partial=partial)
            return loaded
        return values  # type: ignore[no-any-return]

    def quick(self, raw: Any, *, partial: bool) -> Any:
        """The values, or `UNSURE` where the schema has to look."""
        if type(raw) is not dict:
            return UNSURE
        if not partial and not self._needed <= raw.keys():
            return UNSURE
        values: dict[str, Any] = {}
        readers = self._readers
        for name, given in raw.items():
            read = readers.get(name)
            value = UNSURE if read is None else read(given)
            if value is UNSURE:
                return UNSURE
            values[name] = value
        return values


def input_loader(resource: Resource, resolver: Resolver, habits: Habits) -> Loader:
    """A loader for what a reader may write of ``resource``; see `input_schema`."""
    return _loader(input_schema(resource, resolver, habits))


@lru_cache(maxsize=1024)
def _loader(schema: Schema) -> Loader:
    return Loader(schema)


def _quick(field: Any) -> Quick:
    """A reader for the plain forms of a field's values."""
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        return _quick_lines(field)
    if not isinstance(field, Value):
        return lambda _value: UNSURE
    make = _MAKERS.get(type(field))
    read = make(field) if make is not None else None
    if read is None:
        return _remembering(field)
    known = _or_as_the_field_reads(read, field)
    if not field.allow_none:
        return known
    return lambda value: None if value is None or value == "" else known(value)


def _quick_lines(field: fields.List[Any]) -> Quick:
    loader = Loader(field.inner.schema)  # type: ignore[attr-defined]

    def read(value: Any) -> Any:
        if type(value) is not list or len(value) > MAX_LINES:
            return UNSURE
        lines = [loader.quick(line, partial=False) for line in value]
        return UNSURE if any(line is UNSURE for line in lines) else lines

    return read


def _or_as_the_field_reads(read: Quick, field: Value) -> Quick:
    """A reader of plain forms; of others the field itself reads what it understands."""

    def known(value: Any) -> Any:
        found = read(value)
        if found is not UNSURE:
            return found
        try:
            return field.deserialize(value)
        except ValidationError:
            return UNSURE

    return known


def _remembering(field: Value) -> Quick:
    """The field's own reading; what a text means is worked out once."""
    known: dict[str, Any] = {}

    def read(value: Any) -> Any:
        found = known.get(value, UNSURE) if type(value) is str else UNSURE
        if found is UNSURE:
            try:
                found = field.deserialize(value)
            except ValidationError:
                return UNSURE
            if type(value) is str and len(value) < 100:
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[value] = found
        return list(found) if type(found) is list else found

    return read


def _quick_text(field: TextValue) -> Quick | None:
    most = next((each.max for each in field.validators if isinstance(each, validate.Length)), None)
    if most is None or len(field.validators) != 1:
        return None

    def read(value: Any) -> Any:
        if type(value) is not str:
            return UNSURE
        text = value.strip()
        # A printable text holds no control characters, no halves of pairs, and no line breaks.
        plain = 0 < len(text) <= most and text.isprintable()
        return text if plain and (text.isascii() or unicodedata.is_normalized("NFC", text)) else UNSURE

    return read


def _quick_code(field: CodeValue) -> Quick | None:
    read_text = _quick_text(field)
    if read_text is None:
        return None

    def read(value: Any) -> Any:
        text = read_text(value)
        return text.upper() if text is not UNSURE and text.isascii() and text.isalnum() else UNSURE

    return read


def _quick_choice(field: ChoiceValue) -> Quick:
    known = {each.value: each.value for each in field.choices}
    return lambda value: known.get(value.strip(), UNSURE) if type(value) is str else UNSURE


def _quick_phone(field: PhoneValue) -> Quick:
    at_home = field.country == "CN"

    def read(value: Any) -> Any:
        if type(value) is not str:
            return UNSURE
        text = value.strip()
        if at_home and _MOBILE.fullmatch(text):
            return f"+86{text}"
        return text if _MOBILE_ABROAD.fullmatch(text) else UNSURE

    return read


def _quick_email(field: EmailValue) -> Quick:
    def read(value: Any) -> Any:
        if type(value) is not str:
            return UNSURE
        text = value.strip()
        if len(text) > 254 or not _EMAIL.fullmatch(text):
            return UNSURE
        local, _, domain = text.rpartition("@")
        return f"{local}@{domain.lower()}"

    return read


def _quick_integer(field: IntegerValue) -> Quick:
    def read(value: Any) -> Any:
        if type(value) is int:
            return value if -(2**31) <= value < 2**31 else UNSURE
        text = value.strip() if type(value) is str else ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else UNSURE

    return read


def _quick_link(field: LinkValue) -> Quick:
    return lambda value: value if type(value) is int and 0 < value <= MAX_KEY else UNSURE


def _quick_day(field: DayValue) -> Quick:
    def read(value: Any) -> Any:
        if type(value) is date:
            return value
        text = value.strip() if type(value) is str else ""
        try:
            return date.fromisoformat(text) if _DAY.fullmatch(text) else UNSURE
        except ValueError:
            return UNSURE

    return read


#: By the very class of a field: a subclass may read otherwise.
_MAKERS: Final[Mapping[type[Value], Callable[[Any], Quick | None]]] = {
    TextValue: _quick_text,
    CodeValue: _quick_code,
    ChoiceValue: _quick_choice,
    PhoneValue: _quick_phone,
    EmailValue: _quick_email,
    IntegerValue: _quick_integer,
    LinkValue: _quick_link,
    DayValue: _quick_day,
}
