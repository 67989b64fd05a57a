"""Records of any resource: list, aggregate, create, read, change, put away, act."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, g

from core.errors import Invalid, NotFound, StaleVersion
from core.i18n import _l
from core.resources.gateway import MAX_GROUPS
from core.resources.query import Query, read_query
from core.resources.resolver import UnknownField
from core.web.api.answers import address, answer, empty, present, record_answer
from core.web.api.blueprint import bp
from core.web.api.bodies import all_parameters, expected_version, names, parameters, read_object
from core.web.api.repeats import idempotent

_COUNT: Final = "count"
#: Actions that every record knows.
_STANDING: Final = ("archive", "restore")


@bp.get("/<addon>/<plural>")
def find() -> Response:
    """One page of the records that match."""
    query = read_query(all_parameters())
    page = g.gateway.page(g.resource, query)
    return answer(
        {
            "items": page.records(),
            "total": page.total,
            "page": query.page,
            "per_page": query.per_page,
            "next": page.next_cursor,
        }
    )


@bp.get("/<addon>/<plural>/aggregate")
def aggregate() -> Response:
    """Matching records in groups, counted and measured."""
    given = dict(all_parameters())
    groups = names(",".join(given.pop("group", ())))
    measures = names(",".join(given.pop("measures", ()))) or (_COUNT,)
    found = g.gateway.aggregate(g.resource, _selection(given), groups, (*dict.fromkeys((*measures, _COUNT)),))
    if len(found) >= MAX_GROUPS:
        raise Invalid({"group": [_l("There are more than 10,000 groups. Filter, or group by less.")]})
    total = sum(each[_COUNT] for each in found)
    if _COUNT not in measures:
        for each in found:
            del each[_COUNT]
    return answer({"groups": found, "total": total})


@bp.post("/<addon>/<plural>")
@idempotent(of_record=True)
def create() -> Response:
    """Create a record."""
    parameters()
    (record_id,) = g.resource.service.create(g.session, [read_object()], actor=g.actor)
    try:
        record = present(record_id)
    except NotFound:
        # Created for somebody whose records this actor may not read.
        record = {"id": record_id}
    return record_answer(record, 201, address(g.resource, record_id))


@bp.get("/<addon>/<plural>/<int:record_id>")
def read(record_id: int) -> Response:
    """One record with its lines."""
    wanted = names(parameters("fields").get("fields"))
    return record_answer(present(record_id, wanted))


@bp.patch("/<addon>/<plural>/<int:record_id>")
def change(record_id: int) -> Response:
    """Change the named fields of a record."""
    parameters()
    g.resource.service.update(g.session, record_id, read_object(), actor=g.actor, version=expected_version())
    return record_answer(present(record_id))


@bp.delete("/<addon>/<plural>/<int:record_id>")
def remove(record_id: int) -> Response:
    """Put a record away, or delete it for good."""
    purge = parameters("purge").get("purge", "false")
    if purge not in ("true", "false"):
        raise Invalid({"purge": [_l("Write true or false.")]})
    version = expected_version()
    if version is not None:
        stored = g.gateway.locked(g.resource, [record_id]).get(record_id)
        if stored is not None and stored["version"] != version:
            raise StaleVersion
    action = "delete" if purge == "true" else "archive"
    g.resource.service.perform(g.session, action, [record_id], {}, actor=g.actor)
    return empty()


@bp.post("/<addon>/<plural>/<int:record_id>/actions/<action>")
@idempotent(of_record=True)
def act(record_id: int, action: str) -> Response:
    """Do something that has a name with a record."""
    parameters()
    if action not in _STANDING and action not in {each.name for each in g.resource.actions}:
        raise NotFound
    values = read_object(optional=True)
    g.resource.service.perform(g.session, action, [record_id], values, actor=g.actor)
    try:
        record = present(record_id)
    except NotFound:
        # The action has moved it out of this actor's reach.
        record = {"id": record_id}
    return record_answer(record)


def _selection(given: dict[str, Any]) -> Query:
    """Filter and search of parameters that ask for no page."""
    for name in ("sort", "page", "per_page", "cursor", "fields", "count"):
        if name in given:
            raise UnknownField(name)
    return read_query(given)
