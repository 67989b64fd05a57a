"""One addon's implementation of one hook: what it takes and gives, and how it has fared in this process.

Counts are plain attributes that several threads add to without a lock. CPython lets another thread in
at calls and at jumps back, not between reading a number and writing it; where it should ever do, one
call of millions is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from core.addons.answers import Answers
from core.addons.failures import Failure
from core.addons.placing import Place
from core.i18n import Lazy

#: Seconds above which a call is slow.
SLOW: Final = 2.0
#: So many slow calls within so many seconds mute an isolated hook. Not in a row: a hook asked for every
#: record gives nothing for most, at once, so that the five behind which somebody waits are never in a row.
MUTING: Final = 5
WITHIN: Final = 3600.0


@dataclass(slots=True, eq=False)
class Implementation:
    """A function of an addon that hooks call."""

    addon: str
    hook: str
    function: Callable[..., Any]
    #: Names of the arguments it takes.
    takes: tuple[str, ...]
    #: Whether its failure stops the work.
    decides: bool
    #: What it may give; None where anything goes.
    answers: Answers | None
    #: Whether what it did in the database is undone when it fails.
    is_guarded: bool
    #: Whether its hook can do without it: not where it decides, nor where it is asked once, at the start.
    may_be_muted: bool
    #: Called before the others (-1), in the order of the addons (0), or after the others (1).
    rank: int = 0
    #: Of a part of a page: its name, what people call it, the resources whose pages have it (none: all of
    #: them), and where it stands.
    name: str = ""
    title: Lazy | None = None
    on: frozenset[str] = frozenset()
    place: Place | None = None
    #: Calls of this process, with the seconds they took together and at most.
    calls: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    slow_calls: int = 0
    failures: int = 0
    #: The last failure.
    failure: Failure | None = None
    #: Whether it is passed over.
    muted: bool = False
    #: When its last slow calls ended (seconds since the epoch), of the last hour at most.
    slow_at: list[float] = field(default_factory=list)
    #: Those of them other processes have not been told of yet.
    untold: list[float] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What others call it: ``<addon>.<name>``; one without a name bears that of its hook."""
        return f"{self.addon}.{self.name or self.hook}"

    @property
    def counted_as(self) -> str:
        """What its counts are kept under, within its addon."""
        return f"{self.hook}:{self.name}" if self.name else self.hook

    @property
    def key(self) -> tuple[str, str]:
        """The names of its addon and of what it is counted as."""
        return self.addon, self.counted_as

    def note_slow(self, now: float) -> bool:
        """Count a slow call that ended ``now``; True where it is the one that mutes."""
        self.slow_calls += 1
        if not self.may_be_muted:
            return False
        self.untold.append(now)
        self.slow_at = [*(at for at in self.slow_at if at > now - WITHIN), now][-MUTING:]
        if len(self.slow_at) < MUTING or self.muted:
            return False
        self.muted = True
        return True

    def unmute(self) -> None:
        """Call it again, and count its slow calls anew."""
        self.muted = False
        self.slow_at = []
