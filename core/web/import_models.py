"""What the pages of imports show: plain shapes between the views and the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from core.web.view_models import MenuLink, Option


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the way; ``state`` is done, here or later."""

    title: str
    state: str
    #: Where one goes back to it; empty when one cannot.
    url: str = ""


@dataclass(frozen=True, slots=True)
class NewView:
    """The page on which a file is chosen."""

    title: str
    action: str
    list_url: str
    #: What is chosen for, such as "Customers".
    records: str
    #: Bytes, and how they are said.
    max_size: int
    max_size_shown: str
    steps: Sequence[StepView]
    #: What a table needs, one sentence each.
    hints: Sequence[str] = ()
    error: str = ""
    recent: Sequence[ImportRowView] = ()


@dataclass(frozen=True, slots=True)
class SettingView:
    """Something about how a file is read that can be chosen otherwise."""

    name: str
    label: str
    options: Sequence[Option]


@dataclass(frozen=True, slots=True)
class FileView:
    """How a file was read, and its first rows."""

    name: str
    #: "CSV, 4.5 kB".
    facts: str
    settings: Sequence[SettingView]
    notes: Sequence[str] = ()
    error: str = ""
    #: Columns have no name or the same one; reading them with numbers helps.
    offers_numbers: bool = False
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    lines: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class MeaningView:
    """A cell that can stand for a value of the field."""

    cell: str
    options: Sequence[Option]
    #: For fields without a closed list: what is written instead.
    text: str = ""
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class OptionsView:
    """What else can be said of a column, by the field it goes to."""

    place: int
    #: How records of a link are found.
    finders: Sequence[Option] = ()
    #: Whether missing records of a link may be made, and are.
    create_label: str = ""
    creates: bool = False
    #: What comes first in days.
    orders: Sequence[Option] = ()
    is_order_open: bool = False
    meanings: Sequence[MeaningView] = ()
    #: Of a closed list, so that each meaning is chosen.
    is_closed: bool = False
    #: What stands before the cell in a note; None where it is no note.
    note: str | None = None
    #: How cells will be understood: a first one as it will be stored.
    example: str = ""

    @property
    def unknown(self) -> int:
        """How many cells say nothing the field knows."""
        return sum(each.is_unknown for each in self.meanings)


@dataclass(frozen=True, slots=True)
class MapView:
    """One column of a file and where it goes."""

    place: int
    header: str
    samples: Sequence[str]
    #: The name of the column of the resource; "" for none, "+note" for the note.
    field: str
    field_label: str
    reason: str
    #: Of the tag beside it; empty when somebody has chosen.
    tone: str
    confidence: str
    options: OptionsView


@dataclass(frozen=True, slots=True)
class FixedView:
    """A value set in every row, or where a new record has none."""

    number: int
    fields: Sequence[Option]
    value: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """Where all columns go, and what happens to records that are there."""

    action: str
    lookup_url: str
    options_url: str
    columns: Sequence[MapView]
    keys: Sequence[Option]
    modes: Sequence[Option]
    mode_helps: Sequence[str]
    clear_blank: bool
    fixed: Sequence[FixedView]
    #: Where the mapping comes from, when it was kept from last time.
    kept_from: str = ""
    guess_url: str = ""
    errors: Sequence[str] = ()
    may_keep_authors: bool = False
    keep_authors: bool = False


@dataclass(frozen=True, slots=True)
class FigureView:
    """A count with what it counts."""

    value: str
    label: str
    tone: str = "mute"
    url: str = ""


@dataclass(frozen=True, slots=True)
class ProblemView:
    """Rows that have the same thing wrong with them."""

    column: str
    text: str
    count: str
    #: The first of them.
    lines: str
    #: Other values with the same thing wrong; may be empty.
    others: str = ""


@dataclass(frozen=True, slots=True)
class PreviewView:
    """Rows as records, as they will be."""

    header: Sequence[str]
    #: Line, what will be done with it (a tag), then a cell for each column.
    rows: Sequence[tuple[int, Option, Sequence[Markup]]]


@dataclass(frozen=True, slots=True)
class RunView:
    """A check, an import or an undo: while it runs, and what came of it."""

    id: int
    #: checking, checked, waiting, running, done, cancelled, failed, undoing or undone.
    state: str
    title: str
    text: str
    #: Asked again while something runs; empty when nothing will change by itself.
    refresh_url: str = ""
    #: Told to the page when something has changed.
    topic: str = ""
    done: str = ""
    #: 0 to 100; None when it cannot be told.
    percent: int | None = None
    figures: Sequence[FigureView] = ()
    problems: Sequence[ProblemView] = ()
    more_problems: str = ""
    preview: PreviewView | None = None
    error: str = ""
    bad_url: str = ""
    records_url: str = ""
    cancel_url: str = ""
    start_url: str = ""
    start_label: str = ""
    again_url: str = ""
    undo_url: str = ""
    back_url: str = ""
    new_url: str = ""
    discard_url: str = ""


@dataclass(frozen=True, slots=True)
class ImportView:
    """One import on its way."""

    id: int
    title: str
    subtitle: str
    steps: Sequence[StepView]
    #: file, columns or run.
    part: str
    file: FileView | None = None
    columns: ColumnsView | None = None
    run: RunView | None = None
    reading_url: str = ""
    next_url: str = ""
    discard_url: str = ""


@dataclass(frozen=True, slots=True)
class ImportRowView:
    """One import in the list of them."""

    url: str
    file: str
    records: str
    icon: str
    state: Option
    when: str
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class ImportsView:
    """All imports of somebody."""

    title: str
    rows: Sequence[ImportRowView]
    #: Where new ones begin.
    offers: Sequence[MenuLink] = field(default_factory=tuple)
