"""What becomes of a job: rights of now, tries and parking, progress, its end before its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.addons.manifest import CORE, AddonError
from core.auth import services as auth
from core.db.tenancy import Tenant
from core.errors import Forbidden, Invalid, NotFound, StaleVersion, Unavailable
from core.i18n import _l, language
from core.jobs import Work, enqueue, job
from core.jobs.registry import JobKind, Jobs, JobsRoom
from core.jobs.running import back_off, told_error
from core.jobs.tidying import tidy_jobs
from core.jobs.work import Superseded
from core.kernel import Kernel
from core.testing.jobs import RunJobs
from core.worker.clock import due_now, tell_tenants

Committed = Callable[[], AbstractContextManager[Session]]
#: Declares a kind of job for the test: ``declare(function, attempts=2)``.
Declare = Callable[..., None]


@pytest.fixture
def declare(kernel: Kernel) -> Iterator[Declare]:
    """Declares ``core.probe``; it is gone with the test."""

    def make(function: Any, *, attempts: int = 3, every: str = "", addon: str = "core") -> None:
        kernel.jobs.add(JobKind("core.probe", _l("Probe"), function, "default", attempts, every, addon))

    yield make
    kernel.jobs._kinds.pop("core.probe", None)


@pytest.fixture
def ask(committed: Committed) -> Callable[..., int]:
    """Enqueues the probe in a transaction of its own: ``ask(actor=ada, a=1)``."""

    def make(*, actor: Actor = OPERATOR, **arguments: Any) -> int:
        with committed() as session:
            return enqueue(session, "core.probe", arguments, actor=actor)

    return make


@pytest.fixture
def stored(committed: Committed) -> Callable[[int], Any]:
    """A job as the database holds it."""

    def find(number: int) -> Any:
        with committed() as session:
            return session.execute(text("select * from core_job where id = :id"), {"id": number}).one()

    return find


def _person(committed: Committed, kernel: Kernel, role: str, language: str = "zh") -> Actor:
    with committed() as session:
        values = {"name": "Ada", "email": "ada@example.com", "language": language}
        [number] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
        auth.assign_role(session, kernel.permissions, number, role)
        return auth.actor_by_email(session, kernel.permissions, "ada@example.com")


def test_a_job_gets_its_arguments_and_keeps_its_result(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, stored: Callable[[int], Any], tenant: Tenant
) -> None:
    def run(work: Work) -> dict[str, Any]:
        with work.unit() as session:
            count = session.scalar(text("select count(*) from core_job"))
        return {"had": work.arguments, "jobs": count, "tenant": work.tenant.slug, "attempt": work.attempt}

    declare(run)
    number = ask(a=[1, None])
    [ran] = run_jobs()
    assert (ran.id, ran.state, ran.error) == (number, "done", None)
    found = stored(number)
    assert found.result == {"had": {"a": [1, None]}, "jobs": 1, "tenant": tenant.slug, "attempt": 1}
    assert found.started_at <= found.finished_at


def test_rights_are_those_of_the_moment_it_runs(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, committed: Committed, kernel: Kernel,
    stored: Callable[[int], Any],
) -> None:  # fmt: skip
    def run(work: Work) -> bool:
        with work.unit() as session:
            return work.actor(session).may("customer.customer", "delete")

    declare(run)
    ada = _person(committed, kernel, "sales_supervisor")
    assert ada.may("customer.customer", "delete")
    number = ask(actor=ada)
    with committed() as session:
        session.execute(text("update core_role_assignment set role = 'analyst'"))
    run_jobs()
    assert stored(number).result is False


def test_nothing_is_done_for_somebody_who_has_left(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, committed: Committed, kernel: Kernel
) -> None:
    def run(work: Work) -> None:
        with work.unit() as session:
            kernel.resources["core.unit"].service.create(
                session, [{"code": "n", "name": "North"}], actor=work.actor(session)
            )

    declare(run)
    ada = _person(committed, kernel, "administrator", language="en")
    ask(actor=ada)
    assert ada.user_id is not None
    with committed() as session:
        kernel.resources["core.user"].service.archive(session, [ada.user_id], actor=OPERATOR)
    [ran] = run_jobs()
    assert ran.state == "parked"
    assert "no longer active" in str(ran.error)
    with committed() as session:
        assert session.scalar(text("select count(*) from core_unit")) == 0


def test_the_actors_language_is_spoken(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, committed: Committed, kernel: Kernel
) -> None:
    spoken = []

    def run(work: Work) -> None:
        spoken.append(language())
        raise NotFound

    declare(run)
    ask(actor=_person(committed, kernel, "analyst"))
    [ran] = run_jobs()
    assert spoken == ["zh"]
    assert ran.error is not None
    assert not ran.error.isascii()
    assert language() == "en"


@pytest.mark.parametrize(
    "error",
    [Unavailable(), StaleVersion(), KeyError("secret value"), OSError("disk")],
    ids=lambda each: type(each).__name__,
)
def test_what_may_go_better_is_tried_again_and_parked_in_the_end(
    declare: Declare,
    ask: Callable[..., int],
    run_jobs: RunJobs,
    stored: Callable[[int], Any],
    error: Exception,
    owner_engine: Engine,
) -> None:
    def run(work: Work) -> None:
        raise error

    declare(run, attempts=3)
    number = ask()
    for attempt in (1, 2):
        [ran] = run_jobs(later=True)
        found = stored(number)
        assert (ran.state, found.attempts) == ("waiting", attempt)
        assert 0.5 * 2**attempt < (found.run_at - datetime.now(UTC)).total_seconds() < 1.2 * 2**attempt
        assert run_jobs() == []  # not before its time
    [ran] = run_jobs(later=True)
    found = stored(number)
    assert (ran.state, found.attempts) == ("parked", 3)
    assert "secret value" not in found.error
    assert run_jobs(later=True) == []
    with owner_engine.begin() as connection:
        assert connection.scalar(text("select status from queue.procrastinate_jobs")) == "failed"


@pytest.mark.parametrize(
    "error",
    [Forbidden(), NotFound(), Invalid({"file": ["It is empty."]})],
    ids=lambda each: type(each).__name__,
)
def test_a_refusal_is_parked_at_once_with_its_sentence(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, error: Any, stored: Callable[[int], Any]
) -> None:
    def run(work: Work) -> None:
        raise error

    declare(run)
    number = ask()
    [ran] = run_jobs()
    found = stored(number)
    assert (ran.state, found.attempts, found.error_code) == ("parked", 1, error.code)
    assert found.error == ("file: It is empty." if isinstance(error, Invalid) else error.detail)


def test_what_a_failed_unit_wrote_is_undone(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, committed: Committed
) -> None:
    def run(work: Work) -> None:
        with work.unit() as session:
            session.execute(text("insert into core_unit (code, name) values ('kept', 'Kept')"))
        with work.unit() as session:
            session.execute(text("insert into core_unit (code, name) values ('lost', 'Lost')"))
            raise ValueError

    declare(run)
    ask()
    run_jobs()
    with committed() as session:
        assert session.scalars(text("select code from core_unit")).all() == ["kept"]


def test_back_off_doubles_up_to_an_hour() -> None:
    assert [round(back_off(attempt).total_seconds() / 2**attempt) for attempt in range(1, 9)] == [1] * 8
    assert back_off(40) <= timedelta(minutes=66)


def test_progress_is_seen_while_it_runs(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, stored: Callable[[int], Any]
) -> None:
    seen = []

    def run(work: Work) -> None:
        with work.unit() as session:
            session.execute(text("select 1"))
            work.progress(3, 10, "reading")  # in a transaction of its own, from within another
            seen.append(stored(work.job_id))
        work.progress(4, 10)  # too soon after the last one to be written
        seen.append(stored(work.job_id))
        work.progress(10, 10)
        seen.append(stored(work.job_id))

    declare(run)
    ask()
    run_jobs()
    assert [(row.state, row.done, row.total, row.note) for row in seen] == [
        ("running", 3, 10, "reading"),
        ("running", 3, 10, "reading"),
        ("running", 10, 10, ""),
    ]


def test_a_running_job_learns_that_it_is_to_end(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, committed: Committed
) -> None:
    from core.jobs.queue import cancel

    told = []

    def run(work: Work) -> None:
        told.append(work.cancelled())
        with committed() as session:
            assert cancel(session, work.job_id)
        told.append(work.cancelled())

    declare(run)
    ask()
    [ran] = run_jobs()
    assert (told, ran.state) == ([False, True], "cancelled")


def test_a_run_that_was_replaced_commits_nothing_more(
    declare: Declare,
    ask: Callable[..., int],
    run_jobs: RunJobs,
    committed: Committed,
    stored: Callable[[int], Any],
) -> None:
    def run(work: Work) -> None:
        with committed() as session:  # another worker has begun it anew
            session.execute(text("update core_job set attempts = attempts + 1"))
        for use in (lambda: work.progress(1, 2), work.cancelled):
            with pytest.raises(Superseded):
                use()
        with work.unit() as session:
            session.execute(text("insert into core_unit (code, name) values ('lost', 'Lost')"))

    declare(run)
    number = ask()
    run_jobs()
    assert (stored(number).state, stored(number).attempts) == ("running", 2)
    with committed() as session:
        assert session.scalar(text("select count(*) from core_unit")) == 0


def test_a_job_that_takes_its_worker_down_again_and_again_is_parked(
    declare: Declare, ask: Callable[..., int], run_jobs: RunJobs, committed: Committed
) -> None:
    declare(lambda work: None, attempts=2)
    number = ask()
    with committed() as session:
        session.execute(
            text("update core_job set state = 'running', attempts = 5 where id = :id"), {"id": number}
        )
    [ran] = run_jobs()
    assert ran.state == "parked"
    assert told_error(ran.error, "crashed") == ran.error


def test_a_job_nobody_knows_is_parked(
    ask: Callable[..., int], declare: Declare, kernel: Kernel, run_jobs: RunJobs
) -> None:
    declare(lambda work: None)
    ask()
    kernel.jobs._kinds.pop("core.probe")
    [ran] = run_jobs()
    assert ran.state == "parked"
    assert "no longer installed" in str(ran.error)


# The clock


def test_what_is_due_is_told_to_each_tenant_once(
    declare: Declare, kernel: Kernel, tenants: dict[str, Tenant], committed: Committed, run_jobs: RunJobs
) -> None:
    declare(lambda work: None, every="0 3 * * *", addon="customer")
    now = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    [due] = [at for kind, at in due_now(kernel, now) if kind.name == "core.probe"]
    assert due == datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    assert tell_tenants(kernel, "core.probe", due) == 1  # bare has the addon off
    assert tell_tenants(kernel, "core.probe", due) == 0
    later = due + timedelta(days=1)
    assert tell_tenants(kernel, "core.probe", later) == 0  # the earlier one has not been done yet
    assert [each.state for each in run_jobs()] == ["done"]
    assert tell_tenants(kernel, "core.probe", later) == 1
    assert tell_tenants(kernel, "core.nothing", later) == 0


def test_of_all_schedulers_one_is_told_that_something_is_due(
    owner_engine: Engine, tenants: dict[str, Tenant]
) -> None:
    ask = text("select queue.fall_due('core.probe', cast(:at as timestamptz))")
    with owner_engine.connect() as connection:
        times = ["2026-03-01", "2026-03-01", "2026-03-02", "2026-03-02", "2026-03-01", "2026-03-03"]
        told = [connection.scalar(ask, {"at": at}) for at in times]
        # The first time it is seen at all is no due time that was missed.
        assert told == [False, False, True, False, False, True]
        assert connection.scalar(text("select count(*) from queue.procrastinate_jobs")) == 2
        connection.rollback()


def test_old_jobs_are_taken_away(committed: Committed, kernel: Kernel, tenant: Tenant) -> None:
    with committed() as session:
        session.execute(
            text("""
            insert into core_job (kind, state, finished_at, due_at) values
            ('core.a', 'done', now() - interval '31 days', null),
            ('core.b', 'done', now() - interval '29 days', null),
            ('core.c', 'done', now() - interval '3 days', now()),
            ('core.d', 'parked', now() - interval '31 days', null),
            ('core.e', 'parked', now() - interval '91 days', null),
            ('core.f', 'running', null, null), ('core.g', 'cancelled', now() - interval '31 days', null)
            """)
        )
        number = session.scalar(
            text("insert into core_job (kind, state, attempts) values ('core.h', 'running', 1) returning id")
        )
    assert number is not None
    assert tidy_jobs(Work(number, tenant, {}, kernel, 1, None)) == {"deleted": 4}
    with committed() as session:
        left = session.scalars(text("select kind from core_job order by kind")).all()
    assert left == ["core.b", "core.d", "core.f", "core.h"]


# Declarations


def _room(**functions: Any) -> ModuleType:
    module = ModuleType("room")
    module.__file__ = "room.py"
    for name, function in functions.items():
        setattr(module, name, function)
    return module


def _declared(name: str = "core.work", **options: Any) -> Any:
    def run(work: Work) -> None: ...

    return job(name, title=_l("Work"), **options)(run)


def test_a_room_gives_its_jobs() -> None:
    [kind] = JobsRoom(Jobs()).read(CORE, _room(run=_declared(lane="bulk", attempts=2), other=len))
    assert (kind.name, kind.lane, kind.attempts, kind.addon) == ("core.work", "bulk", 2, "core")


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (_declared("sales.work"), "its name must be “core.”"),
        (_declared("core.Work"), "its name must be “core.”"),
        (_declared(lane="express"), "there is no lane “express”; there are default, bulk"),
        (_declared(attempts=0), "at least once"),
        (_declared(every="tomorrow"), "no cron expression"),
        (job("core.work", title=_l("Work"))(lambda: None), "takes one argument"),
        (job("core.work", title=_l("Work"))(lambda a, b: None), "takes one argument"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_told_with_its_file(function: Any, why: str) -> None:
    with pytest.raises(AddonError, match=r"room\.py: job “\S+”") as refused:
        JobsRoom(Jobs()).read(CORE, _room(run=function))
    assert why in str(refused.value)


def test_two_jobs_of_one_name_are_refused() -> None:
    with pytest.raises(AddonError, match="already"):
        JobsRoom(Jobs()).read(CORE, _room(one=_declared(), two=_declared()))
    jobs = Jobs()
    room = JobsRoom(jobs)
    room.open(CORE, room.read(CORE, _room(one=_declared())))
    with pytest.raises(AddonError, match="already"):
        room.read(CORE, _room(one=_declared()))
