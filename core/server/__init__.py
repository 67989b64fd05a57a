"""The web process: uvicorn in front, the streams of browsers beside it, Flask behind it in threads."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from a2wsgi import WSGIMiddleware
from flask import Flask
from starlette.middleware.gzip import GZipMiddleware

from core.app import create_app
from core.errors import Conflict
from core.i18n import _l
from core.kernel import Kernel
from core.server.contexts import OwnContext
from core.server.hub import Hub
from core.server.streams import EventStreams

#: Requests worked on at once; the pool of connections is as large.
THREADS: Final = 16


class PortTaken(Conflict):
    """Another program listens at the address already."""

    code = "port-taken"
    message = _l(
        "Port %(port)s on %(host)s is in use already."
        " Stop the other program, or set GUANXI_PORT to a free port."
    )


def check_port(host: str, port: int) -> None:
    """See that the address is free before anything is started.

    Raises:
        PortTaken: it is not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(host=host, port=port) from error


def in_threads(flask: Any) -> Any:
    """A WSGI application as a server of ours runs it."""
    return OwnContext(WSGIMiddleware(flask, workers=THREADS))


def make_application(kernel: Kernel, flask: Any) -> tuple[EventStreams, Hub]:
    """What a server runs, the streams before Flask; and the hub, which is to be closed at its end."""
    behind = in_threads(flask)
    hub = Hub(kernel, kernel.database.engine.url.render_as_string(hide_password=False))
    return EventStreams(GZipMiddleware(behind, compresslevel=3), hub, kernel.config.secret_key), hub


def serve(
    kernel: Kernel,
    host: str,
    port: int,
    *,
    listener: socket.socket | None = None,
    on_start: Any = None,
    prepare: Callable[[Flask], None] | None = None,
) -> None:
    """Serve until a signal ends it.

    Args:
        kernel: the loaded addons.
        host: address to listen on.
        port: port to listen on.
        listener: a socket that listens already, in place of these two.
        on_start: called once the port answers.
        prepare: is given the application before it serves.
    """
    flask = create_app(kernel)
    if prepare is not None:
        prepare(flask)
    application, hub = make_application(kernel, flask)
    # What is loaded by now stays for good: the garbage collector need not look through it again.
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        lifespan="off",
        server_header=False,
    )
    Server(config, hub, on_start).run(sockets=[listener] if listener is not None else None)


class Server(uvicorn.Server):
    """Tells when it answers, and ends the streams when it is to stop."""

    def __init__(self, config: uvicorn.Config, hub: Hub, on_start: Any = None) -> None:
        super().__init__(config)
        self._hub = hub
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self._on_start is not None and self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, which would hold the server until its patience is over; then the rest."""
        await self._hub.close()
        await super().shutdown(sockets)
