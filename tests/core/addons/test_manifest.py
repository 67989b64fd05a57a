from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from core.addons.manifest import RESERVED, AddonError, Manifest, in_order, read_manifest
from core.i18n import lazy_gettext

_GOOD = {"name": "fleet", "title": "Fleet", "summary": "Cars and who drives them", "version": "1.2"}


def _toml(**values: object) -> str:
    given = {**_GOOD, **values}
    return "".join(
        f"{key} = {value!r}\n".replace("'", '"') for key, value in given.items() if value is not None
    )


def _write(folder: Path, content: str | bytes) -> Path:
    path = folder / "addon.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_manifest_is_read_without_importing_code(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("raise SystemExit")
    _write(tmp_path, _toml(depends=["customer"], extends=["sales"], licence="MIT"))
    found = read_manifest(tmp_path, "addons.fleet")
    assert (found.name, str(found.title), found.version) == ("fleet", "Fleet", "1.2")
    assert (found.depends, found.extends, found.licence) == (("customer",), ("sales",), "MIT")
    assert (found.folder, found.package) == (tmp_path, "addons.fleet")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_toml(name=None), "“name” is missing"),
        (_toml(version=None, title=None), "“title” is missing; “version” is missing"),
        (_toml(titel="Fleet"), "“titel” is unknown; known are name, title"),
        (_toml(title=""), "“title” must be a text"),
        (_toml(version=2), "“version” must be a text"),
        (_toml(depends="customer"), "“depends” must be a list of addon names"),
        (_toml(depends=["Customer!"]), "“depends” must be a list of addon names"),
        (_toml(extends=[1]), "“extends” must be a list of addon names"),
        (_toml(default="no"), "“default” must be true or false"),
        (_toml(name="Fleet"), "the name “Fleet” must be"),
        (_toml(name="f"), "the name “f” must be"),
        (_toml(name=["fleet"]), "“name” must be a text"),
        (_toml(name="core"), "the name “core” is taken"),
        (_toml(name="platform"), "the name “platform” is taken"),
        ("name = fleet", "Invalid value"),
        ("= 1", "Invalid"),
        (b'name = "\xff\xfe"', "utf-8"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_said_with_its_file(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    path = _write(tmp_path, content)
    with pytest.raises(AddonError) as refused:
        read_manifest(tmp_path, "addons.fleet")
    assert str(refused.value).startswith(f"{path}: ")
    assert said in str(refused.value)


def test_a_missing_manifest_is_said_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(AddonError, match=r"there is no addon\.toml"):
        read_manifest(tmp_path, "addons.fleet")


def test_every_first_part_of_the_cores_own_addresses_is_reserved(app: Flask) -> None:
    own = [rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("customer.")]
    first = {rule.rule.split("/")[1] for rule in own}
    assert {part for part in first if part and not part.startswith("<")} <= RESERVED
    assert set(app.blueprints) - {"customer"} <= RESERVED


def _manifest(name: str, depends: tuple[str, ...] = (), extends: tuple[str, ...] = ()) -> Manifest:
    text = lazy_gettext(name)
    return Manifest(name, text, text, "1", Path(name), f"addons.{name}", depends, extends)


def _order(*manifests: Manifest) -> tuple[list[str], dict[str, str]]:
    done, unmet = in_order(manifests)
    return [each.name for each in done], unmet


def test_addons_stand_behind_what_they_need_and_equals_by_name() -> None:
    order = _order(
        _manifest("aa", depends=("zz",)), _manifest("mm"), _manifest("zz", depends=("mm",)), _manifest("bb")
    )
    assert order == (["bb", "mm", "zz", "aa"], {})


def test_what_is_extended_stands_before_where_it_is_there() -> None:
    assert _order(_manifest("aa", extends=("bb", "gone")), _manifest("bb")) == (["bb", "aa"], {})


def test_a_circle_of_extensions_is_no_obstacle() -> None:
    order, unmet = _order(_manifest("aa", extends=("bb",)), _manifest("bb", extends=("aa",)))
    assert (order, unmet) == (["aa", "bb"], {})


def test_a_missing_need_stops_its_dependents_only_and_is_named() -> None:
    order, unmet = _order(
        _manifest("aa"), _manifest("bb", depends=("gone",)), _manifest("cc", depends=("bb",))
    )
    assert order == ["aa"]
    assert unmet.keys() == {"bb", "cc"}
    assert "gone" in unmet["bb"]
    assert "bb" in unmet["cc"]


def test_a_circle_of_needs_stops_its_members_only() -> None:
    order, unmet = _order(
        _manifest("aa", depends=("bb",)),
        _manifest("bb", depends=("aa",)),
        _manifest("cc"),
        _manifest("dd", ("dd",)),
    )
    assert order == ["cc"]
    assert unmet.keys() == {"aa", "bb", "dd"}
    assert "bb" in unmet["aa"]
    assert "aa" in unmet["bb"]
