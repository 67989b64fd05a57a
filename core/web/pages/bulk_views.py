"""What an edit of many comes to, as the reader sees it: in the preview, when it is done, and later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from flask import g
from markupsafe import Markup

from core.i18n import _
from core.jobs.running import told_error
from core.resources.bulk import Edit, Refusal, Result
from core.resources.bulk.runs import action_title, job_of, sets_of
from core.resources.declaration import Field, Resource
from core.resources.editions import resource_seen
from core.web.export_models import BulkPreview, BulkRefusal, BulkRow, ChangesView, Progress
from core.web.lifecycle import gateway
from core.web.pages.request import display

#: Records named below a reason.
_NAMED: Final = 5


def changes_views() -> list[ChangesView]:
    """The edits of many the reader has made, for the page that lists them."""
    views = []
    for found in sets_of(g.session, g.actor):
        resource = resource_seen(g.session, found["resource"])
        views.append(
            ChangesView(
                label=found["label"],
                at=display().instant(found["created_at"]),
                undone={
                    "made": "", "undoing": _("is being taken back"), "undone": _("taken back"),
                }.get(found["state"], ""),
                list_url=resource.url if resource is not None else "/",
                undo_url=f"/settings/changes/{found['id']}/undo" if found["state"] == "made" else "",
            )
        )  # fmt: skip
    return views


def result_view(resource: Resource, result: Result) -> BulkPreview:
    """A result in words, with the first records."""
    numbers = [each.record_id for each in result.shown] + [each.record_id for each in result.refused]
    names = gateway().labels(resource, numbers)
    rows = [
        BulkRow(
            names.get(each.record_id) or f"#{each.record_id}",
            f"{resource.url}/{each.record_id}",
            _changes(resource, each.values),
        )
        for each in result.shown
    ]
    return BulkPreview(
        title="",
        action="",
        changed=display().number(result.changed),
        unchanged=display().number(result.unchanged) if result.unchanged else "",
        refused=display().number(len(result.refused)) if result.refused else "",
        rows=rows,
        refusals=_refusals(resource, result.refused, names),
    )


def _changes(resource: Resource, values: Mapping[str, tuple[Any, Any]]) -> list[tuple[str, Markup, Markup]]:
    rows = []
    for name, (before, after) in values.items():
        field = resource.fields[name]
        rows.append((field.label, _shown(field, before), _shown(field, after)))
    return rows


def _shown(field: Field, value: Any) -> Markup:
    """A stored value as the reader sees it; a link by its name."""
    if field.target is not None and value is not None:
        value = {"id": value, "label": gateway().labels(field.target, [value]).get(value)}
    return display().value(field, value)


def _refusals(resource: Resource, refused: Sequence[Refusal], names: Mapping[int, str]) -> list[BulkRefusal]:
    """The reasons, the most frequent first, each with the first records it was given for."""
    ordered = sorted(refused, key=lambda each: each.sentence)
    reasons = [(sentence, list(each)) for sentence, each in groupby(ordered, lambda each: each.sentence)]
    return [
        BulkRefusal(
            sentence,
            display().number(len(each)),
            [
                (names.get(one.record_id) or f"#{one.record_id}", f"{resource.url}/{one.record_id}")
                for one in each[:_NAMED]
            ],
        )
        for sentence, each in sorted(reasons, key=lambda each: -len(each[1]))
    ]


def run_view(run: Mapping[str, Any], resource: Resource) -> tuple[Progress, BulkPreview]:
    """A job's run: how far it is, and what has come of it so far."""
    job = job_of(g.session, run)
    number, total, url = display().number, len(run["ids"]), f"/settings/bulk/{run['id']}"
    is_open = job["state"] in ("waiting", "running")
    refused = [Refusal(record_id, sentence) for record_id, sentence in run["refusals"]]
    can_be_undone = not is_open and run["changed"] and Edit(run["action"]).can_be_undone
    result = replace(
        result_view(resource, Result(run["changed"], run["unchanged"], refused)),
        title=action_title(resource, run["action"]),
        what=run["action"],
        refused=number(run["refused"]) if run["refused"] else "",
        is_done=True,
        undo_url=f"/settings/changes/{run['change_set_id']}/undo" if can_be_undone else "",
    )
    progress = Progress(
        topic=f"job:{run['job_id']}" if is_open else "",
        url=url,
        state=job["state"],
        percent=round(100 * run["position"] / total) if total and job["state"] == "running" else None,
        text=_("%(done)s of %(total)s records", done=number(run["position"]), total=number(total))
        if job["state"] != "waiting"
        else _("Waits for its turn"),
        error=told_error(job["error"], job["error_code"]) if job["state"] == "parked" else "",
    )
    return progress, result
