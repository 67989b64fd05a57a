"""The history of a record: what was done, notes, and files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from flask import Response, g, send_file
from marshmallow import fields

from core.errors import Invalid, NotFound
from core.i18n import _l
from core.resources import timeline
from core.resources.origins import origins
from core.resources.schemas import InputSchema
from core.resources.values import MAX_KEY
from core.web.api.answers import address, answer, empty
from core.web.api.blueprint import bp
from core.web.api.bodies import TEXT_MESSAGES, names, parameters, read_shaped
from core.web.api.repeats import idempotent
from core.web.lifecycle import kernel
from core.web.uploads import chosen_file, open_form, require_form

KINDS: Final = ("created", "updated", "archived", "restored", "note", "attachment")


class NoteSchema(InputSchema):
    """A note."""

    body = fields.String(
        required=True,
        metadata={"title": _l("Note"), "example": "Wants an offer before Friday."},
        error_messages=TEXT_MESSAGES,
    )


def file_store() -> Path:
    """The folder of all files."""
    return kernel().config.data / "files"


@bp.get("/<addon>/<plural>/<int:record_id>/timeline")
def history(record_id: int) -> Response:
    """The history of a record, newest first, 30 entries at a time."""
    given = parameters("before", "kinds")
    before = given.get("before")
    if before is not None and not (before.isascii() and before.isdigit() and int(before[:20]) <= MAX_KEY):
        raise Invalid({"before": [_l("Write the number of an entry.")]})
    kinds = names(given.get("kinds"))
    if not set(kinds) <= set(KINDS):
        raise Invalid({"kinds": [_l("Kinds are %(known)s.", known=", ".join(KINDS))]})
    g.gateway.require(g.resource, "read")
    if record_id not in g.gateway.reached(g.resource, [record_id]):
        raise NotFound
    found = timeline.entries(
        g.gateway, g.resource, record_id, kinds=kinds, before=int(before) if before else None
    )
    following = found[-1]["id"] if len(found) == timeline.PAGE else None
    return answer({"items": [_entry(record_id, each) for each in found], "next": following})


@bp.get("/<addon>/<plural>/<int:record_id>/origins")
def sources(record_id: int) -> Response:
    """How the present value of each filled field came in, as far as it is known."""
    parameters()
    known = origins(g.gateway, g.resource, g.gateway.get(g.resource, record_id))
    fields = {
        name: {
            "channel": kernel().channels.told(g.tenant, origin.channel) or None,
            "file": origin.file or None,
            "at": origin.at,
            "by": origin.author_id and {"id": origin.author_id, "label": origin.author},
        }
        for name, origin in known.items()
    }
    return answer({"fields": fields})


@bp.post("/<addon>/<plural>/<int:record_id>/notes")
@idempotent()
def write_note(record_id: int) -> Response:
    """Write a note on a record."""
    parameters()
    entry_id = timeline.add_note(g.gateway, g.resource, record_id, read_shaped(NoteSchema())["body"])
    return answer(_one(record_id, entry_id), 201)


@bp.post("/<addon>/<plural>/<int:record_id>/attachments")
def attach(record_id: int) -> Response:
    """Put a file on a record."""
    parameters()
    require_form()
    open_form(timeline.MAX_ATTACHMENT, "25 MB")
    return _attach(record_id=record_id)


@idempotent(uploads=True)
def _attach(record_id: int) -> Response:
    name, file = chosen_file()
    entry_id = timeline.add_attachment(
        g.gateway,
        g.resource,
        record_id,
        store=file_store(),
        name=name,
        media_type="".join(filter(str.isprintable, file.mimetype)) or "application/octet-stream",
        content=file.stream,
    )
    return answer(_one(record_id, entry_id), 201, address(g.resource, record_id, "attachments", entry_id))


@bp.get("/<addon>/<plural>/<int:record_id>/attachments/<int:entry_id>")
def download(record_id: int, entry_id: int) -> Response:
    """The content of a file, for saving only."""
    parameters()
    row, path = timeline.open_attachment(g.gateway, g.resource, record_id, entry_id, store=file_store())
    response = send_file(
        path,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=row["name"],
        etag=row["sha256"],
        conditional=True,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@bp.delete("/<addon>/<plural>/<int:record_id>/notes/<int:entry_id>")
@bp.delete("/<addon>/<plural>/<int:record_id>/attachments/<int:entry_id>")
def take_back(record_id: int, entry_id: int) -> Response:
    """Take back a note or a file."""
    parameters()
    timeline.delete_note(g.gateway, g.resource, record_id, entry_id)
    return empty()


def _one(record_id: int, entry_id: int) -> dict[str, Any]:
    (entry,) = timeline.entries(g.gateway, g.resource, record_id, before=entry_id + 1)[:1]
    return _entry(record_id, entry)


def _entry(record_id: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as JSON: an author is a link, a file has its address."""
    entry = {
        "id": row["id"],
        "kind": row["kind"],
        "channel": kernel().channels.told(g.tenant, row["channel"]) or None,
        "body": row["body"],
        "changes": row["changes"] or None,
        "created_at": row["created_at"],
        "created_by": row["created_by_id"] and {"id": row["created_by_id"], "label": row["author"]},
        "attachment": None,
    }
    if row["attachment_id"] is not None:
        entry["attachment"] = {
            "name": row["file_name"],
            "size": row["file_size"],
            "media_type": row["media_type"],
            "url": address(g.resource, record_id, "attachments", row["id"]),
        }
    return entry
