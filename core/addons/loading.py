"""Loading: import all rooms of an addon, check them, and only then open them to the rest.

A room is a module found by name (``resources``, ``permissions``, ``hooks`` ...). What its contents
mean is known by a `Room`, offered by the part of the core that uses it; so this module knows
neither resources nor routes.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

from core.addons.discovery import Found
from core.addons.hooks import Hooks
from core.addons.manifest import CORE, AddonError, Manifest
from core.addons.solving import solve
from core.db import base
from core.i18n import add_catalogue

logger = logging.getLogger(__name__)


class Room(Protocol):
    """Knows what one room of an addon holds."""

    #: Name of the module within the addon.
    name: str

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Collect and check the contents; registers nothing.

        Raises:
            AddonError: something in the room cannot be used.
        """

    def open(self, addon: Manifest, contents: Any) -> None:
        """Register what `read` gave; called once every room of the addon has been read."""


@dataclass(slots=True)
class Catalogue:
    """The addons of this process."""

    #: In dependency order, the core first.
    addons: dict[str, Manifest] = field(default_factory=dict)
    #: Why an addon could not be loaded, by its name.
    quarantined: dict[str, str] = field(default_factory=dict)
    #: What those say of themselves that could be read at all, whether they load or not.
    manifests: dict[str, Manifest] = field(default_factory=dict)

    def dependents(self, name: str) -> list[str]:
        """The addons that need ``name``, directly or through others, those in quarantine included."""
        others = [each for each in self.manifests.values() if each.name not in self.addons]
        needing: dict[str, None] = {}
        while True:
            found = [
                addon.name
                for addon in (*self.addons.values(), *others)
                if addon.name not in needing and not {name, *needing}.isdisjoint(addon.depends)
            ]
            if not found:
                return list(needing)
            needing |= dict.fromkeys(found)

    def by_default(self) -> frozenset[str]:
        """The addons a new tenant has on: those that say so, where all they need is on too."""
        found: set[str] = set()
        for addon in self.addons.values():
            if addon.name != CORE.name and addon.default and set(addon.depends) <= found:
                found.add(addon.name)
        return frozenset(found)

    def needs(self, name: str) -> list[str]:
        """The addons that ``name`` needs, directly or through others, each behind what it needs itself."""
        wanted = {name}
        for addon in reversed(self.addons.values()):
            if addon.name in wanted:
                wanted.update(addon.depends)
        return [each for each in self.addons if each in wanted - {name}]


class HooksRoom:
    """The ``hooks`` room: implementations of others' hooks."""

    name = "hooks"

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Collect the ``@hookimpl`` functions and the parts of pages."""
        return self._hooks.implementations(addon, module)

    def open(self, addon: Manifest, contents: Any) -> None:
        """Register them."""
        self._hooks.register(addon.name, contents)


class HookspecsRoom:
    """The ``hookspecs`` room: hooks that others may implement."""

    name = "hookspecs"

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """Collect the classes that define hooks."""
        return self._hooks.specs(module)

    def open(self, addon: Manifest, contents: Any) -> None:
        """Make its hooks known."""
        self._hooks.add_specs(contents)


class ModelsRoom:
    """The ``models`` room: the tables know their addon, so importing it is nearly all."""

    name = "models"

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """See that the mappers fit together; a relationship to nowhere shows only then."""
        base.configure(addon.name)

    def open(self, addon: Manifest, contents: Any) -> None:
        """Nothing to register."""


def load(found: Found, rooms: Sequence[Room]) -> Catalogue:
    """Load the core's own rooms and every addon in dependency order.

    An addon that fails in any room is quarantined with the reason, its tables are taken out again,
    and what needs it is quarantined with it; the others load.
    """
    catalogue = Catalogue(
        quarantined=dict(found.broken), manifests={each.name: each for each in found.manifests}
    )
    _load_one(CORE, rooms)
    catalogue.addons["core"] = CORE
    solution = solve(found.manifests, found.broken)
    unfit = found.broken | solution.reasons()
    catalogue.quarantined.update(unfit)
    if unfit:
        told = "\n".join(f"  {name}: {reason}" for name, reason in unfit.items())
        logger.error("%d addons are quarantined:\n%s", len(unfit), told)
    for addon in solution.order:
        missing = [name for name in addon.depends if name not in catalogue.addons]
        try:
            if missing:
                raise AddonError(f"needs {', '.join(missing)}, which does not load")
            _load_one(addon, rooms)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an addon's code does
            base.forget(addon.name)
            _forget_modules(addon.package)
            catalogue.quarantined[addon.name] = _reason(addon, error)
            logger.error("addon %s is quarantined: %s", addon.name, catalogue.quarantined[addon.name])
        else:
            catalogue.addons[addon.name] = addon
    return catalogue


def _load_one(addon: Manifest, rooms: Sequence[Room]) -> None:
    base.claim_package(addon.package, addon.name)
    importlib.import_module(addon.package)
    contents: list[tuple[Room, Any]] = []
    for room in rooms:
        module_name = f"{addon.package}.{room.name}"
        if importlib.util.find_spec(module_name) is not None:
            contents.append((room, room.read(addon, importlib.import_module(module_name))))
    add_catalogue(addon.folder / "translations")
    for room, content in contents:
        room.open(addon, content)


def _forget_modules(package: str) -> None:
    """Let a later load in this process begin anew, not with half an addon."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


def _reason(addon: Manifest, error: BaseException) -> str:
    """One line that names the addon's own file where the mistake lies, as far as it is known."""
    if isinstance(error, AddonError):
        return str(error)
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if str(addon.folder) in frame.filename
    ]
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(addon.folder)
    said = " ".join(str(error).split())
    return f"{where}: {type(error).__name__}: {said}"
