"""What an addon that is off holds: a page that removes it, and a dialog that puts it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from core.db.tenancy import Platform
from core.i18n import _, ngettext
from core.settings.holdings import AddonHeld, Held, PurgePlan, plan_purge
from core.settings.purge_jobs import NotMeant, ask_purge, ask_restore, purge_command, restore_command
from core.settings.purging import KEPT, kept_archive
from core.web.addon_models import DataView, HeldLine
from core.web.lifecycle import kernel
from core.web.pages import bp
from core.web.pages.addons import PAGE, has_worker, require_switching, title_of
from core.web.pages.request import display, gone_to
from core.web.shell import shell


@bp.get(f"{PAGE}/<name>/data")
def addon_data(name: str) -> str:
    """Show all that an addon holds, and how to remove it."""
    require_switching()
    return _page(name)


@bp.post(f"{PAGE}/<name>/purge")
def purge_addon(name: str) -> ResponseReturnValue:
    """Let a worker remove it, once its name was typed."""
    require_switching()
    typed = request.form.get("name", "")
    try:
        ask_purge(g.session, kernel(), g.actor, name, typed)
    except AddonHeld as refusal:
        raise AddonHeld([title_of(each) for each in refusal.names]) from refusal
    except NotMeant as refusal:
        return _page(name, error=refusal.detail), refusal.status
    return gone_to(PAGE, _("The data of %(title)s is being removed.", title=title_of(name)))


@bp.get(f"{PAGE}/<name>/restore")
def addon_restore(name: str) -> str:
    """Ask whether what was removed is to be put back."""
    require_switching()
    with kernel().database.session(Platform()) as session:
        kept = kept_archive(session.connection(), g.tenant, name, request.args.get("archive"))
    consequences = [
        _("Tables, records, views, histories and files are as they were when they were removed."),
        _("The addon stays off until it is switched on."),
        _("Nothing else changes."),
    ]
    command = "" if has_worker() else restore_command(g.tenant.slug, name)
    return render_template(
        "addons/restore.html",
        title=_("Put the data of %(title)s back", title=title_of(name)),
        text=_("It was removed %(at)s.", at=display().instant(kept.at)),
        consequences=consequences,
        command=command,
        archive=kept.archive,
        action=f"{PAGE}/{name}/restore",
        csrf=shell().csrf,
    )


@bp.post(f"{PAGE}/<name>/restore")
def restore_addon(name: str) -> ResponseReturnValue:
    """Let a worker put it back."""
    require_switching()
    ask_restore(g.session, kernel(), g.actor, name, request.form.get("archive", ""))
    return gone_to(PAGE, _("The data of %(title)s is being put back.", title=title_of(name)))


def _page(name: str, *, error: str = "") -> str:
    plan = plan_purge(kernel(), g.session.connection(), g.tenant, name)
    number, size = display().number, display().size
    rows = ngettext("%(rows)s row", "%(rows)s rows", plan.total, rows=number(plan.total))
    view = DataView(
        title=title_of(name),
        name=name,
        groups=[(title, lines) for title, lines in _groups(plan) if lines],
        total=_("%(rows)s in its own tables, %(size)s in all", rows=rows, size=size(plan.size)),
        refusal=_refusal(plan),
        kept_until=display().instant(datetime.now(UTC) + KEPT),
        action=f"{PAGE}/{name}/purge",
        back_url=PAGE,
        command="" if has_worker() else purge_command(g.tenant.slug, name),
        error=error,
    )
    return render_template("addons/data.html", shell=shell(), view=view)


def _refusal(plan: PurgePlan) -> str:
    """Why it cannot be removed now, and what to do."""
    if plan.is_on:
        return _("It is on. Switch it off first.")
    if plan.dependents:
        names = _(", ").join(title_of(each) for each in plan.dependents)
        return _("These need it, and are on or have data: %(names)s. Remove their data first.", names=names)
    return ""


def _groups(plan: PurgePlan) -> Iterator[tuple[str, list[HeldLine]]]:
    titles = {
        each.model.__tablename__: str(each.title_plural)
        for each in kernel().resources
        if each.addon == plan.addon
    }
    number, size = display().number, display().size

    def own(held: Held) -> HeldLine:
        title = titles.get(held.table, held.table)
        code = held.table if title != held.table else ""
        return HeldLine(title, code, number(held.rows), size(held.size))

    yield _("Tables of its own"), [own(each) for each in plan.tables]
    rows = plan.titled_rows().items()
    yield _("What belongs to them"), [HeldLine(title, "", number(count)) for title, count in rows]
    more = [HeldLine(name, "", "") for name in plan.objects]
    if plan.files:
        more.append(HeldLine(_("Attached files"), "", number(plan.files), size(plan.files_size)))
    yield _("And also"), more
