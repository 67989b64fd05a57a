"""Where things stand among their likes: before, after, or instead of what bears another id.

An id is ``<addon>.<name>`` and does not change: others point at it. What points at nothing stands where
its addon's turn is, in the order of its declaration. The order of everything is worked out once; what one
tenant has on only decides what of it is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from core.addons.manifest import AddonError, Manifest
from core.addons.pointing import nearest_first

How = Literal["before", "after", "replace"]


@dataclass(frozen=True, slots=True)
class Place:
    """Beside, or instead of, what bears the id ``of``."""

    how: How
    of: str
    #: The id of what it stands for, where it stands beside something else.
    elsewhere: str = ""

    @property
    def stands_for(self) -> str:
        """The id of what it replaces; empty for nothing."""
        return self.of if self.how == "replace" else self.elsewhere

    @property
    def ids(self) -> tuple[str, ...]:
        """All it points at."""
        return tuple(dict.fromkeys(filter(None, (self.of, self.elsewhere))))


class Placed(Protocol):
    """What has an id and may have a place."""

    @property
    def id(self) -> str:
        """``<addon>.<name>``."""

    @property
    def place(self) -> Place | None:
        """Where it stands; None for its turn."""


_Thing = TypeVar("_Thing", bound=Placed)


def place_for(before: str, after: str, replace: str) -> Place | None:
    """The place that three arguments say; None where all are empty.

    What replaces something stands where that was, unless it stands before or after something else.

    Raises:
        ValueError: it is to stand both before one thing and after another.
    """
    if before and after:
        raise ValueError("either before or after says where it stands, not both")
    if before or after:
        return Place("before" if before else "after", before or after, replace)
    return Place("replace", replace) if replace else None


def arranged(things: Sequence[_Thing]) -> list[_Thing]:
    """All ``things`` in order; those that stand beside one another in a circle are left out."""
    ids = {each.id for each in things}
    beside: dict[tuple[How, str], list[_Thing]] = defaultdict(list)
    free: list[_Thing] = []
    for each in things:
        if each.place is not None and each.place.of in ids:
            beside[each.place.how, each.place.of].append(each)
        else:
            free.append(each)

    def around(thing: _Thing) -> Iterator[_Thing]:
        for each in beside["before", thing.id]:
            yield from around(each)
        yield thing
        for each in (*beside["replace", thing.id], *beside["after", thing.id]):
            yield from around(each)

    return [each for one in free for each in around(one)]


def replacing(things: Sequence[_Thing]) -> dict[str, _Thing]:
    """``{id: what stands there instead}``; of several the last."""
    return {each.place.stands_for: each for each in things if each.place and each.place.stands_for}


def standing(things: Sequence[_Thing]) -> list[_Thing]:
    """Those of ``things``, which are in order, that nothing else of them replaces."""
    instead = replacing(things)

    def stands(each: _Thing) -> bool:
        if each.id in instead:
            return False
        replaced = each.place.stands_for if each.place is not None else ""
        return not replaced or instead[replaced] is each

    return [each for each in things if stands(each)]


def check_place(addon: Manifest, where: str, place: Place, known: Collection[str]) -> None:
    """See that what an addon points at is there, or belongs to an optional addon that is not installed.

    Args:
        addon: the one that points.
        where: file and line, for the message.
        place: where its thing is to stand.
        known: the ids it may stand beside, those of its own among them.

    Raises:
        AddonError: it names file, line and the ids there are, nearest first.
    """
    met = [each for each in known if addon.may_name(each)]
    for id in place.ids:
        owner = id.partition(".")[0]
        said = "replace" if id == place.stands_for else place.how
        if not addon.may_name(id):
            raise AddonError(
                f"{where}: {said}=“{id}”: {owner} is listed neither under depends nor under extends"
            )
        is_away = owner in addon.extends and not any(each.startswith(f"{owner}.") for each in met)
        if id not in met and not is_away:
            there = ", ".join(nearest_first(id, met)) or "nothing yet"
            raise AddonError(f"{where}: {said}=“{id}” is not there; there are {there}")


def check_circles(where: Mapping[str, str], things: Sequence[_Thing]) -> None:
    """See that ``things`` can be put in order.

    Args:
        where: ``{id: file and line}`` of those that are new.
        things: all of them.

    Raises:
        AddonError: some stand beside one another in a circle.
    """
    there = {each.id for each in arranged(things)}
    for each in things:
        if each.id not in there and each.place is not None:
            raise AddonError(
                f"{where.get(each.id, each.id)}: {each.place.how}=“{each.place.of}” leads in a circle back to"
                f" “{each.id}”"
            )
