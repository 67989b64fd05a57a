"""Which addons fit together: what each needs is there, in a version it can work with, and in no circle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import InvalidVersion, Version

from core.addons.manifest import CORE, Manifest


@dataclass(slots=True)
class Solution:
    """The addons that can be loaded, and all that keeps the others from it."""

    #: Each behind what it needs, and behind what it extends where that is there; equals by name.
    order: list[Manifest]
    #: Every reason of every other addon, as halves of sentences that begin with its name.
    conflicts: dict[str, list[str]] = field(default_factory=dict)

    def reasons(self) -> dict[str, str]:
        """``{name: all its reasons}``."""
        return {name: "; ".join(said) for name, said in self.conflicts.items()}


def solve(manifests: Sequence[Manifest], broken: Collection[str] = ()) -> Solution:
    """Find all addons that can be loaded together, and every conflict of the rest.

    There is one version of each addon here, so nothing is chosen: what does not fit stays out, with
    what needs it, and the others load.

    Args:
        manifests: the installed addons, each name once.
        broken: names of those whose manifest cannot be used.
    """
    there = {manifest.name: manifest for manifest in sorted(manifests, key=lambda each: each.name)}
    conflicts = {name: list(_conflicts(each, there, broken)) for name, each in there.items()}
    out = {name for name, found in conflicts.items() if found}
    while True:
        pulled = {
            name for name, each in there.items() if name not in out and not out.isdisjoint(each.depends)
        }
        if not pulled:
            break
        out |= pulled
    for name in out:
        lost = [each for each in there[name].depends if each in out and not _is_told(each, conflicts[name])]
        conflicts[name] += [f"needs {each}, which does not load" for each in lost]
    order = _in_order([each for name, each in there.items() if name not in out])
    return Solution(order, {name: found for name, found in conflicts.items() if found})


def _conflicts(addon: Manifest, there: Mapping[str, Manifest], broken: Collection[str]) -> Iterable[str]:
    """What is wrong with one addon by itself."""
    for name in addon.depends:
        if name not in there:
            yield f"needs {name}, which {'does not load' if name in broken else 'is not there'}"
    for name, versions in addon.ranges.items():
        other = CORE if name == CORE.name else there.get(name)
        if other is not None and not _is_in(other.version, addon, name):
            called = "Guanxi" if other is CORE else name
            verb = "extends" if name in addon.extends else "needs"
            yield f"{verb} {called} {versions}, but {other.version} is installed"
    circle = _circle(addon, there)
    if circle:
        yield f"needs itself in the end: {' → '.join(circle)}"


def _is_in(version: str, addon: Manifest, name: str) -> bool:
    """Whether a version is one that ``addon`` takes of ``name``; what is no version never is."""
    try:
        return addon.ranges[name].contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _circle(addon: Manifest, there: Mapping[str, Manifest]) -> list[str]:
    """The shortest way from an addon over its needs back to itself; empty where there is none."""
    ways, seen = [[addon.name]], set[str]()
    for way in ways:
        for name in there[way[-1]].depends:
            if name == addon.name:
                return [*way, name]
            if name in there and name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def _is_told(name: str, said: Iterable[str]) -> bool:
    """Whether a reason speaks of ``name`` already."""
    return any(name in each.replace(",", " ").split() for each in said)


def _in_order(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Sort addons whose needs are all among them."""
    waiting = {manifest.name: manifest for manifest in manifests}
    done: list[Manifest] = []
    placed: set[str] = set()
    while waiting:
        able = [each for each in waiting.values() if placed.issuperset(each.depends)]
        # A circle made by extends alone is broken by name.
        ready = next((each for each in able if waiting.keys().isdisjoint(each.extends)), able[0])
        done.append(waiting.pop(ready.name))
        placed.add(ready.name)
    return done
