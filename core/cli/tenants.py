"""``guanxi tenant``: create, list, suspend, resume, delete."""

from __future__ import annotations

import shutil

import click

from core.cli.group import as_json, cli, show, work
from core.cli.supplied import tell_supplied
from core.db import provision
from core.i18n import _, ngettext
from core.resources.storage import folders_of
from core.seeds.supplying import supply
from core.settings.holdings import rows_kept
from core.settings.purging import archives_folder
from core.upgrade.running import pending


@cli.group()
def tenant() -> None:
    """Tenants of this deployment."""


@tenant.command()
@click.argument("slug")
@click.option("--name", required=True, help="The company's name.")
@click.option("--host", "hosts", multiple=True, help="A further host it is served at; repeatable.")
@click.option("--lang", type=click.Choice(["zh_CN", "zh", "en"]), default="zh_CN", show_default=True)
@click.option("--timezone", default="Asia/Shanghai", show_default=True)
@click.option("--country", default="CN", show_default=True, help="Of telephone numbers without one.")
@click.option(
    "--addon",
    "addons",
    multiple=True,
    help="An addon to switch on; repeatable. Default: all but those of a single industry.",
)
@click.option("--no-addons", is_flag=True, help="Switch no addon on.")
@click.option("--default", "is_default", is_flag=True, help="Answer at hosts that are nobody else's.")
def create(
    slug: str,
    name: str,
    hosts: tuple[str, ...],
    lang: str,
    timezone: str,
    country: str,
    addons: tuple[str, ...],
    no_addons: bool,
    is_default: bool,
) -> None:
    """Create a tenant with its schema, role and tables.

    Example: guanxi tenant create acme --name "Acme" --host crm.acme.example --lang en
    """
    kernel = work().kernel
    installed = [name for name in kernel.catalogue.addons if name != "core"]
    wanted = frozenset(() if no_addons else addons or kernel.catalogue.by_default())
    for each in wanted:
        if each not in installed:
            raise click.ClickException(_("There is no addon “%(name)s”.", name=each))
        missing = set(kernel.catalogue.addons[each].depends) - wanted
        if missing:
            raise click.ClickException(
                _("%(name)s needs %(missing)s.", name=each, missing=", ".join(missing))
            )
    if f"{slug}.{work().config.base_domain}" == work().config.platform_host:
        raise click.ClickException(_("“%(slug)s” is where the platform's own pages are.", slug=slug))
    with work().owner() as connection:
        provision.create_tenant(
            connection,
            work().urls.app_login,
            slug,
            name=name,
            histories=kernel.histories,
            language=lang[:2],
            timezone=timezone,
            country=country,
            hosts=hosts,
            addons=wanted,
            is_default=is_default,
        )
    told = supply(kernel.database, kernel.seeds, work().tenant(slug))
    click.echo(_("Tenant %(slug)s is ready.", slug=slug))
    tell_supplied(slug, [each for each in told if each.refused])


@tenant.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the tenants.

    Example: guanxi tenant list --json
    """
    with work().owner() as connection:
        tenants = provision.all_tenants(connection)
    if as_json:
        show(
            [
                {
                    "slug": each.slug,
                    "name": each.name,
                    "state": each.state,
                    "held": each.held,
                    "addons": sorted(each.addons),
                }
                for each in tenants
            ]
        )
        return
    for each in tenants:
        held = _("  held") if each.held else ""
        click.echo(f"{each.slug:20} {each.state:10} {each.name}  [{', '.join(sorted(each.addons))}]{held}")


@tenant.command()
@click.argument("slug")
def suspend(slug: str) -> None:
    """Close a tenant: every request answers that it is closed; nothing is lost.

    Example: guanxi tenant suspend acme
    """
    with work().owner() as connection:
        provision.set_state(connection, provision.find_tenant(connection, slug, hold=True), "suspended")


@tenant.command()
@click.argument("slug")
def resume(slug: str) -> None:
    """Open a suspended tenant again, once its tables are up to date.

    Example: guanxi tenant resume acme
    """
    with work().owner() as connection:
        found = provision.find_tenant(connection, slug, hold=True)
        if pending(connection, work().kernel, found):
            raise click.ClickException(_("Its tables are of an older version. Run: guanxi upgrade"))
        provision.set_state(connection, found, "active")


@tenant.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(slug: str, yes: bool) -> None:
    """Delete a tenant with everything it holds. There is no way back.

    Example: guanxi tenant delete trial --yes
    """
    if not yes:
        typed = click.prompt(_("Type the slug once more to delete everything of this tenant"))
        if typed != slug:
            raise click.ClickException(_("That was another name; nothing was deleted."))
    with work().owner() as connection:
        found = provision.find_tenant(connection, slug, hold=True)
        provision.delete_tenant(connection, found)
    for folder in (
        *folders_of(work().config.data, found.id).values(),
        archives_folder(work().config.data, found),
    ):
        shutil.rmtree(folder, ignore_errors=True)


@cli.group()
def addon() -> None:
    """Addons, and for whom they are on."""


@addon.command("list")
@click.option("--tenant", "slug", metavar="SLUG", help="Also say what is on for this tenant.")
@as_json
def list_addons(slug: str | None, as_json: bool) -> None:
    """List the installed addons, and those that cannot load.

    Example: guanxi addon list --tenant demo
    """
    catalogue = work().kernel.catalogue
    on, kept = frozenset[str](), dict[str, int]()
    if slug:
        with work().owner() as connection:
            found = provision.find_tenant(connection, slug)
            on, kept = found.addons, rows_kept(connection, found)
    rows = [
        {"name": each.name, "version": each.version, "depends": list(each.depends), "on": each.name in on}
        for each in catalogue.addons.values()
        if each.name != "core"
    ]
    missing = sorted(on - catalogue.addons.keys() - catalogue.quarantined.keys())
    if as_json:
        show({"addons": rows, "quarantined": catalogue.quarantined, "missing": missing, "kept": kept})
        return
    for row in rows:
        click.echo(f"{row['name']:20} {row['version']:10} {_('on') if row['on'] else ''}".rstrip())
    for name, reason in catalogue.quarantined.items():
        click.echo(f"{name:20} {_('cannot load')}: {reason}")
    for name in missing:
        click.echo(f"{name:20} {_('on, but its package is not there')}")
    for name, number in sorted(kept.items()):
        told = ngettext("off, its data is kept: %(n)s row", "off, its data is kept: %(n)s rows", number)
        click.echo(f"{name:20} {told}")
