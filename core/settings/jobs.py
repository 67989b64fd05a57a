"""The core's own background work."""

from __future__ import annotations

from core.resources.bulk.runs import run_bulk, run_undo
from core.resources.exporting.runs import expire_exports, run_export
from core.resources.reindexing import complete, reindex

__all__ = ["complete", "expire_exports", "reindex", "run_bulk", "run_export", "run_undo"]
