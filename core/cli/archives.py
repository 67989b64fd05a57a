"""``guanxi tenant backup``, ``restore``, ``clone`` and what belongs to them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from core.archive import Manifest, Restored, Tell, read_manifest, tenants, verify
from core.cli.group import as_json, show, work
from core.cli.tenants import tenant
from core.db import provision
from core.db.former import drop_former, former_schemas
from core.errors import GuanxiError
from core.i18n import _, ngettext

_MEGABYTE = 1_000_000
_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_hosts = click.option("--host", "hosts", multiple=True, help="A host the copy is served at; repeatable.")


@tenant.command()
@click.argument("slug", required=False)
@click.option(
    "--to", "to", required=True, type=click.Path(path_type=Path), help="The file; with --all a folder."
)
@click.option("--all", "everybody", is_flag=True, help="Every tenant, each into a dated file of the folder.")
@click.option(
    "--keep", type=click.IntRange(1), metavar="N", help="With --all: keep the last N of each tenant."
)
@as_json
def backup(slug: str | None, to: Path, everybody: bool, keep: int | None, as_json: bool) -> None:
    """Write a tenant with its files into one archive, while it stays in use.

    With --all one that fails stops nobody else, and its older backups stay.

    Example: guanxi tenant backup acme --to acme.zip
    """
    if everybody == (slug is not None) or (keep and not everybody):
        raise click.UsageError(_("Name one tenant, or say --all; --keep goes with --all."))
    if slug is not None:
        _told_backup([_backup(slug, to)], as_json)
        return
    with work().owner() as connection:
        slugs = [each.slug for each in provision.all_tenants(connection)]
    done, failed = [], 0
    with _files():
        to.mkdir(parents=True, exist_ok=True)
    for each in slugs:
        try:
            result = _backup(each, tenants.dated(to, each))
            result["removed"] = [path.name for path in tenants.remove_old(to, each, keep)] if keep else []
        except (GuanxiError, click.ClickException, OSError) as error:
            failed += 1
            reason = error.format_message() if isinstance(error, click.ClickException) else str(error)
            click.echo(f"{each}: {reason}", err=True)
        else:
            done.append(result)
    _told_backup(done, as_json)
    if failed:
        raise click.ClickException(
            ngettext("%(n)s tenant was not backed up.", "%(n)s tenants were not backed up.", failed)
        )


@tenant.command()
@_file
@click.option("--as", "slug", metavar="SLUG", help="Make a new tenant of it.")
@_hosts
@click.option("--without", multiple=True, metavar="ADDON", help="Leave the data of an addon out; repeatable.")
@click.option("--release", is_flag=True, help="In place: let it send and run jobs at once.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def restore(
    file: Path, slug: str | None, hosts: tuple[str, ...], without: tuple[str, ...], release: bool,
    yes: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make a tenant of an archive: a new one with --as, otherwise the one it was made of.

    Where that one is still there, it is put back to what it was, closed meanwhile; what it is now is kept
    (guanxi tenant undo-restore). What comes out sends nothing until: guanxi tenant release.

    Example: guanxi tenant restore acme.zip --as acme-last-week
    """
    with _files():
        archived = read_manifest(file).tenant.slug
    with work().owner() as connection:
        there = any(each.slug == (slug or archived) for each in provision.all_tenants(connection))
    in_place = there and slug is None
    if in_place and hosts:
        raise click.UsageError(_("A tenant that is put back keeps its hosts; --host goes with --as."))
    if release and not in_place:
        raise click.UsageError(_("Look at a copy first; then: guanxi tenant release."))
    if in_place and not yes:
        click.echo(
            _("“%(slug)s” is put back to what it was. What it is now is kept aside.", slug=archived), err=True
        )
        if click.prompt(_("Type the slug once more"), err=True) != archived:
            raise click.ClickException(_("That was another name; nothing was changed."))
    with _files(), _progress(_("Restoring")) as tell:
        kernel, urls = work().kernel, work().urls
        if in_place:
            restored = tenants.put_tenant_back(
                kernel, urls, archived, file, without=without, held=not release, tell=tell
            )
        else:
            restored = tenants.make_tenant(
                kernel, urls, file, slug=slug, hosts=hosts, without=without, tell=tell
            )
    _told_restore(restored, as_json, in_place=in_place)


