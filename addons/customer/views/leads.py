"""The dialogs of leads: the check list, conversion and its undoing, giving up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue

from addons.customer import lead_queries, services
from addons.customer.models import Answer, Contact, Customer, Lead
from addons.customer.schemas import ConvertLead, DisqualifyLead
from addons.customer.services.qualification import NoStandard
from addons.customer.services.reversal import Left
from addons.customer.views.blueprint import bp
from addons.customer.views.posted import load_posted
from core.db.fields import Kind
from core.errors import GuanxiError, Invalid
from core.i18n import _
from core.resources.declaration import Resource, Section, resource_named, resource_of
from core.resources.duplicates import Likeness, find_duplicates
from core.web.lifecycle import gateway
from core.web.pages.duplicates import likeness_text
from core.web.pages.forms import Form
from core.web.pages.request import is_fragment, number_in, tell
from core.web.shell import shell
from core.web.view_models import FieldView, Option

#: Values of a choice that are no number of a record.
_NEW: Final = "new"
_NONE: Final = "none"
_OTHER: Final = "other"


def _lead(lead_id: int) -> dict[str, Any]:
    return gateway().get(resource_of(Lead), lead_id)


def _done(
    lead_id: int, text: str, *, undo_url: str = "", tone: str = "ok", to: str = ""
) -> ResponseReturnValue:
    target = to or f"/customer/leads/{lead_id}"
    if not is_fragment():
        return tell(Response(status=303, headers={"Location": target}), text, tone=tone, undo_url=undo_url)
    answer = Response(status=204, headers={"HX-Redirect": target})
    return tell(answer, text, tone=tone, undo_url=undo_url)


# The check list


@bp.get("/leads/<int:lead_id>/check")
def ask_check(lead_id: int) -> str:
    """Show the criteria with what is known so far."""
    lead = _lead(lead_id)
    found = lead_queries.check_list(g.session, lead_id, lead["product_line"])
    if found is None:
        raise NoStandard
    answers = {str(each["id"]): found.answers.get(str(each["id"]), {}) for each in found.newest.criteria}
    options = [Option(each.value, str(each.label), each.tone) for each in Answer]
    return render_template(
        "customer/check.html",
        lead=lead,
        version=found.newest,
        answers=answers,
        options=options,
        is_old=found.is_old,
        csrf=shell().csrf,
    )


@bp.post("/leads/<int:lead_id>/check")
def check(lead_id: int) -> ResponseReturnValue:
    """Keep the answers and say what they amount to."""
    answers = {
        number: {"answer": value, "note": request.form.get(f"note.{number}", "").strip()[:500]}
        for name, value in request.form.items()
        if name.startswith("answer.") and (number := number_in(name.removeprefix("answer."))) is not None
        if value in tuple(Answer)
    }
    version = number_in(request.form.get("version"))
    passes = services.assess_lead(g.session, lead_id, answers, actor=g.actor, version=version)
    text = _("Checked: the lead is qualified.") if passes else _("Checked: not qualified yet.")
    return _done(lead_id, text, tone="ok" if passes else "info")


# Giving up


@bp.get("/leads/<int:lead_id>/disqualify")
def ask_disqualify(lead_id: int) -> str:
    """Ask why."""
    return _disqualify_dialog(lead_id, {})


def _disqualify_dialog(lead_id: int, typed: Mapping[str, Any], error: GuanxiError | None = None) -> str:
    lead = _lead(lead_id)
    resource = resource_of(Lead)
    form = Form(resource, (Section(resource.title, "lost_reason"),), with_lines=False)
    title = _("Disqualify %(name)s", name=lead["title"])
    url = f"/customer/leads/{lead_id}/disqualify"
    view = form.view(title=title, action=url, cancel_url="", typed=typed, error=error)
    return render_template(
        "records/quick_create.html", view=view, csrf=shell().csrf, submit_label=_("Disqualify")
    )


@bp.post("/leads/<int:lead_id>/disqualify")
def disqualify(lead_id: int) -> ResponseReturnValue:
    """Give the lead up."""
    try:
        values = load_posted(DisqualifyLead, request.form)
        services.disqualify_leads(g.session, [lead_id], actor=g.actor, **values)
    except Invalid as error:
        return _disqualify_dialog(lead_id, dict(request.form), error), 422
    return _done(lead_id, _("Lead disqualified."), undo_url=f"/customer/leads/{lead_id}/actions/reopen")


# Conversion


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the dialog offers for the customer or the contact of a lead."""

    name: str
    title: str
    options: Sequence[Option]
    #: Hints beside options that are records: why they look alike, and where they are.
    hints: Mapping[str, tuple[str, str]]
    chosen: str
    other: FieldView
    errors: Sequence[str]


@bp.get("/leads/<int:lead_id>/convert")
def ask_convert(lead_id: int) -> str:
    """Show what the lead becomes; what looks alike is offered instead of something new."""
    return _convert_dialog(lead_id, {})


