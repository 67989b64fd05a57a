"""Requests that begin in nobody else's context."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

from flask import has_app_context

Application = Callable[[Any, Any, Any], Awaitable[None]]


class OwnContext:
    """Lets no request begin inside the Flask context of an earlier one.

    A body too large for one read is fetched from the thread that works on the request, and with that the
    reader of its connection takes over the context of that thread. What comes next on the connection,
    maybe from another person behind a proxy, would find the ``g`` of before: its actor, its gateway.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, in a new context where the present one is used already."""
        answered = self._application(scope, receive, send)
        if has_app_context():
            loop = asyncio.get_running_loop()
            answered = loop.create_task(_awaited(answered), context=Context())
        await answered


async def _awaited(answered: Awaitable[None]) -> None:
    await answered
