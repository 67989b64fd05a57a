"""The commands one by one, in this process, on a database of their own."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

import core.cli  # noqa: F401 - registers the commands
from core.cli.group import cli
from core.db.urls import Urls
from core.i18n import language, set_language

PASSWORD = "a long enough password\n"

Run = Callable[..., Result]


def _commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if command.hidden:  # a part of another one
        return
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _commands(below, (*path, name))


_ALL = dict(_commands(cli))
_LEAVES = [path for path, command in _ALL.items() if not isinstance(command, click.Group)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The operator's data folder."""
    return tmp_path / "data"


@pytest.fixture
def run(own_database: Urls, data: Path) -> Iterator[Run]:
    """Runs ``guanxi`` as an operator would, with the two logins in the environment."""
    spoken = language()

    def invoke(*arguments: str, input: str | None = None, **environ: str) -> Result:  # noqa: A002 - click's word
        usual = {
            "LC_ALL": "C.UTF-8",
            "LANG": "",
            "GUANXI_DATA": str(data),
            "GUANXI_DATABASE_URL": own_database.app,
            "GUANXI_OWNER_DATABASE_URL": own_database.require_owner(),
        }
        return CliRunner().invoke(cli, arguments, input=input, env={**usual, **environ})

    yield invoke
    set_language(spoken)


@pytest.fixture
def prepared(run: Run) -> Run:
    """``run`` where ``init`` has been done and the tenant ``acme`` is there, with nothing but the core on."""
    assert run("init").exit_code == 0
    if "acme" not in {each["slug"] for each in _json(run("tenant", "list", "--json"))}:
        done = run("tenant", "create", "acme", "--name", "Acme", "--lang", "en", "--no-addons")
        assert (done.exit_code, done.stdout) == (0, "Tenant acme is ready.\n")
    return run


def _json(done: Result) -> Any:
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def _refused(done: Result, *words: str) -> None:
    """One clear line on standard error, nothing on standard output, exit 1."""
    assert done.exit_code == 1, done.output
    assert done.stdout == ""
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert re.fullmatch(r"Error: [^\n]+\n", done.stderr), done.stderr
    for word in words:
        assert word in done.stderr


# Help and usage


@pytest.mark.parametrize("path", _ALL, ids=" ".join)
def test_every_command_explains_itself_with_an_example(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, [*path, "--help"])
    assert (done.exit_code, done.stderr) == (0, "")
    if path in _LEAVES:
        assert f"guanxi {' '.join(path)}" in done.stdout.partition("Example:")[2]


