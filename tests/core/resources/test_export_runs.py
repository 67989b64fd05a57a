"""Exports in the background: whose they are, what is in them, and when they are gone."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.config import Config
from core.db.tenancy import Tenant
from core.jobs import Work, enqueue
from core.resources.exporting.runs import exports_folder
from core.testing.jobs import RunJobs
from core.testing.plugin import ApiClient

CUSTOMERS = "customer/customers"
Committed = Callable[[], AbstractContextManager[Session]]
MakeApi = Callable[..., ApiClient]


@pytest.fixture
def folder(config: Config, tenants: dict[str, Tenant]) -> Path:
    folder = exports_folder(config, tenants["main"])
    for left in folder.iterdir() if folder.is_dir() else ():  # by the test before
        left.unlink()
    return folder


@pytest.fixture
def seller(api: MakeApi) -> ApiClient:
    seller = api("account_manager")
    for name in ("Acme", "Birch", "Cedar"):
        assert seller.post(CUSTOMERS, json={"name": name}).status_code == 201
    return seller


def _asked(client: ApiClient, query: str = "") -> dict[str, Any]:
    """Ask for an export; what the answer tells of it."""
    answer = client.post(f"{CUSTOMERS}/export?{query}")
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/jobs/{told['job']}"
    return told


def _shown(client: ApiClient, asked: dict[str, Any]) -> dict[str, Any]:
    """An export as it stands."""
    shown: dict[str, Any] = client.get(f"exports/{asked['export']}").get_json()
    return shown


def _fetched(client: ApiClient, url: str) -> bytes | None:
    """The file at an address; None when it is not there."""
    answer = client.get(url, buffered=True)
    assert answer.status_code in (200, 404)
    return answer.data if answer.status_code == 200 else None


def _run(committed: Committed, statement: str, **values: Any) -> None:
    with committed() as session:
        session.execute(text(statement), values)


def test_a_file_is_made_and_fetched_by_its_owner_alone(
    seller: ApiClient, api: MakeApi, run_jobs: RunJobs
) -> None:
    asked = _asked(seller, "columns=name&sort=-name&format=csv")
    export = asked["export"]
    assert _fetched(seller, asked["url"]) is None
    assert _shown(seller, asked)["state"] == "waiting"
    assert [ran.state for ran in run_jobs()] == ["done"]
    shown = _shown(seller, asked)
    assert (shown["state"], shown["rows"], shown["total"]) == ("done", 3, 3)
    answer = seller.get(asked["url"], buffered=True)
    assert answer.data.decode("utf-8-sig").split() == ["name", "Cedar", "Birch", "Acme"]
    assert answer.headers["Content-Disposition"] == "attachment; filename=customers.csv"
    for other in (api("administrator"), api("account_manager")):
        assert _fetched(other, asked["url"]) is None
        assert other.get(f"exports/{export}").status_code == 404
        assert other.delete(f"exports/{export}").status_code == 404
        assert other.get("exports").get_json()["items"] == []
    assert _fetched(seller, asked["url"])


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_every_format_is_made(seller: ApiClient, run_jobs: RunJobs, form: str) -> None:
    asked = _asked(seller, f"format={form}")
    run_jobs()
    streamed = seller.get(f"{CUSTOMERS}/export?format={form}").data
    made = _fetched(seller, asked["url"]) or b""
    assert len(made) > 100
    if form != "xlsx":  # a workbook holds the time it was made at
        assert made == streamed


def test_what_is_refused_at_once_is_not_asked_for(seller: ApiClient, api: MakeApi) -> None:
    for query, status in (("columns=nope", 422), ("format=xml", 422), ("nope=1", 422), ("sort=nope", 422)):
        assert seller.post(f"{CUSTOMERS}/export?{query}").status_code == status
    assert api("marketer").post(f"{CUSTOMERS}/export").status_code == 403
    assert api("maintainer").post(f"{CUSTOMERS}/export").status_code == 404
    assert seller.get("exports").get_json()["items"] == []


def test_rights_are_those_of_the_moment_the_job_runs(
    seller: ApiClient, committed: Committed, run_jobs: RunJobs, folder: Path
) -> None:
    less = _asked(seller, "columns=name")
    # Somebody else has got one of his customers meanwhile.
    _run(committed, "insert into core_user (name, email) values ('Other', 'other@example.com')")
    _run(
        committed,
        "update customer_customer set owner_id = (select max(id) from core_user) where name = 'Birch'",
    )
    run_jobs()
    assert seller.get(less["url"], buffered=True).data.decode("utf-8-sig").split() == [
        "name",
        "Acme",
        "Cedar",
    ]
    none = _asked(seller, "columns=name")
    _run(committed, "update core_role_assignment set role = 'marketer'")  # may read, but not export
    [ran] = run_jobs()
    assert ran.state == "parked"
    assert ran.error
    assert _shown(seller, none)["state"] == "parked"
    assert _fetched(seller, none["url"]) is None
    # What was made before is no more his to fetch either.
    assert _fetched(seller, less["url"]) is None
    assert len(list(folder.iterdir())) == 1


def test_a_job_that_runs_twice_makes_one_file(seller: ApiClient, run_jobs: RunJobs, folder: Path) -> None:
    asked = _asked(seller)
    before = set(folder.iterdir()) if folder.is_dir() else set()
    run_jobs()
    run_jobs(later=True)
    assert len(set(folder.iterdir()) - before) == 1
    assert _fetched(seller, asked["url"])


def test_the_link_dies_and_the_file_goes(
    seller: ApiClient, committed: Committed, run_jobs: RunJobs, folder: Path
) -> None:
    asked = _asked(seller)
    run_jobs()
    left = folder / "99-left.csv"
    left.write_text("of a job that died")
    os.utime(left, (0, 0))
    _run(committed, "update core_export set expires_at = now() - interval '1 second'")
    assert _fetched(seller, asked["url"]) is None
    assert _shown(seller, asked)["state"] == "expired"
    with committed() as session:
        enqueue(session, "core.expire-exports", actor=OPERATOR)
    assert [ran.state for ran in run_jobs()] == ["done"]
    assert not [path for path in folder.iterdir() if path.name.startswith(("99-", f"{asked['export']}-"))]


def test_an_export_is_thrown_away_with_its_file(seller: ApiClient, run_jobs: RunJobs, folder: Path) -> None:
    made = _asked(seller)
    run_jobs()
    waiting = _asked(seller)
    files = set(folder.iterdir())
    for asked in (made, waiting):
        assert seller.delete(f"exports/{asked['export']}").status_code == 204
        assert seller.get(f"exports/{asked['export']}").status_code == 404
    run_jobs()
    assert len(files - set(folder.iterdir())) == 1
    assert not [path for path in folder.iterdir() if path.name.startswith(f"{waiting['export']}-")]


def test_a_full_disk_is_told_and_leaves_nothing(
    seller: ApiClient, run_jobs: RunJobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, piece: bytes) -> None:
            self.file.write(piece[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

    asked = _asked(seller)
    real = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, mode="r", *rest: Full(real(self, mode)) if mode == "xb" else real(self, mode),
    )
    [ran] = run_jobs()
    assert ran.state == "waiting"  # tried again later: somebody may make room
    assert ran.error is not None
    assert "no space" in ran.error
    assert not [path for path in folder.iterdir() if path.name.startswith(f"{asked['export']}-")]
    monkeypatch.undo()
    assert [ran.state for ran in run_jobs(later=True)] == ["done"]
    assert _fetched(seller, asked["url"])


def test_a_job_that_is_cancelled_leaves_nothing(
    seller: ApiClient, committed: Committed, run_jobs: RunJobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _asked(seller)
    report = Work.progress

    def cancelled_meanwhile(self: Work, done: int, total: int | None = None, note: str = "") -> None:
        _run(committed, "update core_job set cancel_asked_at = now() where state = 'running'")
        report(self, done, total, note)

    monkeypatch.setattr(Work, "progress", cancelled_meanwhile)
    [ran] = run_jobs()
    assert ran.state == "cancelled"
    assert _shown(seller, asked)["state"] == "cancelled"
    assert not [path for path in folder.iterdir() if path.name.startswith(f"{asked['export']}-")]


def test_another_tenant_knows_nothing_of_it(seller: ApiClient, run_jobs: RunJobs, api: MakeApi) -> None:
    asked = _asked(seller)
    run_jobs()
    assert api("administrator", tenant="bare").get(asked["url"]).status_code == 404
