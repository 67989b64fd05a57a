"""The later steps: a check, an import or an undo on its way, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import g
from markupsafe import Markup, escape
from sqlalchemy import select

from core.errors import Invalid
from core.i18n import _, ngettext, unpack
from core.jobs.models import Job
from core.resources.declaration import Resource
from core.resources.importing.running import SETTLED
from core.resources.importing.runs import MOVING, Run, plan_of
from core.resources.importing.steps import may_undo
from core.resources.importing.summary import ProblemKind, problem_kinds, record_ids
from core.web.display import NONE, html
from core.web.import_models import FigureView, PreviewView, ProblemView, RunView
from core.web.lifecycle import gateway
from core.web.pages.request import display
from core.web.view_models import Option

#: Records named one by one in the address of a list; more are found by time and author.
_NAMED: Final = 200
#: Characters shown of a cell.
_CELL: Final = 120
_job = Job.__table__


def run_view(run: Run, resource: Resource) -> RunView:
    """A run as it is now."""
    url = f"/imports/{run.id}"
    is_moving, counts = run.state in MOVING, _counts(run)
    done, percent = _progress(run) if is_moving else ("", None)
    problems, more = _problems(run)
    ended = run.state in ("done", "cancelled", "failed")
    may_import = g.actor.may(resource.name, "import")
    return RunView(
        id=run.id,
        state=run.state,
        title=_title(run),
        text=_text(run, counts),
        refresh_url=f"{url}/state" if is_moving else "",
        topic=f"job:{run.job_id}" if run.job_id is not None else "",
        done=done,
        percent=percent,
        figures=_figures(run, counts),
        problems=problems,
        more_problems=more,
        preview=_preview(run, resource) if run.state == "checked" else None,
        error=run.reason if run.state in ("cancelled", "failed") else "",
        bad_url=f"{url}/bad-rows" if counts.get("bad") and not is_moving else "",
        records_url=records_url(run, resource) if ended and _made(counts) else "",
        cancel_url=f"{url}/cancel" if run.state in ("checking", "waiting", "running") else "",
        start_url=f"{url}/start" if may_import and _may_start(run, counts) else "",
        start_label=_start_label(run, counts),
        again_url=f"{url}/check" if run.state == "checked" else "",
        undo_url=f"{url}/undo" if _did(counts) and may_undo(g.session, run, g.actor) else "",
        back_url=f"{url}?step=columns" if run.state in ("checked", "draft") else "",
        new_url=f"{resource.url}/import" if ended or run.state == "undone" else "",
    )


def _may_start(run: Run, counts: Mapping[str, int]) -> bool:
    return run.state in ("cancelled", "failed") or (run.state == "checked" and _good(counts) > 0)


def _problems(run: Run) -> tuple[list[ProblemView], str]:
    kinds, count = problem_kinds(g.session, run)
    shown = display().number
    views = [
        ProblemView(each.column, str(each.text), shown(each.count), _lines(each), _others(each))
        for each in kinds
    ]
    left = count - len(kinds)
    more = ngettext("%(n)s more kind of problem.", "%(n)s more kinds of problems.", left) if left > 0 else ""
    return views, more


def _lines(kind: ProblemKind) -> str:
    shown = ", ".join(map(str, kind.lines))
    return f"{shown} …" if kind.count > len(kind.lines) else shown


def _others(kind: ProblemKind) -> str:
    if not kind.others:
        return ""
    quoted = [_("“%(value)s”", value=each) for each in kind.others]
    return _("Also: %(values)s", values=_(", ").join(quoted))


def records_url(run: Run, resource: Resource) -> str:
    """The list of the records an import has made or changed."""
    ids = record_ids(g.session, run, limit=_NAMED + 1)
    if len(ids) <= _NAMED:
        tree: Any = {"field": "id", "op": "in", "value": ids}
        return f"{resource.url}?{urlencode({'filter': orjson.dumps(tree).decode()})}"
    when = "updated" if run.counts.get("updated") else "created"
    asked = {f"{when}_at.gte": _moment(run.started_at), f"{when}_at.lte": _moment(run.finished_at)}
    if run.actor_id is not None:
        asked[f"{when}_by"] = str(run.actor_id)
    return f"{resource.url}?{urlencode(asked)}"


def _moment(value: Any) -> str:
    return value.isoformat() if value is not None else ""


def _counts(run: Run) -> Mapping[str, int]:
    if run.state in ("checked", "checking"):
        counts: Mapping[str, int] = (run.report or {}).get("counts", {})
        return counts
    return run.counts


def _did(counts: Mapping[str, int]) -> int:
    return _made(counts) + counts.get("created", 0)


def _made(counts: Mapping[str, int]) -> int:
    return counts.get("inserted", 0) + counts.get("updated", 0)


def _progress(run: Run) -> tuple[str, int | None]:
    """How far it is, in words and in percent."""
    done, total = sum(run.counts.get(name, 0) for name in SETTLED), run.total
    if run.job_id is not None:
        statement = select(_job.c.state, _job.c.done, _job.c.total).where(_job.c.id == run.job_id)
        job = g.session.execute(statement).first()
        if job is None or job.state == "waiting":
            return _("It will begin in a moment."), None
        done, total = job.done, job.total
    elif run.state == "undoing":  # by a command, which writes down only that it has ended
        return "", None
    shown = display().number
    if not total:
        return _("%(done)s rows", done=shown(done)) if done else _("The file is looked through."), None
    percent = min(100, int(100 * done / total))
    return _("%(done)s of %(total)s rows", done=shown(done), total=shown(total)), percent


def _figures(run: Run, counts: Mapping[str, int]) -> list[FigureView]:
    if not counts or run.state in ("waiting", "undoing", "undone"):
        return []
    is_trial = run.state == "checked"
    labels = {
        "inserted": (_("would be made") if is_trial else _("made"), "ok"),
        "updated": (_("would be changed") if is_trial else _("changed"), "info"),
        "unchanged": (_("unchanged"), "mute"),
        "skipped": (_("left as they are"), "mute"),
        "created": (_("linked records") if not is_trial else _("linked records would be made"), "violet"),
        "bad": (ngettext("bad row", "bad rows", counts.get("bad", 0)), "bad"),
    }
    always = ("inserted", "updated", "bad")
    return [
        FigureView(display().number(counts.get(name, 0)), label, tone if counts.get(name) else "mute")
        for name, (label, tone) in labels.items()
        if counts.get(name) or name in always
    ]


def _title(run: Run) -> str:
    return {
        "draft": _("This import has not been checked yet."),
        "checking": _("The file is being checked…"),
        "checked": _("Nothing has been written yet"),
        "waiting": _("The import will begin in a moment"),
        "running": _("Importing…"),
        "done": _("The import is done"),
        "cancelled": _("The import was stopped"),
        "failed": _("The import could not go on"),
        "undoing": _("The import is being taken back…"),
        "undone": _("The import was taken back"),
    }.get(run.state, run.state)


def _text(run: Run, counts: Mapping[str, int]) -> str:
    match run.state:
        case "checked" if not counts.get("read"):
            return _("There are no rows below the names of the columns.")
        case "checked" if not _good(counts):
            return _("No row can be imported like this. Change the columns, or correct the file.")
        case "checked" if counts.get("bad"):
            return _("This is what the import would do. Bad rows are left out; they can be corrected later.")
        case "checked":
            return _("This is what the import would do. Every row can be imported.")
        case "checking":
            return _("Every row is tried, nothing is written.")
        case "waiting" | "running" | "undoing":
            return _("You can leave this page; it goes on by itself.")
        case "done" if counts.get("bad"):
            return _("Download the bad rows, correct them, and import that file: what is in already stays.")
        case "cancelled":
            return _("What had come in stays. It can be gone on with, or taken back.")
        case "failed":
            return _("What had come in stays. Once the cause is gone it can be gone on with.")
        case "undone":
            return _("Records that somebody had changed since were left as they are.")
    return ""


def _start_label(run: Run, counts: Mapping[str, int]) -> str:
    if run.state in ("cancelled", "failed"):
        return _("Go on")
    good = _good(counts)
    return ngettext("Import %(shown)s row", "Import %(shown)s rows", good, shown=display().number(good))


def _good(counts: Mapping[str, int]) -> int:
    """How many rows there is something to be done with."""
    return sum(counts.get(name, 0) for name in ("inserted", "updated", "unchanged", "skipped"))


def _preview(run: Run, resource: Resource) -> PreviewView | None:
    """The first rows as records: what is new, what changes, what is wrong."""
    rows = (run.report or {}).get("rows") or []
    if not rows:
        return None
    labels = _labels(run, resource)
    actions = {
        "insert": Option("", _("new"), "ok"), "update": Option("", _("changed"), "info"),
        "unchanged": Option("", _("unchanged")), "skip": Option("", _("left")),
        "bad": Option("", _("bad"), "bad"), "wait": Option("", _("later"), "warn"),
    }  # fmt: skip
    shown = []
    for row in rows:
        wrong = {problem["column"]: str(unpack(problem["text"])) for problem in row["problems"]}
        cells = [_cell(cell["text"], wrong.get(cell["column"])) for cell in row["cells"]]
        shown.append((row["line"], actions.get(row["action"], actions["unchanged"]), cells))
    header = [labels.get(cell["column"], cell["column"]) for cell in rows[0]["cells"]]
    return PreviewView(header, shown)


def _labels(run: Run, resource: Resource) -> Mapping[str, str]:
    """What the field each column goes to is called."""
    try:
        plan = plan_of(gateway(), resource, run)
    except Invalid:
        return {}
    return {
        target.header: target.column.label
        if target.column is not None
        else _("Note: %(name)s", name=target.note)
        for target in plan.targets
    }


def _cell(text: str, wrong: str | None) -> Markup:
    if wrong is not None:
        return html('<span class="gx-wrong" title="%s">%s</span>', wrong, text or "—")
    return escape(text if len(text) <= _CELL else f"{text[:_CELL]}…") if text else NONE
