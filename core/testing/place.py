"""Letting the tests of an addon find it, wherever it lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.kernel import OWN_ADDONS


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--alone gifts``: the tenant of the tests has this addon on, with what it needs, and no other."""
    group = parser.getgroup("guanxi")
    group.addoption(
        "--alone", dest="guanxi_alone", metavar="ADDON", help="switch on this addon alone, with what it needs"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Look for the addons whose tests are asked for where these tests lie, besides GUANXI_ADDONS_PATH."""
    config.addinivalue_line("markers", "slow: takes more than a second by its nature")
    told = [Path(each) for each in os.environ.get("GUANXI_ADDONS_PATH", "").split(os.pathsep) if each]
    known = {OWN_ADDONS.resolve(), *(each.resolve() for each in told)}
    for argument in config.args:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        for place in (path, *path.parents):
            if (place / "addon.toml").exists() and place.parent not in known:
                known.add(place.parent)
                told.append(place.parent)
                os.environ["GUANXI_ADDONS_PATH"] = os.pathsep.join(map(str, told))
