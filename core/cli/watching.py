"""Which source files change while somebody writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

#: What matters to a program that runs, by the ends of names.
_WATCHED: Final = (".py", ".html", ".po", ".yaml", ".yml", "addon.toml")
_PASSED_OVER: Final = frozenset({"__pycache__", "node_modules", "static", "tests"})


class Watch:
    """Compares the files below some folders with how they were."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._known = self._stamps()

    def changes(self) -> list[Path]:
        """The files that differ from the last time."""
        now = self._stamps()
        found = sorted({path for path, _at in self._known.items() ^ now.items()})
        self._known = now
        return found

    def _stamps(self) -> dict[Path, int]:
        """When each file was changed: ``{path: nanoseconds}``."""
        found = {}
        for folder in self._folders:
            for place, folders, files in os.walk(folder):
                folders[:] = [name for name in folders if name not in _PASSED_OVER]
                for name in files:
                    if name.endswith(_WATCHED):
                        path = Path(place, name)
                        try:
                            found[path] = path.stat().st_mtime_ns
                        except OSError:  # an editor is just replacing it
                            continue
        return found
