"""What the core itself puts into the menu: the administrator's pages."""

from __future__ import annotations

from collections.abc import Sequence

from core.addons.hookspecs import hookimpl
from core.addons.switching import THING, VERB
from core.i18n import _l
from core.menus import MenuItem


@hookimpl
def menu_items() -> Sequence[MenuItem]:
    """Lead administrators to people and units, to the addons, and to what works in the background."""
    settings = _l("Settings")
    return [
        MenuItem(_l("Users"), "user", section=settings, order=900, resource="core.user", verb="update"),
        MenuItem(_l("Units"), "sitemap", section=settings, order=910, resource="core.unit", verb="update"),
        MenuItem(
            _l("Addons"),
            "puzzle",
            section=settings,
            order=915,
            resource=THING,
            verb=VERB,
            url="/settings/addons",
        ),
        MenuItem(
            _l("Background jobs"),
            "clock",
            section=settings,
            order=920,
            resource="core.user",
            verb="update",
            url="/settings/jobs",
        ),
    ]
