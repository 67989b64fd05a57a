"""Where addons may join in: the hooks the core calls.

Lists of all implementations are joined, in the order of the addons' needs. A hook that decorates a page
is isolated: an addon that raises, or gives something else than the annotation says, loses its own part;
the page still renders. One that keeps people waiting is muted. A hook marked with `decides` fails aloud.

The first sentence of a specification stands on the platform administrator's page, in both languages.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pluggy

from core.i18n import Lazy, _l

if TYPE_CHECKING:
    from core.menus import MenuItem
    from core.web.view_models import ActionView, Panel, TimelineEntry

PROJECT: Final = "guanxi"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
#: Attribute of the hooks whose failures are not kept to the addon.
DECIDES: Final = "guanxi_decides"
#: Attribute of a hook: what people call that which its implementations bring.
TITLE: Final = "guanxi_title"
#: Attribute of the hooks that bring cards to pages.
IS_PANEL: Final = "guanxi_panel"

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


def brings(title: Lazy, *, panel: bool = False) -> Callable[[_Hook], _Hook]:
    """Say what a hook's implementations bring, for whoever switches an addon on or off.

    Stands above ``@hookspec``.

    Args:
        title: "Cards on the home page".
        panel: whether these are cards on pages.
    """

    def mark(spec: _Hook) -> _Hook:
        setattr(spec, TITLE, title)
        setattr(spec, IS_PANEL, panel)
        return spec

    return mark


class CoreHooks:
    """The hooks of the core; addons bring further ones in their ``hookspecs`` room."""

    @brings(_l("Entries of the menu"))
    @hookspec
    def menu_items(self) -> Sequence[MenuItem] | None:
        """Give entries for the side menu.

        Called once at start. An entry is shown to those whose tenant has the addon on and who may
        read the resource it names.
        """

    @brings(_l("Cards on the home page"), panel=True)
    @hookspec
    def home_cards(self, session: Any, actor: Any) -> Sequence[Panel] | None:
        """Give cards (`core.web.view_models.Panel`) for the home page, sorted by their ``order``.

        Called once a view for the addons this tenant has on. Isolated.
        """

    @brings(_l("Cards beside a record"), panel=True)
    @hookspec
    def record_panels(self, session: Any, actor: Any, resource: Any, record: Any) -> Sequence[Panel] | None:
        """Give cards (`core.web.view_models.Panel`) for the side of a record's page.

        ``record`` is the row as a mapping of fields the reader may see. Called once a view for the
        addons this tenant has on. Isolated.
        """

    @brings(_l("Buttons on the page of a record"))
    @hookspec
    def record_actions(
        self, session: Any, actor: Any, resource: Any, record: Any
    ) -> Sequence[ActionView] | None:
        """Give buttons (`core.web.view_models.ActionView`) for the head of a record's page. Isolated.

        The first that is ``primary`` is the next step, and the main button in place of *Edit*.
        """

    @brings(_l("Buttons on a new form"))
    @hookspec
    def form_actions(self, session: Any, actor: Any, resource: Any) -> Sequence[ActionView] | None:
        """Give buttons (`core.web.view_models.ActionView`) for the head of an empty form. Isolated.

        A dialog that answers 201 with ``{"fill": {"entries", "lines", "labels", "text"}}`` fills the form.
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
