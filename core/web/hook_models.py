"""The hook explorer of the platform's administrator: who implements what, in which order, how it fares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from core.addons.hooks import HookView
from core.addons.implementations import MUTING, SLOW, WITHIN, Implementation
from core.addons.ledger import Tally
from core.i18n import _, ngettext
from core.web.display import Display
from core.web.view_models import Option

#: What a specification marks as a name of the program: ```order``` or a class in single quotes.
_CODE = re.compile(r"``(.+?)``|`(.+?)`")


@dataclass(frozen=True, slots=True)
class Implementer:
    """One addon at one hook."""

    addon: str
    title: str
    #: Whose turn it is.
    place: int
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
    #: Lets it be called again; empty where it is not muted.
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
                _implementer(number, one, tallies.get(one.key, Tally()), titles.get(one.addon, ""), shown)
                for number, one in enumerate(each.implementations, 1)
            ],
        )
        for each in hooks
    ]
    return sorted(cards, key=lambda card: not card.implementers)


def muted_sentence(one: Implementer) -> str:
    """Why an implementation is passed over."""
    return _(
        "%(addon)s is passed over at %(hook)s %(since)s: %(calls)s calls took more than %(seconds)s seconds each.",
        addon=one.addon, hook="", since=one.history, calls=MUTING, seconds=SLOW,
    )  # fmt: skip


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
