from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import pytest

from core.db.urls import Urls

pytestmark = pytest.mark.slow


def _until(what: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def test_the_development_server_starts_anew_when_a_file_changes_and_ends_as_one(
    own_database: Urls, tmp_path: Path
) -> None:
    addon = tmp_path / "more" / "fresh"
    addon.mkdir(parents=True)
    (addon / "__init__.py").write_text("")
    (addon / "addon.toml").write_text('name = "fresh"\ntitle = "F"\nsummary = "S"\nversion = "1"\n')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "GUANXI_DATA": str(tmp_path / "data"),
        "GUANXI_DATABASE_URL": own_database.app,
        "GUANXI_ADDONS_PATH": str(tmp_path / "more"),
        "GUANXI_PORT": str(port),
    }
    log = tmp_path / "log"

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return bool(answer.read() == b"ok\n")
        except (URLError, OSError):
            return False

    with log.open("w") as output:
        program = Path(sys.executable).with_name("guanxi")
        server = subprocess.Popen([program, "dev"], env=environ, stdout=output, stderr=output)
    try:
        _until(answers)
        (addon / "addon.toml").write_text("name = ")
        _until(lambda: "is quarantined" in log.read_text() or log.read_text().count("answers at") == 2)
        assert log.read_text().count(f"{addon / 'addon.toml'} has changed.") >= 1
        _until(answers)
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    assert not answers()
