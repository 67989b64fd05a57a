"""What a hook costs by itself: thirty addons that do nothing, beside pluggy calling the same functions."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

import pluggy
from sqlalchemy.orm import Session

from core.addons.hooks import Hooks
from core.addons.hookspecs import PROJECT, hookimpl, hookspec
from tests.bench.context import Bench
from tests.bench.figures import Figure, Times

TITLE = "Hooks"
#: What design.md says: microseconds for a call of thirty.
_BUDGET: Final = 20
_ADDONS: Final = 30
#: Calls that are timed together: one takes less than what a clock is good for.
_TOGETHER: Final = 100


class Part:
    """What an addon gives."""


class BenchHooks:
    """One hook."""

    @hookspec
    def parts(self, session: Any, actor: Any) -> list[Part] | None:
        """Give parts."""


def measure(bench: Bench) -> list[Figure]:
    """One call for thirty addons of which each gives a part, or nothing; then the same in a transaction."""
    giving, silent = calls(lambda: [Part()]), calls(lambda: None)
    ours, pluggys = _in_turn(giving, bench.rounds)
    idle, _ = _in_turn(silent, bench.rounds)
    with bench.kernel.database.session(bench.tenant) as session:
        guarded, _ = _in_turn(calls(lambda: None, session), bench.rounds // 3)
    return [
        Figure("30 addons that give a part each", ours, "µs", _BUDGET, beside=f"{pluggys:.1f} µs (pluggy)"),
        Figure("30 addons that give nothing", idle, "µs", _BUDGET),
        Figure("30 addons in a savepoint each", guarded, "µs"),
    ]


def calls(give: Callable[[], Any], session: Session | None = None) -> tuple[Callable[[], Any], ...]:
    """A call of ours, and of pluggy's for the same thirty of sixty addons."""
    hooks, manager = Hooks(), pluggy.PluginManager(PROJECT)
    room = ModuleType(BenchHooks.__module__)
    room.BenchHooks = BenchHooks  # type: ignore[attr-defined]
    hooks.add_specs(hooks.specs(room))
    manager.add_hookspecs(BenchHooks)
    off = []
    for number in range(2 * _ADDONS):

        @hookimpl
        def parts(session: Any, actor: Any) -> Any:
            return give()

        hooks.register(f"a{number}", {"parts": parts})
        plugin = type(f"p{number}", (), {"parts": staticmethod(parts)})()
        manager.register(plugin)
        if number >= _ADDONS:
            off.append(plugin)
    on = frozenset(f"a{number}" for number in range(_ADDONS))
    caller = manager.subset_hook_caller("parts", off)
    return (
        lambda: hooks.call(on, "parts", session=session, actor=None),
        lambda: caller(session=session, actor=None),
    )


def _in_turn(works: tuple[Callable[[], Any], ...], rounds: int) -> list[float]:
    """Microseconds of one call of each, at the median."""
    times = [Times() for _ in works]
    for _ in range(rounds):
        for work, taken in zip(works, times, strict=True):
            began = time.perf_counter()
            for _ in range(_TOGETHER):
                work()
            taken.values.append((time.perf_counter() - began) / _TOGETHER)
    return [each.median * 1000 for each in times]
