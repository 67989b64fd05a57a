"""Background jobs: the page, what the progress bars ask for, another try, the end of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from core.i18n import _, _l, _lp, _p, ngettext
from core.jobs.models import State
from core.jobs.queries import ACTIVE, PAGE, counts_of, job_of, jobs_of
from core.jobs.queue import cancel, retry
from core.jobs.running import told_error
from core.web.display import tag
from core.web.lifecycle import kernel
from core.web.list_models import EmptyView
from core.web.pages import bp
from core.web.pages.request import display, gone_to, is_fragment, number_in, told
from core.web.shell import shell
from core.web.view_models import MenuLink, Option

#: The segments of the page: which states each shows.
_SEGMENTS: Final[Mapping[str, tuple[Any, Sequence[str]]]] = {
    "": (_l("All"), ()),
    "active": (_lp("job", "At work"), ACTIVE),
    "parked": (_lp("job", "Parked"), ("parked",)),
    "over": (_lp("job", "Finished"), ("done", "cancelled")),
}


@dataclass(frozen=True, slots=True)
class JobView:
    """One job as people see it."""

    id: int
    title: str
    label: str
    state: str
    tag: Markup
    #: 0 to 100; None while nobody knows, or nothing is to be shown any more.
    percent: int | None
    #: How far it is, or why it is not done.
    text: str
    #: When it was asked for.
    at: str
    #: How long it ran; empty before its end.
    took: str
    #: Who asked for it; empty for the clock and the command line.
    actor: str
    retry_url: str = ""
    cancel_url: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it may still change by itself."""
        return self.state in ACTIVE


@bp.get("/settings/jobs")
def job_list() -> str:
    """All jobs of the tenant for an administrator; his own for anybody else."""
    wish = request.args.get("show", "")
    segment = wish if wish in _SEGMENTS else ""
    own, before = "own" in request.args, number_in(request.args.get("before"))
    rows = jobs_of(
        g.session,
        g.actor,
        states=_SEGMENTS[segment][1],
        own=own,
        routine=bool(segment),
        before=before,
        limit=PAGE + 1,
    )
    is_more, rows = len(rows) > PAGE, rows[:PAGE]
    kept = ({"show": segment} if segment else {}) | ({"own": "1"} if own else {})
    older = f"/settings/jobs?{urlencode({**kept, 'before': rows[-1]['id']})}" if is_more else ""
    nothing = _("Imports, exports and other long work show here.")
    values: dict[str, Any] = {
        "jobs": [view_of(row) for row in rows],
        "older_url": older,
        "refresh_url": request.full_path.rstrip("?"),
        "with_actor": g.actor.is_administrator and not own,
        "empty": EmptyView("clock", _("No background jobs"), nothing),
    }
    if is_fragment():
        return render_template("jobs/rows.html", **values)
    return render_template(
        "jobs/list.html",
        shell=shell(),
        toasts=told(),
        title=_("Background jobs") if g.actor.is_administrator else _("My background jobs"),
        segments=_segments(segment, own=own),
        **values,
    )


def _segments(present: str, *, own: bool) -> list[MenuLink]:
    counts = counts_of(g.session, g.actor)
    links = []
    for name, (title, states) in _SEGMENTS.items():
        number = sum(counts.get(state, 0) for state in states)
        shown = f"{title} {number}" if name in ("active", "parked") and number else str(title)
        url = f"/settings/jobs?show={name}" if name else "/settings/jobs"
        links.append(MenuLink(shown, url, active=name == present and not own))
    if g.actor.is_administrator:
        links.append(MenuLink(_p("job", "My own"), "/settings/jobs?own=1", active=own))
    return links


@bp.get("/settings/jobs/<int:job_id>")
def one_job(job_id: int) -> dict[str, Any]:
    """How far one job is, for the bar that shows it."""
    return _shown(view_of(job_of(g.session, g.actor, job_id)))


@bp.get("/settings/jobs/active")
def active_jobs() -> dict[str, Any]:
    """The reader's own jobs that are at work, for the ring in the top bar."""
    rows = jobs_of(g.session, g.actor, states=ACTIVE, own=True, limit=20)
    text = ngettext("%(n)s background job at work", "%(n)s background jobs at work", len(rows))
    return {"jobs": [_shown(view_of(row)) for row in rows], "text": text}


