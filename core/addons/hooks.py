"""The hook manager: registration, and calls for the addons one tenant has on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pluggy

from core.addons.answers import answers_of
from core.addons.calling import Caller, Calls, Layout
from core.addons.hookspecs import (
    DECIDES,
    PART,
    PROJECT,
    SLOT,
    TITLE,
    CoreHooks,
    Native,
    PartMark,
    first_sentence,
)
from core.addons.implementations import Implementation
from core.addons.manifest import AddonError, Manifest
from core.addons.pointing import nearest_first, place_of
from core.addons.slots import NoScreens, Screens, Stand, check_parts, stands, turns


class _Plugin:
    """An addon's functions, as pluggy wants them, and what we keep of each."""

    implementations: dict[str, Implementation]


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
    #: What its implementations bring, in the reader's language; its name where nobody has said it.
    title: str


@dataclass(frozen=True, slots=True)
class Implemented:
    """A hook that an addon implements."""

    name: str
    #: What it brings, in the reader's language; the hook's name where nobody has said it.
    title: str


class Hooks(Calls):
    """All hook implementations of this process, callable for a subset of addons."""

    def __init__(self) -> None:
        super().__init__()
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(CoreHooks)
        self._plugins: dict[str, _Plugin] = {}
        self._callers: dict[tuple[str, frozenset[str]], Caller] = {}
        self._layouts: dict[tuple[str, frozenset[str], str], Layout] = {}
        #: What the pages of resources are made of.
        self.screens: Screens = NoScreens()

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

    def implementations(self, addon: Manifest, module: ModuleType) -> dict[str, Callable[..., Any]]:
        """The ``@hookimpl`` functions and the parts of a ``hooks`` room, checked against the specs.

        Returns:
            ``{hook: function}``, and ``{"hook:name": function}`` for parts, in the order of the file.

        Raises:
            AddonError: an implementation is of an unknown hook, bears another name than its hook, or
                takes an argument the hook does not give; a part stands where nothing is, or beside it.
        """
        found: dict[str, Callable[..., Any]] = {}
        for name, function in list(vars(module).items()):
            if not inspect.isfunction(function):
                continue
            options, mark = getattr(function, f"{PROJECT}_impl", None), getattr(function, PART, None)
            if mark is not None:
                self._check_call(function, mark.hook, function.__name__)
                if self.natives(mark.hook) is None:
                    known = ", ".join(nearest_first(mark.hook, self.slots()))
                    raise AddonError(f"{place_of(function)}: “{mark.hook}” is no place; there are {known}")
                found[f"{mark.hook}:{mark.name}"] = function
            elif options is not None:
                place = place_of(function)
                if options.get("specname"):
                    raise AddonError(f"{place}: {name} must bear the hook's own name, not specname")
                if options.get("wrapper") or options.get("hookwrapper"):
                    raise AddonError(f"{place}: {name} must not be a wrapper around other addons")
                self._check_call(function, name, name)
                found[name] = function
        check_parts(addon, found.values(), self.screens, self._standing_at)
        return found

    def _check_call(self, function: Callable[..., Any], hook: str, name: str) -> None:
        """See that there is a hook, and that it gives what a function takes.

        Raises:
            AddonError: there is none, or it does not.
        """
        if hook not in self._known():
            known = ", ".join(nearest_first(hook, self._known()))
            raise AddonError(f"{place_of(function)}: there is no hook “{hook}”; there are {known}")
        given = self._spec(hook).argnames
        unknown = [each for each in inspect.signature(function).parameters if each not in given]
        if unknown:
            gives = ", ".join(given) or "nothing"
            raise AddonError(
                f"{place_of(function)}: {name} takes {', '.join(unknown)}, but the hook gives {gives}"
            )

    def register(self, addon: str, implementations: dict[str, Callable[..., Any]]) -> None:
        """Register an addon's implementations."""
        functions = {name: staticmethod(function) for name, function in implementations.items()}
        plugin: _Plugin = type(f"{addon}_hooks", (_Plugin,), functions)()
        self._manager.register(plugin, name=addon)
        plugin.implementations = {
            name: self._implementation(addon, name, function) for name, function in implementations.items()
        }
        self._plugins[addon] = plugin
        self._forget()

    def unregister(self, addon: str) -> None:
        """Forget an addon's implementations and what was counted of them."""
        self._manager.unregister(name=addon)
        del self._plugins[addon]
        self._forget()

    def _forget(self) -> None:
        """Work out anew who is called."""
        self._callers.clear()
        self._layouts.clear()

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
        mark: PartMark | None = getattr(function, PART, None)
        options = {} if mark is not None else getattr(function, f"{PROJECT}_impl")
        hook = mark.hook if mark is not None else name
        spec = self._spec(hook)
        takes = tuple(inspect.signature(function).parameters)
        decides = getattr(spec.function, DECIDES, False)
        made = Implementation(
            addon,
            hook,
            function,
            takes=takes,
            decides=decides,
            is_guarded="session" in takes and not decides,
            may_be_muted=bool(spec.argnames) and not decides,
            answers=answers_of(spec.function),
            rank=bool(options.get("trylast")) - bool(options.get("tryfirst")),
        )
        if mark is not None:
            made.name, made.title, made.on, made.place = mark.name, mark.title, frozenset(mark.on), mark.place
        return made

    # Calls

    def call(self, addons: frozenset[str], name: str, **arguments: Any) -> list[Any]:
        """Call hook ``name`` for ``addons`` and the core; lists are joined in the order of the calls.

        Each implementation that only decorates runs in a savepoint of its own where a ``session`` is
        given. When it fails, or gives nonsense, its part is missing; muted ones are passed over. What
        fails of a hook that decides is raised.
        """
        return self._run(self._callers.get((name, addons)) or self._caller(name, addons), arguments)

    def fill(
        self,
        addons: frozenset[str],
        name: str,
        *,
        own: Mapping[str, Callable[[], Iterable[Any]]] | None = None,
        **arguments: Any,
    ) -> list[tuple[str, Any]]:
        """Ask for all that stands at a place on a screen, in order: ``[(id, item)]``.

        Args:
            addons: those the tenant has on; the core is asked too.
            name: the place, a hook marked with `core.addons.hookspecs.slot`.
            own: what the page has there by itself, by its id; not asked for where it is replaced.
            **arguments: what the hook gives; ``resource`` says which parts belong to the page.
        """
        resource = arguments["resource"].name if "resource" in arguments else ""
        layout = self._layouts.get((name, addons, resource))
        if layout is None:
            all_, is_on = self.standing_at(name), lambda addon: addon in addons or addon == "core"
            natives = frozenset(each.id for each in all_ if each.implementation is None)
            layout = Layout(turns(all_, is_on, resource), natives)
            self._layouts[name, addons, resource] = layout
            self.on_news()
        return self._lay_out(layout, own or {}, arguments)

    # Places on screens

    def slots(self) -> list[str]:
        """The hooks that are places on screens."""
        return [name for name in self._known() if hasattr(self._spec(name).function, SLOT)]

    def natives(self, slot: str) -> Sequence[Native] | None:
        """What pages have by themselves at a place; None where the hook is no place."""
        declared: Sequence[Native] | None = getattr(self._spec(slot).function, SLOT, None)
        return None if declared is None else [*declared, *self.screens.natives(slot)]

    def standing_at(self, slot: str) -> list[Stand]:
        """All that may stand at a place, whoever has what on, in order."""
        return stands(*self._standing_at(slot))

    def _standing_at(self, slot: str) -> tuple[Sequence[Native], Sequence[Implementation]]:
        return self.natives(slot) or (), self._in_order(slot, lambda _addon: True)

    # What is there

    def has(self, name: str, addons: frozenset[str]) -> bool:
        """Whether the core or any of ``addons`` would be called at hook ``name``."""
        caller = self._callers.get((name, addons)) or self._caller(name, addons)
        return any(not each.muted for each, _shape in caller.called)

    def implemented(self, addon: str) -> list[Implemented]:
        """The hooks that ``addon`` implements, by name."""
        plugin = self._plugins.get(addon)
        names = {each.hook for each in plugin.implementations.values()} if plugin is not None else set()
        specs = [(name, self._spec(name).function) for name in sorted(names)]
        return [Implemented(name, str(getattr(spec, TITLE, name))) for name, spec in specs]

    def _caller(self, name: str, addons: frozenset[str]) -> Caller:
        """Find out whom a hook calls, and keep it."""
        assert name in self._known(), f"there is no hook “{name}”"
        called = self._in_order(name, lambda addon: addon in addons or addon == "core")
        taken = tuple(dict.fromkeys(each.takes for each in called))
        caller = Caller(taken, tuple((each, taken.index(each.takes)) for each in called))
        self._callers[name, addons] = caller
        self.on_news()
        return caller

    def _in_order(self, name: str, is_on: Callable[[str], bool]) -> list[Implementation]:
        """The implementations of a hook as they are called: in the addons' order, unless they want else."""
        found = [
            each
            for addon, plugin in self._plugins.items()
            if is_on(addon)
            for each in plugin.implementations.values()
            if each.hook == name
        ]
        return sorted(found, key=lambda each: each.rank)

    def _called(self, name: str) -> list[Implementation]:
        """All implementations of a hook, in the order in which a page or a call asks them."""
        if self.natives(name) is None:
            return self._in_order(name, lambda _addon: True)
        return [each.implementation for each in self.standing_at(name) if each.implementation is not None]

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
                    tuple(self._called(name)),
                    str(getattr(function, TITLE, name)),
                )
            )
        return found
