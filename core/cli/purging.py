"""``guanxi addon purge`` and ``restore``: what an addon holds in a tenant goes, and comes back."""

from __future__ import annotations

import sys

import click

from core.cli.group import as_json, for_tenant, kernel, show, work
from core.cli.tenants import addon
from core.db.provision import find_tenant
from core.i18n import _, ngettext
from core.settings.holdings import PurgePlan, plan_purge
from core.settings.purge_jobs import title_of
from core.settings.purging import KEPT, purge, restore


@addon.command("purge")
@click.argument("name")
@for_tenant
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
@click.option("--yes-i-mean", "meant", metavar="NAME", help="The addon's name once more; do not ask for it.")
@as_json
def purge_(name: str, slug: str, dry_run: bool, meant: str | None, as_json: bool) -> None:
    """Remove what an addon that is off holds: tables, rows of the core that belong to it, files.

    An archive is written first and kept for 30 days; `guanxi addon restore` puts everything back. It works
    for one whose package is gone, too.

    Example: guanxi addon purge customer --tenant demo --dry-run
    """
    with work().owner() as connection:
        plan = plan_purge(kernel(), connection, find_tenant(connection, slug), name)
    if as_json and dry_run:
        show(plan.as_data())
        return
    if not as_json:
        _tell(plan)
    if dry_run:
        return
    plan.require()
    if meant is None and sys.stdin.isatty() and not as_json:
        meant = click.prompt(_("Type the addon's name to remove all of this"))
    if meant != name:
        raise click.ClickException(_("Nothing was removed. Say it with: --yes-i-mean %(name)s", name=name))
    with work().owner() as connection:
        purged = purge(kernel(), connection, slug, name)
    purged.forget_files()
    if as_json:
        archive = {"archive": str(purged.archive), "kept_until": purged.kept_until}
        show({**plan.as_data(), **archive})
        return
    click.echo(_("The data of %(name)s is gone from %(tenant)s.", name=name, tenant=slug))
    click.echo(_("Its archive is kept for %(n)s days: %(path)s", n=KEPT.days, path=purged.archive))


@addon.command("restore")
@click.argument("name")
@for_tenant
@click.option("--archive", metavar="FILE", help="One of its archives; default: the newest.")
@as_json
def restore_(name: str, slug: str, archive: str | None, as_json: bool) -> None:
    """Put the data of an addon back that `guanxi addon purge` has removed; the addon stays off.

    Example: guanxi addon restore customer --tenant demo
    """
    with work().owner() as connection:
        manifest = restore(kernel(), connection, slug, name, archive=archive)
    if as_json:
        show({"addon": name, "rows": manifest.rows, "tables": [each.name for each in manifest.tables]})
        return
    click.echo(
        ngettext(
            "%(n)s row of %(name)s is back. It is off; switch it on with: %(command)s",
            "%(n)s rows of %(name)s are back. It is off; switch it on with: %(command)s",
            manifest.rows,
            name=name,
            command=f"guanxi addon enable {name} --tenant {slug}",
        )
    )


def _tell(plan: PurgePlan) -> None:
    """Print what would go, and what stands against it."""
    click.echo(f"{title_of(kernel(), plan.addon)} ({plan.addon})")
    if plan.is_on:
        click.echo(_("It is on; switch it off first."))
    if plan.dependents:
        names = ", ".join(plan.dependents)
        click.echo(_("These need it and are on or have data: %(names)s", names=names))
    for each in plan.tables:
        size = f"{each.size / 1e6:.1f} MB"
        click.echo(f"  {each.table:40} {_rows(each.rows):>16} {size:>12}")
    for title, rows in plan.titled_rows().items():
        click.echo(f"  {title:40} {_rows(rows):>16}")
    for name in plan.objects:
        click.echo(f"  {name}")
    if plan.files:
        files = ngettext("%(n)s attached file", "%(n)s attached files", plan.files)
        click.echo(f"  {files}, {plan.files_size / 1e6:.1f} MB")


def _rows(number: int) -> str:
    return ngettext("%(n)s row", "%(n)s rows", number)
