"""``guanxi addon new``, ``check`` and ``makemigration``: what the author of an addon needs."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from core.addons.discovery import discover
from core.addons.manifest import CORE
from core.cli.group import as_json, show, work
from core.cli.tenants import addon
from core.db.migrate import PLATFORM
from core.errors import GuanxiError
from core.i18n import _, add_catalogue, ngettext
from core.kernel import OWN_ADDONS
from core.kit import checks
from core.kit.revisions import write_next
from core.kit.scaffold import Wish, check_name, known_chinese, title_of, write_addon


@addon.command()
@click.argument("name")
@click.option(
    "--folder",
    "--into",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where addons lie; default: the first of GUANXI_ADDONS_PATH, or the addons that come with Guanxi.",
)
@click.option("--title", help="What people read, in English; several of what it keeps: “Sample loans”.")
@click.option("--title-zh", help="The same in Chinese.")
@click.option("--author", help="Who writes it.")
@click.option("--licence", "--license", "licence", help="As SPDX calls it.  [default: Apache-2.0]")
def new(
    name: str,
    folder: Path | None,
    title: str | None,
    title_zh: str | None,
    author: str | None,
    licence: str | None,
) -> None:
    """Write a complete small addon: table, list, form, rule, rights, menu, job, both languages, tests.

    At a terminal it asks for what is not given. It is written aside and put in its place when it runs.

    Example: guanxi addon new sample_loans --folder my-addons --title "Sample loans" --title-zh 样品借用
    """
    add_catalogue(CORE.folder / "translations")
    paths = work().config.addons_path
    found = discover([OWN_ADDONS, *paths])
    check_name(name, {each.name for each in found.manifests} | set(found.broken))
    title = title or _asked(_("Title in English"), title_of(name))
    title_zh = title_zh or _asked(_("Title in Chinese"), known_chinese(title, found.manifests) or title)
    author = author or _asked(_("Author"), _user())
    licence = licence or _asked(_("Licence"), "Apache-2.0")
    folder = folder or (paths[0] if paths else OWN_ADDONS)
    place = write_addon(folder, Wish(name, title, title_zh, author, licence), found.manifests)
    written = sum(1 for path in place.rglob("*") if path.is_file())
    click.echo(
        ngettext("%(place)s: %(n)s file written.", "%(place)s: %(n)s files written.", written, place=place)
    )
    known = known_chinese(title, found.manifests)
    if known and known != title_zh:
        click.echo(
            _("“%(title)s” is “%(known)s” in Chinese already; that was taken.", title=title, known=known)
        )
    click.echo(_("What comes next:"))
    if place.parent not in (OWN_ADDONS.resolve(), *(each.resolve() for each in paths)):
        joined = os.pathsep.join([*map(str, paths), str(place.parent)])
        click.echo(f"  export GUANXI_ADDONS_PATH={joined}")
    click.echo(f"  guanxi addon check {name}")
    click.echo(f"  pytest {place / 'tests'}")
    click.echo(f"  guanxi addon enable {name} --tenant demo")


def _asked(question: str, default: str) -> str:
    """The answer of whoever sits at a terminal; the default where nobody does."""
    if not sys.stdin.isatty():
        return default
    return str(click.prompt(question, default=default)).strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        return "Unknown"


@addon.command()
@click.argument("name")
@click.option(
    "--add-texts", is_flag=True, help="First put what has no entry into its catalogue, to be filled."
)
@as_json
def check(name: str, add_texts: bool, as_json: bool) -> None:
    """Check an addon: manifest, imports, tables, migrations, both languages, rights.

    Migrations run up, down and up again in a schema of their own that is gone afterwards.

    Example: guanxi addon check customer --json
    """
    if add_texts and name in work().kernel.catalogue.addons:
        checks.add_texts(work().kernel, name)
    found = checks.check_addon(work().kernel, name, lambda: work().owner_engine)
    if found is None:
        raise click.ClickException(_no_addon(name))
    if as_json:
        show({"addon": name, "findings": [each.as_data() for each in found]})
    for each in found if not as_json else ():
        click.echo(f"{_shown(each.path)}:{each.line}: {each.problem}\n    {each.advice}")
    if found:
        click.echo(ngettext("%(n)s finding.", "%(n)s findings.", len(found)), err=True)
        click.get_current_context().exit(1)
    if not as_json:
        click.echo(_("%(name)s: nothing to mend.", name=name))
        if not _tells_how_it_behaves(work().kernel.catalogue.addons[name].folder / "tests"):
            suite = "core.testing.conformance.Conformance"
            click.echo(_("How it behaves, its tests tell: let them inherit %(suite)s.", suite=suite))


def _tells_how_it_behaves(tests: Path) -> bool:
    """Whether the tests of an addon inherit the suite; of one whose tests lie elsewhere nobody knows."""
    sources = list(tests.rglob("*.py"))
    return not sources or any("core.testing.conformance" in path.read_text("utf-8") for path in sources)


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


@addon.command()
@click.argument("name")
@click.option("--message", "-m", required=True, help="What the revision does.")
def makemigration(name: str, message: str) -> None:
    """Write the next revision of an addon from the difference between its models and its migrations.

    Both are compared in a schema of their own that is gone afterwards. Read the file before use.

    Example: guanxi addon makemigration customer -m "add tags"
    """
    catalogue = work().kernel.catalogue
    if name != PLATFORM.name and name not in catalogue.addons:
        raise click.ClickException(_no_addon(name))
    try:
        path, change = write_next(work().owner_engine, catalogue, name, message)
    except (GuanxiError, DBAPIError):
        raise
    except Exception as error:  # whatever a migration raises
        said = " ".join(str(error).split())
        raise click.ClickException(f"{name}: {type(error).__name__}: {said}") from error
    if path is None:
        click.echo(_("Models and migrations of %(name)s agree; there is nothing to write.", name=name))
        return
    click.echo(str(path))
    for each in change.warnings:
        click.echo(_("Look: %(what)s", what=each), err=True)
    click.echo(
        _("New names and changed defaults cannot be seen from here; read the file before it runs."), err=True
    )


def _no_addon(name: str) -> str:
    """Why nothing can be done with an addon of this name."""
    reason = work().kernel.catalogue.quarantined.get(name)
    if reason:
        return reason
    return _(
        "There is no addon “%(name)s”. If it lies in a folder of yours, name that folder in "
        "GUANXI_ADDONS_PATH.",
        name=name,
    )
