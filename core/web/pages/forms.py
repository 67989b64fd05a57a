"""Forms: create, edit, and the short form in a dialog. What was typed is never lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final

from flask import Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from core.db.fields import Kind
from core.errors import BadRequest, GuanxiError, Invalid, StaleVersion
from core.i18n import _, _l
from core.resources.channels import through
from core.resources.declaration import Field, LinesField, Resource, Section
from core.resources.duplicates import recognised_by
from core.web.display import options_of
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.duplicates import duplicates_url
from core.web.pages.request import display, number_in, resource_at, tell, told
from core.web.shell import shell
from core.web.view_models import ActionView, FieldSection, FieldView, FormView, LinesView, LineView

#: What a control holds, by field name; lines as lists of such.
Typed = Mapping[str, Any]

#: What a form, or the address of one, calls the channel its values came through; no field begins so.
CHANNEL: Final = "_channel"


class UnknownFormChannel(BadRequest):
    """An address asks for a form filled through something that fills no forms here."""

    code = "unknown-channel"
    message = _l("Nothing that is on here fills in forms as “%(name)s”.")


class Form:
    """The form of one resource for the present reader."""

    def __init__(self, resource: Resource, sections: Sequence[Section], *, with_lines: bool = True) -> None:
        self.resource = resource
        visible = {field.name for field in gateway().resolver.visible(resource)}
        asked = [
            (
                section,
                [
                    resource.fields[name]
                    for name in section.fields
                    if name in visible and not resource.fields[name].word.readonly
                ],
            )
            for section in sections
        ]
        self.sections = [(section, fields) for section, fields in asked if fields]
        self.lines = list(resource.lines_fields.values()) if with_lines else []

    # Reading

    def read(self, posted: MultiDict[str, str]) -> dict[str, Any]:
        """What a browser posted, as raw input of the service."""
        values: dict[str, Any] = {}
        for _section, fields in self.sections:
            for field in fields:
                if not field.word.readonly and field.name in posted:
                    values[field.name] = _posted(field, posted, field.name)
        for lines in self.lines:
            values[lines.name] = _posted_lines(lines, posted)
        return values

    # Showing

    def view(
        self, *, title: str, action: str, cancel_url: str, typed: Typed, version: int | None = None,
        error: GuanxiError | None = None, conflicts: Sequence[Any] = (), draft_key: str = "",
        record_id: int | None = None,
    ) -> FormView:  # fmt: skip
        """The form with what it holds now and what is wrong with that."""
        errors = {}
        if isinstance(error, Invalid):
            errors = {name: [str(each) for each in messages] for name, messages in error.errors.items()}
        shown = {field.name for _section, fields in self.sections for field in fields}
        lines = [self._lines(each, typed.get(each.name) or [], errors) for each in self.lines]
        names = shown | {each.name for each in self.lines}
        above = [
            text for name, texts in errors.items() if name.partition(".")[0] not in names for text in texts
        ]
        if error is not None and not isinstance(error, Invalid):
            above = [error.detail]
        return FormView(
            title=title,
            action=action,
            cancel_url=cancel_url,
            sections=[self._section(each, fields, typed, errors) for each, fields in self.sections],
            lines=lines,
            version=version,
            channel=_channel(),
            errors=above,
            draft_key=draft_key,
            conflicts=conflicts,
            duplicates_url=duplicates_url(self.resource, record_id),
            watched=recognised_by(self.resource),
        )

    def _section(
        self, section: Section, fields: Sequence[Field], typed: Typed, errors: Mapping[str, Sequence[str]]
    ) -> FieldSection:
        """One section; what is wrong in it is seen, whatever the section depends on."""
        return FieldSection(
            str(section.title),
            [self._field(each, each.name, typed.get(each.name), errors) for each in fields],
            json.dumps({name: list(values) for name, values in section.when.items()}) if section.when else "",
            hidden=not section.fits(typed) and not any(each.name in errors for each in fields),
        )

    def _lines(
        self, lines: LinesField, rows: Sequence[Typed], errors: Mapping[str, Sequence[str]]
    ) -> LinesView:
        fields = [
            field
            for field in gateway().resolver.visible(lines.target)
            if not field.word.readonly and field is not lines.via
        ]

        def line(prefix: str, row: Typed) -> list[FieldView]:
            return [
                replace(self._field(each, f"{prefix}.{each.name}", row.get(each.name), errors), help="")
                for each in fields
            ]

        return LinesView(
            name=lines.name,
            title=str(lines.lines.title),
            headers=[field.label for field in fields],
            lines=[
                LineView(str(row.get("id") or ""), line(f"{lines.name}.{number}", row))
                for number, row in enumerate(rows)
            ],
            blank=LineView("", line(f"{lines.name}.__i__", {})),
            add_label=str(lines.lines.add_label),
            errors=errors.get(lines.name, ()),
        )

    def _field(self, field: Field, name: str, value: Any, errors: Mapping[str, Sequence[str]]) -> FieldView:
        word, target = field.word, field.target
        label = value.get("label") if isinstance(value, dict) else None
        value = value["id"] if isinstance(value, dict) else value
        number = number_in(value) if target is not None and label is None else None
        if target is not None and number is not None:
            label = gateway().labels(target, [number]).get(number)
        lookup = f"{target.url}/lookup" if target is not None else ""
        if word.kind in (Kind.PICK, Kind.TAGS) and not field.resource.is_nested:
            lookup = f"{field.resource.url}/suggest/{field.name}"
        may_create = target is not None and bool(target.quick_create) and g.actor.may(target.name, "create")
        return FieldView(
            name=name,
            label=field.label,
            kind=str(word.kind),
            value=_control_value(field, value),
            help=str(word.help) if word.help is not None else "",
            required=field.is_required,
            wide=word.kind is Kind.MULTILINE,
            errors=errors.get(name, ()),
            options=options_of(field),
            max_length=word.max_length,
            lookup_url=lookup,
            create_url=f"{target.url}/quick" if target is not None and may_create else "",
            link_label=label or "",
        )


def _control_value(field: Field, value: Any) -> Any:
    """A value as its control holds it; what was typed wrongly stays as it was typed."""
    if value is None:
        return [] if field.word.kind is Kind.TAGS else ""
    if field.word.kind is Kind.INSTANT and not isinstance(value, str):
        return display().local_input(value)
    if field.word.kind is Kind.FLAG:
        return value is True or value == "1"
    if field.word.kind is Kind.PHONE:
        return display().phone(str(value))
    return value if isinstance(value, str | list) else str(value)


def _posted(field: Field, posted: MultiDict[str, str], name: str) -> Any:
    if field.word.kind is Kind.TAGS:
        return [each for each in posted.getlist(name) if each.strip()]
    if field.word.kind is Kind.FLAG:
        return "1" in posted.getlist(name)
    return posted.get(name)


def _posted_lines(lines: LinesField, posted: MultiDict[str, str]) -> list[dict[str, Any]]:
    """The lines that were posted, in the order of their numbers; wholly blank new ones are dropped."""
    prefix = f"{lines.name}."
    numbers = {key.split(".")[1] for key in posted if key.startswith(prefix) and key.count(".") == 2}
    rows = []
    for number in sorted((each for each in numbers if number_in(each) is not None), key=int):
        row: dict[str, Any] = {
            field.name: _posted(field, posted, f"{prefix}{number}.{field.name}")
            for field in lines.target.fields.values()
            if f"{prefix}{number}.{field.name}" in posted and field.name != "id"
        }
        line_id = posted.get(f"{prefix}{number}.id") or None
        defaults = {field.name for field in lines.target.fields.values() if field.word.kind is Kind.CHOICE}
        if line_id is None and not any(value for name, value in row.items() if name not in defaults):
            continue
        rows.append(row | ({"id": line_id} if line_id else {}))
    return rows


def _defaults(resource: Resource) -> dict[str, Any]:
    """What a new record holds before anything is typed; addresses may carry values (``?name=...``)."""
    values = {name: field.default() for name, field in resource.fields.items() if field.default() is not None}
    if resource.is_owned and g.actor.user_id is not None:
        values["owner"] = {"id": g.actor.user_id, "label": g.actor.name}
    given = {name: value for name, value in request.args.items() if name in resource.fields}
    return values | given


def _channel() -> str:
    """What the present form was filled in through before it was typed in; empty for nothing.

    Raises:
        UnknownFormChannel: the address names one that is not on, or fills in no forms. A form that was
            typed meanwhile is an ordinary one then.
    """
    name = request.values.get(CHANNEL, "")
    if not name or kernel().channels.of_form(g.tenant, name) is not None:
        return name
    if request.method == "GET":
        raise UnknownFormChannel(name=name[:40])
    return ""


def _coming() -> AbstractContextManager[None]:
    """Let what is saved bear the channel of the form."""
    return through(g.session, _channel() or "form")


@bp.get("/<addon>/<plural>/new")
def new(addon: str, plural: str) -> str:
    """Show an empty form."""
    resource = resource_at(addon, plural)
    gateway().require(resource, "create")
    return _create_page(resource, Form(resource, resource.form), _defaults(resource))


def _create_page(resource: Resource, form: Form, typed: Typed, error: GuanxiError | None = None) -> str:
    title = _("New %(title)s", title=str(resource.title).lower())
    view = form.view(
        title=title, action=f"{resource.url}/new", cancel_url=resource.url, typed=typed, error=error,
        draft_key=f"{g.tenant.slug}:{g.actor.user_id}:{resource.name}:new",
    )  # fmt: skip
    filled = kernel().hooks.fill(
        g.tenant.addons, "form_actions", session=g.session, actor=g.actor, resource=resource
    )
    actions = [action for _id, action in filled]
    return _page(resource, view, None, actions)


def _page(
    resource: Resource, view: FormView, record: Mapping[str, Any] | None, actions: Sequence[ActionView] = ()
) -> str:
    """The page of a form, with what addons put below its fields."""
    filled = kernel().hooks.fill(
        g.tenant.addons, "form_panels",
        session=g.session, actor=g.actor, resource=resource, record=record,
    )  # fmt: skip
    panels = [panel for _id, panel in filled]
    return render_template(
        "records/form.html", shell=shell(), toasts=told(), view=view, actions=actions, panels=panels
    )


@bp.post("/<addon>/<plural>/new")
def create(addon: str, plural: str) -> ResponseReturnValue:
    """Save a new record."""
    resource = resource_at(addon, plural)
    form = Form(resource, resource.form)
    values = form.read(request.form)
    try:
        with _coming():
            [record_id] = resource.service.create(g.session, [values], actor=g.actor)
    except Invalid as error:
        return _create_page(resource, form, values, error), 422
    response = Response(status=303, headers={"Location": f"{resource.url}/{record_id}"})
    return tell(response, _("%(title)s created.", title=str(resource.title)))


@bp.get("/<addon>/<plural>/<int:record_id>/edit")
def edit(addon: str, plural: str, record_id: int) -> str:
    """Show the form of a record."""
    resource = resource_at(addon, plural)
    gateway().require(resource, "update")
    found = gateway().get(resource, record_id)
    return _edit_page(resource, Form(resource, resource.form), found, found)


def _edit_page(
    resource: Resource, form: Form, found: Mapping[str, Any], typed: Typed, error: GuanxiError | None = None,
    conflicts: Sequence[Any] = (),
) -> str:  # fmt: skip
    url = f"{resource.url}/{found['id']}"
    view = form.view(
        title=str(found[resource.label] or ""), action=f"{url}/edit", cancel_url=url, typed=typed,
        version=found["version"], error=error, conflicts=conflicts, record_id=found["id"],
        draft_key=f"{g.tenant.slug}:{g.actor.user_id}:{resource.name}:{found['id']}",
    )  # fmt: skip
    return _page(resource, view, found)


@bp.post("/<addon>/<plural>/<int:record_id>/edit")
def save(addon: str, plural: str, record_id: int) -> ResponseReturnValue:
    """Save the changes to a record; when somebody else was faster, show both versions."""
    resource = resource_at(addon, plural)
    form = Form(resource, resource.form)
    values = form.read(request.form)
    version = number_in(request.form.get("version"))
    try:
        with _coming():
            resource.service.update(g.session, record_id, values, actor=g.actor, version=version)
    except Invalid as error:
        return _edit_page(resource, form, gateway().get(resource, record_id), values, error), 422
    except StaleVersion:
        found = gateway().get(resource, record_id)
        return _edit_page(resource, form, found, values, conflicts=_conflicts(form, found, values)), 412
    is_kept = record_id in gateway().reached(resource, [record_id])
    url = f"{resource.url}/{record_id}" if is_kept else resource.url  # handed over to somebody else
    return tell(Response(status=303, headers={"Location": url}), _("Saved."))


def _conflicts(form: Form, found: Mapping[str, Any], values: Typed) -> list[Any]:
    """The fields whose stored value is not what was typed: label, theirs, mine."""
    rows = []
    for _section, fields in form.sections:
        for field in fields:
            theirs, mine = found[field.name], values.get(field.name)
            held = _control_value(field, theirs["id"] if isinstance(theirs, dict) else theirs)
            if field.name in values and held != (mine if mine is not None else ""):
                shown = display().value(field, theirs)
                rows.append((field.label, shown, _typed_text(field, mine)))
    return rows


def _typed_text(field: Field, value: Any) -> str:
    number = number_in(value)
    if field.target is not None and number is not None:
        return gateway().labels(field.target, [number]).get(number, "")
    if field.word.kind is Kind.CHOICE:
        return next((each.label for each in options_of(field) if each.value == value), "")
    return ", ".join(value) if isinstance(value, list) else str(value or "")


# The short form


def _quick_form(resource: Resource) -> Form:
    return Form(
        resource, [Section(resource.title, *(resource.quick_create or (resource.label,)))], with_lines=False
    )


def _quick(resource: Resource, form: Form, typed: Typed, error: GuanxiError | None = None) -> str:
    title = _("New %(title)s", title=str(resource.title).lower())
    view = form.view(title=title, action=f"{resource.url}/quick", cancel_url="", typed=typed, error=error)
    plain = replace(view, sections=[replace(section, title="") for section in view.sections])
    return render_template("records/quick_create.html", view=plain, csrf=shell().csrf)


@bp.get("/<addon>/<plural>/quick")
def quick(addon: str, plural: str) -> str:
    """Show the short form; ``?name=`` is what was typed into the lookup."""
    resource = resource_at(addon, plural)
    gateway().require(resource, "create")
    typed = _defaults(resource)
    if "name" in request.args:
        typed[resource.label] = request.args["name"]
    return _quick(resource, _quick_form(resource), typed)


@bp.post("/<addon>/<plural>/quick")
def quick_create(addon: str, plural: str) -> ResponseReturnValue:
    """Save the short form and answer with what the lookup then holds."""
    resource = resource_at(addon, plural)
    form = _quick_form(resource)
    values = form.read(request.form)
    try:
        [record_id] = resource.service.create(g.session, [values], actor=g.actor)
    except Invalid as error:
        return _quick(resource, form, values, error), 422
    label = gateway().labels(resource, [record_id]).get(record_id, "")
    return jsonify(id=record_id, label=label), 201
