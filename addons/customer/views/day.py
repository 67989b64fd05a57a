"""My day: what is overdue, due today and coming up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue

from addons.customer import lead_panels, lead_queries, panels, queries, services
from addons.customer.models import Activity
from addons.customer.schemas import QuickTask
from addons.customer.views.blueprint import bp
from addons.customer.views.posted import load_posted
from core.errors import Invalid
from core.i18n import _
from core.resources.declaration import resource_of
from core.web.lifecycle import gateway
from core.web.pages.request import display, is_fragment, tell, told
from core.web.shell import shell

MY_DAY: Final = "/customer/my-day"


@bp.get("/my-day")
def my_day() -> str:
    """Show what is overdue, due today and coming up."""
    gateway().require(resource_of(Activity), "read")
    return render_template("customer/my_day.html", shell=shell(), toasts=told(), **_day())


@bp.post("/my-day/add")
def add_task() -> ResponseReturnValue:
    """Plan a task for a day; what is wrong with it is shown beside it."""
    try:
        values = load_posted(QuickTask, request.form)
        day = values.pop("due_on", None)
        due_at = services.morning_of(g.session, day) if day else None
        services.plan_task(g.session, [None], actor=g.actor, due_at=due_at, **values)
    except Invalid as error:
        message = next(str(each) for messages in error.errors.values() for each in messages)
        typed = {"subject": request.form.get("subject", ""), "due_on": request.form.get("due_on", "")}
        page = "customer/my_day_body.html" if is_fragment() else "customer/my_day.html"
        context = {**_day(), "error": message, "typed": typed}
        return render_template(page, shell=shell(), toasts=[], **context), 422
    return _day_again(_("Task planned."))


@bp.post("/my-day/<int:activity_id>/complete")
def complete(activity_id: int) -> ResponseReturnValue:
    """Mark an activity as done and offer to take that back."""
    services.complete_activities(g.session, [activity_id], actor=g.actor)
    return _day_again(_("Done."), undo_url=f"{MY_DAY}/{activity_id}/reopen")


@bp.post("/my-day/<int:activity_id>/reopen")
def reopen(activity_id: int) -> ResponseReturnValue:
    """Plan a finished activity again."""
    services.reopen_activities(g.session, [activity_id], actor=g.actor)
    return _day_again(_("It is on the list again."))


def _day() -> dict[str, Any]:
    found = queries.my_day(g.session, g.actor, now=datetime.now(UTC))
    today = found.began.date()
    horizon = today + timedelta(days=queries.DAYS_AHEAD)
    leads = lead_queries.leads_to_follow(g.session, g.actor, until=horizon)
    return {
        "title": _("My day"),
        "subtitle": display().day(today),
        "today": today.isoformat(),
        "day": found,
        "item": panels.activity_item,
        "leads": [lead_panels.lead_item(lead, late=lead["next_on"] < today) for lead in leads],
        "may_add": g.actor.may("customer.activity", "create"),
        "error": "",
        "typed": {},
    }


def _day_again(text: str, undo_url: str = "") -> ResponseReturnValue:
    if not is_fragment():
        return tell(Response(status=303, headers={"Location": MY_DAY}), text, undo_url=undo_url)
    answer = Response(render_template("customer/my_day_body.html", shell=shell(), **_day()))
    return tell(answer, text, undo_url=undo_url)
