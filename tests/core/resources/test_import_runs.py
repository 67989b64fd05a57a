from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.db.session import commit, tenant_of
from core.errors import Forbidden, NotFound, StorageFull
from core.i18n import speaking, unpack
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing import (
    BadMapping,
    ColumnMap,
    Mode,
    Reading,
    UnreadableFile,
    running,
    runs,
    steps,
)
from core.resources.importing.bad_rows import write_bad_rows
from core.resources.importing.checking import check
from core.resources.importing.entries import Repeats
from core.resources.importing.importer import Importer
from core.resources.importing.jobs import import_store
from core.resources.importing.kept import bad_rows
from core.resources.importing.models import ImportRow
from core.resources.importing.presence import TakenOver
from core.resources.importing.runs import NeedsKey, NotNow, Run
from core.resources.importing.tidying import tidy
from core.resources.query import Order, Query
from core.resources.storage import kept_file
from core.testing.jobs import RunJobs
from core.testing.plugin import MakeActor

Committed = Callable[[], AbstractContextManager[Session]]


class Broken(Exception):
    """What a killed program leaves is what a transaction that breaks leaves."""


class Imports:
    """Imports of customers that are really committed."""

    def __init__(self, kernel: Kernel, committed: Committed) -> None:
        self.kernel = kernel
        self.unit = committed
        self.resource: Resource = kernel.resources["customer.customer"]
        self.store = import_store(kernel.config)

    def create(self, content: str | bytes, *, actor: Actor = OPERATOR, **how: Any) -> Run:
        raw = content.encode() if isinstance(content, str) else content
        with self.unit() as session:
            run = steps.create_run(
                session, self.resource, actor=actor, store=self.store, name="a.csv", content=io.BytesIO(raw)
            )
            if not how:
                return run
            return steps.configure(session, run, actor=actor, resource=self.resource, **how)

    def start(self, content: str | bytes, *, actor: Actor = OPERATOR, **how: Any) -> Run:
        run = self.create(content, actor=actor, **how)
        with self.unit() as session:
            return steps.start(session, run, actor=actor, resource=self.resource)

    def again(self, run: Run) -> Run:
        with self.unit() as session:
            return runs.find_run(session, run.id, actor=OPERATOR)

    def tenant_id(self) -> int:
        with self.unit() as session:
            return tenant_of(session).id

    def names(self) -> list[str]:
        return [record["name"] for record in self.records("name")]

    def records(self, *fields: str) -> list[dict[str, Any]]:
        with self.unit() as session:
            query = Query(fields=fields, sort=(Order("id"),), per_page=500)
            return Gateway(session, OPERATOR).page(self.resource, query).records()

    def do(self, run: Run, *, parts: int | None = None) -> None:
        """Run an import, and break it behind so many parts."""
        units = Breaking(self.kernel, self.unit, parts)
        running.run_import(units, self.kernel.resources, run.id, store=self.store)


class Breaking:
    """Units of work of a program that is killed in the middle of one."""

    def __init__(self, kernel: Kernel, unit: Committed, parts: int | None) -> None:
        self._unit = unit
        self._left = parts
        self.told: list[tuple[int, int | None]] = []

    @contextmanager
    def unit(self) -> Iterator[Session]:
        with self._unit() as session:
            before = session.scalar(text("select coalesce(sum(position + round * 1000), 0) from core_import"))
            yield session
            after = session.scalar(text("select coalesce(sum(position + round * 1000), 0) from core_import"))
            if self._left is not None and after != before:
                self._left -= 1
                if self._left < 0:
                    raise Broken

    def actor(self, session: Session) -> Actor:
        return OPERATOR

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        self.told.append((done, total))

    def cancelled(self) -> bool:
        return False


@pytest.fixture
def imports(kernel: Kernel, committed: Committed, monkeypatch: pytest.MonkeyPatch) -> Imports:
    monkeypatch.setattr(running, "PART", 3)
    return Imports(kernel, committed)


def _rows(count: int) -> str:
    return "name,city\n" + "".join(f"N{each},Rome\n" for each in range(count))


