"""New addons: a complete small one is written, which runs at once and is then changed into what is wanted."""

from __future__ import annotations

import builtins
import json
import keyword
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

from core.addons.manifest import CORE, NAME, RESERVED, Manifest
from core.errors import Conflict, GuanxiError, Invalid
from core.i18n import _, _l, add_catalogue, speaking
from core.kit.texts import Key, key_of, room_at, update

_TEMPLATE: Final = Path(__file__).parent / "template"
#: What a title must not hold: it is written into Python, TOML and catalogues as it is.
_UNFIT: Final = re.compile(r'["\\%{}$\x00-\x1f\x7f]')
_LONGEST: Final = 60
#: Names of classes the written files import, and the one they define beside the record.
_TAKEN_CLASSES: Final = frozenset(
    {"Action", "Actor", "All", "Any", "Batch", "Condition", "Gateway", "Mapped", "Mapping", "Owned", "Panel"}
    | {"Query", "Record", "Resource", "Section", "Sequence", "Service", "Session", "State", "Work"}
)


class FolderThere(Conflict):
    """There is something where the addon would be written."""

    code = "folder-there"
    message = _l("%(folder)s is there already. Choose another name, or take it away first.")


class NotWritten(GuanxiError):
    """The new addon does not run; it was taken away again."""

    code = "addon-not-written"
    message = _l("The new addon could not be finished, and nothing of it was kept: %(why)s")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to call a new addon."""

    name: str
    title: str
    title_zh: str
    author: str
    licence: str


@dataclass(frozen=True, slots=True)
class _Words:
    """What things are called in the new addon."""

    #: Of the resource and the table, and in addresses: ``visit``, ``visits``.
    record: str
    records: str
    klass: str
    #: As people read it.
    singular: str
    plural: str
    summary: str
    #: ``{English: Chinese}`` of the titles.
    chinese: Mapping[str, str]


def title_of(name: str) -> str:
    """What an addon may be called for want of a better title: ``sample_loans`` is “Sample loans”."""
    return name.replace("_", " ").capitalize()


def known_chinese(title: str, installed: Sequence[Manifest]) -> str:
    """What the catalogues say for ``title`` already; empty where they do not know it."""
    return known_texts(installed).get((None, title), "")


def check_name(name: str, taken: Collection[str]) -> None:
    """See that an addon may be called ``name``.

    Raises:
        Invalid: it is not the name of an addon, or is taken.
    """
    if not NAME.fullmatch(name):
        problem = _l("Use a letter, then letters, digits and _, 2 to 41 in all, lower case.")
    elif name in RESERVED or keyword.iskeyword(name):
        problem = _l("“%(name)s” is taken by the core. Choose another name.", name=name)
    elif name in taken:
        problem = _l("There is an addon “%(name)s” already. Choose another name.", name=name)
    else:
        return
    raise Invalid({"name": [problem]})


def write_addon(folder: Path, wish: Wish, installed: Sequence[Manifest]) -> Path:
    """Write a new addon below ``folder``: aside first, and in its place when it is whole.

    Args:
        folder: where addons lie; made where it is not there.
        wish: what it is called; see `check_name`.
        installed: the addons there are.

    Returns:
        The addon's own folder.

    Raises:
        Invalid: the name is not one of an addon, or a title cannot be written down.
        FolderThere: something lies there.
        NotWritten: it does not run.
    """
    check_name(wish.name, ())
    check_texts(wish)
    return write_whole(folder, wish.name, lambda place: _write_files(place, wish, _words(wish), installed))


def write_whole(folder: Path, name: str, write: Callable[[Path], None]) -> Path:
    """Have an addon written below ``folder``, its first revision added; see `write_addon`.

    Args:
        folder: where addons lie; made where it is not there.
        name: of the addon.
        write: writes its files into the folder it is given.
    """
    folder = folder.resolve()
    target = folder / name
    if target.exists():
        raise FolderThere(folder=target)
    made, aside = _make_folders(folder)
    try:
        place = aside / name
        write(place)
        _write_first_revision(aside, place, name)
        try:
            place.rename(target)
        except OSError:
            raise FolderThere(folder=target) from None
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        for each in made:
            each.rmdir()
        raise
    aside.rmdir()
    return target


def _make_folders(folder: Path) -> tuple[list[Path], Path]:
    """Make ``folder`` and a hidden one in it; gives what was missing, the innermost first, and that one."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return missing, Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    except OSError as error:
        raise NotWritten(why=f"{error.filename}: {error.strerror}") from error