@pytest.mark.parametrize("path", _LEAVES, ids=" ".join)
def test_an_unknown_option_is_wrong_usage(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, [*path, "--nothing-like-this"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "No such option" in done.stderr


def test_an_unknown_command_and_a_missing_option_are_wrong_usage(run: Run) -> None:
    for arguments in (
        ("nothing",),
        ("tenant", "create", "acme"),
        ("user", "create", "a@b.example"),
        ("tenant",),
    ):
        done = run(*arguments)
        assert done.exit_code == 2, arguments


# The database


def test_a_database_that_was_not_prepared_says_what_to_run(run: Run) -> None:
    _refused(run("tenant", "list"), "guanxi init")


def test_init_is_repeatable(prepared: Run, own_database: Urls) -> None:
    engine = create_engine(own_database.require_owner())
    with engine.connect() as connection:
        number = connection.scalar(text("select id from platform.installation"))
    assert [prepared("init").exit_code for _ in range(2)] == [0, 0]
    with engine.connect() as connection:
        assert connection.scalar(text("select id from platform.installation")) == number
    engine.dispose()


@pytest.mark.parametrize(
    "arguments",
    [("tenant", "list"), ("init",), ("doctor",), ("unit", "list", "--tenant", "acme"), ("upgrade",)],
)
def test_a_dead_database_is_said_in_one_line(run: Run, arguments: tuple[str, ...]) -> None:
    dead = "postgresql://nobody@127.0.0.1:1/nothing"
    done = run(*arguments, GUANXI_DATABASE_URL=dead, GUANXI_OWNER_DATABASE_URL=dead)
    _refused(done, "The database cannot be reached", "Connection refused")


def test_a_sentence_comes_in_the_operators_language(run: Run) -> None:
    dead = "postgresql://nobody@127.0.0.1:1/nothing"
    done = run(
        "tenant", "list", GUANXI_DATABASE_URL=dead, GUANXI_OWNER_DATABASE_URL=dead, LC_ALL="zh_CN.UTF-8"
    )
    assert done.exit_code == 1
    assert "数据库" in done.stderr


def test_what_needs_the_owner_says_so(run: Run) -> None:
    _refused(run("tenant", "list", GUANXI_OWNER_DATABASE_URL=""), "GUANXI_OWNER_DATABASE_URL")


def test_a_wrong_environment_is_said_in_one_line(run: Run) -> None:
    _refused(run("tenant", "list", GUANXI_PORT="many"), "GUANXI_PORT")


# Tenants


def test_a_tenant_is_created_listed_suspended_resumed_and_deleted(prepared: Run) -> None:
    done = prepared("tenant", "create", "trial", "--name", "Trial 试用", "--host", "Trial.Example")
    assert done.exit_code == 0
    tenants = {each["slug"]: each for each in _json(prepared("tenant", "list", "--json"))}
    assert tenants["trial"] == {
        "slug": "trial",
        "name": "Trial 试用",
        "state": "active",
        "held": False,
        "addons": ["customer"],
    }
    assert "trial" in prepared("tenant", "list").stdout
    for command, state in (("suspend", "suspended"), ("resume", "active")):
        assert prepared("tenant", command, "trial").exit_code == 0
        tenants = {each["slug"]: each for each in _json(prepared("tenant", "list", "--json"))}
        assert tenants["trial"]["state"] == state
    done = prepared("tenant", "delete", "trial", input="another\n")
    assert done.exit_code == 1
    assert "nothing was deleted" in done.stderr
    assert "trial" in prepared("tenant", "list").stdout
    assert prepared("tenant", "delete", "trial", input="trial\n").exit_code == 0
    assert "trial" not in {each["slug"] for each in _json(prepared("tenant", "list", "--json"))}


def test_a_deleted_tenant_leaves_neither_schema_nor_role_nor_files(
    prepared: Run, own_database: Urls, data: Path
) -> None:
    assert prepared("tenant", "create", "gone", "--name", "Gone").exit_code == 0
    engine = create_engine(own_database.require_owner())
    with engine.connect() as connection:
        statement = text("select id, schema, role from platform.tenant where slug = 'gone'")
        number, schema, role = connection.execute(statement).one()
    files = data / "files" / str(number)
    files.mkdir(parents=True)
    (files / "attachment").write_text("x")
    assert prepared("tenant", "delete", "gone", "--yes").exit_code == 0
    assert not files.exists()
    with engine.connect() as connection:
        found = "select count(*) from pg_namespace where nspname = :schema"
        assert connection.scalar(text(found), {"schema": schema}) == 0
        assert (
            connection.scalar(text("select count(*) from pg_roles where rolname = :role"), {"role": role})
            == 0
        )
    engine.dispose()
    assert prepared("tenant", "create", "gone", "--name", "Again").exit_code == 0
    assert prepared("tenant", "delete", "gone", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("acme", "--name", "Acme"), ["“acme”"]),
        (("Acme", "--name", "Acme"), ["slug:"]),
        (("a", "--name", "Acme"), ["slug:"]),
        (("9lives", "--name", "Acme"), ["slug:"]),
        (("x" * 42, "--name", "Acme"), ["slug:"]),
        (("t_x; drop schema platform", "--name", "Acme"), ["slug:"]),
        (("other", "--name", " "), ["name:"]),
        (("other", "--name", "x" * 201), ["name:"]),
        (("other", "--name", "Acme", "--timezone", "Mars/Olympus"), ["timezone:", "Mars/Olympus"]),
        (("other", "--name", "Acme", "--timezone", "../../etc/passwd"), ["timezone:"]),
        (("other", "--name", "Acme", "--country", "China"), ["country:"]),
        (("other", "--name", "Acme", "--host", "not a host"), ["host:"]),
        (("other", "--name", "Acme", "--host", "crm.example:8000"), ["host:"]),
        (("other", "--name", "Acme", "--addon", "nothing"), ["“nothing”"]),
        (("platform", "--name", "Acme"), ["“platform”"]),
    ],
)
def test_a_tenant_that_cannot_be_is_refused(
    prepared: Run, arguments: tuple[str, ...], words: list[str]
) -> None:
    before = prepared("tenant", "list", "--json").stdout
    _refused(prepared("tenant", "create", *arguments), *words)
    assert prepared("tenant", "list", "--json").stdout == before


