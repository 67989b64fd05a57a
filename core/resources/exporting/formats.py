"""The kinds of files records can be written as."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """A kind of file, by the ending of its name."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        """What the answer that carries such a file says it is."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSONL: "application/jsonl; charset=utf-8",
}
