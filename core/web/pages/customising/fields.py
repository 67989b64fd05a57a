"""The fields of a resource: those it comes with, and those that are added to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from core.addons.switch import MADE_UP
from core.customising import services
from core.customising.definitions import Definition, definitions
from core.customising.errors import NotConfirmed
from core.customising.kinds import OFFERS
from core.customising.objects import objects
from core.customising.usage import Usage, usage_of
from core.db.fields import Kind, Sensitivity
from core.errors import Invalid, NotFound
from core.i18n import _, language, ngettext
from core.resources.declaration import Resource
from core.web.custom_models import FieldRow, HostCard, KindTile, NativeField, ObjectTools, UsageView
from core.web.lifecycle import kernel
from core.web.pages import bp
from core.web.pages.customising.form import field_form, read_field
from core.web.pages.request import gone_to, told
from core.web.shell import shell
from core.web.view_models import MenuLink, Option

PAGE: Final = "/settings/customisation"
_USE_ICONS: Final = {
    "view": "bookmark", "export": "file-export", "import": "file-import",
    "form": "forms", "list": "columns-3", "filter": "filter",
}  # fmt: skip


@bp.get(PAGE)
def customisable() -> str:
    """Show every resource that fields can be added to."""
    require()
    added: dict[str, list[Definition]] = {}
    for each in definitions(g.session):
        if not each.is_archived:
            added.setdefault(each.resource, []).append(each)
    hosts = _hosts()
    return render_template(
        "customising/list.html",
        shell=shell(),
        toasts=told(),
        new_url=f"{PAGE}/objects/new",
        made_up=[_card(each, added.get(each.name, [])) for each in hosts if each.addon == MADE_UP],
        cards=[_card(each, added.get(each.name, [])) for each in hosts if each.addon != MADE_UP],
        archived=[
            (str(each.title_plural), each.icon, f"{PAGE}/objects/{each.name}")
            for each in objects(g.session)
            if each.is_archived
        ],
    )


@bp.get(f"{PAGE}/<resource>")
def custom_fields(resource: str) -> str:
    """Show the fields of one resource."""
    host = _host(resource)
    there = definitions(g.session, host.name)
    native = [each for each in host.fields.values() if each.name not in {own.name for own in there}]
    return render_template(
        "customising/fields.html",
        shell=shell(),
        toasts=told(),
        title=str(host.title_plural),
        icon_name=host.icon,
        list_url=PAGE,
        url=_url(host),
        records_url=host.url,
        tools=_tools(host),
        added=[_row(host, each) for each in there if not each.is_archived],
        archived=[_row(host, each) for each in there if each.is_archived],
        native=[
            NativeField(each.label, each.name, OFFERS[each.word.kind].icon, str(OFFERS[each.word.kind].title))
            for each in native
            if each.name != "id"
        ],
    )


@bp.get(f"{PAGE}/<resource>/new")
def new_custom_field(resource: str) -> str:
    """Ask of which kind a new field is; then, what is to be known of it."""
    host = _host(resource)
    kind = request.args.get("kind", "")
    if kind in map(str, OFFERS):
        return _form(host, Kind(kind), None, {})
    tiles = [
        KindTile(str(each.title), str(each.hint), each.icon, f"{_url(host)}/new?kind={each.kind}")
        for each in OFFERS.values()
    ]
    return render_template("customising/kinds.html", title=str(host.title_plural), tiles=tiles)


@bp.post(f"{PAGE}/<resource>/new")
def add_custom_field(resource: str) -> ResponseReturnValue:
    """Add a field."""
    host = _host(resource)
    kind = request.args.get("kind", "")
    if kind not in map(str, OFFERS):
        raise NotFound
    values = read_field(request.form) | {"kind": kind}
    try:
        made = services.add_field(g.session, kernel().resources, host.name, values, actor=g.actor)
    except Invalid as error:
        return _form(host, Kind(kind), None, values, error), 422
    return gone_to(_url(host), _("“%(label)s” is added.", label=made.label))


@bp.get(f"{PAGE}/<resource>/<name>/edit")
def edit_custom_field(resource: str, name: str) -> str:
    """Show what is said of a field."""
    host = _host(resource)
    found = services.named(g.session, host.name, name)
    return _form(host, found.kind, found, {})


@bp.post(f"{PAGE}/<resource>/<name>/edit")
def change_custom_field(resource: str, name: str) -> ResponseReturnValue:
    """Change a field."""
    host = _host(resource)
    found = services.named(g.session, host.name, name)
    values = read_field(request.form)
    try:
        services.change_field(g.session, kernel().resources, host.name, name, values, actor=g.actor)
    except Invalid as error:
        return _form(host, found.kind, found, values, error), 422
    return gone_to(_url(host), _("Saved."))


@bp.post(f"{PAGE}/<resource>/<name>/archive")
def archive_custom_field(resource: str, name: str) -> ResponseReturnValue:
    """Put a field away and offer it back."""
    host = _host(resource)
    found = services.set_archived(
        g.session, kernel().resources, host.name, name, archived=True, actor=g.actor
    )
    undo = f"{_url(host)}/{name}/restore"
    return gone_to(
        _url(host), _("“%(label)s” is put away; its values stay.", label=found.label), undo_url=undo
    )


@bp.post(f"{PAGE}/<resource>/<name>/restore")
def restore_custom_field(resource: str, name: str) -> ResponseReturnValue:
    """Bring a field back."""
    host = _host(resource)
    found = services.set_archived(
        g.session, kernel().resources, host.name, name, archived=False, actor=g.actor
    )
    return gone_to(_url(host), _("“%(label)s” is back.", label=found.label))


@bp.get(f"{PAGE}/<resource>/order")
def ask_field_order(resource: str) -> str:
    """Show the added fields to be moved."""
    host = _host(resource)
    items = [(each.name, each.label, each.name) for each in _active(host)]
    return render_template(
        "customising/order.html", items=items, action=f"{_url(host)}/order", csrf=shell().csrf
    )


@bp.post(f"{PAGE}/<resource>/order")
def order_custom_fields(resource: str) -> ResponseReturnValue:
    """Keep the order of the added fields, for everybody."""
    host = _host(resource)
    services.arrange(g.session, kernel().resources, host.name, request.form.getlist("field"), actor=g.actor)
    return gone_to(_url(host), _("Saved."))


@bp.get(f"{PAGE}/<resource>/<name>/usage")
def custom_field_usage(resource: str, name: str) -> str:
    """Show where a field is used."""
    host = _host(resource)
    return _usage_page(services.named(g.session, host.name, name))


@bp.get(f"{PAGE}/<resource>/<name>/delete")
def ask_field_deletion(resource: str, name: str) -> str:
    """Show where a field is used, offer to put it away, and ask for its name before it is deleted."""
    host = _host(resource)
    return _deletion(host, services.named(g.session, host.name, name))


@bp.post(f"{PAGE}/<resource>/<name>/delete")
def delete_custom_field(resource: str, name: str) -> ResponseReturnValue:
    """Delete a field with its values."""
    host = _host(resource)
    found = services.named(g.session, host.name, name)
    try:
        services.delete_field(
            g.session, kernel().resources, host.name, name,
            confirmed=request.form.get("confirmed", ""), actor=g.actor,
        )  # fmt: skip
    except NotConfirmed as refusal:
        return _deletion(host, found, refusal.detail), 422
    return gone_to(_url(host), _("“%(label)s” is deleted; its values are being removed.", label=found.label))


def require() -> None:
    """Let only those pass who may customise.

    Raises:
        NotFound: for anybody else there is no such page.
    """
    if not g.actor.may(services.THING, services.VERB):
        raise NotFound


def _hosts() -> list[Resource]:
    return services.customisable(kernel().resources, g.session)


def _host(name: str) -> Resource:
    require()
    found = next((each for each in _hosts() if each.name == name), None)
    if found is None:
        raise NotFound
    return found


def _url(host: Resource) -> str:
    return f"{PAGE}/{host.name}"


def _active(host: Resource) -> list[Definition]:
    return [each for each in definitions(g.session, host.name) if not each.is_archived]


def _card(host: Resource, added: Sequence[Definition]) -> HostCard:
    bare = sum(each.missing_language is not None for each in added)
    return HostCard(
        title=str(host.title_plural),
        addon=_bringer(host.addon),
        icon=host.icon,
        url=_url(host),
        added=ngettext("%(n)s added field", "%(n)s added fields", len(added)) if added else "",
        untranslated=ngettext("%(n)s in one language only", "%(n)s in one language only", bare)
        if bare
        else "",
    )


def _bringer(addon: str) -> str:
    """Who brings the records of a card."""
    if addon == MADE_UP:
        return ""
    return _("People and units") if addon == "core" else str(kernel().catalogue.addons[addon].title)


def _tools(host: Resource) -> ObjectTools | None:
    """What can be done with a made-up kind; None where the records are an addon's."""
    if host.addon != MADE_UP:
        return None
    url = f"{PAGE}/objects/{host.plural_name}"
    return ObjectTools(f"{url}/edit", f"{url}/archive", f"{url}/delete")


