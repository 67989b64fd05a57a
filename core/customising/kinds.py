"""The kinds of fields that administrators may add, and what each can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.db.fields import Kind
from core.i18n import Lazy, _l, _lp


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind as it is offered."""

    kind: Kind
    title: Lazy
    icon: str
    #: What it is for, in a few words.
    hint: Lazy
    #: Whether the quick search can look into it.
    can_be_searched: bool = False
    #: Whether an index helps to filter and sort by it.
    can_be_frequent: bool = True
    #: Whether a new record can be given a value.
    can_default: bool = True
    max_length: int | None = None


_OFFERS: Final = (
    Offer(Kind.TEXT, _l("Text"), "typography", _l("One line"), can_be_searched=True, max_length=300),
    Offer(
        Kind.MULTILINE, _l("Long text"), "notes", _l("Several lines"),
        can_be_searched=True, can_be_frequent=False, can_default=False, max_length=20_000,
    ),
    Offer(Kind.CHOICE, _l("Choice"), "list-check", _l("One of a fixed list")),
    Offer(
        Kind.PICK, _l("Text with suggestions"), "list-details", _l("What is in use already is suggested"),
        can_be_searched=True, max_length=200,
    ),
    Offer(Kind.INTEGER, _lp("field", "Number"), "hash", _l("A whole number")),
    Offer(Kind.FLAG, _l("Yes or no"), "checkbox", _l("A box to tick")),
    Offer(Kind.DAY, _lp("field", "Day"), "calendar", _l("A day of the calendar"), can_default=False),
    Offer(Kind.INSTANT, _l("Date and time"), "clock", _l("A moment in the reader's zone"), can_default=False),
    Offer(Kind.LINK, _lp("field", "Link"), "link", _l("Another record"), can_default=False),
    Offer(
        Kind.PHONE, _l("Phone"), "phone", _l("Checked and dialled"), can_be_searched=True, can_default=False,
    ),
    Offer(Kind.EMAIL, _l("Email"), "mail", _l("A mail address"), can_be_searched=True, can_default=False),
    Offer(
        Kind.URL, _l("Web address"), "world", _l("Opens in the browser"), can_default=False, max_length=200,
    ),
    Offer(
        Kind.TAGS, _l("Tags"), "tags", _l("Short words, several at once"),
        can_be_frequent=False, can_default=False, max_length=40,
    ),
)  # fmt: skip
#: In the order they are offered in.
OFFERS: Final[Mapping[Kind, Offer]] = {offer.kind: offer for offer in _OFFERS}
