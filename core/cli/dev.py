"""``guanxi dev``: the server for whoever writes addons or the core."""

from __future__ import annotations

import signal
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from core.cli.group import cli, kernel, work
from core.cli.serve import told_to_log
from core.cli.watching import Watch
from core.i18n import _
from core.kernel import OWN_ADDONS
from core.server import check_port, serve
from core.web.assets.manifest import asset
from core.web.developing import Developing
from core.zygote import Zygote, write_modules

_EVERY_SECONDS: Final = 0.15
#: After which a worker starts though no page has come.
_PATIENCE_SECONDS: Final = 5.0
#: Connections that wait while the program is read anew.
_BACKLOG: Final = 128
#: What the web process reads again by itself, and what no worker has a use for.
_BY_ITSELF: Final = frozenset({".html", ".po"})
_OF_PAGES: Final = frozenset({".html"})
_EXCUSE: Final = (
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: {length}\r\nConnection: close\r\n\r\n"
)


@cli.command()
@click.option("--host", help="Address to listen on; default GUANXI_HOST.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default GUANXI_PORT.")
def dev(host: str | None, port: int | None) -> None:
    """Serve for development: whatever changes in sources, templates, texts or data counts at once.

    Templates and texts are read again in place; for the rest the programs start anew, in a second or
    less, while requests wait. The database stays up. A mistake is shown, and the next change tried.

    Example: guanxi dev --port 8080
    """
    host, port = host or work().config.host, port or work().config.port
    check_port(host, port)
    assert work().urls.app  # attached, so that an embedded database outlives the restarts
    asset("app.js")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end the programs with us
    folders = [Path(__file__).parents[1], OWN_ADDONS, *work().config.addons_path]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, port), family=family, backlog=_BACKLOG) as listener,
        tempfile.TemporaryDirectory() as folder,
        Zygote(keep=[listener.fileno()]) as zygote,
        suppress(KeyboardInterrupt),
    ):
        _Programs(zygote, listener, Path(folder) / "modules").run(Watch(folders), f"http://{host}:{port}")


@cli.command(hidden=True)
@click.option("--socket", "number", type=int, required=True)
@click.option("--modules", type=click.Path(path_type=Path), required=True)
def dev_web(number: int, modules: Path) -> None:
    """Serve at a socket that is open already; a part of `guanxi dev`."""
    told_to_log()
    developing = Developing(kernel())

    def started() -> None:
        packages = {each.package.partition(".")[0] for each in kernel().catalogue.manifests.values()}
        write_modules(modules, {"core", "addons", *packages})
        developing.look()

    host, port = work().config.host, work().config.port
    with suppress(KeyboardInterrupt), socket.socket(fileno=number) as listener:
        serve(kernel(), host, port, listener=listener, on_start=started, prepare=developing.prepare)


class _Programs:
    """The web process and the worker, each of the newest sources."""

    def __init__(self, zygote: Zygote, listener: socket.socket, modules: Path) -> None:
        self._zygote = zygote
        self._listener = listener
        self._modules = modules
        self._has_worker = work().urls.owner is not None
        self._web = self._worker = 0
        self._web_asked = 0.0
        #: When a worker was asked for that has not been started yet; pages come first.
        self._worker_asked: float | None = None

    def run(self, watch: Watch, address: str) -> None:
        """Start them, and start them again when something changes, until somebody interrupts."""
        self._start({".py"})
        click.echo(_("Guanxi answers at %(address)s; changes count at once.", address=address))
        is_loaded = is_told = False
        while True:
            time.sleep(_EVERY_SECONDS)
            changed = watch.changes()
            for path in changed:
                click.echo(_("%(path)s has changed.", path=str(path)))
            if changed:
                self._start({path.suffix for path in changed})
                is_told = False
            self._start_worker_behind()
            if not is_loaded and self._modules.exists():
                self._zygote.preload(self._modules)
                is_loaded = True
            if not self._zygote.is_running(self._web):
                if not is_told:
                    click.echo(_("The server does not start; the next change tries it again."), err=True)
                    is_told = True
                self._excuse()

    def _start(self, kinds: set[str]) -> None:
        """Start what has to be read anew after a change of files of some kinds."""
        if kinds - _BY_ITSELF or not self._zygote.is_running(self._web):
            self._web_asked = time.time()
            self._web = self._again(
                self._web,
                "dev-web",
                "--socket",
                str(self._listener.fileno()),
                "--modules",
                str(self._modules),
            )
        if self._has_worker and kinds - _OF_PAGES:
            self._worker_asked = time.time()

    def _start_worker_behind(self) -> None:
        """Start the worker that was asked for, once the pages are there."""
        if self._worker_asked is None:
            return
        is_served = self._modules.exists() and self._modules.stat().st_mtime >= self._web_asked
        if is_served or time.time() - self._worker_asked > _PATIENCE_SECONDS:
            self._worker, self._worker_asked = self._again(self._worker, "worker"), None

    def _again(self, process: int, *arguments: str) -> int:
        """Start a program in place of one that ends meanwhile."""
        if process:
            self._zygote.stop(process)
        return self._zygote.start(*arguments)

    def _excuse(self) -> None:
        """Answer those who wait, since nobody else does."""
        text = _("The server does not start. The terminal tells why; the next change tries it again.")
        body = f"{text}\n".encode()
        head = _EXCUSE.format(length=len(body)).encode()
        self._listener.settimeout(0)
        with suppress(OSError):
            while True:
                caller, _address = self._listener.accept()
                with caller, suppress(OSError):
                    caller.settimeout(1)
                    caller.recv(65536)
                    caller.sendall(head + body)
