from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from core.db.fields import Choice, Kind, Word
from core.i18n import _l, speaking
from core.kernel import Kernel
from core.resources.cells import as_guarded, cell_reader, guard, unguard
from core.resources.values import Habits, first_message
from core.resources.values import value_of as value_of_word
from core.resources.written import BadCell, day_orders_of, read_day, read_moment, read_number
from core.resources.written.days import DayOrder


def value_of(kind: Kind, text: str) -> object:
    word = Word(kind, _l("Name"))
    try:
        return value_of_word(word, Habits(), allow_none=True).deserialize(cell_reader(word)(text))
    except ValidationError as error:
        raise ValueError(str(first_message(error))) from error


# Numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234", "1234"), ("1,234,567", "1234567"), ("1,234.50", "1234.50"), ("1.234,50", "1234.50"),
        ("1.234.567", "1234567"), ("1 234 567", "1234567"), ("1\u00a0234", "1234"), ("1'234'567", "1234567"),
        ("1,2345,6789", "123456789"), ("1,5", "1.5"), ("0.5", "0.5"), (".5", "0.5"), ("12.", "12"),
        ("１２３，４５６", "123456"), ("￥1,000", "1000"), ("¥ 1,000.00", "1000"), ("US$2,000", "2000"),
        ("1000元", "1000"), ("RMB 35", "35"), ("€ 5,00", "5"), ("-12", "-12"), ("−12", "-12"), ("12-", "-12"),
        ("(12)", "-12"), ("（1,200）", "-1200"), ("-¥30", "-30"), ("+7", "7"), ("1.5万", "15000"),
        ("3亿", "300000000"),
        ("2.3 千", "2300"), ("2亿3000万", "230000000"), ("1万2千3百", "12300"), ("100万元", "1000000"),
        ("5千万", "50000000"), ("3.2k", "3200"), ("1.5M", "1500000"), ("2 bn", "2000000000"), ("15%", "15"),
        ("15％", "15"), ("200人", "200"), ("1996年", "1996"), ("1e3", "1000"), ("5.0", "5"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, number: str) -> None:
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "many",
        "1,23,4",
        "12,34,56",
        "100-499",
        "1.2.3",
        "万",
        "1万2亿",
        "5万6万",
        "--5",
        "1 2",
        "3 apples",
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("1.5万", 15000), ("12.0", 12), ("1,000", 1000), ("-", None), ("暂无", None)]
)
def test_whole_numbers_come_in(text: str, value: int | None) -> None:
    assert value_of(Kind.INTEGER, text) == value


@pytest.mark.parametrize("text", ["1.5", "many", "3亿亿", "99999999999"])
def test_no_whole_numbers_are_told(text: str) -> None:
    with pytest.raises(ValueError, match=text[:3]):
        value_of(Kind.INTEGER, text)


@given(st.integers(-(2**31), 2**31 - 1))
def test_whole_numbers_with_thousands_apart_come_back(number: int) -> None:
    assert value_of(Kind.INTEGER, f"{number:,}") == number
    assert value_of(Kind.INTEGER, f"{number:,}.00") == number


# Days


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01", "2026/3/1", "2026.3.1", "2026年3月1日", "2026 年 3 月 1 日",
        "二〇二六年三月一日", "20260301",
        "1.3.2026", "01.03.2026", "1 Mar 2026", "1-Mar-26", "March 1, 2026", "Mar 1st, 2026", "46082",
        "46082.75",
        "2026-03-01 00:00:00", "2026/3/1 9:30", "2026-03-01 星期日", "2026年3月1日（周日）",
        "Sun, 1 Mar 2026",
        "２０２６／３／１", "'2026-03-01",
    ],
)  # fmt: skip
def test_days_in_many_notations(text: str) -> None:
    assert value_of(Kind.DAY, text) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("3/1/2026", "mdy", "2026-03-01"), ("3/1/2026", "dmy", "2026-01-03"), ("3-1-26", "dmy", "2026-01-03"),
        ("26/3/1", "ymd", "2026-03-01"), ("10/20/2016", None, "2016-10-20"),
        ("20/10/2016", None, "2016-10-20"),
        ("7/7/2026", None, "2026-07-07"), ("3/1/2026 14:05", "mdy", "2026-03-01"),
        ("1/2/70", "dmy", "1970-02-01"),
        ("12月", None, "12月"), ("2026-02-30", None, "2026-02-30"), ("20/10/2016", "mdy", "20/10/2016"),
        ("soon", None, "soon"), ("2026-03-01 and later", None, "2026-03-01 and later"),
        ("12345678", None, "12345678"),
    ],
)  # fmt: skip
def test_the_order_of_numbers_decides_where_they_do_not(text: str, order: DayOrder | None, day: str) -> None:
    assert read_day(text, order) == day


@pytest.mark.parametrize("text", ["3/1/2026", "01/03/26", "12-11-2026"])
def test_a_day_that_could_be_another_is_refused_with_what_to_do(kernel: Kernel, text: str) -> None:
    with pytest.raises(BadCell, match="two different days") as refused:
        read_day(text)
    with speaking("zh"):
        assert "日期" in str(refused.value.sentence)


