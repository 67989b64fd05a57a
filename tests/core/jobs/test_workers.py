"""Workers as they are run: processes that are killed, stopped, and never do a thing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from core.db.provision import set_addons, set_state
from tests.core.jobs.conftest import Plant

pytestmark = pytest.mark.slow


def test_a_job_whose_worker_is_killed_runs_again_within_a_minute(plant: Plant, tmp_path: Path) -> None:
    go_on = tmp_path / "go"
    killed = plant.start()
    number = plant.enqueue("jobber.hold", until=str(go_on))
    plant.until(lambda: plant.lines(about=number))
    other = plant.start()
    killed.kill()
    at = time.monotonic()
    again = plant.until(lambda: len(plant.lines(about=number)) == 2 and plant.lines(about=number))
    assert time.monotonic() - at < 60
    go_on.touch()
    found = plant.done(number)
    assert (found["state"], found["attempts"]) == ("done", 2)
    assert [(line[4], line[5]) for line in again] == [(str(killed.pid), "begun"), (str(other.pid), "begun")]


def test_two_workers_do_nothing_twice(plant: Plant) -> None:
    plant.start()
    plant.start()
    numbers = [plant.enqueue("jobber.note") for _ in range(60)]
    plant.until(lambda: len(plant.lines()) >= 60)
    assert all(plant.done(number)["state"] == "done" for number in numbers)
    assert Counter(int(line[2]) for line in plant.lines()) == Counter(numbers)
    assert {line[4] for line in plant.lines()} <= {str(process.pid) for process in plant.processes}
    assert plant.entries() == []


def test_one_tenants_backlog_does_not_starve_another(plant: Plant) -> None:
    for _ in range(200):
        plant.enqueue("jobber.note", seconds=0.02)
    plant.start()
    plant.until(lambda: len(plant.lines()) > 10)
    before = len(plant.lines())
    number = plant.enqueue("jobber.note", tenant="beta")
    plant.until(lambda: any(line[1] == "beta" for line in plant.lines()))
    place = [line[1] for line in plant.lines()].index("beta")
    assert place - before < 20  # of the 190 that had been waiting
    assert plant.done(number, "beta")["state"] == "done"


def test_long_jobs_do_not_hold_up_short_ones(plant: Plant, tmp_path: Path) -> None:
    go_on = tmp_path / "go"
    plant.start()
    long = [plant.enqueue("jobber.haul", tenant, until=str(go_on)) for tenant in ("alpha", "beta") * 3]
    plant.until(lambda: len(plant.lines()) >= 3)
    short = plant.enqueue("jobber.note")
    assert plant.done(short)["state"] == "done"
    assert not any(line[5] == "ended" for line in plant.lines())
    go_on.touch()
    ends = [plant.done(number, tenant) for number, tenant in zip(long, ("alpha", "beta") * 3, strict=True)]
    assert {found["state"] for found in ends} == {"done"}


def test_jobs_that_hang_leave_a_place_for_other_tenants(plant: Plant, tmp_path: Path) -> None:
    plant.start()
    for _ in range(8):
        plant.enqueue("jobber.hold", until=str(tmp_path / "never"))
    plant.until(lambda: len(plant.lines()) >= 3)
    number = plant.enqueue("jobber.note", tenant="beta")
    assert plant.done(number, "beta")["state"] == "done"
    assert len([line for line in plant.lines() if line[1] == "alpha"]) == 3  # of four places


def test_a_periodic_job_comes_once_at_each_due_time(plant: Plant) -> None:
    plant.start()
    plant.start()
    statement = "select due_at, state from \"t_alpha\".core_job where kind = 'jobber.tick' order by due_at"
    plant.until(lambda: len([row for row in plant.ask(statement) if row.state == "done"]) >= 4)
    due = [row.due_at for row in plant.ask(statement)]
    assert len(due) == len(set(due))
    assert all((later - earlier).total_seconds() == 2 for earlier, later in pairwise(due))
    assert plant.ask("select count(*) from \"t_beta\".core_job where kind = 'jobber.tick'")[0][0] >= 3


def test_a_suspended_tenants_jobs_wait(plant: Plant) -> None:
    with plant.owner.begin() as connection:
        set_state(connection, plant.tenants["beta"], "suspended")
    try:
        plant.start()
        number = plant.enqueue("jobber.note", tenant="beta")
        assert plant.done(plant.enqueue("jobber.note"))["state"] == "done"
        entry = (
            "select scheduled_at > now() as later from queue.procrastinate_jobs where args->>'tenant' = :t"
        )
        tenant = str(plant.tenants["beta"].id)
        plant.until(lambda: [row for row in plant.ask(entry, t=tenant) if row.later])
        found = plant.job(number, "beta")
        assert (found["state"], found["attempts"]) == ("waiting", 0)
    finally:
        with plant.owner.begin() as connection:
            set_state(connection, plant.tenants["beta"], "active")
    with plant.owner.begin() as connection:
        connection.execute(text("set local search_path to queue"))
        connection.execute(text("update procrastinate_jobs set scheduled_at = now()"))
    assert plant.done(number, "beta")["state"] == "done"
    assert {line[1] for line in plant.lines()} == {"alpha", "beta"}


def test_a_job_of_an_addon_that_is_off_is_parked_and_told(plant: Plant) -> None:
    number = plant.enqueue("jobber.note", tenant="beta")
    with plant.owner.begin() as connection:
        set_addons(connection, plant.tenants["beta"], frozenset())
    try:
        plant.start()
        found = plant.done(number, "beta")
        assert (found["state"], found["error_code"]) == ("parked", "addon-off")
        assert "switched off" in found["error"]
        assert plant.lines() == []
        assert [entry.status for entry in plant.entries()] == ["failed"]
    finally:
        with plant.owner.begin() as connection:
            set_addons(connection, plant.tenants["beta"], frozenset({"jobber"}))


def test_a_worker_that_is_told_to_stop_ends_what_it_does(plant: Plant, tmp_path: Path) -> None:
    go_on = tmp_path / "go"
    worker = plant.start()
    number = plant.enqueue("jobber.hold", until=str(go_on))
    plant.until(lambda: plant.lines(about=number))
    worker.send_signal(signal.SIGTERM)
    later = plant.enqueue("jobber.note")
    time.sleep(0.3)
    go_on.touch()
    assert worker.wait(30) == 0
    assert plant.job(number)["state"] == "done"
    assert plant.job(later)["state"] == "waiting"
    assert plant.ask("select count(*) from queue.procrastinate_workers")[0][0] == 0


def test_a_job_that_does_not_end_with_its_worker_goes_back_at_once(plant: Plant, tmp_path: Path) -> None:
    go_on = tmp_path / "go"
    worker = plant.start()
    number = plant.enqueue("jobber.hold", until=str(go_on))
    plant.until(lambda: plant.lines(about=number))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(40) == 0
    assert [entry.status for entry in plant.entries()] == ["todo"]
    plant.start()
    plant.until(lambda: len(plant.lines(about=number)) == 2)
    go_on.touch()
    assert plant.done(number)["state"] == "done"


def test_a_worker_that_was_taken_for_dead_writes_no_more(plant: Plant, tmp_path: Path) -> None:
    go_on = tmp_path / "go"
    first = plant.start()
    number = plant.enqueue("jobber.hold", until=str(go_on))
    plant.until(lambda: plant.lines(about=number))
    first.send_signal(signal.SIGSTOP)  # a machine that is put to sleep
    plant.start()
    plant.until(lambda: len(plant.lines(about=number)) == 2)
    first.send_signal(signal.SIGCONT)
    go_on.touch()
    found = plant.done(number)
    assert (found["state"], found["attempts"]) == ("done", 2)
    # It goes on with other work after it has noticed.
    numbers = [plant.enqueue("jobber.note", seconds=0.05) for _ in range(12)]
    assert {plant.done(each)["state"] for each in numbers} == {"done"}
    assert Counter(int(line[2]) for line in plant.lines() if line[5] == "ran") == Counter(numbers)


def test_a_worker_outlives_its_connections(plant: Plant) -> None:
    plant.start()
    assert plant.done(plant.enqueue("jobber.note"))["state"] == "done"
    plant.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
    )
    plant.kernel.database.engine.dispose()
    assert plant.done(plant.enqueue("jobber.note"))["state"] == "done"
    assert plant.processes[0].poll() is None


def _serve(plant: Plant) -> tuple[subprocess.Popen[str], int]:
    port = 20000 + os.getpid() % 20000
    process = plant.start("serve", "--port", str(port))
    return process, port


def _workers(plant: Plant) -> list[int]:
    rows = plant.ask("select distinct process from queue.workers(20) where alive")
    return [row.process for row in rows]


def test_the_worker_beside_the_server_comes_again_and_ends_with_it(plant: Plant) -> None:
    server, _port = _serve(plant)
    [first] = plant.until(lambda: _workers(plant))
    os.kill(first, signal.SIGKILL)
    number = plant.enqueue("jobber.note")
    assert plant.done(number)["state"] == "done"
    second = int(plant.lines(about=number)[0][4])
    assert second != first
    server.send_signal(signal.SIGTERM)
    assert server.wait(40) is not None
    plant.until(lambda: not _is_alive(second))


def test_the_worker_ends_when_its_server_is_killed(plant: Plant) -> None:
    server, _port = _serve(plant)
    [worker] = plant.until(lambda: _workers(plant))
    server.kill()
    plant.until(lambda: not _is_alive(worker))
    assert plant.ask("select count(*) from queue.procrastinate_workers")[0][0] == 0


def _is_alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_the_doctor_tells_of_workers(plant: Plant) -> None:
    def told() -> dict[str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "core.cli", "doctor", "--json"],
            env=plant.environ, capture_output=True, text=True, cwd=Path(__file__).parents[3],
        )  # fmt: skip
        found = json.loads(done.stdout)
        return next(each for each in found if each["name"] == "Workers")

    assert told() == {"name": "Workers", "found": "0 alive, 0 jobs waiting, 0 parked", "advice": ""}
    plant.enqueue("jobber.note")
    assert "guanxi worker" in told()["advice"]
    plant.start()
    plant.until(plant.lines)
    assert told()["found"].startswith("1 alive")
    assert told()["advice"] == ""


def test_enqueued_work_begins_at_once(plant: Plant) -> None:
    plant.start()
    waits = []
    for _ in range(11):
        found = plant.done(plant.enqueue("jobber.note"))
        waits.append((found["started_at"] - found["created_at"]).total_seconds())
        time.sleep(0.02)
    # A worker that only looked into the queue every second would need half of one on average.
    assert sorted(waits)[5] < 0.3
