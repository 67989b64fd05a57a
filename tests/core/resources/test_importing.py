from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.access.models import Unit
from core.errors import Forbidden, NotFound, StorageFull
from core.i18n import speaking
from core.kernel import Kernel
from core.resources import timeline
from core.resources.batch import Batch
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing import (
    BadMapping,
    ColumnMap,
    Importer,
    Mode,
    Outcome,
    Row,
    Table,
    UnknownColumns,
    importer,
    make_plan,
    open_table,
    read_mapping,
)
from core.resources.importing.bad_rows import BadRows, UnwritableBadRows
from core.resources.query import Order, Query
from core.testing.plugin import MakeActor

Bad = list[tuple[int, str]]


class Import:
    """Imports texts into customers and gives what came of it."""

    def __init__(self, session: Session, resource: Resource) -> None:
        self.session = session
        self.resource = resource
        self.bad: Bad = []

    def __call__(
        self,
        content: str | bytes,
        mapping: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        mode: Mode | None = None,
        actor: Actor = OPERATOR,
        skip_unknown: bool = False,
        clear_blank: bool = False,
    ) -> Outcome:
        raw = content.encode() if isinstance(content, str) else content
        table = open_table(io.BytesIO(raw))
        read = read_mapping(json.dumps(mapping).encode()) if mapping is not None else ColumnMap()
        gateway = Gateway(self.session, actor)
        plan = make_plan(gateway, self.resource, table.header, read, key=key, skip_unknown=skip_unknown)
        self.bad = []
        run = Importer(
            self.session,
            self.resource,
            plan,
            actor=actor,
            mode=mode or (Mode.UPSERT if key else Mode.INSERT),
            clear_blank=clear_blank,
            on_bad=lambda row, problems: self.bad.append((row.line, " ".join(map(str, problems)))),
        )
        return run.run(table.rows(), len(table.header))

    def records(self, *fields: str) -> list[dict[str, Any]]:
        query = Query(fields=fields, sort=(Order("id"),), per_page=500)
        return Gateway(self.session, OPERATOR).page(self.resource, query).records()

    def one(self, name: str) -> dict[str, Any]:
        table = self.resource.table
        number = self.session.scalars(select(table.c.id).where(table.c.name == name)).one()
        return Gateway(self.session, OPERATOR).get(self.resource, number)


@pytest.fixture
def customers(session: Session, kernel: Kernel) -> Import:
    return Import(session, kernel.resources["customer.customer"])


def _table(content: bytes) -> Table:
    return open_table(io.BytesIO(content))


# Columns


def test_columns_go_by_name_and_by_label_in_both_languages(customers: Import) -> None:
    zh = {}
    with speaking("zh"):
        zh["city"] = customers.resource.fields["city"].label
    outcome = customers(f" NAME ,Tax Number,{zh['city']},founded_in\nAcme,T-1,上海,1996\n")
    assert (outcome.inserted, customers.bad) == (1, [])
    record = customers.one("Acme")
    assert (record["tax_number"], record["city"], record["founded_year"]) == ("T-1", "上海", 1996)


def test_labels_of_the_other_language_are_known(customers: Import) -> None:
    with speaking("zh"):
        label = customers.resource.fields["employees"].label
    assert label != "Employees"
    customers(f"name,{label[:2]} {label[2:]}\nAcme,12\n")
    assert customers.one("Acme")["employees"] == 12


def test_unknown_columns_are_refused_with_all_that_are_known(customers: Import) -> None:
    with pytest.raises(UnknownColumns) as caught:
        customers("name,shoe size,mood\nAcme,44,good\n")
    assert "“shoe size”, “mood”" in str(caught.value)
    assert "industry" in str(caught.value)
    assert customers.records("name") == []


def test_unknown_columns_are_left_out_on_purpose(customers: Import) -> None:
    assert customers("name,mood\nAcme,good\n", skip_unknown=True).inserted == 1
    assert customers("name,mood\nBolt,good\n", {"columns": {"mood": None}}).inserted == 1


