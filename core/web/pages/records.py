"""A record's page: what it is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from core.db.fields import Kind
from core.errors import Invalid, NotFound
from core.i18n import _
from core.resources.declaration import LinesField, Resource
from core.web.display import avatar_of, options_of
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.history import timeline_view
from core.web.pages.request import display, gone_to, resource_at, told
from core.web.shell import shell
from core.web.view_models import (
    ActionView,
    Banner,
    FieldSection,
    FieldView,
    FormView,
    Option,
    Panel,
    PanelItem,
    RecordView,
    TimelineView,
)


@bp.get("/<addon>/<plural>/<int:record_id>")
def record(addon: str, plural: str, record_id: int) -> str:
    """Show a record."""
    resource = resource_at(addon, plural)
    found = gateway().get(resource, record_id)
    return render_template(
        "records/record.html", shell=shell(), toasts=told(), view=record_view(resource, found)
    )


def record_view(resource: Resource, found: Mapping[str, Any]) -> RecordView:
    """The whole view of a record that the reader reaches."""
    title = str(found[resource.label] or f"#{found['id']}")
    actions = _with_one_primary(_filled("record_actions", resource, found, _own_actions(resource, found)))
    sections = _sections(resource, found)
    panels: dict[str, Callable[[], Iterable[Panel]]] = {
        "core.details": lambda: sections[:1],
        "core.more-details": lambda: sections[1:],
    }
    for name, lines in resource.lines_fields.items():
        panels[f"{resource.name}.{name}"] = partial(_lines_panels, lines, found[name])
    archived, timeline = partial(_archived, resource, found), partial(_timeline, resource, found)
    return RecordView(
        title=title,
        subtitle=" · ".join(filter(None, (_plain(found.get(name)) for name in resource.subtitle))),
        avatar=avatar_of(title),
        icon=resource.icon,
        url=f"{resource.url}/{found['id']}",
        list_url=resource.url,
        list_title=str(resource.title_plural),
        version=found["version"],
        tags=_tags(resource, found),
        banners=_filled("record_banners", resource, found, {"core.archived": archived}),
        cards=_filled("record_cards", resource, found, {"core.timeline": timeline}),
        panels=_filled("record_panels", resource, found, panels),
        actions=[each for each in actions if not each.more],
        more_actions=[each for each in actions if each.more],
    )


def _filled(
    slot: str, resource: Resource, found: Mapping[str, Any], own: Mapping[str, Callable[[], Iterable[Any]]]
) -> list[Any]:
    """All that stands at a place of a record's page."""
    filled = kernel().hooks.fill(
        g.tenant.addons, slot, own=own, session=g.session, actor=g.actor, resource=resource, record=found
    )
    return [item for _id, item in filled]


def _timeline(resource: Resource, found: Mapping[str, Any]) -> list[TimelineView]:
    return [timeline_view(resource, found["id"])] if resource.has_timeline else []


def _plain(value: Any) -> str:
    return str(value.get("label") or "") if isinstance(value, dict) else str(value or "")


def _tags(resource: Resource, found: Mapping[str, Any]) -> list[Option]:
    tags = []
    for name in resource.tags:
        if found.get(name):
            tags += [option for option in options_of(resource.fields[name]) if option.value == found[name]]
    return tags


def _sections(resource: Resource, found: Mapping[str, Any]) -> list[Panel]:
    """The form's sections with what is filled in, as cards; the name stands in the title already."""
    sections = []
    for section in resource.form:
        if not section.fits(found):
            continue
        views = [
            FieldView(
                name,
                resource.fields[name].label,
                str(resource.fields[name].word.kind),
                display=display().value(resource.fields[name], found[name]),
            )
            for name in section.fields
            if name in found and name not in (resource.label, *resource.tags)
        ]
        filled = [view for view in views if view.display]
        if filled:
            sections.append(Panel("", str(section.title), fields=filled))
    return sections


