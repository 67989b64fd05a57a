"""The whole way of a new developer, and what revisions are written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from core.db.urls import Urls
from core.kernel import OWN_ADDONS
from tests.core.kit.conftest import Copy, Guanxi

pytestmark = pytest.mark.slow

ROOT = OWN_ADDONS.parent
_NEW_FIELDS = """    number: Mapped[str] = fields.series("V-", "visits_visit_number_seq", label=_l("No."))
    customer_said: Mapped[str | None] = fields.text(100, label=_l("Notes"))
    rating: Mapped[int] = fields.integer(label=_l("State"))
    result: Mapped[str | None] = fields.choice(State, label=_l("Done"))
"""


def _unmet(guanxi: Guanxi, visits: Path) -> list[str]:
    """What a check says about models and migrations."""
    done = guanxi("addon", "check", "visits", "--json", addons=visits.parent)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)["findings"]
    return [each["problem"] for each in found if each["check"] not in ("texts", "permissions")]


def test_the_tests_of_a_new_addon_pass(written: Path) -> None:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GUANXI_"))
    }
    arguments = ["-c", str(ROOT / "pyproject.toml"), "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(written / "tests"), *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    count = (written / "tests" / "test_visits.py").read_text(encoding="utf-8").count("\ndef test_")
    assert f"{count} passed" in done.stdout


def test_from_a_new_addon_to_its_second_revision(guanxi: Guanxi, copy: Copy, own_database: Urls) -> None:
    visits = copy()

    def run(*words: str) -> str:
        done = guanxi(*words, addons=visits.parent)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def columns(tenant: str) -> set[str]:
        engine = create_engine(own_database.require_owner())
        with engine.connect() as connection:
            there = inspect(connection).has_table("visits_visit", schema=f"t_{tenant}")
            found = inspect(connection).get_columns("visits_visit", schema=f"t_{tenant}") if there else []
        engine.dispose()
        return {each["name"] for each in found}

    run("init")
    for slug in ("one", "two"):
        run("tenant", "create", slug, "--name", slug, "--addon", "customer")
    run("addon", "enable", "visits", "--tenant", "one")
    assert "begins_on" in columns("one")
    assert columns("two") == set()
    assert "agree; there is nothing to write" in run("addon", "makemigration", "visits", "-m", "nothing")

    models = visits / "models.py"
    source = models.read_text(encoding="utf-8")
    models.write_text(
        source.replace("    notes: Mapped", f"{_NEW_FIELDS}    remarks: Mapped").replace(
            '    DONE = "done"', '    GIVEN_UP = "given_up", _l("Done"), "mute"\n    DONE = "done"'
        )
    )
    (visits / "resources.py").write_text(
        (visits / "resources.py").read_text().replace('"notes"', '"remarks"')
    )
    done = guanxi("addon", "makemigration", "visits", "-m", 'rate "visits".', addons=visits.parent)
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert path == visits / "migrations" / "0002_rate_visits.py"
    assert (
        "In visits_visit, notes goes and number, customer_said, rating, result, remarks comes" in done.stderr
    )
    assert "visits_visit.rating must not be empty, so the revision fails where there are rows" in done.stderr
    written = path.read_text(encoding="utf-8")
    assert written.startswith('"""Rate \'visits\'."""\n')
    assert 'op.execute("create sequence visits_visit_number_seq")' in written
    assert "\"state in ('planned', 'overdue', 'given_up', 'done')\"" in written
    assert "\"state in ('planned', 'overdue', 'done')\"" in written
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        options = [*command, "--config", str(ROOT / "pyproject.toml"), str(path)]
        styled = subprocess.run(
            [sys.executable, "-m", "ruff", *options], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert styled.returncode == 0, styled.stdout

    assert _unmet(guanxi, visits) == []
    run("upgrade")
    assert {"number", "rating", "result", "remarks"} <= columns("one")
    assert "notes" not in columns("one")
    assert columns("two") == set()


def test_a_model_that_is_gone_takes_its_table_along(guanxi: Guanxi, copy: Copy) -> None:
    visits = copy()
    for name in ("models.py", "resources.py", "services.py", "permissions.py", "hooks.py", "jobs.py"):
        (visits / name).unlink()
    shutil.rmtree(visits / "tests")
    done = guanxi("addon", "makemigration", "visits", "-m", "forget visits", addons=visits.parent)
    assert done.returncode == 0, done.stderr
    assert "The table visits_visit goes with all its rows" in done.stderr
    written = Path(done.stdout.strip()).read_text(encoding="utf-8")
    assert 'op.drop_table("visits_visit")' in written.partition("def downgrade")[0]
    assert 'op.create_table(\n        "visits_visit"' in written.partition("def downgrade")[2]
    assert _unmet(guanxi, visits) == []


@pytest.mark.parametrize("name", ["customer", "core", "platform"])
def test_models_and_migrations_of_ours_agree(guanxi: Guanxi, name: str) -> None:
    assert guanxi("init").returncode == 0
    done = guanxi("addon", "makemigration", name, "-m", "nothing")
    assert (done.returncode, done.stdout) == (
        0,
        f"Models and migrations of {name} agree; there is nothing to write.\n",
    ), done.stdout + done.stderr


def test_an_addon_that_does_not_load_gets_no_revision(guanxi: Guanxi, copy: Copy) -> None:
    visits = copy()
    (visits / "models.py").write_text("klass")
    done = guanxi("addon", "makemigration", "visits", "-m", "x", addons=visits.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert "NameError" in done.stderr
    assert len(list((visits / "migrations").glob("0*.py"))) == 1
