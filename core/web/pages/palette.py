"""What the command palette finds: records while somebody types, those opened last before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from flask import g, request

from core.errors import NotFound
from core.i18n import _
from core.resources.declaration import Resource
from core.resources.searching import Hit, named, recent, search
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.request import resource_at, typed

#: So many records of each resource are shown.
PER_GROUP: Final = 5
#: So many records opened last are shown.
MAX_RECENT: Final = 8
_RECORD: Final = re.compile(r"/([a-z][a-z0-9_]*)/([a-z][a-z0-9_-]*)/([1-9]\d{0,17})", re.ASCII)


@bp.get("/palette")
def palette() -> dict[str, Any]:
    """Records that match what is typed, grouped by resource; while nothing is, those of late."""
    q = typed("q")
    return {"groups": _found(q) if q else _of_late(request.args.get("recent", ""))}


def _found(q: str) -> list[dict[str, Any]]:
    groups = []
    for found in search(gateway(), q, _resources(), PER_GROUP):
        title = str(found.resource.title_plural)
        group: dict[str, Any] = {"title": title, "items": [_item(found.resource, hit) for hit in found.hits]}
        if found.has_more:
            group["more"] = {
                "title": _("Show all in %(title)s", title=title),
                "url": f"{found.resource.url}?{urlencode({'q': q})}",
            }
        groups.append(group)
    return groups


def _of_late(addresses: str) -> list[dict[str, Any]]:
    """The records at some addresses, as the browser has kept them; else those changed last."""
    places = _places(addresses)
    wanted: dict[Resource, list[int]] = {}
    for resource, number in places:
        wanted.setdefault(resource, []).append(number)
    known = named(gateway(), wanted)
    opened = [
        _item(resource, known[resource.name, number])
        for resource, number in places
        if (resource.name, number) in known
    ]
    if opened:
        return [{"title": _("Opened last"), "items": opened}]
    changed = [
        _item(found.resource, hit)
        for found in recent(gateway(), [each for each in _resources() if each.addon != "core"], 3)
        for hit in found.hits
    ]
    return [{"title": _("Changed last"), "items": changed[:MAX_RECENT]}] if changed else []


def _places(addresses: str) -> list[tuple[Resource, int]]:
    places: list[tuple[Resource, int]] = []
    for address in dict.fromkeys(addresses.split(",")[: MAX_RECENT * 2]):
        match = _RECORD.fullmatch(address)
        if match is not None and len(places) < MAX_RECENT:
            try:
                places.append((resource_at(match[1], match[2]), int(match[3])))
            except NotFound:
                continue
    return places


def _resources() -> Sequence[Resource]:
    """What the tenant has on, in the order of the menu; of equal matches the first group comes first."""
    items = [item for group in kernel().menu.visible(g.tenant, g.actor) for item in group.items]
    order = {item.resource: place for place, item in enumerate(items) if item.resource and not item.url}
    return sorted(
        kernel().resources.visible(g.tenant),
        key=lambda each: (each.addon == "core", order.get(each.name, len(order))),
    )


def _item(resource: Resource, hit: Hit) -> dict[str, Any]:
    return {
        "title": hit.label,
        "marks": hit.marks,
        "hint": hit.hint,
        "url": f"{resource.url}/{hit.id}",
        "icon": resource.icon,
    }
