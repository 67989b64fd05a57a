"""The documentation builds without a warning, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.docs.building import build
from tools.docs.texts import untranslated

pytestmark = pytest.mark.slow


def test_the_pages_build_without_a_warning_in_both_languages(tmp_path: Path) -> None:
    build(tmp_path)  # raises what there is to say
    pages = {
        language: {path.relative_to(tmp_path / language) for path in (tmp_path / language).rglob("*.html")}
        for language in ("en", "zh")
    }
    assert pages["en"] == pages["zh"]
    assert {"administration.html", "addons.html", "reference/hooks.html"} <= {
        str(each) for each in pages["en"]
    }
    chinese = (tmp_path / "zh" / "reference" / "hooks.html").read_text(encoding="utf-8")
    assert "为首页提供卡片" in chinese
    assert "../../en/reference/hooks.html" in chinese
    assert "为首页提供卡片" not in (tmp_path / "en" / "reference" / "hooks.html").read_text(encoding="utf-8")
    index = (tmp_path / "zh" / "searchindex.js").read_text(encoding="utf-8")
    tutorials = [(tmp_path / language / "tutorial.html").read_text(encoding="utf-8") for language in pages]
    english, translated = (re.findall(r"<pre>.*?</pre>", text, re.DOTALL) for text in tutorials)
    assert english == translated  # the same code
    assert len(english) > 15
    assert "两家公司" in tutorials[1]
    assert "gx-untranslated" not in tutorials[1]
    assert "gx-untranslated" in (tmp_path / "zh" / "api.html").read_text(encoding="utf-8")
    assert '"钩子":'.encode("unicode_escape").decode() in index  # Chinese is found by two characters


def test_whoever_begins_finds_everything_in_chinese() -> None:
    assert {"index", "tutorial", "recipes"}.isdisjoint(untranslated())
