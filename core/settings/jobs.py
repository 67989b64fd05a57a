"""The core's own background work."""

from __future__ import annotations

from core.jobs.tidying import tidy_jobs
from core.resources.bulk.runs import run_bulk, run_undo
from core.resources.exporting.runs import expire_exports, run_export
from core.resources.importing.jobs import check_import, import_file, tidy_imports, undo_import
from core.resources.reindexing import complete, reindex
from core.settings.purge_jobs import expire_archives, purge_addon, restore_addon
from core.settings.switching import switch_on_addon

__all__ = [
    "check_import",
    "complete",
    "expire_archives",
    "expire_exports",
    "import_file",
    "purge_addon",
    "reindex",
    "restore_addon",
    "run_bulk",
    "run_export",
    "run_undo",
    "switch_on_addon",
    "tidy_imports",
    "tidy_jobs",
    "undo_import",
]
