from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from core.i18n import LANGUAGES, speaking
from core.kernel import Kernel
from core.resources.cells import unguard
from core.resources.importing.tables import (
    Reading,
    Table,
    TooMuch,
    UnclearHeader,
    UnreadableFile,
    WrongKind,
    open_table,
)
from core.resources.importing.tables import unpack as unpacking
from core.resources.importing.tables import workbook as workbooks

Sheet = list[list[Any]]


def table_of(content: bytes | str, **reading: Any) -> Table:
    raw = content.encode() if isinstance(content, str) else content
    return open_table(io.BytesIO(raw), Reading(**reading))


def cells_of(table: Table) -> list[list[str]]:
    return [row.cells for row in table.rows()]


def workbook(**sheets: Sheet) -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(number, place, value, moment)
                elif isinstance(value, date):
                    sheet.write_datetime(number, place, value, day)
                elif isinstance(value, str):
                    sheet.write_string(number, place, value)
                else:
                    sheet.write(number, place, value)
    book.close()
    return content.getvalue()


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            inside = old.read(part)
            new.writestr(part.filename, change(inside) if part.filename == name else inside)
    return changed.getvalue()


# Text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(encoding: str, delimiter: str) -> None:
    text = f"名称{delimiter}城市\r\n北京华信科技有限公司{delimiter}北京\r\n𠮷野家{delimiter}上海\r\n"
    table = table_of(text.encode(encoding))
    assert table.header == ["名称", "城市"]
    assert cells_of(table) == [["北京华信科技有限公司", "北京"], ["𠮷野家", "上海"]]


def test_big5_is_read_when_somebody_says_so() -> None:
    content = "公司名稱,電話\n碁峰資訊,02-27881888\n".encode("cp950")
    assert table_of(content, encoding="big5").header == ["公司名稱", "電話"]
    assert cells_of(table_of(content, encoding="big5")) == [["碁峰資訊", "02-27881888"]]


