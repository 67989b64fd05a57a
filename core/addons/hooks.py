"""The hook manager: registration with isolation, and calls for the addons one tenant has on."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pluggy
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from sqlalchemy.orm import Session

from core.addons.answers import answers_of
from core.addons.failures import Failure, failure_of
from core.addons.hookspecs import DECIDES, IS_PANEL, PROJECT, TITLE, CoreHooks, first_sentence
from core.addons.implementations import MUTING, SLOW, WITHIN, Implementation
from core.addons.manifest import AddonError
from core.addons.pointing import nearest_first, place_of
from core.errors import GuanxiError

logger = logging.getLogger(__name__)


class _Plugin:
    """An addon's functions, as pluggy wants them, and what we keep of each."""

    implementations: dict[str, Implementation]


@dataclass(frozen=True, slots=True)
class _Caller:
    """Whom a hook calls for one set of addons, in order."""

    #: The different sets of arguments they take, and each with the number of his.
    taken: tuple[tuple[str, ...], ...]
    called: tuple[tuple[Implementation, int], ...]


@dataclass(frozen=True, slots=True)
class HookView:
    """A hook, and who implements it, in the order of the calls."""

    name: str
    #: What its specification says, and the module and the arguments it has.
    documentation: str
    module: str
    arguments: tuple[str, ...]
    decides: bool
    implementations: tuple[Implementation, ...]


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
        self._plugins: dict[str, _Plugin] = {}
        self._callers: dict[tuple[str, frozenset[str]], _Caller] = {}
        #: Seconds of an unknown beginning, for lengths; and of the epoch.
        self.clock: Callable[[], float] = time.perf_counter
        self.now: Callable[[], float] = time.time
        #: Done whenever hooks are called for a set of addons not met before, and when one is muted.
        self.on_news: Callable[[], None] = lambda: None

    # Registration

    def specs(self, module: ModuleType) -> list[type]:
        """The classes of a ``hookspecs`` room that define hooks, checked; nothing is registered.

        Raises:
            AddonError: a hook is known already, by the core or by another addon.
        """
        found = []
        for _, declared in inspect.getmembers(module, inspect.isclass):
            if declared.__module__ != module.__name__:
                continue
            specified = [
                member for member in vars(declared).values() if getattr(member, f"{PROJECT}_spec", None)
            ]
            for member in specified:
                if hasattr(self._manager.hook, member.__name__):
                    raise AddonError(f"{place_of(member)}: there is a hook “{member.__name__}” already")
            if specified:
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
            place = place_of(function)
            if options.get("specname"):
                raise AddonError(f"{place}: {name} must bear the hook's own name, not specname")
            if options.get("wrapper") or options.get("hookwrapper"):
                raise AddonError(f"{place}: {name} must not be a wrapper around other addons")
            if name not in self._known():
                known = ", ".join(nearest_first(name, self._known()))
                raise AddonError(f"{place}: there is no hook “{name}”; there are {known}")
            given = self._spec(name).argnames
            unknown = [each for each in inspect.signature(function).parameters if each not in given]
            if unknown:
                raise AddonError(
                    f"{place}: {name} takes {', '.join(unknown)}, "
                    f"but the hook gives {', '.join(given) or 'nothing'}"
                )
            found[name] = function
        return found

    def register(self, addon: str, implementations: dict[str, Callable[..., Any]]) -> None:
        """Register an addon's implementations."""
        functions = {name: staticmethod(function) for name, function in implementations.items()}
        plugin: _Plugin = type(f"{addon}_hooks", (_Plugin,), functions)()
        self._manager.register(plugin, name=addon)
        plugin.implementations = {
            name: self._implementation(addon, name, function) for name, function in implementations.items()
        }
        self._plugins[addon] = plugin
        self._callers.clear()

    def unregister(self, addon: str) -> None:
        """Forget an addon's implementations and what was counted of them."""
        self._manager.unregister(name=addon)
        del self._plugins[addon]
        self._callers.clear()

    def _known(self) -> list[str]:
        """The names of all hooks."""
        return [name for name, caller in vars(self._manager.hook).items() if getattr(caller, "spec", None)]

    def _spec(self, name: str) -> Any:
        """The specification of a hook."""
        return getattr(self._manager.hook, name).spec

    def specification(self, name: str) -> Callable[..., Any]:
        """The function that specifies a hook, with its annotations and its documentation."""
        function: Callable[..., Any] = self._spec(name).function
        return function

    def _implementation(self, addon: str, name: str, function: Callable[..., Any]) -> Implementation:
        spec, options = self._spec(name), getattr(function, f"{PROJECT}_impl")
        takes = tuple(inspect.signature(function).parameters)
        decides = getattr(spec.function, DECIDES, False)
        return Implementation(
            addon,
            name,
            function,
            takes=takes,
            decides=decides,
            is_guarded="session" in takes and not decides,
            may_be_muted=bool(spec.argnames) and not decides,
            answers=answers_of(spec.function),
            rank=bool(options["trylast"]) - bool(options["tryfirst"]),
        )

    # Calls

    def call(self, addons: frozenset[str], name: str, **arguments: Any) -> list[Any]:
        """Call hook ``name`` for ``addons`` and the core; lists are joined in the order of the calls.

        Each implementation that only decorates runs in a savepoint of its own where a ``session`` is
        given. When it fails, or gives nonsense, its part is missing; muted ones are passed over. What
        fails of a hook that decides is raised.
        """
        return self._run(self._callers.get((name, addons)) or self._caller(name, addons), arguments)

    def _run(self, caller: _Caller, arguments: Mapping[str, Any]) -> list[Any]:
        given = [tuple([arguments[name] for name in names]) for names in caller.taken]
        session = arguments.get("session")
        guard = session if isinstance(session, Session) else None
        found: list[Any] = []
        clock = self.clock
        began = clock()
        for each, shape in caller.called:
            if each.muted:
                continue
            try:
                if guard is not None and each.is_guarded:
                    found += _guarded(each, given[shape], guard)
                else:
                    answer = each.function(*given[shape])
                    if answer is not None:
                        found += _checked(each, answer)
            except Exception as error:
                self._note_failure(each, error)
                if each.decides:
                    self._count(each, clock() - began)
                    raise
            ended = clock()
            # As `_count` does; this is done for each addon at each place of each page.
            took = ended - began
            each.calls += 1
            each.seconds += took
            if took > each.longest:
                each.longest = took
            if took > SLOW:
                self._note_slow(each)
            began = ended
        return found

    def has(self, name: str, addons: frozenset[str]) -> bool:
        """Whether the core or any of ``addons`` would be called at hook ``name``."""
        caller = self._callers.get((name, addons)) or self._caller(name, addons)
        return any(not each.muted for each, _shape in caller.called)

    def implemented(self, addon: str) -> list[Implemented]:
        """The hooks that ``addon`` implements, by name."""
        plugin = self._plugins.get(addon)
        names = sorted(plugin.implementations) if plugin is not None else []
        specs = [(name, self._spec(name).function) for name in names]
        return [
            Implemented(name, str(getattr(spec, TITLE, name)), getattr(spec, IS_PANEL, False))
            for name, spec in specs
        ]

    def each(self, name: str) -> Iterator[tuple[str, list[Any]]]:
        """Call hook ``name`` of every addon by itself, with no arguments: ``(addon, items)``."""
        for addon, plugin in self._plugins.items():
            if name in plugin.implementations:
                alone = _Caller(((),), ((plugin.implementations[name], 0),))
                yield addon, self._run(alone, {})

    def _caller(self, name: str, addons: frozenset[str]) -> _Caller:
        """Find out whom a hook calls, and keep it."""
        assert name in self._known(), f"there is no hook “{name}”"
        called = self._in_order(name, lambda addon: addon in addons or addon == "core")
        taken = tuple(dict.fromkeys(each.takes for each in called))
        caller = _Caller(taken, tuple((each, taken.index(each.takes)) for each in called))
        self._callers[name, addons] = caller
        self.on_news()
        return caller

    def _in_order(self, name: str, is_on: Callable[[str], bool]) -> list[Implementation]:
        """The implementations of a hook as they are called: in the addons' order, unless they want else."""
        found = [
            plugin.implementations[name]
            for addon, plugin in self._plugins.items()
            if is_on(addon) and name in plugin.implementations
        ]
        return sorted(found, key=lambda each: each.rank)

    # What is counted

    @property
    def failures(self) -> dict[str, int]:
        """Failures of isolated hooks in this process: ``{addon: how many}``."""
        counts = {
            addon: sum(each.failures for each in plugin.implementations.values() if not each.decides)
            for addon, plugin in self._plugins.items()
        }
        return {addon: count for addon, count in counts.items() if count}

    def everything(self) -> Iterator[Implementation]:
        """All implementations, by addon."""
        for plugin in self._plugins.values():
            yield from plugin.implementations.values()

    def views(self) -> list[HookView]:
        """All hooks by name, with who implements them."""
        found = []
        for name in sorted(self._known()):
            spec = self._spec(name)
            function = spec.function
            found.append(
                HookView(
                    name,
                    first_sentence(function.__doc__),
                    function.__module__,
                    spec.argnames,
                    getattr(function, DECIDES, False),
                    tuple(self._in_order(name, lambda _addon: True)),
                )
            )
        return found

    def fail(self, addon: str, name: str, why: str) -> None:
        """Count and log that what a hook gave could not be used."""
        each = self._plugins[addon].implementations[name]
        self._keep(each, Failure("", why, each.function.__module__, self._instant()))
        logger.error("hook %s of addon %s failed: %s", name, addon, why)

    def _note_failure(self, each: Implementation, error: Exception) -> None:
        """Count a failure; to refuse with a sentence for the user is the right of a hook that decides."""
        if each.decides and isinstance(error, GuanxiError) and error.status < 500:
            return
        self._keep(each, failure_of(error, each.function, self._instant()))
        if not each.decides:  # else whoever catches it tells of it
            logger.error("hook %s of addon %s failed: %s", each.hook, each.addon, error, exc_info=error)

    @staticmethod
    def _keep(each: Implementation, failure: Failure) -> None:
        each.failures += 1
        each.failure = failure

    def _count(self, each: Implementation, took: float) -> None:
        each.calls += 1
        each.seconds += took
        each.longest = max(each.longest, took)
        if took > SLOW:
            self._note_slow(each)

    def _note_slow(self, each: Implementation) -> None:
        if each.note_slow(self.now()):
            within = round(WITHIN / 60)
            logger.error(
                "hook %s of addon %s is muted: %s calls took over %s s within %s minutes",
                each.hook, each.addon, MUTING, SLOW, within,
            )  # fmt: skip
            self.on_news()

    def _instant(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


def _guarded(each: Implementation, arguments: Sequence[Any], session: Session) -> Sequence[Any]:
    """Call in a savepoint, which undoes what a failure has left."""
    with session.begin_nested():
        answer = each.function(*arguments)
        items = _checked(each, answer) if answer is not None else ()
        _check_transaction(session)
    return items


def _check_transaction(session: Session) -> None:
    """See that no error of the database was caught and forgotten; the savepoint could not be released.

    Raises:
        RuntimeError: one was.
    """
    driver: Any = session.connection().connection.driver_connection
    if driver.info.transaction_status == TRANSACTION_STATUS_INERROR:
        raise RuntimeError("an error of the database was caught without a savepoint around it")


def _checked(each: Implementation, answer: Any) -> list[Any]:
    """An answer as a list: several things may come as any iterable, a generator too; a text is one thing.

    Raises:
        Nonsense: something in it is not what the hook takes.
    """
    if not isinstance(answer, list):
        is_many = isinstance(answer, Iterable) and not isinstance(answer, str | bytes | Mapping)
        answer = list(answer) if is_many else [answer]
    if each.answers is not None:
        each.answers.require(answer)
    found: list[Any] = answer
    return found
