"""What the core itself puts into the menu: the home page, and the administrator's pages."""

from __future__ import annotations

from collections.abc import Sequence

from core.addons.hookspecs import hookimpl
from core.addons.switching import THING, VERB
from core.customising import services as customising
from core.i18n import _l
from core.menus import COMMANDS, MenuGroup, MenuItem
from core.messages import declaration as messages


@hookimpl
def menu_items() -> Sequence[MenuItem | MenuGroup]:
    """Lead administrators to what they decide, and to what works in the background."""
    settings = "core.settings"
    return [
        MenuGroup("top", ""),
        MenuGroup("settings", _l("Settings")),
        MenuGroup(COMMANDS.partition(".")[2], _l("Commands")),
        MenuItem(name="home", title=_l("Home"), icon="layout-dashboard", url="/"),
        MenuItem(
            name="users",
            title=_l("Users"),
            icon="user",
            group=settings,
            resource="core.user",
            verb="update",
        ),
        MenuItem(
            name="units",
            title=_l("Units"),
            icon="sitemap",
            group=settings,
            resource="core.unit",
            verb="update",
        ),
        MenuItem(
            name="addons",
            title=_l("Addons"),
            icon="puzzle",
            group=settings,
            resource=THING,
            verb=VERB,
            url="/settings/addons",
        ),
        MenuItem(
            name="fields",
            title=_l("Fields"),
            icon="forms",
            group=settings,
            resource=customising.THING,
            verb=customising.VERB,
            url="/settings/customisation",
        ),
        MenuItem(
            name="templates",
            title=_l("Message templates"),
            icon="template",
            group=settings,
            resource=messages.THING,
            verb=messages.VERB,
            url="/settings/messages",
        ),
        MenuItem(
            name="jobs",
            title=_l("Background jobs"),
            icon="clock",
            group=settings,
            resource="core.user",
            verb="update",
            url="/settings/jobs",
        ),
    ]
