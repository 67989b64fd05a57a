"""``make bench``: every figure of design.md part 9 that can be measured yet, as one table.

    python -m tests.bench [PART ...] [--keep]

``QUICK=1`` takes fewer customers and fewer rounds, ``CUSTOMERS=n`` another number of customers. Parts
are the modules named below; ``--keep`` puts the table into the documentation.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from sqlalchemy import text

from tests.bench import (
    api,
    create,
    duplicates,
    exports,
    hooks,
    imports,
    load,
    queue,
    report,
    search,
    start,
    streams,
    switching,
)
from tests.bench.context import Bench, started
from tests.bench.figures import Figure

PARTS: Final[dict[str, ModuleType]] = {
    "api": api,
    "search": search,
    "duplicates": duplicates,
    "create": create,
    "load": load,
    "export": exports,
    "import": imports,
    "jobs": queue,
    "streams": streams,
    "hooks": hooks,
    "switching": switching,
    "start": start,
}
#: Budgets of design.md whose work does not exist yet.
LATER: Final = "Not yet: pivot of stage by month (beside the bare SQL), which comes with opportunities."


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for; 1 where a part could not be measured."""
    wanted = [each for each in arguments if not each.startswith("-")] or list(PARTS)
    unknown = [each for each in wanted if each not in PARTS]
    if unknown or set(arguments) - {*wanted, "--keep"}:
        print(f"usage: python -m tests.bench [{'|'.join(PARTS)}] [--keep]", file=sys.stderr)
        return 2
    quick = bool(os.environ.get("QUICK"))
    customers = int(os.environ.get("CUSTOMERS", "20000" if quick else "1000000"))
    figures: dict[str, list[Figure]] = {}
    broken = []
    with started(customers, quick=quick) as bench:
        title = f"{customers:,} customers, {report.machine(_server(bench))}"
        for name in wanted:
            begun = time.perf_counter()
            try:
                figures[str(PARTS[name].TITLE)] = PARTS[name].measure(bench)
            except Exception:  # noqa: BLE001 - the other parts are worth having
                broken.append(name)
                traceback.print_exc()
            print(f"  {name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
            bench.settle()
        place = bench.kernel.config.data / "benchmark.md"
    table = report.as_markdown(title, figures)
    Path(place).write_text(table)
    print(f"\n{report.as_text(title, figures)}\n{LATER}")
    if "--keep" in arguments:
        report.keep(table)
    if broken:
        print(f"✗ could not be measured: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _server(bench: Bench) -> str:
    with bench.kernel.database.session(bench.tenant) as session:
        return str(session.scalar(text("show server_version"))).split()[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