def _row(host: Resource, definition: Definition) -> FieldRow:
    offer = OFFERS[definition.kind]
    url = f"{_url(host)}/{definition.name}"
    labels = {"zh": definition.label_zh, "en": definition.label_en}
    other = labels["en" if language() == "zh" else "zh"]
    missing = {"zh": _("Chinese missing"), "en": _("English missing")}
    target = host.fields[definition.name].target if definition.name in host.fields else None
    return FieldRow(
        name=definition.name,
        label=definition.label,
        other_label=other if other != definition.label else "",
        missing=missing[definition.missing_language] if definition.missing_language else "",
        icon=offer.icon,
        kind=str(offer.title),
        marks=_marks(definition),
        about=_about(definition, str(target.title_plural) if target is not None else ""),
        edit_url=f"{url}/edit",
        usage_url=f"{url}/usage",
        archive_url=f"{url}/{'restore' if definition.is_archived else 'archive'}",
        delete_url=f"{url}/delete",
    )


def _about(definition: Definition, target: str) -> str:
    if definition.kind is Kind.CHOICE:
        return _(", ").join(each.label for each in definition.options)
    return target


def _marks(definition: Definition) -> list[Option]:
    wanted = (
        (definition.is_required, _("needed"), "warn"),
        (definition.in_list, _("in the list"), "info"),
        (definition.in_quick_create, _("in the short form"), "info"),
        (definition.is_searched, _("searched"), "mute"),
        (definition.is_frequent, _("filtered often"), "mute"),
        (definition.sensitivity is Sensitivity.SENSITIVE, _("sensitive"), "violet"),
        (definition.sensitivity is Sensitivity.SECRET, _("administrators only"), "violet"),
    )
    return [Option(label, label, tone) for holds, label, tone in wanted if holds]


