"""A mixed load: eight clients at once, against our server and the floor in turn."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from tests.bench.context import Bench, requests_of
from tests.bench.figures import Figure

TITLE = "Eight clients"
CLIENTS: Final = 8
#: Of a hundred requests.
MIX: Final = {"read": 60, "list": 20, "search": 15, "write": 5}


def measure(bench: Bench) -> list[Figure]:
    """Requests a second, in slices that take turns."""
    seconds, turns = (2, 3) if bench.quick else (5, 6)
    ours: dict[str, list[tuple[str, str, Any]]] = {each: requests_of(each, bench.some) for each in MIX}
    floor = {
        sort: [(method, f"/{sort}/{number}", None) for number, (method, _path, _body) in enumerate(found)]
        for sort, found in ours.items()
    }
    done = {"ours": [0, 0.0], "floor": [0, 0.0]}
    worst: dict[str, list[float]] = {"ours": [], "floor": []}
    for turn in range(turns + 1):
        for who, port, paths, headers in (
            ("ours", bench.ours.port, ours, bench.api),
            ("floor", bench.floor.port, floor, {}),
        ):
            order = {"port": port, "paths": paths, "headers": dict(headers), "mix": MIX, "clients": CLIENTS,
                     "seconds": seconds if turn else 1, "seed": turn}  # fmt: skip
            answer = subprocess.run(
                [sys.executable, "-m", "tests.bench.clients"],
                input=json.dumps(order).encode(), capture_output=True, check=True,
            )  # fmt: skip
            found = json.loads(answer.stdout)
            if turn:  # the first one warms
                done[who][0] += found["requests"]
                done[who][1] += found["seconds"]
                worst[who].append(found["p95"])
    rate = {who: count / taken for who, (count, taken) in done.items()}
    p95 = {who: sum(found) / len(found) for who, found in worst.items()}
    mine, theirs = f"{rate['ours']:.0f} /s", f"{rate['floor']:.0f} /s"
    share = rate["ours"] / rate["floor"] * 100
    slow, theirs_slow = p95["ours"] * 1000, f"{p95['floor'] * 1000:.0f} ms"
    work = "60% read, 20% list, 15% search, 5% write: of the floor's rate"
    return [
        Figure(work, share, "%", 50, at_least=True, ours=mine, beside=theirs),
        Figure("the same, p95 of a request", slow, "ms", beside=theirs_slow),
    ]
