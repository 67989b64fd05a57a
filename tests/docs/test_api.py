"""The guide to the API: every curl on the page is sent, every answer on it is the one that comes."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.auth import services as auth
from core.kernel import Kernel
from core.testing.plugin import PASSWORD, ApiClient
from tests.docs.document import ROOT, Block, blocks, command_lines

GUIDE = ROOT / "docs" / "api.md"
#: Stands in the page for what differs from one call to the next.
ANY = "…"


def _pairs() -> list[tuple[Block, Block]]:
    """Each block of calls with the block of its answer."""
    found = blocks(GUIDE)
    return [
        (call, answer)
        for call, answer in pairwise(found)
        if call.language == "sh" and answer.language in ("json", "csv")
    ]


def curl(app: Flask, words: list[str]) -> TestResponse:
    """Do what ``curl`` with these words would do; an option the page does not use is an error."""
    headers: list[tuple[str, str]] = []
    options: dict[str, Any] = {}
    url, method = "", ""
    files: dict[str, Any] = {}
    rest = iter(words)
    assert next(rest) == "curl"
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers.append((name, value))
        elif word in ("-d", "--json"):
            options["data"] = next(rest)
            headers += [("Content-Type", "application/json")] if word == "--json" else []
        elif word == "-F":
            name, _, value = next(rest).partition("=")
            files[name] = (io.BytesIO(_file(value[1:])), value[1:]) if value.startswith("@") else value
        else:
            assert not word.startswith("-"), f"curl {word}"
            url = word
    if files:
        options["data"] = files
    method = method or ("POST" if options else "GET")
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return app.test_client().open(
        path, method=method, base_url=f"http://{parts.netloc}", headers=headers, buffered=True, **options
    )


def _file(name: str) -> bytes:
    """A file the page sends: a table it shows after its name, or any other."""
    [*shown] = (block.text for block in blocks(GUIDE) if block.rest == name)
    return shown[0].encode() if shown else b"%PDF-1.7"


def matches(expected: Any, found: Any) -> bool:
    """Whether an answer is what the page says; ``…`` stands for anything, as a member for further ones."""
    if expected == ANY:
        return True
    if isinstance(expected, dict) and isinstance(found, dict):
        names = set(expected) - {ANY}
        complete = names <= set(found) if ANY in expected else names == set(found)
        return complete and all(matches(expected[name], found[name]) for name in names)
    if isinstance(expected, list) and isinstance(found, list):
        if expected and expected[-1] == ANY:
            found = [*found[: len(expected) - 1], ANY]
        return len(expected) == len(found) and all(map(matches, expected, found))
    return type(expected) is type(found) and bool(expected == found)


@pytest.mark.usefixtures("tenants")
def test_every_example_gives_the_answer_on_the_page(
    app: Flask, kernel: Kernel, api: Callable[..., ApiClient], committed: Any
) -> None:
    api("administrator")  # makes the user the page signs in as
    with committed() as session:
        actor = auth.actor_by_email(session, kernel.permissions, "administrator0@example.com")
        assert actor.user_id is not None
        auth.set_password(session, actor.user_id, PASSWORD)
    variables = {"API": "http://main.localhost/api/v1", "TOKEN": ""}
    pairs = _pairs()
    assert len(pairs) >= 12
    for call, answer in pairs:
        lines = command_lines(call.text)
        response = None
        for line in lines:
            filled = re.sub(r"\$(\w+)", lambda match: variables[match[1]], line)
            filled = filled.replace("ada@acme.example", "administrator0@example.com")
            filled = filled.replace("a long password", PASSWORD)
            response = curl(app, shlex.split(filled))
        assert response is not None
        where = f"api.md:{call.line}: {response.status_code} {response.text}"
        if answer.rest:
            assert response.status_code == int(answer.rest), where
        if answer.language == "csv":
            assert response.text.lstrip("\ufeff").replace("\r\n", "\n") == answer.text, where
            continue
        found = response.get_json()
        assert matches(json.loads(answer.text), found), where
        variables["TOKEN"] = found.get("token", variables["TOKEN"])