@pytest.mark.parametrize("order", [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_a_file_put_together_from_two_encodings_is_refused_with_the_line(
    kernel: Kernel, order: tuple[str, str]
) -> None:
    first, second = order
    content = "name\nAcme\n北京华信科技有限公司\n".encode(first) + "Bolt\n上海远景贸易有限公司\n".encode(
        second
    )
    with pytest.raises(UnreadableFile, match="line 5 is written in another encoding") as refused:
        table_of(content)
    with speaking("zh"):
        assert "第 5 行" in refused.value.detail


def test_single_characters_of_gb18030_that_are_good_utf_8_by_chance_are_no_other_encoding() -> None:
    chance = [bytes([0xC4, trail]) for trail in range(0xA1, 0xC0)]
    content = b"NameB,TF\n" + b"".join(each + b",1\n" for each in chance) + "王,2\n".encode("gb18030")
    assert table_of(content).encoding == "gb18030"


def test_delimiter_of_ragged_rows_is_the_headers() -> None:
    assert table_of("name,city\nA;B;C,x\nD\nE,y,z,1\nF;G,y\n").delimiter == ","


def test_the_hint_of_spreadsheets_names_the_delimiter_and_is_no_row() -> None:
    table = table_of("sep=;\r\nname;city\r\nA,B;x\r\n")
    assert (table.delimiter, table.header, cells_of(table)) == (";", ["name", "city"], [["A,B", "x"]])


def test_a_single_column_may_hold_commas() -> None:
    table = table_of("name\nAcme, Inc.\nBolt, Nut and Co.\n")
    assert cells_of(table) == [["Acme, Inc."], ["Bolt, Nut and Co."]]


def test_blank_rows_and_blank_columns_at_the_end_count_for_nothing() -> None:
    table = table_of("\n,,\nname,city,,\nA,x,,\n,,,\n\nB,y\n")
    assert table.header == ["name", "city"]
    assert [row.cells[:2] for row in table.rows()] == [["A", "x"], ["B", "y"]]


def test_rows_can_be_begun_anywhere_and_keep_their_numbers_and_lines() -> None:
    table = table_of('name,note\nA,"one\ntwo"\n\nB,\nC,\n')
    assert [(row.number, row.line, row.cells[0]) for row in table.rows()] == [
        (1, 3, "A"),
        (2, 5, "B"),
        (3, 6, "C"),
    ]
    assert [(row.number, row.line, row.cells[0]) for row in table.rows(after=2)] == [(3, 6, "C")]
    assert list(table.rows(after=3)) == list(table.rows(after=99)) == []


def test_a_title_above_the_names_is_passed_over_and_told() -> None:
    content = "客户名单 2026,,\n名称,城市,电话\nA,x,1\n"
    table = table_of(content)
    assert (table.header, len(table.notes)) == (["名称", "城市", "电话"], 1)
    assert [row.line for row in table.rows()] == [3]
    assert table_of(content, header_row=2).header == table.header
    assert cells_of(table_of("a,b\nc,d\ne,f\n", header_row=2)) == [["e", "f"]]
    with pytest.raises(UnreadableFile, match="no row 9"):
        table_of(content, header_row=9)


def test_a_file_without_names_for_its_columns_is_read_with_numbers() -> None:
    table = table_of("吖吖宝贝,1\n吖茶,2\n", header_row=0)
    assert (table.header, cells_of(table)) == (["#1", "#2"], [["吖吖宝贝", "1"], ["吖茶", "2"]])


def test_columns_of_one_name_are_told_apart_when_somebody_asks_for_it() -> None:
    content = "name,phone,phone,,phone (2)\nA,1,2,3,4\n"
    with pytest.raises(UnclearHeader) as refused:
        table_of(content)
    assert refused.value.columns == ["name", "phone", "phone", "", "phone (2)"]
    assert table_of(content, numbered=True).header == ["name", "phone", "phone (3)", "#4", "phone (2)"]


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        (b"", UnreadableFile, "it is empty"),
        (b"\xef\xbb\xbf", UnreadableFile, "it is empty"),
        (b"\n \n,,\n", UnreadableFile, "it is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", WrongKind, "it is a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", WrongKind, "it is a picture"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", WrongKind, "it is a picture"),
        (b"MZ\x90\x00\x03\x00\x00\x00", WrongKind, "it is a program"),
        (b"\x7fELF\x02\x01\x01\x00", WrongKind, "it is a program"),
        (b"%PDF-1.7\n", WrongKind, "it is a PDF"),
        (b"\x1f\x8b\x08\x00", WrongKind, "it is compressed"),
        (b"PK\x03\x04\x14\x00", UnreadableFile, "a workbook that is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), UnreadableFile, "a workbook that is damaged"),
        (b"<html><table><tr><td>a</td></tr></table></html>", WrongKind, "a web page"),
        (bytes(range(256)) * 8, WrongKind, "it is no text"),
        (b"name\n\xff\xff\xff\n", UnreadableFile, "line 2 is written neither in UTF-8 nor in GB18030"),
        (b"\xef\xbb\xbfname\nA\nB\xff\n", UnreadableFile, "line 3 is not written in UTF-8"),
        (b"name,city,name\nA,B,C\n", UnclearHeader, "“name” is there twice"),
        (b"a,b,a,b,a\n", UnclearHeader, "more than once: “a”, “b”"),
        (b"name,,city\nA,B,C\n", UnclearHeader, "column 2 has no name"),
        (",".join(f"c{n}" for n in range(1001)).encode(), TooMuch, "1001 columns; at most 1000"),
    ],
)
def test_what_is_no_table_is_refused_with_its_reason(
    content: bytes, kind: type[UnreadableFile], sentence: str
) -> None:
    with pytest.raises(UnreadableFile, match=sentence) as refused:
        table_of(content)
    assert type(refused.value) is kind
    for language in LANGUAGES:
        with speaking(language):
            assert refused.value.detail


def test_statuses_tell_a_wrong_kind_from_too_much() -> None:
    assert (UnreadableFile.status, WrongKind.status, TooMuch.status) == (422, 415, 413)


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "zlib_codec", ""])
def test_what_is_no_encoding_of_text_is_none(name: str) -> None:
    with pytest.raises(UnreadableFile, match="no encoding"):
        table_of("name\nA\n", encoding=name)


