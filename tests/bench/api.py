"""Single requests: the API beside the floor, the list page beside the API, statements and memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.bench import names
from tests.bench.context import API, FIELDS, LIST, Bench
from tests.bench.figures import Figure, in_turn, ratio
from tests.bench.recorder import Recorder
from tests.bench.servers import requester

TITLE = "One request"
#: The same list as a page shows it.
_PAGE = f"/customer/customers?city={quote(names.PLACES[0])}&sort=name&columns={FIELDS}"


def measure(bench: Bench) -> list[Figure]:
    """Read, list, list page; what they ask of the database; what the process takes."""
    ours, floor = bench.ours.port, bench.floor.port
    read = f"{API}/{bench.some[0]}"
    senders: dict[str, Callable[[], bytes]] = {
        "read": requester(ours, read, bench.api),
        "floor read": requester(floor, "/read/0", {}),
        "list": requester(ours, LIST, bench.api),
        "floor list": requester(floor, "/list/0", {}),
        "page": requester(ours, _PAGE, bench.web),
    }
    for one in ("read", "list"):
        if senders[one]() != senders[f"floor {one}"]():
            print(f"  note: {one} and its floor do not give the same bytes", file=sys.stderr)
    times = in_turn(senders, bench.rounds)
    size = len(senders["page"]())
    web = {name: value for name, value in bench.web.items() if name != "Accept-Encoding"}
    pages = Recorder(bench.kernel, bench.tenant, web)

    def count(recorder: Recorder, path: str) -> int:
        return len(recorder.statements(path))

    return [
        ratio("API, read one with its lines", times["read"], times["floor read"], 1.6),
        ratio("API, list of 80, filtered and sorted", times["list"], times["floor list"], 1.6),
        ratio("list page of 80, beside the API's list", times["page"], times["list"], 3),
        Figure("list page, as sent", round(size / 1000, 1), "kB", 60),
        Figure("statements: API read", count(bench.recorder, read), "", 12),
        Figure("statements: API list", count(bench.recorder, LIST), "", 8),
        Figure("statements: list page", count(pages, _PAGE), "", 8),
        Figure("statements: form", count(pages, f"/customer/customers/{bench.some[0]}/edit"), "", 12),
        Figure("statements: record page", count(pages, f"/customer/customers/{bench.some[0]}"), "", 16),
        Figure("memory of the web process", round(bench.ours.memory()), "MB", 180),
        _scan(bench),
    ]


def _scan(bench: Bench) -> Figure:
    """How many rows the list's statement looks at for its 80."""
    _bound, (statement, values) = bench.recorder.statements(LIST)
    with bench.kernel.database.session(bench.tenant) as session:
        connection = session.connection()
        rows = connection.exec_driver_sql(f"explain (analyze, format json) {statement}", values).scalar_one()
    return Figure("rows the list of 80 looks at", _looked_at(rows[0]["Plan"]), "", 1000)


def _looked_at(plan: dict[str, Any]) -> int:
    """Rows of the scans of a plan, with those that a filter threw away."""
    own = 0
    if "Relation Name" in plan:
        own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return int(own) + sum(_looked_at(each) for each in plan.get("Plans", ()))