def test_columns_become_notes_once(customers: Import) -> None:
    mapping = {"columns": {"mood": {"note": "Mood of the day"}, "size": {"note": True}}}
    text = "name,mood,size\nAcme,good,44\nBolt,,\n"
    customers(text, mapping)
    gateway = Gateway(customers.session, OPERATOR)
    acme, bolt = customers.one("Acme"), customers.one("Bolt")
    notes = timeline.entries(gateway, customers.resource, acme["id"], kinds=["note"])
    assert [note["body"] for note in notes] == ["Mood of the day: good\nsize: 44"]
    assert not timeline.entries(gateway, customers.resource, bolt["id"], kinds=["note"])

    again = customers(text, mapping, key="name")
    assert (again.updated, again.unchanged) == (0, 2)
    changed = customers(text.replace("good", "bad"), mapping, key="name")
    assert (changed.updated, changed.unchanged) == (1, 1)
    assert len(timeline.entries(gateway, customers.resource, acme["id"], kinds=["note"])) == 2


def test_constants_defaults_and_meanings_of_cells(customers: Import) -> None:
    mapping = {
        "columns": {"Churn": {"field": "kind", "values": {"yes": "lost", "No": "active"}}, "level": "level"},
        "constants": {"type": "person", "tags": ["a", "b"]},
        "defaults": {"level": "C", "source": "fair"},
    }
    customers("name,Churn,level\nAda,Yes,A\nBen, NO ,\n", mapping)
    found = customers.records("name", "kind", "level", "type", "source", "tags")
    assert [tuple(each.values()) for each in found] == [
        ("Ada", "lost", "A", "person", "fair", ["a", "b"]),
        ("Ben", "active", "C", "person", "fair", ["a", "b"]),
    ]
    customers.session.execute(customers.resource.table.update().values(source="web"))
    outcome = customers("name,Churn,level\nBen,Yes,\n", mapping, key="name")
    assert outcome.updated == 1
    ben = customers.one("Ben")
    assert (ben["kind"], ben["level"], ben["source"]) == ("lost", "C", "web")


def test_choices_are_known_by_value_and_label(customers: Import) -> None:
    with speaking("zh"):
        label = str(customers.resource.fields["kind"].word.choices("lost").label)  # type: ignore[call-arg,misc]
    customers(f"name,kind\nA,LOST\nB,{label}\nC,Lost\nD,maybe\n")
    assert [each["kind"] for each in customers.records("kind")] == ["lost"] * 3
    assert customers.bad == [(5, customers.bad[0][1])]
    assert customers.bad[0][1] == "kind: “maybe” is not one of: Potential, Active, Lost."


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"columns": {"nope": "name"}}, "no column “nope”"),
        ({"columns": {"name": "nope"}}, "no field “nope”"),
        ({"columns": {"city": "name"}}, "“name” and “city” both go to “name”"),
        ({"columns": {"city": {"fields": "name"}}}, "takes “field”"),
        ({"columns": {"city": 5}}, "must go to a field"),
        ({"columns": {"city": {"field": "city", "create": True}}}, "only of a link"),
        ({"columns": []}, "must be an object"),
        ({"colums": {}}, "a mapping is an object"),
    ],
)
def test_a_mistaken_mapping_is_refused_with_its_reason(
    customers: Import, mapping: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadMapping, match=sentence):
        customers("name,city\nA,B\n", mapping)


def test_fields_of_the_system_are_left_out(customers: Import) -> None:
    outcome = customers("name,created_at,number\nAcme,2001-01-01,C-999999\n")
    assert outcome.inserted == 1
    assert customers.one("Acme")["number"] != "C-999999"


# Rows


def test_bad_rows_are_told_and_leave_nothing_while_the_others_come_in(customers: Import) -> None:
    text = (
        "name,employees,email\n"
        "Acme,12,a@example.com\n"
        "Bolt,many,b@example.com\n"
        "Cog,7\n"
        "Dent,7,d@example.com,more\n"
        ",7,e@example.com\n"
        "Fa\x00b,7,f@example.com\n"
        "Gear,,g.example.com\n"
        "Hub,8,h@example.com\n"
    )
    outcome = customers(text)
    assert (outcome.read, outcome.inserted, outcome.bad) == (8, 2, 6)
    problems = dict(customers.bad)
    assert "employees: “many” is no whole number." in problems[3]
    assert "Cells in this row: 2; columns in the header: 3. Mostly a quotation mark" in problems[4]
    assert "Cells in this row: 4; columns in the header: 3. Mostly a quotation mark" in problems[5]
    assert "name: This is needed." in problems[6]
    assert "name: This holds characters that cannot be stored" in problems[7]
    assert "email: “g.example.com” is no mail address." in problems[8]
    assert [each["name"] for each in customers.records("name")] == ["Acme", "Hub"]
    entries = select(func.count()).where(timeline._entry.c.resource == "customer.customer")
    assert customers.session.scalar(entries) == 2


