"""Groups and totals of a list: the same as Python finds by going through the rows one by one."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.session import tenant_of
from core.errors import Invalid
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.filters import All, Condition
from core.resources.gateway import BUCKETS, Gateway
from core.resources.grouping import Grouping, groupable, heads, over_all, read_grouping, read_groupings
from core.resources.query import Order, Query
from core.resources.resolver import UnknownField
from core.testing.plugin import MakeActor
from tests.core.conftest import Make, Statements

PLAIN = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
#: Zones that are far ahead, far behind, with summer time and with a half hour.
ZONES = ("Asia/Shanghai", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "UTC")


def keys(found: list[Any]) -> list[str]:
    return [head.key for head in found]


def inside(gateway: Gateway, resource: Resource, grouping: Grouping, key: str, query: Query) -> list[int]:
    """The numbers of a group's records, by the page of the list with the group's condition."""
    where = All((query.where, grouping.condition(key, gateway.habits.timezone)))
    page = gateway.page(resource, Query(where, query.q, (), ("id",), per_page=500))
    return sorted(row[0] for row in page.rows)


ROW = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["potential", "active", "lost"]),
        "industry": st.sampled_from([None, "钢铁", "安防", "Banking", "apparel"]),
        "employees": st.none() | st.integers(0, 5000),
        "founded_year": st.none() | st.integers(1900, 2026),
    }
)


@PLAIN
@given(rows=st.lists(ROW, min_size=1, max_size=12), by=st.sampled_from(["kind", "industry"]))
def test_groups_and_totals_are_those_python_finds(
    session: Session, customers: Resource, rows: list[dict[str, Any]], by: str
) -> None:
    nested = session.begin_nested()
    numbers = customers.service.create(
        session, [{"name": f"n{place}", **row} for place, row in enumerate(rows)], actor=OPERATOR
    )
    gateway, query = Gateway(session, OPERATOR), Query()
    grouping = read_grouping(gateway.resolver, customers, by)
    measures = ["employees:sum", "employees:avg", "employees:min", "founded_year:max"]
    found = heads(gateway, customers, query, grouping, measures)
    wanted: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for number, row in zip(numbers, rows, strict=True):
        wanted[row[by] or ""].append((number, row))
    assert sorted(keys(found)) == sorted(wanted)
    for head in found:
        group = wanted[head.key]
        assert head.count == len(group)
        assert inside(gateway, customers, grouping, head.key, query) == sorted(number for number, _ in group)
        staff = [row["employees"] for _, row in group if row["employees"] is not None]
        years = [row["founded_year"] for _, row in group if row["founded_year"] is not None]
        assert head.measures["employees:sum"] == (sum(staff) if staff else None)
        assert head.measures["employees:min"] == min(staff, default=None)
        assert head.measures["founded_year:max"] == max(years, default=None)
        average = head.measures["employees:avg"]
        assert average is None if not staff else float(average) == pytest.approx(sum(staff) / len(staff))
    [whole] = gateway.aggregate(customers, query, (), ("count", "employees:sum"))
    everything = [row["employees"] for row in rows if row["employees"] is not None]
    assert whole == {"count": len(rows), "employees:sum": sum(everything) if everything else None}
    assert over_all(found, measures) is None
    largest = max((row["founded_year"] for row in rows if row["founded_year"] is not None), default=None)
    assert over_all(found, ["employees:sum", "employees:min", "founded_year:max"]) == {
        "employees:sum": whole["employees:sum"],
        "employees:min": min(everything, default=None),
        "founded_year:max": largest,
    }
    nested.rollback()


#: Any second from 1990 to 2040, and those around a change to summer time in Europe.
MOMENT = (st.integers(631_152_000, 2_208_988_800) | st.integers(1_774_745_000, 1_774_750_000)).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@PLAIN
@given(
    moments=st.lists(MOMENT, min_size=1, max_size=12),
    bucket=st.sampled_from(list(BUCKETS)),
    zone=st.sampled_from(ZONES),
)
def test_buckets_of_moments_are_those_of_the_tenants_calendar(
    session: Session, customers: Resource, moments: list[datetime], bucket: str, zone: str
) -> None:
    nested = session.begin_nested()
    numbers = customers.service.create(
        session, [{"name": f"n{place}"} for place in range(len(moments))], actor=OPERATOR
    )
    for number, moment in zip(numbers, moments, strict=True):
        values = {"at": moment, "id": number}
        session.execute(text("update customer_customer set last_contacted_at = :at where id = :id"), values)
    gateway, query = Gateway(session, OPERATOR), Query()
    gateway.__dict__["habits"] = type(gateway.habits)("CN", zone)
    grouping = read_grouping(gateway.resolver, customers, f"last_contacted_at:{bucket}")
    found = heads(gateway, customers, query, grouping)
    wanted: dict[str, list[int]] = defaultdict(list)
    for number, moment in zip(numbers, moments, strict=True):
        local = moment.astimezone(ZoneInfo(zone)).date()
        wanted[key_of(bucket, local)].append(number)
    assert {head.key: head.count for head in found} == {key: len(group) for key, group in wanted.items()}
    assert keys(found) == sorted(wanted, reverse=True)
    for key, group in wanted.items():
        assert inside(gateway, customers, grouping, key, query) == sorted(group), key
    nested.rollback()


def key_of(bucket: str, day: date) -> str:
    match bucket:
        case "day":
            return day.isoformat()
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        case "month":
            return f"{day:%Y-%m}"
        case "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case _:
            return f"{day.year}"


def test_days_are_grouped_as_they_stand(session: Session, kernel: Kernel, make: Make) -> None:
    contacts = kernel.resources["customer.contact"]
    for day in ("1999-12-31", "2000-01-01", "2000-01-02", None):
        make("customer.contact", birthday=day)
    last = make("customer.contact")
    session.execute(text("update customer_contact set birthday = '9999-12-31' where id = :id"), {"id": last})
    gateway = Gateway(session, OPERATOR)
    for bucket in BUCKETS:
        grouping = read_grouping(gateway.resolver, contacts, f"birthday:{bucket}")
        found = heads(gateway, contacts, Query(), grouping)
        assert found[0].key.startswith("9999")
        assert (found[-1].key, found[-1].value) == ("", None)
        for head in found:
            assert len(inside(gateway, contacts, grouping, head.key, Query())) == head.count, head


def test_groups_come_in_the_order_people_expect(
    session: Session, customers: Resource, kernel: Kernel, make: Make
) -> None:
    people = {
        name: make("core.user", name=name, email=f"{n}@example.com")
        for n, name in enumerate(("周", "Zoe", "安"))
    }
    for kind, industry, owner in (
        ("lost", "钢铁", "周"),
        ("potential", "安防", "Zoe"),
        ("active", None, "安"),
        ("lost", "Banking", None),
    ):
        make("customer.customer", kind=kind, industry=industry, owner=people.get(owner or ""))
    gateway = Gateway(session, OPERATOR)

    def order(name: str, query: Query = Query()) -> list[str]:  # noqa: B008 - never changed
        found = heads(gateway, customers, query, read_grouping(gateway.resolver, customers, name))
        return [each.value["label"] if isinstance(each.value, dict) else each.key for each in found]

    assert order("kind") == ["potential", "active", "lost"]
    assert order("industry") == ["安防", "Banking", "钢铁", ""]
    assert order("owner") == ["安", "周", "Zoe", ""]
    session.execute(text("update customer_customer set last_contacted_at = now() - interval '40 days' * id"))
    newest = order("last_contacted_at:month")
    assert newest == sorted(newest, reverse=True)
    assert order("last_contacted_at:month", Query(sort=(Order("last_contacted_at"),))) == sorted(newest)


def test_groups_keep_to_the_readers_reach(
    session: Session, customers: Resource, make: Make, actor_as: MakeActor
) -> None:
    ann, ben = actor_as("account_manager", name="Ann"), actor_as("account_manager", name="Ben")
    make("customer.customer", owner=ann.user_id, kind="lost", employees=5)
    make("customer.customer", owner=ben.user_id, kind="active", employees=7)
    gateway = Gateway(session, ann)
    found = heads(
        gateway, customers, Query(), read_grouping(gateway.resolver, customers, "kind"), ["employees:sum"]
    )
    assert [(head.key, head.count, dict(head.measures)) for head in found] == [
        ("lost", 1, {"employees:sum": 5})
    ]


def test_a_group_is_one_statement_whatever_it_counts(
    session: Session, customers: Resource, make: Make, statements: Statements
) -> None:
    for number in range(30):
        make("customer.customer", industry=f"i{number}", employees=number)
    gateway = Gateway(session, OPERATOR)
    grouping = read_grouping(gateway.resolver, customers, "industry")
    with statements() as sent:
        found = heads(gateway, customers, Query(), grouping, ["employees:sum", "founded_year:avg"])
    assert len(found) == 30
    assert len(sent) == 1


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "tags",
        "employees",
        "owner.name",
        "kind:month",
        "created_at:hour",
        "colour",
        "phones.number",
        "id",
    ],
)
def test_what_a_list_cannot_be_grouped_by_is_refused(
    session: Session, customers: Resource, name: str
) -> None:
    gateway = Gateway(session, OPERATOR)
    with pytest.raises((Invalid, UnknownField)):
        read_grouping(gateway.resolver, customers, name)


def test_a_list_is_divided_at_most_twice_and_never_by_one_field(
    session: Session, customers: Resource
) -> None:
    resolver = Gateway(session, OPERATOR).resolver
    assert [each.name for each in read_groupings(resolver, customers, ["owner", "created_at"])] == [
        "owner",
        "created_at:month",
    ]
    for names in (["kind", "kind"], ["created_at:day", "created_at:year"], ["kind", "city", "owner"]):
        with pytest.raises(Invalid):
            read_groupings(resolver, customers, names)


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("day", "2026-02-30"),
        ("week", "2026-W60"),
        ("month", "2026-13"),
        ("quarter", "2026-Q5"),
        ("year", "0"),
        ("year", "²²²²"),
        ("day", "x"),
    ],
)
def test_a_key_of_no_group_is_refused(customers: Resource, bucket: str, key: str) -> None:
    grouping = Grouping(f"created_at:{bucket}", customers.fields["created_at"], bucket)
    with pytest.raises(Invalid):
        grouping.condition(key, "Asia/Shanghai")


def test_every_field_offered_for_groups_divides_its_list(
    kernel: Kernel, session: Session, make: Make
) -> None:
    make("customer.customer")
    gateway, tried = Gateway(session, OPERATOR), 0
    for resource in kernel.resources.visible(tenant_of(session)):
        total = gateway.count(resource, Query())
        for field in groupable(gateway.resolver, resource):
            found = heads(gateway, resource, Query(), read_grouping(gateway.resolver, resource, field.name))
            assert sum(head.count for head in found) == total, field.name
            tried += 1
    assert tried > 20


def test_counting_ends_where_it_is_told_to(session: Session, customers: Resource, make: Make) -> None:
    for _ in range(7):
        make("customer.customer", city="上海")
    make("customer.customer")
    gateway, query = Gateway(session, OPERATOR), Query(Condition("city", "eq", "上海"))
    assert [gateway.count(customers, query, limit) for limit in (None, 3, 7, 100)] == [7, 3, 7, 7]
