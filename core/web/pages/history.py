"""The history on a record's page: its entries page by page, notes and files."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, g, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from core.errors import Invalid
from core.i18n import _l
from core.resources import timeline as history
from core.resources.declaration import Resource
from core.web.display import lines as as_lines
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.request import display, is_fragment, number_in, resource_at
from core.web.view_models import MenuLink, TimelineEntry, TimelineView

_KINDS: Final = {
    "created": ("plus", "ok", _l("Created")),
    "updated": ("pencil", "info", _l("Changed")),
    "archived": ("archive", "warn", _l("Archived")),
    "restored": ("archive-off", "ok", _l("Restored")),
    "note": ("note", "violet", _l("Note")),
    "attachment": ("paperclip", "mute", _l("File")),
}
#: The segment of what the addons bring.
_TALKS: Final = "communication"
_SEGMENTS: Final[Mapping[str, tuple[Any, Sequence[str]]]] = {
    "": (_l("All"), ()),
    _TALKS: (_l("Communication"), ()),
    "notes": (_l("Notes"), ("note",)),
    "files": (_l("Files"), ("attachment",)),
    "changes": (_l("Changes"), ("created", "updated", "archived", "restored")),
}


def timeline_view(
    resource: Resource,
    record_id: int,
    segment: str = "",
    before: int | None = None,
    until: datetime | None = None,
) -> TimelineView:
    """One page of the history of a record the reader reaches: the core's entries and those of the addons.

    Args:
        resource: what the record is.
        record_id: its number.
        segment: which entries; all for one that is not known.
        before: the core's entries older than this one.
        until: the addons' entries before this instant. Each page goes down to one instant and the next
            begins there, so that none is lost or shown twice.
    """
    url = f"{resource.url}/{record_id}"
    segment = segment if segment in _SEGMENTS else ""
    rows: list[Mapping[str, Any]] = []
    if segment != _TALKS:
        kinds = _SEGMENTS[segment][1]
        rows = history.entries(
            gateway(), resource, record_id, kinds=kinds, before=before, limit=history.PAGE + 1
        )
    is_more, rows = len(rows) > history.PAGE, rows[: history.PAGE]
    since = min([row["created_at"] for row in rows] + ([until] if until else [])) if is_more else None
    brought: list[tuple[datetime, TimelineEntry]] = []
    if segment in ("", _TALKS):
        brought, cut = _brought(resource, record_id, since, until)
        if cut is not None:
            is_more, since = True, cut
            rows = list(itertools.takewhile(lambda row: row["created_at"] >= cut, rows))
    both = [(row["created_at"], _entry(resource, row, url)) for row in rows] + brought
    both.sort(key=lambda each: each[0], reverse=True)
    place = {
        "segment": segment,
        "until": since.isoformat() if since is not None and segment in ("", _TALKS) else None,
        "before": rows[-1]["id"] if rows else before,
    }
    left = urlencode({name: value for name, value in place.items() if value is not None})
    return TimelineView(
        entries=[entry for _at, entry in both],
        segments=[
            MenuLink(str(title), f"{url}/timeline?segment={name}", active=name == segment)
            for name, (title, _kinds) in _SEGMENTS.items()
            if name != _TALKS or resource.has_communication
        ],
        note_url=f"{url}/notes",
        attach_url=f"{url}/attachments",
        more_url=f"{url}/timeline?{left}" if is_more else "",
    )


def _brought(
    resource: Resource, record_id: int, since: datetime | None, until: datetime | None
) -> tuple[list[tuple[datetime, TimelineEntry]], datetime | None]:
    """The addons' entries from ``since`` to ``until``, and where the page ends earlier for their number.

    An addon that gives as many as it was asked for may have more, older ones. Down to the instant of
    the last that is wanted all are there, whichever addon they come from.
    """
    if since is not None and until is not None and since >= until:
        return [], None
    entries: list[TimelineEntry] = kernel().hooks.call(
        g.tenant.addons, "timeline_entries", session=g.session, actor=g.actor, resource=resource,
        record_id=record_id, since=since, until=until, limit=history.PAGE,
    )  # fmt: skip
    # one without an instant has no place in a history
    timed = [(at, entry) for entry in entries if (at := _instant_in(entry.at_iso)) is not None]
    found = [
        (at, entry) for at, entry in timed if (since is None or at >= since) and (until is None or at < until)
    ]
    found.sort(key=lambda each: each[0], reverse=True)
    if len(found) < history.PAGE:
        return found, None
    cut = found[history.PAGE - 1][0]
    return [each for each in found if each[0] >= cut], cut


def _entry(resource: Resource, row: Mapping[str, Any], url: str) -> TimelineEntry:
    icon, tone, title = _KINDS.get(row["kind"], ("circle", "mute", row["kind"]))
    at: datetime = row["created_at"]
    mine = row["created_by_id"] == g.actor.user_id or g.actor.is_administrator
    return TimelineEntry(
        id=row["id"],
        kind=row["kind"],
        icon=icon,
        tone=tone,
        title=str(title),
        body=as_lines(row["body"]) if row["body"] else Markup(),
        at=display().instant(at),
        at_iso=at.isoformat(),
        author=row["author"] or "",
        facts=_through(row["channel"]),
        changes=[_change(resource, name, pair) for name, pair in row["changes"].items()],
        file_url=f"{url}/attachments/{row['id']}" if row["attachment_id"] else "",
        file_name=row["file_name"] or "",
        file_size=display().size(row["file_size"]) if row["file_size"] is not None else "",
        delete_url=f"{url}/timeline/{row['id']}/delete"
        if mine and row["kind"] in ("note", "attachment")
        else "",
    )


def _through(channel: str | None) -> Sequence[str]:
    """The door, where it is not the form that everybody takes."""
    title = kernel().channels.title(g.tenant, channel) if channel != "form" else ""
    return (title,) if title else ()


def _change(resource: Resource, name: str, pair: Sequence[Any]) -> tuple[str, Markup, Markup]:
    if name in resource.lines_fields:
        return str(resource.lines_fields[name].lines.title), Markup(), Markup("…")
    field = resource.fields[name]
    return field.label, display().change(field, pair[0]), display().change(field, pair[1])


def _timeline_answer(resource: Resource, record_id: int, segment: str = "") -> ResponseReturnValue:
    if not is_fragment():
        return redirect(f"{resource.url}/{record_id}")
    return render_template("records/timeline.html", timeline=timeline_view(resource, record_id, segment))


@bp.get("/<addon>/<plural>/<int:record_id>/timeline")
def timeline(addon: str, plural: str, record_id: int) -> str:
    """Show the history alone: one of its segments, or older entries."""
    resource = resource_at(addon, plural)
    gateway().get(resource, record_id, ("id",))
    view = timeline_view(
        resource,
        record_id,
        request.args.get("segment", ""),
        number_in(request.args.get("before")),
        _instant_in(request.args.get("until", "")),
    )
    return render_template("records/timeline.html", timeline=view)


def _instant_in(text: str) -> datetime | None:
    """The instant that an address carries; None when it carries none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


