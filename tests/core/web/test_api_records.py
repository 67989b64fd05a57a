"""The API over records: each verb, and after each refusal the stored state once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from sqlalchemy import event

from core.kernel import Kernel
from core.testing.plugin import ApiClient

#: An `ApiClient`, whose answers have a body: werkzeug says it may be None.
Client = Any
MakeApi = Callable[..., Client]
CUSTOMERS = "customer/customers"
TREE = (
    '{"or": [{"field": "name", "value": "Acme"},'
    ' {"not": {"field": "employees", "op": "isnull", "value": false}}]}'
)


@pytest.fixture
def admin(api: MakeApi) -> Client:
    return api("administrator")


@contextmanager
def statements(kernel: Kernel) -> Iterator[list[str]]:
    """The statements sent to the database inside the block."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(kernel.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(kernel.database.engine, "before_cursor_execute", note)


def make(client: Client, **values: Any) -> dict[str, Any]:
    answer = client.post(CUSTOMERS, json={"name": "Acme", **values})
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [item["name"] for item in answer.json["items"]]


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert answer.status_code == status, (answer.status, answer.data)
    assert answer.mimetype == "application/problem+json"
    problem: dict[str, Any] = answer.json
    assert problem["status"] == status
    assert problem["code"] == code
    assert all(problem[name] for name in ("type", "title", "detail", "request_id"))
    assert answer.headers["X-Request-Id"] == problem["request_id"]
    return problem


# Create and read


def test_a_created_record_is_answered_with_its_address_and_read_there(admin: Client) -> None:
    answer = admin.post(CUSTOMERS, json={"name": "明德科技", "phones": [{"number": "138 0013 8000"}]})
    assert answer.status_code == 201
    assert answer.mimetype == "application/json"
    record = answer.json
    assert answer.headers["Location"] == f"/api/v1/customer/customers/{record['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert b'", "' not in answer.data, "JSON is compact"
    again = admin.get(answer.headers["Location"])
    assert again.json == record
    assert record["phones"] == [{"id": 1, "number": "+8613800138000", "label": "work", "note": None}]
    assert record["owner"] == {"id": 1, "label": "Ada"}
    assert record["created_at"].endswith("Z")
    assert "name_key" not in record


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "A", "kind": "nonsense"}, "kind"),
        ({"name": "A", "phone": "12"}, "phone"),
        ({"name": "A", "nonsense": 1}, "nonsense"),
        ({"name": "A", "number": "C-1"}, "number"),
        ({"name": "A", "id": 7}, "id"),
        ({"name": "A", "parent": 999}, "parent"),
        ({"name": "A\x00B"}, "name"),
        ({"name": "A", "phones": [{"number": "13800138000"}, {"number": "x"}]}, "phones.1.number"),
        ({"name": "A", "phones": {"number": "13800138000"}}, "phones"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_field_and_leaves_nothing(
    admin: Client, body: dict[str, Any], field: str
) -> None:
    problem = refused(admin.post(CUSTOMERS, json=body), 422, "invalid")
    assert field in problem["errors"], problem["errors"]
    assert admin.get(CUSTOMERS).json["total"] == 0


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"3", b"null"])
def test_a_body_that_is_no_object_is_refused(admin: Client, body: bytes) -> None:
    refused(admin.post(CUSTOMERS, data=body, content_type="application/json"), 422, "invalid")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'a': 1}", b'{"name": "\xff"}', b'{"name": NaN}', b'{"name": "\\ud800"}']
)
def test_malformed_json_is_400(admin: Client, body: bytes) -> None:
    refused(admin.post(CUSTOMERS, data=body, content_type="application/json"), 400, "malformed")
    assert admin.get(CUSTOMERS).json["total"] == 0


def test_another_content_type_is_415(admin: Client) -> None:
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        refused(
            admin.post(CUSTOMERS, data=b'{"name": "A"}', content_type=content_type), 415, "unsupported-media"
        )
    assert admin.get(CUSTOMERS).json["total"] == 0


def test_a_body_over_one_megabyte_is_413(admin: Client) -> None:
    body = orjson.dumps({"name": "A", "description": "x" * 1024 * 1024})
    assert (
        "1 MB"
        in refused(admin.post(CUSTOMERS, data=body, content_type="application/json"), 413, "too-large")[
            "detail"
        ]
    )
    assert admin.get(CUSTOMERS).json["total"] == 0


