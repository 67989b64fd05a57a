"""Prepare a clone for running, testing or checking it, and do that.

Runs on the system's bare Python with its standard library only, by way of the Makefile. Each step does
only what is missing: a stamp below ``.venv`` holds a hash of what the step was last done from. The
stamp is written last, so a step cut short is done again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Iterator, NoReturn, Sequence  # noqa: UP035 - an old Python must get to our sentence

OLDEST = (3, 11)

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMPS = ENVIRONMENT / "stamps"
#: Stands in an environment that is being made; found later, it tells that the making was cut short.
UNFINISHED = ENVIRONMENT / "unfinished"
REQUIREMENTS = ROOT / "requirements"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class SetupError(Exception):
    """The set-up cannot go on; the sentence says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Prepare what ``arguments[0]`` (run, test, ...) needs, then become it."""
    _demand_python()
    tasks = {"run": run, "test": test, "lint": lint, "bench": bench, "docs": docs, "lock": lock}
    if not arguments or arguments[0] not in tasks:
        print(f"usage: setup.py {'|'.join(tasks)} [ARGUMENT ...]", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    try:
        return tasks[arguments[0]](list(arguments[1:]))
    except SetupError as error:
        print(f"✗ {error}", file=sys.stderr)
    except PermissionError as error:
        print(f"✗ {error.filename} belongs to another user: run this as that user.", file=sys.stderr)
    except OSError as error:
        print(f"✗ {error.filename or 'set-up'}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\n✗ interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    return 1


# What can be asked for


def run(arguments: Sequence[str]) -> int:
    """Serve Guanxi with its demo tenant."""
    with alone():
        prepare("run.txt")
        build_assets()
        make_room_for_data()
    become(ENVIRONMENT / "bin" / "guanxi", "quickstart", *arguments)


def test(arguments: Sequence[str]) -> int:
    """Run the tests, two at a time."""
    with alone():
        prepare("dev.txt")
        install_browser()
        build_assets("--dev")
    become(PYTHON, "-m", "pytest", "-n", "2", "--dist", "worksteal", *arguments)


def lint(arguments: Sequence[str]) -> int:
    """Run every check of the text of the code; all are run, also after one has failed."""
    with alone():
        prepare("dev.txt")
    checks = {
        "ruff check": ["-m", "ruff", "check", *arguments],
        "ruff format": ["-m", "ruff", "format", "--check"],
        "mypy": ["-m", "mypy"],
        "import contracts": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
        "texts": ["-m", "tools.check_texts"],
    }
    if not (ROOT / "tools" / "check_texts.py").exists():
        del checks["texts"]
    failed = [name for name, check in checks.items() if not passes(name, check)]
    return 1 if failed else 0


def bench(arguments: Sequence[str]) -> int:
    """Measure ourselves against the floor."""
    with alone():
        prepare("dev.txt")
        build_assets()
    become(PYTHON, "-m", "tests.bench", *arguments)


def docs(arguments: Sequence[str]) -> int:
    """Build the documentation in both languages, then execute its examples."""
    with alone():
        prepare("dev.txt")
        build_assets()
    if passes("documentation in build/docs", ["-m", "tools.docs"]):
        become(PYTHON, "-m", "pytest", "tests/docs", "--ignore", "tests/docs/test_building.py", *arguments)
    return 1


def lock(arguments: Sequence[str]) -> int:
    """Pin every version and hash that setup.cfg leaves open; ``--upgrade`` takes the newest."""
    with alone():
        prepare("run.txt")
        compile_lock("setup.txt", "requirements/setup.in", *arguments)
        compile_lock("dev.txt", "setup.cfg", "--extra", "dev", *arguments)
        # What runs is what was tested.
        compile_lock("run.txt", "setup.cfg", "--constraints", "requirements/dev.txt", *arguments)
    return 0


# Steps


def prepare(requirements: str) -> None:
    """Make the environment with the locked packages of one list and the project itself in it."""
    make_environment()
    install_packages(requirements)
    install_project()


def make_environment() -> None:
    """Create ``.venv``; anew where it is unfinished, was moved, or is of a Python that is gone or too old."""
    usable = not UNFINISHED.exists() and environment_version() >= OLDEST
    made_here = is_done("environment", str(ROOT))
    if usable and not made_here and not (STAMPS / "environment").exists():
        # Somebody made it by hand: it will do.
        mark_done("environment", str(ROOT))
        made_here = True
    installers = content(REQUIREMENTS / "setup.txt")
    if usable and made_here and is_done("installers", installers):
        return
    with step("environment"):
        if not (usable and made_here):
            create_environment()
        with changing_environment():
            install_installers()
            mark_done("installers", installers)
            mark_done("environment", str(ROOT))


def create_environment() -> None:
    """Make a new, empty ``.venv`` in place of what is there."""
    for stale in ROOT.glob(".venv-old-*"):
        shutil.rmtree(stale)
    if ENVIRONMENT.exists() or ENVIRONMENT.is_symlink():
        aside = ROOT / f".venv-old-{os.getpid()}"
        ENVIRONMENT.rename(aside)
        if aside.is_symlink():
            aside.unlink()
        else:
            shutil.rmtree(aside)
    ENVIRONMENT.mkdir()
    UNFINISHED.touch()
    venv.create(ENVIRONMENT, with_pip=False, symlinks=True, prompt="guanxi")


def environment_version() -> tuple[int, ...]:
    """The version of the environment's Python, ``()`` where there is none that runs.

    Read from its own record: starting it would cost every start of Guanxi its time.
    """
    with contextlib.suppress(OSError):
        if PYTHON.resolve(strict=True).is_file():
            for line in (ENVIRONMENT / "pyvenv.cfg").read_text().splitlines():
                name, _, value = line.partition("=")
                if name.strip() in ("version", "version_info"):
                    return tuple(int(part) for part in value.strip().split(".")[:2])
    return ()


def install_installers() -> None:
    """Install uv and setuptools, with whatever pip there is."""
    pip_install("--require-hashes", "--no-deps", "-r", str(REQUIREMENTS / "setup.txt"))


def has_pip() -> bool:
    """Whether this Python has a pip that can install into another environment (22.3)."""
    if importlib.util.find_spec("pip") is None:
        return False
    said = command([sys.executable, "-m", "pip", "--version"], check=False)
    version = said.stdout.split()[1:2] or ["0"]
    return tuple(int(part) for part in version[0].split(".")[:2] if part.isdigit()) >= (22, 3)


def install_packages(requirements: str) -> None:
    """Install the locked packages; the list for development holds all of the one for running."""
    names = ["dev.txt"] if requirements == "dev.txt" else ["run.txt", "dev.txt"]
    if any(is_done(f"packages-{name}", content(REQUIREMENTS / name)) for name in names):
        return
    with step("packages"), changing_environment():
        lock = REQUIREMENTS / requirements
        uv = ENVIRONMENT / "bin" / "uv"
        if not (uv.exists() and uv_install("--require-hashes", "-r", str(lock))):
            pip_install("--require-hashes", "-r", str(lock))
        for stamp in STAMPS.glob("packages-*"):
            stamp.unlink()
        mark_done(f"packages-{requirements}", content(lock))


def install_project() -> None:
    """Make ``core``, ``addons`` and the command ``guanxi`` known to the environment."""
    source = content(ROOT / "setup.cfg", ROOT / "pyproject.toml", ROOT / "core" / "__init__.py")
    if is_done("project", source):
        return
    with step("project"), changing_environment():
        options = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
        uv = ENVIRONMENT / "bin" / "uv"
        if not (uv.exists() and uv_install(*options)):
            pip_install(*options)
        mark_done("project", source)


def build_assets(*options: str) -> None:
    """Build the front-end files; the builder knows by itself what is missing, and is silent then."""
    started = time.monotonic()
    pending("front-end files")
    said = command([PYTHON, "-m", "core.web.assets", *options]).stdout.strip()
    pending("")
    if said:
        finished("front-end files", started)


def make_room_for_data() -> None:
    """Keep the data outside where the database's user could not get to it.

    PostgreSQL refuses to run as root, so root's database runs as ``nobody``. In a clone below a closed
    folder (``/root``, say) that user finds no way; ``var`` becomes a link to a place of its own.
    """
    data = ROOT / "var"
    chosen = os.environ.get("GUANXI_DATA") or os.environ.get("GUANXI_DATABASE_URL")
    if os.geteuid() != 0 or chosen or data.exists() or data.is_symlink():
        return
    closed = [folder for folder in (ROOT, *ROOT.parents) if not folder.stat().st_mode & 0o001]
    if not closed:
        return
    name = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:8]
    place = Path("/var/lib/guanxi") / f"{ROOT.name}-{name}"
    place.mkdir(parents=True, exist_ok=True)
    for folder in (place.parent, place):
        folder.chmod(0o711)
    data.symlink_to(place)
    print(f"· the data is in {place}, as {closed[-1]} is closed to the database's user", flush=True)


def install_browser() -> None:
    """Install Chromium and a Chinese font where the platform's package manager is Debian's."""
    missing = []
    if not any(shutil.which(name) for name in BROWSERS):
        missing.append("chromium")
    if not any(Path("/usr/share/fonts").rglob("NotoSansCJK*")) and not has_chinese_font():
        missing.append("fonts-noto-cjk")
    if missing:
        with step("browser"):
            install_system_packages(missing, "The browser the tests drive, with its fonts,")


def has_chinese_font() -> bool:
    """Whether the system knows a font for Chinese."""
    if shutil.which("fc-list") is None:
        return False
    return bool(command(["fc-list", ":lang=zh"], check=False).stdout.strip())


def install_system_packages(names: Sequence[str], what: str) -> None:
    """Install Debian packages as root, or as who may become root without being asked."""
    become_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    by_hand = f"{what} must be installed first: sudo apt-get install {' '.join(names)}"
    if shutil.which("apt-get") is None:
        raise SetupError(f"{what} must be installed first (Debian calls it {' '.join(names)}).")
    if become_root and not (
        shutil.which("sudo") and command([*become_root, "true"], check=False).returncode == 0
    ):
        raise SetupError(by_hand)
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"]
    command([*apt, "update"], check=False)  # one source of several may be out of reach
    installed = command([*apt, "install", "-y", "--no-install-recommends", *names], check=False)
    if installed.returncode != 0:
        raise SetupError(f"{installed.stdout.strip()[-2000:]}\n{by_hand}")


def compile_lock(name: str, source: str, *options: str) -> None:
    """Write one list of pinned packages, good for every Python and system we support."""
    with step(f"requirements/{name}"):
        oldest = ".".join(map(str, OLDEST))
        pinned = ["--generate-hashes", "--universal", "--python-version", oldest, "--no-emit-index-url"]
        # Hashes are those of the public index, whatever this machine has besides.
        public = {
            "UV_CUSTOM_COMPILE_COMMAND": "make lock",
            "UV_SYSTEM_CERTS": "1",
            "UV_NO_CONFIG": "1",
            "UV_FIND_LINKS": "",
            "UV_INDEX": "",
        }
        uv = ENVIRONMENT / "bin" / "uv"
        command([uv, "pip", "compile", source, "-o", f"requirements/{name}", *pinned, *options], public)


# Doing and telling


def uv_install(*options: str) -> bool:
    """Install with uv, which is several times as fast as pip; False where it cannot."""
    environ = {"UV_SYSTEM_CERTS": "1", "UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1"}
    index = pip_index()
    if index:
        environ["UV_DEFAULT_INDEX"] = index
    done = command(
        [ENVIRONMENT / "bin" / "uv", "pip", "install", "--quiet", "--python", PYTHON, *options],
        environ,
        check=False,
    )
    return done.returncode == 0


def pip_index() -> str:
    """The package index this machine's pip was told to use, which uv would not know of."""
    if os.environ.get("UV_DEFAULT_INDEX"):
        return ""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    if not has_pip():
        return ""
    said = command([sys.executable, "-m", "pip", "config", "get", "global.index-url"], check=False)
    return said.stdout.strip() if said.returncode == 0 else ""


