"""The worker: takes jobs from the queue, runs them for their tenants, and cleans up after dead ones."""

from __future__ import annotations

from typing import Final

#: Seconds running jobs are given to end when their process is to stop.
PATIENCE: Final = 10.0
