"""See that everything Guanxi says, it says in both languages.

    python -m tools.check_texts                     complain, exit 1 when there is something to complain about
    python -m tools.check_texts --update [ROOM ...] put missing texts into the catalogues, to be translated
    python -m tools.check_texts --prune [ROOM ...]  take texts nobody says any more out of them

A room is the core or an addon, with catalogues of its own in ``translations/zh/LC_MESSAGES``. What an
addon says may also stand in the core's catalogues. English is written in the sources, so there is no
catalogue of it.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

from core.addons.hookspecs import first_sentence

ROOT: Final = Path(__file__).resolve().parents[1]
CATALOGUES: Final = Path("translations/zh/LC_MESSAGES")

#: What each argument is, of the functions of `core.i18n` that translate.
_PYTHON_WORDS: Final = {
    "_": ("text",),
    "_l": ("text",),
    "gettext": ("text",),
    "lazy_gettext": ("text",),
    "ngettext": ("text", "plural"),
    "pgettext": ("context", "text"),
    "lazy_pgettext": ("context", "text"),
    "_p": ("context", "text"),
    "_lp": ("context", "text"),
}
#: The same for templates and scripts, as Babel writes it down.
_TEMPLATE_WORDS: Final[dict[str, Any]] = {
    "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
}  # fmt: skip
_SCRIPT_WORDS: Final[dict[str, Any]] = {"t": None}

#: Python that holds Chinese as data: what people type, what examples show.
_CHINESE_DATA: Final = frozenset(
    {
        "addons/customer/cards/addresses.py",  # places as they stand on cards
        "addons/customer/cards/reading.py",
        "addons/customer/cards/words.py",
        "core/cli/serve.py",  # the name of the demo company
        "core/demo.py",
        "core/resources/cells.py",  # dates and yes or no as spreadsheets have them
        "core/resources/openapi/kinds.py",  # examples of values
        "core/resources/values.py",  # yes or no, extensions of telephone numbers
        "core/resources/written/cells.py",  # what people write: yes and no
        "core/resources/written/days.py",
        "core/resources/written/numbers.py",
        "core/search/names.py",  # legal forms of companies
        "core/search/text.py",  # family names that are read in a way of their own
    }
)
#: The same by name, wherever they lie.
_DATA_FILES: Final = ("samples.py", "sample_data.py", "sample_leads.py", "synonyms.py")
#: Words on a page that are the same in every language, or stand there in their own.
_PROPER: Final = frozenset(
    {"Guanxi", "关系", "English", "EN", "中文", "中", "文", "API", "CSV", "OpenAPI", "ID"}
)
#: Attributes of elements that people read or hear.
_SPOKEN_ATTRIBUTES: Final = frozenset({"alt", "aria-description", "aria-label", "placeholder", "title"})

_CHINESE: Final = re.compile(r"[㐀-鿿]")
_WORD: Final = re.compile(r"[A-Za-z]{2,}|[㐀-鿿]+")
_ATTRIBUTE: Final = re.compile(r'[\w:-]+="[^"]*"?')
_SENTENCE: Final = re.compile(r"[A-Z][a-z]+(?:[ ,.…?!:]|$)")
_PLACEHOLDER: Final = re.compile(r"%(?:\((?P<name>\w+)\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|[sdrf])")

#: A text as gettext tells texts apart: context and English.
Key = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Said:
    """A text somewhere in the sources."""

    path: Path
    line: int
    text: str
    plural: str | None = None
    context: str | None = None

    @property
    def key(self) -> Key:
        """What gettext looks up."""
        return self.context, self.text


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend, and where."""

    path: Path
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{_relative(self.path)}:{self.line}: {self.sentence}"


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
        return self._lines.get(_key_of(message)[1], 1)

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


