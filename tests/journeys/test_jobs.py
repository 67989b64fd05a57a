"""Background work in front of people: two tabs and one stream, a bar that moves, a word at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Page, Request, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.auth.services import actor_by_email
from core.events import notify
from core.i18n import _l
from core.jobs import enqueue
from core.jobs.registry import JobKind
from core.kernel import Kernel
from core.testing.jobs import RunJobs
from tests.journeys.conftest import EMAIL, Open, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Committed = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def job(kernel: Kernel, committed: Committed) -> Iterator[Callable[[], int]]:
    """Enqueues a job of Ada's, as though she had asked for it on a page."""
    kernel.jobs.add(JobKind("core.probe", _l("Import"), lambda work: None, "default", 1, "", "core"))

    def make() -> int:
        with committed() as session:
            ada = actor_by_email(session, kernel.permissions, EMAIL)
            return enqueue(session, "core.probe", actor=ada, label="customers.csv")

    yield make
    kernel.jobs._kinds.pop("core.probe")


def _record(page: Page) -> None:
    page.evaluate(
        "() => { window.told = []; document.addEventListener('gx:event', (e) => told.push(e.detail.topic)); }"
    )


def _told(page: Page, topic: str) -> None:
    for _ in range(100):
        if topic in page.evaluate("() => window.told"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{topic} was not told, but {page.evaluate('() => window.told')}")


def test_two_tabs_share_a_stream_and_the_second_takes_over(open_page: Open, committed: Committed) -> None:
    first = open_page("/")
    streams: list[str] = []

    def note(request: Request) -> None:
        if "/events?" in request.url:
            streams.append(request.url)

    first.context.on("request", note)
    expect(first.locator("html[data-live]")).to_be_attached()
    second = first.context.new_page()
    second.goto("/customer/customers")
    expect(second.locator("html[data-live]")).to_be_attached()
    for page in (first, second):
        _record(page)
    with committed() as session:
        notify(session, "list:customer.customer")
    for page in (first, second):
        _told(page, "list:customer.customer")
    assert len(streams) <= 1
    before = len(streams)
    first.close()
    for _ in range(100):
        if len(streams) > before:
            break
        second.wait_for_timeout(50)
    expect(second.locator("html[data-live]")).to_be_attached()
    _told(second, "*")  # what was missed in between is looked at again
    with committed() as session:
        notify(session, "list:core.unit")
    _told(second, "list:core.unit")


def test_a_bar_moves_as_the_job_does(
    open_page: Open, job: Callable[[], int], committed: Committed, run_jobs: RunJobs
) -> None:
    number = job()
    page = open_page("/settings/jobs")
    bar = page.locator(f"[data-job='{number}']")
    expect(bar.get_by_role("status")).to_have_text("Waiting to begin")
    expect(page.locator("html[data-live]")).to_be_attached()
    with committed() as session:
        session.execute(text("update core_job set state = 'running', done = 30, total = 120, note = 'rows'"))
        notify(session, f"job:{number}")
    expect(bar.get_by_role("status")).to_have_text("30 of 120 · rows")
    expect(bar.locator("progress")).to_have_attribute("value", "25")
    assert violations(page) == []
    with committed() as session:
        session.execute(text("update core_job set state = 'waiting'"))
    run_jobs()
    expect(page.get_by_text("Done: 120")).to_be_visible()


def test_the_end_of_ones_work_is_told_on_any_page(
    open_page: Open, job: Callable[[], int], run_jobs: RunJobs, committed: Committed
) -> None:
    page = open_page("/customer/customers")
    expect(page.locator("html[data-live]")).to_be_attached()
    page.wait_for_timeout(1_000)
    job()
    ring = page.locator("[data-jobs-ring]")
    expect(ring).to_be_visible()
    expect(ring).to_have_attribute("title", "1 background job at work")
    run_jobs()
    expect(page.locator(".gx-toast", has_text="Import: customers.csv. Done")).to_be_visible()
    expect(ring).to_be_hidden()


def test_parked_work_is_tried_again_by_a_button(
    open_page: Open, job: Callable[[], int], committed: Committed, run_jobs: RunJobs
) -> None:
    job()
    with committed() as session:
        session.execute(text("update core_job set cancel_asked_at = now()"))
    run_jobs()
    with committed() as session:
        session.execute(
            text("update core_job set state = 'parked', error = 'The disk was full.', cancel_asked_at = null")
        )
    page = open_page("/settings/jobs", lang="zh", width=390)
    expect(page.get_by_text("The disk was full.")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="重试").click()
    expect(page.get_by_text("等待开始")).to_be_visible()
    run_jobs()
    expect(page.get_by_text("已完成").first).to_be_visible()


def test_an_operators_job_is_told_to_administrators(
    open_page: Open, kernel: Kernel, committed: Committed, job: object
) -> None:
    page = open_page("/settings/jobs")
    expect(page.locator("html[data-live]")).to_be_attached()
    expect(page.get_by_text("No background jobs")).to_be_visible()
    page.wait_for_timeout(1_000)
    with committed() as session:
        enqueue(session, "core.probe", actor=OPERATOR, label="nightly.csv")
    expect(page.get_by_text("nightly.csv")).to_be_visible()
