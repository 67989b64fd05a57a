"""The seeds of all addons of this process, and the room that brings them in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any, Final

from core.addons.manifest import AddonError, Manifest
from core.resources.registry import Resources
from core.seeds.checking import problems_of
from core.seeds.files import Mode, Problem, Seed, read_seeds
from core.seeds.values import links_of

#: The folder of the files within an addon.
ROOM: Final = "data"


class Seeds:
    """Seeds by addon and by key."""

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self._by_addon: dict[str, Sequence[Seed]] = {}

    def __iter__(self) -> Iterator[Seed]:
        return (seed for seeds in self._by_addon.values() for seed in seeds)

    def read(
        self, addon: Manifest, roles: Iterable[str], *, try_samples: bool
    ) -> tuple[list[Seed], list[Problem]]:
        """Read the files of an addon, and see what is wrong with them; see `problems_of`."""
        seeds, problems = read_seeds(addon.name, addon.folder / ROOM)
        wanted = {addon.name, "core", *addon.depends}
        # Its own resources may be read, and not registered yet.
        resources = {each.name: each for each in self.resources.readable(addon.name) if each.addon in wanted}
        others = self.named(addon.depends)
        problems += problems_of(seeds, resources, others, roles, try_samples=try_samples)
        return seeds, problems

    def add(self, addon: str, seeds: Sequence[Seed]) -> None:
        """Make the checked seeds of an addon known."""
        self._by_addon[addon] = seeds

    def of(self, addon: str, modes: Collection[Mode]) -> list[Seed]:
        """The seeds of an addon in the order of their files."""
        return [seed for seed in self._by_addon.get(addon, ()) if seed.mode in modes]

    def named(self, addons: Iterable[str]) -> dict[str, Seed]:
        """The seeds of some addons by key."""
        return {seed.key: seed for addon in addons for seed in self._by_addon.get(addon, ())}

    def addons(self, on: Collection[str]) -> list[str]:
        """Those of the addons that are on which bring seeds, each behind what it needs itself."""
        return [
            addon for addon, seeds in self._by_addon.items() if seeds and (addon == "core" or addon in on)
        ]

    def batches(self, seeds: Sequence[Seed]) -> list[list[Seed]]:
        """Seeds that can be written together: of one resource, and behind all they link to."""
        by_key = {seed.key: seed for seed in seeds}
        depths: dict[str, int] = {}

        def depth(seed: Seed) -> int:
            if seed.key not in depths:
                links = links_of(seed, self.resources[seed.resource])
                above = [by_key[key] for _address, _field, key in links if key in by_key]
                depths[seed.key] = 1 + max(map(depth, above), default=0)
            return depths[seed.key]

        found: dict[tuple[int, str], list[Seed]] = {}
        for seed in seeds:
            found.setdefault((depth(seed), seed.resource), []).append(seed)
        return [found[place] for place in sorted(found, key=lambda each: each[0])]


class DataRoom:
    """The ``data`` room: a folder of YAML files."""

    name = ROOM

    def __init__(self, seeds: Seeds, roles: Iterable[str]) -> None:
        self._seeds = seeds
        self._roles = list(roles)

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Read and check the files.

        Raises:
            AddonError: all that is wrong, by file and line.
        """
        seeds, problems = self._seeds.read(addon, self._roles, try_samples=False)
        if problems:
            raise AddonError("; ".join(str(each) for each in problems))
        return seeds

    def open(self, addon: Manifest, contents: Any) -> None:
        """Make them known."""
        self._seeds.add(addon.name, contents)
