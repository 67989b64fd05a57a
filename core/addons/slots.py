"""Places on screens: who stands there for one set of addons, and that what addons point at is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from core.addons.calling import Turn
from core.addons.hookspecs import PART, Native, PartMark
from core.addons.implementations import Implementation
from core.addons.manifest import AddonError, Manifest
from core.addons.placing import Place, arranged, check_circles, check_place, replacing, standing
from core.addons.pointing import nearest_first, place_of

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Screens(Protocol):
    """What the pages of resources are made of, as the layer above knows it."""

    def names(self) -> Collection[str]:
        """The resources that have been read, those of the addon that is being loaded among them."""

    def natives(self, slot: str) -> Sequence[Native]:
        """What pages of resources have by themselves at a place."""


class NoScreens:
    """Where no resources are known."""

    def names(self) -> Collection[str]:
        """None."""
        return ()

    def natives(self, slot: str) -> Sequence[Native]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class Stand:
    """What stands at a place: something of the page itself, or a part of an addon."""

    id: str
    place: Place | None
    #: The resources whose pages have it; none for all.
    on: frozenset[str]
    title: str
    implementation: Implementation | None

    def stands_on(self, resource: str) -> bool:
        """Whether the pages of ``resource`` have it; of no resource, where a page is of none."""
        return not resource or not self.on or resource in self.on


def stands(natives: Sequence[Native], parts: Sequence[Implementation]) -> list[Stand]:
    """All that may stand at a place, in order.

    Args:
        natives: of the page itself.
        parts: of addons, in the order in which they are called where they say nothing else.
    """
    ours = [
        Stand(each.id, None, frozenset((each.on,) if each.on else ()), str(each.title), None)
        for each in natives
        if not each.at_end
    ]
    last = [
        Stand(each.id, None, frozenset((each.on,) if each.on else ()), str(each.title), None)
        for each in natives
        if each.at_end
    ]
    brought = [Stand(each.id, each.place, each.on, str(each.title or ""), each) for each in parts]
    return arranged([*ours, *brought, *last])


def turns(all_: Sequence[Stand], is_on: Callable[[str], bool], resource: str) -> tuple[Turn, ...]:
    """What one page asks for, in turn.

    Args:
        all_: what may stand there, in order.
        is_on: whether an addon is.
        resource: of the page; empty where it is of none.
    """
    there = [
        each
        for each in all_
        if each.stands_on(resource) and (each.implementation is None or is_on(each.implementation.addon))
    ]
    by_id = {each.id: each for each in there}

    def turn(each: Stand) -> Turn:
        replaced = by_id.get(each.place.stands_for) if each.place is not None else None
        return Turn(each.id, each.implementation, turn(replaced) if replaced is not None else None)

    return tuple(turn(each) for each in standing(there))


def replaced_by(all_: Sequence[Stand]) -> Mapping[str, str]:
    """``{id: the id of what stands there instead}`` where every addon is on."""
    return {of: each.id for of, each in replacing(all_).items()}


def check_resource(addon: Manifest, where: str, name: str, known: Iterable[str]) -> None:
    """See that an addon names a resource it may meet; those of an optional addon may not be there.

    Raises:
        AddonError: it names file, line and the resources there are, nearest first.
    """
    met = [each for each in known if addon.may_name(each)]
    owner = name.partition(".")[0]
    if name in met or (owner in addon.extends and not any(each.startswith(f"{owner}.") for each in met)):
        return
    there = ", ".join(nearest_first(name, met))
    raise AddonError(f"{where}: there is no resource “{name}” that {addon.name} needs; there are {there}")


def check_parts(
    addon: Manifest,
    functions: Iterable[Callable[..., Any]],
    screens: Screens,
    known: Callable[[str], tuple[Sequence[Native], Sequence[Implementation]]],
) -> None:
    """See that the parts of an addon stand on resources there are, beside things there are.

    Args:
        addon: the one that brings them.
        functions: its implementations, parts among them.
        screens: knows resources.
        known: gives what stands at a place, and the parts of addons loaded before.

    Raises:
        AddonError: it names file, line and what there is, nearest first.
    """
    where: dict[str, str] = {}
    by_slot: dict[str, list[Stand]] = {}
    for function in functions:
        mark: PartMark | None = getattr(function, PART, None)
        if mark is None:
            continue
        at, own_id = place_of(function), f"{addon.name}.{mark.name}"
        if not _NAME.fullmatch(mark.name):
            raise AddonError(f"{at}: the name “{mark.name}” must be small letters, digits, - and _")
        if own_id in where:
            raise AddonError(f"{at}: “{own_id}” is there already, at {where[own_id]}")
        where[own_id] = at
        for name in mark.on:
            check_resource(addon, at, name, screens.names())
        stand = Stand(own_id, mark.place, frozenset(mark.on), str(mark.title), None)
        by_slot.setdefault(mark.hook, []).append(stand)
    for slot, own in by_slot.items():
        natives, parts = known(slot)
        others = stands(natives, parts)
        for each in own:
            if each.place is not None:
                meeting = [one.id for one in (*others, *own) if not each.on or not one.on or each.on & one.on]
                check_place(addon, where[each.id], each.place, meeting)
        check_circles(where, [*others, *own])
