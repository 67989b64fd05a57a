"""Writing a new addon: what it is called, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from core.addons.discovery import discover
from core.cli import addons as commands
from core.cli.group import Work, cli
from core.i18n import add_catalogue
from core.kernel import OWN_ADDONS
from core.kit import scaffold
from core.kit.scaffold import Wish
from tests.core.kit.conftest import Guanxi

ROOT = OWN_ADDONS.parent


@pytest.fixture
def new(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """Runs ``guanxi addon new`` in this process, for what is refused before anything is loaded."""
    environ = {"LC_ALL": "C.UTF-8", "GUANXI_DATA": str(tmp_path_factory.mktemp("data"))}

    def run(*words: str, **more: str) -> Result:
        return CliRunner().invoke(cli, ["addon", "new", *words], env={**environ, **more})

    return run


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_new_addon_has_every_room(written: Path) -> None:
    assert _files(written) == {
        "README.md",
        "pyproject.toml",
        "__init__.py",
        "addon.toml",
        "hooks.py",
        "jobs.py",
        "migrations/0001_create_the_tables_of_visits.py",
        "models.py",
        "permissions.py",
        "resources.py",
        "services.py",
        "tests/test_visits.py",
        "translations/zh/LC_MESSAGES/visits.po",
    }
    assert _files(written.parent) == {f"visits/{name}" for name in _files(written)}
    assert 'author = "Ada"\nlicence = "Apache-2.0"' in (written / "addon.toml").read_text()


def _in_style(folder: Path) -> None:
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        options = [*command, "--config", str(ROOT / "pyproject.toml"), str(folder)]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *options], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout


def test_a_new_addon_is_in_our_style(written: Path) -> None:
    _in_style(written)


@pytest.mark.parametrize(
    ("name", "title", "record", "singular", "plural"),
    [
        ("visits", "Customer visits", "visit", "Customer visit", "Customer visits"),
        ("visits", "Planning", "visit", "Visit", "Visits"),
        ("hobbies", "Hobbies", "hobby", "Hobby", "Hobbies"),
        ("loyalty", "Loyalty", "entry", "Loyalty entry", "Loyalty entries"),
        ("classes", "Classes", "entry", "Classes entry", "Classes entries"),
        ("services", "Services", "entry", "Services entry", "Services entries"),
        ("exceptions", "Exceptions", "entry", "Exceptions entry", "Exceptions entries"),
        ("glass", "Glass", "entry", "Glass entry", "Glass entries"),
        ("a" * 20 + "_" + "b" * 19 + "s", "Long", "a" * 20 + "_" + "b" * 19, "", ""),
    ],
)
def test_one_and_many_have_names(
    name: str, title: str, record: str, singular: str, plural: str, tmp_path: Path
) -> None:
    wish = Wish(name, title, "中文", "Ada", "MIT")
    words = scaffold._words(wish)
    assert words.record == record
    assert not singular or (words.singular, words.plural) == (singular, plural)
    assert all("中文" in words.chinese[each] for each in (title, words.singular, words.plural, words.summary))
    scaffold._write_files(tmp_path / name, wish, words, [])
    _in_style(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Visits", "lower case"),
        ("my-visits", "lower case"),
        ("1st", "lower case"),
        ("v", "2 to 41"),
        ("v" * 42, "2 to 41"),
        ("core", "“core” is taken by the core"),
        ("jobs", "“jobs” is taken by the core"),
        ("class", "“class” is taken by the core"),
        ("customer", "There is an addon “customer” already"),
        ("../visits", "lower case"),
    ],
)
def test_a_bad_name_is_refused_before_anything_is_asked(
    new: Callable[..., Result], name: str, why: str, tmp_path: Path
) -> None:
    done = new(name, "--folder", str(tmp_path / "x"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: name: ")
    assert why in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--title", "--title-zh", "--author", "--licence"])
@pytest.mark.parametrize("value", ['Say "so"', "two\nlines", "100 %", "x" * 61, " blank", "{x}", "$x"])
def test_what_cannot_be_written_down_is_refused(
    new: Callable[..., Result], option: str, value: str, tmp_path: Path
) -> None:
    done = new("visits", "--folder", str(tmp_path / "x"), option, value)
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"{option[2:]}: Use 1 to 60 characters on one line" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_lies_there_is_not_touched(new: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "visits").mkdir()
    done = new("visits", "--into", str(tmp_path))
    assert done.exit_code == 1
    assert f"{tmp_path / 'visits'} is there already." in done.stderr
    assert _files(tmp_path) == set()


def test_nothing_is_left_where_it_cannot_be_finished(guanxi: Guanxi, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "broken").mkdir()
    (tmp_path / "there" / "broken" / "addon.toml").write_text("[")
    done = guanxi("addon", "new", "broken", "--folder", str(tmp_path / "a" / "b"), addons=tmp_path / "there")
    assert done.returncode == 1
    assert "There is an addon “broken” already" in done.stderr
    assert not (tmp_path / "a").exists()


def test_without_a_database_nothing_is_left(new: Callable[..., Result], tmp_path: Path) -> None:
    dead = "postgresql://nobody@127.0.0.1:1/nothing"
    environ = {"GUANXI_DATABASE_URL": dead, "GUANXI_OWNER_DATABASE_URL": dead}
    done = new("visits", "--folder", str(tmp_path / "a" / "b"), **environ)
    assert done.exit_code == 1
    assert "nothing of it was kept: The database cannot be reached" in done.stderr
    assert not (tmp_path / "a").exists()


def test_at_a_terminal_it_asks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def answer(question: str, default: str) -> str:
        asked.append((question, default))
        return default

    def write(folder: Path, wish: Wish, installed: object) -> Path:
        wishes.append(wish)
        return folder / wish.name

    wishes: list[Wish] = []
    monkeypatch.setenv("GUANXI_DATA", str(tmp_path))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", answer)
    monkeypatch.setattr(commands, "write_addon", write)
    monkeypatch.setattr(commands, "_user", lambda: "Ada")
    new = commands.new.callback
    assert new is not None
    with click.Context(cli) as context:
        context.obj = Work()
        new("sample_loans", tmp_path, None, None, None, "MIT")
    assert asked == [
        ("Title in English", "Sample loans"),
        ("Title in Chinese", "Sample loans"),
        ("Author", "Ada"),
    ]
    assert wishes == [Wish("sample_loans", "Sample loans", "Sample loans", "Ada", "MIT")]


def test_a_title_that_is_known_keeps_its_chinese(tmp_path: Path) -> None:
    add_catalogue(ROOT / "core" / "translations")
    installed = discover([OWN_ADDONS]).manifests
    assert scaffold.known_chinese("Contacts", installed) == "联系人"
    wish = Wish("contacts_plus", "Contacts", "别的", "Ada", "MIT")
    scaffold._write_files(tmp_path / "x", wish, scaffold._words(wish), installed)
    written = (tmp_path / "x" / "translations/zh/LC_MESSAGES/contacts_plus.po").read_text(encoding="utf-8")
    assert 'msgid "Contacts"\nmsgstr "联系人"' in written


def test_every_word_of_the_template_has_chinese() -> None:
    words = json.loads((ROOT / "core/kit/template/words.json").read_text(encoding="utf-8"))
    assert words
    assert all(any("㐀" <= letter <= "鿿" for letter in chinese) for chinese in words.values())
