"""The same done with many records: previewed, carried out within the actor's rights, taken back."""

from __future__ import annotations

from core.resources.bulk.edits import (
    SHOWN,
    STANDING,
    Changed,
    Edit,
    Refusal,
    Result,
    carry_out,
    carry_out_whole,
    check,
    editable_fields,
    preview,
)
from core.resources.bulk.selection import MAX_AT_ONCE, MAX_BY_JOB, TooManyRecords, existing, matching

__all__ = [
    "MAX_AT_ONCE",
    "MAX_BY_JOB",
    "SHOWN",
    "STANDING",
    "Changed",
    "Edit",
    "Refusal",
    "Result",
    "TooManyRecords",
    "carry_out",
    "carry_out_whole",
    "check",
    "editable_fields",
    "existing",
    "matching",
    "preview",
]
