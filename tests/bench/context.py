"""What every part of the benchmark works with: the tenant, our server, and the floor beside it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar
from urllib.parse import quote

import psycopg2.extensions
from sqlalchemy import event, make_url, text

from core.access.actor import Actor
from core.auth import services as auth
from core.config import Config
from core.db.tenancy import Tenant
from core.db.urls import Urls, database_urls
from core.kernel import Kernel, start_kernel
from core.resources.gateway import Gateway
from tests.bench import data, names
from tests.bench.figures import Times
from tests.bench.recorder import Recorder
from tests.bench.servers import Served, free_port, running

API: Final = "/api/v1/customer/customers"
FIELDS: Final = "name,kind,level,industry,city,phone,owner,updated_at"
#: The list of the figures, and what a mixed load asks for besides.
LIST: Final = f"{API}?city={quote(names.PLACES[0])}&sort=name&per_page=80&count=no&fields={FIELDS}"
WORDS: Final = ("张伟", "瑞达", "科技", "zw", "zhangw", "beacon", "müller med", "138", "0012", "info99")
#: Different requests of one sort in a mixed load.
VARIANTS: Final = 20
_Input = TypeVar("_Input")


@dataclass(frozen=True, slots=True)
class Bench:
    """One run."""

    kernel: Kernel
    urls: Urls
    tenant: Tenant
    customers: int
    quick: bool
    #: Headers of a program, and of a browser.
    api: Mapping[str, str]
    web: Mapping[str, str]
    ours: Served
    floor: Served
    recorder: Recorder
    #: Numbers of some customers, spread over all.
    some: list[int]

    @property
    def rounds(self) -> int:
        """How often a single request is measured."""
        return 60 if self.quick else 300

    def actor(self) -> Actor:
        """The reader."""
        with self.kernel.database.session(self.tenant) as session:
            return auth.actor_by_email(session, self.kernel.permissions, data.READER)

    @property
    def dsn(self) -> str:
        """The application's login as libpq writes it."""
        return dsn_of(self.urls.app)

    def settle(self) -> None:
        """Let the database write what lies in memory, so that no part pays for the one before it."""
        connection = psycopg2.connect(dsn_of(self.urls.require_owner()))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select pg_has_role(current_user, 'pg_checkpoint', 'usage')")
            if cursor.fetchone() == (True,):
                cursor.execute("checkpoint")
        connection.close()


def database_times(bench: Bench, inputs: Iterable[_Input], ask: Callable[[Gateway, _Input], object]) -> Times:
    """What the database takes for each input.

    It is the best of some tries: what other programs do meanwhile is no part of the question.

    Args:
        bench: of this run.
        inputs: what is asked for, one after the other.
        ask: asks for one of them, as the reader.
    """
    actor, engine, times = bench.actor(), bench.kernel.database.engine, Times()
    spent, began = [0.0], [0.0]

    def before(*_given: Any) -> None:
        began[0] = time.perf_counter()

    def after(*_given: Any) -> None:
        spent[0] += time.perf_counter() - began[0]

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        for each in inputs:
            tries = []
            for _ in range(2 if bench.quick else 4):
                with bench.kernel.database.session(bench.tenant) as session:
                    session.execute(text("select 1"))  # binding goes with it and is no part of the work
                    spent[0] = 0.0
                    ask(Gateway(session, actor), each)
                    tries.append(spent[0])
            times.values.append(min(tries))
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)
    return times


def dsn_of(url: str) -> str:
    """An address of SQLAlchemy as libpq writes it."""
    parts = make_url(url)
    given: dict[str, Any] = {
        "user": parts.username,
        "password": parts.password,
        "host": parts.host,
        "port": parts.port,
        "dbname": parts.database,
        **parts.query,
    }
    dsn: str = psycopg2.extensions.make_dsn(**{name: value for name, value in given.items() if value})
    return dsn


@contextmanager
def started(customers: int, *, quick: bool) -> Iterator[Bench]:
    """Have the tenant, our server and the floor, until the block ends."""
    config = Config.from_environ({"GUANXI_DATA": os.environ.get("GUANXI_BENCH_DATA", "var/bench")})
    with database_urls(config) as urls, tempfile.TemporaryDirectory() as folder:
        kernel = start_kernel(config, urls.app)
        tenant = data.benchmark_tenant(kernel, urls, customers)
        token, cookie = data.credentials(kernel, tenant)
        host = f"{tenant.slug}.localhost"
        api = {"Host": host, "Authorization": f"Bearer {token}"}
        web = {"Host": host, "Cookie": f"guanxi_session={cookie}", "Accept-Encoding": "gzip"}
        recorder, some = Recorder(kernel, tenant, api), _some(kernel, tenant)
        source = Path(folder) / "pages.json"
        source.write_text(json.dumps(_pages(recorder, some), default=str))
        env = {"GUANXI_DATA": str(config.data)}
        ours, floor = free_port(), free_port()
        with (
            running(ours, "-m", "core.cli", "serve", "--port", str(ours), env=env) as server,
            running(floor, "-m", "tests.bench.floor", str(floor), dsn_of(urls.app), str(source)) as bare,
        ):
            _let_jobs_end(kernel, tenant)
            yield Bench(
                kernel, urls, tenant, customers, quick, api, web, server, bare, recorder, some,
            )  # fmt: skip
        kernel.close()


def _let_jobs_end(kernel: Kernel, tenant: Tenant) -> None:
    """Wait for the worker to finish what waits, such as search documents of a newer recipe."""
    open_ = text("select label from core_job where state in ('waiting', 'running') limit 1")
    told = False
    while True:
        with kernel.database.session(tenant) as session:
            if session.execute(open_).first() is None:
                return
        if not told:
            print("  waiting for background jobs of the tenant", file=sys.stderr)
            told = True
        time.sleep(0.5)


def requests_of(sort: str, some: list[int]) -> list[tuple[str, str, Any]]:
    """The different requests of one sort in a mixed load: ``(method, path, body)``."""
    match sort:
        case "read":
            return [("GET", f"{API}/{number}", None) for number in some]
        case "list":
            cities = (*names.PLACES, *names.CITIES)[:VARIANTS]
            return [("GET", LIST.replace(quote(names.PLACES[0]), quote(city)), None) for city in cities]
        case "search":
            searches = (f"{API}?q={quote(words)}&per_page=20&count=no&fields={FIELDS}" for words in WORDS)
            return [("GET", path, None) for path in searches]
        case _:
            return [("PATCH", f"{API}/{number}", {"level": "ABC"[number % 3]}) for number in some]


def _pages(recorder: Recorder, some: list[int]) -> dict[str, Any]:
    """What the floor needs: for each sort of request all its variants, as ``read/3``."""
    resource = recorder.kernel.resources["customer.customer"]
    listed = FIELDS.split(",")
    known = list(resource.fields)
    pages = {}
    for sort in ("read", "list", "search", "write"):
        for number, (method, path, body) in enumerate(requests_of(sort, some)):
            shown = listed if sort in ("list", "search") else known
            pages[f"{sort}/{number}"] = recorder.page(path, method=method, body=body, names=shown)
    return pages


def _some(kernel: Kernel, tenant: Tenant) -> list[int]:
    with kernel.database.session(tenant) as session:
        # What is imported by the command has no owner, so the reader does not reach it.
        last = session.scalar(text("select max(id) from customer_customer where owner_id is not null")) or 1
        draw = Random(3)
        near = text("""
            select id from customer_customer where id >= :least and owner_id is not null order by id limit 1
        """)
        return [session.scalar(near, {"least": draw.randrange(1, last + 1)}) or last for _ in range(VARIANTS)]
