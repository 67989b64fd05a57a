"""Background jobs on pages and over the API: one's own, all for administrators, nothing for others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.auth.platform import create_administrator
from core.auth.services import actor_by_email
from core.db.tenancy import Tenant
from core.i18n import _l
from core.jobs import Work, enqueue
from core.jobs.registry import JobKind
from core.kernel import Kernel
from core.testing.jobs import RunJobs
from core.testing.plugin import PASSWORD, ApiClient, Browser

Committed = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(autouse=True)
def probe(kernel: Kernel) -> Iterator[None]:
    """A kind of job that fails when it is told to."""

    def run(work: Work) -> dict[str, int]:
        if work.arguments.get("fail"):
            raise ValueError
        return {"rows": 3}

    kernel.jobs.add(JobKind("core.probe", _l("Import"), run, "default", 1, "", "core"))
    yield
    kernel.jobs._kinds.pop("core.probe")


@pytest.fixture
def ask(committed: Committed) -> Callable[..., int]:
    """Enqueues a job in a transaction of its own."""

    def make(actor: Actor = OPERATOR, label: str = "a.csv", **arguments: Any) -> int:
        with committed() as session:
            return enqueue(session, "core.probe", arguments, actor=actor, label=label)

    return make


def _actor(client: ApiClient, committed: Committed, kernel: Kernel) -> Actor:
    with committed() as session:
        return actor_by_email(session, kernel.permissions, client.get("me").get_json()["email"])


def test_one_sees_his_own_jobs_and_an_administrator_all(
    api: Callable[..., ApiClient], ask: Callable[..., int], committed: Committed, kernel: Kernel
) -> None:
    manager, analyst, chief = api("account_manager"), api("analyst"), api()
    own = ask(_actor(manager, committed, kernel), "mine.csv")
    system = ask()
    assert [each["id"] for each in manager.get("jobs").get_json()["items"]] == [own]
    assert analyst.get("jobs").get_json() == {"items": [], "next": None}
    assert [each["id"] for each in chief.get("jobs").get_json()["items"]] == [system, own]
    assert manager.get(f"jobs/{own}").status_code == 200
    for address in (f"jobs/{own}", "jobs/999999", f"jobs/{system}"):
        refused = analyst.get(address)
        assert (refused.status_code, refused.get_json()["code"]) == (404, "not-found")
    for verb in ("cancel", "retry"):
        assert analyst.post(f"jobs/{own}/{verb}").status_code == 404
    assert manager.get(f"jobs/{own}").get_json()["state"] == "waiting"


def test_the_jobs_of_another_tenant_are_not_there(
    api: Callable[..., ApiClient], ask: Callable[..., int], tenants: dict[str, Tenant]
) -> None:
    number = ask()
    assert api(tenant="bare").get(f"jobs/{number}").status_code == 404


def test_a_job_is_told_whole(
    api: Callable[..., ApiClient],
    ask: Callable[..., int],
    run_jobs: RunJobs,
    committed: Committed,
    kernel: Kernel,
) -> None:
    caller = api()
    actor = _actor(caller, committed, kernel)
    number = ask(actor, "customers.csv")
    run_jobs()
    found = caller.get(f"jobs/{number}").get_json()
    times = {name: found.pop(name) for name in ("created_at", "started_at", "finished_at")}
    assert all(value.endswith("Z") for value in times.values())
    assert found == {
        "id": number, "kind": "core.probe", "title": "Import", "label": "customers.csv", "state": "done",
        "done": 0, "total": None, "note": "", "result": {"rows": 3}, "error": None, "error_code": None,
        "attempts": 1, "cancelling": False, "actor": {"id": actor.user_id, "label": "Ada"}, "run_at": None,
    }  # fmt: skip


def test_a_job_is_cancelled_once(
    api: Callable[..., ApiClient],
    ask: Callable[..., int],
    run_jobs: RunJobs,
    committed: Committed,
    kernel: Kernel,
) -> None:
    caller = api("account_manager")
    number = ask(_actor(caller, committed, kernel))
    assert caller.post(f"jobs/{number}/cancel").get_json()["state"] == "cancelled"
    again = caller.post(f"jobs/{number}/cancel")
    assert (again.status_code, again.get_json()["code"]) == (409, "job-over")
    [ran] = run_jobs()
    assert ran.state == "cancelled"


def test_a_parked_job_is_tried_again_over_the_api(
    api: Callable[..., ApiClient], ask: Callable[..., int], run_jobs: RunJobs, committed: Committed
) -> None:
    caller, number = api(), ask(fail=True)
    assert caller.post(f"jobs/{number}/retry").get_json()["code"] == "job-not-parked"
    run_jobs()
    found = caller.get(f"jobs/{number}").get_json()
    assert (found["state"], found["error_code"]) == ("parked", "internal")
    assert "ValueError" in found["error"]
    with committed() as session:
        session.execute(text("update core_job set arguments = '{}'"))
    assert caller.post(f"jobs/{number}/retry").get_json()["state"] == "waiting"
    run_jobs()
    assert caller.get(f"jobs/{number}").get_json()["state"] == "done"


def test_jobs_are_listed_by_state_and_page_by_page(
    api: Callable[..., ApiClient], committed: Committed
) -> None:
    caller = api()
    with committed() as session:
        session.execute(
            text(
                "insert into core_job (kind, state) select 'core.probe', 'done' from generate_series(1, 130)"
            )
        )
        session.execute(text("insert into core_job (kind, state) values ('core.probe', 'parked')"))
    assert [each["id"] for each in caller.get("jobs?state=parked").get_json()["items"]] == [131]
    first = caller.get("jobs?state=done").get_json()
    rest = caller.get(f"jobs?state=done&before={first['next']}").get_json()
    assert [each["id"] for each in first["items"] + rest["items"]] == list(range(130, 0, -1))
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query", ["state=lost", "before=x", "before=-1", f"before={10**30}", "colour=red", "state="]
)
def test_parameters_that_mean_nothing_are_refused(api: Callable[..., ApiClient], query: str) -> None:
    assert api().get(f"jobs?{query}").status_code == (200 if query == "state=" else 422)


def test_the_document_tells_of_jobs(api: Callable[..., ApiClient]) -> None:
    paths = api().get("openapi.json").get_json()["paths"]
    assert {path: sorted(node) for path, node in paths.items() if path.startswith("/api/v1/jobs")} == {
        "/api/v1/jobs": ["get"],
        "/api/v1/jobs/{job_id}": ["get", "parameters"],
        "/api/v1/jobs/{job_id}/cancel": ["parameters", "post"],
        "/api/v1/jobs/{job_id}/retry": ["parameters", "post"],
    }


# Pages


def test_the_page_shows_jobs_with_what_can_be_done(
    client: Callable[..., Browser], ask: Callable[..., int], run_jobs: RunJobs
) -> None:
    chief = client()
    failed = ask(label="broken.csv", fail=True)
    run_jobs()
    waiting = ask(label="<b>later</b>.csv")
    page = chief.get("/settings/jobs").text
    assert "broken.csv" in page
    assert "An unexpected error happened (ValueError)" in page
    assert f'formaction="/settings/jobs/{failed}/retry"' in page
    assert f'data-job="{waiting}"' in page
    assert "&lt;b&gt;later" in page
    assert "<b>later" not in page
    assert "broken.csv" not in chief.get("/settings/jobs?show=active").text
    assert "broken.csv" in chief.get("/settings/jobs?show=parked").text
    assert "broken.csv" not in chief.get("/settings/jobs?own=1").text
    part = chief.get("/settings/jobs", headers={"HX-Request": "true"}).text
    assert "broken.csv" in part
    assert "<html" not in part


def test_a_colleague_sees_and_stops_his_own_only(
    client: Callable[..., Browser], ask: Callable[..., int], committed: Committed
) -> None:
    manager, analyst = client("account_manager"), client("analyst")
    number = ask(manager.actor, "mine.csv")
    assert "mine.csv" in manager.get("/settings/jobs").text
    assert "mine.csv" not in analyst.get("/settings/jobs").text
    assert analyst.get(f"/settings/jobs/{number}").status_code == 404
    for verb in ("cancel", "retry"):
        assert analyst.post(f"/settings/jobs/{number}/{verb}").status_code == 404
    with committed() as session:
        assert session.scalar(text("select state from core_job")) == "waiting"
    assert manager.post(f"/settings/jobs/{number}/cancel").status_code == 303
    with committed() as session:
        assert session.scalar(text("select state from core_job")) == "cancelled"


def test_a_parked_job_is_tried_again_from_the_page(
    client: Callable[..., Browser], ask: Callable[..., int], run_jobs: RunJobs
) -> None:
    chief, number = client(), ask(fail=True)
    run_jobs()
    answer = chief.post(
        f"/settings/jobs/{number}/retry",
        headers={"Referer": "http://main.localhost/settings/jobs?show=parked"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings/jobs?show=parked")
    elsewhere = chief.post(
        f"/settings/jobs/{number}/retry", headers={"Referer": "http://evil.example/settings/jobs"}
    )
    assert elsewhere.headers["Location"] == "/settings/jobs"
    assert [each.state for each in run_jobs()] == ["parked"]


@pytest.mark.parametrize(
    ("values", "text_", "percent"),
    [
        ("'running', 50, 200, 'rows', null, null, null", "50 of 200 · rows", 25),
        ("'running', 1234, null, '', null, null, null", "1,234 so far", None),
        ("'running', 0, null, '', null, null, null", "Working…", None),
        ("'running', 5, 4, '', null, null, null", "5 of 4", 100),
        ("'waiting', 0, null, '', null, null, null", "Waiting to begin", None),
        ("'parked', 0, null, '', 'Too late.', 'late', null", "Too late.", None),
        ("'done', 8, 8, '', null, null, null", "Done: 8", 100),
        ("'cancelled', 3, 8, '', null, null, null", "Cancelled before its end", 37),
        ("'running', 3, 8, '', null, null, now()", "It is being cancelled.", 37),
    ],
)
def test_the_bar_says_how_far_it_is(
    client: Callable[..., Browser], committed: Committed, values: str, text_: str, percent: int | None
) -> None:
    chief = client()
    with committed() as session:
        columns = "kind, state, done, total, note, error, error_code, cancel_asked_at"
        number = session.scalar(
            text(f"insert into core_job ({columns}) values ('core.probe', {values}) returning id")
        )
    found = chief.get(f"/settings/jobs/{number}").get_json()
    assert (found["text"], found["percent"], found["title"]) == (text_, percent, "Import")


def test_the_ring_counts_ones_own_work(client: Callable[..., Browser], ask: Callable[..., int]) -> None:
    manager = client("account_manager")
    ask()
    assert manager.get("/settings/jobs/active").get_json() == {
        "jobs": [],
        "text": "0 background jobs at work",
    }
    number = ask(manager.actor)
    found = manager.get("/settings/jobs/active").get_json()
    assert [each["id"] for each in found["jobs"]] == [number]
    assert found["text"] == "1 background job at work"


def test_the_page_takes_few_statements(
    client: Callable[..., Browser],
    committed: Committed,
    statements: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    chief = client()
    chief.get("/settings/jobs")
    with committed() as session:
        session.execute(
            text("insert into core_job (kind, state) select 'a.b', 'running' from generate_series(1, 50)")
        )
    with statements() as sent:
        assert chief.get("/settings/jobs").status_code == 200
    assert len(sent) <= 5


def test_the_platform_sees_the_queue_and_not_what_is_in_it(
    app: Flask, kernel: Kernel, owner_engine: Any, ask: Callable[..., int], run_jobs: RunJobs
) -> None:
    with owner_engine.begin() as connection:
        create_administrator(connection, "root@example.com", PASSWORD)
    try:
        ask(label="secret name.csv", fail=True)
        run_jobs()
        ask(label="secret name.csv")
        with owner_engine.begin() as connection:
            connection.execute(text("set local search_path to queue"))
            worker = connection.scalar(text("select procrastinate_register_worker_v1()"))
            connection.execute(
                text(
                    "insert into place (worker_id, lane, host, process, slots)"
                    " values (:id, 'bulk', 'engine', 42, 3)"
                ),
                {"id": worker},
            )
        browser = app.test_client()
        base = f"http://{kernel.config.platform_host}"
        form = browser.get("/platform/login", base_url=base).text
        token = form.split('name="csrf_token" value="')[1].split('"')[0]
        data = {"email": "root@example.com", "password": PASSWORD, "csrf_token": token}
        assert browser.post("/platform/login", base_url=base, data=data).status_code == 302
        page = browser.get("/platform/jobs", base_url=base).text
        assert "main" in page
        assert "engine" in page
        assert "secret name" not in page
        assert app.test_client().get("/platform/jobs", base_url=base).status_code in (302, 401)
    finally:
        with owner_engine.begin() as connection:
            connection.execute(text("delete from platform.administrator"))
            connection.execute(text("delete from queue.procrastinate_workers"))
