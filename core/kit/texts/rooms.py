"""The core and each addon with their catalogues, and what is wrong between sources and catalogues."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from core.i18n import _
from core.kit.texts.catalogues import CATALOGUES, Book, Key, first, key_of
from core.kit.texts.problems import Problem
from core.kit.texts.sources import Said, files, said_in, templates
from core.kit.texts.unspoken import program_texts, template_texts

_PLACEHOLDER: Final = re.compile(r"%(?:\((?P<name>\w+)\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|[sdrf])")


@dataclass
class Room:
    """The core or an addon: what it says, and its catalogues."""

    name: str
    folder: Path
    books: list[Book] = field(default_factory=list)

    @cached_property
    def said(self) -> list[Said]:
        """Every text in its sources, in the order of files and lines."""
        return said_in(self.folder)

    @property
    def translated(self) -> dict[Key, str]:
        """What its catalogues say in Chinese."""
        return {
            key_of(message): first(message.string)
            for book in self.books
            for message in book.messages
            if first(message.string) and not message.fuzzy
        }

    def book_for(self, said: Said) -> Book:
        """The catalogue that a new text belongs into."""
        name = f"{self.name}.po"
        if self.name == "core":
            place = said.path.relative_to(self.folder).as_posix()
            if place == "config.py" or place.startswith("db/embedded/"):
                name = "setup.po"
            elif place.startswith(("web/templates/", "web/assets/")) or place == "web/words.py":
                name = "web.po"
            elif place.startswith("kit/") or place == "cli/addons.py":
                name = "kit.po"
        path = self.folder / CATALOGUES / name
        for book in self.books:
            if book.path == path:
                return book
        self.books.append(Book.read(path))
        return self.books[-1]


def room_at(folder: Path, name: str = "") -> Room:
    """The core or the addon in ``folder``, called ``name`` if not like the folder."""
    books = [Book.read(path) for path in sorted((folder / CATALOGUES).glob("*.po"))]
    return Room(name or folder.name, folder, books)


def problems_of(room: Room, core: Mapping[Key, str], *, data: Collection[Path] = ()) -> Iterator[Problem]:
    """What there is to complain about in one room.

    Args:
        room: the room.
        core: what the core's catalogues say, which every room may use.
        data: programs that hold Chinese as data, besides those that say so themselves.
    """
    yield from _untranslated(room, {**core, **room.translated})
    yield from _useless(room)
    for book in room.books:
        yield from _unfaithful(book)
    for path in files(room.folder, ".py"):
        yield from program_texts(path, is_data=path in data)
    for path in templates(room.folder):
        yield from template_texts(path)


def contradictions(found: Sequence[Room]) -> Iterator[Problem]:
    """All catalogues are joined into one, so a word has one translation; a context tells two apart."""
    known: dict[Key, tuple[str, Book]] = {}
    for book in (book for room in found for book in room.books):
        for message in book.messages:
            chinese = first(message.string)
            if not chinese:
                continue
            before, where = known.setdefault(key_of(message), (chinese, book))
            if before != chinese:
                sentence = _(
                    "“%(text)s” is “%(chinese)s” here and “%(before)s” in %(path)s; "
                    "give one of them a context (pgettext)",
                    text=first(message.id),
                    chinese=chinese,
                    before=before,
                    path=where.path,
                )
                yield Problem(book.path, book.line_of(message), sentence)


def update(room: Room, core: Room) -> int:
    """Put what a room says and has no entry into its catalogues, without a translation.

    Returns:
        How many texts were added.
    """
    added = 0
    known = {key_of(message) for book in (*core.books, *room.books) for message in book.messages}
    changed: dict[Path, Book] = {}
    for said in room.said:
        if said.key in known:
            continue
        known.add(said.key)
        book = changed.setdefault(room.book_for(said).path, room.book_for(said))
        book.catalogue.add((said.text, said.plural) if said.plural else said.text, context=said.context)
        added += 1
    for book in changed.values():
        book.write()
    return added


def prune(room: Room) -> int:
    """Take out of a room's catalogues what nobody says; gives how many texts that were."""
    taken = 0
    needed = {said.key for said in room.said}
    for book in room.books:
        useless = [message for message in book.messages if key_of(message) not in needed]
        for message in useless:
            book.catalogue.delete(first(message.id), message.context)
        if useless or book.catalogue.obsolete:
            book.catalogue.obsolete.clear()
            book.write()
        taken += len(useless)
    return taken


def _untranslated(room: Room, translated: Mapping[Key, str]) -> Iterator[Problem]:
    told = set()
    for said in room.said:
        if said.key not in translated and said.key not in told:
            told.add(said.key)
            shown = f"“{said.text}”" + (f" ({said.context})" if said.context else "")
            yield Problem(said.path, said.line, _("no Chinese for %(text)s", text=shown))


def _useless(room: Room) -> Iterator[Problem]:
    needed = {said.key for said in room.said}
    for book in room.books:
        for message in book.messages:
            if key_of(message) not in needed:
                sentence = _("nobody says “%(text)s” any more", text=first(message.id))
                yield Problem(book.path, book.line_of(message), sentence)
        for message in book.catalogue.obsolete.values():
            sentence = _("“%(text)s” is marked as obsolete: take it out", text=first(message.id))
            yield Problem(book.path, 1, sentence)


def _unfaithful(book: Book) -> Iterator[Problem]:
    for message in book.messages:
        english, chinese = message.id, first(message.string)
        if message.fuzzy:
            sentence = _("the Chinese for “%(text)s” is a guess (fuzzy)", text=first(english))
            yield Problem(book.path, book.line_of(message), sentence)
        if not chinese:
            continue
        wanted = _placeholders(english if isinstance(english, str) else english[-1])
        if _placeholders(chinese) != wanted:
            sentence = _(
                "the placeholders of “%(text)s” are %(names)s; “%(chinese)s” has others",
                text=first(english),
                names=", ".join(sorted(wanted)) or "none",
                chinese=chinese,
            )
            yield Problem(book.path, book.line_of(message), sentence)


def _placeholders(text: str) -> set[str]:
    return {match.group() for match in _PLACEHOLDER.finditer(text.replace("%%", ""))}
