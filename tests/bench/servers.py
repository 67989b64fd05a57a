"""Servers in processes of their own, and requests over connections that are kept."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers."""

    port: int
    process: subprocess.Popen[bytes]

    def memory(self) -> float:
        """What the process takes for itself, its share of what it shares included (PSS), in MB."""
        return memory_of(self.process.pid)


def memory_of(pid: int) -> float:
    """Memory of a process, its share of what it shares included (PSS), in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this system does not tell the memory of a process")


def free_port() -> int:
    """A port nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(port: int, *command: str, env: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A server in a process of its own, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, *command], env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.01)
        yield Served(port, process)
    finally:
        process.terminate()
        process.wait()


def requester(
    port: int, path: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes | None = None
) -> Callable[[], bytes]:
    """A function that sends one request over a kept connection and gives the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask() -> http.client.HTTPResponse:
        connection.request(method, path, body, dict(headers))
        return connection.getresponse()

    def send() -> bytes:
        try:
            response = ask()
        except http.client.RemoteDisconnected:  # it was idle for too long
            connection.close()
            response = ask()
        answer = response.read()
        if not 200 <= response.status < 300:
            raise SystemExit(f"{path}: {response.status} {answer[:300]!r}")
        return answer

    return send
