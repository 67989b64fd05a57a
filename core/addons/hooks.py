"""The hook manager: registration with isolation, and calls for the addons one tenant has on."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pluggy
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from sqlalchemy.orm import Session

from core.addons.hookspecs import DECIDES, IS_PANEL, PROJECT, TITLE, CoreHooks
from core.addons.manifest import AddonError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Implemented:
    """A hook that an addon implements."""

    name: str
    #: What it brings, in the reader's language; the hook's name where nobody has said it.
    title: str
    #: Whether these are cards on pages.
    is_panel: bool


class Hooks:
    """All hook implementations of this process, callable for a subset of addons."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(CoreHooks)
        self._plugins: dict[str, object] = {}
        self._callers: dict[tuple[str, frozenset[str]], pluggy.HookCaller] = {}
        #: Failures of isolated hooks by addon, shown to the platform administrator.
        self.failures: dict[str, int] = {}

    def specs(self, module: ModuleType) -> list[type]:
        """The classes of a ``hookspecs`` room that define hooks, checked; nothing is registered.

        Raises:
            AddonError: a hook is known already, by the core or by another addon.
        """
        found = []
        for _, declared in inspect.getmembers(module, inspect.isclass):
            if declared.__module__ != module.__name__:
                continue
            names = [
                name for name, member in vars(declared).items() if getattr(member, f"{PROJECT}_spec", None)
            ]
            for name in names:
                if hasattr(self._manager.hook, name):
                    raise AddonError(f"{module.__file__}: there is a hook “{name}” already")
            if names:
                found.append(declared)
        return found

    def add_specs(self, specs: Iterable[type]) -> None:
        """Make hooks known, as `specs` gave them."""
        for each in specs:
            self._manager.add_hookspecs(each)

    def implementations(self, addon: str, module: ModuleType) -> dict[str, Callable[..., Any]]:
        """The ``@hookimpl`` functions of a ``hooks`` room by name, checked against the specs.

        Raises:
            AddonError: an implementation is of an unknown hook, bears another name than its hook, or
                takes an argument the hook does not give.
        """
        found: dict[str, Callable[..., Any]] = {}
        for name, function in inspect.getmembers(module, inspect.isfunction):
            options = getattr(function, f"{PROJECT}_impl", None)
            if options is None:
                continue
            if options.get("specname"):
                raise AddonError(f"{module.__file__}: {name} must bear the hook's own name, not specname")
            if options.get("wrapper") or options.get("hookwrapper"):
                raise AddonError(f"{module.__file__}: {name} must not be a wrapper around other addons")
            caller = getattr(self._manager.hook, name, None)
            if caller is None or caller.spec is None:
                known = ", ".join(
                    sorted(each for each in vars(self._manager.hook) if not each.startswith("_"))
                )
                raise AddonError(f"{module.__file__}: there is no hook “{name}”; there are {known}")
            unknown = [
                each for each in inspect.signature(function).parameters if each not in caller.spec.argnames
            ]
            if unknown:
                given = ", ".join(caller.spec.argnames) or "nothing"
                raise AddonError(
                    f"{module.__file__}: {name} takes {', '.join(unknown)}, but the hook gives {given}"
                )
            found[name] = function
        return found

    def register(self, addon: str, implementations: dict[str, Callable[..., Any]]) -> None:
        """Register an addon's implementations, each wrapped so that its failure stays its own.

        A hook marked ``decides`` fails aloud.
        """
        wrapped = {name: self._wrapped(addon, name, function) for name, function in implementations.items()}
        plugin = type(
            f"{addon}_hooks", (), {name: staticmethod(function) for name, function in wrapped.items()}
        )()
        self._plugins[addon] = plugin
        self._manager.register(plugin, name=addon)
        self._callers.clear()

    def call(self, addons: frozenset[str], name: str, **arguments: Any) -> list[Any]:
        """Call hook ``name`` for ``addons`` and the core; lists are joined in the addons' order."""
        caller = self._callers.get((name, addons))
        if caller is None:
            off = [
                plugin for addon, plugin in self._plugins.items() if addon not in addons and addon != "core"
            ]
            caller = self._manager.subset_hook_caller(name, off)
            self._callers[name, addons] = caller
        return [item for answer in reversed(caller(**arguments)) for item in answer]

    def has(self, name: str, addons: frozenset[str]) -> bool:
        """Whether the core or any of ``addons`` implements hook ``name``."""
        return any(
            hasattr(plugin, name)
            for addon, plugin in self._plugins.items()
            if addon in addons or addon == "core"
        )

    def implemented(self, addon: str) -> list[Implemented]:
        """The hooks that ``addon`` implements, by name."""
        names = sorted(name for name in vars(type(self._plugins.get(addon))) if not name.startswith("_"))
        specs = [(name, getattr(self._manager.hook, name).spec.function) for name in names]
        return [
            Implemented(name, str(getattr(spec, TITLE, name)), getattr(spec, IS_PANEL, False))
            for name, spec in specs
        ]

    def each(self, name: str) -> Iterator[tuple[str, list[Any]]]:
        """Call hook ``name`` of every addon by itself, with no arguments: ``(addon, items)``."""
        for addon, plugin in self._plugins.items():
            function = getattr(plugin, name, None)
            if function is not None:
                yield addon, function() or []

    def fail(self, addon: str, name: str, why: str | Exception) -> None:
        """Count and log the failure of a hook."""
        self.failures[addon] = self.failures.get(addon, 0) + 1
        cause = why if isinstance(why, Exception) else None
        logger.error("hook %s of addon %s failed: %s", name, addon, why, exc_info=cause)

    def _wrapped(self, addon: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give the answer as a list; keep a failure to the addon unless the hook decides something."""
        signature = inspect.signature(function)
        decides = getattr(getattr(self._manager.hook, name).spec.function, DECIDES, False)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> list[Any] | None:
            if decides:
                return _as_list(function(*args, **kwargs))
            session = signature.bind(*args, **kwargs).arguments.get("session")
            try:
                if isinstance(session, Session):
                    with session.begin_nested():
                        answer = _as_list(function(*args, **kwargs))
                        _check_transaction(session)
                    return answer
                return _as_list(function(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - whatever it raises: it loses its own part only
                self.fail(addon, name, error)
                return None

        return call


def _check_transaction(session: Session) -> None:
    """See that no error of the database was caught and forgotten; the savepoint could not be released.

    Raises:
        RuntimeError: one was.
    """
    driver: Any = session.connection().connection.driver_connection
    if driver.info.transaction_status == TRANSACTION_STATUS_INERROR:
        raise RuntimeError("an error of the database was caught without a savepoint around it")


def _as_list(answer: Any) -> list[Any] | None:
    """Several things at once may come as any iterable, a generator too; a text is one thing."""
    if answer is None or isinstance(answer, list):
        return answer
    is_many = isinstance(answer, Iterable) and not isinstance(answer, str | bytes | Mapping)
    return list(answer) if is_many else [answer]
