"""What stands around every page: menu, account, language, theme."""

from __future__ import annotations

from collections.abc import Sequence

from flask import g, request

from core.access.actor import Actor
from core.auth.login import COOKIE
from core.i18n import language
from core.menus import COMMANDS
from core.web.display import avatar_of
from core.web.lifecycle import kernel
from core.web.security import csrf_token
from core.web.view_models import MenuLink, MenuSection, Shell


def shell() -> Shell:
    """The shell of the present page."""
    actor: Actor = g.actor
    return Shell(
        tenant_name=g.tenant.name,
        user_name=actor.name,
        user_email=actor.email,
        avatar=avatar_of(actor.name),
        menu=_menu(),
        create=_creatable(),
        settings_url="",
        lang=language(),
        theme=actor.theme,
        csrf=csrf_token(kernel().config.secret_key, request.cookies.get(COOKIE, "")),
        stream_url="/events",
        imports_url="/imports" if _may_import() else "",
        held=g.tenant.held,
    )


def shell_or_none() -> Shell | None:
    """The shell for an error page, if somebody is signed in."""
    return shell() if "actor" in g and "tenant" in g else None


def _menu() -> Sequence[MenuSection]:
    resources = kernel().resources
    sections = []
    for group in kernel().menu.visible(g.tenant, g.actor):
        links = []
        for item in group.items:
            url = item.url or resources[item.resource].url
            active = request.path == url or request.path.startswith(url + "/")
            links.append(MenuLink(str(item.title), url, item.icon, active))
        sections.append(MenuSection(group.title, links, is_hidden=group.id == COMMANDS))
    return sections


def _may_import() -> bool:
    return any(g.actor.may(resource.name, "import") for resource in kernel().resources.visible(g.tenant))


def _creatable() -> Sequence[MenuLink]:
    actor: Actor = g.actor
    return [
        MenuLink(str(resource.title), f"{resource.url}/new", resource.icon)
        for resource in kernel().resources.visible(g.tenant)
        if resource.addon != "core" and actor.may(resource.name, "create")
    ]
