"""``guanxi worker``."""

from __future__ import annotations

import logging
import sys

import click

from core.cli.group import cli, kernel, work
from core.db.queue import LANES
from core.i18n import _


@cli.command()
@click.option(
    "--lane", "lanes", multiple=True, type=click.Choice(LANES), help="Serve this lane only; may be repeated."
)
@click.option("--until-closed", is_flag=True, hidden=True)
def worker(lanes: tuple[str, ...], until_closed: bool) -> None:
    """Run background jobs. It needs the owner's login, for the queue; run as many as you like.

    Example: guanxi worker
    """
    # A tenth of a second and some megabytes that no other command has a use for.
    from core.worker.process import run_worker

    production = work().config.production
    logging.basicConfig(level=logging.INFO if production else logging.WARNING, stream=sys.stderr)
    owner = work().urls.require_owner()

    def started() -> None:
        if not until_closed:
            click.echo(_("The worker takes jobs."))

    run_worker(kernel(), owner, lanes=lanes or LANES, on_start=started, until_closed=until_closed)
