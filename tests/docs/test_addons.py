"""The guide for addon developers: its addon is taken from the page, loaded and tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.addons.discovery import discover
from core.kit.checks.imports import check_imports
from core.testing.conformance import Conformance
from tests.docs.document import ROOT, blocks
from tools import check_texts

GUIDE = ROOT / "docs" / "addons.md"
RECIPES = ROOT / "docs" / "recipes.md"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our core and, under ``addons``, the addon the guide builds."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "core").symlink_to(ROOT / "core")
    for block in blocks(GUIDE):
        if block.rest.startswith("gifts/"):
            path = folder / "addons" / block.rest
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_the_tests_of_the_guide_pass(house: Path) -> None:
    tests = house / "addons" / "gifts" / "tests"
    arguments = [
        "-m",
        "pytest",
        str(tests),
        "-c",
        str(ROOT / "pyproject.toml"),
        "-q",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
    ]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**environ, "GUANXI_ADDONS_PATH": str(house / "addons")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    written = (tests / "test_gifts.py").read_text(encoding="utf-8").count("\ndef test_")
    inherited = [test for name, test in vars(Conformance).items() if name.startswith("test_")]
    quick = [test for test in inherited if not hasattr(test, "pytestmark")]
    assert f"{written + len(quick)} passed, {len(inherited) - len(quick)} deselected" in done.stdout


def test_the_addon_of_the_guide_speaks_both_languages(house: Path) -> None:
    own = house / "addons"
    found = [str(each) for each in check_texts.problems(house) if each.path.is_relative_to(own)]
    assert found == []


def test_the_addon_of_the_guide_imports_what_it_may(house: Path) -> None:
    [gifts] = discover([house / "addons"]).manifests
    assert list(check_imports(gifts, {"addons.customer": "customer"})) == []


def test_the_addon_of_the_guide_is_in_our_style(house: Path) -> None:
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        options = [*command, "--config", str(ROOT / "pyproject.toml"), str(house / "addons" / "gifts")]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *options], capture_output=True, text=True, check=False, cwd=house
        )
        assert done.returncode == 0, done.stdout


def test_the_recipes_are_what_the_sample_addon_does() -> None:
    shown = blocks(RECIPES)
    assert len(shown) >= 8
    for block in shown:
        source = (ROOT / "addons" / block.rest).read_text(encoding="utf-8")
        assert block.text in source, f"recipes.md:{block.line}"
