"""The settings of addons: one page each, for those who may change them."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from core.addons.switch import require
from core.db.fields import Kind
from core.errors import GuanxiError, Invalid, NotFound, StaleVersion
from core.i18n import _
from core.resources.settings.declaration import VERB, Setting, Settings
from core.resources.settings.stored import change, kept_of
from core.web.lifecycle import kernel
from core.web.pages import bp
from core.web.pages.request import display, number_in, saved, tell, told
from core.web.shell import shell
from core.web.view_models import FieldSection, FieldView, FormView, Option

_PAGE: Final = "/settings/options/<name>"


@bp.get(_PAGE)
def settings_page(name: str) -> str:
    """Show what is set."""
    declared = _declared(name)
    return _page(declared, vars(declared.of(g.session)))


@bp.post(_PAGE)
def save_settings(name: str) -> ResponseReturnValue:
    """Set the values that were typed; when somebody else was faster, or one is not right, nothing."""
    declared = _declared(name)
    typed = _posted(declared, request.form)
    version = number_in(request.form.get("version"))
    try:
        change(g.session, declared, typed, actor=g.actor, version=version or 0)
    except (Invalid, StaleVersion) as refusal:
        return _page(declared, typed, refusal), refusal.status
    response = Response(status=303, headers={"Location": declared.url()})
    return tell(response, _("Saved."))


def _declared(name: str) -> type[Settings]:
    """The settings of an addon.

    Raises:
        NotFound: it has none, is off, or the reader may not change them.
    """
    declared = kernel().settings.get(name)
    if declared is None:
        raise NotFound
    require(g.tenant, name)
    if not g.actor.may(declared.thing(), VERB):
        raise NotFound
    return declared


def _page(declared: type[Settings], values: dict[str, Any], refusal: GuanxiError | None = None) -> str:
    kept = kept_of(g.session, declared.addon)
    errors: dict[str, list[str]] = {}
    if isinstance(refusal, Invalid):
        errors = {name: [str(each) for each in said] for name, said in refusal.errors.items()}
    view = FormView(
        title=str(declared.title),
        action=declared.url(),
        cancel_url=declared.url(),
        sections=[
            FieldSection(title, [_field(each, values.get(each.name), errors) for each in settings])
            for title, settings in declared.laid_out()
        ],
        version=kept.version,
        errors=[refusal.detail] if refusal is not None and not errors else (),
        draft_key=f"{g.tenant.slug}:{g.actor.user_id}:settings:{declared.addon}",
    )
    subtitle = " · ".join(filter(None, (str(declared.summary), saved(kept.updated_at, kept.by))))
    return render_template("records/form.html", shell=shell(), toasts=told(), view=view, subtitle=subtitle)


def _field(setting: Setting, value: Any, errors: dict[str, list[str]]) -> FieldView:
    word = setting.word
    return FieldView(
        name=setting.name,
        label=str(word.label),
        kind=str(word.kind),
        value=_shown(setting, value),
        help=str(word.help) if word.help is not None else "",
        required=not setting.is_nullable and word.kind not in (Kind.FLAG, Kind.TAGS),
        wide=word.kind in (Kind.MULTILINE, Kind.FLAG),
        errors=errors.get(setting.name, ()),
        options=[Option(each.value, str(each.label), each.tone) for each in word.choices or ()],
        max_length=word.max_length,
    )


def _shown(setting: Setting, value: Any) -> Any:
    """A value as its control holds it; what was typed wrongly stays as it was typed."""
    match setting.word.kind:
        case Kind.FLAG:
            return value is True
        case Kind.TAGS:
            return value or []
        case Kind.PHONE if value:
            return display().phone(str(value))
        case _:
            return "" if value is None else str(value)


def _posted(declared: type[Settings], posted: MultiDict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, setting in declared.settings.items():
        if name not in posted:
            continue
        if setting.word.kind is Kind.FLAG:
            values[name] = "1" in posted.getlist(name)
        elif setting.word.kind is Kind.TAGS:
            values[name] = [each for each in posted.getlist(name) if each.strip()]
        else:
            values[name] = posted[name]
    return values