def test_three_hundred_columns_are_read() -> None:
    table = table_of(",".join(f"c{n}" for n in range(300)) + "\n" + ",".join(map(str, range(300))) + "\n")
    assert (len(table.header), cells_of(table)[0][299]) == (300, "299")


def test_a_cell_that_swallows_the_file_is_refused_with_its_line() -> None:
    table = table_of(b'name\nA\n"' + b"x" * (5 * 1024 * 1024))
    with pytest.raises(UnreadableFile, match="begins in line 3"):
        list(table.rows())


def test_a_file_is_read_in_pieces() -> None:
    table = table_of(b"name\n" + b"A very long name of a company\n" * 100_000)
    next(table.rows())
    assert table.position < table.size / 50


@pytest.mark.parametrize(
    "data", [{"colour": "red"}, {"header_row": -1}, {"delimiter": ";;"}, {"numbered": "yes"}]
)
def test_a_way_of_reading_that_means_nothing_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableFile):
        Reading.from_json(data)


def test_a_way_of_reading_is_kept_as_json() -> None:
    reading = Reading(encoding="big5", delimiter=";", sheet="一", header_row=3, numbered=True)
    assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading
    assert Reading().to_json() == {}


# Workbooks


def test_cells_of_a_workbook_become_texts_that_mean_the_same() -> None:
    rows: Sheet = [
        ["name", "employees", "founded", "moment", "flag", "rate", "phone", "text"],
        [
            "北京华信",
            12.0,
            date(2026, 3, 1),
            datetime(2026, 3, 1, 9, 30, 15),  # noqa: DTZ001 - workbooks know no zones
            True,
            0.1 + 0.2,
            13800138000,
            "'x",
        ],
    ]
    table = table_of(workbook(一=rows))
    assert table.header == rows[0]
    assert cells_of(table) == [
        ["北京华信", "12", "2026-03-01", "2026-03-01 09:30:15", "true", "0.3", "13800138000", "'x"]
    ]
    assert [row.line for row in table.rows()] == [2]


def test_long_numbers_whose_digits_a_workbook_has_lost_are_not_made_up_again() -> None:
    table = table_of(workbook(a=[["id"], [110101199003071234]]))
    assert cells_of(table) == [["1.10101E+17"]]


def test_a_sheet_is_chosen_and_the_first_that_is_not_empty_by_itself() -> None:
    content = workbook(empty=[], first=[["name"], ["A"]], second=[["title"], ["B"], ["C"]])
    table = table_of(content)
    assert (table.sheets, table.sheet, table.header) == (["empty", "first", "second"], "first", ["name"])
    table = table_of(content, sheet="second")
    assert (table.sheet, cells_of(table), [row.number for row in table.rows(after=1)]) == (
        "second",
        [["B"], ["C"]],
        [2],
    )
    with pytest.raises(UnreadableFile, match="no sheet “third”"):
        table_of(content, sheet="third")
    with pytest.raises(UnreadableFile, match="it is empty"):
        table_of(content, sheet="empty")


def test_a_table_in_the_middle_of_a_sheet_keeps_the_numbers_of_its_rows() -> None:
    table = table_of(workbook(a=[[], [], [None, None, "name", "city"], [], [None, None, "A", "x"]]))
    assert [(row.line, row.cells) for row in table.rows()] == [(5, ["A", "x"])]


def test_a_file_on_disk_is_unpacked_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "-a.xlsx").write_bytes(workbook(a=[["name"], ["A"]]))
    with (tmp_path / "-a.xlsx").open("rb") as stream:
        assert cells_of(open_table(stream)) == [["A"]]