def test_all_that_is_wrong_with_a_row_is_told_at_once(customers: Import) -> None:
    customers("name,phone,kind,employees\nAcme,1.38E+10,sold,many\n")
    [(_line, told)] = customers.bad
    assert all(word in told for word in ("phone: ", "kind: ", "employees: "))


def test_a_cell_of_a_megabyte_is_its_rows_problem(customers: Import) -> None:
    outcome = customers(f"name\nAcme\n{'x' * 1_000_000}\n")
    assert (outcome.inserted, outcome.bad) == (1, 1)
    assert "At most 200 characters fit here." in customers.bad[0][1]


def test_one_row_the_database_refuses_costs_only_itself(
    session: Session, kernel: Kernel, customers: Import
) -> None:
    users = Import(session, kernel.resources["core.user"])
    names = "\n".join(f"User {n},user{n}@example.com" for n in range(20))
    outcome = users(f"name,email\n{names}\nTwin,user7@example.com\n")
    assert (outcome.inserted, outcome.bad) == (20, 1)
    assert users.bad == [(22, "email: This is in use already; it must be unique.")]


def test_what_only_the_database_refuses_is_found_by_halving(
    customers: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = customers.resource.service
    write = type(service).write

    def strict(batch: Batch) -> None:
        if any(change.values["name"] in ("N3", "N7") for change in batch.good):
            raise IntegrityError("insert", {}, Exception("check"))
        write(service, batch)

    monkeypatch.setattr(service, "write", strict)
    outcome = customers("name\n" + "".join(f"N{n}\n" for n in range(9)))
    assert (outcome.inserted, outcome.bad) == (7, 2)
    assert [line for line, _problem in customers.bad] == [5, 9]
    assert "The database refuses this row" in customers.bad[0][1]


def test_a_full_database_stops_the_import(customers: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_batch: Batch) -> None:
        raise StorageFull

    monkeypatch.setattr(customers.resource.service, "write", full)
    with pytest.raises(StorageFull):
        customers("name\nA\nB\n")


# Links


def test_links_go_by_name_number_and_id(customers: Import) -> None:
    customers("name\nGroup\n360\n")
    group, digits = customers.records("id", "number", "name")
    text = f"name,parent\nA,Group\nB,{group['number']}\nC,{group['id']}\nD,360\nE,nobody\n"
    outcome = customers(text)
    assert (outcome.inserted, outcome.bad) == (4, 1)
    parents = {
        each["name"]: each["parent"] and each["parent"]["id"] for each in customers.records("name", "parent")
    }
    assert [parents[name] for name in "ABCD"] == [group["id"]] * 3 + [digits["id"]]
    assert customers.bad == [(6, "parent: There is no “nobody”, or you may not see it.")]

    customers(f"name,parent.number,parent.id\nF,{group['number']},\n", {"columns": {"parent.id": None}})
    assert customers.one("F")["parent"]["id"] == group["id"]


def test_an_ambiguous_name_is_its_rows_problem_unless_the_others_are_archived(customers: Import) -> None:
    customers("name\nTwin\nTwin\n")
    outcome = customers("name,parent\nA,Twin\n")
    sentence = "parent: “Twin” is the name of 2 records; write its number instead."
    assert (outcome.bad, customers.bad[0][1]) == (1, sentence)
    first = customers.records("id")[0]["id"]
    customers.resource.service.archive(customers.session, [first], actor=OPERATOR)
    assert customers("name,parent\nA,Twin\n").inserted == 1
    assert customers.one("A")["parent"]["id"] != first


def test_rows_may_refer_to_rows_further_down(customers: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "BATCH", 2)
    text = "name,parent\nE,D\nD,C\nC,B\nB,A\nlost,never\nchild of lost,lost\nA,\nloop,loop\n"
    outcome = customers(text)
    assert (outcome.read, outcome.inserted, outcome.bad) == (8, 5, 3)
    chain = {
        each["name"]: each["parent"] and each["parent"]["label"]
        for each in customers.records("name", "parent")
    }
    assert chain == {"A": None, "B": "A", "C": "B", "D": "C", "E": "D"}
    assert {line for line, _problem in customers.bad} == {6, 7, 9}
    versions = select(customers.resource.table.c.version)
    assert set(customers.session.scalars(versions)) == {1}


def test_missing_records_of_links_are_made_where_the_mapping_says_so(customers: Import) -> None:
    mapping = {"columns": {"group": {"field": "parent", "by": "name", "create": True}}}
    outcome = customers("name,group\nA,Later\nB,New\nC,New\nLater,\n", mapping)
    assert (outcome.inserted, outcome.created, customers.bad) == (4, 1, [])
    assert sorted(each["name"] for each in customers.records("name")) == ["A", "B", "C", "Later", "New"]
    assert customers.one("A")["parent"]["id"] == customers.one("Later")["id"]


def test_links_reach_only_what_the_actor_sees(customers: Import, actor_as: MakeActor) -> None:
    seller = actor_as("account_manager")
    customers("name\nForeign\n")
    text = "name,parent\nMine,\nChild,Mine\nThief,Foreign\n"
    if not seller.may("customer.customer", "import"):
        with pytest.raises(Forbidden):
            customers(text, actor=seller)
        return
    outcome = customers(text, actor=seller)
    assert (outcome.inserted, outcome.bad) == (2, 1)
    assert customers.one("Mine")["owner"]["id"] == seller.user_id


def test_who_may_not_read_may_not_import(customers: Import, actor_as: MakeActor) -> None:
    with pytest.raises((NotFound, UnknownColumns)):
        customers("name\nAcme\n", actor=actor_as("maintainer"))
    assert customers.records("name") == []


# Lines


def test_lines_come_in_and_are_merged(customers: Import) -> None:
    customers(
        "name,phones.number,phones.note,phones.2.number\nAcme,138 0013 8000,desk,010-62345678\nBolt,,,\n"
    )
    phones = customers.one("Acme")["phones"]
    assert [(each["number"], each["note"]) for each in phones] == [
        ("+8613800138000", "desk"),
        ("+861062345678", None),
    ]
    assert customers.one("Bolt")["phones"] == []

    again = customers("name,phones.number\nAcme,+8613800138000\nBolt,13900139000\n", key="name")
    assert (again.updated, again.unchanged) == (1, 1)
    other = customers("name,phones.number\nAcme,13700137000\n", key="name")
    assert other.updated == 1
    phones = customers.one("Acme")["phones"]
    assert [(each["number"], each["note"]) for each in phones] == [
        ("+8613700137000", "desk"),
        ("+861062345678", None),
    ]


# Matching


def test_records_are_recognised_changed_and_left_alone(customers: Import) -> None:
    customers("name,city,phone\nAcme,Berlin,13800138000\nBolt,Rome,13900139000\n")
    outcome = customers(
        "phone,name,city\n+86 138 0013 8000,Acme,Paris\n139 0013 9000,Bolt,Rome\n13700137000,Cog,Oslo\n",
        key="phone",
    )
    assert (outcome.inserted, outcome.updated, outcome.unchanged, outcome.bad) == (1, 1, 1, 0)
    assert [each["city"] for each in customers.records("city")] == ["Paris", "Rome", "Oslo"]
    versions = select(customers.resource.table.c.version).order_by(customers.resource.table.c.id)
    assert list(customers.session.scalars(versions)) == [2, 1, 1]


def test_blank_cells_leave_a_field_or_clear_it_on_purpose(customers: Import) -> None:
    customers("name,city\nAcme,Berlin\n")
    assert customers("name,city\nAcme,\n", key="name").unchanged == 1
    assert customers("name,city\nAcme,\n", key="name", clear_blank=True).updated == 1
    assert customers.one("Acme")["city"] is None


def test_a_key_is_the_rows_problem_when_it_is_not_clear(customers: Import) -> None:
    customers("name\nTwin\nTwin\nOld\nSolo\n")
    archived = customers.one("Old")["id"]
    customers.resource.service.archive(customers.session, [archived], actor=OPERATOR)
    outcome = customers("name,city\nTwin,A\nOld,B\n,C\nSolo,D\nSolo,E\nNew,F\n", key="name", mode=Mode.UPDATE)
    assert (outcome.updated, outcome.bad) == (1, 5)
    problems = dict(customers.bad)
    assert "There are 2 such records; recognise them by" in problems[2]
    assert "This record is archived" in problems[3]
    assert "“name” is blank" in problems[4]
    assert "“Solo” is in line 5 already." in problems[6]
    assert "There is no such record." in problems[7]
    assert customers.one("Solo")["city"] == "D"


def test_insert_with_a_key_refuses_what_is_there(customers: Import) -> None:
    customers("name\nAcme\n")
    outcome = customers("name\nAcme\nBolt\n", key="name", mode=Mode.INSERT)
    assert (outcome.inserted, outcome.bad) == (1, 1)


def test_a_number_of_the_system_finds_records_but_makes_none(customers: Import) -> None:
    customers("name\nAcme\n")
    number = customers.one("Acme")["number"]
    outcome = customers(f"number,name\n{number},Acme AG\n,Bolt\nC-987654,Ghost\n", key="number")
    assert (outcome.inserted, outcome.updated, outcome.bad) == (1, 1, 1)
    assert sorted(each["name"] for each in customers.records("name")) == ["Acme AG", "Bolt"]


def test_records_out_of_reach_are_not_changed(
    customers: Import, kernel: Kernel, session: Session, actor_as: MakeActor
) -> None:
    customers("name\nForeign\n")
    seller = actor_as("account_manager")
    if not seller.may("customer.customer", "import"):
        pytest.skip("account managers may not import")
    outcome = customers("name,city\nForeign,X\n", key="name", mode=Mode.UPDATE, actor=seller)
    assert (outcome.updated, outcome.bad) == (0, 1)


def test_units_are_known_by_their_code(customers: Import, kernel: Kernel) -> None:
    kernel.resources["core.unit"].service.create(
        customers.session, [{"code": "EAST", "name": "East"}], actor=OPERATOR
    )
    customers("name,unit\nAcme,EAST\n")
    unit = customers.session.scalar(select(Unit.__table__.c.id))
    assert customers.one("Acme")["unit"]["id"] == unit


def test_two_spellings_of_one_key_are_one_record(customers: Import) -> None:
    customers("name,phone\nAcme,13800138000\n")
    outcome = customers("name,phone\nA,+86 13800138000\nB,138-0013-8000\n", key="phone")
    assert (outcome.updated, outcome.bad) == (1, 1)
    assert "is in line 2 already" in customers.bad[0][1]


# Bad rows


def _lines(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def test_bad_rows_are_kept_as_they_were_with_the_problem(tmp_path: Path) -> None:
    rows = BadRows(tmp_path / "a.csv.bad.csv", ["name", "city"])
    rows.add(Row(2, ["=Acme", "a\nb"]), ["one.", "two."])
    rows.add(Row(3, ["Bolt"]), ["short."])
    rows.add(Row(4, ["Cog", "Rome", "more"]), ["long."])
    assert list(tmp_path.glob("*.csv")) == []
    rows.keep()
    assert _lines(tmp_path / "a.csv.bad.csv") == [
        ["name", "city", "problem"],
        ["=Acme", "a\nb", "one. two."],
        ["Bolt", "", "short."],
        ["Cog", "Rome", "long.", "more"],
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv.bad.csv"]


def test_corrected_bad_rows_come_in(customers: Import, tmp_path: Path) -> None:
    rows = BadRows(tmp_path / "bad.csv", ["name", "employees"])
    rows.add(Row(2, ["Acme", "5"]), ["employees: not right"])
    rows.keep()
    assert customers((tmp_path / "bad.csv").read_bytes()).inserted == 1


def test_bad_rows_that_cannot_be_written_leave_nothing(tmp_path: Path) -> None:
    rows = BadRows(tmp_path / "no such folder" / "bad.csv", ["name"])
    with pytest.raises(UnwritableBadRows, match="Nothing was imported"):
        rows.add(Row(2, ["A"]), ["bad"])
    rows = BadRows(tmp_path / "bad.csv", ["name"])
    rows.add(Row(2, ["A"]), ["bad"])
    rows.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_bad_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    rows = BadRows(tmp_path / "bad.csv", ["name"])
    rows.add(Row(2, ["A"]), ["bad"])
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnwritableBadRows, match="No space left"):
        rows.keep()
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_after_each_batch(
    session: Session, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH", 2)
    resource = kernel.resources["customer.customer"]
    table = _table(b"name\nA\nB\nC\nD\nE\n")
    plan = make_plan(Gateway(session, OPERATOR), resource, table.header)
    told: list[tuple[int, int]] = []
    tell: Callable[[Outcome], None] = lambda outcome: told.append((outcome.read, outcome.inserted))  # noqa: E731
    Importer(session, resource, plan, actor=OPERATOR).run(table.rows(), 1, tell)
    assert told == [(2, 2), (4, 4), (5, 5)]
