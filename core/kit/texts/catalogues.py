"""Catalogue files: read, looked through, written so that a change shows only itself."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

#: Where the Chinese of a room lies in its folder.
CATALOGUES: Final = Path("translations/zh/LC_MESSAGES")

#: A text as gettext tells texts apart: context and English.
Key = tuple[str | None, str]


@dataclass(slots=True)
class Book:
    """One catalogue file."""

    path: Path
    catalogue: Catalog

    @classmethod
    def read(cls, path: Path) -> Book:
        """Read a catalogue; one that is not there yet is empty."""
        if not path.exists():
            return cls(path, Catalog(locale="zh"))
        with path.open("rb") as source:
            return cls(path, read_po(source, locale="zh", abort_invalid=True))

    @property
    def messages(self) -> Iterator[Message]:
        """Its texts, without the header."""
        return (message for message in self.catalogue if message.id)

    def line_of(self, message: Message) -> int:
        """Where a text begins in the file; 1 where it is wrapped beyond recognition."""
        return self._lines.get(key_of(message)[1], 1)

    @property
    def _lines(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith('msgid "'):
                found.setdefault(ast.literal_eval(line.removeprefix("msgid ")), number)
        return found

    def write(self) -> None:
        """Write it sorted, without dates and line numbers, so that a change shows only itself."""
        head = "".join(
            f"{line}\n" for line in self._comment() if line.startswith("#") and "fuzzy" not in line
        )
        head += 'msgid ""\nmsgstr ""\n'
        for part in (
            "Language: zh",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=UTF-8",
            "Content-Transfer-Encoding: 8bit",
            "Plural-Forms: nplurals=1; plural=0;",
        ):
            head += f'"{part}\\n"\n'
        written = io.BytesIO()
        write_po(written, self.catalogue, width=110, no_location=True, omit_header=True, sort_output=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(f"{head}\n{written.getvalue().decode().strip()}\n", encoding="utf-8")

    def _comment(self) -> Iterator[str]:
        """The lines before the header."""
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                if not line.startswith("#"):
                    return
                yield line


def key_of(message: Message) -> Key:
    """What gettext looks an entry up by."""
    return message.context, first(message.id)


def first(text: Any) -> str:
    """The singular of a text that may have several forms."""
    return str(text if isinstance(text, str) else text[0])
