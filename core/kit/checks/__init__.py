"""Everything that can be said about an addon without knowing what it is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from babel.messages.pofile import PoFileError
from sqlalchemy import Engine

from core.addons.discovery import discover
from core.addons.manifest import CORE, Manifest
from core.i18n import _
from core.kernel import OWN_ADDONS, Kernel
from core.kit.checks.imports import PUBLIC, PUBLIC_IN_TESTS, check_imports
from core.kit.checks.messages import check_messages
from core.kit.checks.migrations import check_migrations, check_names
from core.kit.checks.permissions import check_permissions
from core.kit.findings import Finding, line_of
from core.kit.texts import contradictions, problems_of, room_at, update

__all__ = ["PUBLIC", "PUBLIC_IN_TESTS", "Finding", "add_texts", "check_addon"]

_VERSION: Final = re.compile(r"\d+(\.\d+)*((a|b|rc|\.dev|\.post)\d+)?")
_PLACE: Final = re.compile(
    r"(?P<path>[^:]+\.(?:py|toml|po|ya?ml))(?::(?P<line>\d+))?: (?P<rest>.*)", re.DOTALL
)


def check_addon(kernel: Kernel, name: str, engine: Callable[[], Engine]) -> list[Finding] | None:
    """Check an installed addon from its manifest to its migrations.

    Args:
        kernel: with all addons loaded, or in quarantine.
        name: of the addon, or of its folder where the manifest cannot be read.
        engine: gives the owner's connections; asked only for an addon that loads.

    Returns:
        What there is to mend, by file and line; None where there is no such addon.
    """
    installed = discover([OWN_ADDONS, *kernel.config.addons_path]).manifests
    addon = next((each for each in installed if each.name == name), None)
    reason = kernel.catalogue.quarantined.get(name)
    if addon is None:
        return None if reason is None else [_quarantined(Path(name), reason)]
    others = [each for each in installed if each.name != name]
    found = [*_manifest(addon)]
    if reason is not None:
        found += _reasons(addon.folder, reason)
    found += check_imports(addon, {each.package: each.name for each in others})
    if all(each.check != "syntax" for each in found):
        found += _texts(addon, others)
        if reason is None:
            found += check_names(addon)
            found += check_permissions(addon, kernel.resources)
            found += check_messages(addon, kernel)
            found += _seeds(addon, kernel)
            found += check_migrations(engine(), kernel.catalogue, name)
    return sorted(dict.fromkeys(found), key=lambda each: (str(each.path), each.line, each.problem))


def add_texts(kernel: Kernel, name: str) -> int:
    """Put what an addon says and has no entry for into its catalogue, to be translated; gives how many."""
    folder = kernel.catalogue.addons[name].folder
    return update(room_at(folder, name), room_at(CORE.folder, "core"))


def _manifest(addon: Manifest) -> Iterator[Finding]:
    path = addon.folder / "addon.toml"
    if not addon.licence:
        problem = _("The addon says nothing about its licence.")
        advice = _('Add a line such as: licence = "Apache-2.0"')
        yield Finding("manifest", path, 1, problem, advice)
    if not _VERSION.fullmatch(addon.version):
        problem = _("“%(version)s” is no version.", version=addon.version)
        yield Finding(
            "manifest",
            path,
            line_of(path, "version =", "version"),
            problem,
            _("Write numbers with dots: 1.2.0"),
        )


def _reasons(place: Path, reason: str) -> Iterator[Finding]:
    """Why an addon does not load, each reason by itself where all of them name their place."""
    parts = re.split(r"; (?=[^:;]+\.ya?ml:\d+: )", reason)
    for part in parts:
        yield _quarantined(place, part)


def _quarantined(place: Path, reason: str) -> Finding:
    """Why an addon does not load, at the place the reason names."""
    told = _PLACE.fullmatch(reason)
    path = Path(told["path"]) if told else place
    line = int(told["line"] or 1) if told else 1
    return Finding(
        "loading",
        path,
        line,
        _("The addon does not load: %(why)s", why=told["rest"] if told else reason),
        _("Correct this first; what needs the loaded addon was not checked."),
    )


def _texts(addon: Manifest, others: Sequence[Manifest]) -> Iterator[Finding]:
    """What is not said in both languages."""
    try:
        core, room = room_at(CORE.folder, "core"), room_at(addon.folder, addon.name)
        rooms = [core, *(room_at(each.folder, each.name) for each in others), room]
    except PoFileError as error:
        place = addon.folder / "translations"
        yield Finding(
            "texts",
            place,
            1,
            _("A catalogue cannot be read: %(why)s", why=str(error)),
            _("Correct the file."),
        )
        return
    problems = [*problems_of(room, core.translated), *contradictions(rooms)]
    for each in problems:
        if each.path.is_relative_to(addon.folder):
            advice = _("The Chinese stands in %(path)s.", path=f"translations/zh/LC_MESSAGES/{addon.name}.po")
            yield Finding("texts", each.path, each.line, each.sentence, advice)


def _seeds(addon: Manifest, kernel: Kernel) -> Iterator[Finding]:
    """What is wrong with the samples it brings, whose values no start has tried."""
    _found, problems = kernel.seeds.read(addon, kernel.permissions.roles, try_samples=True)
    for each in problems:
        advice = _("Correct the record, or the field it is for.")
        yield Finding("seeds", each.path, each.line, each.sentence, advice)
