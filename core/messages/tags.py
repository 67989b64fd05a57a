"""Merge tags: ``{{name}}``, ``{{owner.name}}``, ``{{phone|mask}}``; a path and filters, never a language.

A path leads through links from the record a message is about. Two words stand for what is no field of
it: ``sender``, the user who writes, and ``today``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.addons.pointing import nearest_first
from core.db.fields import Kind
from core.i18n import Lazy, _l
from core.resources.declaration import Field, Resource, resource_named
from core.resources.resolver import MAX_STEPS

SENDER: Final = "sender"
TODAY: Final = "today"
_TAG: Final = re.compile(r"\{\{([^{}]*)\}\}")
_BRACES: Final = re.compile(r"\{\{|\}\}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Filter:
    """What can be done with a value before it is written."""

    #: What people read where they choose tags.
    title: Lazy
    #: The kinds of fields it takes, itself the first filter; None where it takes any text.
    kinds: tuple[Kind, ...] | None = None


FILTERS: Final[Mapping[str, Filter]] = {
    "date": Filter(_l("the day alone"), (Kind.DAY, Kind.INSTANT)),
    "time": Filter(_l("the time alone"), (Kind.INSTANT,)),
    "weekday": Filter(_l("the day of the week"), (Kind.DAY, Kind.INSTANT)),
    "number": Filter(_l("a number with its thousands apart"), (Kind.INTEGER,)),
    "upper": Filter(_l("in capitals")),
    "lower": Filter(_l("in small letters")),
    "mask": Filter(_l("its middle hidden")),
}


@dataclass(frozen=True, slots=True)
class Tag:
    """One merge tag."""

    path: tuple[str, ...]
    filters: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The tag as it is written in short."""
        return "{{" + "|".join((".".join(self.path), *self.filters)) + "}}"


class BadTag(ValueError):
    """A tag that cannot be read, or leads nowhere."""

    def __init__(self, written: str, problem: Lazy) -> None:
        super().__init__(written)
        #: The words at which the mistake lies, as they stand in the text.
        self.written = written
        self.problem = problem


#: The fields of a resource by name, as far as somebody may name them.
FieldsOf = Callable[[Resource], Mapping[str, Field]]


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[str | Tag, ...]:
    """The pieces of a text, in order; each text is read once.

    Raises:
        BadTag: braces do not belong together, or between them is no path.
    """
    pieces: list[str | Tag] = []
    for position, piece in enumerate(_TAG.split(text)):
        if position % 2:
            pieces.append(_tag(piece))
        elif found := _BRACES.search(piece):
            around = piece[max(0, found.start() - 15) : found.end() + 15].strip()
            raise BadTag(around, _l("“%(text)s”: a tag begins with {{ and ends with }}.", text=around))
        elif piece:
            pieces.append(piece)
    return tuple(pieces)


def tags_in(*texts: str) -> list[Tag]:
    """The tags of some texts, each once.

    Raises:
        BadTag: see `parse`.
    """
    return list(dict.fromkeys(each for text in texts for each in parse(text) if isinstance(each, Tag)))


def _tag(written: str) -> Tag:
    path, *filters = (each.strip() for each in written.split("|"))
    names = tuple(each.strip() for each in path.split("."))
    if not all(map(_NAME.fullmatch, names)):
        problem = _l(
            "“%(text)s” is no tag; a tag is written {{field}} or {{link.field|filter}}.", text=written
        )
        raise BadTag(written.strip() or "{{}}", problem)
    for name in filters:
        if name not in FILTERS:
            raise BadTag(written, _unknown_filter(name))
    return Tag(names, tuple(filters))


def _unknown_filter(name: str) -> Lazy:
    known = ", ".join(nearest_first(name, FILTERS))
    return _l("There is no filter “%(name)s”; there are %(known)s.", name=name, known=known)


def path_of(path: str) -> Tag:
    """The tag that leads along a path, ``customer.email``.

    Raises:
        BadTag: it is no path.
    """
    return _tag(path)


def check_tag(tag: Tag, resource: Resource, fields_of: FieldsOf, most: int | None = None) -> Kind:
    """See that a tag leads to a field, and that its filters fit what the field holds.

    Args:
        tag: read already.
        resource: of the records the text is about.
        fields_of: gives the fields that may be named.
        most: how many names a message offers at most; all where it is None.

    Returns:
        What the field holds.

    Raises:
        BadTag: it says what is wrong, and which names there are, nearest first.
    """
    kind = _kind(tag, resource, fields_of, most)
    for position, name in enumerate(tag.filters):
        kinds = FILTERS[name].kinds
        if kinds is not None and (position or kind not in kinds):
            problem = _l(
                "%(tag)s: the filter “%(name)s” does not fit what the field holds.", tag=str(tag), name=name
            )
            raise BadTag(name, problem)
    return kind


def _kind(tag: Tag, resource: Resource, fields_of: FieldsOf, most: int | None) -> Kind:
    names, at = tag.path, resource
    if names == (TODAY,):
        return Kind.DAY
    more: Sequence[str] = (SENDER, TODAY)
    if names[0] == SENDER and len(names) > 1:
        names, at, more = names[1:], resource_named("core.user"), ()
    if len(names) > MAX_STEPS:
        raise BadTag(str(tag), _l("%(tag)s leads through too many links.", tag=str(tag)))
    for position, name in enumerate(names):
        known = fields_of(at)
        field = known.get(name)
        is_last = position == len(names) - 1
        if field is None or (not is_last and field.target is None):
            there = [*known, *more] if is_last else [each.name for each in known.values() if each.target]
            raise BadTag(name, _unknown_field(tag, name, [*nearest_first(name, there)][:most]))
        if is_last:
            return field.word.kind
        assert field.target is not None
        at, more = field.target, ()
    raise AssertionError(tag)  # a path has a name


def _unknown_field(tag: Tag, name: str, known: Sequence[str]) -> Lazy:
    return _l(
        "%(tag)s: there is no field “%(name)s” here; there are %(known)s.",
        tag=str(tag),
        name=name,
        known=", ".join(known),
    )
