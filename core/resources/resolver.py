"""The one field resolver: which fields a reader may use, for output and for every predicate.

A hidden field answers exactly like one that does not exist; a masked one is shown as a mask and
refused in every predicate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.access.actor import Actor
from core.db.fields import Sensitivity
from core.errors import Invalid
from core.i18n import _l
from core.resources.declaration import Field, LinesField, Resource

#: Links a path may follow.
MAX_STEPS: Final = 5


class Answer(StrEnum):
    """What a reader gets of a field."""

    OPEN = "open"
    MASKED = "masked"
    HIDDEN = "hidden"


class UnknownField(Invalid):
    """A name is no field of the resource, or none this reader may use: the same answer."""

    code = "unknown-field"
    message = _l("There is no field “%(name)s” here. Check the name.")

    def __init__(self, name: str) -> None:
        super().__init__({name: [_l("Unknown field.")]}, name=name)


@dataclass(frozen=True, slots=True)
class Path:
    """A field some links away: the links and lines to follow, then the field itself."""

    name: str
    steps: tuple[Field | LinesField, ...]
    leaf: Field


def _as_it_is(resource: Resource) -> Resource:
    return resource


class Resolver:
    """Answers for one actor."""

    def __init__(self, actor: Actor, seen: Callable[[Resource], Resource] | None = None) -> None:
        """Answer for an actor.

        Args:
            actor: the reader.
            seen: gives a resource as his tenant sees it; None where all resources are so already.
        """
        self.actor = actor
        self._seen = seen or _as_it_is

    def answer(self, field: Field) -> Answer:
        """What this reader gets of ``field``."""
        if field.word.sensitivity is Sensitivity.SECRET and not self.actor.is_administrator:
            return Answer.HIDDEN
        return Answer.OPEN

    def visible(self, resource: Resource) -> Iterator[Field]:
        """The fields of ``resource`` that are not hidden from this reader."""
        fields = self._seen(resource).fields.values()
        return (field for field in fields if self.answer(field) is not Answer.HIDDEN)

    def field(self, resource: Resource, name: str) -> Field:
        """The field called ``name``, for output.

        Raises:
            UnknownField: it is not there, or hidden.
        """
        field = self._seen(resource).fields.get(name)
        if field is None or self.answer(field) is Answer.HIDDEN:
            raise UnknownField(name)
        return field

    def predicate(self, resource: Resource, path: str) -> Path:
        """The field at ``path`` (``customer.owner.name``), for a filter, sort, group or measure.

        Raises:
            UnknownField: a step is not there, hidden or masked, or the path is too long.
        """
        *names, last = path.split(".")
        if len(names) > MAX_STEPS:
            raise UnknownField(path)
        steps: list[Field | LinesField] = []
        at = self._seen(resource)
        for name in names:
            step: Field | LinesField | None = at.lines_fields.get(name) or at.fields.get(name)
            if step is None or (isinstance(step, Field) and self.answer(step) is not Answer.OPEN):
                raise UnknownField(path)
            if step.target is None:
                raise UnknownField(path)
            steps.append(step)
            at = step.target
        leaf = at.fields.get(last)
        if leaf is None or self.answer(leaf) is not Answer.OPEN:
            raise UnknownField(path)
        return Path(path, tuple(steps), leaf)
