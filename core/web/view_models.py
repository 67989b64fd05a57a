"""What a template may ask for: plain shapes between the views and the templates.

A view computes everything (rights, labels, formatted values, addresses); a template only lays it
out. Shapes carry no queries and no rules, so a template can be shown with made-up data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice; ``tone`` is ok, info, warn, bad, mute or violet."""

    value: str
    label: str
    tone: str = "mute"
    selected: bool = False
    icon: str = ""


@dataclass(frozen=True, slots=True)
class MenuLink:
    """One entry of the side menu, the palette or a dropdown."""

    title: str
    url: str
    icon: str = "circle"
    active: bool = False


@dataclass(frozen=True, slots=True)
class MenuSection:
    """A titled group of menu entries; an empty title stands for the group on top."""

    title: str
    links: Sequence[MenuLink]
    #: Found by the command palette only.
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Avatar:
    """Initials on a tint; ``tint`` is 1 to 6, taken from the name so that it never changes."""

    text: str
    tint: int


@dataclass(frozen=True, slots=True)
class Shell:
    """What every signed-in page shows around its content."""

    tenant_name: str
    user_name: str
    user_email: str
    avatar: Avatar
    menu: Sequence[MenuSection]
    #: What the "+" of the top bar offers.
    create: Sequence[MenuLink]
    settings_url: str
    #: "zh" or "en".
    lang: str
    #: "light", "dark" or "auto".
    theme: str
    csrf: str
    sign_out_url: str = "/logout"
    #: Where changes are heard; empty where there is nothing to hear.
    stream_url: str = ""
    #: The reader's imports; empty where he may import nothing.
    imports_url: str = ""
    #: Whether the tenant came out of an archive and has not been released.
    held: bool = False


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field on a form (its control) or on a page (its formatted value).

    ``kind`` is one of text, multiline, pick, choice, phone, email, url, day, instant, link, tags,
    flag, integer; it decides the control.
    """

    name: str
    label: str
    kind: str
    #: What the control holds: a string, for tags a list of strings, for a flag a bool.
    value: Any = ""
    #: The value as the reader's habits show it; empty when there is none.
    display: Markup = Markup("")
    help: str = ""
    required: bool = False
    readonly: bool = False
    wide: bool = False
    errors: Sequence[str] = ()
    options: Sequence[Option] = ()
    max_length: int | None = None
    #: For a link: GET ``?q=`` answers ``{"items": [{"id", "label", "hint"}]}``; for pick and tags the
    #: same, to be taken or not. It may carry parameters, such as a filter.
    lookup_url: str = ""
    #: For a link whose ``lookup_url`` leaves some out: where all are found, and what to call that.
    lookup_all_url: str = ""
    lookup_all_label: str = ""
    #: For a link: the quick-create page of its target, empty when the reader may not create one.
    create_url: str = ""
    #: For a link: the label of the record now linked.
    link_label: str = ""
    #: For a choice with few values: buttons beside each other instead of a drop-down.
    segmented: bool = False
    #: Has the focus when the dialog opens.
    focused: bool = False

    @property
    def control_id(self) -> str:
        """The id that ties the control to its label and its errors."""
        return "f-" + self.name.replace(".", "-")


@dataclass(frozen=True, slots=True)
class FieldSection:
    """A titled group of fields."""

    title: str
    fields: Sequence[FieldView]
    #: ``{field: values}`` with which a form shows it, as JSON; empty for always.
    when: str = ""
    #: What the form holds when it comes is something else.
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class LineView:
    """One nested line of a form; ``id`` is empty for a new one."""

    id: str
    fields: Sequence[FieldView]


@dataclass(frozen=True, slots=True)
class LinesView:
    """Nested lines edited in place. ``blank`` is a line whose names hold ``__i__`` for its number."""

    name: str
    title: str
    headers: Sequence[str]
    lines: Sequence[LineView]
    blank: LineView
    add_label: str
    errors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FormView:
    """A whole form: create (``version`` is None) or edit."""

    title: str
    action: str
    cancel_url: str
    sections: Sequence[FieldSection]
    lines: Sequence[LinesView] = ()
    version: int | None = None
    #: The channel its values came through before they were typed, such as card; empty for none.
    channel: str = ""
    errors: Sequence[str] = ()
    #: Where the browser keeps what was typed until it is saved.
    draft_key: str = ""
    #: Answers what looks like the record that is being typed; empty for none.
    duplicates_url: str = ""
    #: ``{field: names of the controls that hold it}`` of the fields to look by.
    watched: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Set when somebody else saved in between: field label, theirs, mine.
    conflicts: Sequence[tuple[str, Markup, Markup]] = ()

    @property
    def failed(self) -> bool:
        """Whether this is the answer to a save that did not go through."""
        fields = [one for section in self.sections for one in section.fields]
        fields += [one for block in self.lines for line in block.lines for one in line.fields]
        return bool(
            self.errors
            or self.conflicts
            or any(one.errors for one in fields)
            or any(block.errors for block in self.lines)
        )


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One fact in the history of a record."""

    id: int
    #: created, updated, archived, restored, note, attachment, or an addon's own kind.
    kind: str
    icon: str
    tone: str
    title: str
    #: Formatted text; line breaks kept.
    body: Markup
    #: "today 09:41", in the reader's zone and language; ``at_iso`` for the machine.
    at: str
    at_iso: str
    author: str = ""
    #: What else is known, beside the author: with whom, how long, what came of it.
    facts: Sequence[str] = ()
    #: Field label, before, after.
    changes: Sequence[tuple[str, Markup, Markup]] = ()
    #: Attachment: address, file name, size as text.
    file_url: str = ""
    file_name: str = ""
    file_size: str = ""
    delete_url: str = ""
    #: Where the title leads.
    url: str = ""


