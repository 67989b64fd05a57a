"""Values as people and programs send them: what is taken, in what form, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from core.auth.models import Theme
from core.resources.values import (
    MAX_TAGS,
    ChoiceValue,
    DayValue,
    EmailValue,
    FlagValue,
    InstantValue,
    IntegerValue,
    LinkValue,
    PhoneValue,
    TagsValue,
    TextValue,
    UrlValue,
    Value,
    first_message,
)

PHONE = PhoneValue("CN")
INSTANT = InstantValue("Asia/Shanghai")


def refusal(value: Value, given: Any) -> str:
    """The sentence with which ``given`` is refused."""
    with pytest.raises(ValidationError) as caught:
        value.deserialize(given)
    return str(first_message(caught.value))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("138-0013-8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("(010) 6552-9988", "+861065529988"),
        ("010-65529988", "+861065529988"),
        ("0755-8888 8888", "+8675588888888"),
        ("021-6888 1234-801", "+862168881234;ext=801"),
        ("010-65529988转8001", "+861065529988;ext=8001"),
        ("010-65529988 转 8001", "+861065529988;ext=8001"),
        ("+86 10 6552 9988 ext. 12", "+861065529988;ext=12"),
        ("+86 10 6552 9988 EXT12", "+861065529988;ext=12"),
        ("+861065529988;ext=12", "+861065529988;ext=12"),
        ("400-820-8820", "+864008208820"),
        ("+1 212 555 2368", "+12125552368"),
        ("+44 20 7946 0958", "+442079460958"),
    ],
)
def test_a_phone_becomes_e164(written: str, kept: str) -> None:
    assert PHONE.deserialize(written) == kept
    assert PHONE.deserialize(kept) == kept


def test_a_phone_without_its_country_is_of_the_tenants_country() -> None:
    assert PhoneValue("US").deserialize("(212) 555-2368") == "+12125552368"


@pytest.mark.parametrize(
    "written",
    [
        "call me",
        "12",
        "138001380001380013800013800",
        "+999 12345678",
        "+8613800138000;ext=x",
        f"+8613800138000;ext={'1' * 40}",
        "+8613800138000;ext=",
        "1" * 1_000_000,
        "#" * 100_000,
        13800138000,
        ["138"],
    ],
)
def test_what_is_no_phone_is_refused(written: Any) -> None:
    assert refusal(PHONE, written)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Ada.Lovelace@Example.COM", "Ada.Lovelace@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("ａｄａ＠example.com", "ada@example.com"),
        ("王雨桐@例子.中国", "王雨桐@例子.中国"),
        ("ada+crm@mail.example.co.uk", "ada+crm@mail.example.co.uk"),
    ],
)
def test_a_mail_address_keeps_its_name_and_lowers_its_domain(written: str, kept: str) -> None:
    assert EmailValue().deserialize(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a b@example.com",
        "a@b@example.com",
        "ada@example..com",
        "ada@example.com,eve@example.com",
        "a\x00b@example.com",
        "ada@exa\x07mple.com",
        "a\u200bda@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 1_000_000 + ".com",
        "ada\ud800@example.com",
        7,
        {"a": 1},
    ],
)
def test_what_is_no_mail_address_is_refused(written: Any) -> None:
    assert "no mail address" in refusal(EmailValue(), written)


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "a\x1bb", "a\x85b", "a\ud800b", "\udfff"])
def test_text_with_control_characters_or_halves_of_characters_is_refused(text: str) -> None:
    assert "cannot be stored" in refusal(TextValue(), text)


def test_text_of_several_lines_keeps_its_lines_and_no_other_control_character() -> None:
    assert TextValue(multiline=True).deserialize("one\r\ntwo\n\tthree") == "one\ntwo\n\tthree"
    assert "cannot be stored" in refusal(TextValue(multiline=True), "one\x0ctwo")


def test_text_is_trimmed_and_composed_and_blank_text_is_nothing() -> None:
    assert TextValue().deserialize("  Cafe\u0301 ") == "Café"
    assert TextValue(allow_none=True).deserialize(" \u3000 ") is None


def test_text_of_a_million_characters_is_refused_with_its_limit() -> None:
    assert refusal(TextValue(max_length=200), "x" * 1_000_000) == "At most 200 characters fit here."
    assert TextValue(max_length=200).deserialize("好" * 200) == "好" * 200


@pytest.mark.parametrize("value", [1, True, 1.5, [], {}, ["a"], None])
def test_only_text_is_text(value: Any) -> None:
    assert refusal(TextValue(), value)


@pytest.mark.parametrize(
    ("written", "kept"), [("12", 12), (-5, -5), (" 7 ", 7), ("１２", 12), (2**31 - 1, 2**31 - 1)]
)
def test_a_whole_number_is_read(written: Any, kept: int) -> None:
    assert IntegerValue().deserialize(written) == kept


@pytest.mark.parametrize("written", ["1.5", "x", 1.0, True, 2**31, -(2**31) - 1, "9" * 10_000, [1], "1_000"])
def test_what_is_no_whole_number_is_refused(written: Any) -> None:
    assert "no whole number" in refusal(IntegerValue(), written)


@pytest.mark.parametrize(
    "written", ["2026-02-29", "2026-1-1", "20260101", "today", "2026-W01-1", 20260101, ""]
)
def test_what_is_no_day_is_refused(written: Any) -> None:
    assert refusal(DayValue(), written)


def test_a_day_is_a_day_without_a_zone() -> None:
    assert DayValue().deserialize("2026-01-31") == date(2026, 1, 31)
    assert DayValue().deserialize(date(2026, 1, 31)) == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-01-31T09:30", datetime(2026, 1, 31, 1, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00+02:00", datetime(2026, 1, 31, 7, 30, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 30, 16, 0, tzinfo=UTC)),
    ],
)
def test_an_instant_without_a_zone_is_of_the_tenants(written: str, kept: datetime) -> None:
    assert INSTANT.deserialize(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "yesterday",
        "2026-13-01T00:00",
        5,
        "0001-01-01T00:00",
        "9999-12-31T23:59Z",
        "9999-12-31T23:59-12:00",
        [],
    ],
)
def test_what_is_no_instant_or_cannot_be_shown_in_every_zone_is_refused(written: Any) -> None:
    assert "no date and time" in refusal(INSTANT, written)


def test_an_instant_in_the_hour_that_summer_time_repeats_is_taken() -> None:
    berlin = InstantValue("Europe/Berlin")
    assert berlin.deserialize("2025-10-26T02:30") in (
        datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
        datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
    )


def test_tags_are_each_kept_once_in_their_order() -> None:
    assert TagsValue().deserialize(["vip", " new ", "vip", ""]) == ["vip", "new"]
    assert TagsValue().deserialize("重点，新客户、vip; vip") == ["重点", "新客户", "vip"]
    assert TagsValue().deserialize(None) == [] == TagsValue().deserialize("")


@pytest.mark.parametrize(
    "written",
    [
        [1],
        {"a": 1},
        5,
        ["x" * 41],
        ["a\x00b"],
        [str(number) for number in range(MAX_TAGS + 1)],
        [["a"]],
        [None],
    ],
)
def test_what_are_no_tags_is_refused(written: Any) -> None:
    assert refusal(TagsValue(), written)


@pytest.mark.parametrize(
    ("written", "kept"), [("是", True), ("no", False), (True, True), ("0", False), ("ON", True)]
)
def test_a_flag_is_read_as_people_write_it(written: Any, kept: bool) -> None:
    assert FlagValue().deserialize(written) is kept


@pytest.mark.parametrize("written", ["maybe", 2, [], {}])
def test_what_is_no_flag_is_refused(written: Any) -> None:
    assert refusal(FlagValue(), written)


def test_a_choice_is_one_of_its_list() -> None:
    choice = ChoiceValue(Theme)
    assert choice.deserialize("dark") == "dark"
    assert "is not one of: auto, light, dark" in refusal(choice, "purple")
    wrong: tuple[Any, ...] = ([], {}, 5, None)
    for each in wrong:
        assert refusal(choice, each)


@pytest.mark.parametrize("written", ["0", "-1", "1.5", "²", "１", 2**63, "9" * 30, True, 1.0, [], "abc"])
def test_what_is_no_link_is_refused(written: Any) -> None:
    assert "A link is the number of a record." in refusal(LinkValue(), written)


def test_a_link_is_a_number_of_64_bits() -> None:
    assert LinkValue().deserialize(str(2**63 - 1)) == 2**63 - 1
    assert LinkValue().deserialize(7) == 7


ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
READERS = (
    PHONE,
    INSTANT,
    EmailValue(),
    TextValue(),
    TextValue(multiline=True),
    IntegerValue(),
    DayValue(),
    FlagValue(),
    LinkValue(),
    TagsValue(),
    ChoiceValue(Theme),
)


@given(ANY, st.sampled_from(READERS))
def test_whatever_comes_is_read_for_good_or_refused_with_a_sentence(value: Any, reader: Value) -> None:
    sentence, kept = "", None
    try:
        kept = reader.deserialize(value)
    except ValidationError as error:
        sentence = str(first_message(error))
    assert sentence or "\x00" not in str(kept)
    assert kept is None or reader.deserialize(kept) == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("example.com", "https://example.com"),
        ("www.例子.com/页面?q=1#a", "https://www.例子.com/页面?q=1#a"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("ｗｗｗ．example.com", "https://www.example.com"),
    ],
)
def test_a_web_address_becomes_one_a_browser_opens(written: str, kept: str) -> None:
    assert UrlValue(max_length=200).deserialize(written) == kept
    assert UrlValue(max_length=200).deserialize(kept) == kept


@pytest.mark.parametrize(
    "written",
    [
        "javascript:alert(1)", "javascript://example.com/%0aalert(1)", "ftp://example.com", "data:text/html",
        "nowhere", "https://", "two words.com", "exam\u200bple.com", "example.com/\nx", "http://[::1", 7,
        "example.com/" + "x" * 200,
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(written: Any) -> None:
    assert "no web address" in refusal(UrlValue(max_length=200), written)