@bp.post("/<addon>/<plural>/<int:record_id>/notes")
def add_note(addon: str, plural: str, record_id: int) -> ResponseReturnValue:
    """Write a note."""
    resource = resource_at(addon, plural)
    body = request.form.get("body", "")
    try:
        history.add_note(gateway(), resource, record_id, body)
    except Invalid as error:
        if not is_fragment():
            raise
        found = timeline_view(resource, record_id)
        view = replace(found, note=body, errors=[str(each) for each in error.errors.get("body", ())])
        return render_template("records/timeline.html", timeline=view), 422
    return _timeline_answer(resource, record_id)


@bp.post("/<addon>/<plural>/<int:record_id>/attachments")
def attach(addon: str, plural: str, record_id: int) -> ResponseReturnValue:
    """Put files on the record."""
    resource = resource_at(addon, plural)
    gateway().get(resource, record_id, ("id",))
    for file in request.files.getlist("file"):
        history.add_attachment(
            gateway(), resource, record_id, store=kernel().config.data / "files",
            name=file.filename or "", media_type=file.mimetype, content=file.stream,
        )  # fmt: skip
    return _timeline_answer(resource, record_id)


@bp.get("/<addon>/<plural>/<int:record_id>/attachments/<int:entry_id>")
def attachment(addon: str, plural: str, record_id: int, entry_id: int) -> Response:
    """Send a file, always as a download."""
    resource = resource_at(addon, plural)
    store = kernel().config.data / "files"
    row, path = history.open_attachment(gateway(), resource, record_id, entry_id, store=store)
    return send_file(path, mimetype="application/octet-stream", as_attachment=True, download_name=row["name"])


@bp.post("/<addon>/<plural>/<int:record_id>/timeline/<int:entry_id>/delete")
def delete_entry(addon: str, plural: str, record_id: int, entry_id: int) -> ResponseReturnValue:
    """Take a note or a file back."""
    resource = resource_at(addon, plural)
    history.delete_note(gateway(), resource, record_id, entry_id)
    return _timeline_answer(resource, record_id)
