"""What an addon is called and says: the words that must not be heard where it is off."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from babel.messages.pofile import read_po

from core.kernel import Kernel

#: Shorter words are found by chance.
_SHORTEST: Final = {True: 4, False: 2}
_PLACEHOLDER: Final = re.compile(r"%\(\w+\)s")


class Words:
    """The words of some addons, in both languages, as far as nobody else says them."""

    def __init__(self, words: Collection[str]) -> None:
        self._words = {word.lower(): word for word in words}
        plain = sorted(filter(str.isascii, self._words), key=len, reverse=True)
        other = sorted(self._words.keys() - set(plain), key=len, reverse=True)
        alternatives = [*map(re.escape, other)]
        if plain:
            alternatives.append(rf"(?<!\w)(?:{'|'.join(map(re.escape, plain))})(?!\w)")
        self._pattern = re.compile("|".join(alternatives)) if alternatives else None

    def __len__(self) -> int:
        return len(self._words)

    def heard_in(self, text: str) -> list[str]:
        """Which of them a page or a document says."""
        if self._pattern is None:
            return []
        return sorted({each.group() for each in self._pattern.finditer(text.lower())})


def words_of(kernel: Kernel, addons: Collection[str]) -> Words:
    """The names and texts of ``addons`` that neither the core nor any other addon uses."""
    others = [name for name in kernel.catalogue.addons if name not in addons]
    said = "\n".join(text for name in others for text in _texts(kernel, name)).lower()
    found = set()
    for name in addons:
        for text in _texts(kernel, name):
            word = text.strip()
            is_long = len(word) >= _SHORTEST[word.isascii()]
            if is_long and "\n" not in word and word.lower() not in said:
                found.add(word)
    return Words(found)


def _texts(kernel: Kernel, name: str) -> Iterator[str]:
    """Everything an addon says in its catalogues, and every name it has in a registry."""
    addon = kernel.catalogue.addons[name]
    for path in (addon.folder / "translations").glob("*/LC_MESSAGES/*.po"):
        with path.open("rb") as source:
            messages = [message for message in read_po(source) if message.id]
        for message in messages:
            for text in (message.id, message.string):
                for each in (text,) if isinstance(text, str) else tuple(text or ()):
                    yield _PLACEHOLDER.sub("", each)
    for resource in kernel.resources:
        if resource.addon == name:
            yield from (resource.name, f"/{resource.path}", resource.table.name)
    yield from (kind.name for kind in kernel.jobs if kind.addon == name)
    yield from (channel.name for channel in kernel.channels if channel.addon == name)
    yield from (item.url for _group, item in kernel.menu.of(name) if item.url)
    if name != "core":
        yield from (str(addon.title), str(addon.summary))
