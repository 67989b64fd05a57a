"""Background jobs in the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.i18n import _
from core.jobs.models import State
from core.resources.openapi.nodes import (
    FLAG,
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

TAG: Final = "jobs"
_READING: Final = (400, 401, 404, 422, 503)
_CHANGING: Final = (400, 401, 404, 409, 422, 503)


def job_shapes() -> Mapping[str, Node]:
    """A job, and a page of them."""
    job = shape(
        id=NUMBER,
        kind=TEXT,
        title=TEXT,
        label={**TEXT, "description": _("What it is about, such as the name of a file.")},
        state=one_of(State),
        cancelling={**FLAG, "description": _("It has been asked to end and has not ended yet.")},
        done=NUMBER,
        total={**NUMBER_OR_NULL, "description": _("Null while nobody knows.")},
        note=TEXT,
        result={"description": _("What came of it; depends on its kind.")},
        error=TEXT_OR_NULL,
        error_code=TEXT_OR_NULL,
        attempts=NUMBER,
        actor={"anyOf": [ref("Link"), {"type": "null"}]},
        created_at=INSTANT,
        started_at=INSTANT_OR_NULL,
        finished_at=INSTANT_OR_NULL,
        run_at={**INSTANT_OR_NULL, "description": _("Not before; moved on with every failure.")},
    )
    return {"Job": job, "Jobs": shape(items=array(ref("Job")), next=NUMBER_OR_NULL)}


def job_paths() -> Paths:
    """``(path, operations, parameters)`` of everything there is to do with jobs."""
    job = answer(_("The job."), ref("Job"))
    chosen = [
        {
            "in": "query",
            "name": "state",
            "schema": one_of(State),
            "description": _("Only jobs in this state."),
        },
        {
            "in": "query",
            "name": "before",
            "schema": {**NUMBER, "minimum": 1},
            "description": _("Only jobs older than this one; `next` of the page before."),
        },
    ]
    page = answer(_("Your jobs, newest first; all of the tenant for an administrator."), ref("Jobs"))
    listing = operation(
        "list_jobs", _("Background jobs"), TAG, answers={200: page}, refusals=_READING, parameters=chosen
    )
    yield "jobs", {"get": listing}, []
    one = operation("get_job", _("One background job"), TAG, answers={200: job}, refusals=_READING)
    yield "jobs/{job_id}", {"get": one}, [number_in_path("job_id")]
    for verb, title in (("cancel", _("Cancel a background job")), ("retry", _("Try a parked job again"))):
        changing = operation(
            f"{verb}_job", title, TAG, answers={200: job}, refusals=_CHANGING, parameters=("IdempotencyKey",)
        )
        yield f"jobs/{{job_id}}/{verb}", {"post": changing}, [number_in_path("job_id")]
