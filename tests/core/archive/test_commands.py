"""``guanxi tenant backup``, ``restore``, ``clone`` and the rest, as an operator types them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import core.cli  # noqa: F401 - registers the commands
from core.access.actor import OPERATOR
from core.cli.group import cli
from core.db.provision import delete_tenant
from core.i18n import language, set_language
from tests.core.archive.conftest import Bank

pytestmark = pytest.mark.slow

Run = Callable[..., Result]


@pytest.fixture
def run(bank: Bank) -> Run:
    """Runs ``guanxi tenant``."""

    def invoke(*arguments: str | Path, input: str | None = None) -> Result:  # noqa: A002 - click's word
        spoken = language()
        environ = {
            "LC_ALL": "C.UTF-8",
            "LANG": "",
            "GUANXI_DATA": str(bank.data),
            "GUANXI_ADDONS_PATH": str(bank.addons),
            "GUANXI_DATABASE_URL": bank.urls.app,
            "GUANXI_OWNER_DATABASE_URL": bank.urls.require_owner(),
        }
        try:
            return CliRunner().invoke(cli, ["tenant", *map(str, arguments)], input=input, env=environ)
        finally:
            set_language(spoken)

    return invoke


def _json(done: Result) -> Any:
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_a_tenant_is_backed_up_verified_cloned_and_released(bank: Bank, run: Run, tmp_path: Path) -> None:
    tenant, file = bank.tenant(), tmp_path / "a.zip"
    bank.fill(tenant)
    before = bank.rows(tenant)
    [told] = _json(run("backup", tenant.slug, "--to", file, "--json"))
    assert (told["tenant"], told["size"], told["files"]) == (tenant.slug, file.stat().st_size, 1)
    assert file.stat().st_mode & 0o777 == 0o600
    done = run("verify", file)
    assert (done.exit_code, "whole" in done.stdout, "vault 1.2  0001  on" in done.stdout) == (0, True, True)
    done = run("restore", file, "--as", "cli-copy")
    assert (done.exit_code, "guanxi tenant release cli-copy" in done.stdout) == (0, True)
    assert bank.rows(bank.stored("cli-copy")) == before
    assert "held" in run("list").stdout
    assert run("release", "cli-copy").stdout == "cli-copy is released.\n1 job waits its turn.\n"
    killed = bank.data / "clone-of-a-program-that-was-killed"
    killed.mkdir()
    os.utime(killed, (0, 0))
    told = _json(run("clone", "cli-copy", "--as", "cli-clone", "--json"))
    assert (told["tenant"], told["held"], told["revisions"], told["left_out"]) == ("cli-clone", True, 0, [])
    assert bank.rows(bank.stored("cli-clone")) == before
    assert not list(bank.data.glob("clone-*"))


def test_putting_a_tenant_back_asks_first_and_can_be_undone(bank: Bank, run: Run, tmp_path: Path) -> None:
    tenant, file = bank.tenant(), tmp_path / "a.zip"
    bank.fill(tenant)
    assert run("backup", tenant.slug, "--to", file).exit_code == 0
    archived = bank.rows(tenant)
    with bank.kernel.database.unit_of_work(tenant) as session:
        bank.kernel.resources["customer.customer"].service.create(session, [{"name": "New"}], actor=OPERATOR)
    now = bank.rows(tenant)
    assert run("restore", file, input="another\n").exit_code == 1
    assert bank.rows(bank.stored(tenant.slug)) == now
    done = run("restore", file, input=f"{tenant.slug}\n")
    assert (done.exit_code, f"guanxi tenant undo-restore {tenant.slug}" in done.stdout) == (0, True)
    assert bank.rows(bank.stored(tenant.slug)) == archived
    assert run("undo-restore", tenant.slug).exit_code == 0
    assert bank.rows(bank.stored(tenant.slug)) == now
    assert (
        run("drop-former", "--all", "--older-than", "1", "--yes").stdout == "0 former schemas were dropped.\n"
    )
    assert run("drop-former", tenant.slug, "--yes").stdout == "1 former schema was dropped.\n"
    done = run("undo-restore", tenant.slug)
    assert (done.exit_code, done.stdout) == (1, "")


def test_all_tenants_go_into_a_folder_and_the_last_ones_are_kept(
    bank: Bank, run: Run, tmp_path: Path
) -> None:
    folder, tenant = tmp_path / "backups", bank.tenant("vault")
    folder.mkdir()
    others = [f"{tenant.slug}-20200101T000000Z.zip", f"{tenant.slug}-20210101T000000Z.zip"]
    theirs = [f"{tenant.slug}-notes.zip", f"{tenant.slug}0-20200101T000000Z.zip", "readme.txt"]
    for name in (*others, *theirs):
        (folder / name).touch()
    told = _json(run("backup", "--all", "--to", folder, "--keep", "2", "--json"))
    mine = next(each for each in told if each["tenant"] == tenant.slug)
    assert mine["removed"] == others[:1]
    left = {path.name for path in folder.glob(f"{tenant.slug}*")} | {"readme.txt"}
    assert left == {Path(mine["file"]).name, others[1], *theirs}
    assert len(told) == len(_json(run("list", "--json")))
    assert run("verify", mine["file"]).exit_code == 0


def test_one_that_fails_stops_nobody_and_keeps_its_old_backups(bank: Bank, run: Run, tmp_path: Path) -> None:
    tenant = bank.tenant("vault")
    old = tmp_path / f"{tenant.slug}-20200101T000000Z.zip"
    old.touch()
    with bank.owner.begin() as connection:
        connection.exec_driver_sql(f"update platform.tenant set schema = 'elsewhere' where id = {tenant.id}")
    try:
        done = run("backup", "--all", "--to", tmp_path, "--keep", "1")
    finally:
        with bank.owner.begin() as connection:
            connection.exec_driver_sql(
                f"update platform.tenant set schema = '{tenant.schema}' where id = {tenant.id}"
            )
            delete_tenant(connection, tenant)
    assert done.exit_code == 1
    assert tenant.slug in done.stderr
    assert "1 tenant was not backed up." in done.stderr
    assert old.exists()
    assert len(list(tmp_path.glob("*.zip"))) > 1


def test_refusals_are_one_line_and_wrong_usage_is_two(bank: Bank, run: Run, tmp_path: Path) -> None:
    tenant, file = bank.tenant("vault"), tmp_path / "a.zip"
    assert run("backup", tenant.slug, "--to", file).exit_code == 0
    broken = tmp_path / "broken.zip"
    broken.write_bytes(file.read_bytes()[:-10])
    everything = bank.everything()
    for arguments, words in (
        (("backup", "nobody", "--to", tmp_path / "b.zip"), "nobody"),
        (("backup", tenant.slug, "--to", file), "a.zip"),
        (("backup", tenant.slug, "--to", tmp_path / "no" / "folder.zip"), "folder.zip"),
        (("restore", tmp_path / "nothing.zip"), "nothing.zip"),
        (("restore", broken, "--as", "x1"), "broken.zip"),
        (("verify", broken), "broken.zip"),
        (("restore", file, "--as", tenant.slug), tenant.slug),
        (("restore", file, "--as", "Not A Slug"), "slug"),
        (("clone", "nobody", "--as", "x1"), "nobody"),
        (("release", "nobody"), "nobody"),
    ):
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (1, ""), arguments
        assert words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for wrong in (
        ("backup", "--to", file),
        ("backup", "a", "--all", "--to", file),
        ("backup", "a", "--to", file, "--keep", "3"),
        ("drop-former",),
        ("clone", "a"),
        ("restore", file, "--host", "a.example"),
        ("restore", file, "--as", "b", "--release"),
    ):
        assert run(*wrong).exit_code == 2, wrong
    assert bank.everything() == everything
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "broken.zip"}
