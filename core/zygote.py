"""A process that has the libraries loaded and forks programs of ours, which start in a fraction of the time.

    with Zygote(keep=[listener.fileno()]) as zygote:
        program = zygote.start("worker")
        ...
        zygote.stop(program)

Only the standard library is imported here: whatever else is loaded stays as it was when it was loaded, and
our own code has to be read anew by every program. Which libraries there are to load, the first program
tells by a file (`write_modules`).
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_READ: Final = 65536


class Zygote:
    """The process that forks, as its parent sees it; a context manager."""

    def __init__(self, *, keep: Sequence[int] = ()) -> None:
        """Start it.

        Args:
            keep: file descriptors that the programs inherit.
        """
        self._ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "core.zygote", str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=(theirs.fileno(), *keep), stdin=subprocess.DEVNULL)
        theirs.close()
        self._answers = self._ours.makefile("r", encoding="utf-8")

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        """End it and all programs it has started."""
        self._ours.close()
        self._answers.close()
        self._process.wait()

    def start(self, *arguments: str) -> int:
        """Run ``guanxi`` with some arguments and give the number of its process."""
        return int(self._ask({"run": arguments}))

    def preload(self, modules: Path) -> None:
        """Load what a program has found it needs; see `write_modules`."""
        self._ask({"preload": str(modules)})

    def stop(self, process: int) -> None:
        """Let a program end in its own time."""
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)

    def is_running(self, process: int) -> bool:
        """Whether a program has not ended."""
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        return True

    def _ask(self, wish: dict[str, Any]) -> Any:
        self._ours.sendall(json.dumps(wish).encode() + b"\n")
        return json.loads(self._answers.readline())


def write_modules(path: Path, own: Collection[str]) -> None:
    """Write down which modules this program has loaded, but those of ``own`` packages."""
    heads = {*own, "__main__"}
    names = [
        name for name in list(sys.modules) if not any(f"{name}.".startswith(f"{head}.") for head in heads)
    ]
    part = path.with_suffix(".part")
    part.write_text("\n".join(names), encoding="utf-8")
    part.replace(path)


def main(number: int) -> None:
    """Fork whatever is asked for at a socket, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent ends us
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever has ended is gone
    asked = socket.socket(fileno=number)
    waiting = b""
    programs: list[int] = []
    while chunk := _received(asked):
        waiting += chunk
        *lines, waiting = waiting.split(b"\n")
        for line in lines:
            wish = json.loads(line)
            if "preload" in wish:
                _load(Path(wish["preload"]))
                answer = 0
            else:
                answer = _fork(wish["run"], asked)
                programs.append(answer)
            asked.sendall(json.dumps(answer).encode() + b"\n")
    for program in programs:
        with suppress(ProcessLookupError):
            os.kill(program, signal.SIGTERM)


def _received(asked: socket.socket) -> bytes:
    try:
        return asked.recv(_READ)
    except ConnectionError:
        return b""


def _load(path: Path) -> None:
    for name in path.read_text(encoding="utf-8").splitlines():
        with suppress(Exception):  # what cannot be loaded alone is loaded by whoever needs it
            importlib.import_module(name)


def _fork(arguments: Sequence[str], asked: socket.socket) -> int:
    parent = os.getpid()
    number = os.fork()
    if number:
        return number
    status = 1
    try:
        asked.close()
        for each in (signal.SIGINT, signal.SIGCHLD):
            signal.signal(each, signal.SIG_DFL if each == signal.SIGCHLD else signal.default_int_handler)
        threading.Thread(target=_end_with, args=(parent,), daemon=True, name="parent").start()
        sys.argv = ["guanxi", *arguments]
        importlib.import_module("core.cli").main()
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 1
    except BaseException:  # noqa: BLE001 - the last frame of a program
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(status)


def _end_with(parent: int) -> None:
    """End this program when the one that has forked it is gone, in whatever way."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(int(sys.argv[1]))
