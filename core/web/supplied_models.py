"""What the page of supplied data may ask for, like `core.web.view_models`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from core.web.view_models import Option


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A field with the tenant's value and the supplied one."""

    label: str
    theirs: Markup
    shipped: Markup
    #: Takes the supplied value; empty where the reader may not.
    take_url: str


@dataclass(frozen=True, slots=True)
class SuppliedView:
    """One supplied record."""

    key: str
    label: str
    #: The record's page; empty where there is none.
    url: str
    resource: str
    #: How it is kept, in a word and in a sentence.
    mode: str
    mode_help: str
    state: Option
    #: What the state means for it, in a sentence; empty where there is no more to say.
    more: str
    differences: Sequence[DifferenceView]
    #: Writes or restores it; empty where that is not wanted, or the reader may not.
    back_url: str
    back_label: str = ""


@dataclass(frozen=True, slots=True)
class SuppliedCard:
    """The records that one addon supplies; those that need a look come first."""

    addon: str
    title: str
    icon: str
    summary: str
    open: Sequence[SuppliedView]
    #: As supplied, or the tenant's own: nothing to do.
    quiet: Sequence[SuppliedView]
