"""A list as a file: the dialog, the file at once or by a job, and what somebody has asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue

from core.db.fields import Kind
from core.errors import Invalid
from core.i18n import LANGUAGES, _, language, ngettext
from core.jobs.queue import cancel
from core.jobs.running import told_error
from core.resources.declaration import Field, Resource
from core.resources.editions import resource_seen
from core.resources.exporting import Format, count_records
from core.resources.exporting.runs import Wish, ask_for, discard, export_of, exports_of
from core.resources.query import Query
from core.web.downloads import file_answer, table_answer
from core.web.export_models import ColumnGroup, ExportForm, ExportView, Progress
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.bulk_views import changes_views
from core.web.pages.lists.address import Address, query_of
from core.web.pages.lists.columns import columns_of
from core.web.pages.lists.state import open_list
from core.web.pages.request import display, resource_at, tell, told
from core.web.shell import shell
from core.web.view_models import Option

#: Records that are streamed at once; more are written by a job.
AT_ONCE: Final = 10_000
#: Parameters of the file; the rest is the list.
_OWN: Final = ("format", "labels", "names")
_ICONS: Final = {Format.CSV: "file-type-csv", Format.XLSX: "file-spreadsheet", Format.JSONL: "file-text"}


@bp.get("/<addon>/<plural>/export/new")
def ask_export(addon: str, plural: str) -> str:
    """Ask in a dialog what the file should be; the columns of the list are chosen."""
    resource = resource_at(addon, plural)
    address, query = _asked(resource)
    count = count_records(gateway(), resource, query)
    shown = [field.name for field in columns_of(resource, address.many("columns"))]
    view = ExportForm(
        title=_("Export %(title)s", title=str(resource.title_plural).lower()),
        action=Address(f"{resource.url}/export", address.args).having(),
        count=ngettext("%(shown)s record", "%(shown)s records", count, shown=display().number(count)),
        is_large=count > AT_ONCE,
        formats=[
            Option("csv", "CSV", selected=True, icon=_ICONS[Format.CSV]),
            Option("xlsx", "Excel", icon=_ICONS[Format.XLSX]),
            Option("jsonl", _("JSON lines"), icon=_ICONS[Format.JSONL]),
        ],
        labels=_label_choices(),
        columns=_columns(resource, shown),
        groups=_more_columns(resource),
        mine_url="/settings/exports",
    )
    return render_template("records/export_new.html", view=view, csrf=shell().csrf)


@bp.get("/<addon>/<plural>/export")
def export(addon: str, plural: str) -> Response:
    """Stream the list, all pages of it, as a file."""
    resource = resource_at(addon, plural)
    return table_answer(resource, _wish(resource), title=_title(resource))


@bp.post("/<addon>/<plural>/export")
def export_later(addon: str, plural: str) -> ResponseReturnValue:
    """Let a job write the file and show how far it is."""
    resource = resource_at(addon, plural)
    number, _job = ask_for(gateway(), resource, _wish(resource), title=_title(resource))
    return render_template("records/export_progress.html", view=_view(export_of(g.session, g.actor, number)))


@bp.get("/settings/exports")
def exports() -> str:
    """Show what the reader has asked for, and the edits of many he may take back."""
    views = [_view(each) for each in exports_of(g.session, g.actor)]
    return render_template(
        "records/exports.html", shell=shell(), toasts=told(), exports=views, changes=changes_views()
    )


@bp.get("/settings/exports/<int:number>")
def export_progress(number: int) -> str:
    """How far a file is."""
    return render_template("records/export_progress.html", view=_view(export_of(g.session, g.actor, number)))


@bp.get("/settings/exports/<int:number>/file")
def export_file(number: int) -> Response:
    """The file, for its owner alone."""
    return file_answer(number)


@bp.post("/settings/exports/<int:number>/cancel")
def cancel_export(number: int) -> str:
    """Ask the job to end."""
    found = export_of(g.session, g.actor, number)
    if found["job_id"] is not None:
        cancel(g.session, found["job_id"])
    return export_progress(number)


@bp.post("/settings/exports/<int:number>/discard")
def discard_export(number: int) -> ResponseReturnValue:
    """Throw a file away."""
    discard(g.session, g.actor, number, kernel().config)
    response = Response(status=303, headers={"Location": "/settings/exports"})
    return tell(response, _("The file was deleted."))


def _asked(resource: Resource) -> tuple[Address, Query]:
    """The list as its address says, without what only concerns the page."""
    gateway().require(resource, "export")
    args = {name: values for name, values in request.args.to_dict(flat=False).items() if name not in _OWN}
    address = open_list(resource, args).address
    query = query_of(resource, address)
    return address, replace(query, page=1, cursor=None)


def _wish(resource: Resource) -> Wish:
    """What the dialog asks for; the columns and labels of the list where it says nothing.

    Raises:
        Invalid: there is no such format or language.
    """
    address, query = _asked(resource)
    form, labels = request.values.get("format") or "csv", request.values.get("labels")
    if form not in list(Format):
        raise Invalid({"format": [_("“%(value)s” is not one of: csv, xlsx, jsonl.", value=form[:60])]})
    if labels is None:
        labels = language()
    if labels and labels not in LANGUAGES:
        raise Invalid({"labels": [_("There is no such language here.")]})
    names = request.values.getlist("names") or [
        field.name for field in columns_of(resource, address.many("columns"))
    ]
    return Wish(query, Format(form), tuple(names), labels or None)


def _label_choices() -> list[Option]:
    """Labels in the reader's language, in the other one, or none."""
    names = {"zh": _("Labels in Chinese"), "en": _("Labels in English")}
    here = language()
    ordered = [here, *(each for each in LANGUAGES if each != here)]
    options = [Option(each, names[each], selected=each == here) for each in ordered]
    return [*options, Option("", _("Names and stored values, for programs"))]


