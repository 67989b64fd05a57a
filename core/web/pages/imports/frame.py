"""What stands around every step of an import: the way, and the list of imports."""

from __future__ import annotations

from flask import g

from core.i18n import _, _l
from core.resources.importing import runs
from core.resources.importing.runs import Run
from core.web.import_models import ImportRowView, StepView
from core.web.lifecycle import kernel
from core.web.pages.request import display
from core.web.view_models import Option


def steps_of(part: str, run: Run | None = None) -> list[StepView]:
    """The way, and where one is on it."""
    titles = [_("File"), _("Match the columns"), _("Check"), _("Import"), _("Result")]
    state = run.state if run is not None else ""
    at = {"file": 0, "columns": 1}.get(part)
    if at is None:
        at = {"checking": 2, "checked": 2, "waiting": 3, "running": 3}.get(state, 4)
    is_open = run is not None and state in runs.OPEN
    urls = ["", "", "", "", ""]
    if is_open and run is not None:
        urls[0] = f"/imports/{run.id}?step=file"
        urls[1] = f"/imports/{run.id}?step=columns" if run.header else ""
        urls[2] = f"/imports/{run.id}?step=check" if state == "checked" else ""
    return [
        StepView(
            title,
            "here" if place == at else "done" if place < at else "later",
            urls[place] if place != at else "",
        )
        for place, title in enumerate(titles)
    ]


def row_of(run: Run) -> ImportRowView:
    """An import in the list of them."""
    resource = kernel().resources.named(g.tenant, run.resource)
    counts, shown = run.counts or (run.report or {}).get("counts", {}), display().number
    # What was only checked would be done; it has not been yet.
    sentences = {
        "inserted": _l("%(n)s would be made") if run.state == "checked" else _l("%(n)s made"),
        "updated": _l("%(n)s would be changed") if run.state == "checked" else _l("%(n)s changed"),
        "unchanged": _l("%(n)s unchanged"),
        "skipped": _l("%(n)s left as they are"),
        "bad": _l("%(n)s bad"),
    }
    parts = [
        str(sentence) % {"n": shown(counts[name])} for name, sentence in sentences.items() if counts.get(name)
    ]
    return ImportRowView(
        f"/imports/{run.id}", run.file_name, str(resource.title_plural), resource.icon, _tag(run.state),
        display().instant(run.created_at), "", _(", ").join(parts) or display().size(run.size),
    )  # fmt: skip


def _tag(state: str) -> Option:
    known = {
        "draft": (_("draft"), "mute"), "checking": (_("checking"), "info"), "checked": (_("checked"), "info"),
        "waiting": (_("waiting"), "info"), "running": (_("running"), "violet"), "done": (_("done"), "ok"),
        "cancelled": (_("stopped"), "warn"), "failed": (_("failed"), "bad"),
        "undoing": (_("being undone"), "violet"), "undone": (_("undone"), "mute"),
    }  # fmt: skip
    label, tone = known.get(state, (state, "mute"))
    return Option(state, label, tone)