@pytest.mark.parametrize("depth", [40, 200, 2000])
def test_json_nested_too_deeply_is_422_with_a_clear_sentence(admin: Client, depth: int) -> None:
    body = b'{"name": "A", "tags": ' + b"[" * depth + b"]" * depth + b"}"
    problem = refused(admin.post(CUSTOMERS, data=body, content_type="application/json"), 422, "too-deep")
    assert "nested" in problem["detail"]
    deep = '{"not":' * depth + "{}" + "}" * depth
    assert (
        "filter" in refused(admin.get(CUSTOMERS, query_string={"filter": deep}), 422, "bad-filter")["errors"]
    )
    assert admin.get(CUSTOMERS).json["total"] == 0


def test_a_single_read_takes_fields_and_knows_its_version(admin: Client) -> None:
    record = make(admin, city="上海")
    path = f"{CUSTOMERS}/{record['id']}"
    assert admin.get(path + "?fields=name,city").json == {"name": "Acme", "city": "上海", "version": 1}
    unchanged = admin.get(path, headers={"If-None-Match": '"1"'})
    assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", '"1"')
    assert admin.patch(path, json={"city": "北京"}).headers["ETag"] == '"2"'
    assert admin.get(path, headers={"If-None-Match": '"1"'}).json["city"] == "北京"
    refused(admin.get(path + "?fields=nonsense"), 422, "unknown-field")
    refused(admin.get(path + "?nonsense=1"), 422, "unknown-field")


@pytest.mark.parametrize("number", ["999", "9223372036854775807", "9223372036854775808", "9" * 60])
def test_what_is_not_there_is_404(admin: Client, number: str) -> None:
    refused(admin.get(f"{CUSTOMERS}/{number}"), 404, "not-found")


# Change, archive, delete


def test_a_change_needs_the_version_it_names(admin: Client) -> None:
    record = make(admin)
    path = f"{CUSTOMERS}/{record['id']}"
    assert admin.patch(path, json={"name": "One"}, headers={"If-Match": '"1"'}).json["version"] == 2
    for stale in ('"1"', '"x"', "W/1"):
        refused(admin.patch(path, json={"name": "Two"}, headers={"If-Match": stale}), 412, "stale-version")
    refused(admin.delete(path, headers={"If-Match": '"1"'}), 412, "stale-version")
    assert admin.get(path).json["name"] == "One"
    assert admin.get(path).json["archived_at"] is None
    assert admin.patch(path, json={"name": "Two"}).json["name"] == "Two"
    assert admin.patch(path, json={"name": "Three"}, headers={"If-Match": "*"}).json["version"] == 4
    refused(admin.patch(path, json={"name": "X"}, headers={"If-Match": '"4", "5"'}), 400, "malformed")


def test_delete_archives_and_purge_deletes(admin: Client) -> None:
    record = make(admin)
    path = f"{CUSTOMERS}/{record['id']}"
    refused(admin.delete(path + "?purge=perhaps"), 422, "invalid")
    assert admin.get(path).json["archived_at"] is None
    answer = admin.delete(path, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.data) == (204, b"")
    assert admin.get(path).json["archived_at"] is not None
    assert names(admin.get(CUSTOMERS)) == []
    assert names(admin.get(CUSTOMERS + "?archived_at.isnull=false")) == ["Acme"]
    assert admin.delete(path + "?purge=true").status_code == 204
    refused(admin.get(path), 404, "not-found")
    refused(admin.delete(path), 404, "not-found")


def test_what_others_refer_to_is_not_deleted(admin: Client) -> None:
    group = make(admin, name="Group")
    make(admin, name="Part", parent=group["id"])
    refused(admin.delete(f"{CUSTOMERS}/{group['id']}?purge=true"), 409, "in-use")
    assert names(admin.get(CUSTOMERS)) == ["Group", "Part"]


# Actions


def test_archive_and_restore_are_actions_of_every_record(admin: Client) -> None:
    record = make(admin)
    path = f"{CUSTOMERS}/{record['id']}"
    archived = admin.post(path + "/actions/archive", json={"reason": "moved away"})
    assert archived.status_code == 200
    assert archived.json["archived_reason"] == "moved away"
    assert archived.headers["ETag"] == '"2"'
    restored = admin.post(path + "/actions/restore")
    assert restored.json["archived_at"] is None
    problem = refused(admin.post(path + "/actions/archive", json={"why": "?"}), 422, "invalid")
    assert "why" in problem["errors"]
    refused(admin.post(path + "/actions/archive", json={"reason": "x" * 301}), 422, "invalid")
    assert admin.get(path).json["version"] == 3


