"""``guanxi reindex``."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager

import click
from sqlalchemy.orm import Session

from core.cli.group import cli, for_tenant, work
from core.i18n import _, ngettext
from core.resources.reindexing import rebuild


@cli.command()
@click.argument("resource", metavar="[RESOURCE]", required=False)
@for_tenant
def reindex(resource: str | None, slug: str) -> None:
    """Make what the quick search looks through anew, while everybody goes on working.

    Of one resource, or of all. It is never needed in ordinary times: every write keeps it, and an
    upgrade that needs it does it by itself.

    Example: guanxi reindex customer.customer --tenant demo
    """
    tenant = work().tenant(slug)
    database, resources = work().kernel.database, work().kernel.resources
    chosen = resources.visible(tenant) if resource is None else [resources.named(tenant, resource)]
    searched = [each for each in chosen if each.is_searched]
    if not searched:
        raise click.ClickException(_("The quick search does not look at %(name)s.", name=resource))
    started, records = time.perf_counter(), 0

    def unit() -> AbstractContextManager[Session]:
        return database.unit_of_work(tenant)

    for each in searched:
        done = 0
        label, terminal = each.name.ljust(24), sys.stderr
        with click.progressbar(length=1, label=label, file=terminal, show_pos=True) as bar:
            for done, total in rebuild(unit, each):
                bar.length = total
                bar.update(done - bar.pos)
        records += done
    seconds = time.perf_counter() - started
    sentence = ngettext("%(n)s record in %(s).1f s.", "%(n)s records in %(s).1f s.", records, s=seconds)
    click.echo(sentence)
