from __future__ import annotations

from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from core.addons.manifest import Manifest
from core.addons.solving import solve
from core.i18n import lazy_gettext


def _manifest(
    name: str, *depends: str, extends: tuple[str, ...] = (), version: str = "1", **ranges: str
) -> Manifest:
    text, wanted = lazy_gettext(name), {each: SpecifierSet(versions) for each, versions in ranges.items()}
    return Manifest(name, text, text, version, Path(name), f"addons.{name}", depends, extends, wanted)


def _solve(*manifests: Manifest, broken: tuple[str, ...] = ()) -> tuple[list[str], dict[str, str]]:
    found = solve(manifests, broken)
    return [each.name for each in found.order], found.reasons()


def test_addons_stand_behind_what_they_need_and_equals_by_name() -> None:
    order = _solve(_manifest("aa", "zz"), _manifest("mm"), _manifest("zz", "mm"), _manifest("bb"))
    assert order == (["bb", "mm", "zz", "aa"], {})


def test_what_is_extended_stands_before_where_it_is_there() -> None:
    assert _solve(_manifest("aa", extends=("bb", "gone")), _manifest("bb")) == (["bb", "aa"], {})


def test_a_circle_of_extensions_is_no_obstacle() -> None:
    order = _solve(_manifest("aa", extends=("bb",)), _manifest("bb", extends=("aa",)))
    assert order == (["aa", "bb"], {})


def test_a_missing_need_stops_its_dependents_only_and_is_named() -> None:
    order, unmet = _solve(_manifest("aa"), _manifest("bb", "gone"), _manifest("cc", "bb"))
    assert order == ["aa"]
    assert unmet == {
        "bb": "needs gone, which is not there",
        "cc": "needs bb, which does not load",
    }


def test_a_circle_of_needs_stops_its_members_and_what_needs_them() -> None:
    order, unmet = _solve(
        _manifest("aa", "bb"),
        _manifest("bb", "aa"),
        _manifest("cc"),
        _manifest("dd", "dd"),
        _manifest("ee", "aa"),
    )
    assert order == ["cc"]
    assert unmet == {
        "aa": "needs itself in the end: aa → bb → aa",
        "bb": "needs itself in the end: bb → aa → bb",
        "dd": "needs itself in the end: dd → dd",
        "ee": "needs aa, which does not load",
    }


@pytest.mark.parametrize(
    ("versions", "installed", "fits"),
    [
        (">=0.2,<1", "0.2", True),
        (">=0.2,<1", "1.0", False),
        ("~=1.4", "1.9.1", True),
        (">=2", "2.1.dev3", True),
        (">=2", "two", False),
    ],
)
def test_versions_that_do_not_fit_stop_who_asks_for_them(versions: str, installed: str, fits: bool) -> None:
    order, unmet = _solve(_manifest("aa", "bb", bb=versions), _manifest("bb", version=installed))
    assert order == (["bb", "aa"] if fits else ["bb"])
    assert set(unmet) == (set() if fits else {"aa"})
    assert fits or unmet["aa"].endswith(f", but {installed} is installed")


def test_the_version_of_what_is_only_extended_counts_where_it_is_there() -> None:
    extending = _manifest("aa", extends=("bb",), bb=">=2")
    assert _solve(extending) == (["aa"], {})
    assert _solve(extending, _manifest("bb"))[1] == {"aa": "extends bb >=2, but 1 is installed"}


def test_every_conflict_is_told_at_once() -> None:
    order, unmet = _solve(
        _manifest("aa", "gone", "torn", "bb", bb=">=3", core=">=99"),
        _manifest("bb", "cc", "also_gone"),
        _manifest("cc", "bb"),
        _manifest("dd"),
        broken=("torn",),
    )
    assert order == ["dd"]
    assert unmet["aa"].split("; ") == [
        "needs gone, which is not there",
        "needs torn, which does not load",
        "needs bb >=3, but 1 is installed",
        "needs Guanxi >=99, but 0.1.0 is installed",
    ]
    assert unmet["bb"].split("; ") == [
        "needs also_gone, which is not there",
        "needs itself in the end: bb → cc → bb",
    ]
    assert set(unmet) == {"aa", "bb", "cc"}