def test_an_own_action_checks_its_values_and_its_verb(api: MakeApi) -> None:
    admin = api("administrator")
    task = admin.post("customer/activities", json={"subject": "Call back"}).json
    path = f"customer/activities/{task['id']}"
    refused(admin.post(path + "/actions/nonsense", json={}), 404, "not-found")
    refused(admin.post(path + "/actions/update", json={"subject": "X"}), 404, "not-found")
    refused(admin.post(path + "/actions/cancel", json={"nonsense": 1}), 422, "invalid")
    refused(api("analyst").post(path + "/actions/complete", json={}), 403, "forbidden")
    assert admin.get(path).json == task
    done = admin.post(path + "/actions/complete", json={})
    assert (done.status_code, done.json["state"]) == (200, "done")


# Rights


def test_who_may_read_but_not_do_gets_403_and_who_may_not_read_404(api: MakeApi) -> None:
    record = make(api("administrator"))
    path = f"{CUSTOMERS}/{record['id']}"
    analyst, maintainer, seller = api("analyst"), api("maintainer"), api("account_manager")
    assert analyst.get(path).status_code == 200
    refused(analyst.patch(path, json={"name": "X"}), 403, "forbidden")
    refused(analyst.delete(path), 403, "forbidden")
    refused(analyst.post(CUSTOMERS, json={"name": "X"}), 403, "forbidden")
    refused(analyst.post(path + "/actions/archive", json={}), 403, "forbidden")
    refused(
        analyst.post(CUSTOMERS + "/bulk", json={"ids": [record["id"]], "action": "delete"}), 403, "forbidden"
    )
    for nobody in (maintainer, seller):
        refused(nobody.get(path), 404, "not-found")
        refused(nobody.patch(path, json={"name": "X"}), 404, "not-found")
        refused(nobody.delete(path), 404, "not-found")
    refused(maintainer.get(CUSTOMERS), 404, "not-found")
    refused(maintainer.post(CUSTOMERS, json={"name": "X"}), 404, "not-found")
    assert names(seller.get(CUSTOMERS)) == []
    assert api("administrator").get(path).json["version"] == 1


def test_an_addon_that_is_off_is_not_there(api: MakeApi) -> None:
    bare = api("administrator", tenant="bare")
    for path in (
        CUSTOMERS,
        CUSTOMERS + "/1",
        CUSTOMERS + "/aggregate",
        CUSTOMERS + "/export",
        "nonsense/things",
    ):
        refused(bare.get(path), 404, "not-found")
    refused(bare.post(CUSTOMERS, json={"name": "A"}), 404, "not-found")
    assert bare.get("core/units").json["total"] == 0
    assert b"customer" not in bare.get("openapi.json").data


# Lists


@pytest.fixture
def four(admin: Client) -> Client:
    make(admin, name="Acme", city="上海", employees=10, tags=["vip"], kind="active")
    make(admin, name="Birch", city="北京", employees=200, parent=1)
    make(admin, name="Cedar", city="上海", employees=None, parent=2)
    make(admin, name="Dogwood", city="100%", employees=30)
    return admin


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "ABCD"),
        ("sort=-name", "DCBA"),
        ("city=上海", "AC"),
        ("city.ne=上海", "BD"),
        ("city.in=上海,北京", "ABC"),
        ("city.contains=%25", "D"),
        ("name.startswith=ce", "C"),
        ("employees.gt=10", "BD"),
        ("employees.gte=10&employees.lt=200", "AD"),
        ("employees.isnull=true", "C"),
        ("tags.contains=vip", "A"),
        ("parent=1", "B"),
        ("parent.name=Acme", "B"),
        ("parent.parent.city=上海", "C"),
        ("parent.isnull=true&kind=active", "A"),
        ("q=birch", "B"),
        ("q=acme+c-0", "A"),
        ("sort=-employees,name", "BDAC"),
        (f"filter={TREE}", "AC"),
        ("page=2&per_page=3", "D"),
    ],
)  # fmt: skip
def test_lists_filter_search_sort_and_page(four: Client, query: str, expected: str) -> None:
    assert "".join(name[0] for name in names(four.get(f"{CUSTOMERS}?{query}"))) == expected


