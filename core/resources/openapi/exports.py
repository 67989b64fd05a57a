"""Exports made by a job, and edits of many records, in the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.i18n import _
from core.resources.exporting import Format
from core.resources.openapi.nodes import (
    INSTANT,
    INSTANT_OR_NULL,
    NUMBER,
    NUMBER_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    Node,
    Paths,
    answer,
    array,
    number_in_path,
    one_of,
    operation,
    ref,
    shape,
)

TAG: Final = "exports"
_READING: Final = (400, 401, 404, 422, 503)
_CHANGING: Final = (400, 401, 403, 404, 409, 422, 503)
_STATES: Final = ("waiting", "running", "done", "parked", "cancelled", "expired")


def export_shapes() -> Mapping[str, Node]:
    """An export, an edit of many, and what came of one."""
    export = shape(
        id=NUMBER, resource=TEXT, format=one_of(Format), state=one_of(_STATES), rows=NUMBER_OR_NULL,
        size=NUMBER_OR_NULL, total=NUMBER, created_at=INSTANT, expires_at=INSTANT, job=NUMBER_OR_NULL,
        url={**TEXT_OR_NULL, "description": _("Where the file is, once it is there.")},
    )  # fmt: skip
    refusal = shape(id=NUMBER, reason=TEXT)
    changes = {"type": "object", "additionalProperties": array({}), "description": _("Before and after.")}
    outcome: dict[str, Node] = {
        "ids": array(NUMBER), "total": NUMBER, "changed": NUMBER, "unchanged": NUMBER,
        "refused": array(refusal), "items": array(shape(id=NUMBER, changes=changes)),
        "change_set": {**NUMBER_OR_NULL, "description": _("Takes it back.")},
    }  # fmt: skip
    run = shape(
        id=NUMBER, resource=TEXT, action=TEXT, position=NUMBER, total=NUMBER, changed=NUMBER,
        unchanged=NUMBER, refused=NUMBER, refusals=array(refusal), created_at=INSTANT, job=NUMBER_OR_NULL,
        change_set=NUMBER_OR_NULL,
    )  # fmt: skip
    kept = shape(
        id=NUMBER, resource=TEXT, label=TEXT, state=one_of(("made", "undoing", "undone")), restored=NUMBER,
        removed=NUMBER, left=NUMBER, created_at=INSTANT, undone_at=INSTANT_OR_NULL,
    )  # fmt: skip
    return {
        "Export": export,
        "Exports": shape(items=array(ref("Export"))),
        "ExportBegun": shape(job=NUMBER, export=NUMBER, url=TEXT),
        "BulkAnswer": {"type": "object", "properties": outcome},
        "BulkBegun": shape(job=NUMBER, run=NUMBER),
        "BulkRun": run,
        "ChangeSets": shape(items=array(kept)),
        "Undone": shape(restored=NUMBER, removed=NUMBER, left=NUMBER),
        "UndoBegun": shape(job=NUMBER),
    }


def export_paths() -> Paths:
    """``(path, operations, parameters)`` of exports, edits of many and their undoing."""
    page = answer(_("Your exports, newest first."), ref("Exports"))
    listing = operation("list_exports", _("Exports"), TAG, answers={200: page}, refusals=_READING)
    yield "exports", {"get": listing}, []
    one = answer(_("How far it is."), ref("Export"))
    reading = operation("get_export", _("One export"), TAG, answers={200: one}, refusals=_READING)
    discarding = operation(
        "discard_export", _("Throw an export away"), TAG, answers={204: None}, refusals=_READING
    )
    yield "exports/{number}", {"get": reading, "delete": discarding}, [number_in_path("number")]
    file = operation(
        "export_file", _("The file of an export"), TAG, answers={200: file_answer()}, refusals=_READING
    )
    yield "exports/{number}/file", {"get": file}, [number_in_path("number")]
    run = answer(_("How far it is, and which records were refused."), ref("BulkRun"))
    running = operation("get_bulk_run", _("One edit of many"), TAG, answers={200: run}, refusals=_READING)
    yield "bulk-runs/{number}", {"get": running}, [number_in_path("number")]
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
    yield "change-sets/{number}/undo", {"post": undoing}, [number_in_path("number")]


def file_answer() -> Node:
    """A file of records in each of the formats."""
    media = [each.media_type.partition(";")[0] for each in Format]
    content = {each: {"schema": TEXT} for each in media}
    return {"description": _("The file."), "content": content}
