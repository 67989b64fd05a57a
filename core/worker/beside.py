"""A worker beside the web process: a child that is started again when it dies, and ends with its parent."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Final

from core.worker import PATIENCE

logger = logging.getLogger(__name__)

#: Seconds before a worker that died is started again, more with every time in a row.
_WAITS: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
#: Seconds after which a worker that dies has run well enough to begin counting anew.
_WELL: Final = 60.0


class WorkerBeside:
    """Keeps a worker process running; a context manager.

    A process of its own, since jobs that compute for long would slow every request down in ours. The
    child's standard input is a pipe of ours: should we die in whatever way, it ends, and so does the
    child.
    """

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="worker beside", daemon=True)

    def __enter__(self) -> WorkerBeside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def process_id(self) -> int | None:
        """Of the worker that runs now."""
        return self._child.pid if self._child is not None else None

    def stop(self) -> None:
        """End the worker: it finishes what it is doing, for a while; then it is ended."""
        with self._lock:
            self._stopping.set()
            child = self._child
        if child is not None:
            child.terminate()
            try:
                child.wait(PATIENCE * 2 + 5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._thread.join(5)

    def _keep(self) -> None:
        deaths = 0
        while True:
            with self._lock:
                if self._stopping.is_set():
                    return
                self._child = child = subprocess.Popen(
                    [sys.executable, "-m", "core.cli", "worker", "--until-closed"], stdin=subprocess.PIPE
                )
            started = time.monotonic()
            status = child.wait()
            if child.stdin is not None:
                with suppress(OSError):
                    child.stdin.close()
            if self._stopping.is_set():
                return
            deaths = 0 if time.monotonic() - started > _WELL else deaths + 1
            wait = _WAITS[min(deaths, len(_WAITS)) - 1] if deaths else _WAITS[0]
            logger.warning("the worker has ended (%s); it is started again in %s s", status, wait)
            self._stopping.wait(wait)
