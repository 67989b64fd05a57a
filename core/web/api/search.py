"""The quick search: records of all resources by what somebody types."""

from __future__ import annotations

from typing import Final

from flask import Response, g

from core.errors import Invalid
from core.i18n import _l
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.searching import MAX_HITS, search
from core.web.api.answers import answer
from core.web.api.blueprint import bp
from core.web.api.bodies import names, parameters
from core.web.lifecycle import kernel

MAX_QUERY: Final = 200
DEFAULT_HITS: Final = 5


@bp.get("/search")
def find_everywhere() -> Response:
    """What matches, grouped by resource, that with the best match first."""
    given = parameters("q", "resources", "limit")
    found = search(
        Gateway(g.session, g.actor),
        given.get("q", "")[:MAX_QUERY],
        _chosen(names(given.get("resources"))),
        _limit(given.get("limit") or str(DEFAULT_HITS)),
    )
    groups = [
        {
            "resource": each.resource.name,
            "title": str(each.resource.title_plural),
            "items": [{"id": hit.id, "label": hit.label, "hint": hit.hint} for hit in each.hits],
            "has_more": each.has_more,
        }
        for each in found
    ]
    return answer({"groups": groups})


def _chosen(wanted: tuple[str, ...]) -> list[Resource]:
    """The resources to look in; all the reader may read when none is named.

    Raises:
        Invalid: one is not there, not searched, or not for this reader: the same answer.
    """
    known = {
        each.name: each
        for each in kernel().resources.visible(g.tenant)
        if each.is_searched and g.actor.may(each.name, "read")
    }
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise Invalid({"resources": [_l("There is no “%(name)s” to search.", name=unknown[0][:60])]})
    return [known[name] for name in wanted or known]


def _limit(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= number <= MAX_HITS:
        raise Invalid({"limit": [_l("Write a number from 1 to %(top)s.", top=MAX_HITS)]})
    return number
