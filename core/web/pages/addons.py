"""Addons of the tenant: which are on, what a switch would do, and switching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core.addons.manifest import Manifest
from core.addons.switch_log import Deed, archives_of, last_deeds
from core.addons.switching import THING, VERB, AddonNeeded, AddonNeeds, TablesFailed, switch_off
from core.auth.models import User
from core.db.tenancy import Platform
from core.errors import NotFound
from core.i18n import _, _l, _lp, ngettext
from core.jobs import overview
from core.jobs.queries import ACTIVE, jobs_of
from core.resources.settings.declaration import VERB as SETTING
from core.settings.holdings import rows_kept
from core.settings.preview import Change, change_of
from core.settings.purge_jobs import PURGE, RESTORE, purge_command, restore_command
from core.settings.switching import KIND, ask_on, command_for, follow_off
from core.web.addon_models import AddonCard, ArchiveLine, SwitchForm
from core.web.lifecycle import kernel
from core.web.pages import bp
from core.web.pages.jobs import view_of
from core.web.pages.request import display, gone_to, told
from core.web.shell import shell
from core.web.view_models import Option

PAGE: Final = "/settings/addons"
#: Of an addon: what its state is called, and the tint of the tag.
_STATES: Final = {
    "on": (_lp("addon", "On"), "ok"),
    "off": (_lp("addon", "Off"), "mute"),
    "broken": (_lp("addon", "Not working"), "bad"),
}
_BROKEN: Final = _l(
    "It is on, but its package is gone or cannot be loaded, so nothing of it works; everything else does. "
    "Ask your operator to put it right (guanxi addon list says what is wrong), or switch it off: "
    "its data stays."
)
_GONE: Final = _l(
    "Its package is not there. Its data can be removed; ask your operator to bring the package back."
)
_NOTHING_LEFT: Final = _l(
    "Nothing of it is left, and everything else works. Ask your operator to put the addon right, then switch "
    "it on again."
)
_user = User.__table__
#: Jobs looked through for the last one of each addon.
_JOBS: Final = 200


@bp.get(PAGE)
def addon_list() -> str:
    """Show all addons that are installed, and those that are on without being there."""
    require_switching()
    cards = _cards()
    groups = [
        (_("Switched on"), [card for card in cards if card.is_on]),
        (_("Switched off, data kept"), [card for card in cards if not card.is_on and card.data_url]),
        (_("Available"), [card for card in cards if not (card.is_on or card.data_url)]),
    ]
    return render_template(
        "addons/list.html", shell=shell(), toasts=told(), groups=[group for group in groups if group[1]]
    )


@bp.get(f"{PAGE}/<name>")
def addon_switch(name: str) -> str:
    """Show in a dialog what switching an addon would do."""
    require_switching()
    change = change_of(kernel(), g.session, name)
    return render_template("addons/switch.html", view=_form(change), csrf=shell().csrf)


@bp.post(f"{PAGE}/<name>/on")
def addon_on(name: str) -> ResponseReturnValue:
    """Let a worker switch an addon on, with what was agreed to."""
    require_switching()
    if name in g.tenant.addons:
        return gone_to(PAGE, _("%(title)s is on already.", title=title_of(name)))
    try:
        ask_on(g.session, kernel(), g.actor, name, request.form.getlist("with"))
    except AddonNeeds as refusal:
        raise AddonNeeds(_titles(refusal.names)) from refusal
    return gone_to(PAGE, _("%(title)s is being switched on.", title=title_of(name)))


@bp.post(f"{PAGE}/<name>/off")
def addon_off(name: str) -> ResponseReturnValue:
    """Switch an addon off, for everybody and with the next request of every process."""
    require_switching()
    try:
        with kernel().database.unit_of_work(Platform()) as session:
            switch_off(kernel().catalogue, session.connection(), g.tenant, name, actor_id=g.actor.user_id)
    except AddonNeeded as refusal:
        raise AddonNeeded(_titles(refusal.names)) from refusal
    follow_off(kernel(), g.tenant, name)
    return gone_to(PAGE, _("%(title)s is off; its data stays.", title=title_of(name)))


def require_switching() -> None:
    """Let only those pass who may switch.

    Raises:
        NotFound: for anybody else there is no such page.
    """
    if not g.actor.may(THING, VERB):
        raise NotFound


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of this tenant's addons besides their manifests, by name."""

    #: The last job of each.
    jobs: Mapping[str, Mapping[Any, Any]]
    #: Rows that are kept of those that are off.
    kept: Mapping[str, int]
    deeds: Mapping[str, Deed]
    archives: Mapping[str, Sequence[Deed]]
    #: ``{user: name}`` of those who did something.
    people: Mapping[int, str]

    @classmethod
    def of_tenant(cls) -> _Known:
        """Ask for all of it."""
        with kernel().database.session(Platform()) as session:
            deeds = last_deeds(session.connection(), g.tenant)
            archives: dict[str, list[Deed]] = {}
            for deed in archives_of(session.connection(), g.tenant):
                archives.setdefault(deed.addon, []).append(deed)
        jobs: dict[str, Mapping[Any, Any]] = {}
        for row in jobs_of(g.session, g.actor, kinds=(KIND, PURGE, RESTORE), limit=_JOBS):
            jobs.setdefault(row["arguments"]["addon"], row)
        actors = {deed.actor_id for deed in deeds.values()}
        rows = g.session.execute(select(_user.c.id, _user.c.name).where(_user.c.id.in_(actors)))
        kept = rows_kept(g.session.connection(), g.tenant)
        return cls(jobs, kept, deeds, archives, {row.id: row.name for row in rows})


