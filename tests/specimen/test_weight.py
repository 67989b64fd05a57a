"""What a page weighs."""

from __future__ import annotations

import gzip

from core.web.assets.builder import build
from tests.specimen.app import make_app


def test_a_list_of_80_rows_is_small_on_the_wire() -> None:
    build(dev=True)
    answer = make_app().test_client().get("/list")
    assert answer.text.count("<tr") == 81
    assert len(gzip.compress(answer.data)) < 20_000
