"""The quick search: who finds what and in which order, and that documents follow every write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.db.fields import Kind, Sensitivity
from core.db.messages import send
from core.db.session import tenant_of
from core.errors import NotFound
from core.kernel import Kernel
from core.resources import candidates
from core.resources.declaration import Field, Resource
from core.resources.filters import Condition
from core.resources.gateway import Gateway
from core.resources.query import Order, Query
from core.resources.reindexing import complete_search, incomplete, rebuild
from core.resources.resolver import Answer, Resolver
from core.resources.searching import search
from core.search.index import documents
from core.search.models import SearchState
from core.testing.plugin import MakeActor
from tests.core.conftest import Make, Statements

#: What a reader finds: ``find("zs")`` gives ``["customer.customer 张三"]``, the best first.
Find = Callable[..., list[str]]
#: Makes an `ApiClient`, whose answers have a body: werkzeug says it may be None.
MakeApi = Callable[..., Any]
_state = SearchState.__table__


@pytest.fixture
def find(session: Session, kernel: Kernel) -> Find:
    def find(q: str, actor: Actor = OPERATOR, *, limit: int = 50) -> list[str]:
        visible = kernel.resources.visible(tenant_of(session))
        groups = search(Gateway(session, actor), q, visible, limit)
        return [f"{each.resource.name} {hit.label}" for each in groups for hit in each.hits]

    return find


@pytest.fixture
def customers(kernel: Kernel) -> Resource:
    return kernel.resources["customer.customer"]


def names(found: list[str]) -> list[str]:
    return [each.partition(" ")[2] for each in found]


def kept(session: Session) -> dict[tuple[str, int], tuple[Any, ...]]:
    """All documents without their times: ``{(resource, record): what they hold}``."""
    columns = documents.c
    rows = session.execute(
        select(columns.resource, columns.record_id, columns.hay, columns.hay_guarded, columns.grams)
    )
    return {(row.resource, row.record_id): (row.hay, row.hay_guarded, sorted(row.grams)) for row in rows}


def rebuild_all(session: Session, kernel: Kernel) -> None:
    @contextmanager
    def unit() -> Iterator[Session]:
        yield session

    for resource in kernel.resources.visible(tenant_of(session)):
        if resource.is_searched:
            list(rebuild(unit, resource))


# Finding


@pytest.mark.parametrize(
    "q",
    ["张", "三", "张三", "zs", "ZhangS", "13800", "8000", "+86 138-0013", "１３８００", "021 6552",
     "lin@exa", "LIN", "billing", "三 lin", "lin 三", "91310000", "c-0", "zs 8000"],
)  # fmt: skip
def test_a_customer_is_found_by_everything_people_know_of_him(make: Make, find: Find, q: str) -> None:
    make(
        "customer.customer",
        name="张三",
        phone="13800138000",
        email="lin@example.com",
        tax_number="91310000MA1FL0XX5A",
        phones=[{"number": "021-65529988"}],
        emails=[{"address": "billing@example.com", "label": "billing"}],
    )
    make("customer.customer", name="Other", phone="+442079460958")
    assert "customer.customer 张三" in find(q)
    if q != "c-0":
        assert "customer.customer Other" not in find(q)


def test_the_best_match_comes_first_and_then_the_newest(make: Make, find: Find, session: Session) -> None:
    for number, name in enumerate(["Old Acme", "Acme Works", "New Acme", "Acme"]):
        made = make("customer.customer", name=name)
        late = text(
            "update core_search_doc set updated_at = now() + :n * interval '1 s' where record_id = :id"
        )
        session.execute(late, {"n": number, "id": made})
    assert names(find("acme")) == ["Acme", "Acme Works", "New Acme", "Old Acme"]
    assert names(find("acme", limit=2)) == ["Acme", "Acme Works"]


def test_of_those_that_fit_alike_each_is_found_once_and_the_last_made_first(make: Make, find: Find) -> None:
    numbers = [make("customer.customer", name=f"Twin {number:02}") for number in range(25)]
    assert numbers == sorted(numbers)
    assert names(find("twin")) == [f"Twin {number:02}" for number in reversed(range(25))]
    assert names(find("twin", limit=3)) == ["Twin 24", "Twin 23", "Twin 22"]
    for _ in range(30):
        make("customer.customer", name="The Very Same")
    assert names(find("the very same")) == ["The Very Same"] * 30


def test_a_record_number_comes_before_what_only_holds_its_digits(
    make: Make, find: Find, customers: Resource, session: Session
) -> None:
    wanted = make("customer.customer", name="Wanted")
    number = session.scalar(select(customers.table.c.number).where(customers.table.c.id == wanted))
    assert number is not None
    digits = number.removeprefix("C-").lstrip("0")
    make("customer.customer", name=f"Holds {digits}0{digits}", phone=f"1380013{int(digits):04}")
    for q in (number, number.lower(), digits):
        assert find(q)[0] == "customer.customer Wanted"


def test_what_matched_is_told_beside_the_name(make: Make, session: Session, kernel: Kernel) -> None:
    make("customer.customer", name="张三", phone="13800138000")
    [group] = search(Gateway(session, OPERATOR), "zs 8000", [kernel.resources["customer.customer"]])
    [hit] = group.hits
    assert hit.marks == [(0, 2)]
    assert "+8613800138000" in hit.hint
    assert not group.has_more


@pytest.mark.usefixtures("small_bounds")
def test_common_words_find_the_newest_and_rare_ones_everything(
    make: Make, find: Find, session: Session
) -> None:
    make("customer.customer", name="First Rare")
    for number in range(12):
        make("customer.customer", name=f"Common {number:02}")
    # Within one transaction all have the same time.
    session.execute(text("update core_search_doc set updated_at = now() + record_id * interval '1 s'"))
    assert names(find("rare")) == ["First Rare"]
    assert names(find("common", limit=2)) == ["Common 11", "Common 10"]
    assert names(find("common 03")) == ["Common 03"]
    assert names(find("first")) == ["First Rare"]


@pytest.mark.usefixtures("small_bounds")
def test_a_reader_finds_his_few_among_many_others(make: Make, find: Find, actor_as: MakeActor) -> None:
    ann, ben = (actor_as("account_manager", name=name) for name in ("Ann", "Ben"))
    make("customer.customer", name="Common of Ann", owner=ann.user_id)
    for number in range(12):
        make("customer.customer", name=f"Common {number:02}", owner=ben.user_id)
    assert names(find("common", ann)) == ["Common of Ann"]
    assert len(find("common", ben)) == 12


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a dozen records go beyond."""
    for name, value in (("NEWEST", 3), ("COMMON", 2), ("INDEXED", 4)):
        monkeypatch.setattr(candidates, name, value)


