"""What the documents name is there: commands and their options, files, variables, tables of decisions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.cli.group import cli
from core.config import VARIABLES
from tests.docs.document import DOCUMENTS, ROOT, blocks, command_lines

_LINK = re.compile(r"\]\((?!https?:|#|mailto:)(?P<target>[^)#\s]+)")
_VARIABLE = re.compile(r"GUANXI_[A-Z]+(?:_[A-Z]+)*")


def _commands() -> Iterator[tuple[str, list[str]]]:
    """``(place, words)`` of each ``guanxi`` in a shell block, its pipes and redirections cut off."""
    for document in DOCUMENTS:
        for block in blocks(document):
            for line in command_lines(block.text) if block.language == "sh" else ():
                for piece in re.split(r" \| | && ", line):
                    words = shlex.split(re.split(r" [<>] ", piece)[0], comments=True)
                    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                        words = words[1:]
                    if words and words[0] == "guanxi":
                        yield f"{document.name}:{block.line}: {' '.join(words)}", words[1:]


COMMANDS = dict(_commands())


@pytest.mark.parametrize("place", COMMANDS)
def test_each_command_can_be_given(place: str) -> None:
    command: click.Command = cli
    context = click.Context(command, info_name="guanxi")
    words = COMMANDS[place]
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no {words[0]}"
        command, words = found, words[1:]
    if "--help" not in words:
        command.make_context(command.name, list(words), resilient_parsing=False)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_link_leads_somewhere(document: Path) -> None:
    targets = [match["target"] for match in _LINK.finditer(document.read_text(encoding="utf-8"))]
    missing = [
        target
        for target in targets
        if not (document.parent / target).exists() and not target.startswith("reference/")
    ]
    assert missing == []  # pages of the reference are generated, and found by the build


def test_the_table_of_variables_is_that_of_the_program() -> None:
    table = [
        line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line[:3] == "| `"
    ]
    told = {name for line in table for name in _VARIABLE.findall(line.split("|")[1])}
    known = set(_VARIABLE.findall((ROOT / "core" / "config.py").read_text(encoding="utf-8")))
    assert told == known == {each.name for each in VARIABLES}


def test_decisions_are_numbered_and_say_why() -> None:
    folder = ROOT / "docs" / "decisions"
    decisions = sorted(folder.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    overview = (folder / "README.md").read_text(encoding="utf-8")
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "What was weighed", "Consequences"], path.name
        assert path.name in overview


def test_pictures_are_small_and_all_are_shown() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    shown = {
        Path(target).name
        for path in DOCUMENTS
        for target in re.findall(r"pictures/[\w.-]+", path.read_text())
    }
    assert {path.name for path in pictures} == shown
    assert [path.name for path in pictures if path.stat().st_size >= 150_000] == []
