"""The hook manager: registration with isolation, and calls for the addons one tenant has on."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pluggy
from sqlalchemy.orm import Session

from core.addons.hookspecs import PROJECT, CoreHooks
from core.addons.manifest import AddonError

logger = logging.getLogger(__name__)


class Hooks:
    """All hook implementations of this process, callable for a subset of addons."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(CoreHooks)
        self._plugins: dict[str, object] = {}
        self._callers: dict[tuple[str, frozenset[str]], pluggy.HookCaller] = {}
        #: Failures of isolated hooks by addon, shown to the platform administrator.
        self.failures: dict[str, int] = {}

    def add_specs(self, module: ModuleType) -> None:
        """Take the hookspecs of the classes an addon's ``hookspecs`` room defines."""
        for _, specs in inspect.getmembers(module, inspect.isclass):
            if specs.__module__ == module.__name__:
                self._manager.add_hookspecs(specs)

    def implementations(self, addon: str, module: ModuleType) -> dict[str, Callable[..., Any]]:
        """The ``@hookimpl`` functions of a ``hooks`` room by name, checked against the specs.

        Raises:
            AddonError: an implementation is of an unknown hook, or bears another name than its hook.
        """
        found: dict[str, Callable[..., Any]] = {}
        for name, function in inspect.getmembers(module, inspect.isfunction):
            options = getattr(function, f"{PROJECT}_impl", None)
            if options is None:
                continue
            if options.get("specname"):
                raise AddonError(f"{module.__file__}: {name} must bear the hook's own name, not specname")
            if not hasattr(self._manager.hook, name):
                known = sorted(each for each in vars(self._manager.hook) if not each.startswith("_"))
                raise AddonError(f"{module.__file__}: there is no hook “{name}”; there are {', '.join(known)}")
            found[name] = function
        return found

    def register(self, addon: str, implementations: dict[str, Callable[..., Any]]) -> None:
        """Register an addon's implementations, each wrapped so that its failure stays its own."""
        wrapped = {name: self._isolated(addon, name, function) for name, function in implementations.items()}
        plugin = type(f"{addon}_hooks", (), {name: staticmethod(function) for name, function in wrapped.items()})()
        self._plugins[addon] = plugin
        self._manager.register(plugin, name=addon)
        self._callers.clear()

    def call(self, addons: frozenset[str], name: str, **arguments: Any) -> list[Any]:
        """Call hook ``name`` for ``addons`` and the core; lists are joined in the addons' order."""
        caller = self._callers.get((name, addons))
        if caller is None:
            off = [plugin for addon, plugin in self._plugins.items() if addon not in addons and addon != "core"]
            caller = self._manager.subset_hook_caller(name, off)
            self._callers[name, addons] = caller
        answers = caller(**arguments)
        return [item for answer in reversed(answers) for item in (answer if isinstance(answer, list) else [answer])]

    def each(self, name: str) -> Iterator[tuple[str, Any]]:
        """Call hook ``name`` of every addon by itself, with no arguments: ``(addon, answer)``."""
        for addon, plugin in self._plugins.items():
            function = getattr(plugin, name, None)
            if function is not None:
                yield addon, function()

    def _isolated(self, addon: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            session = signature.bind(*args, **kwargs).arguments.get("session")
            try:
                if isinstance(session, Session):
                    with session.begin_nested():
                        return function(*args, **kwargs)
                return function(*args, **kwargs)
            except Exception:
                self.failures[addon] = self.failures.get(addon, 0) + 1
                logger.exception("hook %s of addon %s failed", name, addon)
                return None

        return call
