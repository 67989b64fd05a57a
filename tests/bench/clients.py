"""Clients that ask at once, each over its own connection: reads its order from standard input.

    {"port": 8000, "paths": {"read": [["GET", "/x", null]]}, "mix": {"read": 100}, "headers": {},
     "clients": 8, "seconds": 5, "seed": 1}

A process of its own, so that it takes no time from the servers it measures but that of its requests.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import threading
import time
from random import Random
from typing import Any


def ask(order: dict[str, Any], number: int, ends_at: float, times: list[float]) -> None:
    """Ask until time is up."""
    draw = Random(order["seed"] * 100 + number)
    sorts = [sort for sort, share in order["mix"].items() for _ in range(share)]
    connection = http.client.HTTPConnection("127.0.0.1", order["port"], timeout=60)
    while time.perf_counter() < ends_at:
        method, path, body = draw.choice(order["paths"][draw.choice(sorts)])
        headers = dict(order["headers"])
        if body is not None:
            headers["Content-Type"] = "application/json"
        began = time.perf_counter()
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        answer = response.read()
        times.append(time.perf_counter() - began)
        if not 200 <= response.status < 300:
            raise SystemExit(f"{method} {path}: {response.status} {answer[:300]!r}")


def main() -> None:
    """Let all clients ask at once; print how many answers there were in how many seconds."""
    order = json.load(sys.stdin)
    times: list[list[float]] = [[] for _ in range(order["clients"])]
    began = time.perf_counter()
    threads = [
        threading.Thread(target=ask, args=(order, number, began + order["seconds"], mine))
        for number, mine in enumerate(times)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, flat = time.perf_counter() - began, [each for mine in times for each in mine]
    p95 = statistics.quantiles(flat, n=20)[18]
    print(json.dumps({"requests": len(flat), "seconds": seconds, "p95": p95}))


if __name__ == "__main__":
    main()
