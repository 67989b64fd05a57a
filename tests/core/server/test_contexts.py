from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from flask import Flask, g, request

from core.server import in_threads


@pytest.fixture
def port() -> Iterator[int]:
    """A server whose one page tells what was left in ``g`` by others."""
    app = Flask("contexts")

    @app.route("/", methods=["GET", "POST"])
    def index() -> str:
        found = " ".join(sorted(g))
        g.left = "by an earlier request"
        request.get_data()
        return found

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(in_threads(app), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()


def test_a_large_body_leaves_nothing_to_the_next_request_of_its_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    told = []
    for number in range(6):
        body = b"x" * 8_000_000 if number % 2 == 0 else None
        connection.request("POST" if body else "GET", "/", body=body)
        told.append(connection.getresponse().read())
    connection.close()
    assert told == [b""] * 6
