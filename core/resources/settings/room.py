"""The ``settings`` room: one subclass of `Settings`, which brings its page, its right and its menu entry."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from core.access.permissions import Permissions
from core.addons.manifest import AddonError, Manifest
from core.addons.pointing import place_of_class
from core.menus import Menu, MenuItem
from core.resources.settings.declaration import VERB, Settings


class SettingsRoom:
    """Collects the settings of all addons: ``{addon: its settings}``."""

    name = "settings"

    def __init__(self, found: dict[str, type[Settings]], permissions: Permissions, menu: Menu) -> None:
        self._found = found
        self._permissions = permissions
        self._menu = menu

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """See that there is one class, and that it can be shown."""
        declared = [
            each
            for each in vars(module).values()
            if inspect.isclass(each) and issubclass(each, Settings) and each.__module__ == module.__name__
        ]
        if len(declared) > 1:
            raise AddonError(f"{place_of_class(declared[1])}: an addon has one class of settings")
        for each in declared:
            each.addon = addon.name
            each.check()
            self._permissions.note([each.thing()])
        return declared

    def open(self, addon: Manifest, contents: Any) -> None:
        """Make the page, the right to it and its entry in the menu known."""
        for each in contents:
            self._found[addon.name] = each
            self._permissions.add_resource(each.thing())
            entry = MenuItem(
                name="settings",
                title=each.title,
                icon=each.icon,
                group="core.settings",
                resource=each.thing(),
                verb=VERB,
                url=each.url(),
            )
            self._menu.add(addon.name, [entry])
