"""``make bench``: the table of ratios. ``QUICK=1`` measures fewer rounds."""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2.extensions
from sqlalchemy import event, make_url

from core.access.actor import Actor
from core.app import create_app
from core.auth.services import actor_by_email
from core.config import Config
from core.db.tenancy import Tenant
from core.db.urls import Urls, database_urls
from core.kernel import Kernel, start_kernel
from core.resources.gateway import Gateway
from core.resources.query import Query, read_query
from tests.bench.data import benchmark_tenant, credentials

CUSTOMERS = int(os.environ.get("CUSTOMERS", "200000"))
ROUNDS = 60 if os.environ.get("QUICK") else 300
FIELDS = "name,kind,level,industry,city,phone,owner,updated_at"
READ = "customer/customers/1000"
LIST = f"customer/customers?city={quote('上海')}&sort=name&per_page=80&count=no&fields={FIELDS}"
#: With the number of all matches, as the list page shows it.
COUNTED = LIST.replace("&count=no", "")
HTML = f"/customer/customers?city={quote('上海')}&sort=name&columns={FIELDS}"
Statement = tuple[str, dict[str, Any]]


@dataclass(slots=True)
class Times:
    """Seconds of single requests."""

    values: list[float]

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.values) * 1000

    @property
    def p95(self) -> float:
        """Milliseconds."""
        return statistics.quantiles(self.values, n=20)[18] * 1000


def free_port() -> int:
    """A port nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(port: int, *command: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a process of its own, until the block ends."""
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, **(env or {})})
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()


def requester(port: int, path: str, headers: dict[str, str]) -> Callable[[], bytes]:
    """A function that sends one request over a kept connection and gives the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send() -> bytes:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status} {body[:300]!r}")
        return body

    return send


def interleaved(senders: dict[str, Callable[[], bytes]]) -> dict[str, Times]:
    """Send each request in turn, many rounds, so that a change of the machine's speed meets all."""
    times: dict[str, Times] = {name: Times([]) for name in senders}
    for number in range(ROUNDS + 20):
        for name, send in senders.items():
            started = time.perf_counter()
            send()
            if number >= 20:
                times[name].values.append(time.perf_counter() - started)
    return times


