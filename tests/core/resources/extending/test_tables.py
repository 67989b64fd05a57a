"""Fields of another addon in tables that come in and go out."""

from __future__ import annotations

import csv
import io
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.base import metadata
from core.resources import change_sets
from core.resources.bulk.edits import Edit, carry_out, preview
from core.resources.declaration import Resource, Same, resource_named
from core.resources.duplicates import find_duplicates, recognised_by
from core.resources.exporting import Format, write
from core.resources.gateway import Gateway
from core.resources.importing import ColumnMap, Importer, Mode, guess_mapping, make_plan, open_table
from core.resources.query import Order, Query
from tests.core.conftest import Statements

_ROWS = 60
_HEADER = "Name,Booth size,Hall,stage,Guest of honour,Themes,Visited on,contract,grape,agent"


def _import(session: Session, customer: Resource, content: str, **options: Any) -> Any:
    table = open_table(io.BytesIO(content.encode()))
    gateway = Gateway(session, OPERATOR)
    plan = make_plan(gateway, customer, table.header, ColumnMap(), key=options.pop("key", None))
    mode = Mode.UPSERT if plan.key else Mode.INSERT
    bad: list[str] = []
    run = Importer(
        session,
        customer,
        plan,
        actor=OPERATOR,
        mode=mode,
        clear_blank=False,
        on_bad=lambda row, problems: bad.append(f"{row.line}: {' '.join(map(str, problems))}"),
    )
    outcome = run.run(table.rows(), len(table.header))
    assert bad == options.pop("bad", [])
    return outcome


def _written(gateway: Gateway, customer: Resource, *names: str) -> list[list[str]]:
    query = Query(sort=(Order("id"),))
    content = b"".join(write(gateway, customer, query, Format.CSV, names=names, language="en"))
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_table_comes_in_in_few_statements_and_goes_out_as_it_came(
    both: Session, gateway: Gateway, customer: Resource, statements: Statements
) -> None:
    resource_named("core.user").service.create(
        both, [{"name": "Ada", "email": "ada@example.com"}], actor=OPERATOR
    )
    lines = [f'N{n},{n + 1},H{n},Booked,yes,"a, b",2026-01-0{n % 9 + 1},C{n},G,Ada' for n in range(_ROWS)]
    lines.append("Bare,,,,,,,,,")
    with statements() as counted:
        outcome = _import(both, customer, "\n".join([_HEADER, *lines]))
    assert outcome.inserted == _ROWS + 1
    table = open_table(io.BytesIO(b"Company,Square metres,Grape\nA,12,G\n"))
    guess = guess_mapping(gateway, customer, table.header, table.rows())
    assert [column.name for column in guess.columns] == ["name", "booth_size", "grape"]
    assert len(counted) < 30
    beside = metadata.tables["fair_customer"]
    assert both.scalar(select(func.count()).select_from(beside)) == _ROWS

    names = (
        "name",
        "booth_size",
        "hall",
        "stage",
        "is_vip",
        "themes",
        "visited_on",
        "contract",
        "grape",
        "agent",
    )
    header, *rows = _written(gateway, customer, *names)
    assert header[1:4] == ["Booth size", "Hall", "Stage"]
    assert rows[2] == ["N2", "3", "H2", "Booked", "yes", "a, b", "2026-01-03", "C2", "G", "Ada"]
    assert rows[-1] == ["Bare", "", "", "Asked", "no", "", "", "", "", ""]


def test_an_import_knows_records_by_a_field_of_the_addon_and_can_be_taken_back(
    both: Session, gateway: Gateway, customer: Resource
) -> None:
    _import(both, customer, "name,contract,booth_size\nOne,C1,1\nTwo,C2,2\n")
    set_id = change_sets.open_set(both, "import", customer, actor=OPERATOR, label="t.csv")
    with change_sets.collecting(both, set_id):
        outcome = _import(
            both, customer, "contract,name,booth_size\nC2,Two,20\nC3,Three,30\n", key="contract"
        )
    assert (outcome.updated, outcome.inserted) == (1, 1)
    assert [row[1] for row in _written(gateway, customer, "name", "booth_size")[1:]] == ["1", "20", "30"]
    undone = change_sets.undo(both, set_id, actor=OPERATOR)
    assert (undone.restored, undone.removed) == (1, 1)
    assert [row[1] for row in _written(gateway, customer, "name", "booth_size")[1:]] == ["1", "2"]


def test_links_are_found_by_a_field_of_the_addon(both: Session, gateway: Gateway, customer: Resource) -> None:
    _import(both, customer, "name,contract\nParent,C1\n")
    _import(both, customer, "name,parent.contract\nChild,C1\n")
    assert _written(gateway, customer, "name", "parent", "parent.contract")[2] == ["Child", "Parent", "C1"]


def test_many_are_edited_at_once_with_a_preview(both: Session, gateway: Gateway, customer: Resource) -> None:
    numbers = customer.service.create(
        both, [{"name": "A", "themes": ["old"]}, {"name": "B", "hall": "B"}, {"name": "C"}], actor=OPERATOR
    )
    edit = Edit("update", {"stage": "booked"}, add={"themes": ["new"]})
    shown = preview(gateway, customer, numbers, edit)
    assert (shown.changed, [each.record_id for each in shown.refused]) == (1, [numbers[0], numbers[2]])
    assert shown.shown[0].values == {"stage": ("asked", "booked"), "themes": ([], ["new"])}
    assert gateway.get(customer, numbers[1])["stage"] == "asked"
    carry_out(gateway, customer, numbers, edit)
    assert [gateway.get(customer, number)["themes"] for number in numbers] == [["old"], ["new"], []]


def test_records_are_recognised_by_a_field_of_the_addon(
    both: Session, gateway: Gateway, customer: Resource
) -> None:
    assert recognised_by(customer)["contract"] == ["contract"]
    assert Same("contract") not in resource_named("customer.customer").duplicates
    [number] = customer.service.create(both, [{"name": "A", "contract": "C-9"}], actor=OPERATOR)
    [found] = find_duplicates(gateway, customer, {"contract": "C-9", "name": "Something else"})
    assert (found.id, list(found.alike)) == (number, ["contract"])