@pytest.mark.usefixtures("small_bounds")
@pytest.mark.parametrize("q", ["acme", "a", "有限公司", "司"])
def test_lists_and_counts_find_all_of_them_in_any_order(
    make: Make, session: Session, customers: Resource, q: str
) -> None:
    for number in range(9):
        make("customer.customer", name=f"Acme {number}有限公司", city=str(number % 2))
    gateway = Gateway(session, OPERATOR)
    query = Query(Condition("city", "eq", "1"), q, (Order("name", descending=True),), ("name",), per_page=3)
    page = gateway.page(customers, query)
    assert [each["name"][5] for each in page.records()] == ["7", "5", "3"]
    assert page.total == 4
    rest = gateway.page(customers, Query(query.where, q, query.sort, ("name",), cursor=page.next_cursor))
    assert [each["name"][5] for each in rest.records()] == ["1"]
    assert gateway.aggregate(customers, Query(q=q), ["city"], ["count"]) == [
        {"city": "0", "count": 5},
        {"city": "1", "count": 4},
    ]
    where = Condition("city", "eq", "1")
    assert len(gateway.lookup(customers, q, limit=2, where=where)) == 2
    assert len(gateway.lookup(customers, q, where=where)) == 4


def test_a_search_takes_few_statements_however_much_there_is(
    make: Make, find: Find, statements: Statements
) -> None:
    make("customer.customer", name="Acme 0")
    with statements() as few:
        find("acme")
    for number in range(1, 30):
        make("customer.customer", name=f"Acme {number}")
    with statements() as many:
        find("acme")
    assert len(many) == len(few) <= 3


# Who finds what


def test_nobody_finds_what_is_out_of_reach(make: Make, find: Find, actor_as: MakeActor) -> None:
    north, south = (make("core.unit", code=code, name=code) for code in ("north", "south"))
    ann, ben = (actor_as("account_manager", name=name, unit=north) for name in ("Ann", "Ben"))
    chief = actor_as("sales_supervisor", name="Chief", unit=north)
    far = actor_as("sales_supervisor", name="Far", unit=south)
    hers = make("customer.customer", name="Secret Star", owner=ann.user_id, unit=north, phone="13911112222")
    make("customer.contact", name="Secret Agent", customer=hers, owner=ben.user_id, unit=south)
    both = ["customer.contact Secret Agent", "customer.customer Secret Star"]
    for q in ("secret", "c-0", "1111"):
        assert find(q, far) == [each for each in find(q, far) if "Star" not in each]
    # The contact is read through the customer, so Ann finds it; Ben owns it and does not see the customer.
    assert sorted(find("secret", ann)) == sorted(find("secret", chief)) == both
    assert find("secret", ben) == ["customer.contact Secret Agent"]
    assert find("secret", actor_as("maintainer", name="Max")) == []
    assert sorted(find("secret", actor_as("executive", name="Eve"))) == both