def test_all_cells_of_a_column_tell_the_order_together() -> None:
    assert day_orders_of(["3/1/2026", "10/20/2016", "", "-"]) == {"mdy"}
    assert day_orders_of(["3/1/2026", "20/10/2016"]) == {"dmy"}
    assert day_orders_of(["3/1/2026", "4/2/2026"]) == {"mdy", "dmy"}
    assert day_orders_of(["13/1/2026", "1/13/2026"]) == set()
    assert day_orders_of(["26/3/15", "26/3/1"]) == {"ymd"}
    assert day_orders_of(["2026-03-01", "1 Mar 2026"]) == {"ymd", "mdy", "dmy"}
    assert day_orders_of(["2026-03-01", "many"]) == set()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01 9:30", "2026-03-01T09:30:00"), ("2026年3月1日 下午3:05", "2026-03-01T15:05:00"),
        ("2026/3/1 9时30分", "2026-03-01T09:30:00"), ("3/15/2026 2:05 PM", "2026-03-15T14:05:00"),
        ("3/15/2026 12:05 am", "2026-03-15T00:05:00"), ("46082.5", "2026-03-01T12:00:00"),
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00Z"),
        ("2026-03-01 09:30:00+08:00", "2026-03-01 09:30:00+08:00"),
        ("2026-03-01 25:00", "2026-03-01 25:00"),
    ],
)  # fmt: skip
def test_moments_in_many_notations(text: str, moment: str) -> None:
    assert read_moment(text) == moment


@given(st.datetimes(datetime(1970, 1, 1), datetime(2069, 12, 31)), st.sampled_from(["dmy", "mdy"]))  # noqa: DTZ001
def test_moments_written_in_an_order_come_back(moment: datetime, order: DayOrder) -> None:
    moment = moment.replace(microsecond=0)
    written = moment.strftime("%d/%m/%Y %H:%M:%S" if order == "dmy" else "%m/%d/%Y %I:%M:%S %p")
    assert read_moment(written, order) == moment.isoformat()
    assert order in day_orders_of([moment.strftime("%d/%m/%y" if order == "dmy" else "%m/%d/%Y")])


# Telephone numbers, mail addresses, codes, yes and no


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("138 0013 8000", "+8613800138000"), ("'13800138000", "+8613800138000"),
        ("13800138000.0", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"), ("+86-138-0013-8000", "+8613800138000"),
        ("(0571) 8888-1234", "+8657188881234"), ("0571-88881234转801", "+8657188881234;ext=801"),
        ("+1 (415) 555-2671", "+14155552671"), ("无", None), ("-", None),
    ],
)  # fmt: skip
def test_telephone_numbers_as_people_write_them(text: str, number: str | None) -> None:
    assert value_of(Kind.PHONE, text) == number


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        (Kind.PHONE, "1.38E+10", "its digits are lost"),
        (Kind.PHONE, "13800138000/13900139000", "holds 2 telephone numbers"),
        (Kind.PHONE, "010-62345678；13800138000", "holds 2 telephone numbers"),
        (Kind.EMAIL, "a@example.com; b@example.com", "several mail addresses"),
    ],
)
def test_cells_that_hold_too_much_or_too_little_are_refused_with_what_to_do(
    kind: Kind, text: str, sentence: str
) -> None:
    with pytest.raises(BadCell, match=sentence):
        value_of(kind, text)


def test_a_code_whose_digits_a_spreadsheet_has_lost_is_refused() -> None:
    with pytest.raises(BadCell, match="its digits are lost"):
        cell_reader(Word(Kind.TEXT, _l("Name"), is_code=True))("9.13301E+17")
    assert cell_reader(Word(Kind.TEXT, _l("Name")))("9.13301E+17") == "9.13301E+17"


@pytest.mark.parametrize(
    "text", ["ada@example.com", "Ada <ada@example.com>", "mailto:ada@EXAMPLE.com", "ada＠example.com"]
)
def test_mail_addresses_out_of_what_is_around_them(text: str) -> None:
    assert value_of(Kind.EMAIL, text) == "ada@example.com"


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (("yes", "Y", "是", "有", "√", "1", "1.0", "TRUE", "对"), True),
        (("no", "否", "无", "×", "0", "0.0", "FALSE"), False),
    ],
)
def test_yes_and_no_in_words_and_signs(texts: tuple[str, ...], value: bool) -> None:
    assert [value_of(Kind.FLAG, text) for text in texts] == [value] * len(texts)


class Size(Choice):
    SMALL = "small", _l("Small")


def test_nothing_is_said_in_many_ways_where_no_free_text_stands() -> None:
    word = Word(Kind.CHOICE, _l("Size"), choices=Size)
    assert [cell_reader(word)(text) for text in ("N/A", "-", "SMALL", "huge")] == [
        None,
        None,
        "small",
        "huge",
    ]
    assert cell_reader(Word(Kind.TEXT, _l("Name")))("无") == "无"


# Formulas


def test_texts_that_other_programs_hide_from_spreadsheets_are_taken_out() -> None:
    assert unguard('="0571"') == "0571"
    assert unguard(guard('="0571"')) == '="0571"'


@given(st.text(st.sampled_from("'=+-@x\t\" ")))
def test_a_text_comes_back_from_a_csv_and_from_a_workbook(text: str) -> None:
    assert unguard(guard(text)) == text
    held = text if unguard(text) == text or not text.startswith("'") else guard(text)
    assert unguard(as_guarded(held)) == text