@dataclass(frozen=True, slots=True)
class TimelineView:
    """The history of a record, newest first, and where to add to it."""

    entries: Sequence[TimelineEntry]
    #: Segments: all, communication (where addons bring it), notes, files, changes.
    segments: Sequence[MenuLink]
    note_url: str = ""
    attach_url: str = ""
    more_url: str = ""
    #: A note that could not be kept, and why.
    note: str = ""
    errors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PanelItem:
    """One row of a side panel."""

    title: str
    subtitle: str = ""
    url: str = ""
    avatar: Avatar | None = None
    icon: str = ""
    tag: Option | None = None
    #: tel: or mailto: address behind a quiet icon.
    action_url: str = ""
    action_icon: str = ""
    action_label: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number on a card, and where it leads: the records it counts."""

    label: str
    #: As the reader writes it.
    value: str
    url: str = ""
    #: ok, info, warn, bad, mute or violet.
    tone: str = "mute"


@dataclass(frozen=True, slots=True)
class Panel:
    """A card on a page: ``figures``, ``items``, ``fields`` or ready ``html``."""

    name: str
    title: str
    items: Sequence[PanelItem] = ()
    html: Markup = Markup("")
    figures: Sequence[Figure] = ()
    #: What to say when there is nothing; ``add_url`` then is offered as a button too.
    empty: str = ""
    add_url: str = ""
    add_label: str = ""
    #: Fields with their values, as the sections of a record have them.
    fields: Sequence[FieldView] = ()


@dataclass(frozen=True, slots=True)
class Banner:
    """A notice at the head of a page; ``tone`` is info, ok, warn or bad."""

    text: str
    tone: str = "info"
    icon: str = "info-circle"
    #: What can be done about it.
    action: ActionView | None = None


@dataclass(frozen=True, slots=True)
class ActionView:
    """A button: ``post`` for what changes something, a plain link otherwise."""

    name: str
    label: str
    url: str
    icon: str = ""
    post: bool = False
    #: A dialog fetched from ``url`` instead of a page.
    dialog: bool = False
    #: The next step; a page has one, so of several the first, and before *Edit*.
    primary: bool = False
    danger: bool = False
    #: Stands in the menu of further actions.
    more: bool = False


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record's page."""

    title: str
    subtitle: str
    avatar: Avatar
    icon: str
    url: str
    list_url: str
    list_title: str
    version: int
    tags: Sequence[Option]
    #: Below the title.
    banners: Sequence[Banner]
    #: In the wide column: cards and the history.
    cards: Sequence[Panel | TimelineView]
    #: At the side.
    panels: Sequence[Panel]
    #: Primary first; shown as buttons, the rest go under "more".
    actions: Sequence[ActionView]
    more_actions: Sequence[ActionView] = ()


@dataclass(frozen=True, slots=True)
class Toast:
    """A short message; ``undo_url`` is posted to take the work back."""

    text: str
    tone: str = "ok"
    undo_url: str = ""
