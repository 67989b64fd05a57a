"""What the pages of message templates may ask for, like `core.web.view_models`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.web.view_models import Option


@dataclass(frozen=True, slots=True)
class TemplateCard:
    """One template in the list of all."""

    title: str
    #: What it is about, in a word.
    about: str
    icon: str
    url: str
    state: Option


@dataclass(frozen=True, slots=True)
class TemplateGroup:
    """The templates that one addon brings."""

    addon: str
    title: str
    cards: Sequence[TemplateCard]


@dataclass(frozen=True, slots=True)
class FilledView:
    """A message filled with a record."""

    language: str
    language_title: str
    subject: str
    text: str
    #: Sentences about tags for which there is no value.
    gaps: Sequence[str]


@dataclass(frozen=True, slots=True)
class WriteView:
    """The dialog in which a message is written."""

    #: The address that fills another choice.
    url: str
    templates: Sequence[Option]
    languages: Sequence[Option]
    filled: FilledView
    #: Opens the reader's mail program; empty where no address is known.
    mail_url: str
    mail_to: str


@dataclass(frozen=True, slots=True)
class TagView:
    """A merge tag to be written into a template, and what it says."""

    written: str
    title: str
