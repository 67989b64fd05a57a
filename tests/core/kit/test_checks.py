"""Checking an addon: what is whole is left alone, what is broken is told by file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from core.db.urls import Urls
from tests.core.kit.conftest import Copy, Guanxi

pytestmark = pytest.mark.slow

#: Edits the file of an addon: ``edit("models.py", "old", "new")``.
Edit = Callable[[str, str, str], None]


@pytest.fixture
def visits(copy: Copy) -> Path:
    """A copy of the new addon."""
    return copy()


@pytest.fixture
def edit(visits: Path) -> Edit:
    """Changes a file of the copy."""

    def change(name: str, old: str, new: str) -> None:
        path = visits / name
        source = path.read_text(encoding="utf-8")
        assert old in source
        path.write_text(source.replace(old, new, 1), encoding="utf-8")

    return change


def _checked(guanxi: Guanxi, visits: Path) -> set[tuple[str, str, str]]:
    """``{(check, file:line, problem)}``; each comes with advice."""
    done = guanxi("addon", "check", "visits", "--json", addons=visits.parent)
    assert done.stdout, done.stderr
    answer = json.loads(done.stdout)
    assert done.returncode == (1 if answer["findings"] else 0)
    assert answer["addon"] == "visits"
    assert all(each["advice"] for each in answer["findings"])
    return {
        (each["check"], f"{Path(each['path']).relative_to(visits)}:{each['line']}", each["problem"])
        for each in answer["findings"]
    }


def _line(path: Path, words: str) -> int:
    [number] = [number for number, line in enumerate(path.read_text().splitlines(), 1) if words in line]
    return number


def test_a_new_addon_and_our_own_have_nothing_to_mend(guanxi: Guanxi, written: Path) -> None:
    done = guanxi("addon", "check", "visits", addons=written.parent)
    assert (done.returncode, done.stdout) == (0, "visits: nothing to mend.\n"), done.stdout + done.stderr
    done = guanxi("addon", "check", "customer", language="zh_CN.UTF-8")
    assert (done.returncode, done.stdout) == (0, "customer：没有需要修正的地方。\n"), (
        done.stdout + done.stderr
    )


def test_what_is_no_addon_is_told(guanxi: Guanxi) -> None:
    done = guanxi("addon", "check", "nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no addon “nothing”." in done.stderr
    assert "GUANXI_ADDONS_PATH" in done.stderr


def test_each_defect_is_found_in_its_line(guanxi: Guanxi, visits: Path, edit: Edit) -> None:
    edit("addon.toml", 'licence = "Apache-2.0"\n', "")
    edit("addon.toml", 'version = "0.1.0"', 'version = "first"')
    edit("services.py", "from core.db.session", "from core.kernel import Kernel\nfrom core.db.session")
    edit("services.py", "today = ", 'session.execute("update core_user set name = 1")\n    today = ')
    edit("permissions.py", '"read export"', '"read export fly"')
    edit("hooks.py", 'actor.may(own.name, "read")', 'actor.may("visits.visitt", "read")')
    edit("hooks.py", '_("Nothing here yet.")', '_("No visit yet.")')
    edit("models.py", '"overdue", _l("Overdue"), "bad"', '"late", _l("Overdue"), "bad"')
    edit("models.py", "fields.text(200,", "fields.text(150,")
    model = f"models.py:{_line(visits / 'models.py', 'visits_visit')}"
    says = "No migration does what the models say: "
    said = "\"state in ('planned', 'late', 'done')\""
    found = _checked(guanxi, visits)
    assert {each for each in found if each[0] != "migrations"} == {
        ("manifest", "addon.toml:1", "The addon says nothing about its licence."),
        ("manifest", "addon.toml:4", "“first” is no version."),
        (
            "imports",
            f"services.py:{_line(visits / 'services.py', 'core.kernel')}",
            "core.kernel.Kernel is the core's own affair.",
        ),
        (
            "tables",
            f"services.py:{_line(visits / 'services.py', 'core_user')}",
            "It changes core_user, which is no table of visits.",
        ),
        (
            "permissions",
            f"permissions.py:{_line(visits / 'permissions.py', 'fly')}",
            "Nothing called “fly” can be done with visits.visit.",
        ),
        (
            "permissions",
            f"hooks.py:{_line(visits / 'hooks.py', 'visitt')}",
            "There is no resource “visits.visitt”.",
        ),
        ("texts", f"hooks.py:{_line(visits / 'hooks.py', 'No visit')}", "no Chinese for “No visit yet.”"),
    }
    typed = "existing_type=sa.VARCHAR(length=200), type_=sa.String(length=150), existing_nullable=False"
    named = 'op.f("ck_visits_visit_state"), "visits_visit"'
    assert {each for each in found if each[0] == "migrations"} == {
        ("migrations", model, f'{says}op.drop_constraint({named}, type_="check")'),
        ("migrations", model, f"{says}op.create_check_constraint({named}, {said})"),
        ("migrations", model, f'{says}op.alter_column("visits_visit", "subject", {typed})'),
    }


def test_a_menu_that_leads_nowhere_is_found(guanxi: Guanxi, visits: Path, edit: Edit) -> None:
    edit("hooks.py", 'resource = "visits.visit"', 'resource = "visits.gone"')
    [(check, place, problem)] = _checked(guanxi, visits)
    assert (check, place) == ("loading", f"hooks.py:{_line(visits / 'hooks.py', 'visits.gone')}")
    assert "there is no resource “visits.gone” for this; there are visits.visit" in problem


def test_missing_texts_are_put_into_the_catalogue(guanxi: Guanxi, visits: Path, edit: Edit) -> None:
    edit("hooks.py", '_("Nothing here yet.")', '_("No visit yet.")')
    done = guanxi("addon", "check", "visits", "--add-texts", addons=visits.parent)
    assert (done.returncode, done.stderr) == (1, "1 finding.\n")
    assert "no Chinese for “No visit yet.”" in done.stdout
    edit(
        "translations/zh/LC_MESSAGES/visits.po",
        'msgid "No visit yet."\nmsgstr ""',
        'msgid "No visit yet."\nmsgstr "没有"',
    )
    assert _checked(guanxi, visits) == set()


def test_an_addon_that_does_not_load_says_where(guanxi: Guanxi, visits: Path, edit: Edit) -> None:
    edit("resources.py", '"subject", "customer", "state", "begins_on"', '"subjekt"')
    edit(
        "jobs.py",
        "from core.jobs import",
        "from addons.customer import services as theirs\nfrom core.jobs import",
    )
    found = _checked(guanxi, visits)
    assert {each[0] for each in found} == {"loading", "imports"}
    assert any("VisitResource.list_columns names “subjekt”" in each[2] for each in found)
    edit("services.py", "class ", "klass ")
    assert {each[0] for each in _checked(guanxi, visits)} >= {"loading", "syntax"}
    (visits / "addon.toml").write_text("name = ")
    [(check, place, _problem)] = _checked(guanxi, visits)
    assert (check, place) == ("loading", "addon.toml:1")


MIGRATION = "migrations/0001_create_the_tables_of_visits.py"


def test_a_migration_keeps_to_its_own_tables_and_can_be_undone(
    guanxi: Guanxi, visits: Path, edit: Edit
) -> None:
    foreign = 'op.add_column("customer_customer", sa.Column("visits", sa.Integer()))'
    edit(MIGRATION, "    op.create_table(", f"    {foreign}\n    op.create_table(")
    found = _checked(guanxi, visits)
    line = _line(visits / MIGRATION, '"customer_customer", sa')
    assert found == {
        ("tables", f"{MIGRATION}:{line}", "It changes customer_customer, which is no table of visits."),
        (
            "migrations",
            f"{MIGRATION}:{_line(visits / MIGRATION, 'def downgrade')}",
            "After its downgrade, this is not as before: customer_customer.visits.",
        ),
        (
            "migrations",
            f"{MIGRATION}:{_line(visits / MIGRATION, foreign)}",
            'It fails: DuplicateColumn: column "visits" of relation "customer_customer" already exists',
        ),
    }


def test_a_migration_that_fails_is_told_with_its_line(guanxi: Guanxi, visits: Path, edit: Edit) -> None:
    edit(MIGRATION, "    op.create_table(", "    1 / 0\n    op.create_table(")
    [(check, place, problem)] = _checked(guanxi, visits)
    assert (check, problem) == ("migrations", "It fails: ZeroDivisionError: division by zero")
    assert place == f"{MIGRATION}:{_line(visits / MIGRATION, '1 / 0')}"


def test_two_newest_revisions_are_told(guanxi: Guanxi, visits: Path) -> None:
    for number in ("0002", "0003"):
        source = "def upgrade(): ...\ndef downgrade(): ...\n"
        (visits / "migrations" / f"{number}_more.py").write_text(
            f"revision = '{number}'\ndown_revision = '0001'\n{source}"
        )
    [(check, place, problem)] = _checked(guanxi, visits)
    assert (check, place) == ("migrations", "migrations:1")
    assert problem == "There are several newest revisions: 0002, 0003."
    done = guanxi("addon", "makemigration", "visits", "-m", "x", addons=visits.parent)
    assert done.returncode == 1
    assert "several newest revisions: 0002, 0003" in done.stderr


def test_a_check_leaves_nothing_in_the_database(guanxi: Guanxi, visits: Path, own_database: Urls) -> None:
    assert _checked(guanxi, visits) == set()
    engine = create_engine(own_database.require_owner())
    with engine.connect() as connection:
        schemas = connection.scalars(text("select nspname from pg_namespace where nspname !~ '^pg_'"))
        assert set(schemas) <= {"public", "information_schema", "platform", "queue"}
    engine.dispose()