def test_a_host_and_the_default_belong_to_one_tenant_only(prepared: Run) -> None:
    assert prepared(
        "tenant", "create", "first", "--name", "F", "--host", "crm.example", "--default", "--no-addons"
    ).exit_code == 0  # fmt: skip
    _refused(prepared("tenant", "create", "second", "--name", "S", "--host", "CRM.example."), "crm.example")
    _refused(prepared("tenant", "create", "second", "--name", "S", "--default"), "“first”")
    assert prepared("tenant", "delete", "first", "--yes").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("tenant", "suspend", "nobody"),
        ("tenant", "resume", "nobody"),
        ("tenant", "delete", "nobody", "--yes"),
        ("addon", "list", "--tenant", "nobody"),
        ("addon", "enable", "customer", "--tenant", "nobody"),
        ("addon", "disable", "customer", "--tenant", "nobody"),
        ("unit", "list", "--tenant", "nobody"),
        ("unit", "create", "x", "--name", "X", "--tenant", "nobody"),
        ("user", "disable", "a@b.example", "--tenant", "nobody"),
        ("token", "create", "a@b.example", "--name", "x", "--tenant", "nobody"),
        ("demo", "load", "--tenant", "nobody"),
    ],
    ids=" ".join,
)
def test_a_tenant_that_is_not_there_is_named(prepared: Run, arguments: tuple[str, ...]) -> None:
    _refused(prepared(*arguments), "There is no tenant “nobody”.")


# Addons


def test_an_addon_is_switched_on_and_off_and_keeps_its_data(prepared: Run, own_database: Urls) -> None:
    def on() -> list[str]:
        found = _json(prepared("addon", "list", "--tenant", "acme", "--json"))
        return [each["name"] for each in found["addons"] if each["on"]]

    assert on() == []
    _refused(prepared("addon", "disable", "customer", "--tenant", "acme"), "customer is not on")
    assert prepared("addon", "enable", "customer", "--tenant", "acme").exit_code == 0
    assert on() == ["customer"]
    engine = create_engine(own_database.require_owner())
    with engine.begin() as connection:
        connection.execute(
            text("insert into t_acme.customer_customer (name, name_key, number) values ('A', 'a', 'C1')")
        )
    assert prepared("addon", "enable", "customer", "--tenant", "acme").exit_code == 0
    assert prepared("addon", "disable", "customer", "--tenant", "acme").exit_code == 0
    assert on() == []
    with engine.begin() as connection:
        assert connection.scalar(text("select count(*) from t_acme.customer_customer")) == 1
        connection.execute(text("delete from t_acme.customer_customer"))
    engine.dispose()


def test_hooks_are_told_with_who_joins_in_and_how_they_fare(prepared: Run, own_database: Urls) -> None:
    found = {each["hook"]: each for each in _json(prepared("addon", "hooks", "--json"))}
    assert {"home_cards", "menu_items", "convert_lead"} <= set(found)
    assert (found["convert_lead"]["decides"], found["home_cards"]["decides"]) == (True, False)
    addons = [each["addon"] for each in found["menu_items"]["implementations"]]
    assert addons == ["core", "customer", "industry_tradefair"]
    assert found["home_cards"]["implementations"][0]["calls"] == 0
    engine = create_engine(own_database.require_owner())
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into platform.hook_tally"
                " (addon, hook, calls, seconds, longest_seconds, failures, error)"
                " values ('customer', 'home_cards:my-day', 4, 0.1, 0.05, 1, 'KeyError')"
            )
        )
    engine.dispose()
    told = prepared("addon", "hooks", "home_cards").stdout.splitlines()
    assert told[0] == "home_cards(session, actor)  [isolated]"
    assert told[1] == "  Give cards (Panel) for the home page."
    assert [" ".join(each.split()) for each in told[2:4]] == [
        "- customer.my-day 4 calls, 25 ms at the mean, 50 ms at most, 1 failed, the last time with KeyError",
        "- customer.my-customers 0 calls",
    ]
    _refused(prepared("addon", "hooks", "home_kards"), "There is no hook “home_kards”.")


