"""Filling a template with a record, through the rights of whoever reads: nothing else is ever read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.db.fields import Kind, Word
from core.db.session import tenant_of
from core.errors import NotFound
from core.messages.declaration import Texts
from core.messages.tags import SENDER, TODAY, Tag, parse, path_of, tags_in
from core.messages.writing import MASK, Writer
from core.resources.declaration import Resource, resource_named
from core.resources.gateway import Gateway
from core.resources.resolver import Answer, UnknownField
from core.resources.values import Habits

#: A place from which records are read: the links that lead there, behind "sender" where it is one of him.
_Place = tuple[str, ...]


class Why(StrEnum):
    """Why nothing, or a mask, stands in the place of a tag."""

    EMPTY = "empty"
    #: Hidden from the reader, or not there (any more): the same answer.
    HIDDEN = "hidden"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Gap:
    """A tag for which there is no value."""

    tag: str
    why: Why


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message that was filled."""

    subject: str
    text: str
    gaps: Sequence[Gap] = ()
    #: The mail address it goes to; empty where the reader knows none.
    to: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a path leads to."""

    kind: Kind = Kind.TEXT
    word: Word | None = None
    value: Any = None
    why: Why | None = None


_HIDDEN: Final = _Found(why=Why.HIDDEN)
_EMPTY: Final = _Found(why=Why.EMPTY)


def render(
    gateway: Gateway, texts: Texts, resource: Resource, record_id: int, language: str, *, to: str = ""
) -> Rendered:
    """Fill the words of a template.

    Args:
        gateway: of whoever reads; what is hidden from him stays empty, what is masked is a mask.
        texts: with tags that can be read.
        resource: what they are about.
        record_id: which of its records.
        language: of the words.
        to: the path of the mail address; the record's first one where there is none.

    Raises:
        NotFound: the record is not there, or not within reach.
        BadTag: a tag cannot be read.
    """
    tags = tags_in(texts.subject, texts.text)
    addressed = path_of(to) if to else _first_address(gateway, resource)
    reading = _Reading(gateway, resource, record_id, [*tags, *([addressed] if addressed else [])])
    writer = Writer(language, Habits.of(tenant_of(gateway.session)))
    found = {tag: reading.find(tag.path) for tag in tags}

    def filled(text: str) -> str:
        return "".join(
            piece if isinstance(piece, str) else _written(writer, piece, found[piece])
            for piece in parse(text)
        )

    gaps = [Gap(str(tag), each.why) for tag, each in found.items() if each.why is not None]
    address = reading.find(addressed.path) if addressed else _EMPTY
    mail = str(address.value) if address.why is None and address.kind is Kind.EMAIL else ""
    subject = " ".join(filled(texts.subject).split())
    return Rendered(subject, filled(texts.text), gaps, mail)


def _written(writer: Writer, tag: Tag, found: _Found) -> str:
    if found.why is not None:
        return MASK if found.why is Why.MASKED else ""
    return writer.write(found.kind, found.word, found.value, tag.filters)


def _first_address(gateway: Gateway, resource: Resource) -> Tag | None:
    fields = gateway.resolver.visible(resource)
    return next((Tag((each.name,)) for each in fields if each.word.kind is Kind.EMAIL), None)


class _Reading:
    """Reads what some tags need, each record once."""

    def __init__(self, gateway: Gateway, resource: Resource, record_id: int, tags: Sequence[Tag]) -> None:
        self._gateway = gateway
        self._resource = resource
        self._number = record_id
        #: The fields wanted of the record at each place.
        self._wanted: dict[_Place, dict[str, None]] = defaultdict(dict)
        for tag in tags:
            for position, name in enumerate(tag.path):
                self._wanted[tag.path[:position]][name] = None
        self._read: dict[_Place, Mapping[str, Any] | None] = {}
        if self._record((), resource, record_id) is None:
            raise NotFound

    def find(self, path: _Place) -> _Found:
        """What a path leads to for the reader."""
        place: _Place = ()
        at, number = self._resource, self._number
        if path == (TODAY,):
            zone = ZoneInfo(tenant_of(self._gateway.session).timezone)
            return _Found(Kind.DAY, value=datetime.now(UTC).astimezone(zone).date())
        if path[0] == SENDER and len(path) > 1:
            if self._gateway.actor.user_id is None:
                return _EMPTY
            place, at, number = (SENDER,), resource_named("core.user"), self._gateway.actor.user_id
        for position in range(len(place), len(path)):
            name, is_last = path[position], position == len(path) - 1
            try:
                field = self._gateway.resolver.field(at, name)
            except UnknownField:
                return _HIDDEN
            if self._gateway.resolver.answer(field) is Answer.MASKED:
                return _Found(why=Why.MASKED) if is_last else _HIDDEN
            record = self._record(place, at, number)
            if record is None:
                return _HIDDEN
            value = record[name]
            if value is None or value in ("", []):
                return _EMPTY
            if field.target is not None and value["label"] is None:
                return _HIDDEN
            if is_last:
                return _Found(field.word.kind, field.word, value)
            if field.target is None:
                return _HIDDEN
            place, at, number = (*place, name), field.target, value["id"]
        return _HIDDEN

    def _record(self, place: _Place, resource: Resource, number: int) -> Mapping[str, Any] | None:
        """The wanted fields of the record at a place; None where the reader does not reach it."""
        if place not in self._read:
            visible = {each.name for each in self._gateway.resolver.visible(resource)}
            names = tuple(sorted(self._wanted[place].keys() & visible)) or ("id",)
            try:
                self._read[place] = self._gateway.get(resource, number, names)
            except NotFound:
                self._read[place] = None
        return self._read[place]
