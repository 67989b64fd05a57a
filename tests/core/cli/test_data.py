from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click.testing
import pytest
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import core.cli  # noqa: F401 - registers the commands
from core.cli.group import Work, cli
from core.cli.import_units import Parts
from core.db.tenancy import Tenant
from core.i18n import language, set_language
from core.kernel import Kernel
from core.resources.importing import running, steps
from core.resources.importing.bad_rows import BadRows

Committed = Callable[[], AbstractContextManager[Session]]
Run = Callable[..., Result]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, kernel: Kernel, tenants: dict[str, Tenant], committed: Committed
) -> Iterator[Run]:
    """Runs ``guanxi`` in this process, on the tests' database."""
    monkeypatch.setattr(Work, "kernel", kernel)
    monkeypatch.setattr(Work, "tenant", lambda _self, slug: tenants[slug])
    spoken = language()

    def invoke(*arguments: str | Path, lang: str = "en_US.UTF-8") -> Result:
        environ = {"LC_ALL": None, "LANG": lang}
        return CliRunner().invoke(cli, [str(each) for each in arguments], env=environ)

    yield invoke
    set_language(spoken)


@pytest.fixture
def count(kernel: Kernel, committed: Committed) -> Callable[[], int]:
    """Counts the customers that are really there."""

    def number() -> int:
        with committed() as session:
            table = kernel.resources["customer.customer"].table
            return session.scalar(select(func.count()).select_from(table)) or 0

    return number


IMPORT = ("import", "customer.customer")
MAIN = ("--tenant", "main")


def _file(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_is_imported_and_exported(run: Run, count: Callable[[], int], tmp_path: Path) -> None:
    done = run(*IMPORT, _file(tmp_path, "name,city\nAcme,Rome\nBolt,Oslo\n"), *MAIN)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("2 rows read: 2 inserted, 0 updated, 0 unchanged, 0 bad, in ")
    assert count() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    done = run(
        "export", "customer.customer", *MAIN, "--columns", "name,city", "--sort", "name",
        "--filter", '{"field": "city", "value": "Oslo"}',
    )  # fmt: skip
    assert done.exit_code == 0
    assert list(csv.reader(io.StringIO(done.stdout.removeprefix("\ufeff")))) == [
        ["name", "city"],
        ["Bolt", "Oslo"],
    ]


def test_bad_rows_go_to_a_file_and_the_others_come_in(
    run: Run, count: Callable[[], int], tmp_path: Path
) -> None:
    path = _file(tmp_path, "name,employees\nAcme,5\nBolt,x\nCog,1,2\n")
    done = run(*IMPORT, path, *MAIN)
    assert done.exit_code == 1
    assert "3 rows read: 1 inserted, 0 updated, 0 unchanged, 2 bad" in done.stdout
    assert "Line 3: employees: “x” is no whole number." in done.stderr
    bad = tmp_path / "a.csv.bad.csv"
    assert str(bad) in done.stderr
    assert count() == 1
    bad.write_text(bad.read_text("utf-8-sig").replace("x", "7", 1), encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(bad.read_text("utf-8-sig"))))
    assert rows[0] == ["name", "employees", "problem"]
    again = run(*IMPORT, bad, *MAIN)
    assert "2 rows read: 1 inserted" in again.stdout
    assert count() == 2


def test_the_terminals_language_is_spoken(run: Run, tmp_path: Path) -> None:
    done = run(*IMPORT, _file(tmp_path, "name,city\n,x\n"), *MAIN, lang="zh_CN.UTF-8")
    assert "读取 1 行：新增 0，更新 0，未变 0，有问题 1" in done.stdout
    assert (tmp_path / "a.csv.bad.csv").read_text("utf-8-sig").startswith("name,city,问题")
    again = run(*IMPORT, tmp_path / "a.csv.bad.csv", *MAIN)
    assert "1 row read: 0 inserted" in again.stdout
    missing = run(*IMPORT, tmp_path / "nope.csv", *MAIN, lang="zh_CN.UTF-8")
    assert "没有文件" in missing.stderr


