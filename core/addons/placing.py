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
    """The place that one of three arguments says; none where all are empty.

    Raises:
        ValueError: more than one is given.
    """
    given: dict[How, str] = {"before": before, "after": after, "replace": replace}
    said = [Place(how, of) for how, of in given.items() if of]
    if len(said) > 1:
        raise ValueError("one of before, after and replace says where it stands, not several")
    return said[0] if said else None


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
    return {each.place.of: each for each in things if each.place is not None and each.place.how == "replace"}


def standing(things: Sequence[_Thing]) -> list[_Thing]:
    """Those of ``things``, which are in order, that nothing else of them replaces."""
    instead = replacing(things)

    def stands(each: _Thing) -> bool:
        if each.id in instead:
            return False
        replaces = each.place is not None and each.place.how == "replace"
        return not replaces or instead[each.place.of] is each  # type: ignore[union-attr]

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
    owner = place.of.partition(".")[0]
    if not addon.may_name(place.of):
        raise AddonError(
            f"{where}: {place.how}=“{place.of}”: {owner} is listed neither under depends nor under extends"
        )
    met = [each for each in known if addon.may_name(each)]
    if place.of in met or (owner in addon.extends and not any(each.startswith(f"{owner}.") for each in met)):
        return
    there = ", ".join(nearest_first(place.of, met)) or "nothing yet"
    raise AddonError(f"{where}: {place.how}=“{place.of}” is not there; there are {there}")


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
