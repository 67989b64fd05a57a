"""Starting: a web process with seven small addons more, beside one with thirty, to its first answer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.bench.context import Bench
from tests.bench.figures import Figure, Times, ratio
from tests.bench.servers import free_port, requester, running

TITLE = "Start"

_FEW: Final = 7
_MANY: Final = 30
#: The addon that is written, of which the others are copies under names of their own.
_FIRST: Final = "bench00"


def measure(bench: Bench) -> list[Figure]:
    """Start both in turn; the addons are what ``guanxi addon new`` writes, on for nobody."""
    times = {_FEW: Times(), _MANY: Times()}
    memory = {_FEW: 0.0, _MANY: 0.0}
    with tempfile.TemporaryDirectory() as place:
        folders = {number: _addons(bench, Path(place) / str(number), number) for number in times}
        for _ in range(3 if bench.quick else 9):
            for number, folder in folders.items():
                taken, memory[number] = _start(bench, folder)
                times[number].values.append(taken)
    return [
        ratio(f"start with {_MANY} addons, beside {_FEW}", times[_MANY], times[_FEW], 2),
        Figure(f"memory of its web process with {_MANY} addons", memory[_MANY], "MB", 180),
    ]


def _addons(bench: Bench, folder: Path, number: int) -> Path:
    """A folder with so many addons; one is made by the command, the others after its likeness."""
    command = ["addon", "new", _FIRST, "--folder", str(folder), "--title", "Bench", "--title-zh", "测试"]
    command += ["--author", "Bench", "--licence", "Apache-2.0"]
    env = {**os.environ, "GUANXI_DATA": str(bench.kernel.config.data)}
    subprocess.run(
        [sys.executable, "-m", "core.cli", *command], env=env, check=True, capture_output=True, text=True
    )
    for each in range(1, number):
        name = f"bench{each:02}"
        shutil.copytree(folder / _FIRST, folder / name)
        for path in sorted((folder / name).rglob(f"*{_FIRST}*"), reverse=True):
            path.rename(path.with_name(path.name.replace(_FIRST, name)))
        for path in (folder / name).rglob("*.*"):
            if path.is_file() and path.suffix != ".pyc":
                path.write_text(path.read_text(encoding="utf-8").replace(_FIRST, name), encoding="utf-8")
    return folder


def _start(bench: Bench, folder: Path) -> tuple[float, float]:
    """Seconds from the command to the first answer, and the memory of the process then, in MB."""
    port = free_port()
    env = {"GUANXI_DATA": str(bench.kernel.config.data), "GUANXI_ADDONS_PATH": str(folder)}
    began = time.perf_counter()
    with running(port, "-m", "core.cli", "web", "--port", str(port), env=env) as served:
        requester(port, "/login", {"Host": f"{bench.tenant.slug}.localhost"})()
        return time.perf_counter() - began, served.memory()
