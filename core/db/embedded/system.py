"""The users and the memory of the operating system, and patience."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.db.embedded.errors import EmbeddedError
from core.i18n import _

#: Of a container.
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory() -> int:
    """Bytes of memory this machine has, or this container may use."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        return min(there, int(_MEMORY_LIMIT.read_text()))
    return there


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user of the operating system the server runs as."""

    name: str
    uid: int
    gid: int

    @property
    def other(self) -> bool:
        """Whether that is somebody else than this process."""
        return self.uid != os.geteuid()

    def run(
        self, command: Sequence[str | Path], folder: Path, timeout: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, in its own session, without our PG variables."""
        environ = {
            key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))
        }
        environ |= {"LC_ALL": "C", "HOME": str(folder)}
        return subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            start_new_session=True,
            user=self.uid if self.other else None,
            group=self.gid if self.other else None,
            extra_groups=[] if self.other else None,
            umask=0o077,
        )

    def may_enter(self, folder: Path) -> bool:
        """Whether this user can pass every folder down to ``folder``."""
        if not self.other:
            return os.access(folder, os.X_OK)
        return self.run(["test", "-x", folder], Path("/")).returncode == 0

    def may_read(self, file: Path) -> bool:
        """Whether this user can get to ``file`` and read it."""
        return not self.other or self.run(["test", "-r", file], Path("/")).returncode == 0


def server_user(folder: Path) -> ServerUser:
    """Choose whom the server runs as.

    An ordinary user: themselves. Root: the owner of the folder, else of the data folder, else nobody.
    """
    uid = os.geteuid()
    if uid == 0:
        owners = [path.stat().st_uid for path in (folder, folder.parent) if path.exists()]
        uid = next((owner for owner in owners if owner != 0), pwd.getpwnam("nobody").pw_uid)
    elif folder.exists() and folder.stat().st_uid != uid:
        reason = _(
            'The database in "%(folder)s" belongs to another user: start the program as that one.',
            folder=folder,
        )
        raise EmbeddedError(reason=reason)
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        reason = _("PostgreSQL cannot run as user %(uid)s, who has no name on this system: add one.", uid=uid)
        raise EmbeddedError(reason=reason) from error
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def closed_sentence(folder: Path, user: ServerUser) -> str:
    """Name the first folder on the way down to ``folder`` that is closed to the user, and the cure."""
    closed = next(path for path in (*reversed(folder.parents), folder) if not user.may_enter(path))
    return _(
        'The database runs as user "%(user)s", who cannot enter "%(folder)s". Set GUANXI_DATA to a folder '
        "that every user can reach (/var/lib/guanxi, say), or open this one: chmod o+x %(folder)s",
        user=user.name,
        folder=closed,
    )


def wait_until(patience: float, met: Callable[[], bool]) -> bool:
    """Ask until ``met`` says yes; False after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    pause = 0.005
    while not met():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True