@tenant.command()
@click.argument("slug")
@click.option("--as", "copy", required=True, metavar="SLUG", help="What the copy is called.")
@_hosts
@as_json
def clone(slug: str, copy: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Make a copy of a tenant, to try something with. It sends nothing until it is released.

    Example: guanxi tenant clone acme --as acme-try
    """
    with _files(), _progress(_("Cloning")) as tell:
        restored = tenants.clone(work().kernel, work().urls, slug, copy, hosts=hosts, tell=tell)
    _told_restore(restored, as_json)


@tenant.command()
@click.argument("slug")
@click.option("--give-up-waiting", is_flag=True, help="Cancel the jobs that waited when it was archived.")
def release(slug: str, give_up_waiting: bool) -> None:
    """Let a tenant that came out of an archive send again and do its background jobs.

    Example: guanxi tenant release acme
    """
    number = tenants.release(work().kernel, work().urls, slug, give_up_waiting=give_up_waiting)
    click.echo(_("%(slug)s is released.", slug=slug))
    if number and give_up_waiting:
        click.echo(ngettext("%(n)s waiting job was cancelled.", "%(n)s waiting jobs were cancelled.", number))
    elif number:
        click.echo(ngettext("%(n)s job waits its turn.", "%(n)s jobs wait their turn.", number))


@tenant.command("undo-restore")
@click.argument("slug")
def undo_restore(slug: str) -> None:
    """Put a tenant back to what it was before it was restored in place; typed twice, to what it is now.

    Example: guanxi tenant undo-restore acme
    """
    tenants.take_restore_back(work().kernel, work().urls, slug)
    click.echo(_("%(slug)s is what it was before it was restored.", slug=slug))


@tenant.command("drop-former")
@click.argument("slug", required=False)
@click.option("--all", "everybody", is_flag=True, help="Of every tenant.")
@click.option(
    "--older-than", "days", type=click.IntRange(0), default=0, metavar="DAYS", help="Only what is older."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop_former_(slug: str | None, everybody: bool, days: int, yes: bool) -> None:
    """Drop for good what tenants were before they were restored in place.

    Example: guanxi tenant drop-former --all --older-than 30 --yes
    """
    if everybody == (slug is not None):
        raise click.UsageError(_("Name one tenant, or say --all."))
    with work().owner() as connection:
        found = (
            provision.all_tenants(connection) if slug is None else [provision.find_tenant(connection, slug)]
        )
        kept = [former for each in found for former in former_schemas(connection, each)]
    if kept and not yes:
        click.confirm(
            ngettext("Drop %(n)s former schema for good?", "Drop %(n)s former schemas for good?", len(kept)),
            abort=True,
        )
    gone = 0
    for each in found:
        with work().owner() as connection:
            gone += len(drop_former(connection, each, older_than=timedelta(days=days)))
    click.echo(ngettext("%(n)s former schema was dropped.", "%(n)s former schemas were dropped.", gone))


@tenant.command("verify")
@_file
@as_json
def verify_(file: Path, as_json: bool) -> None:
    """Read an archive from beginning to end, and say what it holds.

    Example: guanxi tenant verify acme.zip
    """
    with _files(), _progress(_("Reading")) as tell:
        manifest = verify(file, tell)
    result = _described(manifest, file)
    if as_json:
        show(result)
        return
    click.echo(_("%(file)s is whole.", file=file))
    _tell_contents(result)


def _backup(slug: str, path: Path) -> dict[str, Any]:
    with _files(), _progress(_("Backing up %(slug)s", slug=slug)) as tell:
        manifest = tenants.back_up(work().kernel, work().urls, slug, path, tell)
    for lost in manifest.lost:
        click.echo(_("Warning: the attached file %(name)s is missing or damaged.", name=lost), err=True)
    return _described(manifest, path)


def _described(manifest: Manifest, path: Path) -> dict[str, Any]:
    return {
        "tenant": manifest.tenant.slug,
        "file": str(path),
        "size": path.stat().st_size,
        "made_at": manifest.made_at,
        "version": manifest.version,
        "only": list(manifest.only),
        "addons": [
            {"name": each.name, "version": each.version, "on": each.is_on, "revisions": list(each.revisions)}
            for each in manifest.addons
        ],
        "tables": len(manifest.tables),
        "rows": manifest.rows,
        "files": len(manifest.files),
        "lost": list(manifest.lost),
    }


def _tell_contents(result: dict[str, Any]) -> None:
    click.echo(
        _(
            "%(tenant)s at %(made_at)s (%(version)s): %(rows)s rows in %(tables)s tables, %(files)s files",
            **{name: result[name] for name in ("tenant", "made_at", "version", "rows", "tables", "files")},
        )
    )
    for each in result["addons"]:
        on = _("on") if each["on"] else _("off")
        click.echo(f"  {each['name']} {each['version']}  {', '.join(each['revisions'])}  {on}")


def _told_backup(results: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show(results)
        return
    for each in results:
        size = f"{each['size'] / _MEGABYTE:.1f} MB"
        click.echo(_("%(tenant)s: %(file)s, %(size)s", tenant=each["tenant"], file=each["file"], size=size))


def _told_restore(restored: Restored, as_json: bool, *, in_place: bool = False) -> None:
    slug = restored.tenant.slug
    if as_json:
        show(
            {
                "tenant": slug,
                "made_at": restored.manifest.made_at,
                "rows": restored.manifest.rows,
                "files": len(restored.manifest.files),
                "held": restored.tenant.held,
                "left_out": list(restored.left_out),
                "taken_hosts": list(restored.taken_hosts),
                "revisions": restored.revisions,
            }
        )
        return
    for name in restored.left_out:
        click.echo(_("Left out: the rows of %(table)s.", table=name), err=True)
    for host in restored.taken_hosts:
        click.echo(_("The host %(host)s is another tenant's now.", host=host), err=True)
    made_at = restored.manifest.made_at
    click.echo(_("%(slug)s is as it was at %(made_at)s.", slug=slug, made_at=made_at))
    if in_place:
        click.echo(
            _("What it was until now is kept; back to it: guanxi tenant undo-restore %(slug)s", slug=slug)
        )
    if restored.tenant.held:
        click.echo(_("It sends nothing until: guanxi tenant release %(slug)s", slug=slug))


@contextmanager
def _files() -> Iterator[None]:
    """Say it in a line when a file cannot be read or written."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
        ) from error


@contextmanager
def _progress(label: str) -> Iterator[Tell | None]:
    """A bar on the terminal, in bytes; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr, item_show_func=str) as bar:

        def tell(done: int, total: int, what: str) -> None:
            bar.length = max(total, done, 1)
            bar.update(done - bar.pos, what)

        yield tell