def test_a_dry_run_tells_everything_and_writes_nothing(
    run: Run, count: Callable[[], int], tmp_path: Path
) -> None:
    done = run(*IMPORT, _file(tmp_path, "name,employees\nAcme,5\nBolt,x\n"), *MAIN, "--dry-run")
    assert done.exit_code == 1
    assert "1 inserted" in done.stdout
    assert "dry run" in done.stdout
    assert count() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_file_of_names_only_has_no_rows(run: Run, count: Callable[[], int], tmp_path: Path) -> None:
    done = run(*IMPORT, _file(tmp_path, "name,employees\n"), *MAIN)
    assert (done.exit_code, count()) == (0, 0)
    assert done.stdout.startswith("0 rows read: 0 inserted, 0 updated, 0 unchanged, 0 bad, in ")


def test_of_hundreds_of_columns_the_first_are_named(run: Run, tmp_path: Path) -> None:
    header = ",".join(["name", *(f"x{number}" for number in range(300))])
    done = run(*IMPORT, _file(tmp_path, f"{header}\nAcme{',1' * 300}\n"), *MAIN)
    assert done.exit_code == 0
    assert "x18, x19 and 280 more" in done.stderr
    assert "x20" not in done.stderr


def test_columns_of_one_name_can_be_numbered(run: Run, count: Callable[[], int], tmp_path: Path) -> None:
    path = _file(tmp_path, "name,city,city\nAcme,Oslo,Rome\n")
    refused = run(*IMPORT, path, *MAIN)
    assert (refused.exit_code, count()) == (1, 0)
    assert "“city” is there twice; give one another name, or have them numbered." in refused.stderr
    done = run(*IMPORT, path, *MAIN, "--numbered")
    assert (done.exit_code, count()) == (0, 1)
    assert "Left out: city (2)" in done.stderr


def test_all_or_nothing(run: Run, count: Callable[[], int], tmp_path: Path) -> None:
    path = _file(tmp_path, "name,employees\nAcme,5\nBolt,x\n")
    done = run(*IMPORT, path, *MAIN, "--all-or-nothing")
    assert done.exit_code == 1
    assert "Nothing was imported." in done.stdout
    assert count() == 0


def test_results_as_json(run: Run, tmp_path: Path) -> None:
    path = _file(tmp_path, "name,mood\nAcme,good\n,bad\n")
    done = run(*IMPORT, path, *MAIN, "--skip-unknown", "--json")
    result = json.loads(done.stdout)
    assert (result["read"], result["inserted"], result["bad"]) == (2, 1, 1)
    assert result["written"] is True
    assert result["skipped_columns"] == ["mood"]
    assert result["bad_file"] == f"{path}.bad.csv"
    assert result["problems"][0]["line"] == 3
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "it is a picture"),
        (b"\xff\xfe\xfd name \xff\xff", "UTF-16"),
        (b"name,name\nAcme,4\n", "“name” is there twice"),
        (b'name\nAcme\n"' + b"x" * 5_000_000, "begins in line 3"),
    ],
)
def test_a_file_that_is_refused_leaves_nothing(
    run: Run, count: Callable[[], int], tmp_path: Path, content: bytes, sentence: str
) -> None:
    done = run(*IMPORT, _file(tmp_path, content), *MAIN)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert count() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_files_that_cannot_be_opened(run: Run, tmp_path: Path) -> None:
    assert "There is no file" in run(*IMPORT, tmp_path / "nope.csv", *MAIN).stderr
    assert "is a folder" in run(*IMPORT, tmp_path, *MAIN).stderr
    path = _file(tmp_path, "name\nA\n")
    assert "There is no file" in run(*IMPORT, path, *MAIN, "--map", tmp_path / "nope.json").stderr
    broken = _file(tmp_path, "{", "map.json")
    done = run(*IMPORT, path, *MAIN, "--map", broken)
    assert (done.exit_code, "not written in JSON" in done.stderr) == (1, True)