def _form(
    host: Resource, kind: Kind, found: Definition | None, typed: dict[str, Any], error: Invalid | None = None
) -> str:
    action = f"{_url(host)}/new?kind={kind}" if found is None else f"{_url(host)}/{found.name}/edit"
    targets = list(kernel().resources.visible(g.tenant))
    view = field_form(host, kind, found, typed, action=action, targets=targets, error=error)
    return render_template("customising/field.html", view=view, csrf=shell().csrf)


def _usage(definition: Definition) -> Usage:
    return usage_of(g.session, kernel().resources, definition)


def _usage_page(definition: Definition, **more: str) -> str:
    usage = _usage(definition)
    said = ngettext("%(n)s record holds a value.", "%(n)s records hold a value.", usage.records)
    view = UsageView(
        title=definition.label,
        name=definition.name,
        records=said if usage.records else _("No record holds a value."),
        uses=[MenuLink(each.title, each.url, _USE_ICONS[each.sort]) for each in usage.uses],
        **more,
    )
    return render_template("customising/usage.html", view=view, csrf=shell().csrf)


def _deletion(host: Resource, definition: Definition, error: str = "") -> str:
    url = f"{_url(host)}/{definition.name}"
    archive = "" if definition.is_archived else f"{url}/archive"
    return _usage_page(definition, archive_url=archive, delete_url=f"{url}/delete", error=error)
