"""Whatever is killed with kill -9 in the middle of an import, each row comes in once.

``GUANXI_KILL_ROWS=200000 pytest -s tests/core/resources/test_import_kills.py`` does it at full size.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from core.db.embedded import Server

pytestmark = pytest.mark.slow

ROWS = int(os.environ.get("GUANXI_KILL_ROWS", "40000"))
PATIENCE = 120 + ROWS / 250
#: One customer in so many belongs to one further down, which it has to wait for.
WAITING = 50
START = """
import sys
from pathlib import Path
from core.access.actor import OPERATOR
from core.cli.group import Work
from core.db.session import commit
from core.resources.importing import Mode, steps
from core.resources.importing.jobs import import_store
work = Work()
customers = work.kernel.resources["customer.customer"]
with work.kernel.database.session(work.tenant("main")) as session, Path(sys.argv[1]).open("rb") as stream:
    run = steps.create_run(session, customers, actor=OPERATOR, store=import_store(work.config),
                          name="names.csv", content=stream)
    run = steps.configure(session, run, actor=OPERATOR, resource=customers, mode=Mode.UPSERT, key="name")
    steps.start(session, run, actor=OPERATOR, resource=customers)
    commit(session)
work.close()
"""


class Deployment:
    """The programs of a small deployment, each of which can be killed."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environ = {**os.environ, "GUANXI_DATA": str(data), "GUANXI_PORT": str(_free_port())}
        self.serving: subprocess.Popen[bytes] | None = None

    def guanxi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "core.cli", *arguments]
        return subprocess.run(command, env=self.environ, check=True, capture_output=True, text=True)

    def python(self, code: str, *arguments: str) -> None:
        subprocess.run([sys.executable, "-c", code, *arguments], env=self.environ, check=True)

    def serve(self) -> None:
        self.serving = subprocess.Popen(
            [sys.executable, "-m", "core.cli", "serve"], env=self.environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill_worker(self) -> None:
        assert self.serving is not None
        [worker] = _children(self.serving.pid)
        os.kill(worker, signal.SIGKILL)

    def kill_web(self) -> None:
        """The worker beside it ends with it, so both are started again."""
        assert self.serving is not None
        self.serving.kill()
        self.serving.wait()
        self.serve()

    def kill_database(self) -> None:
        os.kill(int(self._postmaster.read_text().split()[0]), signal.SIGKILL)

    def stop(self) -> None:
        if self.serving is not None:
            self.serving.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.serving.wait(30)
            self.serving.kill()
        # Whoever was killed has not let go of the database, so perhaps nobody stops it.
        with suppress(OSError):
            os.kill(int(self._postmaster.read_text().split()[0]), signal.SIGINT)
        _wait(lambda: not self._postmaster.exists())

    @property
    def _postmaster(self) -> Path:
        return self.data / "postgres" / "cluster" / "postmaster.pid"


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """One tenant, ``main``, and nothing running yet."""
    folder = Path(tempfile.mkdtemp(prefix="guanxi-test-"))
    folder.chmod(0o711)  # the database may run as another user
    deployment = Deployment(folder / "data")
    deployment.guanxi("init")
    deployment.guanxi("tenant", "create", "main", "--name", "Main", "--lang", "en")
    deployment.guanxi("addon", "enable", "customer", "--tenant", "main")
    yield deployment
    deployment.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_an_import_killed_three_times_brings_each_row_once(deployment: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("".join(_lines()), encoding="utf-8")
    with Server.ensure(deployment.data) as server:
        engine = create_engine(server.owner_url, poolclass=NullPool)

        def ask(statement: str) -> Any:
            """Ask until the database answers: it may be coming up again."""
            end = time.monotonic() + PATIENCE
            while True:
                try:
                    with engine.connect() as connection:
                        return connection.execute(text(statement)).all()
                except DBAPIError:
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.2)

        def come_so_far() -> tuple[bool, int]:
            """Whether it is through the file, and at which row it is; rows that wait come after that."""
            return tuple(ask("select round <> 0, position from t_main.core_import")[0])

        def reached(part: float) -> Callable[[], bool]:
            return lambda: come_so_far() >= (False, ROWS * part)

        started = time.monotonic()
        deployment.serve()
        deployment.python(START, str(file))
        told: dict[str, float] = {}
        for part, name, kill in (
            (0.2, "worker", deployment.kill_worker),
            (0.4, "web", deployment.kill_web),
            (0.6, "database", deployment.kill_database),
        ):
            _wait(reached(part))
            before = come_so_far()
            kill()
            killed = time.monotonic()
            _wait(lambda: come_so_far() > before)  # noqa: B023
            told[f"going on after the {name}"] = round(time.monotonic() - killed, 1)
        _wait(lambda: ask("select state from t_main.core_import")[0][0] != "running")
        told["seconds"] = round(time.monotonic() - started, 1)
        [(state, counts)] = ask("select state, counts from t_main.core_import")
        found = dict(ask(_COUNTS)[0]._mapping)
        _wait(lambda: ask("select state from t_main.core_job where kind = 'core.import'")[0][0] == "done")
        attempts = ask("select attempts from t_main.core_job where kind = 'core.import'")[0][0]
    print(json.dumps({"rows": ROWS, "attempts": attempts, **told, **found}))
    assert state == "done"
    assert attempts >= 3
    assert (counts["read"], counts["inserted"], counts["bad"]) == (ROWS, ROWS, 0)
    children = sum(1 for number in range(ROWS) if _parent_of(number) is not None)
    assert found == {
        "customers": ROWS, "names": ROWS, "children": children, "histories": ROWS, "documents": ROWS,
        "collected": ROWS, "left_over": 0,
    }  # fmt: skip


_COUNTS = """
    select (select count(*) from t_main.customer_customer) as customers,
        (select count(distinct name) from t_main.customer_customer) as names,
        (select count(*) from t_main.customer_customer c join t_main.customer_customer p on p.id = c.parent_id
            where p.name = regexp_replace(c.name, '^.*属于', '')) as children,
        (select count(*) from t_main.core_timeline_entry
            where kind = 'created' and resource = 'customer.customer') as histories,
        (select count(*) from t_main.core_search_doc where resource = 'customer.customer') as documents,
        (select count(*) from t_main.core_change_set_row) as collected,
        (select count(*) from t_main.core_import_row) as left_over
"""


def _lines() -> Iterator[str]:
    seed = random.Random(3)
    yield "name,city,phone,parent\n"
    for number in range(ROWS):
        parent = _parent_of(number)
        phone = f"138{seed.randrange(10**8):08d}"
        yield f"{_name(number)},{seed.choice(('北京', '上海', '深圳'))},{phone},{_name(parent)}\n"


def _name(number: int | None) -> str:
    if number is None:
        return ""
    parent = _parent_of(number)
    company = f"第{number}号贸易有限公司"
    return company if parent is None else f"{company}属于{_name(parent)}"


def _parent_of(number: int) -> int | None:
    """Some belong to one that stands near the end of the file."""
    parent = ROWS - 1 - number // WAITING
    return parent if number % WAITING == 0 and number < ROWS // 2 else None


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < end, "it does not go on"
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(entry.parent.name))
    return found


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
