"""What a list shows at an address: the parameters in force and the view they come from.

An address without parameters opens the reader's default. One that names a view alone
(``?view=5``) shows it as it is kept. Any further parameter makes the address complete in itself:
it says everything the list shows, so that it shows the same to somebody else, and the view only
remains as what it differs from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from flask import g

from core.i18n import _, ngettext
from core.resources.declaration import Resource
from core.resources.filters import All, Condition, Node, to_json
from core.resources.query import DEFAULT_PER_PAGE
from core.resources.views.query import WHOLE, Missing, ViewQuery, check_total, fit, totals_of
from core.resources.views.services import Audience, View, Views, views_of
from core.web.lifecycle import gateway
from core.web.pages.lists.address import Address, query_of
from core.web.pages.request import number_in

#: Parameters beside which an address still opens a view as it is kept.
_BESIDE = ("view", "page", "lang")
#: The standing segments beside the views: their parameter and its condition.
SEGMENTS: Mapping[str, Condition] = {
    "mine": Condition("owner", "eq", "me"),
    "archived": Condition("archived_at", "isnull", "false"),
}


@dataclass(frozen=True, slots=True)
class State:
    """What is in force on a list page."""

    #: With all parameters in force, those of the view included.
    address: Address
    views: Views
    view: View | None = None
    #: What of the view the reader cannot see.
    missing: Missing = WHOLE
    #: Whether the list shows something else than the view, or than the plain list.
    changed: bool = False
    #: Whether the address names a view that is not there for this reader.
    is_lost: bool = False

    @property
    def note(self) -> str:
        """What to tell the reader of parts he cannot see; nothing of it names them."""
        if self.is_lost:
            return _("This view is not there any more, or it is not shared with you.")
        if not self.missing:
            return ""
        missing = self.missing
        parts = [
            ngettext("%(n)s column", "%(n)s columns", missing.columns) if missing.columns else "",
            ngettext("%(n)s condition", "%(n)s conditions", missing.conditions) if missing.conditions else "",
            ngettext("%(n)s setting", "%(n)s settings", missing.settings) if missing.settings else "",
        ]
        said = _(", ").join(part for part in parts if part)
        if missing.conditions:
            return _(
                "Not available to you: %(parts)s. Without its conditions the view shows nothing.", parts=said
            )
        return _("Not available to you: %(parts)s.", parts=said)


def open_list(resource: Resource, args: Mapping[str, Sequence[str]]) -> State:
    """Find out what the list shows at an address.

    Raises:
        Invalid: a parameter has a value of the wrong form.
    """
    given = Address(resource.url, args)
    views = views_of(g.session, resource, actor=g.actor)
    named = given.one("view")
    view = views.get(number_in(named)) if named else None
    is_lost = bool(named) and view is None
    is_complete = any(values for name, values in given.args.items() if name not in _BESIDE)
    if not is_complete and not is_lost and view is None:
        view = views.default
    if view is None:
        address = Address(resource.url, {**given.args, "view": []})
        plain = ViewQuery(where=SEGMENTS.get(address.one("segment"), All()))
        changed = not asked_at(resource, address).asks_the_same(plain, resource)
        return State(address, views, changed=changed, is_lost=is_lost)
    fitted, missing = fit(gateway(), resource, view.query)
    kept = arguments_of(resource, fitted)
    args = given.args if is_complete else {**kept, "page": given.args.get("page", [])}
    address = Address(resource.url, {"view": [str(view.id)], "segment": ["all"], **args})
    changed = is_complete and not asked_at(resource, address).asks_the_same(fitted, resource)
    return State(address, views, view, missing, changed)


def asked_at(resource: Resource, address: Address) -> ViewQuery:
    """What an address with all parameters asks, as a view keeps it."""
    query = query_of(resource, address)
    return ViewQuery(
        where=query.where,
        q=query.q,
        sort=query.sort,
        columns=tuple(address.many("columns")),
        group=tuple(address.many("group")),
        totals=totals_of(address.many("totals")),
        per_page=query.per_page,
    )


def totals_at(resource: Resource, address: Address) -> dict[str, str]:
    """What an address wants at the foot of which column: ``{field: measure}``.

    Raises:
        UnknownField, Invalid: the reader may not measure one of them, or it is no number.
    """
    totals = totals_of(address.many("totals"))
    for name, measure in totals:
        check_total(gateway(), resource, name, measure)
    return dict(totals)


def arguments_of(resource: Resource, query: ViewQuery) -> dict[str, list[str]]:
    """The parameters with which an address asks the same; what has a control of its own stays readable."""
    found: dict[str, list[str]] = {"segment": ["all"]}
    rest: list[Node] = []
    for part in query.parts():
        match part:
            case Condition("owner", "eq", "me") if resource.is_owned and found["segment"] == ["all"]:
                found["segment"] = ["mine"]
            case Condition("archived_at", "isnull", "false") if found["segment"] == ["all"]:
                found["segment"] = ["archived"]
            case Condition(path, "eq", str(value)) if path in resource.quick_filters and path not in found:
                found[path] = [value]
            case _:
                rest.append(part)
    if rest:
        found["filter"] = [orjson.dumps(to_json(All(tuple(rest)))).decode()]
    texts: dict[str, Any] = {
        "q": query.q,
        "sort": ",".join(map(str, query.sort)),
        "columns": ",".join(query.columns),
        "group": ",".join(query.group),
        "totals": ",".join(f"{name}:{measure}" for name, measure in query.totals),
        "per_page": str(query.per_page) if query.per_page != DEFAULT_PER_PAGE else "",
    }
    return found | {name: [text] for name, text in texts.items() if text}


def lasting_address(state: State) -> str:
    """What the address bar should hold so that the address shows others the same; empty: what it holds.

    A view that others may open stands there by its number. A private one they cannot open, so its
    parameters stand beside it.
    """
    view, page = state.view, state.address.one("page")
    if view is None or state.changed:
        return ""
    if view.audience is Audience.PRIVATE:
        return state.address.having(page=page)
    return f"{state.address.url}?view={view.id}" + (f"&page={page}" if page else "")