def test_a_list_says_how_much_there_is(four: Client) -> None:
    answer = four.get(f"{CUSTOMERS}?per_page=3&fields=name,parent").json
    assert answer.keys() == {"items", "total", "page", "per_page", "next"}
    assert (answer["total"], answer["page"], answer["per_page"]) == (4, 1, 3)
    assert answer["items"][1] == {"name": "Birch", "parent": {"id": 1, "label": "Acme"}}
    assert four.get(f"{CUSTOMERS}?count=no").json["total"] is None


def test_cursors_walk_through_all_once(four: Client) -> None:
    for sort in ("name", "-employees", "city,-name"):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = four.get(CUSTOMERS, query_string={"sort": sort, "per_page": 1, "cursor": cursor})
            seen += names(answer)
            cursor = answer.json["next"]
        assert seen == names(four.get(f"{CUSTOMERS}?sort={sort}"))


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("nonsense=1", 422, "unknown-field"),
        ("sort=nonsense", 422, "unknown-field"),
        ("fields=nonsense", 422, "unknown-field"),
        ("parent.nonsense=1", 422, "unknown-field"),
        ("name_key=a", 422, "unknown-field"),
        ("per_page=501", 422, "invalid"),
        ("per_page=1000000", 422, "invalid"),
        ("per_page=0", 422, "invalid"),
        ("page=-1", 422, "invalid"),
        ("page=x", 422, "invalid"),
        ("name.gt=a", 422, "invalid"),
        ("employees=x", 422, "invalid"),
        ("kind=nonsense", 422, "invalid"),
        ("sort=tags", 422, "invalid"),
        ("id=99999999999999999999", 422, "invalid"),
        ("filter=x", 422, "bad-filter"),
        ("filter={}", 422, "bad-filter"),
        ("filter=[]", 422, "bad-filter"),
        ("cursor=x", 400, "malformed"),
        ("cursor=WyJuYW1lLGlkIiwxLDJd", 400, "malformed"),
        ("tags.in=%00", 422, "invalid"),
        ("tags.contains=%00", 422, "invalid"),
        ("name=%00", 422, "invalid"),
    ],
)
def test_what_a_list_does_not_understand_is_refused(
    admin: Client, query: str, status: int, code: str
) -> None:
    refused(admin.get(f"{CUSTOMERS}?{query}"), status, code)


# Aggregates


def test_aggregates_group_and_measure(four: Client) -> None:
    answer = four.get(f"{CUSTOMERS}/aggregate?group=city&measures=count,employees:sum").json
    assert answer["total"] == 4
    found = {each["city"]: (each["count"], each["employees:sum"]) for each in answer["groups"]}
    assert found == {"上海": (2, 10), "北京": (1, 200), "100%": (1, 30)}
    by_parent = four.get(
        f"{CUSTOMERS}/aggregate?group=parent&parent.isnull=false&measures=employees:max"
    ).json
    assert {"parent": {"id": 1, "label": "Acme"}, "employees:max": 200} in by_parent["groups"]
    assert by_parent["total"] == 2
    months = four.get(f"{CUSTOMERS}/aggregate?group=created_at:month").json["groups"]
    assert [each["count"] for each in months] == [4]
    assert len(months[0]["created_at:month"]) == len("2026-01")
    assert four.get(f"{CUSTOMERS}/aggregate?city=上海").json == {"groups": [{"count": 2}], "total": 2}


@pytest.mark.parametrize(
    "query",
    [
        "group=nonsense",
        "measures=nonsense:sum",
        "measures=name:sum",
        "group=name:month",
        "group=created_at:era",
        "page=2",
    ],
)
def test_unknown_groups_and_measures_are_refused(admin: Client, query: str) -> None:
    assert admin.get(f"{CUSTOMERS}/aggregate?{query}").status_code == 422


# Bulk


