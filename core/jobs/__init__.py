"""Background jobs: declared in the ``jobs`` room of an addon, enqueued with the change that needs them."""

from __future__ import annotations

from core.jobs.queue import enqueue
from core.jobs.registry import job
from core.jobs.work import Work

__all__ = ["Work", "enqueue", "job"]