@dataclass
class Room:
    """The core or an addon: what it says, and its catalogues."""

    name: str
    folder: Path
    books: list[Book] = field(default_factory=list)

    @cached_property
    def said(self) -> list[Said]:
        """Every text in its sources, in the order of files and lines."""
        found = list(_manifest(self.folder))
        for path in _files(self.folder, ".py"):
            found += _program_texts(path)
        for path in _templates(self.folder):
            found += _extract("jinja2.ext:babel_extract", path, _TEMPLATE_WORDS)
        for path in _files(self.folder, ".js"):
            found += _extract("javascript", path, _SCRIPT_WORDS)
        return found

    @property
    def translated(self) -> dict[Key, str]:
        """What its catalogues say in Chinese."""
        return {
            _key_of(message): _first(message.string)
            for book in self.books
            for message in book.messages
            if _first(message.string) and not message.fuzzy
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
        path = self.folder / CATALOGUES / name
        for book in self.books:
            if book.path == path:
                return book
        self.books.append(Book.read(path))
        return self.books[-1]


def rooms(root: Path = ROOT) -> list[Room]:
    """The core, then the addons by name."""
    folders = [root / "core"]
    folders += sorted(path.parent for path in (root / "addons").glob("*/addon.toml"))
    return [
        Room(
            folder.name,
            folder,
            [Book.read(path) for path in sorted((folder / CATALOGUES).glob("*.po"))],
        )
        for folder in folders
    ]


def problems(root: Path = ROOT) -> list[Problem]:
    """Everything there is to complain about in the sources below ``root``."""
    found = rooms(root)
    core = found[0].translated
    complaints: list[Problem] = []
    for room in found:
        complaints += _untranslated(room, {**core, **room.translated})
        complaints += _useless(room)
        for book in room.books:
            complaints += _unfaithful(book)
        complaints += _unspoken(room, root)
    complaints += _contradictions(found)
    return complaints


def _untranslated(room: Room, translated: dict[Key, str]) -> Iterator[Problem]:
    told = set()
    for said in room.said:
        if said.key not in translated and said.key not in told:
            told.add(said.key)
            yield Problem(said.path, said.line, f"no Chinese for {_shown(said)}")


def _useless(room: Room) -> Iterator[Problem]:
    needed = {said.key for said in room.said}
    for book in room.books:
        for message in book.messages:
            if _key_of(message) not in needed:
                yield Problem(
                    book.path, book.line_of(message), f"nobody says “{_first(message.id)}” any more"
                )
        for message in book.catalogue.obsolete.values():
            yield Problem(book.path, 1, f"“{_first(message.id)}” is marked as obsolete: take it out")


def _unfaithful(book: Book) -> Iterator[Problem]:
    for message in book.messages:
        english, chinese = message.id, _first(message.string)
        if message.fuzzy:
            yield Problem(
                book.path, book.line_of(message), f"the Chinese for “{_first(english)}” is a guess (fuzzy)"
            )
        if not chinese:
            continue
        wanted = _placeholders(english if isinstance(english, str) else english[-1])
        if _placeholders(chinese) != wanted:
            names = ", ".join(sorted(wanted)) or "none"
            sentence = f"the placeholders of “{_first(english)}” are {names}; “{chinese}” has others"
            yield Problem(book.path, book.line_of(message), sentence)


def _contradictions(found: Sequence[Room]) -> Iterator[Problem]:
    """All catalogues are joined into one, so a word has one translation; a context tells two apart."""
    first: dict[Key, tuple[str, Book]] = {}
    for book in (book for room in found for book in room.books):
        for message in book.messages:
            chinese = _first(message.string)
            if not chinese:
                continue
            before, where = first.setdefault(_key_of(message), (chinese, book))
            if before != chinese:
                sentence = (
                    f"“{_first(message.id)}” is “{chinese}” here and “{before}” in "
                    f"{_relative(where.path)}; give one of them a context (pgettext)"
                )
                yield Problem(book.path, book.line_of(message), sentence)


def _unspoken(room: Room, root: Path) -> Iterator[Problem]:
    """Texts in the sources that pass by the catalogues."""
    for path in _files(room.folder, ".py"):
        place = path.relative_to(root).as_posix()
        yield from _python_texts(path, is_data=place in _CHINESE_DATA or path.name in _DATA_FILES)
    for path in _templates(room.folder):
        yield from template_texts(path)


def _python_texts(path: Path, *, is_data: bool) -> Iterator[Problem]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explained = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := _called(node)) in _PYTHON_WORDS:
            for argument in node.args[: len(_PYTHON_WORDS[name])]:
                if isinstance(argument, ast.JoinedStr | ast.BinOp | ast.IfExp | ast.BoolOp):
                    yield Problem(path, node.lineno, f"{name}() takes a text as it is, not a composed one")
        if is_data or not isinstance(node, ast.Constant) or id(node) in explained:
            continue
        if isinstance(node.value, str) and _CHINESE.search(node.value):
            yield Problem(path, node.lineno, f"Chinese in the program: “{node.value[:40]}”")


