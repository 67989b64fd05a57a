"""Building: our Markdown and the generated reference, copied aside, become pages in both languages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from core.i18n import HTML_TAGS, speaking
from tools.docs.reference import write_reference

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
BUILD: Final = ROOT / "build" / "docs"
#: What Sphinx calls our languages.
NAMES: Final = {"en": "en", "zh": "zh_CN"}
_CONFIG: Final = Path(__file__).parent

_FRONT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Guanxi 关系</title>
<script>location.replace((navigator.language.startsWith("zh") ? "zh" : "en") + "/index.html")</script>
<p><a href="en/index.html">English</a> · <a href="zh/index.html" lang="zh-CN">中文</a></p></html>
"""  # Chinese as data


class NotBuilt(Exception):
    """Sphinx found something wrong; the text is what it said."""


def build(target: Path) -> float:
    """Build the pages of both languages below ``target``; what lay there is replaced.

    Returns:
        How many seconds it took.

    Raises:
        NotBuilt: there was an error or a warning, such as a link that leads nowhere.
    """
    started = time.monotonic()
    shutil.rmtree(target, ignore_errors=True)
    running = []
    for language in HTML_TAGS:
        source = make_source(target / "source" / language, language)
        running.append(_sphinx("html", source, target / language, language))
    problems = [said for each in running if (said := _ended(each))]
    if problems:
        raise NotBuilt("\n".join(problems))
    shutil.rmtree(target / "source")
    (target / "index.html").write_text(_FRONT, encoding="utf-8")
    return time.monotonic() - started


def make_source(folder: Path, language: str) -> Path:
    """Copy the documents to ``folder`` and write the reference in ``language`` beside them."""
    shutil.copytree(DOCS, folder)
    with speaking(language):
        write_reference(folder / "reference")
    return folder


def _sphinx(builder: str, source: Path, target: Path, language: str) -> subprocess.Popen[str]:
    """Start Sphinx in a process of its own: it keeps much in globals."""
    options = ["-b", builder, "-q", "-E", "-W", "--keep-going", "-D", f"language={NAMES[language]}"]
    doctrees = source.parent / f"doctrees-{language}"
    return subprocess.Popen(
        [sys.executable, "-m", "sphinx", *options, "-c", _CONFIG, "-d", doctrees, source, target],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _ended(process: subprocess.Popen[str]) -> str:
    """What a build had to say; nothing where it went well."""
    said, _nothing = process.communicate()
    return said.strip() or ("" if process.returncode == 0 else f"Sphinx ended with {process.returncode}")


def extract(target: Path) -> Path:
    """Write what there is to translate, one template (.pot) for each page; gives their folder."""
    shutil.rmtree(target, ignore_errors=True)
    source = make_source(target / "source" / "en", "en")
    said = _ended(_sphinx("gettext", source, target / "pot", "en"))
    if said:
        raise NotBuilt(said)
    return target / "pot"