def check_texts(wish: Wish) -> None:
    """See that titles, author and licence can be written down.

    Raises:
        Invalid: one of them cannot.
    """
    errors: dict[str, list[Any]] = {}
    for name in ("title", "title_zh", "author", "licence"):
        value = getattr(wish, name)
        if not 0 < len(value) <= _LONGEST or _UNFIT.search(value) or value != value.strip():
            errors[name.replace("_", "-")] = [
                _l('Use 1 to %(n)s characters on one line, and none of " \\ %% { } $.', n=_LONGEST)
            ]
    if errors:
        raise Invalid(errors)


def _words(wish: Wish) -> _Words:
    """Find the words for one record and for many; of “Loyalty” it is an entry."""
    chinese = {wish.title: wish.title_zh}

    def both(say: Callable[[str], str]) -> str:
        """The English of a text about the title; its Chinese is kept."""
        with speaking("en"):
            english = say(wish.title)
        with speaking("zh"):
            chinese[english] = say(wish.title_zh)
        return english

    add_catalogue(CORE.folder / "translations")
    summary = both(lambda title: _("%(title)s, from the first plan to the end", title=title))
    record = singular_of(wish.name)
    klass = "".join(part.capitalize() for part in record.split("_"))
    if not record or keyword.iskeyword(record) or klass in _TAKEN_CLASSES or hasattr(builtins, klass):
        singular = both(lambda title: _("%(title)s entry", title=title))
        plural = both(lambda title: _("%(title)s entries", title=title))
        return _Words("entry", "entries", "Entry", singular, plural, summary, chinese)
    *_head, last = wish.title.split(" ")
    one = singular_of(last)
    singular = wish.title.removesuffix(last) + one if one else title_of(record)
    plural = wish.title if one else title_of(wish.name)
    chinese |= {singular: wish.title_zh, plural: wish.title_zh}
    return _Words(record, wish.name, klass, singular, plural, summary, chinese)


def singular_of(word: str) -> str:
    """One of what an English plural names; empty for what does not look like one."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word.removesuffix("s")
    return ""


def _write_files(place: Path, wish: Wish, words: _Words, installed: Sequence[Manifest]) -> None:
    standing: dict[str, str] = json.loads((_TEMPLATE / "words.json").read_text(encoding="utf-8"))
    known = known_texts(installed)
    chinese = {text: known.get((None, text), own) for text, own in {**standing, **words.chinese}.items()}
    values = {
        "name": wish.name,
        "package": wish.name.replace("_", "-"),
        "title": wish.title,
        "author": wish.author,
        "licence": wish.licence,
        "record": words.record,
        "records": words.records,
        "klass": words.klass,
        "singular": words.singular,
        "plural": words.plural,
        "plural_zh": chinese[words.plural],
        "summary": words.summary,
        "too_early_zh": chinese["This day lies before the beginning."],
    }
    for source in sorted(_TEMPLATE.rglob("*.tmpl")):
        path = place / source.relative_to(_TEMPLATE).with_suffix("")
        path = path.with_name(path.name.replace("test_file", f"test_{wish.name}"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(source.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
    write_chinese(place, wish.name, {(None, text): own for text, own in chinese.items()})


def write_chinese(place: Path, name: str, chinese: Mapping[Key, str]) -> None:
    """Fill an addon's catalogue with all that is said and that the core does not say already."""
    room = room_at(place, name)
    update(room, room_at(CORE.folder, "core"))
    for book in room.books:
        for message in book.messages:
            message.string = chinese[key_of(message)]
        book.write()


def known_texts(installed: Sequence[Manifest]) -> dict[Key, str]:
    """All that is said in Chinese already; a word has one translation everywhere."""
    rooms = [*(room_at(each.folder, each.name) for each in installed), room_at(CORE.folder, "core")]
    return {key: text for room in rooms for key, text in room.translated.items()}


def _write_first_revision(aside: Path, place: Path, name: str) -> None:
    """Let a process of its own load the new addon and write its tables down: what it writes is true.

    Raises:
        NotWritten: the addon does not load, or there is no database to try it in.
    """
    folders = [*filter(None, os.environ.get("GUANXI_ADDONS_PATH", "").split(os.pathsep)), str(aside)]
    command = ["addon", "makemigration", name, "-m", f"create the tables of {name}"]
    done = subprocess.run(
        [sys.executable, "-c", "from core.cli import main; main()", *command],
        env={
            **os.environ,
            "GUANXI_ADDONS_PATH": os.pathsep.join(folders),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not any((place / "migrations").glob("*.py")):
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise NotWritten(why=(lines[-1] if lines else "").removeprefix("Error: ").replace(f"{aside}/", ""))
