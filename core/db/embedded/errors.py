"""What can keep a server of our own from running."""

from __future__ import annotations

import errno
from pathlib import Path

from core.errors import Unavailable
from core.i18n import _, _l


class EmbeddedError(Unavailable):
    """The server of our own cannot be prepared or started; the sentence says what to do."""

    code = "embedded-database"
    title = _l("The database cannot start")
    message = _l("%(reason)s")


def translated(error: OSError, folder: Path) -> EmbeddedError:
    """Say what the operating system refused, and where."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(folder)
    name = error.filename or folder
    return EmbeddedError(reason=_('"%(folder)s" cannot be used: %(why)s.', folder=name, why=error.strerror))


def disk_full(folder: Path) -> EmbeddedError:
    """The sentence for a full disk."""
    reason = _('The disk of "%(folder)s" is full. Nothing is lost: make room and start again.', folder=folder)
    return EmbeddedError(reason=reason)
