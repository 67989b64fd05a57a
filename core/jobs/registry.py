"""Which kinds of jobs there are: the ``jobs`` rooms of the addons."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from croniter import croniter

from core.addons.manifest import AddonError, Manifest
from core.db.queue import LANES
from core.i18n import Lazy

if TYPE_CHECKING:
    from core.jobs.work import Work

Lane = Literal["default", "bulk"]
Function = Callable[["Work"], Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_MARK: Final = "guanxi_job"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job, as its function declares it."""

    name: str
    title: Lazy
    function: Function
    lane: Lane
    #: Tries before it is parked.
    attempts: int
    #: Cron expression in UTC; empty: only when it is enqueued.
    every: str
    addon: str = ""
    #: Whether it also runs for a tenant that sends nothing until it is released.
    while_held: bool = False

    def due(self, now: datetime) -> datetime:
        """The last time it was due at, up to ``now``."""
        return datetime.fromtimestamp(croniter(self.every, now.timestamp() + 0.001).get_prev(), UTC)


def job(
    name: str,
    *,
    title: Lazy,
    lane: Lane = "default",
    attempts: int = 5,
    every: str = "",
    while_held: bool = False,
) -> Callable[[_Function], _Function]:
    """Declare a function ``run(work: Work)`` of a ``jobs`` room as a kind of job.

    It must be safe to run twice: after a crash it runs again with the same arguments. What it
    returns (as JSON) is kept as the job's result.

    Args:
        name: ``<addon>.<verb>``, as `core.jobs.enqueue` is given it.
        title: what people read, "Import".
        lane: ``bulk`` for what takes longer than some seconds.
        attempts: how often it is tried before it is parked.
        every: a cron expression in UTC, ``*/5 * * * *``: it runs once at each due time for every
            tenant that has the addon on, without being enqueued.
        while_held: whether it also runs in a copy made from an archive before the operator releases it:
            for work that stays within the tenant's own records, and never for what sends something.
    """

    def mark(function: _Function) -> _Function:
        setattr(function, _MARK, JobKind(name, title, function, lane, attempts, every, "", while_held))
        return function

    return mark


class Jobs:
    """All kinds of jobs of this process."""

    def __init__(self) -> None:
        self._kinds: dict[str, JobKind] = {}

    def add(self, kind: JobKind) -> None:
        """Make a kind known."""
        self._kinds[kind.name] = kind

    def get(self, name: str) -> JobKind | None:
        """The kind called ``name``, None where its addon is gone."""
        return self._kinds.get(name)

    def __iter__(self) -> Iterator[JobKind]:
        return iter(self._kinds.values())


class JobsRoom:
    """The ``jobs`` room: functions marked with `job`."""

    name = "jobs"

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def read(self, addon: Manifest, module: ModuleType) -> list[JobKind]:
        """Collect and check the functions, also those it imports from the addon's other modules.

        Raises:
            AddonError: a declaration cannot be used; the sentence names the file and the job.
        """
        found: dict[str, JobKind] = {}
        for _, function in inspect.getmembers(module, inspect.isfunction):
            declared: JobKind | None = getattr(function, _MARK, None)
            if declared is None:
                continue
            problem = _problem(declared, addon.name)
            if not problem and (declared.name in found or self._jobs.get(declared.name)):
                problem = "there is a job of this name already"
            if problem:
                raise AddonError(f"{module.__file__}: job “{declared.name}”: {problem}")
            kind = replace(declared, function=function, addon=addon.name)
            found[kind.name] = kind
        return list(found.values())

    def open(self, addon: Manifest, contents: list[JobKind]) -> None:
        """Make them known."""
        for kind in contents:
            self._jobs.add(kind)


def _problem(kind: JobKind, addon: str) -> str:
    """What keeps a declaration from being used; empty when nothing does."""
    if not _NAME.fullmatch(kind.name) or not kind.name.startswith(f"{addon}."):
        return f"its name must be “{addon}.” and a word of small letters"
    if kind.lane not in LANES:
        return f"there is no lane “{kind.lane}”; there are {', '.join(LANES)}"
    if kind.attempts < 1:
        return "it must be tried at least once"
    if kind.every and not croniter.is_valid(kind.every):
        return f"“{kind.every}” is no cron expression"
    takes = list(inspect.signature(kind.function).parameters.values())
    if len(takes) != 1 or takes[0].kind is inspect.Parameter.KEYWORD_ONLY:
        return "the function takes one argument, the Work"
    return ""
