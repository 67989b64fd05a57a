"""Statements nobody waits for run before all others, once, and never after a rollback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    text,
)  # fmt: skip
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.db import messages
from core.db.embedded import Server
from core.db.messages import Order, send_later
from core.db.rows import MANY, insert_rows

SAID = "50% off for 'O''Brien' %(name)s; \\ 张三"
NOTE = Order("insert into said (words, number) select cast(:words as text), n from unnest(:numbers) as n")

said = Table("said", MetaData(), Column("words", String), Column("number", Integer))


@pytest.fixture(scope="module")
def engine(server: Server) -> Iterator[Engine]:
    """An engine whose connections send what waits; with a table of its own."""
    engine = create_engine(
        server.owner_url, pool_size=1, max_overflow=0, executemany_mode="values_plus_batch"
    )
    messages.listen(engine)
    with engine.begin() as connection:
        connection.execute(text("drop table if exists said"))
        said.create(connection)
    yield engine
    with engine.begin() as connection:
        said.drop(connection)
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back."""
    with engine.connect() as connection:
        connection.begin()
        yield connection


@pytest.fixture
def sent(engine: Engine) -> Iterator[list[str]]:
    """The messages that go to the server."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(engine, "after_cursor_execute", note)
    yield found
    event.remove(engine, "after_cursor_execute", note)


def _numbers(connection: Connection) -> list[int]:
    return list(connection.scalars(select(said.c.number).order_by(said.c.number)))


def test_it_goes_ahead_of_the_next_statement_in_one_message(connection: Connection, sent: list[str]) -> None:
    NOTE.send_later(connection, {"words": SAID, "numbers": [1, 2]})
    NOTE.send_later(connection, {"words": SAID, "numbers": [3]})
    assert sent == []
    assert _numbers(connection) == [1, 2, 3]
    assert len(sent) == 1
    assert set(connection.scalars(select(said.c.words))) == {SAID}


@pytest.mark.parametrize(
    ("statement", "values"),
    [("select '%%' || %(end)s", {"end": "!"}), ("select '%%'", None), ("select '%%'", {})],
)
def test_signs_of_percent_stay_what_they_are(
    connection: Connection, statement: str, values: dict[str, str] | None
) -> None:
    NOTE.send_later(connection, {"words": SAID, "numbers": [1]})
    assert str(connection.exec_driver_sql(statement, values).scalar_one()).startswith("%")
    assert connection.scalar(select(said.c.words)) == SAID


def test_it_is_sent_ahead_of_the_commit(engine: Engine) -> None:
    with engine.begin() as connection:
        NOTE.send_later(connection, {"words": "kept", "numbers": [7]})
    with engine.begin() as connection:
        assert _numbers(connection) == [7]
        connection.execute(said.delete())


def test_a_rollback_forgets_it(engine: Engine) -> None:
    with engine.connect() as connection:
        transaction = connection.begin()
        NOTE.send_later(connection, {"words": "gone", "numbers": [1]})
        transaction.rollback()
        assert _numbers(connection) == []
    with engine.connect() as connection:
        connection.begin()
        NOTE.send_later(connection, {"words": "gone", "numbers": [1]})
    with engine.begin() as connection:
        send_later(connection, "select 1")
        assert _numbers(connection) == []


def test_a_savepoint_takes_back_what_was_meant_for_it(connection: Connection) -> None:
    NOTE.send_later(connection, {"words": "before", "numbers": [1]})
    inner = connection.begin_nested()
    NOTE.send_later(connection, {"words": "within", "numbers": [2]})
    inner.rollback()
    assert _numbers(connection) == [1]


def test_many_values_a_cursor_on_the_server_and_copy_find_it_done(connection: Connection) -> None:
    NOTE.send_later(connection, {"words": "", "numbers": [1]})
    connection.execute(text("update said set number = number + :by"), [{"by": 1}, {"by": 2}])
    assert _numbers(connection) == [4]
    NOTE.send_later(connection, {"words": "", "numbers": [5]})
    numbers = select(said.c.number).order_by(said.c.number)
    assert connection.scalars(numbers, execution_options={"yield_per": 1}).all() == [4, 5]
    send_later(connection, "delete from said")
    with Session(connection) as session:
        insert_rows(session, said, [{"words": "", "number": number} for number in range(MANY)])
    assert _numbers(connection) == list(range(MANY))
    send_later(connection, "delete from said")
    connection.execute(insert(said), [{"number": 8}, {"number": 9}])
    assert _numbers(connection) == [8, 9]


def test_what_is_wrong_is_raised_where_it_is_sent(engine: Engine) -> None:
    with engine.connect() as connection:
        transaction = connection.begin()
        send_later(connection, "insert into nowhere values (1)")
        with pytest.raises(DBAPIError, match="nowhere"):
            connection.execute(select(said.c.number))
        transaction.rollback()
        transaction = connection.begin()
        NOTE.send_later(connection, {"words": "lost with it", "numbers": [1]})
        send_later(connection, "insert into nowhere values (1)")
        with pytest.raises(DBAPIError, match="nowhere"):
            transaction.commit()
    with engine.connect() as connection:
        assert _numbers(connection) == []