def test_an_import_runs_as_a_job(imports: Imports, run_jobs: RunJobs) -> None:
    run = imports.start("name,employees\nAcme,5\nBolt,x\nCog,7\nDot,8\nEdge,9\n")
    assert run.state == "waiting"
    [done] = run_jobs()
    assert (done.kind, done.state) == ("core.import", "done")
    run = imports.again(run)
    assert (run.state, run.total, run.job_id) == ("done", 5, done.id)
    assert run.counts == {
        "read": 5, "inserted": 4, "updated": 0, "unchanged": 0, "skipped": 0, "bad": 1, "created": 0,
    }  # fmt: skip
    assert imports.names() == ["Acme", "Cog", "Dot", "Edge"]
    with imports.unit() as session:
        told = session.execute(text("select done, total, result->>'state' from core_job")).one()
        assert tuple(told) == (5, 5, "done")


def test_bad_rows_are_told_in_the_readers_language_and_come_in_again(
    imports: Imports, run_jobs: RunJobs
) -> None:
    run = imports.start('name,employees\nAcme,x\n"Bo\nlt",1,2\nCog,7\n')
    run_jobs()
    with imports.unit() as session:
        assert [row.line for row, _problems in bad_rows(session, run.id)] == [2, 4]
        with speaking("zh"):
            chinese = b"".join(write_bad_rows(session, run)).decode("utf-8-sig")
        english = b"".join(write_bad_rows(session, run)).decode("utf-8-sig")
    assert english.splitlines()[:2] == ["name,employees,problem", "Acme,x,employees: “x” is no whole number."]
    assert chinese.splitlines()[0] == "name,employees,问题"
    assert "不是整数" in chinese
    corrected = imports.start(english.replace(",x,", ",3,").replace('"Bo\nlt",1,', "Bolt,1,"))
    run_jobs()
    assert imports.again(corrected).counts["inserted"] == 1
    assert imports.names() == ["Cog", "Acme"]


@pytest.mark.parametrize("parts", range(7))
def test_each_row_comes_in_once_wherever_it_is_killed(imports: Imports, parts: int) -> None:
    # D waits for C further down, B for A behind that, X for nobody who comes; one row is bad.
    content = "name,parent,employees\nB,A,\nD,C,\nX,nobody,\nE,,1\nF,,x\nC,B,\nG,,2\nH,G,\nA,,3\nK,C,\n"
    run = imports.start(content)
    with pytest.raises(Broken):
        imports.do(run, parts=parts)
    for _attempt in range(3):
        try:
            imports.do(run, parts=1)
        except Broken:
            continue
    imports.do(run)
    run = imports.again(run)
    assert run.state == "done"
    assert (run.counts["read"], run.counts["inserted"], run.counts["bad"]) == (10, 8, 2)
    parents = {each["name"]: (each["parent"] or {"label": None})["label"] for each in imports.records()}
    assert parents == {
        "A": None, "B": "A", "C": "B", "D": "C", "E": None, "G": None, "H": "G", "K": "C",
    }  # fmt: skip
    with imports.unit() as session:
        assert [row.cells[0] for row, _problems in bad_rows(session, run.id)] == ["X", "F"]
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 2
        created = text("select count(*) from core_timeline_entry where kind = 'created'")
        assert session.scalar(created) == 8
        assert session.scalar(text("select count(*) from core_change_set_row")) == 8


def test_a_key_that_repeats_is_refused_also_after_a_kill(imports: Imports) -> None:
    content = "name,city\n" + "".join(f"{name},x\n" for name in "ABCDEFGHAJKB")
    run = imports.start(content, mode=Mode.UPSERT, key="name")
    with pytest.raises(Broken):
        imports.do(run, parts=2)
    imports.do(run)
    with imports.unit() as session:
        bad = [(row.cells[0], str(problems[0])) for row, problems in bad_rows(session, run.id)]
    assert bad == [("A", "“A” is in line 2 already."), ("B", "“B” is in line 3 already.")]


