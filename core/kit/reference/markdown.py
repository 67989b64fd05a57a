"""Words and tables as Markdown, with nothing in them that Markdown would take for its own."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>|#$~])")
#: What a docstring marks as a name of the program, in one backtick or in two.
_CODE: Final = re.compile(r"(``.+?``|`[^`]+`)")
_PART: Final = re.compile(r"(Args|Returns|Raises|Yields):\Z")


def plain(text: Any) -> str:
    """A text as it is, on one line."""
    return _escaped(" ".join(str(text).split()))


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def code(text: Any) -> str:
    """A name of the program; nothing for an empty one."""
    shown = " ".join(str(text).split()).replace("|", "\\|")
    return f"`{shown}`" if shown else ""


def codes(names: Iterable[Any]) -> str:
    """Several names of the program."""
    return ", ".join(filter(None, map(code, names)))


def prose(text: str) -> str:
    """A sentence of a docstring: names of the program stay marked, everything else is plain."""
    pieces = _CODE.split(" ".join(text.split()))
    return "".join(code(each.strip("`")) if _CODE.fullmatch(each) else _escaped(each) for each in pieces)


def docstring(documentation: str | None) -> Iterator[str]:
    """The paragraphs of a docstring; what stands below ``Args:`` and its like becomes a list."""
    for paragraph in inspect.cleandoc(documentation or "").split("\n\n"):
        first, *rest = paragraph.splitlines() or [""]
        if _PART.fullmatch(first):
            yield f"**{first[:-1]}**"
            yield "\n".join(f"- {prose(each)}" for each in _items(rest))
        elif paragraph:
            yield prose(paragraph)


def _items(lines: Sequence[str]) -> Iterator[str]:
    """The entries of a list whose lines go on further to the right."""
    found: list[str] = []
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    for line in lines:
        if line[margin:].startswith(" ") and found:
            found[-1] += f" {line.strip()}"
        else:
            found.append(line.strip())
    return iter(found)


def table(headings: Sequence[Any], rows: Iterable[Sequence[str]]) -> str:
    """A table of ready cells; nothing where there are no rows."""
    lines = [f"| {' | '.join(cell or ' ' for cell in row)} |" for row in rows]
    if not lines:
        return ""
    head = [f"| {' | '.join(plain(each) for each in headings)} |", f"|{' --- |' * len(headings)}"]
    return "\n".join([*head, *lines])


def fence(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.strip()}\n```"


def page(title: Any, *parts: str) -> str:
    """A page of its parts, those that are empty left out."""
    return "\n\n".join([f"# {plain(title)}", *filter(None, parts)]) + "\n"
