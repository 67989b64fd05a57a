"""``guanxi addon hooks``: who implements what, in which order, and how it fares."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from core.addons.hooks import HookView
from core.addons.implementations import Implementation
from core.addons.ledger import Tally, tallies
from core.cli.group import as_json, show, work
from core.cli.tenants import addon
from core.db.tenancy import Platform
from core.i18n import _, _p, ngettext
from core.web.hook_models import length, with_code


@addon.command("hooks")
@click.argument("name", required=False)
@as_json
def hooks(name: str | None, as_json: bool) -> None:
    """Say which addons join in at which hooks, in the order of the calls, and how they fare.

    Counted over all processes since the first call. NAME shows one hook alone.

    Example: guanxi addon hooks home_cards
    """
    kernel = work().kernel
    found = [each for each in kernel.hooks.views() if name in (None, each.name)]
    if not found:
        raise click.ClickException(_("There is no hook “%(name)s”.", name=name))
    with kernel.database.session(Platform()) as session:
        counted = tallies(session)
    if as_json:
        show([_as_json(each, counted) for each in found])
        return
    for each in found:
        kind = _p("hook", "decides") if each.decides else _p("hook", "isolated")
        click.secho(f"{each.name}({', '.join(each.arguments)})  [{kind}]", bold=True)
        click.echo(f"  {with_code(_(each.documentation)).striptags()}")
        for one in each.implementations:
            click.echo(f"  - {_line(one, counted.get(one.key, Tally()))}")


def _as_json(hook: HookView, counted: dict[tuple[str, str], Tally]) -> dict[str, Any]:
    return {
        "hook": hook.name,
        "documentation": hook.documentation,
        "module": hook.module,
        "arguments": list(hook.arguments),
        "decides": hook.decides,
        "implementations": [
            {"addon": one.addon, "id": one.id, **asdict(counted.get(one.key, Tally()))}
            for one in hook.implementations
        ],
    }


def _line(one: Implementation, tally: Tally) -> str:
    """How one addon fares, as far as it was ever called."""
    told = [ngettext("%(n)s call", "%(n)s calls", tally.calls)]
    if tally.calls:
        told += [
            _("%(time)s at the mean", time=length(tally.seconds / tally.calls)),
            _("%(time)s at most", time=length(tally.longest_seconds)),
        ]
    if tally.slow_calls:
        told.append(_("%(n)s slow", n=tally.slow_calls))
    if tally.failures:
        last = _(": ").join(each for each in (tally.error, tally.sentence) if each)
        told.append(_("%(n)s failed, the last time with %(error)s", n=tally.failures, error=last))
    if tally.muted_at is not None:
        told.append(_("muted since %(when)s", when=f"{tally.muted_at:%Y-%m-%d %H:%M} UTC"))
    return f"{one.id if one.name else one.addon:24} {', '.join(told)}"
