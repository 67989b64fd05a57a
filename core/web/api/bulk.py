"""The same done with many records, and what was done taken back."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, g
from marshmallow import fields, validate

from core.errors import Invalid, NotFound
from core.i18n import _l
from core.resources.bulk import (
    MAX_AT_ONCE,
    MAX_BY_JOB,
    STANDING,
    Edit,
    Result,
    check,
    existing,
    matching,
    preview,
)
from core.resources.bulk.runs import do_later, do_now, do_whole, run_of, sets_of, undo
from core.resources.filters import from_json
from core.resources.query import Query
from core.resources.schemas import InputSchema
from core.resources.timeline import plain
from core.resources.values import LinkValue
from core.web.api.answers import answer
from core.web.api.blueprint import bp
from core.web.api.bodies import parameters, read_shaped
from core.web.api.repeats import idempotent

#: Records that may be named in a body.
MAX_NAMED: Final = 10_000


class BulkSchema(InputSchema):
    """What to do with many records, which are named or found by a filter."""

    ids = fields.List(
        LinkValue(),
        validate=validate.Length(1, MAX_NAMED, error=_l("Name 1 to 10,000 records.")),  # type: ignore[arg-type]
        metadata={"title": _l("Records"), "example": [1, 2]},
    )
    filter = fields.Dict(metadata={"title": _l("Filter"), "example": {"field": "id", "op": "gt", "value": 1}})
    action = fields.String(
        required=True,
        metadata={
            "title": _l("Action"),
            "description": _l("update, archive, restore, delete, or an action of the resource"),
            "example": "archive",
        },
    )
    values = fields.Dict(metadata={"title": _l("Values"), "description": _l("What the action takes.")})
    add = fields.Dict(
        values=fields.List(fields.String()),
        metadata={"title": _l("Add"), "description": _l("Tags to put to those of each record, by field.")},
    )
    remove = fields.Dict(
        values=fields.List(fields.String()),
        metadata={"title": _l("Remove"), "description": _l("Tags to take from each record, by field.")},
    )
    dry_run = fields.Boolean(
        metadata={"title": _l("Dry run"), "description": _l("Tell what would come of it; change nothing.")}
    )
    skip_refused = fields.Boolean(
        metadata={
            "title": _l("Skip refused"),
            "description": _l("Do it with those records with which it may be done, and tell of the others."),
        }
    )
    background = fields.Boolean(
        metadata={
            "title": _l("In the background"),
            "description": _l("Let a job do it, with up to 100,000 records; it skips what is refused."),
        }
    )


@bp.post("/<addon>/<plural>/bulk")
@idempotent()
def bulk() -> Response:
    """Do the same with many records: all or none, the good ones, none yet, or later."""
    parameters()
    order = read_shaped(BulkSchema())
    if ("ids" in order) == ("filter" in order):
        raise Invalid({"ids": [_l("Name either ids or a filter.")]})
    edit = Edit(order["action"], order.get("values", {}), order.get("add", {}), order.get("remove", {}))
    try:
        return _done(order, edit)
    except NotFound:
        known = (*STANDING, *(each.name for each in g.resource.actions))
        if edit.action in known:
            raise
        sentence = _l("There is no such action; there are %(known)s.", known=", ".join(known))
        raise Invalid({"action": [sentence]}) from None


def _done(order: dict[str, Any], edit: Edit) -> Response:
    is_later = order.get("background", False)
    ids = _named(order, MAX_BY_JOB if is_later else MAX_AT_ONCE)
    if order.get("dry_run"):
        check(g.gateway, g.resource, edit)
        return answer(_told(preview(g.gateway, g.resource, ids, edit)))
    if is_later:
        run, job_id = do_later(g.gateway, g.resource, existing(g.gateway, g.resource, ids), edit)
        return answer({"job": job_id, "run": run}, 202, f"/api/v1/jobs/{job_id}")
    if order.get("skip_refused"):
        result, set_id = do_now(g.gateway, g.resource, ids, edit)
        return answer(_told(result) | {"change_set": set_id})
    set_id = do_whole(g.gateway, g.resource, ids, edit)
    return answer({"ids": ids, "total": len(ids), "change_set": set_id})


def _named(order: dict[str, Any], limit: int) -> list[int]:
    """The numbers of the records that are meant.

    Raises:
        Invalid: there are more than may be treated so.
    """
    sentence = _l("More than %(max)s records. Narrow the filter, or let a job do it.", max=f"{limit:,}")
    if "ids" in order:
        ids = list(dict.fromkeys(order["ids"]))
        if len(ids) > limit:
            raise Invalid({"ids": [sentence]})
        return ids
    ids = matching(g.gateway, g.resource, Query(where=from_json(order["filter"])), limit, is_bounded=False)
    if len(ids) > limit:
        raise Invalid({"filter": [sentence]})
    return ids


def _told(result: Result) -> dict[str, Any]:
    """A result as JSON; the first records that change stand there with what they held and will hold."""
    return {
        "changed": result.changed,
        "unchanged": result.unchanged,
        "refused": [{"id": each.record_id, "reason": each.sentence} for each in result.refused],
        "items": [
            {
                "id": each.record_id,
                "changes": {name: [plain(old), plain(new)] for name, (old, new) in each.values.items()},
            }
            for each in result.shown
        ],
    }


@bp.get("/bulk-runs/<int:number>")
def bulk_run(number: int) -> Response:
    """How far the caller's edit of many has come, and with which records it was refused."""
    parameters()
    run = run_of(g.session, g.actor, number)
    names = ("id", "resource", "action", "position", "changed", "unchanged", "refused", "created_at")
    refusals = [{"id": record_id, "reason": sentence} for record_id, sentence in run["refusals"]]
    told = {name: run[name] for name in names} | {"total": len(run["ids"]), "refusals": refusals}
    return answer(told | {"job": run["job_id"], "change_set": run["change_set_id"]})


@bp.get("/change-sets")
def change_sets() -> Response:
    """The caller's edits of many of the last 30 days, newest first."""
    parameters()
    names = ("id", "resource", "label", "state", "restored", "removed", "left", "created_at", "undone_at")
    items = [{name: each[name] for name in names} for each in sets_of(g.session, g.actor)]
    return answer({"items": items})


@bp.post("/change-sets/<int:number>/undo")
def undo_changes(number: int) -> Response:
    """Take an edit of many back; records changed since are left as they are and counted."""
    parameters()
    undone = undo(g.session, number, actor=g.actor, at_once=MAX_AT_ONCE)
    if isinstance(undone, int):
        return answer({"job": undone}, 202, f"/api/v1/jobs/{undone}")
    return answer({"restored": undone.restored, "removed": undone.removed, "left": undone.left})