def template_texts(path: Path) -> Iterator[Problem]:
    """Words in a template that reach the page without passing ``_()``."""
    source = path.read_text(encoding="utf-8")
    bare, literals = _take_apart(source)
    for line, text in [*_Texts.read(bare), *literals]:
        words = [word for word in _WORD.findall(text) if word not in _PROPER]
        if words:
            yield Problem(path, line, f"“{text.strip()[:60]}” is not wrapped in _()")


def _take_apart(source: str) -> tuple[str, list[tuple[int, str]]]:
    """Split a template.

    Returns:
        The markup with expressions and tags taken out (their line ends kept), and the English
        sentences in expressions that stand outside of ``_()``: ``(line, text)``.
    """
    bare: list[str] = []
    literals: list[tuple[int, str]] = []
    #: Of each open bracket, whether it belongs to a call that translates.
    brackets: list[bool] = []
    name = ""
    for line, kind, value in Environment(autoescape=True).lex(source):
        bare.append(value if kind == "data" else "\n" * value.count("\n"))
        if kind == "string" and not any(brackets) and _SENTENCE.match(ast.literal_eval(value)):
            literals.append((line, ast.literal_eval(value)))
        elif kind == "operator" and value in "([{":
            brackets.append(value == "(" and name in _TEMPLATE_WORDS)
        elif kind == "operator" and value in ")]}" and brackets:
            brackets.pop()
        if kind != "whitespace":
            name = value if kind == "name" else ""
    return "".join(bare), literals


