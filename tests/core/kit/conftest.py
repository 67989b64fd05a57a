"""What tests of the kit share: the command in a process of its own, as its addons are of no other test's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.db.urls import Urls

#: Runs ``guanxi``: ``guanxi("addon", "check", "visits", addons=folder)``; ``site`` holds installed packages.
Guanxi = Callable[..., subprocess.CompletedProcess[str]]
#: Copies the addon the command wrote into a folder of its own, to be changed there.
Copy = Callable[[], Path]


@pytest.fixture(scope="module")
def guanxi(own_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Guanxi:
    """Runs a command as the author of an addon would, on a database of the module's own."""
    data = tmp_path_factory.mktemp("data")

    def run(
        *words: str, addons: Path | None = None, site: Path | None = None, language: str = "C.UTF-8"
    ) -> subprocess.CompletedProcess[str]:
        usual = {name: value for name, value in os.environ.items() if not name.startswith("GUANXI_")}
        return subprocess.run(
            [sys.executable, "-c", "from core.cli import main; main()", *words],
            env={
                **usual,
                "LC_ALL": language,
                "GUANXI_DATA": str(data),
                "GUANXI_DATABASE_URL": own_database.app,
                "GUANXI_OWNER_DATABASE_URL": own_database.require_owner(),
                "GUANXI_ADDONS_PATH": str(addons or ""),
                "PYTHONPATH": os.pathsep.join([str(site), *sys.path] if site else sys.path),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def written(guanxi: Guanxi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The addon ``visits``, as the command writes it."""
    folder = tmp_path_factory.mktemp("written")
    named = ("--title", "Customer visits", "--title-zh", "客户走访", "--author", "Ada")
    done = guanxi("addon", "new", "visits", "--folder", str(folder), *named)
    assert done.returncode == 0, done.stderr
    return folder / "visits"


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Iterator[Copy]:
    """Makes the copy and gives its folder."""

    def make() -> Path:
        return Path(shutil.copytree(written, tmp_path / "addons" / "visits"))

    yield make
    shutil.rmtree(tmp_path / "addons", ignore_errors=True)
