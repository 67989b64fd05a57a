"""``guanxi customisation``: what the administrators of a tenant have added, as an addon."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from core.access.actor import OPERATOR
from core.addons.discovery import discover
from core.addons.manifest import CORE
from core.cli.group import as_json, cli, for_tenant, show, work
from core.customising.adopting import adopt
from core.i18n import _, add_catalogue, ngettext
from core.kernel import OWN_ADDONS
from core.kit.customised import MAP, planned, write_customisation
from core.kit.scaffold import Wish, check_name, title_of


@cli.group()
def customisation() -> None:
    """Fields and kinds of records that administrators have added."""


@customisation.command("export")
@for_tenant
@click.option("--name", required=True, help="What the addon is called, such as equipment.")
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of addons it is written into.",
)
@click.option("--title", help="What people read, in English.")
@click.option("--title-zh", help="The same in Chinese.")
@click.option("--author", help="Whose it is.  [default: the name of the tenant]")
@click.option(
    "--licence",
    "--license",
    "licence",
    default="LicenseRef-Proprietary",
    show_default=True,
    help="As SPDX calls it.",
)
@as_json
def export_customisation(
    slug: str,
    name: str,
    folder: Path,
    title: str | None,
    title_zh: str | None,
    author: str | None,
    licence: str,
    as_json: bool,
) -> None:
    """Write all that the administrators of a tenant have added as an addon, ready to be changed.

    Further fields of records become tables beside theirs, made-up records tables of their own, with forms,
    lists, rights, menu, both languages, a first migration and tests. Values are not written, and the tenant
    is not changed.

    Example: guanxi customisation export --tenant demo --name equipment --to my-addons
    """
    add_catalogue(CORE.folder / "translations")
    found = discover([OWN_ADDONS, *work().config.addons_path])
    check_name(name, {each.name for each in found.manifests} | set(found.broken))
    with work().tenant_session(slug) as session:
        plan = planned(session, work().kernel.resources, name, work().kernel.catalogue.addons)
    title = title or title_of(name)
    wish = Wish(name, title, title_zh or title, author or work().tenant(slug).name, licence)
    place = write_customisation(folder, wish, plan, found.manifests)
    if as_json:
        show({"folder": str(place), "left": dict(plan.left), **plan.as_data()})
        return
    fields = sum(len(each.columns) for each in plan.tables)
    click.echo(
        _(
            "%(place)s: %(fields)s, %(kinds)s.",
            place=place,
            fields=ngettext("%(n)s field", "%(n)s fields", fields),
            kinds=ngettext("%(n)s kind of record", "%(n)s kinds of record", len(plan.own)),
        )
    )
    for each, missing in plan.left.items():
        click.echo(
            _("%(field)s stays behind: there is no %(missing)s here.", field=each, missing=missing), err=True
        )
    click.echo(_("What comes next:"))
    click.echo(f"  export GUANXI_ADDONS_PATH={place.parent}")
    click.echo(f"  guanxi addon check {name}")
    click.echo(f"  pytest {place / 'tests'}")
    click.echo(f"  guanxi addon enable {name} --tenant {slug}")
    click.echo(f"  guanxi customisation adopt {name} --tenant {slug} --dry-run")


@customisation.command("adopt")
@click.argument("name")
@for_tenant
@click.option("--dry-run", is_flag=True, help="Count, and change nothing.")
@as_json
def adopt_customisation(name: str, slug: str, dry_run: bool, as_json: bool) -> None:
    """Let an addon that was written from a tenant's customisation take over the values.

    The addon is on. The fields and records of the administrators are archived afterwards; what they hold
    stays until they are deleted. All of it is one transaction.

    Example: guanxi customisation adopt equipment --tenant demo --dry-run
    """
    addon = work().kernel.catalogue.addons.get(name)
    if addon is None or not (addon.folder / MAP).is_file():
        raise click.ClickException(
            _("There is no addon “%(name)s” that was written from a customisation.", name=name)
        )
    names = json.loads((addon.folder / MAP).read_text(encoding="utf-8"))
    with work().tenant_session(slug) as session:
        found = adopt(session, work().kernel.resources, names, actor=OPERATOR, dry_run=dry_run)
    if as_json:
        show([asdict(each) for each in found])
        return
    for each in found:
        taken = ngettext("%(n)s record taken over", "%(n)s records taken over", each.taken)
        click.echo(
            _(
                "%(resource)s: %(taken)s, %(left)s left out.",
                resource=each.resource,
                taken=taken,
                left=each.left,
            )
        )
    if dry_run:
        click.echo(_("Nothing was changed."))
