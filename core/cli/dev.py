"""``guanxi dev``: the server for whoever writes addons or the core."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from core.cli.group import cli, work
from core.i18n import _
from core.kernel import OWN_ADDONS
from core.server import check_port

#: What starts the server anew when it changes.
_WATCHED: Final = ("*.py", "*.html", "*.po", "addon.toml")
_EVERY_SECONDS: Final = 0.5


@cli.command()
@click.option("--host", help="Address to listen on; default GUANXI_HOST.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default GUANXI_PORT.")
def dev(host: str | None, port: int | None) -> None:
    """Serve for development: start anew whenever a source, template, text or manifest changes.

    The database stays up meanwhile. A mistake is shown, and the next change tried.

    Example: guanxi dev --port 8080
    """
    host, port = host or work().config.host, port or work().config.port
    check_port(host, port)
    assert work().urls.app  # attached, so that an embedded database outlives the restarts
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end the server with us
    folders = [Path(__file__).parents[1], OWN_ADDONS, *work().config.addons_path]
    try:
        while True:
            with _server(host, port):
                for path in _changes(folders):
                    click.echo(_("%(path)s has changed.", path=str(path)))
    except KeyboardInterrupt:
        return


@contextmanager
def _server(host: str, port: int) -> Iterator[None]:
    """Run ``guanxi serve`` in a process of its own for the length of the block."""
    program = "from core.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--host", host, "--port", str(port)]
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def _changes(folders: list[Path]) -> Iterator[Path]:
    """Wait for a change below ``folders`` and give the files that differ."""
    before = _stamps(folders)
    while (now := _stamps(folders)) == before:
        time.sleep(_EVERY_SECONDS)
    yield from sorted({path for path, _at in before.items() ^ now.items()})


def _stamps(folders: list[Path]) -> dict[Path, int]:
    """When each file was changed: ``{path: nanoseconds}``."""
    found = {}
    for folder in folders:
        for kind in _WATCHED:
            for path in folder.rglob(kind):
                try:
                    found[path] = path.stat().st_mtime_ns
                except OSError:  # an editor is just replacing it
                    continue
    return found