def test_rights_are_looked_at_again_with_every_part(
    imports: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = imports.start(_rows(9), options={"keep_authors": True})
    asked = iter(range(100))

    def actor(_self: Breaking, _session: Session) -> Actor:
        return OPERATOR if next(asked) < 2 else replace(OPERATOR, is_administrator=False)

    monkeypatch.setattr(Breaking, "actor", actor)
    with pytest.raises(NotFound):
        imports.do(run)
    assert imports.names() == ["N0", "N1", "N2"]
    assert imports.again(run).state == "failed"
    monkeypatch.undo()
    imports.do(run)
    assert len(imports.names()) == 9


def test_a_changed_actor_reads_the_rows_anew(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    run = imports.start("name,employees\n" + "".join(f"N{each},{each}\n" for each in range(9)))
    asked = iter(range(100))
    monkeypatch.setattr(running, "PART", 3)
    monkeypatch.setattr(Breaking, "actor", lambda *_: replace(OPERATOR, name=f"operator {next(asked)}"))
    imports.do(run)
    assert [each["employees"] for each in imports.records()] == list(range(9))


def test_a_check_nobody_wants_to_know_of_is_called_off(imports: Imports, run_jobs: RunJobs) -> None:
    run = imports.create(_rows(4))
    with imports.unit() as session:
        run = steps.start_check(session, run, actor=OPERATOR, resource=imports.resource)
    with imports.unit() as session:
        run = steps.cancel(session, run)
    assert (run.state, run.finished_at) == ("draft", None)
    assert [each.state for each in run_jobs()] in ([], ["cancelled"])
    assert imports.again(run).report is None


def test_taking_back_what_is_not_ones_own_any_more_is_told(
    imports: Imports, session: Session, actor_as: MakeActor, run_jobs: RunJobs
) -> None:
    manager = actor_as("account_manager")
    commit(session)
    run = imports.start(_rows(2), actor=manager)
    run_jobs()
    with imports.unit() as unit:
        steps.undo(unit, imports.again(run), actor=manager)
        unit.execute(text("delete from core_role_assignment"))
    [job] = run_jobs()
    run = imports.again(run)
    assert (job.state, run.state) == ("parked", "failed")
    assert run.error
    assert len(imports.names()) == 2


def test_two_programs_do_not_do_one_import(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    run = imports.start(_rows(9))
    taken = running._Running._take

    def overtaken(self: Any, entries: Any, *, position: int) -> bool:
        if self.position == 3:  # meanwhile somebody else has done the next part
            monkeypatch.setattr(running._Running, "_take", taken)
            with pytest.raises(Broken):
                imports.do(run, parts=1)
        return taken(self, entries, position=position)

    monkeypatch.setattr(running._Running, "_take", overtaken)
    with pytest.raises(TakenOver):
        imports.do(run)
    assert imports.names() == [f"N{each}" for each in range(6)]
    imports.do(run)
    assert imports.names() == [f"N{each}" for each in range(9)]
    assert imports.again(run).state == "done"


def test_a_cancelled_import_stops_behind_its_part_and_goes_on_or_back(
    imports: Imports, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = imports.start(_rows(8))
    progress = Breaking.progress

    def cancel(self: Breaking, done: int, total: int | None = None, note: str = "") -> None:
        progress(self, done, total)
        if done == 3:
            with imports.unit() as session:
                steps.cancel(session, runs.find_run(session, run.id, actor=OPERATOR))

    monkeypatch.setattr(Breaking, "progress", cancel)
    imports.do(run)
    run = imports.again(run)
    assert (run.state, run.counts["read"], run.position) == ("cancelled", 3, 3)
    assert imports.names() == ["N0", "N1", "N2"]
    assert run_jobs() == [] or imports.again(run).state == "cancelled"
    with imports.unit() as session:
        with pytest.raises(NotNow):
            steps.cancel(session, run)
        run = steps.start(session, run, actor=OPERATOR, resource=imports.resource)
    run_jobs()
    assert imports.names() == [f"N{each}" for each in range(8)]
    with imports.unit() as session:
        run = steps.undo(session, imports.again(run), actor=OPERATOR)
    run_jobs()
    run = imports.again(run)
    assert run.state == "undone"
    assert imports.names() == []
    with imports.unit() as session, pytest.raises(NotNow):
        steps.start(session, run, actor=OPERATOR, resource=imports.resource)


def test_a_second_import_changes_nothing_and_undoing_it_neither(imports: Imports, run_jobs: RunJobs) -> None:
    content = "name,city,phones.number\nA,x,13800138000\nB,y,\nC,z,13900139000\nD,,\n"
    first = imports.start(content, mode=Mode.UPSERT, key="name")
    run_jobs()
    before = imports.records()
    second = imports.start(content, mode=Mode.UPSERT, key="name")
    run_jobs()
    assert imports.again(second).counts["unchanged"] == 4
    assert imports.records() == before
    for run in (second, first):
        with imports.unit() as session:
            steps.undo(session, imports.again(run), actor=OPERATOR)
        [undone] = run_jobs()
        assert undone.state == "done"
    assert imports.records() == []


def test_what_is_there_is_left_when_asked(imports: Imports, run_jobs: RunJobs) -> None:
    imports.start("name,city\nA,Rome\n")
    run_jobs()
    run = imports.start("name,city\nA,Oslo\nB,Oslo\n", mode=Mode.SKIP, key="name")
    run_jobs()
    counts = imports.again(run).counts
    assert (counts["inserted"], counts["skipped"], counts["bad"]) == (1, 1, 0)
    assert [(each["name"], each["city"]) for each in imports.records()] == [("A", "Rome"), ("B", "Oslo")]


def test_the_mapping_used_last_for_these_columns_is_offered(imports: Imports, run_jobs: RunJobs) -> None:
    mapping = ColumnMap({"company": "name", "x": None})
    imports.start("company,x\nAcme,1\n", mapping=mapping, mode=Mode.UPSERT, key="company")
    run_jobs()
    with imports.unit() as session:
        content = io.BytesIO(b"X,Company\n2,Bolt\n")
        run = steps.create_run(
            session, imports.resource, actor=OPERATOR, store=imports.store, name="b.csv", content=content
        )
    assert run.columns == mapping
    assert (run.mode, run.key) == ("upsert", "company")
    with imports.unit() as session:
        other = steps.create_run(
            session, imports.resource, actor=OPERATOR, store=imports.store, name="c.csv",
            content=io.BytesIO(b"company,y\nBolt,2\n"),
        )  # fmt: skip
    assert other.columns == ColumnMap()


def test_authors_and_days_are_kept_for_administrators(
    imports: Imports, session: Session, run_jobs: RunJobs, kernel: Kernel
) -> None:
    with imports.unit() as unit:
        values = [
            {"name": "Lin Yue", "email": "lin@example.com"},
            {"name": "Ada", "email": "ada@example.com"},
        ]
        lin, ada = kernel.resources["core.user"].service.create(unit, values, actor=OPERATOR)
    content = (
        "name,created_at,created_by,updated_at,updated_by,owner\n"
        "A,2019-03-01 09:30,lin@example.com,2020-01-02,Ada,ada@example.com\n"
        "B,,,,,\n"
        "C,2019-03-01,nobody@example.com,,,\n"
    )
    run = imports.start(content, options={"keep_authors": True})
    run_jobs()
    assert imports.again(run).counts["bad"] == 1
    first, second = imports.records()
    assert first["created_at"].isoformat() == "2019-03-01T01:30:00+00:00"
    assert first["updated_at"].isoformat() == "2020-01-01T16:00:00+00:00"
    assert (first["created_by"]["id"], first["updated_by"]["id"], first["owner"]["id"]) == (lin, ada, ada)
    assert second["created_at"].year > 2020
    assert second["created_by"] is None
    with imports.unit() as unit:
        entries = unit.execute(
            text(
                "select created_at, created_by_id from core_timeline_entry"
                " where resource = 'customer.customer' order by record_id"
            )
        ).all()
    assert [(entry.created_at.year > 2020, entry.created_by_id) for entry in entries] == [
        (False, lin),
        (True, None),
    ]
    again = imports.start(content, mode=Mode.UPSERT, key="name", options={"keep_authors": True})
    run_jobs()
    assert imports.again(again).counts["unchanged"] == 2


def test_others_do_not_keep_authors(imports: Imports, session: Session, actor_as: MakeActor) -> None:
    manager = actor_as("account_manager")
    commit(session)
    with pytest.raises(Forbidden):
        imports.create("name,created_by\nA,Ada\n", actor=manager, options={"keep_authors": True})
    run = imports.create("name,created_by\nA,Ada\n", actor=manager)
    with imports.unit() as unit:
        assert runs.plan_of(Gateway(unit, manager), imports.resource, run).kept_by_system == ("created_by",)


# Trying


def test_trying_tells_everything_and_leaves_nothing(imports: Imports) -> None:
    content = "name,kind,employees,x\nAcme,Active,5,1\nBolt,活跃,x,2\nCog,lost,y,3\n,lost,7,4\n"
    mapping = ColumnMap({"x": {"note": "X"}})
    run = imports.create(content, mapping=mapping)
    with imports.unit() as session:
        run = check(session, run, actor=OPERATOR, resource=imports.resource, store=imports.store)
    assert run.state == "checked"
    assert imports.names() == []
    report = run.report
    assert report is not None
    assert (report["checked"], report["is_whole"]) == (4, True)
    assert (report["counts"]["inserted"], report["counts"]["bad"]) == (1, 3)
    kinds = [
        (kind["column"], str(unpack(kind["text"])), kind["count"], kind["lines"])
        for kind in report["problems"]
        if kind["column"] == "employees"
    ]
    assert kinds == [("employees", "“x” is no whole number.", 2, [3, 4])]
    first = report["rows"][0]
    assert (first["line"], first["action"]) == (2, "insert")
    with speaking("en"):
        assert {cell["column"]: cell["text"] for cell in first["cells"]} == {
            "name": "Acme", "kind": "Active", "employees": "5", "x": "1",
        }  # fmt: skip
    assert [row["action"] for row in report["rows"]] == ["insert", "bad", "bad", "bad"]
    with imports.unit() as session:
        leftovers = text(
            "select (select count(*) from core_timeline_entry) + (select count(*) from core_change_set)"
        )
        assert session.scalar(leftovers) == 0


def test_trying_the_first_rows_does_not_refuse_what_may_come(imports: Imports) -> None:
    run = imports.create("name,parent\nB,A\nC,\nA,\n")
    with imports.unit() as session:
        run = check(session, run, actor=OPERATOR, resource=imports.resource, store=imports.store, limit=2)
    assert run.report is not None
    assert [row["action"] for row in run.report["rows"]] == ["wait", "insert"]
    assert (run.report["is_whole"], run.report["counts"]["bad"]) == (False, 0)


def test_a_whole_file_is_tried_by_a_job(imports: Imports, run_jobs: RunJobs) -> None:
    run = imports.create(_rows(10))
    with imports.unit() as session:
        run = steps.start_check(session, run, actor=OPERATOR, resource=imports.resource)
    assert run.state == "checking"
    run_jobs()
    run = imports.again(run)
    assert run.state == "checked"
    assert run.report is not None
    assert run.report["counts"]["inserted"] == 10
    assert imports.names() == []
    with imports.unit() as session:
        steps.start(session, run, actor=OPERATOR, resource=imports.resource)
    run_jobs()
    assert len(imports.names()) == 10


# Rights, refusals and trouble


def test_an_import_is_its_makers_and_the_administrators(
    imports: Imports, session: Session, actor_as: MakeActor
) -> None:
    mine, other, admin = actor_as("account_manager"), actor_as("account_manager"), actor_as("administrator")
    commit(session)
    run = imports.create("name\nA\n", actor=mine)
    assert runs.find_run(session, run.id, actor=mine).id == run.id
    assert runs.find_run(session, run.id, actor=admin).id == run.id
    with pytest.raises(NotFound):
        runs.find_run(session, run.id, actor=other)
    with pytest.raises(Forbidden):
        imports.create("name\nA\n", actor=actor_as("analyst"))


def test_whoever_has_lost_the_right_imports_no_further(
    imports: Imports, session: Session, actor_as: MakeActor, run_jobs: RunJobs
) -> None:
    manager = actor_as("account_manager")
    commit(session)
    run = imports.start(_rows(4), actor=manager)
    with imports.unit() as unit:
        unit.execute(text("delete from core_role_assignment"))
    [job] = run_jobs()
    assert job.state == "parked"
    assert imports.names() == []
    assert imports.again(run).state == "failed"


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"mode": Mode.UPSERT}, NeedsKey),
        ({"mode": Mode.SKIP}, NeedsKey),
        ({"mapping": ColumnMap({"nope": "name"})}, BadMapping),
        ({"key": "phone", "mode": Mode.UPDATE}, BadMapping),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    imports: Imports, how: dict[str, Any], refusal: type[Exception]
) -> None:
    run = imports.create(_rows(1))
    with imports.unit() as session, pytest.raises(refusal):
        steps.configure(session, run, actor=OPERATOR, resource=imports.resource, **how)
    assert imports.again(run) == run


def test_a_run_that_has_begun_is_not_changed(imports: Imports) -> None:
    run = imports.start(_rows(1))
    with imports.unit() as session:
        with pytest.raises(NotNow):
            steps.configure(session, run, actor=OPERATOR, resource=imports.resource, mode=Mode.INSERT)
        with pytest.raises(NotNow):
            steps.start(session, run, actor=OPERATOR, resource=imports.resource)
        with pytest.raises(NotNow):
            steps.undo(session, run, actor=OPERATOR)


def test_a_file_in_another_encoding_is_read_as_told(imports: Imports) -> None:
    run = imports.create("名稱\n宏達電子\n".encode("big5"))
    with imports.unit() as session:
        run = steps.configure(
            session, run, actor=OPERATOR, resource=imports.resource, store=imports.store,
            reading=Reading(encoding="big5"), mapping=ColumnMap({"名稱": "name"}),
        )  # fmt: skip
    assert run.header == ["名稱"]


def test_a_file_that_is_no_table_leaves_no_run(imports: Imports) -> None:
    with pytest.raises(UnreadableFile):
        imports.create(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    with imports.unit() as session:
        assert session.scalar(text("select count(*) from core_import")) == 0


def test_a_row_that_breaks_the_file_is_told_before_anything_comes_in(
    imports: Imports, run_jobs: RunJobs
) -> None:
    content = _rows(20) + '"' + "x" * (5 * 1024 * 1024)
    run = imports.start(content)
    [job] = run_jobs()
    run = imports.again(run)
    assert (job.state, run.state) == ("parked", "failed")
    assert "line 22" in (run.error or "")
    assert imports.names() == []


def test_a_file_that_is_gone_is_told(imports: Imports, run_jobs: RunJobs, committed: Committed) -> None:
    run = imports.start(_rows(3))
    with imports.unit() as session:
        kept_file(runs.folder_of(session, imports.store), run.sha256).unlink()
    run_jobs()
    assert "no longer kept" in (imports.again(run).error or "")


def test_a_full_disk_stops_the_upload_and_the_import_waits(
    imports: Imports, monkeypatch: pytest.MonkeyPatch, run_jobs: RunJobs
) -> None:
    def full(*_anything: Any, **_more: Any) -> Any:
        raise StorageFull

    run = imports.start(_rows(9))
    monkeypatch.setattr(Importer, "write", full)
    [job] = run_jobs()
    assert job.state == "waiting"  # for another try
    assert imports.again(run).state == "running"
    assert imports.names() == []
    monkeypatch.undo()
    run_jobs(later=True)
    assert imports.names() == [f"N{each}" for each in range(9)]


def test_memory_does_not_grow_with_the_keys(imports: Imports) -> None:
    repeats = Repeats()
    for number in range(200_000):
        repeats.add(f"key {number}")
    few = sum(f"key {number}" in repeats for number in range(200_000))
    assert few < 200_000 * 0.05
    repeats.add("key 7")
    assert "key 7" in repeats


def test_drafts_are_forgotten(imports: Imports) -> None:
    run = imports.create(_rows(1))
    with imports.unit() as session:
        steps.discard(session, run)
    with imports.unit() as session:
        assert session.scalar(text("select count(*) from core_import")) == 0


def test_old_drafts_files_and_sets_go(imports: Imports, run_jobs: RunJobs) -> None:
    recent = imports.start(_rows(2))
    run_jobs()
    draft, done = imports.create(_rows(3)), imports.start("name,employees\nA,1\nB,x\n")
    run_jobs()
    folder = imports.store / str(imports.tenant_id())
    for run in (draft, done, recent):
        os.utime(kept_file(folder, run.sha256), (1, 1))
    with imports.unit() as session:
        assert tidy(session, imports.store) == {"drafts": 0, "files": 0, "sets": 0}
        old = text(
            "update core_import set created_at = now() - interval '8 days',"
            " finished_at = finished_at - interval '31 days' where id <> :id"
        )
        session.execute(old, {"id": recent.id})
    with imports.unit() as session:
        assert tidy(session, imports.store) == {"drafts": 1, "files": 2, "sets": 0}
        assert list(bad_rows(session, done.id)) == []
        session.execute(text("update core_change_set set created_at = now() - interval '91 days'"))
    with imports.unit() as session:
        assert tidy(session, imports.store) == {"drafts": 0, "files": 0, "sets": 2}
    with imports.unit() as session, pytest.raises(NotNow):
        steps.undo(session, imports.again(recent), actor=OPERATOR)
    assert kept_file(folder, recent.sha256).exists()
    assert imports.names() == ["N0", "N1", "A"]
