from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.kernel import Kernel
from core.testing.jobs import RunJobs
from core.testing.plugin import ApiClient
from core.web import uploads
from core.web.api import imports as api_imports

MakeClient = Callable[..., ApiClient]
Committed = Callable[[], AbstractContextManager[Session]]


def send(
    client: ApiClient, content: str | bytes, headers: dict[str, str] | None = None, **options: Any
) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    data = {"file": (io.BytesIO(raw), "客户.csv"), "options": json.dumps(options)}
    return client.post(
        "customer/customers/import", data=data, headers=headers or {}, content_type="multipart/form-data"
    )


@pytest.fixture
def stored(committed: Committed, kernel: Kernel) -> Callable[..., list[Any]]:
    """What is stored of the customers."""
    table = kernel.resources["customer.customer"].table

    def read(*names: str) -> list[Any]:
        with committed() as session:
            statement = select(*(table.c[name] for name in names)).order_by(table.c.id)
            return [tuple(row) for row in session.execute(statement)]

    return read


def test_a_file_is_imported_by_a_job(api: MakeClient, run_jobs: RunJobs, stored: Callable[..., Any]) -> None:
    client = api()
    begun = send(client, "客户名称,城市,心情\n云杉,杭州,好\n白杨,宁波,坏\n", guess=True, match="name")
    assert begun.status_code == 202, begun.get_json()
    assert (
        begun.headers["Location"]
        == begun.get_json()["url"]
        == f"/api/v1/imports/{begun.get_json()['import']}"
    )
    assert [job.state for job in run_jobs()] == ["done"]
    found = client.get(f"imports/{begun.get_json()['import']}").get_json()
    assert (found["state"], found["match"], found["mode"]) == ("done", "name", "upsert")
    assert (found["counts"]["inserted"], found["counts"]["bad"], found["total"]) == (2, 0, 2)
    assert found["bad_rows"] is None
    assert stored("name", "city") == [("云杉", "杭州"), ("白杨", "宁波")]
    assert client.get(f"jobs/{begun.get_json()['job']}").get_json()["state"] == "done"
    assert [each["id"] for each in client.get("imports").get_json()["items"]] == [begun.get_json()["import"]]


def test_a_trial_tells_what_would_come_and_is_then_begun(
    api: MakeClient, run_jobs: RunJobs, stored: Callable[..., Any]
) -> None:
    client = api()
    content = "name,employees\nAcme,1.5万\nBolt,many\nCog,few\n"
    tried = send(client, content, dry_run=True).get_json()
    run_jobs()
    found = client.get(f"imports/{tried['import']}").get_json()
    assert (found["state"], found["counts"]["inserted"], found["counts"]["bad"]) == ("checked", 1, 2)
    assert [(row["line"], row["action"]) for row in found["preview"]] == [
        (2, "insert"),
        (3, "bad"),
        (4, "bad"),
    ]
    assert found["preview"][0]["cells"] == {"name": "Acme", "employees": "15000"}
    [problem] = found["problems"]
    assert (problem["column"], problem["count"], problem["lines"]) == ("employees", 2, [3, 4])
    assert ("“many”" in problem["problem"], problem["others"]) == (True, ["few"])
    assert stored("name") == []

    assert client.post(f"imports/{tried['import']}/start").status_code == 202
    run_jobs()
    found = client.get(f"imports/{tried['import']}").get_json()
    assert (found["state"], stored("name", "employees")) == ("done", [("Acme", 15000)])
    [problem] = found["problems"]
    assert (problem["column"], problem["count"], problem["lines"]) == ("employees", 2, [3, 4])
    assert ("“many”" in problem["problem"], problem["others"]) == (True, ["few"])
    assert client.post(f"imports/{tried['import']}/start").status_code == 409


def test_bad_rows_come_back_with_reasons_in_the_readers_language(api: MakeClient, run_jobs: RunJobs) -> None:
    client = api()
    number = send(client, "name,employees\nAcme,1\nBolt,many\n").get_json()["import"]
    run_jobs()
    for language, word in (("en", "is no whole number"), ("zh", "不是整数")):
        answer = client.get(f"imports/{number}/bad-rows", headers={"Accept-Language": language})
        rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
        assert rows[1][:2] == ["Bolt", "many"]
        assert word in rows[1][2]
        assert len(rows) == 2
        assert "attachment" in answer.headers["Content-Disposition"]


def test_an_import_is_taken_back(api: MakeClient, run_jobs: RunJobs, stored: Callable[..., Any]) -> None:
    client = api()
    client.post("customer/customers", json={"name": "Acme", "city": "Oslo"})
    number = send(client, "name,city\nAcme,Rome\nBolt,Rome\n", match="name").get_json()["import"]
    run_jobs()
    assert stored("name", "city") == [("Acme", "Rome"), ("Bolt", "Rome")]
    assert client.post(f"imports/{number}/undo").status_code == 202
    run_jobs()
    assert client.get(f"imports/{number}").get_json()["state"] == "undone"
    assert stored("name", "city") == [("Acme", "Oslo")]
    assert client.post(f"imports/{number}/undo").status_code == 409


