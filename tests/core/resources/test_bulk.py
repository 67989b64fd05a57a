"""The same done with many records: who is changed, who is refused and why, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.errors import Forbidden, Invalid, NotFound
from core.jobs import Work
from core.kernel import Kernel
from core.resources import change_sets
from core.resources.bulk import (
    Edit,
    Result,
    TooManyRecords,
    carry_out,
    check,
    editable_fields,
    matching,
    preview,
    runs,
)
from core.resources.bulk.runs import do_now
from core.resources.declaration import Resource
from core.resources.filters import Condition
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.resources.resolver import UnknownField
from core.testing.jobs import RunJobs
from core.testing.plugin import ApiClient, MakeActor

CUSTOMERS = "customer/customers"
Committed = Callable[[], AbstractContextManager[Session]]
MakeApi = Callable[..., ApiClient]


@pytest.fixture
def customers(kernel: Kernel) -> Resource:
    return kernel.resources["customer.customer"]


@pytest.fixture
def seller(actor_as: MakeActor) -> Actor:
    return actor_as("account_manager")


def _make(
    session: Session, customers: Resource, *names: str, actor: Actor = OPERATOR, **values: Any
) -> list[int]:
    return customers.service.create(session, [{"name": name, **values} for name in names], actor=actor)


def _stored(session: Session, customers: Resource) -> dict[int, dict[str, Any]]:
    rows = session.execute(select(customers.table)).mappings()
    return {row["id"]: dict(row) for row in rows}


def _sentences(result: Result) -> dict[int, str]:
    return {each.record_id: each.sentence for each in result.refused}


def test_the_good_ones_are_changed_and_the_others_told(
    session: Session, customers: Resource, seller: Actor, actor_as: MakeActor
) -> None:
    own = _make(session, customers, "A", "B", actor=seller)
    [others] = _make(session, customers, "C")
    before = _stored(session, customers)
    gateway = Gateway(session, actor_as("customer_service"))  # reads all, changes what is his own
    [mine] = _make(session, customers, "D", actor=gateway.actor)
    result = carry_out(gateway, customers, [*own, others, mine], Edit("update", {"level": "A"}))
    assert (result.changed, set(_sentences(result))) == (1, {*own, others})
    assert _sentences(result)[others] == Forbidden().detail
    after = _stored(session, customers)
    assert after[mine]["level"] == "A"
    assert {number: after[number] for number in before} == before


def test_what_is_out_of_reach_does_not_exist(session: Session, customers: Resource, seller: Actor) -> None:
    [mine] = _make(session, customers, "A", actor=seller)
    [hidden] = _make(session, customers, "B")
    before = _stored(session, customers)[hidden]
    gateway = Gateway(session, seller)
    for action in ("update", "archive"):
        edit = Edit(action, {"level": "A"} if action == "update" else {})
        result = carry_out(gateway, customers, [hidden, mine, 10**9], edit)
        assert (result.changed, result.refused) == (1, [])
    assert _stored(session, customers)[hidden] == before
    assert matching(gateway, customers, Query(where=Condition("name", "in", ("A", "B")))) == []  # archived
    assert matching(gateway, customers, Query(where=Condition("archived_at", "isnull", False))) == [mine]


def test_rules_refuse_single_records_with_their_sentence(session: Session, customers: Resource) -> None:
    group, child, other = _make(session, customers, "Group", "Child", "Other")
    result = carry_out(
        Gateway(session, OPERATOR), customers, [group, child, other], Edit("update", {"parent": group})
    )
    assert result.changed == 2
    assert list(_sentences(result)) == [group]
    stored = _stored(session, customers)
    assert [stored[number]["parent_id"] for number in (group, child, other)] == [None, group, group]


def test_what_the_database_refuses_is_found_by_halves(session: Session, customers: Resource) -> None:
    numbers = _make(session, customers, *(f"N{n}" for n in range(9)))
    _make(session, customers, "Child", parent=numbers[3])
    result = carry_out(Gateway(session, OPERATOR), customers, numbers, Edit("delete"))
    assert (result.changed, list(_sentences(result))) == (8, [numbers[3]])
    assert "refer to this one" in _sentences(result)[numbers[3]]
    assert set(_stored(session, customers)) & set(numbers) == {numbers[3]}


def test_values_that_are_wrong_for_all_are_refused_at_once(session: Session, customers: Resource) -> None:
    gateway = Gateway(session, OPERATOR)
    with pytest.raises(Invalid) as refused:
        check(gateway, customers, Edit("update", {"email": "nonsense"}))
    assert set(refused.value.errors) == {"email"}
    for edit in (
        Edit("update", {"nope": 1}),
        Edit("update", {"number": "C-1"}),
        Edit("update", {"updated_at": None}),
        Edit("update", add={"city": ["x"]}),
        Edit("update", remove={"nope": ["x"]}),
    ):
        with pytest.raises(UnknownField):
            check(gateway, customers, edit)
    with pytest.raises(Invalid):
        check(gateway, customers, Edit("update", {"name": ""}))
    with pytest.raises(NotFound):
        check(gateway, customers, Edit("explode"))


def test_who_may_not_do_it_at_all_is_told_at_once(
    session: Session, customers: Resource, actor_as: MakeActor
) -> None:
    analyst = Gateway(session, actor_as("analyst"))
    assert editable_fields(analyst, customers) == []
    for action in ("update", "archive", "delete"):
        with pytest.raises(Forbidden):
            check(analyst, customers, Edit(action))
    with pytest.raises(NotFound):
        check(Gateway(session, actor_as("maintainer")), customers, Edit("archive"))


def test_tags_are_put_to_those_of_each_and_taken_away(session: Session, customers: Resource) -> None:
    one, two, three = [
        *_make(session, customers, "A", tags=["x", "y"]), *_make(session, customers, "B", tags=["z"]),
        *_make(session, customers, "C", tags=["new"]),
    ]  # fmt: skip
    gateway = Gateway(session, OPERATOR)
    edit = Edit("update", {"level": "A"}, add={"tags": ["new"]}, remove={"tags": ["y"]})
    assert carry_out(gateway, customers, [one, two, three], edit).changed == 3
    stored = _stored(session, customers)
    assert [stored[number]["tags"] for number in (one, two, three)] == [["x", "new"], ["z", "new"], ["new"]]
    again = carry_out(gateway, customers, [one, two, three], edit)
    assert (again.changed, again.unchanged) == (0, 3)


def test_a_preview_is_what_then_happens_and_changes_nothing(
    session: Session, customers: Resource, seller: Actor
) -> None:
    group, *rest = _make(session, customers, *(f"N{n}" for n in range(30)), actor=seller)
    gateway = Gateway(session, seller)
    before = _stored(session, customers)
    entries = session.scalar(text("select count(*) from core_timeline_entry"))
    waiting = list(session.info.get("after_commit", ()))
    edit = Edit("update", {"parent": group, "level": "B"})
    promised = preview(gateway, customers, [group, *rest], edit)
    assert _stored(session, customers) == before
    assert session.scalar(text("select count(*) from core_timeline_entry")) == entries
    assert session.info.get("after_commit", []) == waiting
    assert (promised.changed, len(promised.shown)) == (29, 20)
    assert promised.shown[0].values == {"parent": (None, group), "level": (None, "B")}
    kept = carry_out(gateway, customers, [group, *rest], edit)
    assert kept == promised


def test_a_set_takes_back_what_was_done(session: Session, customers: Resource, seller: Actor) -> None:
    numbers = _make(session, customers, "A", "B", level="C", actor=seller)
    gateway = Gateway(session, seller)
    result, set_id = do_now(gateway, customers, numbers, Edit("update", {"level": "A"}))
    assert result.changed == 2
    assert set_id is not None
    customers.service.update(session, numbers[1], {"city": "Oslo"}, actor=OPERATOR)
    undone = change_sets.undo(session, set_id, actor=seller)
    assert (undone.restored, undone.left) == (1, 1)
    stored = _stored(session, customers)
    assert [stored[number]["level"] for number in numbers] == ["C", "A"]
    result, set_id = do_now(gateway, customers, numbers, Edit("archive", {"reason": "old"}))
    assert set_id is not None
    assert change_sets.undo(session, set_id, actor=seller).restored == 2
    assert all(row["archived_at"] is None for row in _stored(session, customers).values())


def test_what_changes_nothing_leaves_no_set(session: Session, customers: Resource) -> None:
    numbers = _make(session, customers, "A", level="A")
    sets = "select count(*) from core_change_set"
    before = session.scalar(text(sets))
    result, set_id = do_now(Gateway(session, OPERATOR), customers, numbers, Edit("update", {"level": "A"}))
    assert (result.changed, result.unchanged, set_id) == (0, 1, None)
    assert session.scalar(text(sets)) == before


def test_actions_of_the_resource_are_done_with_those_that_allow_it(
    session: Session, kernel: Kernel, seller: Actor
) -> None:
    activities = kernel.resources["customer.activity"]
    inputs = [{"subject": f"S{n}", "kind": "call"} for n in range(3)]
    numbers = activities.service.create(session, inputs, actor=seller)
    activities.service.perform(session, "cancel", numbers[:1], {}, actor=seller)
    gateway = Gateway(session, seller)
    result, set_id = do_now(gateway, activities, numbers, Edit("cancel"))
    assert set_id is not None
    rows = session.execute(select(activities.table.c.state)).scalars()
    assert set(rows) == {"cancelled"}
    assert result.changed + result.unchanged + len(result.refused) == 3
    change_sets.undo(session, set_id, actor=seller)
    rows = session.execute(select(activities.table.c.state).order_by(activities.table.c.id)).scalars()
    assert list(rows) == ["cancelled", "planned", "planned"]


def test_a_filter_that_matches_too_many_is_refused(session: Session, customers: Resource) -> None:
    _make(session, customers, "A", "B", "C")
    gateway = Gateway(session, OPERATOR)
    with pytest.raises(TooManyRecords, match="these are 3"):
        matching(gateway, customers, Query(), 2)


# By the API


@pytest.fixture
def owner(api: MakeApi) -> ApiClient:
    owner = api("account_manager")
    for name in ("Acme", "Birch", "Cedar"):
        assert owner.post(CUSTOMERS, json={"name": name, "level": "C"}).status_code == 201
    return owner


def _sent(client: ApiClient, status: int = 200, **order: Any) -> dict[str, Any]:
    answer = client.post(f"{CUSTOMERS}/bulk", json=order)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def _levels(client: ApiClient) -> list[str | None]:
    items = client.get(f"{CUSTOMERS}?sort=id&fields=level").get_json()["items"]
    return [each["level"] for each in items]


ALL = {"field": "id", "op": "gt", "value": 0}


def test_a_dry_run_tells_and_changes_nothing(owner: ApiClient) -> None:
    told = _sent(owner, filter=ALL, action="update", values={"level": "A"}, dry_run=True)
    assert (told["changed"], told["unchanged"], told["refused"]) == (3, 0, [])
    assert told["items"][0] == {"id": 1, "changes": {"level": ["C", "A"]}}
    assert _levels(owner) == ["C", "C", "C"]


def test_all_or_none_by_itself_and_the_good_ones_when_asked(owner: ApiClient) -> None:
    order: dict[str, Any] = {"ids": [1, 2, 3], "action": "update", "values": {"parent": 1, "level": "B"}}
    assert set(_sent(owner, 422, **order)["errors"])
    assert _levels(owner) == ["C", "C", "C"]
    told = _sent(owner, **order, skip_refused=True)
    assert (told["changed"], [each["id"] for each in told["refused"]]) == (2, [1])
    assert _levels(owner) == ["C", "B", "B"]
    undone = owner.post(f"change-sets/{told['change_set']}/undo").get_json()
    assert undone == {"restored": 2, "removed": 0, "left": 0}
    assert _levels(owner) == ["C", "C", "C"]


def test_what_was_done_by_api_is_taken_back_by_its_maker(owner: ApiClient, api: MakeApi) -> None:
    told = _sent(owner, filter=ALL, action="update", values={}, add={"tags": ["vip"]})
    assert (told["ids"], told["total"]) == ([1, 2, 3], 3)
    undo = f"change-sets/{told['change_set']}/undo"
    assert api("account_manager").post(undo).status_code == 403
    assert api("maintainer").post(undo).status_code == 404
    assert owner.get(f"{CUSTOMERS}/1").get_json()["tags"] == ["vip"]
    [shown] = owner.get("change-sets").get_json()["items"]
    assert (shown["id"], shown["state"]) == (told["change_set"], "made")
    assert owner.post(undo).status_code == 200
    assert owner.get(f"{CUSTOMERS}/1").get_json()["tags"] == []
    assert owner.get("change-sets").get_json()["items"][0]["state"] == "undone"


def test_what_cannot_be_taken_back_has_no_set(api: MakeApi) -> None:
    admin = api("administrator")
    admin.post(CUSTOMERS, json={"name": "A"})
    assert _sent(admin, ids=[1], action="delete")["change_set"] is None
    assert admin.get(f"{CUSTOMERS}/1").status_code == 404


@pytest.mark.parametrize(
    ("order", "errors"),
    [
        ({"action": "update"}, {"ids"}),
        ({"ids": [1], "filter": ALL, "action": "update"}, {"ids"}),
        ({"ids": list(range(1, 1002)), "action": "archive"}, {"ids"}),
        ({"ids": [1], "action": "explode"}, {"action"}),
        ({"ids": [1], "action": "update", "values": {"nope": 1}, "dry_run": True}, {"nope"}),
        ({"ids": [1], "action": "update", "add": {"tags": "x"}}, None),
        ({"ids": [1], "action": "update", "colour": "red"}, {"colour"}),
        ({"ids": [1], "action": "update", "values": {"email": "x"}, "background": True}, {"email"}),
    ],
)
def test_wrong_orders_are_refused(owner: ApiClient, order: dict[str, Any], errors: set[str] | None) -> None:
    told = _sent(owner, 422, **order)
    if errors is not None:
        assert set(told["errors"]) == errors
    assert _levels(owner) == ["C", "C", "C"]


# By a job


def test_a_job_treats_the_records_in_parts(
    owner: ApiClient, api: MakeApi, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "PART", 2)
    told = _sent(owner, 202, filter=ALL, action="update", values={"parent": 1, "level": "A"}, background=True)
    late = owner.post(CUSTOMERS, json={"name": "Late", "level": "C"}).get_json()
    assert [ran.state for ran in run_jobs()] == ["done"]
    run = owner.get(f"bulk-runs/{told['run']}").get_json()
    assert (run["total"], run["position"], run["changed"], run["refused"]) == (3, 3, 2, 1)
    assert [each["id"] for each in run["refusals"]] == [1]
    assert _levels(owner) == ["C", "A", "A", "C"]  # what came to match later is not touched
    assert late["id"] == 4
    assert api("account_manager").get(f"bulk-runs/{told['run']}").status_code == 404
    monkeypatch.setattr("core.web.api.bulk.MAX_AT_ONCE", 1)
    undo = owner.post(f"change-sets/{run['change_set']}/undo")
    assert undo.status_code == 202
    assert [ran.state for ran in run_jobs()] == ["done"]
    assert _levels(owner) == ["C", "C", "C", "C"]


def test_a_job_that_is_begun_again_goes_on(
    owner: ApiClient, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "PART", 1)
    _sent(owner, 202, filter=ALL, action="update", values={}, add={"tags": ["seen"]}, background=True)
    report, times = Work.progress, iter(range(9))

    def killed(self: Work, *rest: Any, **named: Any) -> None:
        if next(times) == 1:
            raise RuntimeError("as if the worker had been killed")
        report(self, *rest, **named)

    monkeypatch.setattr(Work, "progress", killed)
    assert [ran.state for ran in run_jobs()] == ["waiting"]
    tags = [each["tags"] for each in owner.get(f"{CUSTOMERS}?sort=id&fields=tags").get_json()["items"]]
    assert tags == [["seen"], ["seen"], []]
    assert [ran.state for ran in run_jobs(later=True)] == ["done"]
    records = [owner.get(f"{CUSTOMERS}/{number}").get_json() for number in (1, 2, 3)]
    assert [(each["tags"], each["version"]) for each in records] == [(["seen"], 2)] * 3


def test_a_job_works_with_the_rights_of_the_moment(
    owner: ApiClient, committed: Committed, run_jobs: RunJobs
) -> None:
    told = _sent(owner, 202, filter=ALL, action="update", values={"level": "A"}, background=True)
    with committed() as session:
        session.execute(text("insert into core_user (name, email) values ('Other', 'other@example.com')"))
        session.execute(
            text("update customer_customer set owner_id = (select max(id) from core_user) where id = 2")
        )
    assert [ran.state for ran in run_jobs()] == ["done"]
    assert owner.get(f"bulk-runs/{told['run']}").get_json()["changed"] == 2
    with committed() as session:
        levels = session.scalars(text("select level from customer_customer order by id")).all()
    assert levels == ["A", "C", "A"]
    _sent(owner, 202, ids=[1, 3], action="update", values={"level": "B"}, background=True)
    with committed() as session:
        session.execute(text("update core_role_assignment set role = 'analyst'"))
    assert [ran.state for ran in run_jobs()] == ["parked"]
    with committed() as session:
        levels = session.scalars(text("select level from customer_customer order by id")).all()
    assert levels == ["A", "C", "A"]
