"""The tutorial: its commands are given and its changes made, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.db.urls import Urls
from tests.docs.document import ROOT, Block, blocks

pytestmark = pytest.mark.slow

TUTORIAL = ROOT / "docs" / "tutorial.md"
#: Stands in the page for what differs from one time to the next, lines included.
ANY = "…"


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ

    def follow(self, block: Block) -> None:
        """Give the commands of a block, or make its change."""
        if block.language == "console":
            self._give(block)
            return
        path = self.folder / "my-addons" / block.rest
        text = path.read_text(encoding="utf-8")
        if block.language == "diff":
            text = changed(text, block)
        else:  # what is new stands at the end
            text = f"{text.rstrip()}\n{'' if block.text.startswith(chr(10)) else chr(10)}{block.text}"
        path.write_text(text, encoding="utf-8")

    def _give(self, block: Block) -> None:
        for entry in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _newline, expected = entry.partition("\n")
            if command.startswith("export "):
                name, _equals, value = command.removeprefix("export ").partition("=")
                self.environ[name] = value.replace("$PWD", str(self.folder))
                continue
            done = subprocess.run(
                command, shell=True, cwd=self.folder, env=self.environ, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
            where = f"tutorial.md:{block.line}: {command}\n{done.stdout}"
            assert fits(expected, done.stdout), where


def fits(expected: str, said: str) -> bool:
    """Whether a command answered what the page shows."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split(ANY))
    return re.fullmatch(pattern, said.strip(), re.DOTALL) is not None


def changed(text: str, block: Block) -> str:
    """A file after the change of a block; each part must find its place, and only one."""
    for part in re.split(r"^@@\n", block.text, flags=re.MULTILINE):
        lines = part.splitlines(keepends=True)
        assert all(line[0] in " +-\n" for line in lines), f"tutorial.md:{block.line}"
        before = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        assert text.count(before) == 1, f"tutorial.md:{block.line}: {text.count(before)} places for\n{before}"
        text = text.replace(before, after)
    return text


def test_whoever_follows_the_tutorial_has_the_addon(own_database: Urls, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUANXI_", "PYTEST_"))}
    environ = {
        **kept,
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), kept.get("PYTHONPATH", "")]),
        "GUANXI_DATA": str(tmp_path / "data"),
        "GUANXI_DATABASE_URL": own_database.app,
        "GUANXI_OWNER_DATABASE_URL": own_database.require_owner(),
    }
    reader = Reader(tmp_path, environ)
    steps = [each for each in blocks(TUTORIAL) if each.language != "toctree"]
    for step in steps:
        reader.follow(step)
    assert {each.language for each in steps} == {"console", "diff", "po", "python"}
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        options = [
            *command,
            "--config",
            str(ROOT / "pyproject.toml"),
            str(tmp_path / "my-addons" / "bookings"),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *options], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("expected", "said", "is_right"),
    [
        ("All is well.", "All is well.\n", True),
        ("…is well.", "Nearly all\nis well.", True),
        ("All is well.", "All is lost.", False),
        ("…Error: …", "name\nLotus\n", False),
        ("", "anything", False),
    ],
)
def test_an_answer_is_compared(expected: str, said: str, is_right: bool) -> None:
    assert fits(expected, said) is is_right
