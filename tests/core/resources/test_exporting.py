from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.fields import Kind, Word
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import _l, language
from core.kernel import Kernel
from core.resources.cells import cell_reader, cell_writer, guard, unguard
from core.resources.declaration import Resource
from core.resources.exporting import Format, write
from core.resources.filters import All, Condition
from core.resources.gateway import STREAMED, Gateway
from core.resources.importing import Importer, make_plan, open_table
from core.resources.query import Order, Query
from core.resources.resolver import UnknownField
from core.resources.values import Habits, reader_of
from core.testing.plugin import MakeActor

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'=1", "''=1", "'quoted'", "' =1", "plain", "-", "'"]


@pytest.fixture
def resource(kernel: Kernel) -> Resource:
    return kernel.resources["customer.customer"]


def _write(
    session: Session, resource: Resource, *names: str, language: str | None = None, query: Query | None = None
) -> list[list[str]]:
    query = query or Query(sort=(Order("id"),))
    content = b"".join(
        write(Gateway(session, OPERATOR), resource, query, Format.CSV, names=names, language=language)
    )
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_what_is_guarded_is_no_formula_and_comes_back(text: str) -> None:
    assert guard(text)[0] not in "=+-@＝"
    assert unguard(guard(text)) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.PHONE, "+8613800138000"),
        (Kind.PHONE, "+862112345678;ext=12"),
        (Kind.INTEGER, -5),
        (Kind.FLAG, True),
        (Kind.FLAG, False),
        (Kind.TAGS, ["=a", "b c"]),
        (Kind.TAGS, ["a,b", 'say "x"', "c；d"]),
        (Kind.TAGS, []),
        (Kind.INSTANT, datetime(2026, 1, 31, 1, 30, 15, 123456, tzinfo=UTC)),
        (Kind.INSTANT, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (Kind.INSTANT, datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (Kind.MULTILINE, "-a\n=b\n'c"),
    ],
)
@pytest.mark.parametrize("spoken", [None, "en", "zh"])
def test_values_come_back_exactly(kind: Kind, value: Any, spoken: str | None) -> None:
    word = Word(kind, _l("Name"))
    habits = Habits(timezone="Europe/Berlin")  # its clocks show an hour twice on 25 October 2026
    written = cell_writer(word, language=spoken, timezone=habits.timezone)(value)
    assert reader_of(word, habits).deserialize(cell_reader(word)(unguard(written))) == value


def test_phones_and_negative_numbers_stay_as_they_are() -> None:
    phone = cell_writer(Word(Kind.PHONE, _l("Phone")), language=None, timezone="UTC")
    number = cell_writer(Word(Kind.INTEGER, _l("Number")), language=None, timezone="UTC")
    assert (phone("+8613800138000"), number(-5)) == ("+8613800138000", "-5")


@pytest.mark.parametrize("text", ["2026/1/31", "2026-01-31", "2026.1.31", "2026年1月31日"])
def test_days_are_read_as_spreadsheets_write_them(text: str) -> None:
    word = Word(Kind.DAY, _l("Day"))
    assert reader_of(word, Habits()).deserialize(cell_reader(word)(text)).isoformat() == "2026-01-31"


def _fill(session: Session, resource: Resource) -> list[int]:
    service = resource.service
    [group] = service.create(session, [{"name": "=Group", "city": "上海"}], actor=OPERATOR)
    rest = service.create(
        session,
        [
            {
                "name": "-Child, Inc.",
                "parent": group,
                "kind": "lost",
                "phone": "+8613800138000",
                "email": "a+b@example.com",
                "employees": 7,
                "tags": ["x", "y,z"],
                "description": "one\n=two",
                "phones": [{"number": "13900139000"}, {"number": "13700137000", "note": "@home"}],
            },
            {"name": "'=Odd", "type": "person"},
        ],
        actor=OPERATOR,
    )
    return [group, *rest]


@pytest.mark.parametrize("spoken", [None, "en", "zh"])
def test_what_is_exported_is_imported_exactly(
    session: Session, resource: Resource, spoken: str | None
) -> None:
    ids = _fill(session, resource)
    writable = [name for name, field in resource.fields.items() if not field.word.readonly]
    names = [*writable, "phones.number", "phones.2.number", "phones.2.note"]
    gateway = Gateway(session, OPERATOR)
    query = Query(sort=(Order("id"),))
    content = b"".join(write(gateway, resource, query, Format.CSV, names=names, language=spoken))
    hidden = {"id", "number", "created_at", "updated_at", "version"}

    def stored() -> list[dict[str, Any]]:
        numbers = session.scalars(select(resource.table.c.id).order_by(resource.table.c.id)).all()
        found = []
        for number in numbers:
            record = gateway.get(resource, number)
            record["parent"] = record["parent"] and record["parent"]["label"]
            for lines in resource.lines_fields:
                record[lines] = [{k: v for k, v in line.items() if k != "id"} for line in record[lines]]
            found.append({name: value for name, value in record.items() if name not in hidden})
        return found

    before = stored()
    for lines in resource.lines_fields.values():
        session.execute(delete(lines.target.table))
    session.execute(delete(resource.table).where(resource.table.c.id.in_(ids)))
    table = open_table(io.BytesIO(content))
    plan = make_plan(gateway, resource, table.header)
    bad: list[Any] = []
    run = Importer(session, resource, plan, actor=OPERATOR, on_bad=lambda *each: bad.append(each))
    outcome = run.run(table.rows(), len(table.header))
    assert (outcome.inserted, bad) == (3, [])
    assert sorted(stored(), key=str) == sorted(before, key=str)


