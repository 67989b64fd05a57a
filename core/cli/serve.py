"""``guanxi serve``, ``web``, ``quickstart``, ``demo`` and ``doctor``."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from typing import Any

import click
from sqlalchemy import create_engine, text

from core import __version__
from core.auth.platform import create_administrator
from core.cli.group import Work, as_json, cli, kernel, show, work
from core.db import provision
from core.db.queue import LANES
from core.demo import PASSWORD, PEOPLE, PLATFORM_ADMIN, has_demo, load_demo, unload_demo
from core.i18n import _
from core.jobs import overview
from core.seeds import samples
from core.server import check_port
from core.server import serve as run_server
from core.upgrade.running import complete, pending, upgrade_all
from core.web.assets.manifest import AssetsMissing, asset
from core.worker.beside import WorkerBeside

#: So many of the samples that stay are named, of each resource.
_SHOWN = 20

_host = click.option("--host", help="Address to listen on; default GUANXI_HOST.")
_port = click.option("--port", type=click.IntRange(1, 65535), help="Default GUANXI_PORT.")


def told_to_log() -> None:
    """Let the log go to standard error."""
    logging.basicConfig(
        level=logging.INFO if work().config.production else logging.WARNING, stream=sys.stderr
    )


def _start(host: str | None, port: int | None, tell: bool, *, with_worker: bool) -> None:
    told_to_log()
    host, port = host or work().config.host, port or work().config.port
    check_port(host, port)
    asset("app.js")
    work().kernel.config.data.mkdir(parents=True, exist_ok=True)

    def started() -> None:
        if tell:
            click.echo(_("Guanxi answers at http://%(host)s:%(port)s", host=host, port=port))

    if with_worker and work().urls.owner is None:
        click.echo(_("No worker is started: GUANXI_OWNER_DATABASE_URL is not set."), err=True)
        with_worker = False
    with suppress(KeyboardInterrupt), WorkerBeside() if with_worker else nullcontext():
        run_server(kernel(), host, port, on_start=started)  # an interruption is the ordinary end


@cli.command()
@_host
@_port
@click.option("--no-worker", is_flag=True, help="Leave background work to others.")
def serve(host: str | None, port: int | None, no_worker: bool) -> None:
    """Run web pages and a worker beside them, with the embedded database when none is configured.

    Example: guanxi serve --port 8080
    """
    _start(host, port, tell=True, with_worker=not no_worker)


@cli.command()
@_host
@_port
def web(host: str | None, port: int | None) -> None:
    """Run a web process of a larger deployment; it never holds the owner's login.

    Example: GUANXI_DATABASE_URL=postgresql://... guanxi web
    """
    os.environ.pop("GUANXI_OWNER_DATABASE_URL", None)
    _start(host, port, tell=True, with_worker=False)


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Print a line for one step with its seconds."""
    started = time.perf_counter()
    yield
    click.echo(f"✓ {name} {time.perf_counter() - started:.1f} s")


@cli.command()
@_host
@_port
def quickstart(host: str | None, port: int | None) -> None:
    """Prepare everything that is missing, load the demo tenant once, and serve. `make run` ends here.

    Example: guanxi quickstart
    """
    host, port = host or work().config.host, port or work().config.port
    check_port(host, port)
    with _step(_("database")):
        work().urls.require_owner()
    _prepare(work())
    with _step(_("server")):
        kernel()
    click.echo()
    _welcome(host, port)
    _start(host, port, tell=False, with_worker=True)


def _prepare(work: Work) -> None:
    with _step(_("migrations")):
        with work.owner() as connection:
            provision.prepare(connection, work.urls.app_login)
        with work.owner() as connection:
            tenants = provision.all_tenants(connection)
            behind = [
                each for each in tenants if each.state == "failed" or pending(connection, work.kernel, each)
            ]
        for outcome in upgrade_all(behind, owner_url=work.urls.require_owner(), processes=2):
            if outcome.failure:
                click.echo(f"  {outcome.slug}: {outcome.failure}", err=True)
        with work.owner() as connection:
            ready = [each for each in provision.all_tenants(connection) if each.state != "failed"]
        for tenant in ready:
            complete(work.kernel, tenant)
    if not any(each.slug == "demo" for each in tenants):
        with _step(_("demo tenant")):
            _create_demo(work)
            complete(work.kernel, work.tenant("demo"))
    with work.tenant_session("demo") as session:
        empty = not has_demo(session)
    if empty:
        with _step(_("sample data")), work.tenant_session("demo") as session:
            load_demo(session, work.kernel, work.tenant("demo"))


def _create_demo(work: Work) -> None:
    everything = work.kernel.catalogue.by_default()
    with work.owner() as connection:
        provision.create_tenant(
            connection, work.urls.app_login, "demo", name="云启科技 Yunqi", histories=work.kernel.histories,
            addons=everything, is_default=True,
        )  # fmt: skip
        create_administrator(connection, PLATFORM_ADMIN, PASSWORD)


def _welcome(host: str, port: int) -> None:
    shown = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0") else host  # noqa: S104 - only compared
    click.secho(f"  Guanxi {__version__}  http://{shown}:{port}", bold=True)
    click.echo()
    for person in PEOPLE:
        click.echo(f"  {person.email:28} {PASSWORD}   {person.title}")
    click.echo(f"  {PLATFORM_ADMIN:28} {PASSWORD}   http://platform.localhost:{port}")
    click.echo()
    click.echo(_("  Ctrl+C stops it; your data stays in %(data)s.", data=str(work().config.data)))


@cli.group()
def demo() -> None:
    """Sample data in both languages."""


_of_tenant = click.option("--tenant", "slug", default="demo", show_default=True, help="The tenant.")


