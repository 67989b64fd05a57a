"""The floor: bare Flask and psycopg2 that run the same SQL and give the same bytes, under the same server.

    python -m tests.bench.floor PORT DSN STATEMENTS

``STATEMENTS`` is a JSON file written by the benchmark: for each path the statements our API ran for
it (without those that find out who asks), their parameters, and how a row becomes an item.
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

    def record(names: list[str], links: list[list[Any]], row: tuple[Any, ...]) -> dict[str, Any]:
        item: dict[str, Any] = dict(zip(names, row, strict=False))
        for name, number, label in links:
            item[name] = None if row[number] is None else {"id": row[number], "label": row[label]}
        return item

    @app.get("/<path:path>")
    def answer(path: str) -> Response:
        page = pages[path]
        connection = pool.getconn()
        try:
            with connection.cursor() as cursor:
                for statement, parameters in page["bind"]:
                    cursor.execute(statement, parameters)
                results = []
                for statement, parameters in page["statements"]:
                    cursor.execute(statement, parameters)
                    results.append(cursor.fetchall())
            connection.commit()
        finally:
            pool.putconn(connection)
        if page["kind"] == "read":
            body = record(page["names"], page["links"], results[0][0])
            row = results[0][0]
            body["version"] = row[-1 - len(page["lines"])]
            body.update(zip(page["lines"], row[-len(page["lines"]) :], strict=True))
        else:
            items = [record(page["names"], page["links"], row) for row in results[0][: page["per_page"]]]
            total = results[1][0][0] if len(results) > 1 else None
            body = {
                "items": items,
                "total": total,
                "page": 1,
                "per_page": page["per_page"],
                "next": page["next"],
            }
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
