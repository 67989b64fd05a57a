"""``guanxi addon enable``, ``disable`` and ``preview``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import core.cli  # noqa: F401 - registers the commands
from core.cli.group import cli
from core.i18n import language, set_language
from tests.core.switching.conftest import Site

Run = Callable[..., Result]


@pytest.fixture
def run(site: Site, addons_folder: Path) -> Iterator[Run]:
    """Runs ``guanxi addon`` as an operator would."""
    spoken = language()

    def invoke(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - click's word
        environ = {
            "LC_ALL": "C.UTF-8",
            "GUANXI_DATA": str(site.folder),
            "GUANXI_DATABASE_URL": site.urls.app,
            "GUANXI_OWNER_DATABASE_URL": site.urls.require_owner(),
            "GUANXI_ADDONS_PATH": str(addons_folder),
        }
        return CliRunner().invoke(cli, ("addon", *arguments), input=input, env=environ)

    yield invoke
    set_language(spoken)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits before it."""
    monkeypatch.setattr("core.cli.switching.sys", _Terminal())


class _Terminal:
    class stdin:  # noqa: N801 - stands for the module's
        @staticmethod
        def isatty() -> bool:
            return True


def test_the_preview_is_for_programs_too(site: Site, run: Run) -> None:
    tenant = site.tenant()
    done = run("preview", "stairs", "--tenant", tenant.slug, "--json")
    assert done.exit_code == 0, (done.stderr, done.exception)
    found = json.loads(done.stdout)
    assert (found["addon"], found["on"], found["needs"]) == ("stairs", False, ["cellar"])
    assert [each["revision"] for each in found["revisions"]] == ["0001", "0002"]
    assert found["parts"]["menu"][0] == {
        "name": "/cellar/barrels",
        "title": "Barrels of the house",
        "more": "House",
    }
    shown = run("preview", "stairs", "--tenant", tenant.slug).stdout
    assert "With it comes what it needs: Cellar (cellar)" in shown
    assert "GET /api/v1/cellar/barrels" in shown
    assert site.stored(tenant) == tenant


def test_what_is_needed_comes_on_only_when_told(site: Site, run: Run) -> None:
    tenant = site.tenant()
    refused = run("enable", "stairs", "--tenant", tenant.slug, "--yes")
    assert (refused.exit_code, refused.stderr) == (1, "Error: Switch on cellar first.\n")
    assert site.stored(tenant) == tenant
    done = run("enable", "stairs", "--tenant", tenant.slug, "--with-needs")
    assert done.exit_code == 0, done.stderr
    assert "Barrels of the house" in done.stdout
    assert site.stored(tenant).addons == {"cellar", "stairs"}


def test_a_terminal_is_asked(site: Site, run: Run, terminal: None) -> None:
    tenant = site.tenant()
    enable, disable = (("enable", "stairs"), ("disable", "stairs"))
    refused = run(*enable, "--tenant", tenant.slug, input="n\n")
    assert refused.exit_code == 1
    assert "Switch it on?" in refused.stdout
    assert site.stored(tenant) == tenant
    assert run(*enable, "--tenant", tenant.slug, input="y\n").exit_code == 0
    on = site.stored(tenant)
    assert on.addons == {"cellar", "stairs"}
    assert run(*disable, "--tenant", tenant.slug, input="n\n").exit_code == 1
    assert site.stored(tenant) == on
    assert "Switch it off?" not in run(*disable, "--tenant", tenant.slug, "--yes").stdout
    assert site.stored(tenant).addons == {"cellar"}


def test_why_one_cannot_be_loaded_is_for_the_operators_eyes(site: Site, run: Run) -> None:
    tenant = site.tenant("cellar", "balcony")
    for what in ("enable", "preview"):
        refused = run(what, "balcony", "--tenant", site.tenant().slug)
        assert refused.exit_code == 1
        assert "models.py" in refused.stderr
    shown = run("preview", "balcony", "--tenant", tenant.slug)
    assert "models.py" in shown.stdout
    assert run("disable", "balcony", "--tenant", tenant.slug).exit_code == 0
    assert site.stored(tenant).addons == {"cellar"}
