"""What addons supply to the tenant: records as they stand, taking what is supplied, bringing it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from core.db.fields import Kind
from core.i18n import _, _l, _lp, ngettext
from core.resources.declaration import Field, LinesField, Resource
from core.seeds import samples
from core.seeds.standing import Difference, Standing, State, bring_back, standings, take_shipped
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.addons import require_switching
from core.web.pages.request import display, gone_to, told
from core.web.shell import shell
from core.web.supplied_models import DifferenceView, SuppliedCard, SuppliedView
from core.web.view_models import Option

_PAGE: Final = "/settings/supplied"
#: What each state is called, the tint of its tag, and what it means.
_STATES: Final = {
    State.SAME: (_lp("supplied", "As supplied"), "ok", ""),
    State.OWN: (_lp("supplied", "Yours"), "mute", ""),
    State.KEPT: (_lp("supplied", "Edited by you"), "warn", ""),
    State.WAITING: (
        _lp("supplied", "Waiting"),
        "info",
        _l("It comes with the next upgrade (guanxi upgrade)."),
    ),
    State.DELETED: (
        _lp("supplied", "Deleted by you"),
        "mute",
        _l("It does not come back by itself."),
    ),
    State.ARCHIVED: (_lp("supplied", "Archived by you"), "mute", _l("Updates leave it alone.")),
    State.REFUSED: (_lp("supplied", "Not possible"), "bad", ""),
    State.DROPPED: (
        _lp("supplied", "No longer supplied"),
        "mute",
        _l("The addon has stopped supplying it; the record stays with you."),
    ),
}
_MODES: Final = {
    "once": (_lp("supplied", "once"), _l("Written once, then yours.")),
    "managed": (
        _lp("supplied", "kept up to date"),
        _l("Follows the addon's updates where you have not edited it."),
    ),
}
_QUIET: Final = (State.SAME, State.OWN, State.DROPPED)


@bp.get(_PAGE)
def supplied_data() -> str:
    """Show the records of each addon, those first that differ from what is supplied."""
    require_switching()
    found = standings(g.session, kernel().seeds, g.tenant.addons, g.actor)
    by_addon: dict[str, list[Standing]] = {}
    for each in found:
        by_addon.setdefault(each.addon, []).append(each)
    cards = [_card(addon, those) for addon, those in by_addon.items()]
    has_samples = "made" in samples.states(g.session)
    return render_template(
        "addons/supplied.html",
        shell=shell(),
        toasts=told(),
        cards=cards,
        command=f"guanxi demo unload --tenant {g.tenant.slug}" if has_samples else "",
    )


@bp.post(f"{_PAGE}/take")
def take_supplied() -> ResponseReturnValue:
    """Give a field the value that is supplied."""
    require_switching()
    key, name = request.args.get("key", ""), request.args.get("field", "")
    take_shipped(g.session, kernel().seeds, key, [name], actor=g.actor)
    return gone_to(_PAGE, _("The supplied value is taken."))


@bp.post(f"{_PAGE}/bring-back")
def bring_supplied_back() -> ResponseReturnValue:
    """Write a record again, or restore it."""
    require_switching()
    bring_back(g.session, kernel().seeds, request.args.get("key", ""), actor=g.actor)
    return gone_to(_PAGE, _("The record is back."))


def _card(addon: str, those: Sequence[Standing]) -> SuppliedCard:
    manifest = kernel().catalogue.addons[addon]
    names = _labels(those)
    views = [(each.state in _QUIET, _view(each, names)) for each in those]
    open_ = [view for is_quiet, view in views if not is_quiet]
    summary = ngettext("%(n)s record supplied", "%(n)s records supplied", len(those))
    if open_:
        summary += " · " + ngettext("%(n)s to look at", "%(n)s to look at", len(open_))
    return SuppliedCard(
        addon,
        str(manifest.title),
        manifest.icon,
        summary,
        open_,
        [view for is_quiet, view in views if is_quiet],
    )


def _view(standing: Standing, names: dict[tuple[str, int], str]) -> SuppliedView:
    title, tone, meaning = _STATES[standing.state]
    mode, mode_help = _MODES[standing.mode.value]
    more = standing.reason or str(meaning)
    if standing.state is State.SAME and standing.updated_at is not None:
        more = _("Updated %(when)s", when=display().ago(standing.updated_at))
    may = g.actor.may(standing.resource.name, "update")
    restores = standing.state in (State.DELETED, State.ARCHIVED) or (
        standing.state is State.REFUSED and standing.record_id is None
    )
    back = _("Try again") if standing.state is State.REFUSED else _("Bring back")
    resource, number = standing.resource, standing.record_id
    return SuppliedView(
        key=standing.key,
        label=standing.label,
        url=f"{resource.url}/{number}" if number is not None else "",
        resource=str(resource.title),
        mode=str(mode),
        mode_help=str(mode_help),
        state=Option(standing.state.value, str(title), tone),
        more=more,
        differences=[_difference(standing, each, names, may=may) for each in standing.differences],
        back_url=f"{_PAGE}/bring-back?{urlencode({'key': standing.key})}" if restores and may else "",
        back_label=back,
    )


def _difference(
    standing: Standing, each: Difference, names: dict[tuple[str, int], str], *, may: bool
) -> DifferenceView:
    resource = standing.resource
    lines = resource.lines_fields.get(each.name)
    field = resource.fields.get(each.name)
    label = str(lines.lines.title) if lines is not None else field.label if field is not None else each.name
    theirs, shipped = (_shown(lines or field, value, names) for value in (each.theirs, each.shipped))
    url = f"{_PAGE}/take?{urlencode({'key': standing.key, 'field': each.name})}"
    return DifferenceView(label, theirs, shipped, url if may else "")


def _shown(of: Field | LinesField | None, value: Any, names: dict[tuple[str, int], str]) -> Markup:
    """A value in the stored form, as people read it; lines each by what names them."""
    if isinstance(of, LinesField):
        return Markup("<br>").join(_line(of.target, line, names) for line in value)
    if of is None:
        return escape(value)
    if of.target is not None and value is not None:
        return escape(names.get((of.target.name, value), value))
    if isinstance(value, str) and of.word.kind is Kind.DAY:
        value = date.fromisoformat(value)
    elif isinstance(value, str) and of.word.kind is Kind.INSTANT:
        value = datetime.fromisoformat(value)
    return display().value(of, value)


def _line(target: Resource, line: dict[str, Any], names: dict[tuple[str, int], str]) -> Markup:
    parts = [
        _shown(target.fields[name], value, names)
        for name, value in line.items()
        if value not in (None, False, "", []) and name in target.fields
    ]
    return Markup(" · ").join(parts)


def _labels(those: Sequence[Standing]) -> dict[tuple[str, int], str]:
    """The names of linked records, as far as the reader may see them: ``{(resource, number): name}``."""
    wanted: dict[str, set[int]] = {}
    for standing in those:
        for each in standing.differences:
            field = standing.resource.fields.get(each.name)
            if field is not None and field.target is not None:
                wanted.setdefault(field.target.name, set()).update(filter(None, (each.theirs, each.shipped)))
    return {
        (name, number): label
        for name, numbers in wanted.items()
        for number, label in gateway().labels(kernel().resources[name], numbers).items()
    }