def test_bulk_does_the_same_with_many_named_or_found(four: Client) -> None:
    answer = four.post(
        f"{CUSTOMERS}/bulk", json={"ids": [1, 2, 2], "action": "update", "values": {"kind": "lost"}}
    )
    assert answer.json == {"ids": [1, 2], "total": 2, "change_set": 1}
    assert "".join(name[0] for name in names(four.get(f"{CUSTOMERS}?kind=lost"))) == "AB"
    tree = {"field": "city", "value": "上海"}
    answer = four.post(
        f"{CUSTOMERS}/bulk", json={"filter": tree, "action": "archive", "values": {"reason": "old"}}
    )
    assert answer.json["total"] == 2
    assert "".join(name[0] for name in names(four.get(CUSTOMERS))) == "BD"
    archived = {"field": "archived_at", "op": "isnull", "value": False}
    assert four.post(f"{CUSTOMERS}/bulk", json={"filter": archived, "action": "restore"}).json["total"] == 2
    assert four.post(f"{CUSTOMERS}/bulk", json={"ids": [3, 4], "action": "delete"}).status_code == 200
    assert "".join(name[0] for name in names(four.get(CUSTOMERS))) == "AB"


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"action": "archive"}, 422),
        ({"ids": [], "action": "archive"}, 422),
        ({"ids": [1], "filter": {"field": "id", "value": 1}, "action": "archive"}, 422),
        ({"ids": [1], "action": "nonsense"}, 422),
        ({"ids": [1]}, 422),
        ({"ids": ["x"], "action": "archive"}, 422),
        ({"ids": list(range(1, 1002)), "action": "archive"}, 422),
        ({"ids": [1, 999], "action": "archive"}, 404),
        ({"ids": [1, 2], "action": "update", "values": {"kind": "nonsense"}}, 422),
        ({"ids": [1, 2], "action": "update", "values": {"number": "C-1"}}, 422),
        ({"ids": [1, 2], "action": "delete"}, 409),
        ({"filter": {"field": "nonsense", "value": 1}, "action": "archive"}, 422),
        ({"filter": {}, "action": "archive"}, 422),
        ({"filter": [], "action": "archive"}, 422),
    ],
)
def test_bulk_is_all_or_none(four: Client, order: dict[str, Any], status: int) -> None:
    before = four.get(CUSTOMERS).json
    assert four.post(f"{CUSTOMERS}/bulk", json=order).status_code == status
    assert four.get(CUSTOMERS).json == before


# Export


def test_an_export_streams_the_matching_records(four: Client, api: MakeApi) -> None:
    answer = four.get(f"{CUSTOMERS}/export?format=csv&fields=name,city&city=上海&sort=-name")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="customers.csv"'
    assert answer.data.decode("utf-8-sig").splitlines() == ["name,city", "Cedar,上海", "Acme,上海"]
    refused(four.get(f"{CUSTOMERS}/export?format=xml"), 422, "invalid")
    refused(four.get(f"{CUSTOMERS}/export?language=de"), 422, "invalid")
    refused(four.get(f"{CUSTOMERS}/export?fields=nonsense"), 422, "unknown-field")
    refused(four.get(f"{CUSTOMERS}/export?nonsense=1"), 422, "unknown-field")
    refused(api("marketer").get(f"{CUSTOMERS}/export"), 403, "forbidden")
    refused(api("maintainer").get(f"{CUSTOMERS}/export"), 404, "not-found")


# Cost


def test_a_list_and_a_read_take_few_statements_whatever_they_show(kernel: Kernel, four: Client) -> None:
    make(four, name="Elm", phones=[{"number": "13800138000"}], contacts=[])
    with statements(kernel) as short:
        names(four.get(f"{CUSTOMERS}?per_page=1&count=no"))
    with statements(kernel) as long:
        assert len(names(four.get(f"{CUSTOMERS}?sort=parent.name&parent.isnull=true"))) == 3
    assert len(long) == len(short) == 2, "\n".join(long)
    with statements(kernel) as one:
        four.get(f"{CUSTOMERS}/1")
    assert len(one) == 2, "\n".join(one)
    with statements(kernel) as plain:
        four.get(f"{CUSTOMERS}/1?fields=name,parent")
    assert len(plain) == 2, "\n".join(plain)


def test_two_who_save_at_once_do_not_both_win(admin: Client) -> None:
    record = make(admin)
    path = f"{CUSTOMERS}/{record['id']}"

    def save(name: str) -> int:
        client = ApiClient(admin.client.application.test_client(), admin.token)
        answer = client.patch(path, json={"name": name}, headers={"If-Match": '"1"'})
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(save, ["B", "C", "D", "E"]))
    assert answers == [200, 412, 412, 412]
    assert admin.get(path).json["version"] == 2
