"""Pinyin: the same as the library gives, only sooner."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from core.search.pinyin import WITHIN_SYLLABLES, sort_key, syllables

_PHRASES = sorted(PHRASES_DICT)
#: Phrases, their beginnings and ends, characters with many readings, and what is no Chinese.
_PARTS = st.one_of(
    st.sampled_from(_PHRASES),
    st.sampled_from(_PHRASES).map(lambda phrase: phrase[:-1]),
    st.sampled_from(_PHRASES).map(lambda phrase: phrase[1:]),
    st.sampled_from("行长重乐单曾仇查解朴吕女绿〇㐀𠀀"),
    st.text(max_size=3),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PARTS, max_size=6).map("".join))
def test_syllables_are_those_of_the_library(text: str) -> None:
    assert list(syllables(text)) == lazy_pinyin(text)


def test_syllables_are_spelled_as_the_search_believes() -> None:
    said = {syllable for each in (*map(chr, PINYIN_DICT), *_PHRASES) for syllable in syllables(each)}
    plain = {each for each in said if each.isascii() and each.isalpha()}
    assert {each[0] for each in plain}.isdisjoint("iuv")
    pieces = {each[at : at + 3] for each in plain for at in range(len(each) - 2) if "v" not in each}
    assert pieces - WITHIN_SYLLABLES <= {"hng"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("张三", "zhang san"),
        ("重庆长安", "chong qing chang an"),
        ("ACME 上海", "acme  shang hai"),
        ("Müller", "müller"),
        ("", ""),
        (None, ""),
        ("X" * 500, "x" * 400),
    ],
)
def test_the_order_of_a_name_is_how_it_is_said(text: str | None, key: str) -> None:
    assert sort_key(text) == key
