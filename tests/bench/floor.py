"""The floor: bare Flask and psycopg2 that run the same SQL and give the same bytes, under the same server.

    python -m tests.bench.floor PORT DSN PAGES

``PAGES`` is a JSON file written by the benchmark: for each path the statements our API ran for it
(without those that find out who asks), their parameters, and how a row becomes a record.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import orjson
import psycopg2.pool
import uvicorn
from a2wsgi import WSGIMiddleware
from flask import Flask, Response


def make_floor(dsn: str, pages: dict[str, Any]) -> Flask:
    """An application that answers each path by running its statements."""
    app = Flask(__name__)
    pool = psycopg2.pool.ThreadedConnectionPool(16, 20, dsn)

    def record(page: dict[str, Any], row: tuple[Any, ...]) -> dict[str, Any]:
        item: dict[str, Any] = dict(zip(page["names"], row, strict=False))
        for name, number, label in page["links"]:
            item[name] = None if row[number] is None else {"id": row[number], "label": row[label]}
        return item

    @app.route("/<path:path>", methods=["GET", "PATCH"])
    def answer(path: str) -> Response:
        page = pages[path]
        connection = pool.getconn()
        try:
            with connection.cursor() as cursor:
                cursor.execute(*page["bind"])
                for statement, parameters in page["statements"]:
                    cursor.execute(statement, parameters)
                rows = cursor.fetchall()
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        finally:
            pool.putconn(connection)
        if page["list"] is None:
            body = record(page, rows[0])
            lines = page["lines"]
            body["version"] = rows[0][-1 - len(lines)]
            body.update(zip(lines, rows[0][-len(lines) :], strict=True))
        else:
            items = [record(page, row) for row in rows[: page["list"]["per_page"]]]
            body = {"items": items, **page["list"]}
        return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), content_type="application/json")

    return app


if __name__ == "__main__":
    port, dsn, source = sys.argv[1:]
    floor: Any = make_floor(dsn, json.loads(Path(source).read_text()))
    uvicorn.run(
        WSGIMiddleware(floor, workers=16),
        host="127.0.0.1",
        port=int(port),
        log_level="error",
        access_log=False,
    )
