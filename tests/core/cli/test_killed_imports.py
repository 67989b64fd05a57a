"""A command that is killed with kill -9 leaves an import that says so, and that goes on."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.config import Config
from core.db.embedded import Server
from core.db.tenancy import Tenant
from core.testing.jobs import RunJobs
from core.testing.plugin import ApiClient, Browser

pytestmark = pytest.mark.slow

Committed = Callable[[], AbstractContextManager[Session]]
Ask = Callable[[str], Any]
ROWS = 12_000
PATIENCE = 120


class Command:
    """``guanxi`` as a process of its own, on the tests' database."""

    def __init__(self, server: Server, config: Config) -> None:
        self.environ = {
            **os.environ, "GUANXI_DATA": str(config.data), "GUANXI_DATABASE_URL": server.app_url,
            "GUANXI_OWNER_DATABASE_URL": server.owner_url, "LC_ALL": "C.UTF-8",
        }  # fmt: skip

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._line(arguments), env=self.environ, capture_output=True, text=True)

    @contextmanager
    def killed(self, *arguments: str, when: Callable[[], bool]) -> Iterator[None]:
        """Run it and let it stand still at some point; kill it at the end of the block."""
        process = subprocess.Popen(
            self._line(arguments), env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            _wait(lambda: when() or process.poll() is not None)
            process.send_signal(signal.SIGSTOP)
            assert process.poll() is None, process.communicate()
            yield
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()

    def _line(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "core.cli", *arguments]


@pytest.fixture
def command(server: Server, config: Config, tenants: dict[str, Tenant]) -> Command:
    return Command(server, config)


@pytest.fixture
def ask(committed: Committed) -> Ask:
    """Answers with one row of the database."""

    def read(statement: str) -> Any:
        with committed() as session:
            return tuple(session.execute(text(statement)).one())

    return read


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < end, "it does not go on"
        time.sleep(0.05)


def _has_begun(ask: Ask) -> Callable[[], bool]:
    return lambda: ask("select count(*) from core_import where state = 'running' and position > 0") == (1,)


def test_a_killed_command_leaves_an_import_that_has_stopped_and_goes_on(
    command: Command, ask: Ask, client: Callable[..., Browser], api: Callable[..., ApiClient],
    run_jobs: RunJobs, tmp_path: Path,
) -> None:  # fmt: skip
    file = tmp_path / "names.csv"
    file.write_text("name,city\n" + "".join(f"Firm {n},Oslo\n" for n in range(ROWS)))
    ada, importing = client(), ("import", "customer.customer", str(file), "--tenant", "main")
    with command.killed(*importing, when=_has_begun(ask)):
        [number] = ask("select id from core_import")
        page = unescape(ada.get(f"/imports/{number}").text)
        assert "Importing…" in page
        assert "Go on" not in page
        also = command.run("import", "--resume", str(number), "--tenant", "main")
        assert (also.returncode, "Another program is doing this" in also.stderr) == (1, True)
        assert ada.post(f"/imports/{number}/undo").status_code == 409
        assert ask("select state from core_import") == ("running",)
    [done] = ask("select count(*) from customer_customer")
    assert 0 < done < ROWS
    _wait(lambda: "stopped" in ada.get("/imports").text)  # once the database has heard of it
    page = unescape(ada.get(f"/imports/{number}").text)
    assert "The import was stopped" in page
    assert "The program that ran this import ended" in page
    assert "Go on" in page
    chinese = client(language="zh").get(f"/imports/{number}").text
    assert "运行此导入的程序在完成之前已退出。" in chinese
    shown = api().get(f"imports/{number}").get_json()
    assert (shown["state"], "ended before it was through" in shown["error"]) == ("cancelled", True)
    assert ask("select state, finished_at is not null from core_import") == ("cancelled", True)

    again = command.run(*importing, "--dry-run")
    assert f"Import {number} of this file has stopped behind {done} rows." in again.stderr
    assert f"guanxi import --resume {number} --tenant main" in again.stderr

    assert ada.post(f"/imports/{number}/start").status_code == 303
    [job] = run_jobs()
    assert job.state == "done"
    assert ask("select state, (counts->>'inserted')::int from core_import") == ("done", ROWS)
    assert ask("select count(*), count(distinct name) from customer_customer") == (ROWS, ROWS)

    def some_are_gone() -> bool:
        return bool(0 < ask("select count(*) from customer_customer")[0] < ROWS)

    with command.killed("import", "--undo", str(number), "--tenant", "main", when=some_are_gone):
        assert "being taken back" in ada.get(f"/imports/{number}").text
    assert "The import was stopped" in ada.get(f"/imports/{number}").text
    undone = command.run("import", "--undo", str(number), "--tenant", "main")
    assert undone.returncode == 0, undone.stderr
    assert ask("select state, error from core_import") == ("undone", None)
    assert ask("select count(*) from customer_customer") == (0,)


def test_a_killed_command_is_resumed_by_another(command: Command, ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("name\n" + "".join(f"Firm {n}\n" for n in range(ROWS)))
    begun = _has_begun(ask)
    with command.killed("import", "customer.customer", str(file), "--tenant", "main", when=begun):
        assert begun()
    [number] = ask("select id from core_import")
    resumed = command.run("import", "--resume", str(number), "--tenant", "main")
    assert resumed.returncode == 0, resumed.stderr
    assert f"{ROWS} rows read: {ROWS} inserted" in resumed.stdout
    assert ask("select count(*), count(distinct name) from customer_customer") == (ROWS, ROWS)


def test_an_import_whose_job_was_given_up_has_stopped(
    ask: Ask, client: Callable[..., Browser], committed: Committed
) -> None:
    ada = client()
    ada.post("/customer/customers/import", data={"file": (io.BytesIO(b"name\nAcme\n"), "a.csv")})
    url = f"/imports/{ask('select id from core_import')[0]}"
    with committed() as session:
        session.execute(text('update core_import set mapping = \'{"columns": {"name": "name"}}\''))
    ada.post(f"{url}/start")
    assert "will begin in a moment" in ada.get(url).text
    with committed() as session:
        session.execute(text("update core_job set state = 'parked', error = 'x', error_code = 'crashed'"))
    page = unescape(ada.get(url).text)
    assert "The import could not go on" in page
    assert "It ended the program that ran it" in page
    assert "Go on" in page
