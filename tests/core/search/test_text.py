"""By what texts are found: words, sounds, numbers, and that the pieces of an index lose nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.search.text import (
    Term,
    fold,
    grams_of,
    hay_of,
    marked,
    number_words,
    phone_words,
    read_words,
    sounds_of,
    words_of,
)


def like(hay: str, pattern: str) -> bool:
    """LIKE, of patterns that hold no sign but the percent."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("%"))), hay, re.DOTALL) is not None


def spells(hay: str, term: Term) -> bool:
    return any(like(hay, pattern) for pattern in term.patterns)


def finds(values: Sequence[Sequence[str]], q: str) -> bool:
    hay, terms = hay_of(values), read_words(q).terms
    return bool(terms) and all(spells(hay, term) for term in terms)


def of_name(name: str) -> list[Sequence[str]]:
    return [words_of(name), *((sound,) for sound in sounds_of(name))]


@pytest.mark.parametrize(
    ("name", "queries", "others"),
    [
        ("张三", ["张", "三", "张三", "zs", "ZS", "zhangs", "zhangsan", "san"], ["三张", "zsn", "an", "sz"]),
        ("曾国藩", ["zgf", "zengguo", "cengguo", "gf"], ["gfz"]),
        ("吕布", ["lvbu", "lubu", "lb"], ["libu"]),
        ("重庆长安汽车", ["cqca", "chongqing", "changan", "ca"], ["zhongqing"]),
        (
            "华东（上海）精密制造有限公司",
            ["华东(上海)", "华东上海", "上海", "精密 华东", "hdsh", "jmzz", "有限公司", "精密制造有限"],
            ["yxgs", "youxian", "华东精密"],
        ),
        ("Café Müller & Söhne", ["cafe", "CAFÉ", "muller", "müll", "söh", "cafe sohne"], ["oh", "coffee"]),
        ("O'Brien-Smith", ["obrien", "O’Brien", "smith", "o'b"], ["brian"]),
        ("3M中国", ["3m", "3M中国", "中国", "zg", "3m zhongguo"], ["m3"]),
        ("ＡＢＣ１２３", ["abc123", "ABC", "１２３"], ["abd"]),
        ("Straße des 17. Juni", ["strasse", "17", "juni", "17 juni"], ["18"]),
        ("Łódź Ørsted", ["lodz", "orsted", "Łódź"], ["lotz"]),
    ],
)
def test_a_name_is_found_as_people_type_it(name: str, queries: list[str], others: list[str]) -> None:
    values = of_name(name)
    assert [q for q in queries if not finds(values, q)] == []
    assert [q for q in others if finds(values, q)] == []


@pytest.mark.parametrize(
    ("number", "queries", "others"),
    [
        (
            "+8613800138000",
            ["13800", "8000", "0013", "+86 138-0013", "138 0013 8000", "(138) 0013-8000", "008613800138000"],
            ["13900", "0139"],
        ),
        ("+862165529988;ext=12", ["021 6552", "02165529988", "+86 21 6552 9988", "9988", "12"], ["0216553"]),
        ("+442079460958", ["020 7946", "7946", "+44 20 7946 0958"], ["7947"]),
        ("+12125550123", ["212 555", "(212) 555-0123", "5550"], ["0212"]),
    ],
)
def test_a_telephone_number_is_found_by_its_parts(number: str, queries: list[str], others: list[str]) -> None:
    values = [(word,) for word in phone_words(number)]
    assert [q for q in queries if not finds(values, q)] == []
    assert [q for q in others if finds(values, q)] == []


@pytest.mark.parametrize("q", ["C-000123", "c-000123", "c000123", "000123", "123", "12", "c-0001"])
def test_the_number_of_a_record_is_found_with_and_without_its_zeros(q: str) -> None:
    assert finds([(word,) for word in number_words("C-000123")], q)


@pytest.mark.parametrize("q", ["lin.wei@exa", "lin.wei", "LinWei", "example.com", "wei@example", "lin"])
def test_a_mail_address_is_found_by_its_parts(q: str) -> None:
    assert finds([words_of("lin.wei@example.com")], q)
    assert not finds([words_of("lin.wei@example.com")], "lin@exa")


@pytest.mark.parametrize("q", ["", " ", "-", "%", "_", "\\", "“”", "\x00"])
def test_signs_alone_find_nothing(q: str) -> None:
    assert read_words(q).terms == ()


_LETTERS = st.sampled_from("zsz anghIiÉßøǅ9１0 -@.张三有限公司国ーアがกำ가\n%_\\'Ωя")
_TEXTS = st.one_of(st.text(_LETTERS, max_size=24), st.text(max_size=12))


@settings(max_examples=600, deadline=None)
@given(_TEXTS, _TEXTS, st.data())
def test_whatever_a_pattern_finds_has_the_pieces(name: str, other: str, data: st.DataObject) -> None:
    values = [*of_name(name), words_of(other), *((word,) for word in number_words(other))]
    words = [word for value in values for word in value]
    grams, hay = set(grams_of(words)), hay_of(values)
    begin = data.draw(st.integers(0, max(0, len(hay) - 1)))
    for q in (hay[begin : begin + data.draw(st.integers(1, 6))], data.draw(_TEXTS), name[:3]):
        for term in read_words(q).terms:
            if spells(hay, term):
                assert set(term.grams) <= grams, (q, term, hay)


@pytest.mark.parametrize(
    ("q", "pieces"),
    [
        ("chengy", "che ngy"),
        ("chuangd", "chu ang ngd"),
        ("zhang", "zha ang"),
        ("zhangsan", "zha ngs gsa san"),
        ("hanngs", "han ann nng ngs"),
        ("9999", "999"),
        ("20030", "200 003 030"),
        ("+86 138 4991 5819", "499 991 915 158 581 819"),
        ("c-000123", "c00 000 001 012 123"),
    ],
)
def test_the_pieces_that_tell_most_are_looked_up(q: str, pieces: str) -> None:
    [term] = read_words(q).terms
    assert [each.decode() for each in term.grams] == pieces.split()


@pytest.mark.parametrize(("name", "q"), [("安外", "aw"), ("吕梁", "ll"), ("尤一", "yy"), ("余无为", "yww")])
def test_initials_are_those_of_syllables(name: str, q: str) -> None:
    assert finds(of_name(name), q)
    assert any(each.isupper() for each in read_words(q).terms[0].patterns)
    assert not any(each.isupper() for each in read_words("liu").terms[0].patterns)


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_a_name_is_found_by_itself_and_by_each_of_its_words(name: str) -> None:
    values = of_name(name)
    for q in (name, *words_of(name)):
        if read_words(q).terms:
            assert finds(values, q), q


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert not any(word.isupper() for word in words_of(text))


@pytest.mark.parametrize(
    ("text", "q", "shown"),
    [
        ("张三", "zs", "[张三]"),
        ("上海华为技术", "hw", "上海[华为]技术"),
        ("上海华为技术", "huawei js", "上海[华为技术]"),
        ("Café Müller", "mull", "Café [Müll]er"),
        ("C-000123", "c-0001", "[C-0001]23"),
        ("Acme", "zz", "Acme"),
        ("𠀀张三", "张", "𠀀[张]三"),
    ],
)
def test_what_matches_is_marked(text: str, q: str, shown: str) -> None:
    made, at = "", 0
    for begin, end in marked(text, read_words(q)):
        made += f"{text[at:begin]}[{text[begin:end]}]"
        at = end
    assert made + text[at:] == shown