def test_slots_are_told_with_what_stands_there(prepared: Run) -> None:
    [panels] = _json(prepared("addon", "slots", "record_panels", "--json"))
    assert [each["id"] for each in panels["standing"]][:3] == [
        "core.details",
        "customer.conversion",
        "customer.contacts",
    ]
    told = prepared("addon", "slots").stdout
    assert "customer.addresses" in told
    assert "instead of customer.customer.addresses" in told
    assert "menu_items core.settings" in told
    _refused(prepared("addon", "slots", "record_pannels"), "There is no place “record_pannels”.")


@pytest.mark.parametrize("name", ["nothing", "core"])
def test_what_is_no_addon_cannot_be_switched(prepared: Run, name: str) -> None:
    _refused(prepared("addon", "enable", name, "--tenant", "acme"), f"There is no addon “{name}”.")
    _refused(prepared("addon", "disable", name, "--tenant", "acme"), name)
    _refused(prepared("addon", "makemigration", "nothing", "-m", "x"), "There is no addon “nothing”.")


_FOLDER_ADDON = 'name = "{name}"\ntitle = "T"\nsummary = "S"\nversion = "1"\ndepends = {depends}\n'
_FAILING = "revision, down_revision = '0001', None\ndef upgrade():\n    1 / 0\ndef downgrade(): ...\n"


def test_needs_and_dependents_are_kept_and_a_broken_addon_is_told(prepared: Run, tmp_path: Path) -> None:
    for name, depends in (
        ("ground", "[]"),
        ("floor_one", '["ground"]'),
        ("roof", '["floor_one"]'),
        ("broken", "["),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "addon.toml").write_text(_FOLDER_ADDON.format(name=name, depends=depends))
    (tmp_path / "roof" / "migrations").mkdir()
    (tmp_path / "roof" / "migrations" / "0001_fail.py").write_text(_FAILING)

    def guanxi(*arguments: str) -> Result:
        return prepared(*arguments, GUANXI_ADDONS_PATH=str(tmp_path))

    def switch(what: str, name: str) -> Result:
        return guanxi("addon", what, name, "--tenant", "acme")

    assert "broken" in _json(guanxi("addon", "list", "--json"))["quarantined"]
    assert "addon.toml" in guanxi("addon", "list").stdout
    _refused(switch("enable", "broken"), "addon.toml")
    _refused(switch("enable", "floor_one"), "Switch on ground first.")
    done = guanxi("tenant", "create", "needy", "--name", "N", "--addon", "floor_one")
    _refused(done, "floor_one needs ground.")
    assert [switch("enable", name).exit_code for name in ("ground", "floor_one")] == [0, 0]
    _refused(switch("disable", "ground"), "Switch off floor_one first.")
    _refused(switch("enable", "roof"), "roof", "ZeroDivisionError")
    assert [switch("disable", name).exit_code for name in ("floor_one", "ground")] == [0, 0]
    done = guanxi("doctor")
    assert done.exit_code == 1
    assert "addon.toml" in done.stdout


# People


def test_people_units_and_tokens_are_made(prepared: Run, own_database: Urls) -> None:
    acme = ("--tenant", "acme")
    assert prepared("unit", "create", "hq", *acme, "--name", "Head office").exit_code == 0
    assert prepared("unit", "create", "east", *acme, "--name", "East", "--parent", "hq").exit_code == 0
    units = _json(prepared("unit", "list", *acme, "--json"))
    assert units == [
        {"code": "east", "name": "East", "parent": "hq"},
        {"code": "hq", "name": "Head office", "parent": None},
    ]
    assert "under hq" in prepared("unit", "list", *acme).stdout
    _refused(prepared("unit", "move", "hq", *acme, "--parent", "east"), "below itself")
    _refused(prepared("unit", "move", "east", *acme, "--parent", "west"), "“west”")
    _refused(prepared("unit", "create", "hq", *acme, "--name", "Again"), "code")
    create = ("user", "create", "ada@acme.example", *acme, "--name", "Ada", "--password-stdin", "--role")
    assert prepared(*create, "sales_supervisor", "--unit", "east", input=PASSWORD).exit_code == 0
    _refused(prepared(*create, "analyst", input=PASSWORD), "email")
    made = prepared("token", "create", "ada@acme.example", *acme, "--name", "nightly")
    assert re.fullmatch(r"gx_[A-Za-z0-9_-]{43}\n", made.stdout)
    assert prepared("user", "disable", "Ada@Acme.example", *acme).exit_code == 0
    engine = create_engine(own_database.require_owner())
    with engine.connect() as connection:
        rows = connection.execute(text("select email, archived_at is not null from t_acme.core_user")).all()
        assert [tuple(row) for row in rows] == [("ada@acme.example", True)]
        roles = connection.execute(text("select role from t_acme.core_role_assignment")).scalars().all()
        assert roles == ["sales_supervisor"]
    engine.dispose()


