"""Putting things into lists of others: before one that is there, after it, or in its place.

Several that are put after the same stand in the order in which they were put there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.addons.placing import arranged, replacing
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

    def __post_init__(self) -> None:
        if sum(map(bool, (self.before, self.after, self.replace))) > 1:
            raise ValueError("one of before, after and replace says where a field stands, not several")

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


def put_into_form(sections: Sequence[Section], placed: Placed, behind: dict[str, str]) -> tuple[Section, ...]:
    """Put a field into the section where it belongs; into the last one shown where that is not there.

    Args:
        sections: as `Resource.sections` has them.
        placed: the field.
        behind: as for `put_field`.
    """
    shown = form_of(sections)
    instead, home = replacing(sections), placed.section
    while home in instead:
        home = instead[home].id
    found = next(
        (each for each in shown if (placed.anchor and placed.anchor in each.fields) or each.id == home),
        shown[-1] if shown else None,
    )
    return tuple(
        each.with_fields(put_field(each.fields, placed, behind)) if each is found else each
        for each in sections
    )


def form_of(sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections that are shown, in their order."""
    instead = replacing(sections)
    return tuple(each for each in arranged(sections) if each.id not in instead)


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