def test_a_place_for_bad_rows_that_is_not_there_undoes_the_import(
    run: Run, count: Callable[[], int], tmp_path: Path
) -> None:
    path = _file(tmp_path, "name,employees\nAcme,5\nBolt,x\n")
    done = run(*IMPORT, path, *MAIN, "--bad", tmp_path / "nowhere" / "bad.csv")
    assert done.exit_code == 1
    assert "Nothing was imported" in done.stderr
    assert count() == 0


def test_a_full_disk_keeps_the_file_out(
    run: Run, count: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = run(*IMPORT, _file(tmp_path, "name,employees\nAcme,5\nBolt,x\n"), *MAIN)
    assert done.exit_code == 1
    assert "There is no space left" in done.stderr
    assert count() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_bad_rows_that_cannot_be_written_are_kept(
    run: Run, count: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: BadRows) -> None:
        raise self._unwritable(OSError(28, "No space left on device"))

    path = _file(tmp_path, "name,employees\nAcme,5\nBolt,x\n")
    with monkeypatch.context() as patch:
        patch.setattr(BadRows, "keep", full)
        done = run(*IMPORT, path, *MAIN)
    assert (done.exit_code, count()) == (1, 1)
    assert "No space left on device" in done.stderr
    command = re.search(r"guanxi (import --resume \d+) --bad PATH", done.stderr)
    assert command is not None
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]
    again = run(*command[1].split(), *MAIN, "--bad", tmp_path / "b.csv")
    assert (again.exit_code, count()) == (1, 1)
    assert "Bolt,x" in (tmp_path / "b.csv").read_text("utf-8-sig")


def test_a_file_that_vanishes_while_it_is_read_undoes_the_import(
    run: Run, count: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_arguments: Any, **_more: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(steps, "keep_file", lost)
    done = run(*IMPORT, _file(tmp_path, "name,employees\nAcme,5\nBolt,x\n"), *MAIN)
    assert done.exit_code == 1
    assert "cannot be read: Input/output error" in done.stderr
    assert count() == 0


def test_columns_are_guessed_and_told(run: Run, count: Callable[[], int], tmp_path: Path) -> None:
    path = _file(tmp_path, "account,shoe size,tel\nAcme,4,13800138000\n")
    done = run(*IMPORT, path, *MAIN)
    assert (done.exit_code, count()) == (0, 1)
    assert "account → name" in done.stderr
    assert "Left out: shoe size" in done.stderr
    refused = run(
        *IMPORT, path, *MAIN, "--map", _file(tmp_path, '{"columns": {"account": "name"}}', "m.json")
    )
    assert (refused.exit_code, "There is no field for: “shoe size”" in refused.stderr) == (1, True)
    assert count() == 1


def test_columns_go_where_they_went_the_last_time(run: Run, tmp_path: Path) -> None:
    path = _file(tmp_path, "who,x\nAcme,4\n")
    mapping = _file(tmp_path, '{"columns": {"who": "name", "x": {"note": "X"}}}', "m.json")
    assert run(*IMPORT, path, *MAIN, "--map", mapping).exit_code == 0
    again = run(*IMPORT, _file(tmp_path, "X,Who\n5,Bolt\n"), *MAIN, "--json")
    assert again.exit_code == 0
    assert "the last time" in again.stderr
    assert json.loads(again.stdout)["mapping"]["columns"] == {"who": "name", "x": {"note": "X"}}


def test_an_interrupted_import_goes_on_and_is_taken_back(
    run: Run, count: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "PART", 2)
    path = _file(tmp_path, "name,employees\nA,1\nB,x\nC,3\nD,4\nE,5\n")
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "progress", interrupt)
        done = run(*IMPORT, path, *MAIN)
    assert (done.exit_code, count()) == (1, 1)
    assert "Interrupted behind 2 rows" in done.stderr
    commands = re.findall(r"guanxi (import --(?:resume|undo) \d+ --tenant main)", done.stderr)
    monkeypatch.chdir(tmp_path)
    resumed = run(*commands[0].split())
    assert resumed.exit_code == 1
    assert "5 rows read: 4 inserted, 0 updated, 0 unchanged, 1 bad" in resumed.stdout
    assert (tmp_path / "a.csv.bad.csv").exists()
    assert count() == 4
    undone = run(*commands[1].split())
    assert (undone.exit_code, count()) == (0, 0)
    assert "0 restored, 4 removed, 0 left" in undone.stdout
    assert run(*commands[1].split()).exit_code == 1
    assert run(*commands[0].split()).exit_code == 1
    assert "There is no import 999" in run("import", "--undo", "999", *MAIN).stderr


