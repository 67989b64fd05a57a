"""The core's own background work."""

from __future__ import annotations

from core.resources.exporting.runs import expire_exports, run_export

__all__ = ["expire_exports", "run_export"]