class Recorder:
    """The statements our gateway sends for a question, with their parameters filled in by name."""

    def __init__(self, kernel: Kernel, tenant: Tenant) -> None:
        self.kernel = kernel
        self.tenant = tenant
        self.statements: list[Statement] = []

    def record(self, ask: Callable[[Gateway], Any]) -> tuple[list[Statement], Any]:
        """What is sent while ``ask`` runs, after binding, and what it answers."""
        with self.kernel.database.session(self.tenant) as session:
            actor: Actor = actor_by_email(session, self.kernel.permissions, "bench@example.com")
            engine = self.kernel.database.engine
            self.statements = []
            event.listen(engine, "before_cursor_execute", self._keep)
            try:
                answer = ask(Gateway(session, actor))
            finally:
                event.remove(engine, "before_cursor_execute", self._keep)
            return list(self.statements), answer

    def _keep(self, connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        self.statements.append((statement, dict(parameters)))


def floor_pages(kernel: Kernel, tenant: Tenant) -> dict[str, Any]:
    """What the floor needs to answer as we do."""
    resource, recorder = kernel.resources["customer.customer"], Recorder(kernel, tenant)
    bind = [["select set_config('role', %(role)s, true), set_config('search_path', %(path)s, true)",
             {"role": tenant.role, "path": f'"{tenant.schema}"'}]]  # fmt: skip
    names = [field.name for field in resource.fields.values()]
    sent, _record = recorder.record(lambda gateway: gateway.get(resource, 1000))
    shape = recorder.record(lambda gateway: gateway.page(resource, Query(per_page=1, count=False)).shape)[1]
    args = dict(part.split("=") for part in LIST.partition("?")[2].split("&"))
    query = read_query({name: ["上海" if name == "city" else value] for name, value in args.items()})
    listed, page = recorder.record(lambda gateway: gateway.page(resource, query))
    return {
        "read": {"kind": "read", "bind": bind, "statements": sent, "names": names, "links": shape.links,
                 "lines": list(resource.lines_fields)},
        "list": {"kind": "list", "bind": bind, "statements": listed, "names": FIELDS.split(","),
                 "links": page.shape.links, "per_page": query.per_page, "next": page.next_cursor},
    }  # fmt: skip


def dsn_of(urls: Urls) -> str:
    """The application's login as libpq writes it."""
    url = make_url(urls.app)
    parts = {
        "user": url.username,
        "password": url.password,
        "host": url.host,
        "port": url.port,
        "dbname": url.database,
    }
    given: dict[str, Any] = {name: value for name, value in {**parts, **url.query}.items() if value}
    dsn: str = psycopg2.extensions.make_dsn(**given)
    return dsn


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Memory of a process, the share of its own (PSS), in MB."""
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this system does not tell the memory of a process")


def count_statements(kernel: Kernel, host: str, path: str, headers: dict[str, str]) -> int:
    """Statements of one warm request."""
    app, found = create_app(kernel), []
    client = app.test_client(use_cookies=False)
    client.get(path, headers=headers, base_url=f"http://{host}")

    def keep(connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(kernel.database.engine, "before_cursor_execute", keep)
    client.get(path, headers=headers, base_url=f"http://{host}")
    event.remove(kernel.database.engine, "before_cursor_execute", keep)
    return len(found)


def main() -> None:
    """Measure and print the table."""
    config = Config.from_environ({"GUANXI_DATA": os.environ.get("GUANXI_BENCH_DATA", "var/bench")})
    with database_urls(config) as urls, tempfile.TemporaryDirectory() as folder:
        kernel = start_kernel(config, urls.app)
        tenant = benchmark_tenant(kernel, urls, CUSTOMERS)
        token, cookie = credentials(kernel, tenant)
        source = Path(folder) / "pages.json"
        source.write_text(json.dumps(floor_pages(kernel, tenant), default=str))
        host = f"{tenant.slug}.localhost"
        api = {"Host": host, "Authorization": f"Bearer {token}"}
        web = {"Host": host, "Cookie": f"guanxi_session={cookie}", "Accept-Encoding": "gzip"}
        ours, floor = free_port(), free_port()
        env = {"GUANXI_DATA": str(config.data)}
        with (
            running(ours, "-m", "core.cli", "serve", "--port", str(ours), env=env) as server,
            running(floor, "-m", "tests.bench.floor", str(floor), dsn_of(urls), str(source)),
        ):
            senders = {
                "read": requester(ours, f"/api/v1/{READ}", api),
                "floor read": requester(floor, "/read", {}),
                "list": requester(ours, f"/api/v1/{LIST}", api),
                "floor list": requester(floor, "/list", {}),
                "counted": requester(ours, f"/api/v1/{COUNTED}", api),
                "html": requester(ours, HTML, web),
            }
            for one in ("read", "list"):
                if senders[one]() != senders[f"floor {one}"]():
                    print(f"  note: {one} and its floor do not give the same bytes", file=sys.stderr)
            times = interleaved(senders)
            page = len(senders["html"]())
            memory = resident_mb(server)
        statements = {
            "read": count_statements(kernel, host, f"/api/v1/{READ}", api),
            "list": count_statements(kernel, host, f"/api/v1/{LIST}", api),
            "html": count_statements(kernel, host, HTML, web),
            "form": count_statements(kernel, host, f"/{READ}/edit", web),
            "record": count_statements(kernel, host, f"/{READ}", web),
        }
        kernel.close()
    show(times, statements, page, memory)


def show(times: dict[str, Times], statements: dict[str, int], page: int, memory: float) -> None:
    """Print the table; a figure over its budget is marked."""
    rows: list[tuple[str, str, str, float, float]] = []
    for name, label in (("read", "API read one"), ("list", "API list of 80, filtered and sorted")):
        ratio = times[name].median / times[f"floor {name}"].median
        rows.append((label, _ms(times[name]), _ms(times[f"floor {name}"]), ratio, 1.6))
    rows.append(("HTML list of 80, beside the API's, both counted", _ms(times["html"]), _ms(times["counted"]),
                 times["html"].median / times["counted"].median, 3.0))  # fmt: skip
    print(f"\n{CUSTOMERS:,} customers, {ROUNDS} rounds, interleaved; median / p95 in ms\n")
    print(f"{'work':48} {'ours':>14} {'beside':>14} {'ratio':>7} {'budget':>7}")
    for label, mine, beside, ratio, budget in rows:
        print(f"{label:48} {mine:>14} {beside:>14} {ratio:>6.2f}x {budget:>6.1f}x{_mark(ratio, budget)}")
    print()
    for label, value, limit, unit in (
        ("statements: API read", statements["read"], 12, ""),
        ("statements: API list", statements["list"], 8, ""),
        ("statements: list page", statements["html"], 8, ""),
        ("statements: form", statements["form"], 12, ""),
        ("statements: record page", statements["record"], 16, ""),
        ("list page, as sent", round(page / 1000, 1), 60, " kB"),
        ("memory of the web process (PSS)", round(memory), 150, " MB"),
    ):
        print(
            f"{label:48} {f'{value}{unit}':>14} {'':>14} {'':>7} {f'{limit}{unit}':>7}{_mark(value, limit)}"
        )


def _ms(times: Times) -> str:
    return f"{times.median:.1f} / {times.p95:.1f}"


def _mark(value: float, budget: float) -> str:
    return "  MISSED" if value > budget else ""


if __name__ == "__main__":
    main()
