"""An import by the command: validated, with search, history and match keys; taken back afterwards."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.context import Bench
from tests.bench.data import customer_rows
from tests.bench.figures import Figure

TITLE = "Import"


def measure(bench: Bench) -> list[Figure]:
    """Rows a second between a small import and a large one: the start of the program does not count."""
    few, many = (1000, 11_000) if bench.quick else (1000, 101_000)
    with tempfile.TemporaryDirectory() as folder:
        small, _ = _timed(bench, Path(folder), few, seed=bench.customers + 1)
        large, taken_back = _timed(bench, Path(folder), many, seed=bench.customers + 2)
    rate = (many - few) / (large - small)
    return [
        Figure(f"CSV of {many:,} rows", rate, "rows/s", 5000, at_least=True, ours=f"{large:.1f} s in all"),
        Figure("taking it back", many / taken_back, "rows/s", ours=f"{taken_back:.1f} s"),
    ]


def _timed(bench: Bench, folder: Path, rows: int, *, seed: int) -> tuple[float, float]:
    """Seconds the command takes for so many rows, and to take them back."""
    path = folder / f"{rows}.csv"
    names = ["name", "kind", "type", "level", "industry", "city", "phone", "email", "tax_number", "employees"]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(islice(customer_rows([1], seed), rows))
    began = time.perf_counter()
    result = _command(bench, "customer.customer", str(path), "--json")
    seconds = time.perf_counter() - began
    if result["inserted"] != rows:
        raise SystemExit(f"import: {result}")
    began = time.perf_counter()
    _command(bench, "--undo", str(result["import"]), "--json")
    return seconds, time.perf_counter() - began


def _command(bench: Bench, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "core.cli", "import", *arguments, "--tenant", bench.tenant.slug],
        capture_output=True,
        env={**os.environ, "GUANXI_DATA": str(bench.kernel.config.data)},
    )
    if done.returncode:
        raise SystemExit(f"import: {done.stderr.decode()[-500:]}")
    return json.loads(done.stdout)
