"""Imports in the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.i18n import _
from core.resources.importing import Mode
from core.resources.openapi.nodes import Node, answer, operation, ref

TAG: Final = "imports"
_READING: Final = (400, 401, 403, 404, 422, 503)
_CHANGING: Final = (400, 401, 403, 404, 409, 422, 503)
_STATES: Final = (
    "draft", "checking", "checked", "waiting", "running", "cancelled", "failed", "done", "undoing", "undone",
)  # fmt: skip


def import_shapes() -> Mapping[str, Node]:
    """An import, in brief and in full, and what is answered when one is begun."""
    text, number = {"type": "string"}, {"type": "integer"}
    text_or_null, number_or_null = {"type": ["string", "null"]}, {"type": ["integer", "null"]}
    instant: Node = {"type": "string", "format": "date-time"}
    instant_or_null: Node = {"type": ["string", "null"], "format": "date-time"}
    counts: Node = {
        "type": "object",
        "description": _("Rows read, inserted, updated, unchanged, skipped and bad; linked records created."),
        "additionalProperties": number,
    }
    brief: dict[str, Node] = {
        "id": number,
        "resource": text,
        "state": {"type": "string", "enum": list(_STATES)},
        "file": text,
        "size": number,
        "counts": counts,
        "total": {**number_or_null, "description": _("Rows of the file, once it has been gone through.")},
        "job": number_or_null,
        "created_at": instant,
        "finished_at": instant_or_null,
    }
    problem = _object({"column": text, "problem": text, "count": number, "lines": _list(number)})
    row = _object(
        {
            "line": number,
            "action": text,
            "cells": {"type": "object", "additionalProperties": text},
            "problems": _list(text),
        }
    )
    full = brief | {
        "reading": {"type": "object"},
        "columns": _list(text),
        "mapping": {"type": "object"},
        "mode": {"type": "string", "enum": [each.value for each in Mode]},
        "match": text_or_null,
        "error": text_or_null,
        "started_at": instant_or_null,
        "problems": _list(problem),
        "preview": {**_list(row), "description": _("The first rows as they would be, after a dry run.")},
        "bad_rows": {**text_or_null, "description": _("Where the bad rows are, if there are any.")},
    }
    begun: dict[str, Node] = {"job": number_or_null, "import": number, "url": text}
    return {
        "Import": _object(full),
        "Imports": _object({"items": _list(_object(brief))}),
        "ImportBegun": _object(begun),
        "ImportMoved": _object({**begun, "state": {"type": "string", "enum": list(_STATES)}}),
    }


def import_paths() -> Iterator[tuple[str, Mapping[str, Node], list[Any]]]:
    """``(path, operations, parameters)`` of everything there is to do with imports that are there."""
    page = answer(_("Your imports, newest first; all of the tenant for an administrator."), ref("Imports"))
    listing = operation("list_imports", _("Imports"), TAG, answers={200: page}, refusals=(400, 401, 422, 503))
    yield "imports", {"get": listing}, []
    one = answer(_("How far it is, what came of it and what is wrong."), ref("Import"))
    reading = operation("get_import", _("One import"), TAG, answers={200: one}, refusals=_READING)
    yield "imports/{import_id}", {"get": reading}, [_number()]
    table = answer(
        _("The rows with the reasons behind them, to correct and import again."),
        {"type": "string"},
        "text/csv",
    )
    bad = operation("bad_rows_of_import", _("Bad rows"), TAG, answers={200: table}, refusals=_READING)
    yield "imports/{import_id}/bad-rows", {"get": bad}, [_number()]
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
        yield f"imports/{{import_id}}/{verb}", {"post": changing}, [_number()]


def import_request() -> Node:
    """The form a file is sent with."""
    form = _object({"file": {"type": "string", "format": "binary"}, "options": ref("ImportOptions")})
    form["required"] = ["file"]
    encoding = {"options": {"contentType": "application/json"}}
    return {"required": True, "content": {"multipart/form-data": {"schema": form, "encoding": encoding}}}


def _number() -> Node:
    schema = {"type": "integer", "minimum": 1}
    return {"in": "path", "name": "import_id", "required": True, "schema": schema}


def _object(members: dict[str, Node]) -> Node:
    return {"type": "object", "properties": members, "required": list(members)}


def _list(of: Node) -> Node:
    return {"type": "array", "items": of}