@pytest.mark.parametrize(
    ("email", "role", "more", "password", "word"),
    [
        ("no address", "analyst", (), PASSWORD, "email"),
        ("bob@acme.example", "boss", (), PASSWORD, "boss"),
        ("bob@acme.example", "analyst", ("--unit", "nowhere"), PASSWORD, "nowhere"),
        ("bob@acme.example", "analyst", (), "short\n", "password"),
        ("bob@acme.example", "analyst", (), "", "password"),
    ],
)
def test_a_user_that_cannot_be_is_refused_whole(
    prepared: Run, own_database: Urls, email: str, role: str, more: tuple[str, ...], password: str, word: str
) -> None:
    create = (
        "user",
        "create",
        email,
        "--tenant",
        "acme",
        "--name",
        "Bob",
        "--password-stdin",
        "--role",
        role,
    )
    _refused(prepared(*create, *more, input=password), word)
    engine = create_engine(own_database.require_owner())
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from t_acme.core_user where name = 'Bob'")) == 0
    engine.dispose()


def test_a_user_that_is_not_there_is_named(prepared: Run) -> None:
    for line in ("user disable", "token create --name x"):
        _refused(prepared(*line.split(), "nobody@acme.example", "--tenant", "acme"), "nobody@acme.example")


def test_a_platform_administrator_is_made_once_and_may_get_a_new_password(
    prepared: Run, own_database: Urls
) -> None:
    create = ("platform-admin", "create", "Ops@example.com", "--password-stdin")
    assert [prepared(*create, input=PASSWORD).exit_code for _ in range(2)] == [0, 0]
    _refused(prepared(*create, input="short\n"), "password")
    engine = create_engine(own_database.require_owner())
    with engine.connect() as connection:
        found = connection.execute(text("select email from platform.administrator")).scalars().all()
        assert found == ["ops@example.com"]
    engine.dispose()


# The server and the doctor


@pytest.mark.parametrize("command", ["serve", "web", "quickstart"])
def test_a_port_in_use_is_said_before_anything_is_started(prepared: Run, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _refused(prepared(command, "--port", str(port)), str(port), "GUANXI_PORT")


def test_the_doctor_finds_a_prepared_deployment_well(prepared: Run) -> None:
    done = prepared("doctor")
    assert done.exit_code == 0, done.stdout
    assert "PostgreSQL: 1" in done.stdout
    assert "✗" not in done.stdout
    rows = _json(prepared("doctor", "--json"))
    assert all(row["advice"] == "" for row in rows)


def test_the_doctor_warns_of_a_login_that_may_too_much(prepared: Run, own_database: Urls) -> None:
    done = prepared("doctor", GUANXI_DATABASE_URL=own_database.require_owner())
    assert done.exit_code == 1
    assert "NOINHERIT" in done.stdout


def test_the_samples_are_loaded_once_and_unloaded_again(prepared: Run) -> None:
    _refused(prepared("demo", "load", "--tenant", "nobody"), "nobody")
    assert prepared("tenant", "create", "sampled", "--name", "S").exit_code == 0
    assert prepared("demo", "load", "--tenant", "sampled").exit_code == 0
    _refused(prepared("demo", "load", "--tenant", "sampled"), "loaded already")
    assert _json(prepared("demo", "unload", "--tenant", "sampled", "--json")) == {"left": {}}
    _refused(prepared("demo", "unload", "--tenant", "sampled"), "no sample data")
    plan = prepared("upgrade", "--plan")
    assert "sampled: up to date" in plan.stdout
    assert prepared("tenant", "delete", "sampled", "--yes").exit_code == 0
