"""Many open event streams in one process: reads tickets from standard input, says when all are open.

For each event it writes one line with the times at which it arrived at each stream.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any


class Arrivals:
    """When the present event arrived at the streams it has reached so far."""

    def __init__(self, streams: int) -> None:
        self._streams = streams
        self._times: list[float] = []

    def note(self) -> None:
        """One more stream has it; once all have, say so."""
        self._times.append(time.time())
        if len(self._times) == self._streams:
            print(json.dumps({"at": self._times}), flush=True)
            self._times = []


async def listen(order: dict[str, Any], ticket: str, opened: asyncio.Event, arrivals: Arrivals) -> None:
    """Hold one stream open and note what arrives for the list that changes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", order["port"])
    writer.write(f"GET /events?ticket={ticket} HTTP/1.1\r\nHost: {order['host']}\r\n\r\n".encode())
    while line := await reader.readline():
        if line.startswith(b"retry"):
            opened.set()
        if line.startswith(b"data:") and b"list:customer.customer" in line:
            arrivals.note()
    raise SystemExit("a stream has ended")


async def main() -> None:
    """Open all, then listen until somebody ends the process."""
    order = json.load(sys.stdin)
    arrivals = Arrivals(len(order["tickets"]))
    opened = [asyncio.Event() for _ in order["tickets"]]
    tasks = [
        asyncio.create_task(listen(order, ticket, each, arrivals))
        for ticket, each in zip(order["tickets"], opened, strict=True)
    ]
    await asyncio.gather(*(each.wait() for each in opened))
    print("open", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
