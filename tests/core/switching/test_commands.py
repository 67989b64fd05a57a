"""``guanxi addon enable``, ``disable`` and ``preview``."""

from __future__ import annotations

import json

import core.cli  # noqa: F401 - registers the commands
from tests.core.switching.conftest import Run, Site


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
