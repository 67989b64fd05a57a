"""The views beside the title of a list, and what can be done with the one in force."""

from __future__ import annotations

from typing import Final

from core.i18n import _
from core.resources.declaration import Resource
from core.resources.views.services import View
from core.web.list_models import ViewBar
from core.web.pages.lists.address import Address
from core.web.pages.lists.state import State
from core.web.view_models import MenuLink

#: Kept views beside the standing segments; the others lie in a menu.
BESIDE: Final = 3


def view_bar(resource: Resource, state: State) -> ViewBar:
    """The bar for the state of a list."""
    view, views = state.view, state.views
    offered = [each for each in views.items if each.is_offered]
    beside = offered[:BESIDE]
    if view is not None and view not in beside:
        beside = [*offered[: BESIDE - 1], view]
    url = resource.url
    return ViewBar(
        links=[*_segments(resource, state), *(_link(url, each, view) for each in beside)],
        more=[_link(url, each, view) for each in offered if each not in beside],
        name=view.name if view is not None else "",
        changed=state.changed,
        reset_url=_opening(state) if state.changed else "",
        save_url=_here(state, f"views/{view.id}/save")
        if view is not None and state.changed and view.may_change and not state.missing
        else "",
        save_as_url=_here(state, "views/new"),
        edit_url=f"{url}/views/{view.id}/edit" if view is not None and view.may_change else "",
        delete_url=f"{url}/views/{view.id}/delete" if view is not None and view.may_change else "",
        order_url=f"{url}/views/order" if len(views.items) > 1 else "",
        default_url=_default_url(url, state),
        is_default=views.default_is_own and views.default == view,
    )


def _segments(resource: Resource, state: State) -> list[MenuLink]:
    """All, mine and archived; from one of them to another the conditions stay."""
    address = state.address
    here = address.one("segment") or "all"
    wanted = [("all", _("All"))]
    if resource.is_owned:
        wanted.append(("mine", _("Mine")))
    wanted.append(("archived", _("Archived")))
    if state.view is not None:
        return [MenuLink(label, f"{resource.url}?segment={name}") for name, label in wanted]
    return [MenuLink(label, address.having(segment=name), active=here == name) for name, label in wanted]


def _link(url: str, view: View, here: View | None) -> MenuLink:
    return MenuLink(view.name, f"{url}?view={view.id}", _icon(view), active=view is here)


def _icon(view: View) -> str:
    return {"private": "bookmark", "shared": "users", "role": "id-badge-2"}[view.audience]


def _opening(state: State) -> str:
    """Where what is in force shows what it is kept as."""
    url = state.address.url
    if state.view is not None:
        return f"{url}?view={state.view.id}"
    return f"{url}?segment={state.address.one('segment') or 'all'}"


def _default_url(url: str, state: State) -> str:
    """Where is posted that this opens first, or no more; the plain list can only be chosen over a view."""
    views, view = state.views, state.view
    if views.default_is_own and views.default == view:
        return f"{url}/views/default/forget"
    if view is not None:
        return f"{url}/views/{view.id}/default"
    return f"{url}/views/default" if views.default is not None else ""


def _here(state: State, name: str) -> str:
    """The address of something about what is shown now."""
    return Address(f"{state.address.url}/{name}", state.address.args).having()
