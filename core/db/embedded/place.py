"""The folder of one server: its lock, its socket and whom it all belongs to."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.config import make_data_folder
from core.db.embedded.errors import EmbeddedError, translated
from core.db.embedded.system import ServerUser, closed_sentence, server_user, wait_until
from core.i18n import _

#: The number in the socket's name; nothing listens on a port.
PORT = 5432
#: The operating system's limit for a socket's path is 104 to 108 bytes, its end included.
_SOCKET_PATH_LIMIT = 100
#: Seconds in which any other program should have prepared and started the server.
_LOCK_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where one server lives and whom it belongs to."""

    folder: Path
    user: ServerUser

    @classmethod
    def of(cls, data: Path) -> Place:
        """Make the folder of a server, given to the right user, and check that the user can get there."""
        folder = data.resolve() / "postgres"
        try:
            make_data_folder(folder.parent)
            user = server_user(folder)
            folder.mkdir(mode=0o700, exist_ok=True)
            if user.other and folder.stat().st_uid != user.uid:
                os.chown(folder, user.uid, user.gid)
        except OSError as error:
            raise translated(error, folder) from error
        if not user.may_enter(folder):
            raise EmbeddedError(reason=closed_sentence(folder, user))
        return cls(folder, user)

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    @property
    def initialised(self) -> bool:
        return (self.cluster / "PG_VERSION").exists()

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from starting, stopping or preparing this server meanwhile."""
        path = self.folder / "lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self.give(path)
        except OSError as error:
            raise translated(error, self.folder) from error
        try:
            if not wait_until(_LOCK_PATIENCE, lambda: _try_lock(descriptor)):
                reason = _('Another program is still preparing "%(folder)s".', folder=self.folder)
                raise EmbeddedError(reason=reason)
            yield
        finally:
            os.close(descriptor)

    def give(self, path: Path) -> None:
        """Make a file, or a folder with all in it, the server's user's."""
        if self.user.other:
            for part in (path, *path.rglob("*")):
                os.chown(part, self.user.uid, self.user.gid, follow_symlinks=False)

    def write(self, path: Path, text: str) -> None:
        """Write a file only the server's user can read."""
        path.touch(mode=0o600)
        path.write_text(text)
        self.give(path)

    def socket_folder(self) -> Path:
        """The folder of the socket, as it was chosen at the last start."""
        own = self.folder / "socket"
        if _fits(own):
            return own
        with suppress(FileNotFoundError):
            return Path((self.folder / "socket-folder").read_text())
        return own

    @property
    def socket(self) -> Path:
        return self.socket_folder() / f".s.PGSQL.{PORT}"

    def make_socket_folder(self) -> Path:
        """Make the socket's folder; a short one in the system's temporary folder where ours is too long."""
        folder = self.socket_folder()
        if _fits(folder):
            with suppress(FileNotFoundError):
                if self._private(folder):
                    return folder
        if folder == self.folder / "socket" and _fits(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        else:
            folder = Path(tempfile.mkdtemp(prefix="guanxi-"))
            if not _fits(folder):
                folder.rmdir()
                folder = Path(tempfile.mkdtemp(prefix="guanxi-", dir="/tmp"))
            self.write(self.folder / "socket-folder", str(folder))
        self.give(folder)
        return folder

    def _private(self, folder: Path) -> bool:
        """Whether ``folder`` is a real one that belongs to the server's user alone."""
        found = folder.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == self.user.uid and not found.st_mode & 0o077

    def log_tail(self, start: int = 0) -> str:
        """What the server has written since its log had ``start`` bytes."""
        with suppress(FileNotFoundError), self.log.open("rb") as file:
            file.seek(max(start, self.log.stat().st_size - 4000))
            return file.read().decode(errors="replace")
        return ""


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) < _SOCKET_PATH_LIMIT


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