def _lines_panels(lines: LinesField, rows: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """Nested lines as a card: the first filled field as title, the others below it; none without lines."""
    names = [
        field for field in lines.target.fields.values() if not field.word.readonly and field is not lines.via
    ]
    items = []
    for row in rows:
        shown = [(field, row[field.name]) for field in names if row.get(field.name)]
        texts = [display().value(field, value).striptags() for field, value in shown]
        phone = next((value for field, value in shown if field.word.kind is Kind.PHONE), None)
        mail = next((value for field, value in shown if field.word.kind is Kind.EMAIL), None)
        items.append(
            PanelItem(
                texts[0] if texts else "—",
                " · ".join(texts[1:]),
                icon=lines.target.icon,
                action_url=f"tel:{phone.partition(';')[0]}" if phone else f"mailto:{mail}" if mail else "",
                action_icon="phone" if phone else "mail",
                action_label=_("Call") if phone else _("Write a mail"),
            )
        )
    return [Panel(lines.name, str(lines.lines.title), items)] if items else []


def _with_one_primary(actions: Sequence[ActionView]) -> list[ActionView]:
    """Let only the first primary action be one: the next step an addon names comes before editing."""
    first = next((each for each in actions if each.primary), None)
    return [replace(each, primary=each is first) for each in actions]


def _own_actions(
    resource: Resource, found: Mapping[str, Any]
) -> Mapping[str, Callable[[], Iterable[ActionView]]]:
    """What every record offers, and what its resource declares, by their ids."""
    url, archived = f"{resource.url}/{found['id']}", found["archived_at"] is not None
    may_update = g.actor.may(resource.name, "update")
    own: dict[str, ActionView] = {}
    if may_update and not archived:
        own["core.edit"] = ActionView("edit", _("Edit"), f"{url}/edit", "pencil", primary=True)
        archive = ActionView("archive", _("Archive…"), f"{url}/archive", "archive", dialog=True, more=True)
        own["core.archive"] = archive
    if may_update and archived:
        own["core.restore"] = _restore(url)
    if not archived and kernel().templates.about(g.tenant, resource.name):
        title = _("Write a message…")
        own["core.message"] = ActionView("message", title, f"{url}/message", "mail", dialog=True, more=True)
    if resource.has_timeline:
        title = _("Where the values come from")
        own["core.origins"] = ActionView(
            "origins", title, f"{url}/origins", "history", dialog=True, more=True
        )
    for each in resource.actions:
        offered = each.offered is None or each.offered(found)
        if each.schema is None and not archived and offered and g.actor.may(resource.name, each.verb):
            address = f"{url}/actions/{each.name}"
            own[f"{resource.name}.{each.name}"] = ActionView(
                each.name, str(each.title), address, each.icon, post=True, more=True
            )
    return {id: partial(_one, action) for id, action in own.items()}


def _one(item: ActionView) -> list[ActionView]:
    return [item]


def _restore(url: str) -> ActionView:
    return ActionView("restore", _("Restore"), f"{url}/restore", "archive-off", post=True, more=True)


def _archived(resource: Resource, found: Mapping[str, Any]) -> list[Banner]:
    """That it is archived since when and why, and the way back."""
    if found["archived_at"] is None:
        return []
    when = display().instant(found["archived_at"])
    reason = found.get("archived_reason")
    text = (
        _("Archived %(when)s: %(reason)s", when=when, reason=reason)
        if reason
        else _("Archived %(when)s.", when=when)
    )
    may_restore = g.actor.may(resource.name, "update")
    action = _restore(f"{resource.url}/{found['id']}") if may_restore else None
    return [Banner(text, "warn", "archive", action)]


# What can be done


@bp.get("/<addon>/<plural>/<int:record_id>/archive")
def ask_archive(addon: str, plural: str, record_id: int) -> str:
    """Ask for the reason in a dialog."""
    resource = resource_at(addon, plural)
    gateway().get(resource, record_id, ("id",))
    return _archive_dialog(resource, record_id)


def _archive_dialog(resource: Resource, record_id: int, typed: str = "", error: Invalid | None = None) -> str:
    errors = [str(each) for each in error.errors.get("reason", ())] if error is not None else []
    reason = FieldView(
        "reason",
        _("Reason"),
        "text",
        typed,
        max_length=300,
        wide=True,
        help=_("May stay empty."),
        errors=errors,
    )
    title = _("Archive this %(title)s?", title=str(resource.title).lower())
    url = f"{resource.url}/{record_id}"
    view = FormView(title, f"{url}/archive", url, [FieldSection("", [reason])])
    return render_template("records/dialog_archive.html", view=view, csrf=shell().csrf)


@bp.post("/<addon>/<plural>/<int:record_id>/archive")
def archive(addon: str, plural: str, record_id: int) -> ResponseReturnValue:
    """Archive the record and offer to take that back."""
    resource = resource_at(addon, plural)
    reason = request.form.get("reason", "")
    try:
        resource.service.archive(g.session, [record_id], actor=g.actor, reason=reason)
    except Invalid as error:
        return _archive_dialog(resource, record_id, reason, error), 422
    url = f"{resource.url}/{record_id}"
    return gone_to(url, _("%(title)s archived.", title=str(resource.title)), undo_url=f"{url}/restore")


@bp.post("/<addon>/<plural>/<int:record_id>/restore")
def restore(addon: str, plural: str, record_id: int) -> ResponseReturnValue:
    """Bring the record back."""
    resource = resource_at(addon, plural)
    resource.service.restore(g.session, [record_id], actor=g.actor)
    return gone_to(f"{resource.url}/{record_id}", _("%(title)s restored.", title=str(resource.title)))


@bp.post("/<addon>/<plural>/<int:record_id>/actions/<name>")
def act(addon: str, plural: str, record_id: int, name: str) -> ResponseReturnValue:
    """Carry out a named action of the resource."""
    resource = resource_at(addon, plural)
    titles = {action.name: str(action.title) for action in resource.actions}
    if name not in titles:
        raise NotFound
    resource.service.perform(g.session, name, [record_id], {}, actor=g.actor)
    return gone_to(f"{resource.url}/{record_id}", _("Done: %(action)s.", action=titles[name]))
