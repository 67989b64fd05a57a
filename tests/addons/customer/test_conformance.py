"""What every addon keeps to."""

from __future__ import annotations

from core.testing.conformance import Conformance


class TestConformance(Conformance):
    addon = "customer"
