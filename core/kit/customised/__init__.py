"""The whole customisation of a tenant as an addon: its fields and kinds of records, written as programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from core.addons.manifest import CORE, Manifest
from core.customising.definitions import definitions
from core.customising.objects import objects
from core.db.session import tenant_of
from core.errors import Conflict
from core.i18n import _l, add_catalogue, speaking
from core.kit.customised.documents import MAP, documents
from core.kit.customised.plan import Plan, plan
from core.kit.customised.sources import Sources
from core.kit.customised.texts import Texts
from core.kit.scaffold import Wish, check_name, check_texts, known_texts, write_chinese, write_whole
from core.resources.declaration import Resource
from core.resources.registry import Resources

__all__ = ["MAP", "NothingAdded", "Plan", "planned", "write_customisation"]

_SUMMARY: Final = _l("Fields and records that administrators have added")


class NothingAdded(Conflict):
    """A tenant's administrators have added nothing."""

    code = "nothing-added"
    message = _l("The administrators of this tenant have added nothing that could be written.")


def planned(session: Session, resources: Resources, addon: str, installed: Iterable[str]) -> Plan:
    """Decide what the customisation of a tenant becomes in an addon; what is archived stays behind.

    Args:
        session: bound to the tenant.
        resources: of this process.
        addon: its name.
        installed: the names of all addons, for the names of fields they bring where they are on.

    Raises:
        NothingAdded: there is nothing.
        Invalid: names of tables would be too long.
    """
    seen: dict[str, Resource] = {each.name: each for each in resources.visible(tenant_of(session))}
    fields = [each for each in definitions(session) if not each.is_archived]
    kinds = [each for each in objects(session) if not each.is_archived]
    names = {each.resource for each in kinds}
    archived = {each.resource for each in objects(session)} - names
    fields = [each for each in fields if each.resource not in archived]
    everything = resources.visible(replace(tenant_of(session), addons=frozenset(installed)))
    taken = {each.name: {*each.fields, *each.lines_fields} for each in everything}
    found = plan(addon, fields, kinds, seen, taken)
    if not found.tables:
        raise NothingAdded
    return found


def write_customisation(folder: Path, wish: Wish, found: Plan, installed: Sequence[Manifest]) -> Path:
    """Write an addon below ``folder``: aside first, and in its place when it runs.

    Args:
        folder: where addons lie; made where it is not there.
        wish: what it is called.
        found: what it holds, see `planned`.
        installed: the addons there are.

    Returns:
        The addon's own folder.

    Raises:
        Invalid: the name is not one of an addon, or a title cannot be written down.
        FolderThere: something lies there.
        NotWritten: it does not run.
    """
    check_name(wish.name, ())
    check_texts(wish)
    add_catalogue(CORE.folder / "translations")
    known = known_texts(installed)

    def write(place: Path) -> None:
        texts = Texts(wish.name, known)
        title_zh = known.get((None, wish.title), wish.title_zh)
        texts.code(wish.title, title_zh, wish.name)
        sources = Sources(found, wish.title, title_zh, texts).files()
        with speaking("en"):
            summary = str(_SUMMARY)
        for path, text in {**sources, **documents(found, wish, summary, iter(sources))}.items():
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        write_chinese(place, wish.name, texts.chinese)

    return write_whole(folder, wish.name, write)
