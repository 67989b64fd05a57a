"""The public sample data, imported with the documented commands and compared with the files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.kernel import Kernel
from core.resources import timeline
from core.resources.gateway import Gateway
from core.resources.importing import Importer, Mode, Outcome, make_plan, open_table, read_mapping
from core.resources.query import Query

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data"
ACCOUNTS = DATA / "pipeline" / "accounts.csv"
TELCO = DATA / "telco" / "telco_customers.csv"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the sample data is not part of the repository"),
]

Records = dict[str, dict[str, Any]]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _import(session: Session, kernel: Kernel, file: Path, mapping: str) -> Outcome:
    resource = kernel.resources["customer.customer"]
    with file.open("rb") as stream:
        table = open_table(stream)
        columns = read_mapping((HERE / mapping).read_bytes())
        plan = make_plan(Gateway(session, OPERATOR), resource, table.header, columns, key="name")
        bad: list[Any] = []
        run = Importer(
            session,
            resource,
            plan,
            actor=OPERATOR,
            mode=Mode.UPSERT,
            on_bad=lambda row, problems: bad.append((row, problems)),
        )
        outcome = run.run(table.rows(), len(table.header))
    assert not bad
    return outcome


def _stored(session: Session, kernel: Kernel) -> Records:
    found: Records = {}
    for shape, rows in Gateway(session, OPERATOR).rows(kernel.resources["customer.customer"], Query()):
        found |= {record["name"]: record for record in map(shape.record, rows)}
    return found


def test_accounts_come_in_with_their_parents(session: Session, kernel: Kernel) -> None:
    source = _rows(ACCOUNTS)
    outcome = _import(session, kernel, ACCOUNTS, "accounts.json")
    assert (outcome.read, outcome.inserted) == (85, 85)
    stored = _stored(session, kernel)
    assert stored.keys() == {row["account"] for row in source}
    for row in source:
        record = stored[row["account"]]
        assert (record["parent"] or {"label": ""})["label"] == row["subsidiary_of"]
        assert record["employees"] == int(row["employees"])
        assert record["founded_year"] == int(row["year_established"])
        assert record["country"] == row["office_location"]
        assert record["industry"] == row["sector"].replace("technolgy", "technology")
        assert record["type"] == "organisation"
    assert sum(record["parent"] is not None for record in stored.values()) == 15

    gateway = Gateway(session, OPERATOR)
    resource = kernel.resources["customer.customer"]
    for row in source[:5]:
        notes = timeline.entries(gateway, resource, stored[row["account"]]["id"], kinds=["note"])
        assert [note["body"] for note in notes] == [f"Revenue (million USD): {row['revenue']}"]

    again = _import(session, kernel, ACCOUNTS, "accounts.json")
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 85)


def test_telecom_customers_come_in_with_their_notes(session: Session, kernel: Kernel) -> None:
    source = _rows(TELCO)
    outcome = _import(session, kernel, TELCO, "telco_customers.json")
    assert (outcome.read, outcome.inserted) == (7043, 7043)
    stored = _stored(session, kernel)
    assert stored.keys() == {row["customerID"] for row in source}
    kinds = Counter({"Yes": "lost", "No": "active"}[row["Churn"]] for row in source)
    assert Counter(record["kind"] for record in stored.values()) == kinds
    assert {record["type"] for record in stored.values()} == {"person"}
    labels = {
        header: goes["note"]
        for header, goes in json.loads((HERE / "telco_customers.json").read_text())["columns"].items()
        if isinstance(goes, dict) and "note" in goes
    }
    gateway = Gateway(session, OPERATOR)
    newcomer = next(row for row in source if not row["TotalCharges"].strip())
    for row in (source[0], source[-1], newcomer):
        notes = timeline.entries(
            gateway, kernel.resources["customer.customer"], stored[row["customerID"]]["id"], kinds=["note"]
        )
        wanted = {f"{labels[header]}: {row[header].strip()}" for header in labels if row[header].strip()}
        assert set(notes[0]["body"].splitlines()) == wanted


def test_the_documented_command_imports_the_pipeline(
    kernel: Kernel, tenant: Any, committed: Callable[[], Any], server: Any, tmp_path: Path
) -> None:
    program = tmp_path / "guanxi"
    program.write_text(f"#!{sys.executable}\nfrom core.cli import main\nmain()\n")
    program.chmod(0o755)
    environ = {
        **os.environ,
        "GUANXI": str(program),
        "PYTHONPATH": str(HERE.parents[1]),
        "GUANXI_DATA": str(tmp_path / "data"),
        "GUANXI_DATABASE_URL": server.app_url,
        "GUANXI_OWNER_DATABASE_URL": server.owner_url,
        "LANG": "zh_CN.UTF-8",
    }
    command = [str(HERE / "import_pipeline.sh"), tenant.slug, str(ACCOUNTS.parent)]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "85" in done.stdout
    assert list(tmp_path.glob("*.bad.csv")) == []
    with committed() as session:
        assert len(_stored(session, kernel)) == 85
