"""What goes out comes back: an export that is imported again changes nothing, whatever the texts are."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.fields import Kind, Word
from core.errors import StorageFull
from core.i18n import _l
from core.kernel import Kernel
from core.resources.cells import cell_writer, column_writer
from core.resources.declaration import Resource
from core.resources.exporting import Format, write
from core.resources.exporting import spreadsheet as sheets
from core.resources.exporting.spreadsheet import CellTooLong, TooManyRows
from core.resources.gateway import Gateway
from core.resources.importing import Importer, Mode, make_plan
from core.resources.importing.tables import open_table
from core.resources.query import Order, Query

BY_ID = Query(sort=(Order("id"),))
HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'=1", "''=1", "'quoted'", "' =1", "-", "'", "=cmd|' /C calc'!A0",
    'say "hello"', "a,b;c\td", "one\ntwo", "\u200bzero\u200bwidth", "\u202eturned", "😀 👩‍👩‍👧", "é e\u0301",
    "123456789012345678901234567890", "00123", "0", "1e5", "1E-400", "0x1F", "2026-01-31", "31/01/2026",
    "2026年1月31日", "true", "否", "#REF!", "#N/A", "NULL", "None", "nan", "_x0041_", "a_x000D_b", "<b>&amp;",
    "https://example.com/?a=1", "mailto:a@b.cc", "100%", "50万", "¥3.50", "\u2028line", "x" * 90, "مرحبا",
]  # fmt: skip
DAYS = [date(1000, 1, 1), date(1899, 12, 31), date(1900, 1, 1), date(1900, 2, 28), date(1900, 3, 1)]
DAYS += [date(1970, 1, 1), date(2000, 2, 29), date(2026, 1, 31)]
#: On 25 October 2026 the clocks of Berlin show the hour from two to three twice.
MOMENTS = [
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 1, 31, 22, 59, 59, 999_999, tzinfo=UTC), datetime(2026, 1, 31, 23, 0, tzinfo=UTC),
    datetime(1899, 5, 1, 12, 0, tzinfo=UTC), datetime(2026, 7, 1, 8, 0, 0, 1, tzinfo=UTC),
]  # fmt: skip

_sign = st.sampled_from(list("'=+-@＝\"\n\t,;{}[]\\ \u200b\u00a00123456789xX_"))
_any = st.characters(exclude_categories=("Cs", "Cc"))
texts = st.text(st.one_of(_sign, _any), min_size=1, max_size=20)


@pytest.fixture
def contacts(kernel: Kernel) -> Resource:
    return kernel.resources["customer.contact"]


@pytest.fixture
def activities(kernel: Kernel) -> Resource:
    return kernel.resources["customer.activity"]


def _file(
    session: Session, resource: Resource, form: Format, *names: str, language: str | None = None
) -> bytes:
    gateway = Gateway(session, OPERATOR)
    return b"".join(write(gateway, resource, BY_ID, form, names=names, language=language))


def _stored(session: Session, resource: Resource) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(select(resource.table).order_by("id")).mappings()]


def _import(session: Session, resource: Resource, content: bytes, *, key: str = "id") -> Any:
    """Import a file over what is there, blank cells too, as strictly as can be."""
    table = open_table(io.BytesIO(content))
    plan = make_plan(Gateway(session, OPERATOR), resource, table.header, key=key)
    bad: list[Any] = []
    importer = Importer(
        session, resource, plan, actor=OPERATOR, mode=Mode.UPDATE, clear_blank=True,
        on_bad=lambda *each: bad.append(each),
    )  # fmt: skip
    outcome = importer.run(table.rows(), len(table.header))
    assert bad == []
    return outcome


def _comes_back(session: Session, resource: Resource, form: Format, language: str | None = None) -> None:
    before = _stored(session, resource)
    content = _file(session, resource, form, language=language)
    outcome = _import(session, resource, content)
    assert (outcome.read, outcome.updated, outcome.unchanged) == (len(before), 0, len(before))
    assert _stored(session, resource) == before


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("language", [None, "zh", "en"])
def test_hostile_texts_and_days_come_back(
    session: Session, contacts: Resource, form: Format, language: str | None
) -> None:
    rows = [
        {
            "name": text.replace("\n", " "),
            "department": text.replace("\n", " "),
            "note": f"{text}\n{text}",
            "tags": [text.replace("\n", " ")[:40]],
        }
        for text in HOSTILE
    ]
    days = [{"name": str(day), "birthday": day.isoformat(), "gender": "female"} for day in DAYS]
    contacts.service.create(session, [*rows, *days], actor=OPERATOR)
    _comes_back(session, contacts, form, language)


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("language", [None, "zh", "en"])
def test_moments_come_back(
    session: Session, kernel: Kernel, activities: Resource, form: Format, language: str | None
) -> None:
    inputs = [{"subject": "s", "kind": "call", "due_at": each.isoformat()} for each in MOMENTS]
    activities.service.create(session, inputs, actor=OPERATOR)
    before = _stored(session, activities)
    _comes_back(session, activities, form, language)
    assert [row["due_at"] for row in before] == MOMENTS


@pytest.mark.parametrize("form", [Format.CSV, Format.JSONL])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(texts, texts, texts, st.lists(texts, max_size=3)), min_size=1, max_size=4))
def test_any_text_comes_back(
    session: Session, contacts: Resource, form: Format, rows: list[tuple[str, str, str, list[str]]]
) -> None:
    with session.begin_nested() as undone:
        inputs = [
            {"name": f"n{name}", "department": department, "note": note, "tags": tags}
            for name, department, note, tags in rows
        ]
        batch = contacts.service.prepare(session, inputs, actor=OPERATOR)
        contacts.service.write(batch)  # the good ones
        if batch.changes:
            _comes_back(session, contacts, form)
        undone.rollback()


@pytest.mark.parametrize("form", list(Format))
def test_links_and_lines_come_back(session: Session, kernel: Kernel, form: Format) -> None:
    customers = kernel.resources["customer.customer"]
    [group] = customers.service.create(session, [{"name": "=Group"}], actor=OPERATOR)
    inputs = [
        {
            "name": f"Child {n}",
            "parent": group,
            "phones": [{"number": "13900139000"}, {"number": "13700137000"}],
        }
        for n in range(3)
    ]
    customers.service.create(session, inputs, actor=OPERATOR)
    before = _stored(session, customers)
    names = (
        "number",
        "name",
        "parent.number",
        "owner.email",
        "phones.number",
        "phones.2.number",
        "phones.2.note",
    )
    outcome = _import(session, customers, _file(session, customers, form, *names), key="number")
    assert (outcome.updated, outcome.unchanged) == (0, 4)
    assert _stored(session, customers) == before


def test_a_line_of_json_has_the_forms_of_the_api(session: Session, kernel: Kernel) -> None:
    customers = kernel.resources["customer.customer"]
    [group] = customers.service.create(session, [{"name": "Group", "tags": ["a", "b"]}], actor=OPERATOR)
    customers.service.create(session, [{"name": "Child", "parent": group, "employees": 7}], actor=OPERATOR)
    content = _file(
        session, customers, Format.JSONL, "name", "parent", "parent.name", "employees", "tags", "kind"
    )
    first, second = map(json.loads, content.splitlines())
    assert first == {
        "name": "Group", "parent": None, "parent.name": None, "employees": None, "tags": ["a", "b"],
        "kind": "potential",
    }  # fmt: skip
    assert second["parent"] == {"id": group, "label": "Group"}
    assert (second["parent.name"], second["employees"]) == ("Group", 7)
    gateway = Gateway(session, OPERATOR)
    [whole] = [json.loads(line) for line in _file(session, customers, Format.JSONL).splitlines()][1:]
    api = gateway.get(customers, whole["id"])
    assert whole["parent"] == api["parent"]
    assert whole["created_at"].endswith("Z")


def test_a_workbook_holds_numbers_days_and_times_as_such(
    session: Session, kernel: Kernel, activities: Resource, contacts: Resource
) -> None:
    customers = kernel.resources["customer.customer"]
    customers.service.create(
        session,
        [{"name": "=1+1", "employees": 12_000, "founded_year": 1999, "tax_number": "00123"}],
        actor=OPERATOR,
    )
    names = ("name", "employees", "founded_year", "tax_number")
    header, row = _cells(_file(session, customers, Format.XLSX, *names, language="en"))
    assert header[1:] == ["Employees", "Founded in", "Tax number"]
    assert row == ["=1+1", 12_000.0, 1999.0, "00123"]
    activities.service.create(session, [{"subject": "s", "due_at": "2026-01-31T01:30:00Z"}], actor=OPERATOR)
    [_, [due]] = _cells(_file(session, activities, Format.XLSX, "due_at"))
    assert due == datetime(2026, 1, 31, 9, 30)  # noqa: DTZ001 - a cell has no zone; it shows Shanghai's
    contacts.service.create(session, [{"name": "n", "birthday": "1999-01-31"}], actor=OPERATOR)
    [_, [day]] = _cells(_file(session, contacts, Format.XLSX, "birthday"))
    assert day == date(1999, 1, 31)


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(session: Session, contacts: Resource) -> None:
    inputs = [{"name": text.replace("\n", " ")} for text in HOSTILE]
    contacts.service.create(session, inputs, actor=OPERATOR)
    content = _file(session, contacts, Format.XLSX, "name")
    part = _part(content, "xl/worksheets/sheet1.xml")
    assert "<f>" not in part
    assert "<hyperlink" not in part
    assert part.count('t="inlineStr"') == len(HOSTILE) + 1
    assert 'state="frozen"' in part
    assert "<autoFilter" in part
    assert "quotePrefix" in _part(content, "xl/styles.xml")
    assert [row[0] for row in _cells(content)][1:10] == [*HOSTILE[:5], "''=1", "'''=1", *HOSTILE[7:9]]


def test_what_a_workbook_cannot_hold_is_refused(
    session: Session, contacts: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = [{"name": "a", "note": "😀" * 16_384}, {"name": "b"}]
    contacts.service.create(session, inputs, actor=OPERATOR)
    with pytest.raises(CellTooLong, match="“note”"):
        _file(session, contacts, Format.XLSX, "name", "note")
    assert len(_file(session, contacts, Format.CSV, "name", "note")) > 60_000
    monkeypatch.setattr(sheets, "MAX_ROWS", 1)
    with pytest.raises(TooManyRows, match="these are 2"):
        write(Gateway(session, OPERATOR), contacts, BY_ID, Format.XLSX)


def test_a_full_disk_is_told_while_a_workbook_is_written(
    session: Session, contacts: Resource, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import errno
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    contacts.service.create(session, [{"name": "a"}], actor=OPERATOR)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("xlsxwriter.worksheet.Worksheet._write_single_row", full)
    with pytest.raises(StorageFull):
        _file(session, contacts, Format.XLSX)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spoken", [None, "en", "zh"])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_column_at_once_is_written_as_cell_by_cell(kind: Kind, spoken: str | None) -> None:
    values: dict[Kind, list[Any]] = {
        Kind.INTEGER: [0, -5, 7], Kind.FLAG: [True, False], Kind.DAY: DAYS, Kind.INSTANT: MOMENTS,
        Kind.TAGS: [[], ["=a"], ["a,b", "c"]], Kind.LINK: [1, 2], Kind.PHONE: ["+8613800138000"],
    }  # fmt: skip
    given_ = [*values.get(kind, HOSTILE), None]
    word = Word(kind, _l("Name"))
    one = cell_writer(word, language=spoken, timezone="Europe/Berlin")
    many = column_writer(word, language=spoken, timezone="Europe/Berlin")
    written = ["" if cell is None else str(cell) for cell in many(given_)]
    assert written == [one(value) for value in given_]


def test_a_record_out_of_reach_stands_by_its_number(session: Session, kernel: Kernel, actor_as: Any) -> None:
    customers = kernel.resources["customer.customer"]
    seller = actor_as("account_manager")
    [hidden] = customers.service.create(session, [{"name": "Hidden"}], actor=OPERATOR)
    [seen] = customers.service.create(session, [{"name": "Seen"}], actor=seller)
    session.execute(update(customers.table).where(customers.table.c.id == seen).values(parent_id=hidden))
    gateway = Gateway(session, seller)
    for form, expected in (
        (Format.CSV, f"Seen,{hidden},"),
        (Format.JSONL, f'{{"id":{hidden},"label":null}}'),
    ):
        names = ("name", "parent", "parent.name")
        content = b"".join(write(gateway, customers, BY_ID, form, names=names)).decode()
        assert expected in content
        assert "Hidden" not in content
    book = b"".join(write(gateway, customers, BY_ID, Format.XLSX, names=("name", "parent", "parent.name")))
    assert _cells(book)[1][:2] == ["Seen", str(hidden)]


def _cells(content: bytes) -> list[list[Any]]:
    rows: list[list[Any]] = (
        CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    )
    return rows


def _part(content: bytes, name: str) -> str:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()
