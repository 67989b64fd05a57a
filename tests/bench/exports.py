"""Exports streamed over HTTP, and what the process takes meanwhile."""

from __future__ import annotations

import http.client
import time

from tests.bench.context import API, Bench
from tests.bench.figures import Figure

TITLE = "Export"
_BLOCK = 1 << 16


def measure(bench: Bench) -> list[Figure]:
    """The first records with all their fields as CSV, as a program fetches them."""
    rows = 20_000 if bench.quick else 100_000
    _fetch(bench, 2000)
    small = bench.ours.memory()
    rates, highest = [], small
    for _ in range(2 if bench.quick else 3):
        seconds, found, peak = _fetch(bench, rows)
        rates.append(found / seconds)
        highest = max(highest, peak)
    highest = max(highest, _fetch(bench, None)[2])
    return [
        Figure(f"CSV of {rows:,} records, all fields", max(rates), "rows/s", 30_000, at_least=True),
        Figure(
            "what the process grows by meanwhile, and by one of all records",
            max(0.0, round(highest - small, 1)),
            "MB",
            20,
        ),
    ]


def _fetch(bench: Bench, rows: int | None) -> tuple[float, int, float]:
    """Seconds, rows, and the most memory seen at the end of a block; of all records when None."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.ours.port, timeout=600)
    began, lines, peak, blocks = time.perf_counter(), 0, 0.0, 0
    some = "" if rows is None else f"&id.lte={rows}"
    connection.request("GET", f"{API}/export?format=csv{some}", headers=dict(bench.api))
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"export: {response.status} {response.read()[:300]!r}")
    while block := response.read(_BLOCK):
        lines += block.count(b"\n")
        blocks += 1
        if blocks % 50 == 0:
            peak = max(peak, bench.ours.memory())
    seconds = time.perf_counter() - began
    connection.close()
    return seconds, lines - 1, peak