def test_a_workbook_that_unpacks_into_too_much_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 30 * 1024 * 1024)
    bomb = with_part(workbook(a=[["name"], ["A"]]), "xl/styles.xml", lambda part: part + b" " * 32_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(TooMuch, match="too large unpacked"):
        table_of(bomb)


def test_a_workbook_that_asks_for_all_the_memory_does_not_get_it() -> None:
    far = workbook(a=[["name"]])
    sparse = with_part(
        far, "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b"</row>", b'</row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    )  # fmt: skip
    with pytest.raises(TooMuch, match="too large unpacked"):
        table_of(sparse)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_a_broken_workbook_is_said_to_be_damaged(part: str) -> None:
    content = with_part(workbook(a=[["name"], ["A"]]), part, lambda inside: inside[: len(inside) // 2])
    with pytest.raises(UnreadableFile, match=r"damaged|empty"):
        table_of(content)


def test_other_files_in_zip_are_no_workbooks() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(WrongKind, match="text document"):
        table_of(content.getvalue())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "true"), (7.0, "7"), (-0.0, "0"), (1234.5600000000001, "1234.56"),
        (1e-7, "0.0000001"), (999999999999999.0, "999999999999999"), (float("nan"), ""), ("x", "x"),
        (datetime(2026, 3, 1), "2026-03-01"),  # noqa: DTZ001 - workbooks know no zones
        (datetime(2026, 3, 1, 9, 29, 59, 999500), "2026-03-01 09:30:00"),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_values_of_cells_as_texts(value: Any, text: str) -> None:
    assert unpacking.text_of(value) == text


# Objects


def test_objects_give_columns_links_and_lines() -> None:
    lines = [
        {"name": "Acme", "parent": {"id": 7, "label": "Group"}, "tags": ["a", "b,c"], "employees": 12,
         "phones": [{"id": 1, "number": "+8613800138000", "label": "mobile"}, {"number": "010"}]},
        {"name": "=Bolt", "parent": None, "rate": 1.10, "is_open": True, "parents": []},
    ]  # fmt: skip
    content = "\n".join(json.dumps(each) for each in lines)
    table = table_of(content)
    assert table.form == "jsonl"
    records = [dict(zip(table.header, map(unguard, row.cells), strict=True)) for row in table.rows()]
    assert {name: cell for name, cell in records[0].items() if cell} == {
        "name": "Acme", "parent": "Group", "parent.id": "7", "tags": '"a","b,c"', "employees": "12",
        "phones.id": "1", "phones.number": "+8613800138000", "phones.label": "mobile",
        "phones.2.number": "010",
    }  # fmt: skip
    assert {name: cell for name, cell in records[1].items() if cell} == {
        "name": "=Bolt", "rate": "1.1", "is_open": "true",
    }  # fmt: skip
    assert [(row.line, row.number) for row in table.rows(after=1)] == [(2, 2)]
    assert cells_of(table_of(json.dumps(lines, indent=1))) == cells_of(table)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"name": "A"}\n{"name": "B"\n', "begins in line 2 is no JSON"),
        ('{"name": "A"}\n[1]\n', "line 2 holds no object"),
        ('[{"name": "A"}, 5]', "line 1 holds no object"),
        ('[{"name": "A"}', "does not end"),
        ('[{"name": "A"}]\n{"name": "B"}', "something follows the list in line 2"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ("{}", "it is empty"),
        ('{"name": "' + "x" * 5_000_000 + '"}', "more than"),
        ("\n".join(json.dumps({f"c{n}": 1}) for n in range(1100)), "line 1001 it has more than 1000 members"),
    ],
)
def test_what_is_no_list_of_objects_is_refused_with_its_line(content: str, sentence: str) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        table_of(content)


def test_many_objects_are_read_in_pieces() -> None:
    content = "".join(json.dumps({"name": f"客户 {n}", "note": "x" * 300}) + "\n" for n in range(20_000))
    table = table_of(content)
    assert next(table.rows()).number == 1
    assert table.position < table.size / 10
    assert sum(1 for _row in table.rows()) == 20_000


members = st.dictionaries(
    st.sampled_from(["name", "city", "note"]), st.text(st.characters(blacklist_categories=["Cs"])), min_size=1
)


@given(st.lists(members, min_size=1, max_size=5), st.booleans())
def test_texts_in_objects_come_back_exactly(objects: list[dict[str, str]], is_list: bool) -> None:
    content = json.dumps(objects) if is_list else "\n".join(json.dumps(each) for each in objects)
    table = table_of(content)
    filled = [each for each in objects if any(value.strip() for value in each.values())]
    found = [dict(zip(table.header, map(unguard, row.cells), strict=True)) for row in table.rows()]
    assert [
        {n: v for n, v in each.items() if v} for each in found if any(v.strip() for v in each.values())
    ] == [{n: v for n, v in each.items() if v} for each in filled]