def _convert_dialog(lead_id: int, typed: Mapping[str, str], error: Invalid | None = None) -> str:
    lead = _lead(lead_id)
    errors = {name: [str(each) for each in texts] for name, texts in error.errors.items()} if error else {}
    company = {name: lead[name] for name in ("phone", "email") if lead[name]}
    customer = resource_of(Customer)
    named = {**company, "name": lead["company"] or lead["name"]}
    choices = []
    if g.actor.may(customer.name, "read"):
        label = _("New customer “%(name)s”", name=named["name"])
        choices.append(_choice(customer, "customer", label, named, typed, errors))
    contact = resource_of(Contact)
    if g.actor.may(contact.name, "read"):
        label = _("New contact “%(name)s”", name=lead["name"]) if lead["name"] else ""
        choices.append(_choice(contact, "contact", label, {**company, "name": lead["name"]}, typed, errors))
    known = {"customer", "contact", "create_customer", "create_contact"}
    above = [text for name, texts in errors.items() if name not in known for text in texts]
    return render_template(
        "customer/convert.html",
        lead=lead,
        choices=choices,
        makes_sales=services.makes_sales(g.session),
        sale=typed.get("create_sale", "1"),
        sale_title=typed.get("sale_title", ""),
        above=above,
        csrf=shell().csrf,
    )


def _choice(
    resource: Resource,
    name: str,
    new_label: str,
    values: Mapping[str, Any],
    typed: Mapping[str, str],
    errors: Mapping[str, Sequence[str]],
) -> _Choice:
    found = find_duplicates(gateway(), resource, {key: value for key, value in values.items() if value})
    may_create = bool(new_label) and g.actor.may(resource.name, "create")
    options = [Option(_NEW, new_label)] if may_create else []
    hints = {}
    for each in found:
        why = [likeness_text(resource.fields[field].label, how) for field, how in each.alike.items()]
        options.append(Option(str(each.id), each.label))
        hints[str(each.id)] = (" · ".join(filter(None, (each.hint, *why))), f"{resource.url}/{each.id}")
    options.append(Option(_OTHER, _("Another one that is there already")))
    options.append(Option(_NONE, _("None")))
    same = [each for each in found if each.alike.get("name") is Likeness.SAME and not each.is_archived]
    usual = str(same[0].id) if same else _NEW if may_create else _NONE
    number = number_in(typed.get(f"{name}_other"))
    label = gateway().labels(resource, [number]).get(number, "") if number is not None else ""
    other = FieldView(
        f"{name}_other",
        _("Search"),
        Kind.LINK.value,
        value=typed.get(f"{name}_other", ""),
        lookup_url=f"{resource.url}/lookup",
        link_label=label,
    )
    return _Choice(
        name, str(resource.title), options, hints, typed.get(name) or usual, other, errors.get(name, ())
    )


@bp.post("/leads/<int:lead_id>/convert")
def convert(lead_id: int) -> ResponseReturnValue:
    """Convert the lead; go to its customer, and offer to take it back."""
    posted = {name: value for name, value in request.form.items() if name != "csrf_token"}
    options: dict[str, Any] = {}
    for name in ("customer", "contact"):
        chosen = posted.get(name, _NONE)
        options[f"create_{name}"] = chosen == _NEW
        if chosen == _OTHER:
            chosen = posted.get(f"{name}_other", "")
            if not chosen:
                refused = Invalid({name: [_("Choose the one that is meant.")]})
                return _convert_dialog(lead_id, posted, refused), 422
        if chosen not in (_NEW, _NONE):
            options[name] = chosen
    options["create_sale"] = posted.get("create_sale") == "1"
    options["sale_title"] = posted.get("sale_title", "")
    try:
        values = load_posted(ConvertLead, options)
        services.convert_leads(g.session, [lead_id], actor=g.actor, **values)
    except Invalid as error:
        return _convert_dialog(lead_id, posted, error), 422
    return _done(lead_id, _("Lead converted."), undo_url=f"/customer/leads/{lead_id}/undo-conversion")


@bp.post("/leads/<int:lead_id>/undo-conversion")
def undo_conversion(lead_id: int) -> ResponseReturnValue:
    """Take the conversion back, and say what stays."""
    left = services.undo_conversions(g.session, [lead_id], actor=g.actor)[lead_id]
    if not left:
        return _done(lead_id, _("The lead is as it was before; what was made of it is gone."))
    names = ", ".join(_named(each) for each in left)
    text = _("The lead is as it was before. This stays, because it is used: %(names)s", names=names)
    return _done(lead_id, text, tone="info")


def _named(left: Left) -> str:
    resource = resource_named(left.resource)
    label = gateway().labels(resource, [left.id]).get(left.id, f"#{left.id}")
    return f"{resource.title} {label}"
