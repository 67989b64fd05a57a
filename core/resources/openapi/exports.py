"""Exports made by a job, and edits of many records, in the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.i18n import _
from core.resources.exporting import Format
from core.resources.openapi.nodes import Node, answer, operation, ref

TAG: Final = "exports"
_READING: Final = (400, 401, 404, 422, 503)
_CHANGING: Final = (400, 401, 403, 404, 409, 422, 503)


def export_shapes() -> Mapping[str, Node]:
    """An export, an edit of many, and what came of one."""
    text, number = {"type": "string"}, {"type": "integer"}
    text_or_null, number_or_null = {"type": ["string", "null"]}, {"type": ["integer", "null"]}
    instant: Node = {"type": "string", "format": "date-time"}
    instant_or_null: Node = {"type": ["string", "null"], "format": "date-time"}
    states = ["waiting", "running", "done", "parked", "cancelled", "expired"]
    export = _object(
        {
            "id": number, "resource": text,
            "format": {"type": "string", "enum": [str(each) for each in Format]},
            "state": {"type": "string", "enum": states}, "rows": number_or_null, "size": number_or_null,
            "total": number, "created_at": instant, "expires_at": instant, "job": number_or_null,
            "url": {**text_or_null, "description": _("Where the file is, once it is there.")},
        }
    )  # fmt: skip
    refusal = _object({"id": number, "reason": text})
    changes: Node = {
        "type": "object",
        "additionalProperties": _list({}),
        "description": _("Before and after."),
    }
    outcome: dict[str, Node] = {
        "ids": _list(number), "total": number, "changed": number, "unchanged": number,
        "refused": _list(refusal), "items": _list(_object({"id": number, "changes": changes})),
        "change_set": {**number_or_null, "description": _("Takes it back.")},
    }  # fmt: skip
    run = _object(
        {
            "id": number, "resource": text, "action": text, "position": number, "total": number,
            "changed": number, "unchanged": number, "refused": number, "refusals": _list(refusal),
            "created_at": instant, "job": number_or_null, "change_set": number_or_null,
        }
    )  # fmt: skip
    kept = _object(
        {
            "id": number, "resource": text, "label": text,
            "state": {"type": "string", "enum": ["made", "undoing", "undone"]},
            "restored": number, "removed": number, "left": number, "created_at": instant,
            "undone_at": instant_or_null,
        }
    )  # fmt: skip
    return {
        "Export": export,
        "Exports": _object({"items": _list(ref("Export"))}),
        "ExportBegun": _object({"job": number, "export": number, "url": text}),
        "BulkAnswer": {"type": "object", "properties": outcome},
        "BulkBegun": _object({"job": number, "run": number}),
        "BulkRun": run,
        "ChangeSets": _object({"items": _list(kept)}),
        "Undone": _object({"restored": number, "removed": number, "left": number}),
        "UndoBegun": _object({"job": number}),
    }


def export_paths() -> Iterator[tuple[str, Mapping[str, Node], list[Any]]]:
    """``(path, operations, parameters)`` of exports, edits of many and their undoing."""
    page = answer(_("Your exports, newest first."), ref("Exports"))
    listing = operation("list_exports", _("Exports"), TAG, answers={200: page}, refusals=_READING)
    yield "exports", {"get": listing}, []
    one = answer(_("How far it is."), ref("Export"))
    reading = operation("get_export", _("One export"), TAG, answers={200: one}, refusals=_READING)
    discarding = operation(
        "discard_export", _("Throw an export away"), TAG, answers={204: None}, refusals=_READING
    )
    yield "exports/{number}", {"get": reading, "delete": discarding}, [_number()]
    file = operation(
        "export_file", _("The file of an export"), TAG, answers={200: file_answer()}, refusals=_READING
    )
    yield "exports/{number}/file", {"get": file}, [_number()]
    run = answer(_("How far it is, and which records were refused."), ref("BulkRun"))
    running = operation("get_bulk_run", _("One edit of many"), TAG, answers={200: run}, refusals=_READING)
    yield "bulk-runs/{number}", {"get": running}, [_number()]
    sets = answer(_("Your edits of many of the last 30 days, newest first."), ref("ChangeSets"))
    kept = operation(
        "list_change_sets", _("Edits of many records"), TAG, answers={200: sets}, refusals=_READING
    )
    yield "change-sets", {"get": kept}, []
    undone = {
        200: answer(_("What taking it back came to, in records."), ref("Undone")),
        202: answer(_("A job takes it back."), ref("UndoBegun")),
    }
    undoing = operation(
        "undo_changes", _("Take an edit of many back"), TAG, answers=undone, refusals=_CHANGING
    )
    yield "change-sets/{number}/undo", {"post": undoing}, [_number()]


def file_answer() -> Node:
    """A file of records in each of the formats."""
    media = [each.media_type.partition(";")[0] for each in Format]
    content = {each: {"schema": {"type": "string"}} for each in media}
    return {"description": _("The file."), "content": content}


def _number() -> Node:
    schema = {"type": "integer", "minimum": 1}
    return {"in": "path", "name": "number", "required": True, "schema": schema}


def _object(members: dict[str, Node]) -> Node:
    return {"type": "object", "properties": members, "required": list(members)}


def _list(of: Node) -> Node:
    return {"type": "array", "items": of}
