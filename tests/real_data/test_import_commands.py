"""The public sample data by command: in, in again, and out again without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.orm import Session

import core.cli  # noqa: F401 - registers the commands
from core.access.actor import OPERATOR
from core.cli.group import Work, cli
from core.db.tenancy import Tenant
from core.i18n import language, set_language
from core.kernel import Kernel
from core.resources import timeline
from core.resources.gateway import Gateway

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data"
FILES = {
    "accounts": (DATA / "pipeline" / "accounts.csv", "accounts.json", 85),
    "telco": (DATA / "telco" / "telco_customers.csv", "telco_customers.json", 7043),
    "names": (DATA / "names_gb18030.txt", "names.json", 1017),
}
#: What the record of an import itself is kept in.
OWN = ("core_import", "core_import_row", "core_change_set", "core_change_set_row")

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the sample data is not part of the repository"),
]

Committed = Callable[[], AbstractContextManager[Session]]
Run = Callable[..., Any]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, kernel: Kernel, tenants: dict[str, Tenant], committed: Committed
) -> Iterator[Run]:
    """Runs ``guanxi import`` in this process and gives what it says as JSON."""
    monkeypatch.setattr(Work, "kernel", kernel)
    monkeypatch.setattr(Work, "tenant", lambda _self, slug: tenants[slug])
    spoken = language()

    def invoke(*arguments: str | Path) -> Any:
        command = ["import", *map(str, arguments), "--tenant", "main", "--json"]
        done = CliRunner().invoke(cli, command, env={"LC_ALL": None, "LANG": "en_US.UTF-8"})
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    yield invoke
    set_language(spoken)


@pytest.fixture
def state(committed: Committed) -> Callable[[], Mapping[str, str]]:
    """A hash of every table of the tenant."""

    def hashes() -> Mapping[str, str]:
        with committed() as session:
            tables = session.scalars(
                text("select tablename from pg_tables where schemaname = current_schema() order by 1")
            ).all()
            hash_ = "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t"
            return {name: session.scalar(text(hash_.format(name))) for name in tables if name not in OWN}

    return hashes


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_in_once_and_goes_without_a_trace(
    run: Run,
    state: Callable[[], Mapping[str, str]],
    kernel: Kernel,
    committed: Committed,
    tmp_path: Path,
    name: str,
) -> None:
    file, mapping, count = FILES[name]
    customers = kernel.resources["customer.customer"]
    with committed() as session:  # somebody else's work, which stays
        [other] = customers.service.create(session, [{"name": "Somebody else"}], actor=OPERATOR)
        timeline.add_note(Gateway(session, OPERATOR), customers, other, "A note of mine.")
    before = state()
    order = (
        "customer.customer",
        file,
        "--map",
        HERE / mapping,
        "--match",
        "name",
        "--bad",
        tmp_path / "bad.csv",
    )
    first = run(*order)
    assert (first["read"], first["inserted"], first["bad"]) == (count, count, 0)
    assert not (tmp_path / "bad.csv").exists()
    with_them = state()
    second = run(*order)
    assert (second["inserted"], second["updated"], second["unchanged"]) == (0, 0, count)
    assert state() == with_them
    assert run("--undo", str(second["import"])) == {
        "import": second["import"], "restored": 0, "removed": 0, "left": 0,
    }  # fmt: skip
    assert state() == with_them
    assert run("--undo", str(first["import"]))["removed"] == count
    assert state() == before


def test_records_that_were_there_are_restored(
    run: Run, kernel: Kernel, committed: Committed, tmp_path: Path
) -> None:
    file, mapping, count = FILES["accounts"]
    customers = kernel.resources["customer.customer"]
    given = {"name": "Acme Corporation", "industry": "mining", "employees": 7, "tags": ["ours"]}
    with committed() as session:
        [head] = customers.service.create(session, [{"name": "Head"}], actor=OPERATOR)
        [number] = customers.service.create(session, [{**given, "parent": head}], actor=OPERATOR)
        before = Gateway(session, OPERATOR).get(customers, number)
    done = run("customer.customer", file, "--map", HERE / mapping, "--match", "name")
    assert (done["inserted"], done["updated"]) == (count - 1, 1)
    undone = run("--undo", str(done["import"]))
    assert (undone["restored"], undone["removed"], undone["left"]) == (1, count - 1, 0)
    with committed() as session:
        gateway = Gateway(session, OPERATOR)
        now = gateway.get(customers, number)
        notes = timeline.entries(gateway, customers, number, kinds=["note"])
    moved_on = ("version", "updated_at", "updated_by")
    assert {name: value for name, value in now.items() if name not in moved_on} == {
        name: value for name, value in before.items() if name not in moved_on
    }
    assert notes == []


def test_a_plain_import_guesses_where_the_columns_go(run: Run, kernel: Kernel, committed: Committed) -> None:
    file, _mapping, count = FILES["accounts"]
    done = run("customer.customer", file)
    assert (done["read"], done["inserted"], done["bad"]) == (count, count, 0)
    customers = kernel.resources["customer.customer"].table
    with committed() as session:
        linked = session.scalar(
            text("select count(*) from customer_customer c join customer_customer p on p.id = c.parent_id")
        )
        named = session.execute(customers.select().where(customers.c.name == "Acme Corporation")).one()
    assert linked == 15
    assert (named.employees, named.founded_year) == (2822, 1996)


def test_chinese_names_in_gb18030_are_read_as_they_are(
    run: Run, kernel: Kernel, committed: Committed, tmp_path: Path
) -> None:
    file, mapping, count = FILES["names"]
    done = run("customer.contact", file, "--map", _for_contacts(tmp_path, mapping))
    assert (done["encoding"], done["inserted"]) == ("gb18030", count)
    contacts = kernel.resources["customer.contact"].table
    with committed() as session:
        rows = session.execute(contacts.select().order_by(contacts.c.id).limit(3)).all()
    assert [(row.name, row.name_key) for row in rows] == [("王", "wang"), ("李", "li"), ("张", "zhang")]


def _for_contacts(folder: Path, mapping: str) -> Path:
    data = json.loads((HERE / mapping).read_text())
    file = folder / "contacts.json"
    file.write_text(json.dumps({"columns": data["columns"]}))
    return file
