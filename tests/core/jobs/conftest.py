"""A deployment of its own with workers as they are: processes, which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from core.access.actor import OPERATOR
from core.config import Config
from core.db.provision import create_tenant, prepare
from core.db.session import Database
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.jobs import enqueue
from core.kernel import Kernel, start_kernel

_MANIFEST = 'name = "jobber"\ntitle = "Jobber"\nsummary = "Jobs for tests"\nversion = "1"\n'
_JOBS = '''
import os, time
from pathlib import Path
from core.i18n import lazy_gettext as _l
from core.jobs import job

def say(work, *words):
    """One line, at once whole."""
    line = " ".join(map(str, (time.time(), work.tenant.slug, work.job_id, work.attempt, os.getpid(), *words)))
    with open(work.arguments["file"], "a") as file:
        file.write(line + "\\n")

def wait(work):
    """Until the test lets go."""
    while not Path(work.arguments["until"]).exists():
        time.sleep(0.01)

@job("jobber.note", title=_l("Note"))
def note(work):
    say(work, "ran")
    time.sleep(work.arguments.get("seconds", 0))

@job("jobber.hold", title=_l("Hold"))
def hold(work):
    say(work, "begun")
    wait(work)
    say(work, "ended")

@job("jobber.haul", title=_l("Haul"), lane="bulk")
def haul(work):
    say(work, "begun")
    wait(work)
    say(work, "ended")

@job("jobber.tick", title=_l("Tick"), every="* * * * * */2")
def tick(work):
    pass
'''


@dataclass
class Plant:
    """A database with tenants alpha and beta, and the workers at work on it."""

    urls: Urls
    owner: Engine
    kernel: Kernel
    folder: Path
    tenants: dict[str, Tenant]
    log: Path = field(init=False)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """Of every program of this deployment."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("GUANXI_")},
            "GUANXI_DATA": str(self.folder / "data"),
            "GUANXI_DATABASE_URL": self.urls.app,
            "GUANXI_OWNER_DATABASE_URL": self.urls.require_owner(),
            "GUANXI_ADDONS_PATH": str(self.folder / "addons"),
            "LANG": "en_US.UTF-8",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a program; it is ended with the test. Returns once it has said something."""
        process = subprocess.Popen(
            [sys.executable, "-m", "core.cli", *(arguments or ("worker",))],
            env=self.environ, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
        )  # fmt: skip
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), "it ended at once"
        return process

    def enqueue(self, kind: str, tenant: str = "alpha", **arguments: Any) -> int:
        """Enqueue a job in a transaction of its own."""
        with self.kernel.database.unit_of_work(self.tenants[tenant]) as session:
            return enqueue(session, kind, {"file": str(self.log), **arguments}, actor=OPERATOR)

    def job(self, number: int, tenant: str = "alpha") -> dict[str, Any]:
        """A job as it stands."""
        with self.kernel.database.session(self.tenants[tenant]) as session:
            row = session.execute(text("select * from core_job where id = :id"), {"id": number})
            return dict(row.mappings().one())

    def lines(self, *, about: int | None = None) -> list[list[str]]:
        """What the jobs have said: ``[time, tenant, job, attempt, process, word]``."""
        if not self.log.exists():
            return []
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return [line for line in lines if about is None or line[2] == str(about)]

    def until(self, met: Callable[[], Any], patience: float = 60.0) -> Any:
        """Wait for something to be so; gives it."""
        end = time.monotonic() + patience
        while not (found := met()):
            assert time.monotonic() < end, f"it did not come about; said was {self.lines()}"
            time.sleep(0.02)
        return found

    def done(self, number: int, tenant: str = "alpha") -> dict[str, Any]:
        """Wait for a job to be over; gives it."""
        found: dict[str, Any] = self.until(
            lambda: (row := self.job(number, tenant))["state"] in ("done", "parked", "cancelled") and row
        )
        return found

    def ask(self, statement: str, **values: Any) -> list[Any]:
        """What the owner sees."""
        with self.owner.begin() as connection:
            return list(connection.execute(text(statement), values))

    def entries(self) -> list[Any]:
        """What is in the queue but for the ticking of the clock: rows with ``status`` and ``later``."""
        return self.ask(
            "select status, coalesce(scheduled_at > now(), false) as later from queue.procrastinate_jobs"
            " where args->>'kind' <> 'jobber.tick' and args->>'tenant' is not null order by id"
        )

    def end(self) -> None:
        """End what was started, and forget what is in the queue."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self.processes.clear()
        with self.owner.begin() as connection:
            connection.execute(text("truncate queue.procrastinate_jobs, queue.due cascade"))
            connection.execute(text("delete from queue.procrastinate_workers"))
            for tenant in self.tenants.values():
                connection.execute(text(f'truncate "{tenant.schema}".core_job'))


@pytest.fixture(scope="module")
def deployment(own_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """The database, its tenants and the addon, for all tests of a file."""
    folder = tmp_path_factory.mktemp("plant")
    (folder / "data").mkdir()
    addon = folder / "addons" / "jobber"
    addon.mkdir(parents=True)
    for name, content in (("__init__.py", ""), ("addon.toml", _MANIFEST), ("jobs.py", _JOBS)):
        (addon / name).write_text(content)
    config = Config.from_environ(
        {"GUANXI_DATA": str(folder / "data"), "GUANXI_ADDONS_PATH": str(folder / "addons")}
    )
    kernel = start_kernel(config, own_database.app, make_database=lambda url: Database(url, pool_size=4))
    assert not kernel.catalogue.quarantined, kernel.catalogue.quarantined
    owner = create_engine(own_database.require_owner())
    with owner.begin() as connection:
        prepare(connection, own_database.app_login)
    with owner.begin() as connection:
        tenants = {
            slug: create_tenant(
                connection, own_database.app_login, slug, name=slug.title(), histories=kernel.histories,
                language="en", addons=frozenset({"jobber"}), hosts=[f"{slug}.test"],
            )
            for slug in ("alpha", "beta")
        }  # fmt: skip
    yield Plant(own_database, owner, kernel, folder, tenants)
    kernel.close()
    owner.dispose()


@pytest.fixture
def plant(deployment: Plant, tmp_path: Path) -> Iterator[Plant]:
    """The deployment, with nothing in its queue and nobody at work yet."""
    deployment.log = tmp_path / "said"
    yield deployment
    deployment.end()
