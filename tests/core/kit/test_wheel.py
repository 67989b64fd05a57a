"""Addons and Guanxi itself as packages: what is built is whole, found where it is installed, and works."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from core.addons.discovery import discover
from core.db.urls import Urls
from core.kernel import OWN_ADDONS
from tests.core.kit.conftest import Copy, Guanxi

pytestmark = pytest.mark.slow

ROOT = OWN_ADDONS.parent


def _run(*words: str | Path, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _install(wheel: Path, site: Path) -> None:
    """Install without an index, as on a machine that has no way out."""
    _run("-m", "uv", "pip", "install", "--no-index", "--no-deps", "--target", site, wheel, cwd=site.parent)


@pytest.fixture
def wheel(copy: Copy, tmp_path: Path) -> Path:
    """The new addon, built in its own folder."""
    _run("-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=copy())
    [built] = (tmp_path / "dist").glob("*.whl")
    return built


def _own_tables(urls: Urls, tenant: str) -> list[str]:
    engine = create_engine(urls.require_owner())
    names = inspect(engine).get_table_names(schema=f"t_{tenant}")
    engine.dispose()
    return [name for name in names if name.startswith("visits_")]


def test_an_addon_from_a_wheel_is_found_migrated_and_switched_on(
    guanxi: Guanxi, wheel: Path, written: Path, tmp_path: Path, own_database: Urls
) -> None:
    site = tmp_path / "site"
    _install(wheel, site)
    there = {path.relative_to(site / "addons" / "visits").as_posix() for path in site.rglob("visits/**/*.*")}
    source = {
        path.relative_to(written).as_posix()
        for path in written.rglob("*.*")
        if path.is_file() and not {"tests", "__pycache__"} & set(path.relative_to(written).parts)
    }
    assert there == source - {"pyproject.toml"}

    def run(*words: str, language: str = "C.UTF-8") -> str:
        done = guanxi(*words, site=site, language=language)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    listed = {each["name"]: each for each in json.loads(run("addon", "list", "--json"))["addons"]}
    assert listed["visits"]["version"] == "0.1.0"
    run("init")
    for slug in ("one", "two"):
        run("tenant", "create", slug, "--name", slug, "--addon", "customer")
    run("addon", "enable", "visits", "--tenant", "one", "--yes")
    assert (_own_tables(own_database, "one"), _own_tables(own_database, "two")) == (["visits_visit"], [])
    preview = run("addon", "preview", "visits", "--tenant", "two", language="zh_CN.UTF-8")
    assert "客户走访" in preview

    (tmp_path / "c.csv").write_text("name\nLotus Tea\n")
    (tmp_path / "v.csv").write_text("subject,customer,begins_on\nTasting,Lotus Tea,2026-03-02\n")
    run("import", "customer.customer", str(tmp_path / "c.csv"), "--tenant", "one")
    run("import", "visits.visit", str(tmp_path / "v.csv"), "--tenant", "one")
    columns = ("--columns", "subject,customer,state", "--format", "csv")
    exported = run("export", "visits.visit", "--tenant", "one", *columns)
    assert exported.lstrip("\ufeff").splitlines() == ["subject,customer,state", "Tasting,Lotus Tea,planned"]
    assert guanxi("export", "visits.visit", "--tenant", "two", site=site).returncode == 1

    shutil.rmtree(site)  # uninstalled while it is on
    gone = guanxi("addon", "list", "--tenant", "one")
    assert "on, but its package is not there" in gone.stdout, gone.stderr
    off = guanxi("addon", "disable", "visits", "--tenant", "one", "--yes")
    assert off.returncode == 0, off.stderr
    assert _own_tables(own_database, "one") == ["visits_visit"]


def test_an_addon_beside_our_own_is_found_once(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    _install(wheel, site)
    monkeypatch.syspath_prepend(str(site))
    found = discover([site / "addons"])
    assert ([each.name for each in found.manifests], found.broken) == (["visits"], {})


def test_the_wheel_of_guanxi_holds_every_file(tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns("__pycache__", ".stamp")
    for name in ("core", "addons"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    wanted = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    wanted = {name for name in wanted if name.startswith(("core/", "addons/"))}
    assert {
        "core/web/templates/base.html",
        "core/kit/template/addon.toml.tmpl",
        "core/db/queue.sql",
    } <= wanted
    (tmp_path / "core" / "__pycache__").mkdir()
    (tmp_path / "core" / "__pycache__" / "old.pyc").touch()
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    _run("-c", build, cwd=tmp_path)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == wanted