def test_an_import_that_waits_is_cancelled(
    api: MakeClient, run_jobs: RunJobs, stored: Callable[..., Any]
) -> None:
    client = api()
    number = send(client, "name\nAcme\n").get_json()["import"]
    stopped = client.post(f"imports/{number}/cancel")
    assert (stopped.status_code, stopped.get_json()["state"]) == (200, "cancelled")
    run_jobs()
    assert stored("name") == []


def test_a_key_stands_for_the_file_it_came_with(
    api: MakeClient, run_jobs: RunJobs, stored: Callable[..., Any]
) -> None:
    client, key = api(), {"Idempotency-Key": "spring"}
    first = send(client, "name\nAcme\n", key)
    again = send(client, "name\nAcme\n", key)
    assert (again.status_code, again.get_json()) == (202, first.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert send(client, "name\nBolt\n", key).status_code == 409
    run_jobs()
    assert stored("name") == [("Acme",)]
    undo = {"Idempotency-Key": "back"}
    taken = client.post(f"imports/{first.get_json()['import']}/undo", headers=undo)
    assert (
        client.post(f"imports/{first.get_json()['import']}/undo", headers=undo).get_json() == taken.get_json()
    )


@pytest.mark.parametrize(
    ("content", "options", "status", "said"),
    [
        (b"\x89PNG\r\n\x1a\n", {}, 415, "it is a picture"),
        (b"", {}, 422, "it is empty"),
        ("name,mood\nA,b\n", {}, 422, "“mood”"),
        ("name,name\nA,b\n", {}, 422, "there twice"),
        ("name\nA\n", {"mode": "update"}, 422, "recognised"),
        ("name\nA\n", {"mode": "replace"}, 422, "mode"),
        ("name\nA\n", {"colour": "red"}, 422, "colour"),
        ("name\nA\n", {"mapping": {"columns": {"x": "name"}}}, 422, "no column “x”"),
        ("name\nA\n", {"encoding": "klingon"}, 422, "no encoding"),
        ("name\nA\n", {"header_row": "one"}, 422, "header_row"),
        ("name\nA\n", {"match": "city"}, 422, "no column for “city”"),
    ],
)
def test_what_cannot_be_imported_is_refused_and_leaves_nothing(
    api: MakeClient, committed: Committed, content: Any, options: dict[str, Any], status: int, said: str
) -> None:
    from core.resources.importing.models import Import

    answer = send(api(), content, **options)
    assert answer.status_code == status, answer.get_json()
    assert said in json.dumps(answer.get_json(), ensure_ascii=False)
    with committed() as session:
        assert session.scalar(select(func.count()).select_from(Import.__table__)) == 0


def test_forms_that_are_none_are_refused(api: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client = api()
    assert client.post("customer/customers/import", json={"a": 1}).status_code == 415
    missing = client.post(
        "customer/customers/import", data={"options": "{}"}, content_type="multipart/form-data"
    )
    assert missing.status_code == 422
    data = {"file": (io.BytesIO(b"name\nA\n"), "a.csv"), "options": "{"}
    broken = client.post("customer/customers/import", data=data, content_type="multipart/form-data")
    assert broken.status_code == 400
    monkeypatch.setattr(api_imports, "MAX_IMPORT", 1000)
    monkeypatch.setattr(uploads, "_AROUND", 1000)
    assert send(client, "name\n" + "A\n" * 2000).status_code == 413


def test_only_those_who_may_import_do_and_only_see_their_own(api: MakeClient, run_jobs: RunJobs) -> None:
    admin, reader = api(), api("executive")
    number = send(admin, "name\nAcme\n").get_json()["import"]
    assert send(reader, "name\nBolt\n").status_code == 403
    assert api("sales_supervisor").get(f"imports/{number}").status_code == 404
    assert reader.get(f"imports/{number}").status_code == 404
    assert admin.get("imports/999").status_code == 404
    assert reader.get("imports").get_json()["items"] == []
    run_jobs()


def test_the_document_describes_imports(api: MakeClient) -> None:
    document = api().get("openapi.json").get_json()
    sent = document["paths"]["/api/v1/customer/customers/import"]["post"]
    assert "202" in sent["responses"]
    assert set(sent["requestBody"]["content"]) == {"multipart/form-data"}
    assert "/api/v1/imports/{import_id}/undo" in document["paths"]
    assert "/api/v1/customer/customers/import" not in api("executive").get("openapi.json").get_json()["paths"]
