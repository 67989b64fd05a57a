"""Background jobs in the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.i18n import _
from core.jobs.models import State
from core.resources.openapi.nodes import Node, answer, operation, ref

TAG: Final = "jobs"
_READING: Final = (400, 401, 404, 422, 503)
_CHANGING: Final = (400, 401, 404, 409, 422, 503)


def job_shapes() -> Mapping[str, Node]:
    """A job, and a page of them."""
    text, number, flag = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
    text_or_null, number_or_null = {"type": ["string", "null"]}, {"type": ["integer", "null"]}
    instant_or_null: Node = {"type": ["string", "null"], "format": "date-time"}
    members: dict[str, Node] = {
        "id": number,
        "kind": text,
        "title": text,
        "label": {**text, "description": _("What it is about, such as the name of a file.")},
        "state": {"type": "string", "enum": [state.value for state in State]},
        "cancelling": {**flag, "description": _("It has been asked to end and has not ended yet.")},
        "done": number,
        "total": {**number_or_null, "description": _("Null while nobody knows.")},
        "note": text,
        "result": {"description": _("What came of it; depends on its kind.")},
        "error": text_or_null,
        "error_code": text_or_null,
        "attempts": number,
        "actor": {"anyOf": [ref("Link"), {"type": "null"}]},
        "created_at": {"type": "string", "format": "date-time"},
        "started_at": instant_or_null,
        "finished_at": instant_or_null,
        "run_at": {**instant_or_null, "description": _("Not before; moved on with every failure.")},
    }
    job: Node = {"type": "object", "properties": members, "required": list(members)}
    page: Node = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": ref("Job")}, "next": number_or_null},
        "required": ["items", "next"],
    }
    return {"Job": job, "Jobs": page}


def job_paths() -> Iterator[tuple[str, Mapping[str, Node], list[Any]]]:
    """``(path, operations, parameters)`` of everything there is to do with jobs."""
    job = answer(_("The job."), ref("Job"))
    state = {"type": "string", "enum": [each.value for each in State]}
    chosen = [
        {"in": "query", "name": "state", "schema": state, "description": _("Only jobs in this state.")},
        {
            "in": "query",
            "name": "before",
            "schema": {"type": "integer", "minimum": 1},
            "description": _("Only jobs older than this one; `next` of the page before."),
        },
    ]
    page = answer(_("Your jobs, newest first; all of the tenant for an administrator."), ref("Jobs"))
    listing = operation(
        "list_jobs", _("Background jobs"), TAG, answers={200: page}, refusals=_READING, parameters=chosen
    )
    yield "jobs", {"get": listing}, []
    one = operation("get_job", _("One background job"), TAG, answers={200: job}, refusals=_READING)
    yield "jobs/{job_id}", {"get": one}, [_number()]
    for verb, title in (("cancel", _("Cancel a background job")), ("retry", _("Try a parked job again"))):
        changing = operation(
            f"{verb}_job", title, TAG, answers={200: job}, refusals=_CHANGING, parameters=("IdempotencyKey",)
        )
        yield f"jobs/{{job_id}}/{verb}", {"post": changing}, [_number()]


def _number() -> Node:
    schema = {"type": "integer", "minimum": 1}
    return {"in": "path", "name": "job_id", "required": True, "schema": schema}
