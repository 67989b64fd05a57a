"""``guanxi init`` and ``guanxi upgrade``."""

from __future__ import annotations

import time

import click
from sqlalchemy.exc import DBAPIError

from core.cli.group import as_json, cli, show, work
from core.cli.supplied import as_data, tell_supplied
from core.db.provision import all_tenants, prepare
from core.i18n import _, ngettext
from core.seeds.supplying import plan as plan_supply
from core.upgrade import Outcome, complete, pending, upgrade_all


@cli.command()
def init() -> None:
    """Prepare the database: control tables and the rights of the application's login. Repeatable.

    Example: guanxi init
    """
    with work().owner() as connection:
        prepare(connection, work().urls.app_login)


@cli.command()
@click.option("--plan", is_flag=True, help="Only say what would be done.")
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
@as_json
def upgrade(plan: bool, processes: int, as_json: bool) -> None:
    """Bring every tenant to the newest revisions and supplied data; one that fails stops nobody else.

    Example: guanxi upgrade --plan
    """
    started = time.perf_counter()
    with work().owner() as connection:
        prepare(connection, work().urls.app_login)
    with work().owner() as connection:
        tenants = all_tenants(connection)
        waiting = {tenant.slug: pending(connection, work().kernel, tenant) for tenant in tenants}
    if plan:
        supplied = {
            tenant.slug: plan_supply(work().kernel.database, work().kernel.seeds, tenant)
            for tenant in tenants
            if not waiting[tenant.slug] and tenant.state != "failed"
        }
        if as_json:
            show(waiting)
        for slug, names in waiting.items() if not as_json else ():
            if names or not supplied.get(slug):
                click.echo(f"{slug}: {', '.join(names) or _('up to date')}")
            tell_supplied(slug, supplied.get(slug, ()))
        return
    outcomes: list[Outcome] = []
    todo = [tenant for tenant in tenants if waiting[tenant.slug] or tenant.state == "failed"]
    for outcome in upgrade_all(todo, owner_url=work().urls.require_owner(), processes=processes):
        outcomes.append(outcome)
        if not as_json:
            click.echo(f"{outcome.slug}: {outcome.failure or _('upgraded in %(s).1f s', s=outcome.seconds)}")
    closed = {each.slug for each in outcomes if each.failure}
    supplied, unsupplied = {}, 0
    for slug in (tenant.slug for tenant in tenants if tenant.slug not in closed):
        try:
            told = complete(work().kernel, work().tenant(slug))
        except DBAPIError as error:  # whatever is wrong with this tenant, the others are not
            unsupplied += 1
            click.echo(
                _("%(tenant)s: no data was supplied: %(reason)s", tenant=slug, reason=str(error.orig)),
                err=True,
            )
            continue
        if told:
            supplied[slug] = told
        if not as_json:
            tell_supplied(slug, told)
    if as_json:
        show(
            [
                {
                    "tenant": each.slug,
                    "seconds": each.seconds,
                    "failure": each.failure,
                    "supplied": as_data(supplied.get(each.slug, ())),
                }
                for each in outcomes
            ]
        )
    elif not todo and not supplied:
        click.echo(_("Everything is up to date (%(s).1f s).", s=time.perf_counter() - started))
    failed = sum(1 for each in outcomes if each.failure)
    if failed:
        sentence = ngettext(
            "%(n)s tenant failed and stays closed.", "%(n)s tenants failed and stay closed.", failed
        )
        raise click.ClickException(sentence)
    if unsupplied:
        raise click.exceptions.Exit(1)
