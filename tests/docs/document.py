"""The fenced blocks of a document, as its examples."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(
    r"^```(?P<language>\w*)[ ]*(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, what stands behind it, its text, the line it begins in."""

    language: str
    #: The path of a file, say.
    rest: str
    text: str
    line: int


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of ``document``, in order."""
    content = document.read_text(encoding="utf-8")
    return [
        Block(match["language"], match["rest"], match["text"], content.count("\n", 0, match.start()) + 1)
        for match in _FENCE.finditer(content)
    ]


def command_lines(text: str) -> list[str]:
    """The commands of a shell block, lines that end in a backslash joined with the next."""
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
