"""What names are recognised by."""

from __future__ import annotations

import pytest

from core.search.names import bare_name, beginning_alike, name_match, sounding_alike


@pytest.mark.parametrize(
    "names",
    [
        ("华东精密制造有限公司", "华东精密制造股份有限公司", "华东精密制造", " 华东 精密制造 有限责任公司 "),
        ("华东精密（上海）有限公司", "华东精密(上海)有限公司", "华东精密上海股份有限公司"),
        ("上海市华东精密有限公司", "上海华东精密有限公司"),
        ("浙江省杭州市云栈科技有限公司", "浙江杭州云栈科技有限公司"),
        ("云栈集团", "云栈控股集团有限公司", "云栈集团股份有限公司"),
        ("Acme Co., Ltd.", "ACME Inc", "acme llc", "Ａｃｍｅ　Ｌｔｄ．", "The Acme Company"),
        ("Müller & Söhne GmbH & Co. KG", "muller und sohne gmbh", "MÜLLER SÖHNE"),
        ("Société Générale S.A.", "Societe Generale SA"),
        ("O'Neill Ltd", "ONeill"),
        ("Vestas Wind Systems A/S", "vestas wind systems"),
    ],
)
def test_one_company_written_in_several_ways_is_one_name(names: tuple[str, ...]) -> None:
    assert {name_match(name) for name in names} == {name_match(names[0])}
    assert name_match(names[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华东精密制造有限公司", "华东精密机械有限公司"),
        ("华东精密有限公司", "华东精密有限公司上海分公司"),
        ("Acme Ltd", "Acme Foods Ltd"),
        ("张三", "章三"),
        ("王市", "王"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert name_match(one) != name_match(other)


def test_a_legal_form_alone_is_a_name() -> None:
    assert bare_name("公司") == "公司"
    assert bare_name("Co. Ltd.") == "co"
    assert name_match("！？ --") == ""
    assert name_match(None) == ""


def test_names_that_sound_alike_lie_in_one_range() -> None:
    begin, end = sounding_alike(name_match("张三"))
    assert all(begin <= name_match(name) < end for name in ("张三", "章三", "彰三"))
    assert not any(begin <= name_match(name) < end for name in ("张三丰", "张桑", "李四"))


def test_names_that_begin_alike_lie_in_one_range() -> None:
    span = beginning_alike(name_match("华东精密"))
    assert span is not None
    assert span[0] <= name_match("华东精密制造有限公司") < span[1]
    assert not span[0] <= name_match("华南精密制造有限公司") < span[1]


@pytest.mark.parametrize("name", ["张三", "华东", "Acme", "IBM"])
def test_short_names_are_no_beginning(name: str) -> None:
    assert beginning_alike(name_match(name)) is None


def test_keys_fit_their_column() -> None:
    assert len(name_match("甲" * 200)) <= 400
    assert len(name_match("a" * 200)) <= 400