@pytest.mark.parametrize("answer", [Answer.HIDDEN, Answer.MASKED])
def test_a_closed_sensitive_field_answers_as_if_it_were_not_there(
    make: Make,
    find: Find,
    session: Session,
    customers: Resource,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
) -> None:
    make(
        "customer.customer",
        name="Acme",
        phone="13800138000",
        email="lin@example.com",
        phones=[{"number": "13900139000"}],
    )
    queries = ("138000", "13800138000", "lin", "example", "139000", "acme 138001")
    gateway = Gateway(session, OPERATOR)
    assert all(find(q) for q in queries)

    def closed(self: Resolver, field: Field) -> Answer:
        return answer if field.word.sensitivity is Sensitivity.SENSITIVE else Answer.OPEN

    monkeypatch.setattr(Resolver, "answer", closed)
    for q in queries:
        assert find(q) == []
        assert gateway.page(customers, Query(q=q, fields=("name",))).total == 0
        assert gateway.lookup(customers, q) == []
    assert names(find("acme")) == ["Acme"]


def test_one_closed_field_among_the_sensitive_closes_all_of_them(
    make: Make, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("customer.customer", name="Acme", phone="13800138000", email="lin@example.com")
    monkeypatch.setattr(
        Resolver,
        "answer",
        lambda self, field: Answer.HIDDEN if field.word.kind is Kind.EMAIL else Answer.OPEN,
    )
    assert find("example") == find("8000") == []


def test_where_a_plain_field_is_hidden_only_what_is_shown_is_searched(
    make: Make, find: Find, session: Session, customers: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("customer.customer", name="Acme 张三", tax_number="91310000MA1FL0XX5A")
    assert find("91310000")
    monkeypatch.setattr(
        Resolver, "answer", lambda self, field: Answer.HIDDEN if field.name == "tax_number" else Answer.OPEN
    )
    gateway = Gateway(session, OPERATOR)
    for q, expected in (("91310000", []), ("acme", ["Acme 张三"]), ("张三", ["Acme 张三"]), ("zs", [])):
        assert names(find(q)) == expected
        assert [each["label"] for each in gateway.lookup(customers, q)] == expected
        assert gateway.page(customers, Query(q=q, fields=("name",))).total == len(expected)


def test_secret_fields_are_in_no_document(kernel: Kernel) -> None:
    for resource in kernel.resources:
        assert all(field.word.sensitivity is not Sensitivity.SECRET for _lines, field in resource.searched)


def test_other_tenants_and_addons_that_are_off_find_nothing(api: MakeApi, session: Session) -> None:
    mine, bare = api(), api(tenant="bare")
    assert mine.post("customer/customers", json={"name": "Acme"}).status_code == 201
    found = mine.get("search?q=acme").json
    assert [each["resource"] for each in found["groups"]] == ["customer.customer"]
    assert found["groups"][0]["items"][0]["label"] == "Acme"
    assert bare.get("search?q=acme").json == {"groups": []}
    refused = bare.get("search?q=acme&resources=customer.customer")
    assert refused.status_code == 422
    assert refused.json["errors"].keys() == {"resources"}


def test_the_api_takes_what_it_says_and_refuses_the_rest(api: MakeApi) -> None:
    client = api()
    for number in range(4):
        client.post("customer/customers", json={"name": f"Acme {number}"})
    client.post("customer/contacts", json={"name": "Acme Person"})
    found = client.get("search?q=acme&resources=customer.customer&limit=3").json["groups"]
    assert [(each["resource"], len(each["items"]), each["has_more"]) for each in found] == [
        ("customer.customer", 3, True)
    ]
    assert client.get("search").json == client.get("search?q=%25").json == {"groups": []}
    for wrong in ("limit=0", "limit=51", "limit=x", "resources=customer.phone", "page=2"):
        assert client.get(f"search?q=acme&{wrong}").status_code == 422


# Documents follow every write


def test_documents_follow_a_record_through_its_life(
    make: Make, find: Find, session: Session, customers: Resource, kernel: Kernel
) -> None:
    service = customers.service
    number = make("customer.customer", name="Acme", phones=[{"number": "13800138000"}])
    assert find("acme")
    assert find("138000")
    service.update(session, number, {"name": "Baltic"}, actor=OPERATOR)
    assert find("acme") == []
    assert names(find("balt")) == ["Baltic"]
    service.update(session, number, {"phones": [{"number": "13900139000"}]}, actor=OPERATOR)
    assert find("138000") == []
    assert find("139000")
    before = kept(session)
    service.update(session, number, {"city": "Riga", "employees": 5}, actor=OPERATOR)
    service.archive(session, [number], actor=OPERATOR)
    assert find("balt") == []
    service.restore(session, [number], actor=OPERATOR)
    assert find("balt")
    assert kept(session) == before
    service.delete(session, [number], actor=OPERATOR)
    assert (customers.name, number) not in kept(session)


def test_a_refused_write_leaves_the_documents(make: Make, session: Session, customers: Resource) -> None:
    number = make("customer.customer", name="Acme")
    before = kept(session)
    with pytest.raises(NotFound), session.begin_nested():
        customers.service.update_many(
            session, {number: {"name": "Baltic"}, number + 1000: {"name": "x"}}, actor=OPERATOR
        )
    assert kept(session) == before


def test_upkeep_takes_as_many_statements_for_a_thousand_as_for_one(
    session: Session, customers: Resource, statements: Statements
) -> None:
    counts = []
    for count in (1, 300):
        rows = [{"name": f"客户 {number}", "phone": "13800138000"} for number in range(count)]
        with statements() as sent:
            customers.service.create(session, rows, actor=OPERATOR)
            send(session.connection())
        counts.append(len([each for each in sent if "core_search_doc" in each]))
    assert counts == [1, 0]  # many are copied, which is no statement


_NAMES = st.sampled_from(["张三", "Acme 有限公司", "Café", "吕布", "曾国藩", "3M", "O'Brien"])
_STEPS = st.one_of(
    st.tuples(st.just("create"), _NAMES, st.sampled_from([None, "13800138000", "021-65529988"])),
    st.tuples(st.just("name"), st.integers(0, 5), _NAMES),
    st.tuples(
        st.just("phones"), st.integers(0, 5), st.lists(st.sampled_from(["13800138001", "13800138002"]))
    ),
    st.tuples(st.just("archive"), st.integers(0, 5), st.none()),
    st.tuples(st.just("delete"), st.integers(0, 5), st.none()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_STEPS, max_size=12))
def test_what_is_kept_with_each_write_is_what_a_rebuild_makes(
    session: Session, customers: Resource, kernel: Kernel, steps: list[tuple[str, Any, Any]]
) -> None:
    service, there = customers.service, list[int]()
    with session.begin_nested() as savepoint:
        for kind, which, value in steps:
            if kind == "create":
                there += service.create(session, [{"name": which, "phone": value}], actor=OPERATOR)
            elif there:
                number = there[which % len(there)]
                if kind == "delete":
                    service.delete(session, [number], actor=OPERATOR)
                    there.remove(number)
                elif kind == "archive":
                    service.archive(session, [number], actor=OPERATOR)
                elif kind == "name":
                    service.update(session, number, {"name": value}, actor=OPERATOR)
                else:
                    lines = [{"number": each} for each in value]
                    service.update(session, number, {"phones": lines}, actor=OPERATOR)
        before = kept(session)
        rebuild_all(session, kernel)
        assert kept(session) == before
        session.execute(delete(documents))
        rebuild_all(session, kernel)
        assert kept(session) == before
        savepoint.rollback()


def test_a_rebuild_leaves_what_was_written_meanwhile(
    make: Make, session: Session, customers: Resource, kernel: Kernel
) -> None:
    number = make("customer.customer", name="Acme")
    newer = documents.update().where(documents.c.record_id == number).values(version=9, hay=" newer\n")
    session.execute(newer)
    rebuild_all(session, kernel)
    assert kept(session)[customers.name, number][0] == " newer\n"


def test_documents_of_records_that_are_gone_go_with_a_rebuild(
    make: Make, session: Session, customers: Resource, kernel: Kernel
) -> None:
    number = make("customer.customer", name="Acme")
    session.execute(delete(customers.table).where(customers.table.c.id == number))
    rebuild_all(session, kernel)
    assert (customers.name, number) not in kept(session)


# Where documents are missing


def test_a_tenant_without_documents_is_noticed_and_completed_by_a_job(
    make: Make, session: Session, customers: Resource, kernel: Kernel
) -> None:
    make("customer.customer", name="Acme")
    session.execute(delete(documents))
    session.execute(delete(_state))
    visible = list(kernel.resources.visible(session.info["binding"]))
    assert "customer.customer" in [each.name for each in complete_search(session, visible)]
    # Those without records are known as complete at once.
    assert "customer.contact" in session.scalars(select(_state.c.resource)).all()
    jobs = session.execute(text("select kind, arguments from core_job")).all()
    assert ("core.reindex", {"resource": "customer.customer"}) in [tuple(each) for each in jobs]
    rebuild_all(session, kernel)
    assert incomplete(session, visible) == []
    assert len(kept(session)) >= 1
    session.execute(_state.update().values(rules=0))
    assert customers in incomplete(session, visible)
