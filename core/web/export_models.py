"""What the templates of exports and of edits of many may ask for, like `core.web.view_models`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from core.web.view_models import FieldView, Option


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """Further columns a file may have: the fields of a linked record, or of a line."""

    title: str
    columns: Sequence[Option]


@dataclass(frozen=True, slots=True)
class ExportForm:
    """The dialog that asks what the file should be."""

    title: str
    action: str
    #: How many records, in words.
    count: str
    #: Whether a job makes the file.
    is_large: bool
    formats: Sequence[Option]
    labels: Sequence[Option]
    #: In their order; those of the list are selected.
    columns: Sequence[Option]
    groups: Sequence[ColumnGroup]
    mine_url: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is that a job does."""

    #: ``job:5``; empty when it is over.
    topic: str
    #: Gives this part anew.
    url: str
    #: waiting, running, done, parked, cancelled or expired.
    state: str
    #: Percent; None while nobody knows.
    percent: int | None
    text: str
    error: str = ""
    cancel_url: str = ""


@dataclass(frozen=True, slots=True)
class ExportView:
    """One export of the reader's."""

    name: str
    #: What and how many: Customers · 12,345 records · 3.4 MB
    facts: str
    icon: str
    progress: Progress
    #: When the file goes away.
    until: str = ""
    file_url: str = ""
    discard_url: str = ""


@dataclass(frozen=True, slots=True)
class ChangesView:
    """One edit of many the reader has made."""

    label: str
    at: str
    #: What taking it back has come to; empty while it stands.
    undone: str
    list_url: str
    undo_url: str = ""


@dataclass(frozen=True, slots=True)
class BulkField:
    """One field of an edit of many: its control, and what can be done with it."""

    control: FieldView
    #: set, clear, add or remove.
    ways: Sequence[Option]
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class BulkForm:
    """The dialog that asks what to do with the records that were picked."""

    title: str
    action: str
    text: str
    submit: str
    fields: Sequence[BulkField] = ()
    #: A field of its own, such as the reason for archiving.
    plain: Sequence[FieldView] = ()
    errors: Sequence[str] = ()
    danger: bool = False


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A record of a preview: label, and before and after of each field."""

    label: str
    url: str
    changes: Sequence[tuple[str, Markup, Markup]] = ()


@dataclass(frozen=True, slots=True)
class BulkRefusal:
    """A reason, how often it was given, and the first records it was given for."""

    sentence: str
    count: str
    records: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What an edit of many would come to, or has come to."""

    title: str
    action: str
    #: In words: how many will change, are so already, are refused.
    changed: str
    unchanged: str
    refused: str
    rows: Sequence[BulkRow]
    refusals: Sequence[BulkRefusal]
    #: What else to know: how many were looked at, what has changed since.
    notes: Sequence[str] = ()
    #: Posted again by the buttons, as ``(name, value)``.
    kept: Sequence[tuple[str, str]] = ()
    submit: str = ""
    danger: bool = False
    #: Set when it is done.
    undo_url: str = ""
    is_done: bool = False
    #: What is done: update, archive, restore, delete, or an action of the resource.
    what: str = "update"
