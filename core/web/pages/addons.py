"""Addons of the tenant: which are on, what a switch would do, and switching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from core.addons.manifest import Manifest
from core.addons.switching import THING, VERB, AddonNeeded, AddonNeeds, switch_off
from core.db.tenancy import Platform
from core.errors import NotFound
from core.i18n import _, _l, _lp, ngettext
from core.jobs import overview
from core.jobs.queries import ACTIVE, jobs_of
from core.settings.preview import Change, change_of
from core.settings.switching import KIND, ask_on, command_for, follow_off
from core.web.addon_models import AddonCard, SwitchForm
from core.web.lifecycle import kernel
from core.web.pages import bp
from core.web.pages.jobs import view_of
from core.web.pages.request import gone_to, told
from core.web.shell import shell
from core.web.view_models import Option

_PAGE: Final = "/settings/addons"
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
#: Jobs looked through for the last one of each addon.
_JOBS: Final = 200


@bp.get(_PAGE)
def addon_list() -> str:
    """Show all addons that are installed, and those that are on without being there."""
    _require()
    cards = _cards()
    groups = [
        (_("Switched on"), [card for card in cards if card.is_on]),
        (_("Available"), [card for card in cards if not card.is_on]),
    ]
    return render_template(
        "addons/list.html", shell=shell(), toasts=told(), groups=[group for group in groups if group[1]]
    )


@bp.get(f"{_PAGE}/<name>")
def addon_switch(name: str) -> str:
    """Show in a dialog what switching an addon would do."""
    _require()
    change = change_of(kernel(), g.session, name)
    return render_template("addons/switch.html", view=_form(change), csrf=shell().csrf)


@bp.post(f"{_PAGE}/<name>/on")
def addon_on(name: str) -> ResponseReturnValue:
    """Let a worker switch an addon on, with what was agreed to."""
    _require()
    if name in g.tenant.addons:
        return gone_to(_PAGE, _("%(title)s is on already.", title=_title(name)))
    try:
        ask_on(g.session, kernel(), g.actor, name, request.form.getlist("with"))
    except AddonNeeds as refusal:
        raise AddonNeeds(_titles(refusal.names)) from refusal
    return gone_to(_PAGE, _("%(title)s is being switched on.", title=_title(name)))


@bp.post(f"{_PAGE}/<name>/off")
def addon_off(name: str) -> ResponseReturnValue:
    """Switch an addon off, for everybody and with the next request of every process."""
    _require()
    try:
        with kernel().database.unit_of_work(Platform()) as session:
            switch_off(kernel().catalogue, session.connection(), g.tenant, name)
    except AddonNeeded as refusal:
        raise AddonNeeded(_titles(refusal.names)) from refusal
    follow_off(kernel(), g.tenant, name)
    return gone_to(_PAGE, _("%(title)s is off; its data stays.", title=_title(name)))


def _require() -> None:
    """Let only those pass who may switch.

    Raises:
        NotFound: for anybody else there is no such page.
    """
    if not g.actor.may(THING, VERB):
        raise NotFound


def _cards() -> list[AddonCard]:
    catalogue, on = kernel().catalogue, g.tenant.addons
    last = _last_jobs()
    cards = [_card(addon, last.get(name)) for name, addon in catalogue.addons.items() if name != "core"]
    return cards + [_broken_card(name) for name in sorted(on - catalogue.addons.keys())]


def _card(addon: Manifest, job: Mapping[Any, Any] | None) -> AddonCard:
    catalogue, on = kernel().catalogue, g.tenant.addons
    is_on = addon.name in on
    is_at_work = job is not None and job["state"] in ACTIVE
    has_failed = job is not None and job["state"] == "parked" and not is_on
    shown = view_of(job) if job is not None and (is_at_work or has_failed) else None
    waits = job is not None and job["state"] == "waiting" and not _has_worker()
    return AddonCard(
        name=addon.name,
        title=str(addon.title),
        summary=str(addon.summary),
        icon=addon.icon,
        version=addon.version,
        state=_state("on" if is_on else "off"),
        is_on=is_on,
        needs=_titles(catalogue.needs(addon.name)),
        needed_by=_titles(each for each in catalogue.dependents(addon.name) if each in on),
        url=f"{_PAGE}/{addon.name}",
        job=shown if is_at_work else None,
        command=command_for(g.tenant.slug, addon.name, job["arguments"]["with"]) if job and waits else "",
        failed=shown.text if has_failed and shown is not None else "",
    )


def _broken_card(name: str) -> AddonCard:
    """One that is on, but cannot be loaded; its manifest may be readable all the same."""
    catalogue, on = kernel().catalogue, g.tenant.addons
    manifest = catalogue.manifests.get(name)
    return AddonCard(
        name=name,
        title=_title(name),
        summary=str(manifest.summary) if manifest else "",
        icon=manifest.icon if manifest else "puzzle",
        version=manifest.version if manifest else "",
        state=_state("broken"),
        is_on=True,
        needs=_titles(manifest.depends) if manifest else (),
        needed_by=_titles(each for each in catalogue.dependents(name) if each in on),
        url=f"{_PAGE}/{name}",
        trouble=str(_BROKEN),
    )


def _last_jobs() -> dict[str, Mapping[Any, Any]]:
    """The last job of each addon that was to switch it on."""
    found: dict[str, Mapping[Any, Any]] = {}
    for row in jobs_of(g.session, g.actor, kinds=(KIND,), limit=_JOBS):
        found.setdefault(row["arguments"]["addon"], row)
    return found


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
        title=_title(change.addon),
        summary=str(manifest.summary) if manifest else "",
        is_on=change.is_on,
        action=f"{_PAGE}/{change.addon}/{'off' if change.is_on else 'on'}",
        needs=[(each, _title(each)) for each in change.needs],
        needed_by=_titles(change.needing),
        revisions=revisions if number else "",
        waiting=waits if waiting else "",
        parts=change.preview.parts,
        trouble="" if is_loaded else str(_BROKEN),
        command=""
        if change.is_on or _has_worker()
        else command_for(g.tenant.slug, change.addon, change.needs),
    )


def _has_worker() -> bool:
    """Whether somebody takes short jobs now."""
    with kernel().database.session(Platform()) as session:
        return any(each.alive and each.lane == "default" for each in overview.workers(session.connection()))


def _state(name: str) -> Option:
    title, tone = _STATES[name]
    return Option(name, str(title), tone)


def _title(name: str) -> str:
    """What people call an addon; its name where nothing is known of it."""
    manifest = kernel().catalogue.manifests.get(name)
    return str(manifest.title) if manifest else name


def _titles(names: Iterable[str]) -> Sequence[str]:
    return [_title(name) for name in names]
