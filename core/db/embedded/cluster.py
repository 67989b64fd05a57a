"""Making a cluster, starting and stopping its server. The caller holds the place's lock."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from core.db.embedded.errors import EmbeddedError, disk_full
from core.db.embedded.logins import LOGINS, SUPERUSER, answers
from core.db.embedded.place import PORT, Place
from core.db.embedded.programs import runnable_programs
from core.db.embedded.system import memory, wait_until
from core.i18n import _

#: Without them no cluster is begun: an empty one takes 40 MB, its log 80 MB soon after.
_MEGABYTES_NEEDED = 256
#: What the server writes whether or not something is wrong.
_ROUTINE = ("LOG:  starting", "LOG:  listening", "LOG:  database system", "pg_ctl:", "waiting for")
_LOG_LIMIT = 8 * 1024 * 1024
#: Seconds. A killed server may haunt the process table, and its children live on, for a moment.
_GHOST_PATIENCE = 10.0
_READY_PATIENCE = 60.0

#: Tuned for one machine with two cores that also serves the pages.
SETTINGS: Mapping[str, str] = {
    "max_connections": "200",
    # Taken as it is used. Where the indexes of a large tenant do not fit, an import moves pages in and out.
    "shared_buffers": f"{min(max(memory() // 8 // 2**20, 128), 1024)}MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    # A row of a large tenant touches a page of each index. Compressing the first copy of every page after
    # a checkpoint (pglz; the programs have no lz4) took two thirds of the server's time in an import.
    "wal_compression": "off",
    "min_wal_size": "80MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Solid state disks; and short queries, for which compiling and forking cost more than they save.
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # Tenants have many small tables; a vacuum should not wait for a fifth of a large one.
    "autovacuum_vacuum_scale_factor": "0.1",
    "autovacuum_analyze_scale_factor": "0.05",
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}


def initialise(place: Place) -> None:
    """Make a new cluster aside and move it to its place when it is whole."""
    free = shutil.disk_usage(place.folder).free // 2**20
    if free < _MEGABYTES_NEEDED:
        reason = _(
            'Only %(free)s MB are free for "%(folder)s"; the database needs %(needed)s MB to begin.',
            free=free,
            needed=_MEGABYTES_NEEDED,
            folder=place.folder,
        )
        raise EmbeddedError(reason=reason)
    for stale in place.folder.glob("cluster-new-*"):
        shutil.rmtree(stale)
    temporary = Path(tempfile.mkdtemp(prefix="cluster-new-", dir=place.folder))
    place.give(temporary)
    command: list[str | Path] = [
        runnable_programs(place) / "initdb",
        f"--pgdata={temporary}",
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--auth=reject",
        "--data-checksums",
        "--no-instructions",
    ]
    made = place.user.run(command, place.folder)
    if made.returncode != 0:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _start_error(place, made.stdout)
    with (temporary / "postgresql.conf").open("a") as file:
        file.write("\ninclude_if_exists = 'guanxi.conf'\n")
    temporary.rename(place.cluster)


def start(place: Place, settings: Mapping[str, str]) -> None:
    """Start the server, or wait until the one that runs is ready."""
    if postmaster(place) is not None:
        # Without its socket, which somebody has removed, waiting for it is in vain.
        patience = _READY_PATIENCE if place.socket.exists() else 2.0
        wait_until(patience, lambda: answers(place) or postmaster(place) is None)
        if answers(place):
            return
        stop(place)
    programs = runnable_programs(place)
    _check_version(place, programs)
    _configure(place, settings)
    _trim_log(place)
    deadline = time.monotonic() + _GHOST_PATIENCE
    while True:
        size = place.log.stat().st_size if place.log.exists() else 0
        command: list[str | Path] = [programs / "pg_ctl", "start", "-D", place.cluster, "-l", place.log, "-w"]
        started = place.user.run([*command, "-t", f"{_READY_PATIENCE:.0f}"], place.folder)
        if started.returncode == 0:
            return
        said = place.log_tail(size)
        if not _is_haunted(said) or time.monotonic() > deadline:
            raise _start_error(place, said or started.stdout)
        _bury(place)
        time.sleep(0.2)


def stop(place: Place) -> None:
    """Stop the server and wait for its end; more and more firmly."""
    for sign in (signal.SIGINT, signal.SIGQUIT):
        pid = postmaster(place)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, sign)
        if wait_until(30.0, lambda: postmaster(place) is None):
            return
    reason = _('The database in "%(folder)s" does not stop; see %(log)s.', folder=place.folder, log=place.log)
    raise EmbeddedError(reason=reason)


def postmaster(place: Place) -> int | None:
    """The process id of the running server, None when there is none."""
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int((place.cluster / "postmaster.pid").read_text().splitlines()[0])
        return pid if _is_postmaster(pid, place.cluster) else None
    return None


def _check_version(place: Place, programs: Path) -> None:
    made_by = (place.cluster / "PG_VERSION").read_text().strip()
    said = place.user.run([programs / "postgres", "--version"], place.folder).stdout
    ours = next((word.split(".")[0] for word in said.split() if word[:1].isdigit()), "")
    if not ours:
        raise _start_error(place, said)
    if ours != made_by:
        reason = _(
            'The database in "%(folder)s" was made by PostgreSQL %(theirs)s, but the programs installed are '
            "of %(ours)s. Dump it with the old ones (pg_dumpall) and restore it into a new folder.",
            folder=place.cluster,
            theirs=made_by,
            ours=ours,
        )
        raise EmbeddedError(reason=reason)


def _configure(place: Place, settings: Mapping[str, str]) -> None:
    """Write the settings and who may come in; the server reads them when it starts."""
    socket_folder = place.make_socket_folder()
    lines = dict(settings) | {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
    }
    callers = ["root"] if place.user.name == "nobody" else sorted({"root", place.user.name})
    files = {
        "guanxi.conf": [f"{name} = {_quoted(value)}" for name, value in lines.items()],
        "pg_hba.conf": [f"local all {','.join(LOGINS)} peer map=guanxi"],
        "pg_ident.conf": [f'guanxi "{caller}" {login}' for caller in callers for login in LOGINS],
    }
    for name, text in files.items():
        place.write(place.cluster / name, "\n".join(text) + "\n")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _trim_log(place: Place) -> None:
    with suppress(FileNotFoundError):
        if place.log.stat().st_size > _LOG_LIMIT:
            place.log.rename(place.log.with_suffix(".old.log"))


def _is_haunted(said: str) -> bool:
    """Whether the server refused to start because of one that was killed."""
    return 'lock file "' in said or "pre-existing shared memory block" in said


def _bury(place: Place) -> None:
    """Remove the lock files of a server that is dead although its process id seems taken.

    PostgreSQL only asks whether the id exists: a zombie nobody reaps, or another program that got the
    id after a restart of the machine, would keep it from starting for good. Should children of the
    dead one live on, its check of the shared memory still refuses.
    """
    if postmaster(place) is None:
        (place.cluster / "postmaster.pid").unlink(missing_ok=True)
        place.socket.with_name(f"{place.socket.name}.lock").unlink(missing_ok=True)


def _is_postmaster(pid: int, cluster: Path) -> bool:
    """Whether the process is alive and the server of this cluster, not a later bearer of its id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # somebody else's process; the server's user we may signal
    process = Path("/proc", str(pid))
    try:
        # The state follows the program's name, which stands in parentheses and may hold anything.
        dead = (process / "stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
        command = (process / "cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # gone meanwhile, unless this system has no /proc at all
    if dead or Path(os.fsdecode(command[0])).name != "postgres":
        return False
    # What it was told to serve; a path we cannot look at may be ours, so it counts.
    with suppress(OSError, ValueError, IndexError):
        return Path(os.fsdecode(command[command.index(b"-D") + 1])).samefile(cluster)
    return True


def _start_error(place: Place, said: str) -> EmbeddedError:
    if "No space left on device" in said or os.strerror(errno.ENOSPC) in said:
        return disk_full(place.folder)
    lines = (re.sub(r"^.* (?=[A-Z]+:  )", "", line.strip()) for line in said.splitlines())
    telling = [line for line in lines if line and not line.startswith(_ROUTINE)]
    cause = " / ".join(telling[-2:]) or "?"
    reason = _("PostgreSQL does not start: %(cause)s (%(log)s)", cause=cause, log=place.log)
    return EmbeddedError(reason=reason)
