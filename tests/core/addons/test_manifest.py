from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from packaging.specifiers import SpecifierSet

from core.addons.manifest import RESERVED, AddonError, read_manifest

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


def test_versions_stand_behind_names_and_are_kept_apart_from_them(tmp_path: Path) -> None:
    _write(tmp_path, _toml(depends=["customer>=0.2,<1", "catalog"], extends=["sales ~= 1.4"], guanxi=">=0.1"))
    found = read_manifest(tmp_path, "addons.fleet")
    assert (found.depends, found.extends) == (("customer", "catalog"), ("sales",))
    ranges = {
        "customer": SpecifierSet(">=0.2,<1"),
        "sales": SpecifierSet("~=1.4"),
        "core": SpecifierSet(">=0.1"),
    }
    assert found.ranges == ranges


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
        (_toml(depends=["customer>=0.2,old"]), "the versions in “customer>=0.2,old” cannot be read"),
        (_toml(depends=["customer 2"]), "the versions in “customer 2” cannot be read"),
        (_toml(depends=["customer>=1", "sales", "customer<3"]), "“depends” names “customer” twice"),
        (_toml(guanxi="newest"), "“guanxi” must be versions of the program"),
        (_toml(guanxi=["1"]), "“guanxi” must be a text"),
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
