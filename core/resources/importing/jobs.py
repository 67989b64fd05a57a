"""Imports in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.config import Config
from core.i18n import _l
from core.jobs import Work, job
from core.resources.importing.checking import run_check
from core.resources.importing.running import run_import, run_undo
from core.resources.importing.tidying import tidy


def import_store(config: Config) -> Path:
    """The folder of all uploaded files of imports."""
    return config.data / "imports"


@job("core.import", title=_l("Import"), lane="bulk", while_held=True)
def import_file(work: Work) -> dict[str, Any]:
    """Do the import ``import_id``, or go on with it."""
    return run_import(
        work, work.kernel.resources, work.arguments["import_id"], store=import_store(work.kernel.config)
    )


@job("core.check-import", title=_l("Try an import"), lane="bulk", while_held=True)
def check_import(work: Work) -> dict[str, Any]:
    """Try the import ``import_id``."""
    return run_check(
        work, work.kernel.resources, work.arguments["import_id"], store=import_store(work.kernel.config)
    )


@job("core.undo-import", title=_l("Take an import back"), lane="bulk", while_held=True)
def undo_import(work: Work) -> dict[str, Any]:
    """Take the import ``import_id`` back, or go on with that."""
    return run_undo(work, work.arguments["import_id"])


@job("core.tidy-imports", title=_l("Tidy up after imports"), every="23 2 * * *")
def tidy_imports(work: Work) -> dict[str, int]:
    """Forget drafts, files and old sets of changes."""
    with work.unit() as session:
        return tidy(session, import_store(work.kernel.config))
