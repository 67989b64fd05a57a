"""Putting things into lists of others: before one that is there, after it, or in its place.

Several that are put after the same stand in the order in which they were put there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.resources.declaration import Section


@dataclass(frozen=True, slots=True)
class Placed:
    """A field among others: ``Placed("booth_size", after="industry")``; without a place at the end."""

    field: str
    before: str = ""
    after: str = ""
    #: A field that is not shown here as long as the addon is on.
    replace: str = ""
    #: Of a form, the id of the section at whose end it stands; not needed beside another field.
    section: str = ""

    @property
    def anchor(self) -> str:
        """The field it stands beside, or in place of; empty for none."""
        return self.before or self.after or self.replace

    @classmethod
    def read(cls, given: str | Placed) -> Placed:
        """A plain name as a field at the end."""
        return cls(given) if isinstance(given, str) else given


def put_field(names: Sequence[str], placed: Placed, behind: dict[str, str]) -> tuple[str, ...]:
    """Put a field among others; at the end where what it should stand beside is not there.

    Args:
        names: the fields that are there.
        placed: the field.
        behind: which fields were put behind which, of this list; the new one is noted.
    """
    others = tuple(name for name in names if name != placed.field)
    if placed.anchor not in others:
        return (*others, placed.field)
    at = others.index(placed.anchor)
    if placed.replace:
        return (*others[:at], placed.field, *others[at + 1 :])
    if placed.after:
        at = _behind(others, at, behind)
        behind[placed.field] = placed.after
    return (*others[:at], placed.field, *others[at:])


def put_into_form(form: Sequence[Section], placed: Placed, behind: dict[str, str]) -> tuple[Section, ...]:
    """Put a field into the section where it belongs; into the last one where that is not there."""
    if not form:
        return ()
    at = next(
        (
            place
            for place, each in enumerate(form)
            if (placed.anchor and placed.anchor in each.fields)
            or (placed.section and placed.section in each.ids)
        ),
        len(form) - 1,
    )
    section = form[at]
    changed = section.with_fields(put_field(section.fields, placed, behind))
    return (*form[:at], changed, *form[at + 1 :])


def put_section(form: Sequence[Section], section: Section) -> tuple[Section, ...]:
    """Put a section into a form; at the end where what it should stand beside is not there.

    One that stands in the place of another answers to the other's id as well, so that further sections
    and fields find their place beside it; a second one for the same place stands behind the first.
    """
    anchor = section.before or section.after or section.replace
    at = next((place for place, each in enumerate(form) if anchor and anchor in each.ids), None)
    if at is None:
        return (*form, section)
    if section.before:
        return (*form[:at], section, *form[at:])
    if section.replace and form[at].id == anchor:
        return (*form[:at], section.instead(form[at].ids), *form[at + 1 :])
    ids = [anchor if place == at else each.id for place, each in enumerate(form)]
    at = _behind(ids, at, {each.id: each.after for each in form if each.after})
    return (*form[:at], section, *form[at:])


def _behind(names: Sequence[str], at: int, behind: Mapping[str, str]) -> int:
    """The first place behind one, and behind those that were put behind it before."""
    anchor, at = names[at], at + 1
    while at < len(names) and _leads_to(names[at], anchor, behind):
        at += 1
    return at


def _leads_to(name: str, anchor: str, behind: Mapping[str, str]) -> bool:
    seen = {name}
    while name != anchor:
        name = behind.get(name, "")
        if not name or name in seen:
            return False
        seen.add(name)
    return True