@demo.command("load")
@_of_tenant
@click.option(
    "--size", type=click.Choice(["small", "large"]), default="small", show_default=True,
    help="Large: thousands of records where addons bring them.",
)  # fmt: skip
def load_(slug: str, size: str) -> None:
    """Load the sample data: people, units, and what the addons of the tenant bring.

    Example: guanxi demo load --tenant demo --size large
    """
    with work().tenant_session(slug) as session:
        if has_demo(session):
            raise click.ClickException(_("The sample data is loaded already."))
        load_demo(session, kernel(), work().tenant(slug), size=size)


@demo.command()
@_of_tenant
@as_json
def unload(slug: str, as_json: bool) -> None:
    """Remove the sample data without a trace, but what was changed since or is in use; that is listed.

    Example: guanxi demo unload --tenant demo
    """
    with work().tenant_session(slug) as session:
        if not samples.states(session):
            raise click.ClickException(_("There is no sample data here that can be removed."))
        left = unload_demo(session, kernel(), work().tenant(slug))
        stay = {resource.name: list(names) for resource, names in left.items()}
    if as_json:
        show({"left": stay})
        return
    for name, names in stay.items():
        more = f" … ({len(names)})" if len(names) > _SHOWN else ""
        click.echo(f"{name}: {', '.join(names[:_SHOWN])}{more}")
    if stay:
        click.echo(_("These stay: somebody has changed them, or other records refer to them."))
    else:
        click.echo(_("The sample data is gone."))


@cli.command()
@as_json
def doctor(as_json: bool) -> None:
    """Check database, disk, front-end files and addons, and say what to do.

    Example: guanxi doctor
    """
    found = [_database_health(), _login_health(), _disk_health(), *_addon_health(), _tenant_health()]
    found += [_worker_health(), _hook_health(), _asset_health()]
    if as_json:
        show([asdict(each) for each in found])
    for each in () if as_json else found:
        mark, more = ("✗", f"  → {each.advice}") if each.advice else ("✓", "")
        click.echo(f"{mark} {each.name}: {each.found}{more}")
    if any(each.advice for each in found):
        raise click.exceptions.Exit(1)


@dataclass(frozen=True, slots=True)
class _Health:
    """What the doctor found of one thing; with ``advice`` where something is to be done."""

    name: str
    found: str
    advice: str = ""


def _of_app_login(statement: str) -> Any:
    engine = create_engine(work().urls.app)
    try:
        with engine.connect() as connection:
            return connection.scalar(text(statement))
    finally:
        engine.dispose()


def _database_health() -> _Health:
    version = str(_of_app_login("show server_version"))
    too_old = int(version.partition(".")[0]) < 15
    return _Health(_("PostgreSQL"), version, _("use version 15 or newer") if too_old else "")


def _login_health() -> _Health:
    """A login that inherits its roles, or may do more, would undo the wall between tenants."""
    powers = "rolinherit or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls"
    too_much = _of_app_login(f"select {powers} from pg_roles where rolname = current_user")  # noqa: S608
    advice = _("make it NOINHERIT, without CREATEROLE, CREATEDB and SUPERUSER") if too_much else ""
    return _Health(_("Login of the application"), work().urls.app_login, advice)


def _disk_health() -> _Health:
    work().config.data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(work().config.data).free
    advice = "" if free > 1_000_000_000 else _("make room: less than 1 GB is left")
    return _Health(_("Free space"), f"{free / 1e9:.1f} GB", advice)


def _addon_health() -> list[_Health]:
    catalogue = kernel().catalogue
    broken = [
        _Health(_("Addon %(name)s", name=name), _("cannot load"), reason)
        for name, reason in catalogue.quarantined.items()
    ]
    return [_Health(_("Addons"), ", ".join(name for name in catalogue.addons if name != "core")), *broken]


def _tenant_health() -> _Health:
    with work().owner() as connection:
        tenants = provision.all_tenants(connection)
        behind = [each.slug for each in tenants if pending(connection, kernel(), each)]
    return _Health(_("Tenants behind"), ", ".join(behind) or "0", "guanxi upgrade" if behind else "")


def _worker_health() -> _Health:
    """Whether somebody takes the jobs of every lane, and whether any of them wait to be looked at."""
    engine = create_engine(work().urls.app)
    try:
        with engine.connect() as connection:
            alive = [each for each in overview.workers(connection) if each.alive]
            loads = overview.loads(connection)
    finally:
        engine.dispose()
    waiting, parked = (sum(getattr(each, name) for each in loads) for name in ("waiting", "parked"))
    found = _("%(alive)s alive", alive=len({(each.host, each.process) for each in alive}))
    found += _(", %(waiting)s jobs waiting, %(parked)s parked", waiting=waiting, parked=parked)
    missing = [lane for lane in LANES if lane not in {each.lane for each in alive}]
    # A deployment at rest needs none; one with work to do does.
    advice = _("run guanxi serve, or guanxi worker") if missing and waiting else ""
    return _Health(_("Workers"), found, advice)


def _hook_health() -> _Health:
    """Whether pages come without the part of an addon that was too slow."""
    found = _of_app_login(
        "select string_agg(addon || ' (' || hook || ')', ', ' order by addon, hook)"
        " from platform.hook_tally where muted_at is not null"
    )
    advice = (
        _("see guanxi addon hooks, then turn them on again on the platform's page Hooks") if found else ""
    )
    return _Health(_("Muted hooks"), found or "0", advice)


def _asset_health() -> _Health:
    try:
        asset("app.js")
    except AssetsMissing as error:
        return _Health(_("Front-end files"), "–", str(error))
    return _Health(_("Front-end files"), _("built"))
