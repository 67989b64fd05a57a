"""What an answer says to whoever reads it, without the markup it is written in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

#: Attributes that are read, shown or followed.
_READ: Final = frozenset(
    {"alt", "aria-label", "content", "data-title", "data-url", "href", "placeholder", "src", "title", "value"}
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [
            value for name, value in attrs if value and (name in _READ or name.startswith(("hx-", "data-")))
        ]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def said_in(media_type: str, body: str) -> str:
    """The texts of a page or a document, one a line.

    Args:
        media_type: of the answer, ``text/html``.
        body: of the answer.
    """
    if media_type.endswith("json"):
        return "\n".join(_values(json.loads(body)))
    if media_type == "text/html":
        reader = _Reader()
        reader.feed(body)
        return "\n".join(reader.said)
    return body


def _values(data: Any) -> Iterator[str]:
    """All texts of a document, and of its keys those that are names of something: ``core.user``."""
    if isinstance(data, dict):
        for key, value in data.items():
            if not key.isidentifier():
                yield key
            yield from _values(value)
    elif isinstance(data, list):
        for each in data:
            yield from _values(each)
    elif isinstance(data, str):
        yield data
