"""What a check of an addon finds, and where."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend."""

    #: manifest, loading, syntax, imports, tables, migrations, texts or permissions.
    check: str
    path: Path
    line: int
    #: What is wrong, and what to do about it.
    problem: str
    advice: str

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "path": str(self.path)}


def line_of(path: Path, *words: str) -> int:
    """The first line of a file that holds one of ``words``, in their order; 1 where none does."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 1
    for word in words:
        for number, line in enumerate(lines, 1):
            if word in line:
                return number
    return 1
