"""The hook explorer of the platform's administrator: who implements what, in which order, how it fares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup, escape

from core.addons.hooks import HookView
from core.addons.implementations import MUTING, SLOW, WITHIN, Implementation
from core.addons.ledger import Tally
from core.i18n import _, _p
from core.web.display import Display
from core.web.view_models import Option

_LATELY = timedelta(seconds=WITHIN)
#: What a specification marks as a name of the program: ```order``` or a class in single quotes.
_CODE = re.compile(r"``(.+?)``|`(.+?)`")


@dataclass(frozen=True, slots=True)
class Implementer:
    """One addon at one hook."""

    addon: str
    title: str
    #: Of a part of a page the id, else the addon again.
    id: str
    #: Whose turn it is: 1 is called first.
    turn: int
    calls: str
    mean: str
    longest: str
    slow: str
    failures: str
    #: What became of it last: the class and what it said, where, when; empty where it never failed.
    error: str
    error_place: str
    error_at: str
    state: Option
    #: When it was muted, or who let it be called again and when; empty where neither happened.
    history: str
    #: What muting means, in a sentence, and what lets it be called again; empty where it is not muted.
    muted: str
    unmute_url: str


@dataclass(frozen=True, slots=True)
class HookCard:
    """One hook."""

    name: str
    arguments: str
    sentence: Markup
    #: Where it is specified.
    module: str
    kind: Option
    implementers: Sequence[Implementer]


def hook_cards(
    hooks: Sequence[HookView],
    tallies: Mapping[tuple[str, str], Tally],
    titles: Mapping[str, str],
    shown: Display,
) -> list[HookCard]:
    """Those that somebody implements first, by name.

    Args:
        hooks: of this process.
        tallies: of all processes.
        titles: of addons.
        shown: the reader's habits.
    """
    cards = [
        HookCard(
            each.name,
            f"({', '.join(each.arguments)})",
            with_code(_(each.documentation)),
            each.module,
            _kind(each),
            [
                _implementer(
                    number, one, tallies.get(one.key, Tally()), titles.get(one.addon, one.addon), shown
                )
                for number, one in enumerate(each.implementations, 1)
            ],
        )
        for each in hooks
    ]
    return sorted(cards, key=lambda card: not card.implementers)


def _kind(hook: HookView) -> Option:
    if hook.decides:
        return Option("decides", _p("hook", "decides"), "violet")
    return Option("isolated", _p("hook", "isolated"), "mute")


def _implementer(turn: int, one: Implementation, tally: Tally, title: str, shown: Display) -> Implementer:
    muted = tally.muted_at is not None
    return Implementer(
        addon=one.addon,
        title=title,
        id=one.id if one.name else one.addon,
        turn=turn,
        calls=shown.number(tally.calls),
        mean=length(tally.seconds / tally.calls) if tally.calls else "",
        longest=length(tally.longest_seconds) if tally.calls else "",
        slow=shown.number(tally.slow_calls),
        failures=shown.number(tally.failures),
        error=_(": ").join(each for each in (tally.error, tally.sentence) if each),
        error_place=tally.place or "",
        error_at=shown.instant(tally.failed_at) if tally.failed_at else "",
        state=_state(tally, shown),
        history=_history(tally, shown),
        muted=_muted(one, tally, shown) if muted else "",
        unmute_url=f"/platform/hooks/{one.addon}/{one.counted_as}/unmute" if muted else "",
    )


def _state(tally: Tally, shown: Display) -> Option:
    if tally.muted_at is not None:
        return Option("muted", _p("hook", "muted"), "bad")
    if tally.failed_at is not None and shown.now - tally.failed_at < _LATELY:
        return Option("failing", _p("hook", "failed lately"), "warn")
    if tally.calls:
        return Option("called", _p("hook", "called"), "ok")
    return Option("idle", _p("hook", "not called yet"))


def _history(tally: Tally, shown: Display) -> str:
    if tally.muted_at is not None:
        return _("since %(when)s", when=shown.instant(tally.muted_at))
    if tally.unmuted_at is not None and tally.unmuted_by:
        who, when = tally.unmuted_by.partition("@")[0], shown.instant(tally.unmuted_at)
        return _("turned on again by %(who)s, %(when)s", who=who, when=when)
    return ""


def _muted(one: Implementation, tally: Tally, shown: Display) -> str:
    assert tally.muted_at is not None
    return _(
        "%(addon)s has been left out at %(hook)s since %(when)s: %(calls)s of its calls took longer than"
        " %(seconds)s seconds within an hour. Pages come without its part until you turn it on again.",
        addon=one.addon,
        hook=one.counted_as,
        when=shown.instant(tally.muted_at),
        calls=MUTING,
        seconds=round(SLOW),
    )


def with_code(sentence: str) -> Markup:
    """A sentence of the documentation, names of the program set as such."""
    found = Markup()
    at = 0
    for match in _CODE.finditer(sentence):
        name = (match[1] or match[2]).rpartition(".")[2]
        found += escape(sentence[at : match.start()]) + Markup("<code>{}</code>").format(name)
        at = match.end()
    return found + escape(sentence[at:])


def length(seconds: float) -> str:
    """A length of time with its unit: 0.21 ms, 38 ms, 2.4 s."""
    milliseconds = seconds * 1000
    if milliseconds >= 1000:
        return f"{seconds:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2f} ms"
