"""Kinds of records that administrators make up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from core.access.permissions import READY_ROLES, Scope
from core.customising import object_services as services
from core.customising.errors import LedTo, NotConfirmed
from core.customising.object_services import ICONS
from core.customising.objects import LEVELS, MadeUp
from core.errors import Invalid
from core.i18n import Lazy, _, _l, _lp, ngettext
from core.web.custom_models import ObjectForm, UsageView
from core.web.pages import bp
from core.web.pages.customising.fields import PAGE, require
from core.web.pages.request import gone_to
from core.web.shell import shell
from core.web.view_models import FieldSection, FieldView, FormView, Option

_OBJECTS: Final = f"{PAGE}/objects"
_TEXTS: Final = ("title_zh", "title_en", "plural_en", "icon")
_SCOPES: Final[Mapping[str, Lazy]] = {
    "": _lp("scope", "none"),
    Scope.OWN: _lp("scope", "own"),
    Scope.UNIT: _lp("scope", "of the unit"),
    Scope.UNIT_BELOW: _lp("scope", "of the unit and below"),
    Scope.ALL: _lp("scope", "all"),
}
_LEVELS: Final[Mapping[str, Lazy]] = {
    "read": _lp("verb", "Read"), "write": _l("Create and change"), "delete": _lp("verb", "Delete"),
}  # fmt: skip


@bp.get(f"{_OBJECTS}/new")
def new_object() -> str:
    """Ask what a new kind of record is called and who may do what with it."""
    require()
    return _form(None, {})


@bp.post(f"{_OBJECTS}/new")
def make_up_object() -> ResponseReturnValue:
    """Make up a kind of record; then its fields are added."""
    require()
    values = _read()
    try:
        made = services.make_up(g.session, values, actor=g.actor)
    except Invalid as error:
        return _form(None, values, error), 422
    return gone_to(
        f"{PAGE}/{made.resource}", _("“%(title)s” is there. Add its fields now.", title=str(made.title))
    )


@bp.get(f"{_OBJECTS}/<name>/edit")
def edit_object(name: str) -> str:
    """Show what is said of a kind of record."""
    require()
    return _form(services.made_up(g.session, name), {})


@bp.post(f"{_OBJECTS}/<name>/edit")
def change_object(name: str) -> ResponseReturnValue:
    """Change what a kind is called, and who may do what."""
    require()
    found, values = services.made_up(g.session, name), _read()
    try:
        services.change(g.session, name, values, actor=g.actor)
    except Invalid as error:
        return _form(found, values, error), 422
    return gone_to(f"{PAGE}/{found.resource}", _("Saved."))


@bp.post(f"{_OBJECTS}/<name>/archive")
def archive_object(name: str) -> ResponseReturnValue:
    """Put a kind away with its records and offer it back."""
    require()
    found = services.set_archived(g.session, name, archived=True, actor=g.actor)
    said = _("“%(title)s” is put away; the records stay.", title=str(found.title_plural))
    return gone_to(PAGE, said, undo_url=f"{_OBJECTS}/{name}/restore")


@bp.post(f"{_OBJECTS}/<name>/restore")
def restore_object(name: str) -> ResponseReturnValue:
    """Bring a kind back."""
    require()
    found = services.set_archived(g.session, name, archived=False, actor=g.actor)
    return gone_to(PAGE, _("“%(label)s” is back.", label=str(found.title_plural)))


@bp.get(f"{_OBJECTS}/<name>/delete")
def ask_object_deletion(name: str) -> str:
    """Say how many records would go, offer to put the kind away, and ask for its name."""
    require()
    return _deletion(services.made_up(g.session, name))


@bp.post(f"{_OBJECTS}/<name>/delete")
def delete_object(name: str) -> ResponseReturnValue:
    """Delete a kind with its records."""
    require()
    found = services.made_up(g.session, name)
    try:
        services.delete(g.session, name, confirmed=request.form.get("confirmed", ""), actor=g.actor)
    except (NotConfirmed, LedTo) as refusal:
        return _deletion(found, refusal.detail), 422
    said = _("“%(title)s” is deleted; the records are being removed.", title=str(found.title_plural))
    return gone_to(PAGE, said)


def _read() -> dict[str, Any]:
    """What a browser posted, as `core.customising.object_services.ObjectSchema` takes it."""
    form = request.form
    values: dict[str, Any] = {name: form[name] or None for name in _TEXTS if name in form}
    if values.get("icon") is None:
        values.pop("icon", None)
    roles = [role.code for role in READY_ROLES if f"grants.{role.code}.read" in form]
    values["grants"] = {
        role: {level: form.get(f"grants.{role}.{level}", "") for level in LEVELS} for role in roles
    }
    return values


def _form(found: MadeUp | None, typed: Mapping[str, Any], error: Invalid | None = None) -> str:
    errors = {name: [str(each) for each in said] for name, said in error.errors.items()} if error else {}
    stored = {name: getattr(found, name) for name in _TEXTS} if found is not None else {"icon": ICONS[0]}
    held: dict[str, Any] = {**stored, **{name: value or "" for name, value in typed.items()}}
    names = [
        FieldView(
            name, label, "text", held.get(name, ""), max_length=60, errors=errors.get(name, ()), help=help_
        )
        for name, label, help_ in (
            ("title_zh", _("Name in Chinese"), ""),
            ("title_en", _("Name in English"), _("Of one: Machine")),
            ("plural_en", _("Plural in English"), _("Of several: Machines")),
        )
    ]
    view = ObjectForm(
        form=FormView(
            title=_("New kind of records") if found is None else str(found.title_plural),
            action=f"{_OBJECTS}/new" if found is None else f"{_OBJECTS}/{found.name}/edit",
            cancel_url="",
            sections=[FieldSection("", names)],
            errors=[text for name, said in errors.items() if name.startswith("grants") for text in said],
        ),
        icons=[Option(each, each, selected=each == held["icon"]) for each in ICONS],
        levels=[str(label) for label in _LEVELS.values()],
        rights=_rights(found, typed.get("grants")),
    )
    return render_template("customising/object.html", view=view, csrf=shell().csrf)


def _rights(
    found: MadeUp | None, typed: Mapping[str, Mapping[str, str]] | None
) -> Sequence[tuple[str, Sequence[FieldView]]]:
    """A row of drop-downs for each role but the administrator's, who may do everything."""
    stored: dict[tuple[str, str], str] = {}
    if found is not None:
        stored = {(role, level): str(scope) for role, level, scope in found.grants}
    if typed is not None:
        stored = {(role, level): scope for role, levels in typed.items() for level, scope in levels.items()}

    def control(role: str, level: str, label: str) -> FieldView:
        here = stored.get((role, level), "")
        options = [Option(str(each), str(said), selected=each == here) for each, said in _SCOPES.items()]
        return FieldView(f"grants.{role}.{level}", label, "choice", here, options=options)

    rows = []
    for role in READY_ROLES:
        if role.code != "administrator":
            labels = {level: f"{role.title}{_(': ')}{said}" for level, said in _LEVELS.items()}
            controls = [control(role.code, level, label) for level, label in labels.items()]
            rows.append((str(role.title), controls))
    return rows


def _deletion(found: MadeUp, error: str = "") -> str:
    number = services.held(g.session, found)
    view = UsageView(
        title=str(found.title_plural),
        name=found.name,
        records=ngettext("%(n)s record would go with it.", "%(n)s records would go with it.", number),
        uses=(),
        archive_url="" if found.is_archived else f"{_OBJECTS}/{found.name}/archive",
        delete_url=f"{_OBJECTS}/{found.name}/delete",
        error=error,
    )
    return render_template("customising/usage.html", view=view, csrf=shell().csrf)
