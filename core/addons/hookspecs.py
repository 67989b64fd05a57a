"""Where addons may join in: the hooks the core calls.

Lists of all implementations are joined, in the order of the addons' needs. A hook that decorates a page
is isolated: an addon that raises, or gives something else than the annotation says, loses its own part;
the page still renders. One that keeps people waiting is muted. A hook marked with `decides` fails aloud.

A hook marked with `slot` is a place on a screen. Addons put parts there with `part`, each with an id that
others may point at: before it, after it, or in its place.

The first sentence of a specification stands on the platform administrator's page, in both languages.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pluggy

from core.addons.placing import Place, place_for
from core.i18n import Lazy, _l, _lp

if TYPE_CHECKING:
    from core.menus import MenuGroup, MenuItem
    from core.web.view_models import ActionView, Banner, Panel, TimelineEntry

PROJECT: Final = "guanxi"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
#: Attribute of the hooks whose failures are not kept to the addon.
DECIDES: Final = "guanxi_decides"
#: Attribute of a hook: what people call that which its implementations bring.
TITLE: Final = "guanxi_title"
#: Attribute of the hooks that are places on screens: what stands there from the start.
SLOT: Final = "guanxi_slot"
#: Attribute of a function that is a part of a page.
PART: Final = "guanxi_part"

_Hook = TypeVar("_Hook", bound=Callable[..., Any])


def decides(spec: _Hook) -> _Hook:
    """Mark a hook whose failure must stop the work: its result is not an ornament.

    Stands above ``@hookspec``.
    """
    setattr(spec, DECIDES, True)
    return spec


def first_sentence(documentation: str | None) -> str:
    """The first sentence of what a specification says of itself."""
    paragraph = " ".join(inspect.cleandoc(documentation or "").partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph, maxsplit=1)[0]


def brings(title: Lazy) -> Callable[[_Hook], _Hook]:
    """Say what a hook's implementations bring, for whoever switches an addon on or off.

    Stands above ``@hookspec``.

    Args:
        title: "Cards on the home page".
    """

    def mark(spec: _Hook) -> _Hook:
        setattr(spec, TITLE, title)
        return spec

    return mark


@dataclass(frozen=True, slots=True)
class Native:
    """What a page has by itself at a place, so that addons may stand beside it or in its stead."""

    id: str
    title: Lazy
    #: Stands behind what addons bring, unless they say otherwise.
    at_end: bool = False
    #: The resource whose pages have it; empty for all.
    on: str = ""

    @property
    def place(self) -> Place | None:
        """Its turn is that of its declaration."""
        return None


def slot(*natives: Native) -> Callable[[_Hook], _Hook]:
    """Mark a hook as a place on a screen; stands above ``@hookspec``."""

    def mark(spec: _Hook) -> _Hook:
        setattr(spec, SLOT, natives)
        return spec

    return mark


@dataclass(frozen=True, slots=True)
class PartMark:
    """What `part` says of a function."""

    hook: str
    name: str
    title: Lazy
    on: tuple[str, ...]
    place: Place | None


def part(
    hook: str,
    name: str,
    *,
    title: Lazy,
    on: str | tuple[str, ...] = (),
    before: str = "",
    after: str = "",
    replace: str = "",
) -> Callable[[_Hook], _Hook]:
    """Put what a function gives at a place on a screen; the function may bear any name.

    Args:
        hook: the place, ``record_panels``.
        name: its own name; with that of the addon the id by which others find it.
        title: what people call it, where an addon is switched on or off and in the list of places.
        on: the resources on whose pages it stands; all when there is none.
        before: the id of what it stands before.
        after: the id of what it stands behind.
        replace: the id of what it stands for, as long as its addon is on; where it fails, that is back. It
            stands where that was, unless ``before`` or ``after`` says otherwise.
    """
    mark = PartMark(
        hook, name, title, (on,) if isinstance(on, str) else on, place_for(before, after, replace)
    )

    def put(function: _Hook) -> _Hook:
        setattr(function, PART, mark)
        return function

    return put


class CoreHooks:
    """The hooks of the core; addons bring further ones in their ``hookspecs`` room."""

    @brings(_l("Entries of the menu"))
    @hookspec
    def menu_items(self) -> Sequence[MenuItem | MenuGroup] | None:
        """Give entries and groups for the side menu.

        Called once at start. An entry is shown to those whose tenant has the addon on and who may
        read the resource it names.
        """

    @slot()
    @brings(_l("Cards on the home page"))
    @hookspec
    def home_cards(self, session: Any, actor: Any) -> Sequence[Panel] | None:
        """Give cards (`core.web.view_models.Panel`) for the home page.

        Called once a view for the addons this tenant has on. Isolated.
        """

    @slot(Native("core.archived", _l("That the record is archived")))
    @brings(_l("Notices at the head of a record"))
    @hookspec
    def record_banners(self, session: Any, actor: Any, resource: Any, record: Any) -> Sequence[Banner] | None:
        """Give notices (`core.web.view_models.Banner`) below the title of a record's page.

        ``record`` is the row as a mapping of fields the reader may see. Isolated.
        """

    @slot(Native("core.timeline", _l("Timeline")))
    @brings(_l("Wide cards on the page of a record"))
    @hookspec
    def record_cards(self, session: Any, actor: Any, resource: Any, record: Any) -> Sequence[Panel] | None:
        """Give cards (`core.web.view_models.Panel`) for the wide column of a record's page. Isolated."""

    @slot(
        Native("core.details", _l("First section of the form")),
        Native("core.more-details", _l("Further sections")),
    )
    @brings(_l("Cards beside a record"))
    @hookspec
    def record_panels(self, session: Any, actor: Any, resource: Any, record: Any) -> Sequence[Panel] | None:
        """Give cards (`core.web.view_models.Panel`) for the side of a record's page.

        ``record`` is the row as a mapping of fields the reader may see. Called once a view for the
        addons this tenant has on. Isolated.
        """

    @slot(
        Native("core.edit", _l("Edit"), at_end=True),
        Native("core.message", _l("Write a message…"), at_end=True),
        Native("core.origins", _l("Where the values come from"), at_end=True),
        Native("core.restore", _l("Restore"), at_end=True),
        Native("core.archive", _l("Archive"), at_end=True),
    )
    @brings(_l("Buttons on the page of a record"))
    @hookspec
    def record_actions(
        self, session: Any, actor: Any, resource: Any, record: Any
    ) -> Sequence[ActionView] | None:
        """Give buttons (`core.web.view_models.ActionView`) for the head of a record's page. Isolated.

        The first that is ``primary`` is the next step, and the main button in place of *Edit*.
        """

    @slot(
        Native("core.import", _l("Import")),
        Native("core.export", _l("Export")),
        Native("core.create", _lp("verb", "Create"), at_end=True),
    )
    @brings(_l("Buttons above a list"))
    @hookspec
    def list_actions(self, session: Any, actor: Any, resource: Any) -> Sequence[ActionView] | None:
        """Give buttons (`core.web.view_models.ActionView`) for the head of a list. Isolated."""

    @slot()
    @brings(_l("Cards above a list"))
    @hookspec
    def list_panels(self, session: Any, actor: Any, resource: Any) -> Sequence[Panel] | None:
        """Give cards (`core.web.view_models.Panel`) above a list, such as its figures. Isolated."""

    @slot()
    @brings(_l("Buttons on a new form"))
    @hookspec
    def form_actions(self, session: Any, actor: Any, resource: Any) -> Sequence[ActionView] | None:
        """Give buttons (`core.web.view_models.ActionView`) for the head of an empty form. Isolated.

        A dialog that answers 201 with ``{"fill": {"entries", "lines", "labels", "text"}}`` fills the form.
        """

    @slot()
    @brings(_l("Cards below a form"))
    @hookspec
    def form_panels(self, session: Any, actor: Any, resource: Any, record: Any) -> Sequence[Panel] | None:
        """Give cards (`core.web.view_models.Panel`) below the fields of a form.

        ``record`` is the row that is edited, None on a new form. Isolated.
        """

    @brings(_l("Entries in the history of a record"))
    @hookspec
    def timeline_entries(
        self,
        session: Any,
        actor: Any,
        resource: Any,
        record_id: int,
        since: datetime | None,
        until: datetime | None,
        limit: int,
    ) -> Sequence[TimelineEntry] | None:
        """Give entries (`core.web.view_models.TimelineEntry`) for the history of a record.

        The actor reaches the record; the addon asks its own gateway, so that only what the actor may
        see comes back. Wanted are the newest ``limit`` entries from ``since`` on (None: from the
        beginning) and before ``until`` (None: without an end), and with them all that bear the very
        instant of the oldest of these: the next page begins before it. Called once a page of the
        history for the addons this tenant has on. Isolated.
        """

    @brings(_l("Reactions to what happens elsewhere"))
    @hookspec
    def on_event(self, session: Any, event: Any) -> None:
        """React to an event (a frozen dataclass, `core.events.publish`) after the commit that brought it.

        Called for the addons the tenant has on, in one unit of work of its own that is committed
        afterwards. Isolated; not repeated when the process dies.
        """

    @brings(_l("Sample data"))
    @decides
    @hookspec
    def load_samples(self, session: Any, actor: Any, size: str) -> None:
        """Write sample data that a file of seeds cannot say; called by ``guanxi demo load`` behind the files.

        All that is written through services here is removed by ``guanxi demo unload``. ``size`` is small or
        large. Decides: when one fails, nothing is loaded.
        """
