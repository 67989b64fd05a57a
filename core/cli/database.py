"""``guanxi init`` and ``guanxi upgrade``."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from core.cli.group import as_json, cli, show, work
from core.db.migrate import Revision
from core.db.provision import all_tenants, prepare
from core.i18n import _, ngettext
from core.upgrade.plan import Plan, make_plan
from core.upgrade.rehearsal import Rehearsal, rehearse
from core.upgrade.running import Outcome, complete, pending, upgrade_all


@cli.command()
def init() -> None:
    """Prepare the database: control tables and the rights of the application's login. Repeatable.

    Example: guanxi init
    """
    with work().owner() as connection:
        prepare(connection, work().urls.app_login)


@cli.command()
@click.option("--plan", is_flag=True, help="Only say what would be done, and all that stands against it.")
@click.option(
    "--rehearse", "slug", metavar="SLUG", help="Try it on a copy of this tenant, and say what differs then."
)
@click.option("--keep", is_flag=True, help="Leave the copy of a rehearsal there: rehearsal-SLUG.")
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
@as_json
def upgrade(plan: bool, slug: str | None, keep: bool, processes: int, as_json: bool) -> None:
    """Migrate every tenant to the newest revisions, several at a time; one that fails stops nobody else.

    A plan changes nothing, tells every problem at once, and exits with 1 where there is one. A rehearsal
    upgrades a copy and compares the numbers of records, sums and choices before and after.

    Example: guanxi upgrade --plan
    """
    if plan:
        with work().owner() as connection:
            _tell(make_plan(work().kernel, connection), as_json=as_json)
        return
    if slug is not None:
        _tell_rehearsal(rehearse(work().kernel, work().urls, slug, keep=keep), as_json=as_json)
        return
    started = time.perf_counter()
    with work().owner() as connection:
        prepare(connection, work().urls.app_login)
    with work().owner() as connection:
        tenants = all_tenants(connection)
        waiting = {tenant.slug: pending(connection, work().kernel, tenant) for tenant in tenants}
    outcomes: list[Outcome] = []
    todo = [tenant for tenant in tenants if waiting[tenant.slug] or tenant.state == "failed"]
    for outcome in upgrade_all(todo, owner_url=work().urls.require_owner(), processes=processes):
        outcomes.append(outcome)
        if not outcome.failure:
            complete(work().kernel, work().tenant(outcome.slug))
        if not as_json:
            click.echo(f"{outcome.slug}: {outcome.failure or _('upgraded in %(s).1f s', s=outcome.seconds)}")
    if as_json:
        show([{"tenant": each.slug, "seconds": each.seconds, "failure": each.failure} for each in outcomes])
    elif not todo:
        click.echo(_("Everything is up to date (%(s).1f s).", s=time.perf_counter() - started))
    failed = sum(1 for each in outcomes if each.failure)
    if failed:
        sentence = ngettext(
            "%(n)s tenant failed and stays closed.", "%(n)s tenants failed and stay closed.", failed
        )
        raise click.ClickException(sentence)


def _tell(plan: Plan, *, as_json: bool) -> None:
    """Print a plan; ends with 1 where it has problems."""
    if as_json:
        show(plan.as_data())
    else:
        _tell_revisions(_("Control tables"), plan.platform)
        for tenant in plan.tenants:
            state = "" if tenant.state == "active" else f" ({tenant.state})"
            _tell_revisions(tenant.slug + state, tenant.revisions)
        for problem in plan.problems:
            whose = f"{problem.tenant}: " if problem.tenant else ""
            click.echo(f"✗ {whose}{problem.sentence}\n  → {problem.advice}")
    if plan.problems:
        number = len(plan.problems)
        click.echo(ngettext("%(n)s problem.", "%(n)s problems.", number), err=True)
        raise click.exceptions.Exit(1)


def _tell_revisions(name: str, waiting: Sequence[Revision]) -> None:
    click.echo(f"{name}:" if waiting else f"{name}: {_('up to date')}")
    for each in waiting:
        click.echo(f"  {each.history} {each.number}  {each.title}".rstrip())


def _tell_rehearsal(done: Rehearsal, *, as_json: bool) -> None:
    """Print what ran on the copy, and every figure that is another one now."""
    if as_json:
        show(done.as_data())
        return
    _tell_revisions(done.tenant, done.revisions)
    for each in done.differences:
        before, after = ("–" if value is None else value for value in (each.before, each.after))
        click.echo(f"  {each.what:40} {each.measure:32} {before} → {after}")
    click.echo(
        ngettext(
            "Upgraded a copy in %(s).1f s. %(n)s of %(all)s figures differs.",
            "Upgraded a copy in %(s).1f s. %(n)s of %(all)s figures differ.",
            len(done.differences),
            s=done.seconds,
            all=done.compared,
        )
    )
    if done.kept:
        slug = done.kept
        click.echo(
            _("The copy is the tenant %(slug)s. Remove it with: guanxi tenant delete %(slug)s", slug=slug)
        )