class _Texts(HTMLParser):
    """Collects what of a page's markup people read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._silent = 0

    @classmethod
    def read(cls, markup: str) -> list[tuple[int, str]]:
        """The texts in ``markup`` with their lines."""
        parser = cls()
        parser.feed(markup)
        parser.close()
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take its spoken attributes."""
        self._silent += tag in ("script", "style", "kbd", "code")
        for name, value in attrs:
            if name in _SPOKEN_ATTRIBUTES and value:
                self.found.append((self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        """Speak again after a script."""
        self._silent -= tag in ("script", "style", "kbd", "code")

    def handle_data(self, data: str) -> None:
        """Take a text; what a macro writes as attributes of somebody's element is none."""
        data = _ATTRIBUTE.sub("", data)
        if not self._silent and data.strip():
            line = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
            self.found.append((line, data))


def update(names: Iterable[str], root: Path = ROOT) -> int:
    """Put what is said and has no entry into the catalogues, without a translation.

    Args:
        names: of rooms; none means all.
        root: of the sources.

    Returns:
        How many texts were added.
    """
    found = rooms(root)
    core = {_key_of(message) for book in found[0].books for message in book.messages}
    wanted, added = set(names), 0
    for room in found:
        if wanted and room.name not in wanted:
            continue
        known = core | {_key_of(message) for book in room.books for message in book.messages}
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


def prune(names: Iterable[str], root: Path = ROOT) -> int:
    """Take out of the catalogues what nobody says; gives how many texts that were."""
    wanted, taken = set(names), 0
    for room in rooms(root):
        if wanted and room.name not in wanted:
            continue
        needed = {said.key for said in room.said}
        for book in room.books:
            useless = [message for message in book.messages if _key_of(message) not in needed]
            for message in useless:
                book.catalogue.delete(_first(message.id), message.context)
            if useless or book.catalogue.obsolete:
                book.catalogue.obsolete.clear()
                book.write()
            taken += len(useless)
    return taken


def _manifest(folder: Path) -> Iterator[Said]:
    """What an addon is called, in its ``addon.toml``."""
    path = folder / "addon.toml"
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines()
        data = tomllib.loads("\n".join(lines))
        for key in ("title", "summary"):
            line = next((number for number, line in enumerate(lines, 1) if line.startswith(key)), 1)
            if data.get(key):
                yield Said(path, line, data[key])


def _program_texts(path: Path) -> Iterator[Said]:
    """The texts in a program; one in a variable is looked up where it was written down."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    yield from _hooks(path, nodes)
    calls = [node for node in nodes if isinstance(node, ast.Call) and _called(node) in _PYTHON_WORDS]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        parts = {
            meaning: argument.value
            for meaning, argument in zip(_PYTHON_WORDS[_called(call)], call.args, strict=False)
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        }
        if parts.get("text") and len(parts) == len(_PYTHON_WORDS[_called(call)]):
            yield Said(path, call.lineno, parts["text"], parts.get("plural"), parts.get("context"))


def _hooks(path: Path, nodes: Iterable[ast.AST]) -> Iterator[Said]:
    """What hooks are for: the first sentences of their specifications, which the hook explorer shows."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(each, ast.Name) and each.id == "hookspec" for each in node.decorator_list
        ):
            sentence = first_sentence(ast.get_docstring(node))
            if sentence:
                yield Said(path, node.lineno, sentence)


def _called(call: ast.Call) -> str:
    """The name of the function a call is of, ``""`` when it has none."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _extract(method: str, path: Path, keywords: dict[str, Any]) -> Iterator[Said]:
    options = {"trimmed": "true"} if "jinja" in method else {"encoding": "utf-8"}
    with path.open("rb") as source:
        for line, text, _comments, context in extract(method, source, keywords, (), options):
            single, plural = (text, None) if isinstance(text, str) else (text[0], text[1])
            if single:
                yield Said(path, line, single, plural, context)


def _files(folder: Path, ending: str) -> list[Path]:
    """The sources below a room; migrations, built files and tests say nothing."""
    skipped = {"migrations", "dist", "testing", "tests", "__pycache__", "node_modules"}
    return sorted(
        path
        for path in folder.rglob(f"*{ending}")
        if not skipped & set(path.relative_to(folder).parts) and not path.name.endswith(".min.js")
    )


def _templates(folder: Path) -> list[Path]:
    return [path for path in _files(folder, ".html") if "templates" in path.parts]


def _key_of(message: Message) -> Key:
    return message.context, _first(message.id)


def _first(text: Any) -> str:
    """The singular of a text that may have several forms."""
    return str(text if isinstance(text, str) else text[0])


def _placeholders(text: str) -> set[str]:
    return {match.group() for match in _PLACEHOLDER.finditer(text.replace("%%", ""))}


def _shown(said: Said) -> str:
    return f"“{said.text}”" + (f" ({said.context})" if said.context else "")


def _relative(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tools.check_texts", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--update", nargs="*", metavar="ROOM", help="add missing texts; all rooms if none is named"
    )
    parser.add_argument("--prune", nargs="*", metavar="ROOM", help="take out texts nobody says")
    chosen = parser.parse_args(arguments)
    if chosen.prune is not None:
        print(f"{prune(chosen.prune)} texts taken out")
    if chosen.update is not None:
        print(f"{update(chosen.update)} texts added")
    if chosen.update is not None or chosen.prune is not None:
        return 0
    found = problems()
    counts: dict[Path, int] = defaultdict(int)
    for problem in found:
        counts[problem.path] += 1
        print(problem)
    if found:
        print(f"{len(found)} problems in {len(counts)} files", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
