"""What imports leave behind and nobody needs any more: drafts, files, and what it takes to undo old ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.resources.importing.models import Import, ImportRow
from core.resources.importing.runs import OPEN, folder_of
from core.resources.models import ChangeSet
from core.resources.storage import kept_file

#: How long an import is kept that was only prepared.
DRAFTS: Final = timedelta(days=7)
#: How long the file and the bad rows of an import are kept.
FILES: Final = timedelta(days=30)
#: How long an import, or an edit of many records, can be taken back.
UNDOING: Final = timedelta(days=90)
#: A file is there before the import that names it is committed.
_FRESH: Final = timedelta(days=1)

_run = Import.__table__
_row = ImportRow.__table__
_set = ChangeSet.__table__


def tidy(session: Session, store: Path) -> dict[str, int]:
    """Forget what is too old to be needed.

    Args:
        session: bound to one tenant; the caller commits.
        store: as for `core.resources.importing.steps.create_run`.

    Returns:
        How many drafts, files and sets of changes went.
    """
    never_run = delete(_run).where(_run.c.state.in_(OPEN), _run.c.created_at < func.now() - DRAFTS)
    drafts = len(session.scalars(never_run.returning(_run.c.id)).all())
    too_old = select(_run.c.id).where(_run.c.finished_at < func.now() - FILES)
    session.execute(delete(_row).where(_row.c.import_id.in_(too_old)))
    # Samples are removed whenever somebody has seen enough of them.
    forgotten = delete(_set).where(_set.c.created_at < func.now() - UNDOING, _set.c.kind != "sample")
    sets = len(session.scalars(forgotten.returning(_set.c.id)).all())
    needed = set(
        session.scalars(
            select(_run.c.sha256).where(
                _run.c.finished_at.is_(None) | (_run.c.finished_at >= func.now() - FILES)
            )
        )
    )
    files = 0
    folder = folder_of(session, store)
    for path in _old_files(folder):
        if kept_file(folder, path.name) == path and path.name in needed:
            continue
        with suppress(FileNotFoundError):
            path.unlink()
            files += 1
    return {"drafts": drafts, "files": files, "sets": sets}


def _old_files(folder: Path) -> Iterator[Path]:
    """Files that no upload of the last day has left; broken ones lie in the folder itself."""
    limit = (datetime.now(UTC) - _FRESH).timestamp()
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < limit:
                yield path
