"""``GET /events``: server-sent events, in front of Flask."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import parse_qs

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from core.server.hub import Hub, Stream
from core.web.tickets import read

#: Seconds of silence after which a sign of life is sent, so that no proxy thinks the stream dead.
PING: Final = 25.0
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class EventStreams:
    """Serves the streams itself and leaves every other address to the application behind."""

    def __init__(self, behind: ASGIApp, hub: Hub, secret: bytes) -> None:
        self._behind = behind
        self._hub = hub
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != "/events":
            await self._behind(scope, receive, send)
            return
        given = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
        ticket = read(self._secret, given)
        if ticket is None or scope["method"] != "GET" or self._hub.closed:
            # 204 tells a browser not to come back with the same ticket.
            await send({"type": "http.response.start", "status": 204, "headers": _HEADERS[1:]})
            await send({"type": "http.response.body", "body": b""})
            return
        stream = self._hub.open(ticket)
        try:
            await _serve(stream, receive, send)
        finally:
            self._hub.leave(stream)


async def _serve(stream: Stream, receive: Receive, send: Send) -> None:
    """Send until the stream is to end or the browser has gone."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await _say(send, b"retry: 3000\n\n")
    gone = asyncio.create_task(_until_gone(receive, stream))
    try:
        while True:
            topics = await stream.next(PING)
            if stream.ending:
                break
            await _say(send, b"data: " + orjson.dumps(topics) + b"\n\n" if topics else b": \n\n")
        if stream.ending != "gone":
            await _say(send, b"event: end\ndata: " + stream.ending.encode() + b"\n\n", more=False)
    finally:
        gone.cancel()


async def _until_gone(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end("gone")


async def _say(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
