"""``guanxi addon enable``, ``disable`` and ``preview``: addons for one tenant."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import click

from core.addons.switching import AddonBroken, AddonNeeds, switch_off, switch_on
from core.cli.group import as_json, for_tenant, kernel, show, work
from core.cli.tenants import addon
from core.i18n import _, ngettext
from core.settings.preview import Change, Part, change_of
from core.settings.switching import follow_off, follow_up

#: So many entries of a part are named in a short form.
_NAMED: Final = 6

_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@addon.command()
@click.argument("name")
@for_tenant
@click.option("--with-needs", is_flag=True, help="Also switch on what it needs.")
@_yes
def enable(name: str, slug: str, with_needs: bool, yes: bool) -> None:
    """Switch an addon on for a tenant: make its tables, then show it to everybody.

    What it needs must be on, or is named and agreed to. Tells what appears; on a terminal it asks first.

    Example: guanxi addon enable customer --tenant demo
    """
    change = _change(name, slug)
    asks = sys.stdin.isatty() and not yes
    if change.needs and not (with_needs or asks):
        raise AddonNeeds(change.needs)
    if asks and not change.is_on:
        _tell(change, _("Appears:"))
        click.confirm(_("Switch it on?"), abort=True)
    with work().owner() as connection:
        tenant = switch_on(kernel(), connection, slug, name, agreed=change.needs)
    follow_up(kernel(), tenant, {name, *change.needs})
    if not (asks or change.is_on):
        _tell(change, _("Appears:"))
    click.echo(_("%(names)s: on for %(tenant)s.", names=_named([name, *change.needs]), tenant=slug))


@addon.command()
@click.argument("name")
@for_tenant
@_yes
def disable(name: str, slug: str, yes: bool) -> None:
    """Switch an addon off for a tenant, at once and everywhere; its data stays.

    It works for one whose package is gone, too. Tells what vanishes; on a terminal it asks first.

    Example: guanxi addon disable customer --tenant demo
    """
    tenant = work().tenant(slug)
    asks = sys.stdin.isatty() and not yes
    change = _change(name, slug) if name in tenant.addons else None
    if change is not None and asks and not change.needing:
        _tell(change, _("Vanishes; the data stays:"))
        click.confirm(_("Switch it off?"), abort=True)
    with work().owner() as connection:
        switch_off(kernel().catalogue, connection, tenant, name)
    follow_off(kernel(), tenant, name)
    if change is not None and not asks:
        _tell(change, _("Vanishes; the data stays:"))
    click.echo(_("%(names)s: off for %(tenant)s.", names=_named([name]), tenant=slug))


@addon.command()
@click.argument("name")
@for_tenant
@as_json
def preview(name: str, slug: str, as_json: bool) -> None:
    """Show what appears when an addon comes on for a tenant, or vanishes when it goes off.

    Example: guanxi addon preview customer --tenant demo
    """
    change = _change(name, slug)
    if as_json:
        show(change.as_data())
        return
    _tell(change, _("Vanishes; the data stays:") if change.is_on else _("Appears:"), whole=True)


def _change(name: str, slug: str) -> Change:
    tenant = work().tenant(slug)
    with kernel().database.session(tenant) as session:
        try:
            return change_of(kernel(), session, name)
        except AddonBroken as error:
            raise click.ClickException(kernel().catalogue.quarantined[name]) from error


def _named(names: Sequence[str]) -> str:
    """Addons as people call them, with the name they are typed by."""
    known = kernel().catalogue.addons
    return ", ".join(f"{known[each].title} ({each})" if each in known else each for each in names)


def _tell(change: Change, title: str, *, whole: bool = False) -> None:
    """Print what a change does; a short form names some of each part, the whole one everything."""
    click.echo(_named([change.addon]))
    if change.addon not in kernel().catalogue.addons:
        reason = kernel().catalogue.quarantined.get(change.addon, _("Its package is not there."))
        click.echo(_("It cannot be loaded: %(reason)s", reason=reason))
    if change.needs:
        click.echo(_("With it comes what it needs: %(names)s", names=_named(change.needs)))
    if change.needing:
        click.echo(_("It cannot go while these need it: %(names)s", names=_named(change.needing)))
    if change.revisions:
        number = len(change.revisions)
        click.echo(ngettext("%(n)s revision of tables runs.", "%(n)s revisions of tables run.", number))
    if change.preview.waiting_jobs:
        number = change.preview.waiting_jobs
        click.echo(ngettext("%(n)s background job waits.", "%(n)s background jobs wait.", number))
    if change.preview.parts:
        click.echo(title)
    for part in change.preview.parts:
        for line in _whole(part) if whole else [_short(part)]:
            click.echo(f"  {line}")


def _short(part: Part) -> str:
    titles = list(dict.fromkeys(entry.title for entry in part.entries))
    named = f": {', '.join(titles[:_NAMED])}" if len(titles) <= _NAMED or part.name == "menu" else ""
    more = "…" if named and len(titles) > _NAMED else ""
    return f"{part.title} ({len(part.entries)}){named}{more}"


def _whole(part: Part) -> list[str]:
    lines = [f"{part.title} ({len(part.entries)})"]
    for entry in part.entries:
        shown = entry.title if entry.title == entry.name else f"{entry.name}  {entry.title}"
        lines.append(f"  {shown}" + (f"  [{entry.more}]" if entry.more else ""))
    return lines
