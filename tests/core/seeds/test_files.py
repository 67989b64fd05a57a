"""What is wrong with a file is said with its line and the names that may be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.addons.manifest import Manifest
from core.i18n import lazy_gettext
from core.kernel import Kernel
from core.seeds.files import Mode
from core.seeds.registry import Seeds

_GOOD = """
resource: customer.standard
mode: managed
records:
  - id: fair
    name: {zh: 展会, en: Fair}
    criteria: [{text: {zh: 到场, en: Came}}]
---
resource: customer.customer
mode: sample
records:
  - {id: top, name: Top}
  - {id: below, name: Below, parent: top, owner: {role: account_manager, language: zh}}
---
resource: customer.activity
mode: sample
records:
  - {id: talk, customer: top, subject: Talk, done_at: today-3d 09:30}
"""


def _addon(folder: Path) -> Manifest:
    text = lazy_gettext("Toys")
    return Manifest("toys", text, text, "1", folder, "addons.toys", depends=("customer",))


def _problems(kernel: Kernel, folder: Path, text: str) -> list[str]:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "toys.yaml").write_text(text, encoding="utf-8")
    read = Seeds(kernel.resources).read(_addon(folder), kernel.permissions.roles, try_samples=True)
    return [f"{each.line}: {each.sentence}" for each in read[1]]


def test_seeds_are_read_with_their_ids_and_lines(kernel: Kernel, tmp_path: Path) -> None:
    assert _problems(kernel, tmp_path, _GOOD) == []
    seeds, _ = Seeds(kernel.resources).read(_addon(tmp_path), kernel.permissions.roles, try_samples=True)
    assert [(each.key, each.mode, each.line) for each in seeds] == [
        ("toys.fair", Mode.MANAGED, 5),
        ("toys.top", Mode.SAMPLE, 12),
        ("toys.below", Mode.SAMPLE, 13),
        ("toys.talk", Mode.SAMPLE, 18),
    ]


@pytest.mark.parametrize(
    ("good", "bad", "line", "sentences"),
    [
        ("mode: managed", "mode: manged", 3, ["there is no mode “manged”; there are managed"]),
        ("mode: managed", "modus: managed", 3, ["“modus” is unknown; known are mode", "“mode” is missing"]),
        ("resource: customer.standard", "resource: customer.standart", 5, ["there are customer.standard"]),
        ("- id: fair", "- name: fair", 6, ["“name” stands here twice"]),
        ("- id: fair", "- id: Fair!", 5, ["the id “Fair!” must begin with a letter"]),
        ("id: below", "id: top", 13, ["the id “toys.top” is taken already, at data/toys.yaml:12"]),
        ("    name: {zh", "    nam: {zh", 6, ["“nam” is no field of customer.standard; there are name"]),
        ("[{text:", "[{txt:", 7, ["“txt” is no field of customer.criterion; there are text"]),
        ("name: Top", "number: C-1", 12, ["“number” is set by the system of customer.customer"]),
        ("zh: 展会, en: Fair", "en: Fair", 6, ["it is not said in zh"]),
        ("parent: top", "parent: tip", 13, ["no seed “toys.tip” of customer.customer; there are toys.top"]),
        ("parent: top", "parent: 7", 13, ["a link is the id of another seed"]),
        ("parent: top", "parent: fair", 13, ["there is no seed “toys.fair” of customer.customer"]),
        ("role: account_manager", "role: manager", 13, ["there is no role “manager”; there are"]),
        ("name: Top}", "name: Top, parent: below}", 12, ["link to one another in a circle: toys."]),
        ("today-3d 09:30", "today-3d", 18, ["a moment is written today-3d 09:30"]),
        ("today-3d 09:30", "soon", 18, ["is no date and time"]),
        ("subject: Talk", "subject: Talk, kind: shout", 18, ["“kind” of “toys.talk”: “shout” is not one of"]),
        ("{id: talk, customer: top, subject: Talk", "{id: talk", 18, ["“subject” of “toys.talk”"]),
        ("sample\nrecords:\n  - {id: top", "once\nrecords:\n  - {id: top", 13, ["only samples are"]),
        ("records:\n  - id: fair", "records:\n  - id: [fair", 6, ["this is no YAML"]),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(
    kernel: Kernel, tmp_path: Path, good: str, bad: str, line: int, sentences: list[str]
) -> None:
    assert good in _GOOD
    found = _problems(kernel, tmp_path, _GOOD.replace(good, bad, 1))
    for sentence in sentences:
        assert any(sentence in each for each in found), found
    assert any(each.startswith(f"{line}: ") for each in found), found


def test_files_hold_plain_values_only(kernel: Kernel, tmp_path: Path) -> None:
    bad = _GOOD.replace("name: Top", "name: !!python/object/apply:os.getcwd []")
    assert "could not determine a constructor" in _problems(kernel, tmp_path, bad)[0]


def test_the_addons_that_come_with_us_have_sound_files(kernel: Kernel) -> None:
    for name, addon in kernel.catalogue.addons.items():
        seeds, problems = kernel.seeds.read(addon, kernel.permissions.roles, try_samples=True)
        assert problems == []
        assert len(seeds) > 300 or name != "customer"