def pip_install(*options: str) -> None:
    """Install with pip: this Python's, else the one it brings along for environments."""
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-warn-script-location"]
    if has_pip():
        command([sys.executable, "-m", "pip", "--python", PYTHON, "install", *quiet, *options])
        return
    if importlib.util.find_spec("ensurepip") is None:
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        install_system_packages([name], "pip, which installs packages,")
    command([PYTHON, "-m", "ensurepip", "--default-pip"])
    command([PYTHON, "-m", "pip", "install", *quiet, *options])


def command(
    words: Sequence[str | Path], environ: dict[str, str] | None = None, *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, its output kept.

    Raises:
        SetupError: it failed, and ``check`` was asked for; with the end of what it said.
    """
    # A pip told to install for the user only, or in an activated environment only, would refuse.
    settings = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "VIRTUAL_ENV": str(ENVIRONMENT)}
    done = subprocess.run(
        [str(word) for word in words],
        env={**os.environ, **settings, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        # Only the lock of the set-up is inheritable: an installer that outlives us keeps it.
        close_fds=False,
    )
    if check and done.returncode != 0:
        shown = " ".join(Path(word).name if isinstance(word, Path) else word for word in words[:6])
        raise SetupError(f"{shown} failed:\n{done.stdout.strip()[-4000:]}")
    return done


def passes(name: str, check: Sequence[str]) -> bool:
    """Run one check of ``make lint``; what it has to say is shown when it fails."""
    started = time.monotonic()
    pending(name)
    done = command([PYTHON, *check], check=False)
    pending("")
    finished(name, started, good=done.returncode == 0)
    if done.returncode != 0:
        print(done.stdout.strip(), flush=True)
    return done.returncode == 0


def become(program: Path, *arguments: str) -> NoReturn:
    """Replace this process by a program of the environment."""
    if not program.exists():
        raise SetupError(f"{program} is missing: remove {ENVIRONMENT} and try again.")
    sys.stdout.flush()
    os.execv(program, [str(program), *arguments])


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Keep a second set-up of the same clone waiting."""
    with Path(__file__).open() as itself:
        try:
            fcntl.flock(itself, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("· waiting for another set-up of this folder", flush=True)
            fcntl.flock(itself, fcntl.LOCK_EX)
        os.set_inheritable(itself.fileno(), True)
        yield


@contextlib.contextmanager
def changing_environment() -> Iterator[None]:
    """Mark the environment as unfinished meanwhile.

    An installer cut short may leave half a package that looks whole, so the mark stays then and the
    next set-up begins with a new environment. One that refuses by itself has cleaned up.
    """
    UNFINISHED.touch()
    try:
        yield
    except SetupError:
        UNFINISHED.unlink()
        raise
    UNFINISHED.unlink()


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Tell what was done, and in what time."""
    started = time.monotonic()
    pending(name)
    try:
        yield
    except BaseException:
        pending("")
        raise
    finished(name, started)


def finished(name: str, started: float, *, good: bool = True) -> None:
    """Print the line of a step."""
    print(f"\r{'✓' if good else '✗'} {name} {time.monotonic() - started:.1f} s", flush=True)


def pending(name: str) -> None:
    """Show on a terminal what is being done; an empty name takes it away."""
    if sys.stdout.isatty():
        print(f"\r\033[K· {name} …" if name else "\r\033[K", end="", flush=True)


def is_done(name: str, source: str) -> bool:
    """Whether a step was last done from the same source."""
    with contextlib.suppress(OSError):
        return (STAMPS / name).read_text() == source
    return False


def mark_done(name: str, source: str) -> None:
    """Remember what a step was done from."""
    STAMPS.mkdir(exist_ok=True)
    temporary = STAMPS / f"{name}.new"
    temporary.write_text(source)
    temporary.replace(STAMPS / name)


def content(*paths: Path) -> str:
    """A hash of what the files hold."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _demand_python() -> None:
    """Go on with a Python that is new enough, or say that there is none."""
    if sys.version_info[:2] >= OLDEST:
        return
    for minor in range(20, OLDEST[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        # A version manager's stand-in has the name, but runs only a version that was chosen.
        if (
            newer
            and subprocess.run([newer, "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0
        ):
            os.execv(newer, [newer, *sys.argv])
    had, wanted = (".".join(map(str, version)) for version in (sys.version_info[:2], OLDEST))
    sys.exit(f"✗ Guanxi needs Python {wanted} or newer, not {had}: install one, then make PYTHON=...")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
