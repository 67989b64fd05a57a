"""Pages beyond those of the resources: my day, and the dialogs to log a talk and to plan a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError

from addons.customer import panels, queries, services
from addons.customer.models import Activity, ActivityKind, Contact, Customer
from addons.customer.schemas import LogContact, PlanTask, QuickTask
from core.errors import GuanxiError, Invalid, NotFound
from core.i18n import _
from core.resources.declaration import Resource, Section, resource_of
from core.resources.schemas import flat_errors
from core.web.lifecycle import gateway
from core.web.pages.forms import Form
from core.web.pages.request import display, is_fragment, tell, told
from core.web.shell import shell
from core.web.view_models import FieldSection, FieldView

bp = Blueprint("customer", __name__, url_prefix="/customer", template_folder="templates")

_MY_DAY: Final = "/customer/my-day"
#: Fields of an activity that its dialogs ask for.
_LOG: Final = ("kind", "subject", "contact", "done_at", "outcome", "minutes", "body")
_PLAN: Final = ("kind", "subject", "due_at", "contact", "body")


# My day


@bp.get("/my-day")
def my_day() -> str:
    """Show what is overdue, due today and coming up."""
    gateway().require(resource_of(Activity), "read")
    return render_template("customer/my_day.html", shell=shell(), toasts=told(), **_day())


@bp.post("/my-day/add")
def add_task() -> ResponseReturnValue:
    """Plan a task for a day; what is wrong with it is shown beside it."""
    try:
        values = _load(QuickTask, request.form)
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
    return _day_again(_("Done."), undo_url=f"{_MY_DAY}/{activity_id}/reopen")


@bp.post("/my-day/<int:activity_id>/reopen")
def reopen(activity_id: int) -> ResponseReturnValue:
    """Plan a finished activity again."""
    services.reopen_activities(g.session, [activity_id], actor=g.actor)
    return _day_again(_("It is on the list again."))


def _day() -> dict[str, Any]:
    found = queries.my_day(g.session, g.actor, now=datetime.now(UTC))
    return {
        "title": _("My day"),
        "subtitle": display().day(found.began.date()),
        "today": found.began.date().isoformat(),
        "day": found,
        "item": panels.activity_item,
        "may_add": g.actor.may("customer.activity", "create"),
        "error": "",
        "typed": {},
    }


def _day_again(text: str, undo_url: str = "") -> ResponseReturnValue:
    if not is_fragment():
        return tell(Response(status=303, headers={"Location": _MY_DAY}), text, undo_url=undo_url)
    answer = Response(render_template("customer/my_day_body.html", shell=shell(), **_day()))
    return tell(answer, text, undo_url=undo_url)


# Dialogs


@bp.get("/log")
def ask_log() -> str:
    """Show the dialog that writes down a talk."""
    typed = {"kind": request.args.get("kind", ActivityKind.CALL.value), "done_at": display().now}
    return _dialog(_LOG, typed)


@bp.post("/log")
def log() -> ResponseReturnValue:
    """Write down a talk, and the next step if one is named."""
    return _accept(_LOG, LogContact, services.log_contact, _("Contact logged."))


@bp.get("/plan")
def ask_plan() -> str:
    """Show the dialog that plans something."""
    typed = {"kind": request.args.get("kind", ActivityKind.TASK.value), "due_at": display().default_moment()}
    return _dialog(_PLAN, typed)


@bp.post("/plan")
def plan() -> ResponseReturnValue:
    """Plan something to do."""
    return _accept(_PLAN, PlanTask, services.plan_task, _("Task planned."))


def _accept(names: tuple[str, ...], schema: type[Schema], work: Any, said: str) -> ResponseReturnValue:
    posted = {name: value for name, value in request.form.items() if name not in ("csrf_token", "customer")}
    named = _linked(Customer, "customer")
    customer = named if named is not None else request.form.get("customer") or None
    try:
        work(g.session, [customer], actor=g.actor, **_load(schema, posted))
    except Invalid as error:
        typed = {**posted, "customer": request.form.get("customer", "")}
        return _dialog(names, typed, error), 422
    contact = _linked(Contact, "contact")
    if contact is not None:
        target = f"/customer/contacts/{contact}"
    else:
        target = f"/customer/customers/{named}" if named is not None else _MY_DAY
    if not is_fragment():
        return tell(Response(status=303, headers={"Location": target}), said)
    return tell(Response(status=204, headers={"HX-Redirect": target}), said)


def _dialog(names: tuple[str, ...], typed: Mapping[str, Any], error: GuanxiError | None = None) -> str:
    """A short form about the customer or contact of the address, or one that asks for the customer."""
    activity = resource_of(Activity)
    gateway().require(activity, "create")
    customer, contact = _linked(Customer, "customer"), _linked(Contact, "contact")
    is_log = names is _LOG
    if customer is None and contact is None:
        names = ("customer", *names)
    if contact is not None and "contact" not in typed:
        typed = {**typed, "contact": contact}
    name = _name_of(resource_of(Customer), customer) or _name_of(resource_of(Contact), contact)
    if is_log:
        title = _("Log a contact with %(name)s", name=name) if name else _("Log a contact")
    else:
        title = _("Plan a task for %(name)s", name=name) if name else _("Plan a task")
    form = Form(activity, (Section(activity.title, *names),), with_lines=False)
    query = request.query_string.decode()
    view = form.view(title=title, action=f"{request.path}?{query}", cancel_url="", typed=typed, error=error)
    fields = [
        _fitted(field, customer, is_log=is_log) for section in view.sections for field in section.fields
    ]
    if is_log:  # a talk without a subject is called like its kind
        fields = [*(replace(field, required=False) for field in fields), *_next_step(typed, error)]
    return render_template(
        "records/quick_create.html",
        view=replace(view, sections=[FieldSection("", fields)]),
        csrf=shell().csrf,
    )


def _fitted(field: FieldView, customer: int | None, *, is_log: bool) -> FieldView:
    """A field as the dialogs show it: kinds side by side, the customer's contacts before all others."""
    if field.name == "kind":
        unfit = ActivityKind.TASK if is_log else ActivityKind.NOTE  # one is planned only, one written only
        options = [
            replace(option, icon=panels.ICONS[option.value])
            for option in field.options
            if option.value != unfit or option.value == field.value
        ]
        return replace(field, segmented=True, options=options)
    if field.name == "subject":
        return replace(field, focused=True, wide=True)
    if field.name == "contact" and customer is not None:
        tree = orjson.dumps({"field": "customers.customer", "value": customer}).decode()
        return replace(
            field,
            lookup_url=f"{field.lookup_url}?{urlencode({'filter': tree})}",
            lookup_all_url=field.lookup_url,
            lookup_all_label=_("Search all contacts"),
        )
    return field


def _next_step(typed: Mapping[str, Any], error: GuanxiError | None) -> list[FieldView]:
    errors = error.errors if isinstance(error, Invalid) else {}
    return [
        FieldView(
            name,
            label,
            kind,
            typed.get(name, ""),
            errors=[str(each) for each in errors.get(name, ())],
            max_length=200 if kind == "text" else None,
        )
        for name, label, kind in (
            ("next_subject", _("Next step"), "text"),
            ("next_on", _("Planned for"), "day"),
        )
    ]


def _linked(model: type[Any], name: str) -> int | None:
    """The record named in the address, which the reader must reach.

    Raises:
        NotFound: it is not there, or out of reach.
    """
    text = request.args.get(name, "")
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    if number not in gateway().reached(resource_of(model), [number]):
        raise NotFound
    return number


def _name_of(resource: Resource, number: int | None) -> str:
    return "" if number is None else gateway().labels(resource, [number]).get(number, "")


def _load(schema: type[Schema], posted: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in posted.items() if name != "csrf_token"}
    try:
        loaded: dict[str, Any] = schema().load(values)
    except ValidationError as error:
        raise Invalid(flat_errors(error)) from error
    return loaded
