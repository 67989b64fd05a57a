"""A quarter of a million names of companies have the pinyin the library gives them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pypinyin import lazy_pinyin

from core.search.pinyin import syllables

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


def test_every_name_has_the_pinyin_of_the_library() -> None:
    folder = os.environ.get("GUANXI_TEST_DATA", "")
    names = Path(folder) / "company_short_names.txt"
    if not folder or not names.exists():
        pytest.skip("set GUANXI_TEST_DATA to the folder with company_short_names.txt")
    for name in names.read_text(encoding="utf-8").splitlines():
        assert list(syllables(name)) == lazy_pinyin(name), name
