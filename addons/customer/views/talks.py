"""The dialogs that write down a talk and plan a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from addons.customer import panels, services
from addons.customer.models import Activity, ActivityKind, Contact, Customer, Lead
from addons.customer.schemas import LogContact, PlanTask
from addons.customer.views.blueprint import bp
from addons.customer.views.day import MY_DAY
from addons.customer.views.posted import linked, load_posted, name_of
from core.errors import GuanxiError, Invalid
from core.i18n import _
from core.resources.declaration import Section, resource_of
from core.web.lifecycle import gateway
from core.web.pages.forms import Form
from core.web.pages.request import display, is_fragment, tell
from core.web.shell import shell
from core.web.view_models import FieldSection, FieldView

#: Fields of an activity that the dialogs ask for.
_LOG: Final = ("kind", "subject", "contact", "done_at", "outcome", "minutes", "body")
_PLAN: Final = ("kind", "subject", "due_at", "contact", "body")


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
    named, lead = linked(Customer, "customer"), linked(Lead, "lead")
    customer = named if named is not None else request.form.get("customer") or None
    about = {} if lead is None else {"lead": lead}
    try:
        work(g.session, [customer], actor=g.actor, **about, **load_posted(schema, posted))
    except Invalid as error:
        typed = {**posted, "customer": request.form.get("customer", "")}
        return _dialog(names, typed, error), 422
    contact = linked(Contact, "contact")
    if lead is not None:
        target = f"/customer/leads/{lead}"
    elif contact is not None:
        target = f"/customer/contacts/{contact}"
    else:
        target = f"/customer/customers/{named}" if named is not None else MY_DAY
    if not is_fragment():
        return tell(Response(status=303, headers={"Location": target}), said)
    return tell(Response(status=204, headers={"HX-Redirect": target}), said)


def _dialog(names: tuple[str, ...], typed: Mapping[str, Any], error: GuanxiError | None = None) -> str:
    """A short form about whom the address names, or one that asks for the customer."""
    activity = resource_of(Activity)
    gateway().require(activity, "create")
    customer, contact = linked(Customer, "customer"), linked(Contact, "contact")
    lead, is_log = linked(Lead, "lead"), names is _LOG
    if lead is not None:
        names = tuple(each for each in names if each != "contact")
    elif customer is None and contact is None:
        names = ("customer", *names)
    if contact is not None and "contact" not in typed:
        typed = {**typed, "contact": contact}
    named = ((Customer, customer), (Contact, contact), (Lead, lead))
    name = next(filter(None, (name_of(resource_of(model), number) for model, number in named)), "")
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