def _cards() -> list[AddonCard]:
    catalogue, on = kernel().catalogue, g.tenant.addons
    known = _Known.of_tenant()
    gone = ({*known.kept, *known.archives} | on) - catalogue.addons.keys()
    cards = [_card(name, addon, known) for name, addon in catalogue.addons.items() if name != "core"]
    return cards + [_card(name, catalogue.manifests.get(name), known) for name in sorted(gone)]


def _card(name: str, addon: Manifest | None, known: _Known) -> AddonCard:
    """One addon; of one that cannot be loaded the manifest may be readable all the same."""
    catalogue, on = kernel().catalogue, g.tenant.addons
    job, is_on, is_loaded = known.jobs.get(name), name in on, name in catalogue.addons
    is_at_work = job is not None and job["state"] in ACTIVE
    has_failed = job is not None and job["state"] == "parked" and not is_on
    shown = view_of(job) if job is not None and (is_at_work or has_failed) else None
    waits = job is not None and job["state"] == "waiting" and not has_worker()
    state = "on" if is_on else "off"
    trouble = "" if is_loaded else _BROKEN if is_on else _GONE
    rows = known.kept.get(name)
    return AddonCard(
        name=name,
        title=title_of(name),
        summary=str(addon.summary) if addon else "",
        icon=addon.icon if addon else "puzzle",
        version=addon.version if addon else "",
        state=_state("broken" if is_on and not is_loaded else state),
        is_on=is_on,
        needs=_titles(catalogue.needs(name) if is_loaded else addon.depends if addon else ()),
        needed_by=_titles(each for each in catalogue.dependents(name) if each in on),
        url=f"{PAGE}/{name}" if is_on or is_loaded else "",
        settings_url=_settings_url(name) if is_on and is_loaded else "",
        trouble=str(trouble),
        job=shown if is_at_work else None,
        command=_command(name, job) if job and waits else "",
        failed=_failed(job, shown.text) if job and has_failed and shown is not None else "",
        last=_told_deed(known.deeds.get(name), known.people),
        kept=_told_rows(rows) if rows is not None else "",
        data_url=f"{PAGE}/{name}/data" if rows is not None else "",
        archives=[_archive(each, can_be=is_loaded and rows is None) for each in known.archives.get(name, ())]
        if not (is_on or is_at_work)
        else (),
    )


def _settings_url(name: str) -> str:
    declared = kernel().settings.get(name)
    return declared.url() if declared is not None and g.actor.may(declared.thing(), SETTING) else ""