def test_default_columns_are_the_fields_without_the_lines(session: Session, resource: Resource) -> None:
    _fill(session, resource)
    header, *rows = _write(session, resource)
    assert header == [name for name in resource.fields if name in header]
    assert "parent" in header
    assert "phones.number" not in header
    assert len(rows) == 3


def test_links_stand_by_label_or_by_another_field(session: Session, resource: Resource) -> None:
    group, child, _odd = _fill(session, resource)
    number = Gateway(session, OPERATOR).get(resource, group)["number"]
    rows = _write(session, resource, "id", "parent", "parent.id", "parent.number", "parent.city")
    assert rows[2] == [str(child), "'=Group", str(group), number, "上海"]
    assert rows[1][1:] == ["", "", "", ""]


def test_labels_stand_for_names_and_choices(session: Session, resource: Resource) -> None:
    _fill(session, resource)
    header, *rows = _write(session, resource, "name", "kind", language="en")
    assert header == ["Name", "Kind"]
    assert [row[1] for row in rows] == ["Potential", "Lost", "Potential"]
    assert language() == "en"


def test_filter_and_order_count(session: Session, resource: Resource) -> None:
    _fill(session, resource)
    query = Query(where=Condition("kind", "eq", "lost"))
    assert _write(session, resource, "name", query=query)[1:] == [["'-Child, Inc."]]
    query = Query(sort=(Order("id", True),))
    assert len(_write(session, resource, "name", query=query)) == 4
    assert _write(session, resource, "name", query=query)[1] == ["''=Odd"]


def test_nothing_to_export_is_a_header(session: Session, resource: Resource) -> None:
    assert _write(session, resource, "name", "city") == [["name", "city"]]


@pytest.mark.parametrize(
    "name", ["nope", "name.id", "phones", "phones.nope", "parent.nope", "parent.parent.id", "phones.0.number"]
)
def test_unknown_columns_are_refused_before_the_first_byte(
    session: Session, resource: Resource, name: str
) -> None:
    with pytest.raises(UnknownField):
        write(Gateway(session, OPERATOR), resource, Query(), Format.CSV, names=[name])


def test_a_wrong_filter_is_refused_before_the_first_byte(session: Session, resource: Resource) -> None:
    with pytest.raises(Invalid):
        write(
            Gateway(session, OPERATOR), resource, Query(where=Condition("employees", "gt", "x")), Format.CSV
        )


def test_only_who_may_export_exports_and_only_what_he_sees(
    session: Session, resource: Resource, actor_as: MakeActor
) -> None:
    _fill(session, resource)
    with pytest.raises(NotFound):
        write(Gateway(session, actor_as("maintainer")), resource, Query(), Format.CSV)
    seller = actor_as("account_manager")
    if seller.may(resource.name, "export"):
        assert len(b"".join(write(Gateway(session, seller), resource, Query(), Format.CSV)).splitlines()) == 1
    else:
        with pytest.raises(Forbidden):
            write(Gateway(session, seller), resource, Query(), Format.CSV)


def test_statements_do_not_grow_with_the_records(session: Session, resource: Resource) -> None:
    resource.service.create(
        session,
        [{"name": f"N{n}", "phones": [{"number": "13900139000"}]} for n in range(STREAMED)],
        actor=OPERATOR,
    )
    statements: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *each: statements.append(each[2]))
    rows = _write(session, resource, "name", "parent", "owner.email", "phones.number", "phones.2.number")
    assert len(rows) == STREAMED + 1
    assert len(statements) <= 3


def test_memory_does_not_grow_with_the_records(session: Session, resource: Resource) -> None:
    rows = [{"name": f"Stream {number:04} {'x' * 150}"} for number in range(8 * STREAMED)]
    resource.service.create(session, rows, actor=OPERATOR)
    first, last = (
        session.scalar(select(what(resource.table.c.id)).where(resource.table.c.name.startswith("Stream ")))
        for what in (func.min, func.max)
    )
    assert first is not None
    assert last is not None

    def peak(count: int) -> int:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        where = All((Condition("id", "gte", first), Condition("id", "lt", first + count)))
        lines = 0
        for piece in write(Gateway(session, OPERATOR), resource, Query(where), Format.CSV):
            lines += piece.count(b"\n")
            assert piece.count(b"\n") <= STREAMED + 1
        assert lines == count + 1
        return tracemalloc.get_traced_memory()[1] - before

    assert last - first + 1 == len(rows)
    tracemalloc.start()
    try:
        peak(len(rows))  # what is kept from the first time on
        assert peak(len(rows)) < 1.5 * peak(2 * STREAMED)
    finally:
        tracemalloc.stop()
