"""Imports for programs: send a file with what is to be done, watch it, take it back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import orjson
from flask import Response, g, request
from marshmallow import ValidationError, fields, validate

from core.errors import Invalid, Malformed
from core.i18n import _l, unpack
from core.resources.gateway import Gateway
from core.resources.importing import Mode, guess_mapping, runs, steps
from core.resources.importing.jobs import import_store
from core.resources.importing.mapping import ColumnMap, read_mapping
from core.resources.importing.runs import Run
from core.resources.importing.summary import problem_kinds
from core.resources.importing.tables import Reading
from core.resources.schemas import InputSchema, flat_errors
from core.web.api.answers import answer
from core.web.api.blueprint import bp
from core.web.api.bodies import parameters
from core.web.api.repeats import idempotent
from core.web.downloads import bad_rows_answer
from core.web.lifecycle import kernel
from core.web.uploads import MAX_IMPORT, chosen_file, open_form, require_form

_LISTED: Final = 50


class ImportSchema(InputSchema):
    """What is to be done with the rows of a file; the part ``options`` of the form, as JSON."""

    mapping = fields.Dict(
        metadata={
            "title": _l("Where the columns go"),
            "description": _l("“columns”, “constants” and “defaults”; columns not named go by their name."),
            "example": {"columns": {"account": "name", "x": None}},
        }
    )
    guess = fields.Boolean(
        metadata={"title": _l("Guess where columns go that the mapping does not name"), "example": False}
    )
    mode = fields.String(
        validate=validate.OneOf([each.value for each in Mode]),
        metadata={"title": _l("What happens to records that are there, and to others"), "example": "insert"},
    )
    match = fields.String(metadata={"title": _l("By which field records are recognised"), "example": "name"})
    dry_run = fields.Boolean(metadata={"title": _l("Try everything, write nothing"), "example": False})
    skip_unknown = fields.Boolean(
        metadata={"title": _l("Leave out columns without a field"), "example": False}
    )
    clear_blank = fields.Boolean(
        metadata={"title": _l("A blank cell empties the field of a record that is there"), "example": False}
    )
    keep_authors = fields.Boolean(
        metadata={"title": _l("Keep who made the records and when, as the file says"), "example": False}
    )
    encoding = fields.String(metadata={"title": _l("Encoding"), "example": "utf-8"})
    delimiter = fields.String(metadata={"title": _l("Delimiter"), "example": ","})
    sheet = fields.String(metadata={"title": _l("Sheet")})
    header_row = fields.Integer(
        strict=True, metadata={"title": _l("Row with the names of the columns"), "example": 1}
    )
    numbered = fields.Boolean(
        metadata={"title": _l("Tell columns of one name apart by numbers"), "example": False}
    )


_READING: Final = ("encoding", "delimiter", "sheet", "header_row", "numbered")


@bp.post("/<addon>/<plural>/import")
def send_file() -> Response:
    """Import a file by a job, or try to."""
    parameters()
    g.gateway.require(g.resource, "import")
    require_form()
    open_form(MAX_IMPORT, "100 MB")
    return _send_file()


@idempotent(uploads=True)
def _send_file() -> Response:
    name, file = chosen_file()
    options = _options()
    session, actor, resource = g.session, g.actor, g.resource
    reading = Reading.from_json({name: options[name] for name in _READING if name in options})
    run = steps.create_run(
        session,
        resource,
        actor=actor,
        store=_store(),
        name=name,
        content=file.stream,
        reading=reading,
    )
    mapping, key = _mapping(run, options), options.get("match")
    mode = Mode(options.get("mode") or (Mode.UPSERT if key else Mode.INSERT))
    switches = {name: bool(options.get(name)) for name in steps.OPTIONS}
    run = steps.configure(
        session, run, actor=actor, resource=resource, mapping=mapping, mode=mode, key=key, options=switches
    )
    begin = steps.start_check if options.get("dry_run") else steps.start
    run = begin(session, run, actor=actor, resource=resource)
    return answer({"job": run.job_id, "import": run.id, "url": _address(run)}, 202, _address(run))


def _options() -> dict[str, Any]:
    """The options of the form.

    Raises:
        Malformed: they are no JSON.
        Invalid: one is unknown or not right.
    """
    try:
        given = orjson.loads(request.form.get("options") or b"{}")
    except orjson.JSONDecodeError as error:
        raise Malformed(reason=_l("“options” is no JSON (%(where)s)", where=str(error)[:200])) from None
    if not isinstance(given, dict):
        raise Invalid({"options": [_l("This must be an object with named fields.")]})
    try:
        loaded: dict[str, Any] = ImportSchema().load(given)
    except ValidationError as error:
        raise Invalid(flat_errors(error)) from error
    return loaded


def _mapping(run: Run, options: dict[str, Any]) -> ColumnMap:
    """The mapping that was sent; what it does not name is guessed where that is asked for."""
    said = read_mapping(orjson.dumps(options.get("mapping", {})))
    if not options.get("guess"):
        return said
    with runs.opened(run, runs.folder_of(g.session, _store())) as table:
        guess = guess_mapping(g.gateway, g.resource, table.header, table.rows())
    taken = {wish if isinstance(wish, str) else (wish or {}).get("field") for wish in said.columns.values()}
    guessed = {
        column.header: None if column.name in taken else column.wish for column in guess.columns
    }  # fmt: skip
    return ColumnMap({**guessed, **said.columns}, said.constants, said.defaults)


@bp.get("/imports")
def imports() -> Response:
    """What the caller has imported, newest first; of the whole tenant for an administrator."""
    parameters()
    found = runs.runs_of(g.session, actor=g.actor, limit=_LISTED)
    return answer({"items": [_brief(run) for run in found]})


def of_import(view: Callable[[], Response]) -> Callable[[int], Response]:
    """Find the import a view is about, for somebody who may import such records."""

    @wraps(view)
    def wrapped(import_id: int) -> Response:
        parameters()
        g.run = runs.find_run(g.session, import_id, actor=g.actor)
        g.resource = kernel().resources.named(g.tenant, g.run.resource)
        g.gateway = Gateway(g.session, g.actor)
        g.gateway.require(g.resource, "import")
        return view()

    return wrapped


@bp.get("/imports/<int:import_id>")
@of_import
def one_import() -> Response:
    """How far an import is, what came of it and what is wrong."""
    return answer(_shown(g.run))


@bp.get("/imports/<int:import_id>/bad-rows")
@of_import
def bad_rows() -> Response:
    """The rows that could not be imported, as CSV with the reasons."""
    return bad_rows_answer(g.run)


@bp.post("/imports/<int:import_id>/start")
@of_import
@idempotent()
def start_import() -> Response:
    """Do an import that was tried, or go on with one that was stopped."""
    return _moved(steps.start(g.session, g.run, actor=g.actor, resource=g.resource))


@bp.post("/imports/<int:import_id>/cancel")
@of_import
@idempotent()
def stop_import() -> Response:
    """Stop it; what has come in stays."""
    return _moved(steps.cancel(g.session, g.run), 200)


@bp.post("/imports/<int:import_id>/undo")
@of_import
@idempotent()
def take_import_back() -> Response:
    """Take back all that it made and changed."""
    return _moved(steps.undo(g.session, g.run, actor=g.actor))


def _moved(run: Run, status: int = 202) -> Response:
    return answer({"job": run.job_id, "import": run.id, "state": run.state, "url": _address(run)}, status)


def _brief(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "resource": run.resource,
        "state": run.state,
        "file": run.file_name,
        "size": run.size,
        "counts": _counts(run),
        "total": run.total,
        "job": run.job_id,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


def _counts(run: Run) -> Any:
    return (run.report or {}).get("counts", {}) if run.state == "checked" else run.counts


def _shown(run: Run) -> dict[str, Any]:
    kinds, _count = problem_kinds(g.session, run)
    rows = (run.report or {}).get("rows", []) if run.state == "checked" else []
    return _brief(run) | {
        "reading": run.reading,
        "columns": run.header,
        "mapping": run.mapping,
        "mode": run.mode,
        "match": run.key,
        "error": run.reason or None,
        "started_at": run.started_at,
        "problems": [
            {
                "column": each.column,
                "problem": str(each.text),
                "others": list(each.others),
                "count": each.count,
                "lines": each.lines,
            }
            for each in kinds
        ],
        "preview": [
            {
                "line": row["line"],
                "action": row["action"],
                "cells": {cell["column"]: cell["text"] for cell in row["cells"]},
                "problems": [str(unpack(problem["text"])) for problem in row["problems"]],
            }
            for row in rows
        ],
        "bad_rows": f"{_address(run)}/bad-rows" if _counts(run).get("bad") else None,
    }


def _address(run: Run) -> str:
    return f"/api/v1/imports/{run.id}"


def _store() -> Any:
    return import_store(kernel().config)