def _shown(job: JobView) -> dict[str, Any]:
    name = f"{job.title}{_(': ')}{job.label}" if job.label else job.title
    return {
        "id": job.id,
        "title": name,
        "state": job.state,
        "percent": job.percent,
        "text": job.text,
        "told": _("%(job)s. %(state)s", job=name, state=job.text),
    }


@bp.post("/settings/jobs/<int:job_id>/retry")
def retry_job(job_id: int) -> ResponseReturnValue:
    """Let a parked job be tried again."""
    job_of(g.session, g.actor, job_id)
    if not retry(g.session, job_id):
        return gone_to(_back(), _("This job is not parked any more."))
    return gone_to(_back(), _("It is tried again."))


@bp.post("/settings/jobs/<int:job_id>/cancel")
def cancel_job(job_id: int) -> ResponseReturnValue:
    """Ask for the end of a job."""
    job_of(g.session, g.actor, job_id)
    if not cancel(g.session, job_id):
        return gone_to(_back(), _("This job was over already."))
    return gone_to(_back(), _("It is being cancelled."))


def _back() -> str:
    """The page the button stood on, where it is one of ours."""
    came_from = request.referrer or ""
    own = request.host_url.rstrip("/")
    pages = (f"{own}/settings/jobs", f"{own}/settings/addons")
    return came_from.removeprefix(own) if came_from.startswith(pages) else "/settings/jobs"


def view_of(row: Mapping[Any, Any]) -> JobView:
    """A row of `core.jobs.queries` as people see it."""
    state = State(row["state"])  # type: ignore[call-arg]
    kind = kernel().jobs.get(row["kind"])
    is_stopping = row["cancel_asked_at"] is not None and state == State.RUNNING
    started, finished = row["started_at"], row["finished_at"]
    url = f"/settings/jobs/{row['id']}"
    return JobView(
        id=row["id"],
        title=str(kind.title) if kind else row["kind"],
        label=row["label"],
        state=state.value,
        tag=tag(Option(state.value, str(state.label), state.tone)),
        percent=_percent(row),
        text=_("It is being cancelled.") if is_stopping else _text(row),
        at=display().instant(row["created_at"]),
        took=_length((finished - started).total_seconds()) if started and finished else "",
        actor=row["actor"] or "",
        retry_url=f"{url}/retry" if state == State.PARKED else "",
        cancel_url=f"{url}/cancel" if state in (*ACTIVE, "parked") and not is_stopping else "",
    )


def _percent(row: Mapping[Any, Any]) -> int | None:
    if not row["total"]:
        return None
    return max(0, min(100, int(100 * row["done"] / row["total"])))


def _text(row: Mapping[Any, Any]) -> str:
    state = row["state"]
    if state == "waiting" and row["error"]:
        at = display().instant(row["run_at"] or row["created_at"])
        return _(
            "%(why)s It is tried again at %(at)s.",
            why=_sentence(told_error(row["error"], row["error_code"])),
            at=at,
        )
    if state == "waiting":
        is_later = row["run_at"] is not None and row["run_at"] > datetime.now(UTC)
        return (
            _("Begins at %(at)s", at=display().instant(row["run_at"])) if is_later else _("Waiting to begin")
        )
    if state == "running":
        return _far(row)
    if state == "parked":
        return told_error(row["error"], row["error_code"]) or _("It could not be done.")
    if state == "cancelled":
        return _("Cancelled before its end") if row["done"] else _p("job", "Cancelled")
    number = display().number
    return _("Done: %(total)s", total=number(row["total"])) if row["total"] else _p("job", "Done")


def _far(row: Mapping[Any, Any]) -> str:
    number = display().number
    if row["total"]:
        far = _("%(done)s of %(total)s", done=number(row["done"]), total=number(row["total"]))
    elif row["done"]:
        far = _("%(done)s so far", done=number(row["done"]))
    else:
        far = "" if row["note"] else _("Working…")
    return " · ".join(part for part in (far, row["note"]) if part)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "。", "!", "！")) else f"{text}."


def _length(seconds: float) -> str:
    if seconds < 1:
        return _("under a second")
    if seconds < 90:
        return _("%(n)s s", n=round(seconds))
    return _("%(n)s min", n=round(seconds / 60))