def _columns(resource: Resource, shown: Sequence[str]) -> list[Option]:
    """The columns of the list in their order, then the other fields as the form has them."""
    visible = {field.name: field for field in gateway().resolver.visible(resource)}
    in_form = [name for section in resource.form for name in section.fields]
    names = [name for name in dict.fromkeys((*shown, *in_form, *visible)) if name in visible]
    return [Option(name, visible[name].label, selected=name in shown) for name in names]


def _more_columns(resource: Resource) -> list[ColumnGroup]:
    """Fields of linked records, and those of the first lines of each kind."""
    groups = []
    for link in gateway().resolver.visible(resource):
        if link.target is None or link.target.is_nested or (link.word.readonly and link.name != "owner"):
            continue
        fields = [each for each in gateway().resolver.visible(link.target) if _is_short(each)]
        title = _("%(link)s: further fields", link=link.label)
        columns = [Option(f"{link.name}.{each.name}", f"{link.label}.{each.label}") for each in fields]
        groups.append(ColumnGroup(title, columns))
    for lines in resource.lines_fields.values():
        own = [
            each
            for each in gateway().resolver.visible(lines.target)
            if each is not lines.via and not each.word.readonly
        ]
        title = str(lines.lines.title)
        columns = [
            Option(
                f"{lines.name}.{number}.{each.name}" if number > 1 else f"{lines.name}.{each.name}",
                f"{title} {number}.{each.label}",
            )
            for number in (1, 2)
            for each in own
        ]
        groups.append(ColumnGroup(title, columns))
    return groups


def _is_short(field: Field) -> bool:
    return field.word.kind is not Kind.MULTILINE and field.target is None


def _title(resource: Resource) -> str:
    """What the file is called: the records, and the day in the tenant's calendar."""
    today = datetime.now(ZoneInfo(g.tenant.timezone)).date()
    return f"{resource.title_plural} {today}"


def _view(found: Mapping[str, Any]) -> ExportView:
    """An export as the page and the dialog show it."""
    resource, state = resource_seen(g.session, found["resource"]), found["state"]
    number, url = display().number, f"/settings/exports/{found['id']}"
    rows = found["rows"] if found["rows"] is not None else found["total"]
    facts = [str(resource.title_plural)] if resource is not None else []
    facts.append(ngettext("%(shown)s record", "%(shown)s records", rows, shown=number(rows)))
    if found["size"] is not None:
        facts.append(display().size(found["size"]))
    facts.append(display().instant(found["created_at"]))
    is_open = state in ("waiting", "running")
    total = found["job_total"] or found["total"]
    is_there = state == "done"
    return ExportView(
        name=f"{found['title']}.{found['format']}",
        facts=" · ".join(facts),
        icon=_ICONS[Format(found["format"])],
        progress=Progress(
            topic=f"job:{found['job_id']}" if is_open else "",
            url=url,
            state=state,
            percent=round(100 * (found["done"] or 0) / total) if total and state == "running" else None,
            text=_state_text(state, found["done"] or 0, total),
            error=told_error(found["error"], found["error_code"]) if state == "parked" else "",
            cancel_url=f"{url}/cancel" if is_open else "",
        ),
        until=_("until %(when)s", when=display().instant(found["expires_at"])) if is_there else "",
        file_url=f"{url}/file" if is_there else "",
        discard_url="" if is_open else f"{url}/discard",
    )


def _state_text(state: str, done: int, total: int) -> str:
    number = display().number
    if state == "running":
        return _("%(done)s of %(total)s records", done=number(done), total=number(total))
    return {
        "waiting": _("Waits for its turn"),
        "done": _("Ready"),
        "parked": _("It could not be made"),
        "cancelled": _("Cancelled"),
        "expired": _("The file is gone; its time was over."),
    }[state]