def _command(name: str, job: Mapping[Any, Any]) -> str:
    """What the operator may type instead of a job."""
    if job["kind"] == PURGE:
        return purge_command(g.tenant.slug, name)
    if job["kind"] == RESTORE:
        return restore_command(g.tenant.slug, name)
    return command_for(g.tenant.slug, name, job["arguments"]["with"])


def _failed(job: Mapping[Any, Any], why: str) -> str:
    if job["kind"] == PURGE:
        return _("Its data could not be removed: %(why)s", why=why)
    if job["kind"] == RESTORE:
        return _("Its data could not be put back: %(why)s", why=why)
    told = _("It could not be switched on: %(why)s", why=why)
    return f"{told}\n{_NOTHING_LEFT}" if job["error_code"] == TablesFailed.code else told


def _told_deed(deed: Deed | None, people: Mapping[int, str]) -> str:
    """Who did last what with an addon, and when."""
    if deed is None:
        return ""
    who = people.get(deed.actor_id, _("a former user")) if deed.actor_id else _("the operator")
    at = display().instant(deed.at)
    if deed.deed == "on":
        return _("Switched on by %(who)s, %(at)s", who=who, at=at)
    if deed.deed == "off":
        return _("Switched off by %(who)s, %(at)s", who=who, at=at)
    if deed.deed == "purged":
        return _("Data removed by %(who)s, %(at)s", who=who, at=at)
    return _("Data put back by %(who)s, %(at)s", who=who, at=at)


def _told_rows(rows: int) -> str:
    if not rows:
        return _("Its tables are kept; they are empty.")
    number = display().number(rows)
    return ngettext("Its data is kept: %(rows)s row.", "Its data is kept: %(rows)s rows.", rows, rows=number)


def _archive(deed: Deed, *, can_be: bool) -> ArchiveLine:
    """Removed data that can be put back, where nothing stands in its place."""
    assert deed.kept_until is not None
    until = deed.kept_until.astimezone(ZoneInfo(g.tenant.timezone)).date()
    text = _(
        "Its data of %(at)s (%(size)s) is kept in an archive until %(until)s.",
        at=display().instant(deed.at),
        size=display().size(deed.size or 0),
        until=display().day(until),
    )
    return ArchiveLine(text, f"{PAGE}/{deed.addon}/restore?archive={deed.archive}" if can_be else "")


def _form(change: Change) -> SwitchForm:
    manifest = kernel().catalogue.manifests.get(change.addon)
    is_loaded = change.addon in kernel().catalogue.addons
    number, waiting = len(change.revisions), change.preview.waiting_jobs
    revisions = ngettext(
        "%(n)s revision of its tables will run. This takes some seconds, and can be left alone.",
        "%(n)s revisions of its tables will run. This takes some seconds, and can be left alone.",
        number,
    )
    waits = ngettext(
        "%(n)s background job of it waits. It is kept, and done once the addon is on again.",
        "%(n)s background jobs of it wait. They are kept, and done once the addon is on again.",
        waiting,
    )
    return SwitchForm(
        title=title_of(change.addon),
        summary=str(manifest.summary) if manifest else "",
        is_on=change.is_on,
        action=f"{PAGE}/{change.addon}/{'off' if change.is_on else 'on'}",
        needs=[(each, title_of(each)) for each in change.needs],
        needed_by=_titles(change.needing),
        revisions=revisions if number else "",
        waiting=waits if waiting else "",
        parts=change.preview.parts,
        trouble="" if is_loaded else str(_BROKEN),
        command=""
        if change.is_on or has_worker()
        else command_for(g.tenant.slug, change.addon, change.needs),
    )


def has_worker() -> bool:
    """Whether somebody takes short jobs now."""
    with kernel().database.session(Platform()) as session:
        return any(each.alive and each.lane == "default" for each in overview.workers(session.connection()))


def _state(name: str) -> Option:
    title, tone = _STATES[name]
    return Option(name, str(title), tone)


def title_of(name: str) -> str:
    """What people call an addon; its name where nothing is known of it."""
    manifest = kernel().catalogue.manifests.get(name)
    return str(manifest.title) if manifest else name


def _titles(names: Iterable[str]) -> Sequence[str]:
    return [title_of(name) for name in names]
