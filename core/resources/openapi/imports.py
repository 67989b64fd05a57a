"""Imports in the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.i18n import _
from core.resources.importing import Mode
from core.resources.openapi.nodes import (
    FILE,
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

TAG: Final = "imports"
_READING: Final = (400, 401, 403, 404, 422, 503)
_CHANGING: Final = (400, 401, 403, 404, 409, 422, 503)
_STATES: Final = (
    "draft", "checking", "checked", "waiting", "running", "cancelled", "failed", "done", "undoing", "undone",
)  # fmt: skip


def import_shapes() -> Mapping[str, Node]:
    """An import, in brief and in full, and what is answered when one is begun."""
    counts: Node = {
        "type": "object",
        "description": _("Rows read, inserted, updated, unchanged, skipped and bad; linked records created."),
        "additionalProperties": NUMBER,
    }
    brief: dict[str, Node] = {
        "id": NUMBER,
        "resource": TEXT,
        "state": one_of(_STATES),
        "file": TEXT,
        "size": NUMBER,
        "counts": counts,
        "total": {**NUMBER_OR_NULL, "description": _("Rows of the file, once it has been gone through.")},
        "job": NUMBER_OR_NULL,
        "created_at": INSTANT,
        "finished_at": INSTANT_OR_NULL,
    }
    problem = shape(column=TEXT, problem=TEXT, count=NUMBER, lines=array(NUMBER))
    cells: Node = {"type": "object", "additionalProperties": TEXT}
    row = shape(line=NUMBER, action=TEXT, cells=cells, problems=array(TEXT))
    full = brief | {
        "reading": {"type": "object"},
        "columns": array(TEXT),
        "mapping": {"type": "object"},
        "mode": one_of(Mode),
        "match": TEXT_OR_NULL,
        "error": TEXT_OR_NULL,
        "started_at": INSTANT_OR_NULL,
        "problems": array(problem),
        "preview": {**array(row), "description": _("The first rows as they would be, after a dry run.")},
        "bad_rows": {**TEXT_OR_NULL, "description": _("Where the bad rows are, if there are any.")},
    }
    begun: dict[str, Node] = {"job": NUMBER_OR_NULL, "import": NUMBER, "url": TEXT}
    return {
        "Import": shape(**full),
        "Imports": shape(items=array(shape(**brief))),
        "ImportBegun": shape(**begun),
        "ImportMoved": shape(**begun, state=one_of(_STATES)),
    }


def import_paths() -> Paths:
    """``(path, operations, parameters)`` of everything there is to do with imports that are there."""
    page = answer(_("Your imports, newest first; all of the tenant for an administrator."), ref("Imports"))
    listing = operation("list_imports", _("Imports"), TAG, answers={200: page}, refusals=(400, 401, 422, 503))
    yield "imports", {"get": listing}, []
    one = answer(_("How far it is, what came of it and what is wrong."), ref("Import"))
    reading = operation("get_import", _("One import"), TAG, answers={200: one}, refusals=_READING)
    yield "imports/{import_id}", {"get": reading}, [number_in_path("import_id")]
    table = answer(
        _("The rows with the reasons behind them, to correct and import again."),
        TEXT,
        "text/csv",
    )
    bad = operation("bad_rows_of_import", _("Bad rows"), TAG, answers={200: table}, refusals=_READING)
    yield "imports/{import_id}/bad-rows", {"get": bad}, [number_in_path("import_id")]
    moved = answer(_("What it does now."), ref("ImportMoved"))
    verbs = (
        ("start", _("Do an import that was tried, or go on with one"), 202),
        ("cancel", _("Stop an import"), 200),
        ("undo", _("Take an import back"), 202),
    )
    for verb, title, status in verbs:
        changing = operation(
            f"{verb}_import", title, TAG, answers={status: moved}, refusals=_CHANGING,
            parameters=("IdempotencyKey",),
        )  # fmt: skip
        yield f"imports/{{import_id}}/{verb}", {"post": changing}, [number_in_path("import_id")]


def import_request() -> Node:
    """The form a file is sent with."""
    form = shape(file=FILE, options=ref("ImportOptions"))
    form["required"] = ["file"]
    encoding = {"options": {"contentType": "application/json"}}
    return {"required": True, "content": {"multipart/form-data": {"schema": form, "encoding": encoding}}}
