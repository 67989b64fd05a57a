"""The same done with the records that were picked in a list: asked, previewed, done, taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from core.db.fields import Kind
from core.errors import GuanxiError, Invalid, NotFound
from core.i18n import _, ngettext
from core.resources.bulk import (
    MAX_AT_ONCE,
    STANDING,
    Edit,
    Result,
    check,
    editable_fields,
    existing,
    matching,
    preview,
)
from core.resources.bulk.runs import action_title, do_later, do_now, run_of, undo
from core.resources.declaration import Field, Resource, Section, resource_called
from core.web.export_models import (
    BulkField,
    BulkForm,
)
from core.web.lifecycle import gateway
from core.web.pages import bp
from core.web.pages.bulk_views import result_view, run_view
from core.web.pages.forms import Form
from core.web.pages.lists.address import query_of
from core.web.pages.lists.picking import takes_nothing
from core.web.pages.lists.state import open_list
from core.web.pages.request import display, number_in, resource_at, tell
from core.web.shell import shell
from core.web.view_models import FieldView, Option

#: Parameters of the selection; the rest is the list.
_OWN: Final = ("ids", "all")
#: Names in a form that say how far the dialog is, not what is to be done.
_STEPS: Final = frozenset({"csrf_token", "step", "expected"})


@dataclass(frozen=True, slots=True)
class _Picked:
    """The records that are meant."""

    resource: Resource
    action: str
    ids: Sequence[int]

    @property
    def url(self) -> str:
        """Where the dialog posts to: this very selection."""
        query = request.query_string.decode()
        return f"{self.resource.url}/bulk/{self.action}?{query}"

    @property
    def count(self) -> str:
        """How many, in words."""
        many = len(self.ids)
        return ngettext("%(shown)s record", "%(shown)s records", many, shown=display().number(many))


@bp.get("/<addon>/<plural>/bulk/<action>")
def ask_bulk(addon: str, plural: str, action: str) -> str:
    """Ask in a dialog what to do with the picked records; for what needs no answer, show what will be."""
    picked = _picked(addon, plural, action)
    if action in ("update", "archive"):
        return _ask(picked, Edit(action))
    return _preview(picked, Edit(action))


@bp.post("/<addon>/<plural>/bulk/<action>")
def bulk(addon: str, plural: str, action: str) -> ResponseReturnValue:
    """Go on with the dialog: back to the questions, to the preview, or to the work itself."""
    picked = _picked(addon, plural, action)
    edit, errors = _read(picked)
    step = request.form.get("step")
    if step == "edit":
        return _ask(picked, edit)
    try:
        if errors is not None:
            raise errors
        check(gateway(), picked.resource, edit)
        if step != "apply":
            return _preview(picked, edit)
        expected = number_in(request.form.get("expected"))
        if expected != len(picked.ids):
            return _preview(picked, edit, is_other=True)
        return _apply(picked, edit)
    except Invalid as error:
        return _ask(picked, edit, error), 422


@bp.get("/settings/bulk/<int:number>")
def bulk_progress(number: int) -> str:
    """How far a job has come with many records; what has come of it in the end."""
    run = run_of(g.session, g.actor, number)
    resource = resource_called(run["resource"])
    if resource is None:
        raise NotFound
    return render_template("records/bulk_progress.html", view=run_view(run, gateway().seen(resource)))


@bp.post("/settings/changes/<int:number>/undo")
def undo_changes(number: int) -> ResponseReturnValue:
    """Take an edit of many back and go on where the reader was."""
    undone = undo(g.session, number, actor=g.actor, at_once=MAX_AT_ONCE)
    response = Response(status=303, headers={"Location": _where_from()})
    if isinstance(undone, int):
        return tell(response, _("The changes are being taken back in the background."), tone="info")
    back = undone.restored + undone.removed
    text = ngettext(
        "%(shown)s record is as it was.", "%(shown)s records are as they were.", back,
        shown=display().number(back),
    )  # fmt: skip
    if undone.left:
        left = display().number(undone.left)
        text += " " + ngettext(
            "%(shown)s was changed since and stays as it is.",
            "%(shown)s were changed since and stay as they are.",
            undone.left,
            shown=left,
        )
    return tell(response, text, tone="warn" if undone.left else "ok")


# The selection


def _picked(addon: str, plural: str, action: str) -> _Picked:
    """What was picked: numbers, or all that the list shows; only what is there and within reach.

    Raises:
        NotFound: there is no such action.
        TooManyRecords: more match than are treated at once.
    """
    resource = resource_at(addon, plural)
    actions = {each.name for each in resource.actions if takes_nothing(each)}
    if action not in STANDING and action not in actions:
        raise NotFound
    args = request.args.to_dict(flat=False)
    if "all" in args:
        address = open_list(resource, {name: args[name] for name in args if name not in _OWN}).address
        query = replace(query_of(resource, address), page=1, cursor=None)
        return _Picked(resource, action, matching(gateway(), resource, query))
    numbers = (number_in(each) for each in ",".join(args.get("ids", ())).split(","))
    named = [number for number in numbers if number is not None]
    return _Picked(resource, action, existing(gateway(), resource, named[:MAX_AT_ONCE]))


def _read(picked: _Picked) -> tuple[Edit, Invalid | None]:
    """What the form says is to be done, and what is missing in it."""
    if picked.action == "archive":
        reason = request.form.get("reason", "").strip()
        return Edit("archive", {"reason": reason} if reason else {}), None
    if picked.action != "update":
        return Edit(picked.action), None
    names = request.form.getlist("field")
    fields = {each.name: each for each in editable_fields(gateway(), picked.resource)}
    chosen = [name for name in dict.fromkeys(names) if name in fields]
    typed = Form(picked.resource, [_section(fields[name] for name in chosen)], with_lines=False).read(
        request.form
    )
    values: dict[str, Any] = {}
    add: dict[str, Any] = {}
    remove: dict[str, Any] = {}
    errors: dict[str, list[Any]] = {}
    for name in chosen:
        way = request.form.get(f"way.{name}", "set")
        if way == "clear":
            values[name] = [] if fields[name].word.kind is Kind.TAGS else None
        elif typed.get(name) in ("", None, []):
            can_be_empty = any(each.value == "clear" for each in _ways(fields[name], way))
            errors[name] = [
                _("Give a value, or choose to empty the field.") if can_be_empty else _("Give a value.")
            ]
        else:
            {"add": add, "remove": remove}.get(way, values)[name] = typed[name]
    edit = Edit("update", values, add, remove)
    if not chosen:
        return edit, Invalid({"_schema": [_("Choose at least one field.")]})
    return edit, Invalid(errors) if errors else None


def _section(fields: Iterable[Field]) -> Section:
    return Section(_("Fields"), *(each.name for each in fields))  # type: ignore[arg-type]


# Asking


def _ask(picked: _Picked, edit: Edit, error: GuanxiError | None = None) -> str:
    """The dialog that asks what is to be done."""
    check(gateway(), picked.resource, Edit(picked.action))
    if picked.action == "archive":
        errors = list(map(str, error.errors.get("reason", ()))) if isinstance(error, Invalid) else []
        reason = FieldView(
            "reason", _("Reason"), "text", edit.values.get("reason", ""), max_length=300, wide=True,
            help=_("May stay empty."), errors=errors,
        )  # fmt: skip
        view = BulkForm(
            title=_("Archive %(count)s?", count=picked.count),
            action=picked.url,
            text=_("They disappear from lists and searches. Nothing is lost, and they can be restored."),
            submit=_("Preview"),
            plain=[reason],
        )
    else:
        above = error.errors.get("_schema", ()) if isinstance(error, Invalid) else ()
        view = BulkForm(
            title=_("Edit %(count)s", count=picked.count),
            action=picked.url,
            text=_("Choose what to change. Nothing happens before you have seen the preview."),
            submit=_("Preview"),
            fields=_field_choices(picked, edit, error),
            errors=list(map(str, above)),
        )
    return render_template("records/bulk_form.html", view=view, csrf=shell().csrf)


def _field_choices(picked: _Picked, edit: Edit, error: GuanxiError | None) -> list[BulkField]:
    fields = editable_fields(gateway(), picked.resource)
    posted = request.form.getlist("field")
    typed = {**edit.values, **edit.add, **edit.remove}
    form = Form(picked.resource, [_section(fields)], with_lines=False)
    view = form.view(title="", action="", cancel_url="", typed=typed, error=error)
    controls = {each.name: each for section in view.sections for each in section.fields}
    choices = []
    for each in fields:
        control = replace(controls[each.name], required=False, help="", segmented=False)
        choices.append(
            BulkField(control, _ways(each, request.form.get(f"way.{each.name}", "")), each.name in posted)
        )
    return sorted(
        choices, key=lambda each: posted.index(each.control.name) if each.is_chosen else len(posted)
    )


def _ways(field: Field, chosen: str) -> list[Option]:
    """What can be done with a field of many records."""
    ways = [("set", _("Set to"))]
    if field.word.kind is Kind.TAGS:
        ways = [("add", _("Add")), ("remove", _("Remove")), ("set", _("Replace by"))]
    if field.is_nullable or field.word.kind is Kind.TAGS:
        ways.append(("clear", _("Empty it")))
    return [Option(name, label, selected=name == chosen) for name, label in ways]


# What will be


def _preview(picked: _Picked, edit: Edit, *, is_other: bool = False) -> str:
    """What would come of it, before anything is done."""
    check(gateway(), picked.resource, edit)
    looked_at = picked.ids[:MAX_AT_ONCE]
    result = preview(gateway(), picked.resource, looked_at, edit)
    notes = []
    number = display().number
    if is_other:
        notes.append(_("Since the preview the records that match have changed. Look again before you go on."))
    if len(looked_at) < len(picked.ids):
        looked = number(len(looked_at))
        notes.append(
            _("The first %(looked)s were looked at; all will be treated in the background.", looked=looked)
        )
    if not edit.can_be_undone:
        notes.append(_("This cannot be taken back."))
    title = action_title(picked.resource, edit.action)
    has_work = result.changed > 0 or len(looked_at) < len(picked.ids)
    view = replace(
        result_view(picked.resource, result),
        title=f"{title}{_(': ')}{picked.count}",
        action=picked.url,
        notes=notes,
        kept=[
            (name, value)
            for name, values in request.form.lists()
            if name not in _STEPS
            for value in values
        ] + [("expected", str(len(picked.ids)))],
        submit=_submit(picked, edit, result) if has_work else "",
        danger=edit.action == "delete",
        what=edit.action,
    )  # fmt: skip
    return render_template(
        "records/bulk_preview.html", view=view, csrf=shell().csrf, asks=edit.action in ("update", "archive")
    )


def _submit(picked: _Picked, edit: Edit, result: Result) -> str:
    """What the button says: what is done with how many."""
    many = result.changed if len(picked.ids) <= MAX_AT_ONCE else len(picked.ids)
    count = ngettext("%(shown)s record", "%(shown)s records", many, shown=display().number(many))
    if edit.action == "update":
        return _("Change %(count)s", count=count)
    return f"{action_title(picked.resource, edit.action)}{_(': ')}{count}"


# Doing it


def _apply(picked: _Picked, edit: Edit) -> ResponseReturnValue:
    """Do it; a large selection by a job whose progress is shown."""
    if len(picked.ids) > MAX_AT_ONCE:
        number, _job = do_later(gateway(), picked.resource, picked.ids, edit)
        run = run_of(g.session, g.actor, number)
        return render_template("records/bulk_progress.html", view=run_view(run, picked.resource))
    result, set_id = do_now(gateway(), picked.resource, picked.ids, edit)
    undo_url = f"/settings/changes/{set_id}/undo" if set_id is not None else ""
    if result.refused:
        view = replace(
            result_view(picked.resource, result),
            title=_("Done"),
            is_done=True,
            undo_url=undo_url,
            rows=(),
            what=edit.action,
        )
        return render_template("records/bulk_preview.html", view=view, csrf=shell().csrf, asks=False)
    response = jsonify(id=set_id or 0, label="")
    response.status_code = 201
    return tell(response, _done_text(picked.resource, edit, result.changed), undo_url=undo_url)


def _done_text(resource: Resource, edit: Edit, many: int) -> str:
    count = ngettext("%(shown)s record", "%(shown)s records", many, shown=display().number(many))
    if edit.action == "update":
        return _("%(count)s changed.", count=count)
    return _("Done: %(action)s.", action=f"{action_title(resource, edit.action)} ({count})")


def _where_from() -> str:
    """The page of ours the reader comes from."""
    _scheme, _sep, rest = (request.referrer or "").partition("://")
    host, slash, path = rest.partition("/")
    return (
        f"/{path}"
        if slash and host == request.host and not path.startswith(("/", "\\"))
        else "/settings/exports"
    )