def test_records_that_are_there_are_skipped(run: Run, count: Callable[[], int], tmp_path: Path) -> None:
    run(*IMPORT, _file(tmp_path, "name,city\nAcme,Rome\n"), *MAIN)
    path = _file(tmp_path, "name,city\nAcme,Oslo\nBolt,Oslo\n")
    done = run(*IMPORT, path, *MAIN, "--mode", "skip", "--match", "name")
    assert (done.exit_code, count()) == (0, 2)
    assert "1 row left, its record is there." in done.stderr


def test_a_terminal_sees_a_bar(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.testing._NamedTextIOWrapper, "isatty", lambda _self: True, raising=False)
    done = run(*IMPORT, _file(tmp_path, "name\nAcme\nBolt\n"), *MAIN)
    assert "Importing" in done.stderr
    assert "2/2" in done.stderr
    assert "guanxi import --undo" in done.stderr


def test_wrong_usage_is_told_from_failed_work(run: Run, tmp_path: Path) -> None:
    path = _file(tmp_path, "name\nAcme\n")
    assert run(*IMPORT, path, *MAIN, "--mode", "update").exit_code == 2
    assert run(*IMPORT, path).exit_code == 2
    unknown = run("import", "customer.nothing", path, *MAIN)
    assert (unknown.exit_code, "customer.customer" in unknown.stderr) == (1, True)
    off = run(*IMPORT, path, "--tenant", "bare")
    assert (off.exit_code, "no resource “customer.customer”" in off.stderr) == (1, True)


def test_exports_that_are_refused(run: Run) -> None:
    for arguments, sentence in (
        (("--columns", "nope"), "nope"),
        (("--filter", "{"), "JSON"),
        (("--filter", '{"field": "nope", "value": 1}'), "nope"),
        (("--sort", "nope"), "nope"),
    ):
        done = run("export", "customer.customer", *MAIN, *arguments)
        assert (done.exit_code, done.stdout) == (1, "")
        assert sentence in done.stderr


def test_records_are_exported_in_other_formats(run: Run, tmp_path: Path) -> None:
    run(*IMPORT, _file(tmp_path, "name,city\nAcme,Oslo\n"), *MAIN)
    lines = run("export", "customer.customer", *MAIN, "--format", "jsonl", "--columns", "name,city").stdout
    assert lines == '{"name":"Acme","city":"Oslo"}\n'
    book = run("export", "customer.customer", *MAIN, "--format", "xlsx", "--columns", "name,city")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.stdout_bytes)).get_sheet_by_index(0)
    assert sheet.to_python() == [["name", "city"], ["Acme", "Oslo"]]
    assert run("export", "customer.customer", *MAIN, "--format", "xml").exit_code == 2


def test_work_is_done_as_a_user_with_his_rights(
    run: Run, kernel: Kernel, committed: Committed, tmp_path: Path
) -> None:
    from core.testing.plugin import _make_user

    with committed() as session:
        email = _make_user(session, kernel, "administrator", "Ada", None, "en")
        nobody = _make_user(session, kernel, "maintainer", "Ben", None, "en")
    path = _file(tmp_path, "name\nAcme\n")
    assert run(*IMPORT, path, *MAIN, "--as", email).exit_code == 0
    exported = run("export", "customer.customer", *MAIN, "--columns", "owner.email,created_by").stdout
    assert list(csv.reader(io.StringIO(exported)))[1] == [email, "Ada"]
    assert run(*IMPORT, path, *MAIN, "--as", nobody).exit_code == 1
    assert run("export", "customer.customer", *MAIN, "--as", nobody).exit_code == 1
    assert "nobody@example.com" in run(*IMPORT, path, *MAIN, "--as", "nobody@example.com").stderr
