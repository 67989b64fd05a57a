"""The logins of the server, and what its superuser asks and makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import extensions as libpq

from core.db.embedded.place import PORT, Place
from core.db.embedded.system import wait_until

APP_LOGIN = "guanxi_app"
OWNER_LOGIN = "guanxi_owner"
DATABASE = "guanxi"

SUPERUSER = "postgres"
LOGINS = (APP_LOGIN, OWNER_LOGIN, SUPERUSER)
#: The database attached programs hold open; copying or dropping ours is never in its way.
_WAITING_ROOM = "postgres"


def connect(place: Place, login: str, name: str) -> libpq.connection:
    """Connect without a database of ours in the way; ``name`` shows in the list of connections."""
    return psycopg2.connect(
        host=str(place.socket_folder()),
        port=PORT,
        user=login,
        dbname=_WAITING_ROOM,
        connect_timeout=10,
        application_name=name,
        options="",
        # The socket may be in a folder where others can make one of the same name.
        requirepeer=place.user.name,
    )


@contextmanager
def superuser(place: Place) -> Iterator[libpq.connection]:
    """Connect as the superuser for the length of the block; each statement commits by itself."""
    with closing(connect(place, SUPERUSER, "guanxi: supervisor")) as connection:
        connection.autocommit = True
        yield connection


def answers(place: Place) -> bool:
    """Whether the server takes connections."""
    try:
        with superuser(place):
            return True
    except psycopg2.OperationalError:
        return False


def make_logins(place: Place) -> None:
    """Make the two logins and the database where they are missing."""
    with superuser(place) as connection, connection.cursor() as cursor:
        cursor.execute("select rolname from pg_roles where rolname in %s", ((APP_LOGIN, OWNER_LOGIN),))
        found = {name for (name,) in cursor.fetchall()}
        if APP_LOGIN not in found:
            cursor.execute(f"create role {APP_LOGIN} login noinherit")
        if OWNER_LOGIN not in found:
            cursor.execute(f"create role {OWNER_LOGIN} login createrole createdb")
        cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
        if cursor.fetchone() is not None:
            return
        # The owner must be able to act as, and clear out, the tenants' roles it creates; to end the
        # connections to a database it drops; and to tell the administrator what is running.
        cursor.execute(f"alter role {OWNER_LOGIN} set createrole_self_grant = 'set, inherit'")
        cursor.execute(f"grant pg_signal_backend, pg_read_all_stats to {OWNER_LOGIN}")
        # The last step: the database is there only when all before it is.
        cursor.execute(f"create database {DATABASE} owner {OWNER_LOGIN}")


def others_connected(place: Place) -> bool:
    """Whether any program but this one is connected."""
    clients = "select count(*) from pg_stat_activity where backend_type = 'client backend'"

    def alone() -> bool:
        with superuser(place) as connection, connection.cursor() as cursor:
            cursor.execute(f"{clients} and pid <> pg_backend_pid()")
            row = cursor.fetchone()
            return row is not None and row[0] == 0

    # A connection closed just now is still listed for some milliseconds.
    return not wait_until(0.3, alone)
