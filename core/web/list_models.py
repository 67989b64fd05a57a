"""What the templates of a list may ask for: plain shapes, like those of `core.web.view_models`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from core.web.view_models import ActionView, MenuLink, Option, Panel


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column of a list."""

    name: str
    label: str
    #: "start" or "end" (numbers).
    align: str = "start"
    #: Address that sorts by this column; empty when it cannot.
    sort_url: str = ""
    #: "asc", "desc" or "".
    sorted: str = ""
    #: On a phone: "title", "tag", "meta" or "hide".
    phone: str = "hide"
    #: Steps of 8 px; 0 for what its content needs.
    width: int = 0


@dataclass(frozen=True, slots=True)
class RowView:
    """One row: ``cells`` are ready markup in the order of the columns."""

    id: int
    url: str
    cells: Sequence[Markup]
    archived: bool = False

    def rest(self, opens: Sequence[str]) -> Markup:
        """All cells but the first, each behind the tag that ``opens`` its column."""
        rest = zip(opens[1:], self.cells[1:], strict=True)
        return Markup("".join([f"{tag}{cell}</td>" for tag, cell in rest]))  # noqa: S704 - all is markup


@dataclass(frozen=True, slots=True)
class TotalView:
    """The foot of one column: what is measured there, and what else could be."""

    #: Sum, average and so on; empty for nothing yet.
    label: str = ""
    value: str = ""
    #: Addresses of the list with another measure; the first takes it away. Empty: no number.
    choices: Sequence[MenuLink] = ()


@dataclass(frozen=True, slots=True)
class GroupView:
    """The head of a group; ``rows`` or further ``groups`` when it is open."""

    key: str
    label: Markup
    #: How many records, as the reader writes numbers.
    count: str
    #: Gives the inside of the group.
    url: str
    level: int = 0
    is_open: bool = False
    rows: Sequence[RowView] = ()
    groups: Sequence[GroupView] = ()
    #: How many columns the head takes before its totals begin, and those, column by column.
    span: int = 1
    totals: Sequence[str] = ()
    #: Gives the next rows; empty at the end.
    more_url: str = ""


@dataclass(frozen=True, slots=True)
class QuickFilter:
    """A field as a drop-down above the list; with ``lookup_url`` its values are asked for when it opens."""

    name: str
    label: str
    options: Sequence[Option] = ()
    value: str = ""
    lookup_url: str = ""

    @property
    def active(self) -> bool:
        """Whether the list is narrowed by it."""
        return bool(self.value) or any(option.selected and option.value for option in self.options)


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field as the filter builder offers it; ``operators`` are (code, label) pairs."""

    name: str
    label: str
    kind: str
    operators: Sequence[tuple[str, str]]
    options: Sequence[Option] = ()
    lookup_url: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A condition in force, and the address of the list without it."""

    text: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class Pager:
    """Which rows are shown; empty addresses at the ends."""

    first: int
    last: int
    total: int
    previous_url: str = ""
    next_url: str = ""
    #: There are more than ``total``; answers ``{"total": "1,234"}`` once the page is shown.
    count_url: str = ""
    #: Rows on a page, and the list with more or fewer; none where all fit on the shortest page.
    per_page: int = 0
    sizes: Sequence[MenuLink] = ()


@dataclass(frozen=True, slots=True)
class EmptyView:
    """What to say and offer when there is nothing to show."""

    icon: str
    title: str
    text: str
    clear_url: str = ""
    create_url: str = ""
    create_label: str = ""


@dataclass(frozen=True, slots=True)
class ViewBar:
    """The views of a list beside its title, and what can be done with the one in force."""

    links: Sequence[MenuLink] = ()
    #: Views for which there is no room beside the others.
    more: Sequence[MenuLink] = ()
    #: What to call the one in force.
    name: str = ""
    #: Whether the list shows something else than it; then ``reset_url`` shows it as it is kept.
    changed: bool = False
    reset_url: str = ""
    #: Posted to keep what is shown; empty when the reader may not.
    save_url: str = ""
    #: Dialogs: keep it under a name, change the name and for whom it is, put the views in order.
    save_as_url: str = ""
    edit_url: str = ""
    order_url: str = ""
    #: Posted: delete it, let it open first or no more.
    delete_url: str = ""
    default_url: str = ""
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class PickBar:
    """What can be done with picked rows: addresses of dialogs, to which the selection is added."""

    actions: Sequence[ActionView]
    export_url: str = ""


@dataclass(frozen=True, slots=True)
class ListView:
    """A list page."""

    title: str
    url: str
    resource: str
    views: ViewBar
    columns: Sequence[ColumnView]
    rows: Sequence[RowView]
    pager: Pager
    #: Instead of rows, where the list is grouped.
    groups: Sequence[GroupView] = ()
    #: Foot of the columns, one for each; empty where none holds numbers.
    totals: Sequence[TotalView] = ()
    q: str = ""
    quick_filters: Sequence[QuickFilter] = ()
    #: Answers ``{"items": [FilterField, ...]}`` when the filter builder is opened.
    filter_url: str = ""
    #: The tree now in force, as the filter builder reads it.
    filter_json: str = ""
    chips: Sequence[Chip] = ()
    #: Parameters that the filter row keeps (view, segment, sort, columns, group, totals).
    keep: Mapping[str, str] = field(default_factory=dict)
    #: Dialogs that choose columns and groups.
    columns_url: str = ""
    groups_url: str = ""
    #: By what the list is grouped, in words.
    grouped_by: str = ""
    #: What the reader must know of the view or the groups.
    note: str = ""
    #: What the address bar should hold; empty when it is right.
    lasting_url: str = ""
    #: Where widths of columns are posted.
    widths_url: str = ""
    #: Buttons at the head.
    actions: Sequence[ActionView] = ()
    #: Cards above the table; only with a whole page.
    panels: Sequence[Panel] = ()
    #: What can be done with picked rows.
    picks: PickBar | None = None
    empty: EmptyView | None = None
