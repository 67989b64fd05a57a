"""Whether migrations go up, down and up again, make what the models say, and touch nothing else."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from core.addons.loading import Catalogue
from core.addons.manifest import Manifest
from core.db.base import metadata, tables_of
from core.db.migrate import History, downgrade, heads, in_order, migrate
from core.i18n import _
from core.kit.findings import Finding, line_of
from core.kit.layout import one_line
from core.kit.revisions import difference
from core.kit.scratch import histories_below, scratch_schema
from core.kit.structure import Part, structure

#: SQL in a text that changes rows or structure, and the table.
_WRITES: Final = re.compile(
    r"\b(?:insert\s+into|update|delete\s+from|truncate(?:\s+table)?|alter\s+table|drop\s+table)"
    r"\s+(?:only\s+|if\s+exists\s+)*\"?(?P<table>\w+)",
    re.IGNORECASE,
)


def check_names(addon: Manifest) -> Iterator[Finding]:
    """See that its tables bear its name, and that no SQL of its own writes to others'."""
    for table in tables_of(addon.name):
        if not table.name.startswith(f"{addon.name}_"):
            path = _model_file(addon, table.name)
            yield Finding(
                "tables",
                path,
                line_of(path, f'"{table.name}"'),
                _("The table %(table)s does not begin with the addon's name.", table=table.name),
                _("Call it %(name)s.", name=f"{addon.name}_{table.name}"),
            )
    for path in sorted(addon.folder.rglob("*.py")):
        if "tests" not in path.relative_to(addon.folder).parts:
            yield from _foreign_writes(addon, path)


def _foreign_writes(addon: Manifest, path: Path) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        for match in _WRITES.finditer(node.value):
            table = metadata.tables.get(match["table"].lower())
            if table is not None and table.info.get("addon") != addon.name:
                line = node.lineno + node.value.count("\n", 0, match.start())
                yield _foreign(addon, path, line, table.name)


def _foreign(addon: Manifest, path: Path, line: int, table: str) -> Finding:
    return Finding(
        "tables",
        path,
        line,
        _("It changes %(table)s, which is no table of %(addon)s.", table=table, addon=addon.name),
        _("Write through the service of its resource; what you add to it belongs in a table of your own."),
    )


def check_migrations(engine: Engine, catalogue: Catalogue, name: str) -> list[Finding]:
    """Run each revision up, down and up again in a schema of its own, and compare the end with the models.

    Args:
        engine: of the owner; nothing is kept in its database.
        catalogue: the loaded addons.
        name: the addon.
    """
    addon = catalogue.addons[name]
    history = History(name, addon.folder / "migrations")
    below = histories_below(catalogue, name)
    try:
        steps, newest = in_order(history), heads(history)
    except Exception as error:  # noqa: BLE001 - a revision is a program and may fail in any way
        return [_broken(history.folder, error)]
    if len(newest) > 1:
        problem = _("There are several newest revisions: %(heads)s.", heads=", ".join(sorted(newest)))
        advice = _("Let one follow the other: change its down_revision.")
        return [Finding("migrations", history.folder, 1, problem, advice)]
    found: list[Finding] = []
    with scratch_schema(engine) as (connection, schema):
        migrate(connection, schema, below)
        for revision, path in steps:
            went_up, said = _up_down_up(connection, schema, history, revision, path, addon)
            found += said
            if not went_up:
                return found
        change = difference(connection, name, [each.name for each in below])
    for each in change.upgrade:
        table = re.search(rf'"({name}_\w+)"', each)
        path = _model_file(addon, table[1] if table else name)
        found.append(
            Finding(
                "migrations",
                path,
                line_of(path, f'"{table[1]}"' if table else "Mapped"),
                _("No migration does what the models say: %(code)s", code=one_line(each)[:300]),
                _("Run: guanxi addon makemigration %(name)s -m TEXT", name=name),
            )
        )
    return found


def _up_down_up(
    connection: Connection, schema: str, history: History, revision: str, path: Path, addon: Manifest
) -> tuple[bool, list[Finding]]:
    """Try one revision; gives whether it is there at the end, and what was found."""
    found: list[Finding] = []

    def attempt(act: Callable[[], None]) -> bool:
        savepoint = connection.begin_nested()
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a revision is a program and may fail in any way
            savepoint.rollback()
            found.append(_broken(path, error))
            return False
        savepoint.commit()
        return True

    def up() -> None:
        migrate(connection, schema, [history], revision)

    before = _parts(connection, schema)
    if not attempt(up):
        return False, found
    after = _parts(connection, schema)
    for table in sorted({part[0] for part in before ^ after if not _is_own(part, addon.name)}):
        line = line_of(path, f'"{table}"', f"'{table}'", table, "def upgrade")
        found.append(_foreign(addon, path, line, table))
    if not attempt(lambda: downgrade(connection, schema, history, "-1")):
        return True, found
    line = line_of(path, "def downgrade")
    if different := _parts(connection, schema) ^ before:
        found.append(
            Finding(
                "migrations",
                path,
                line,
                _("After its downgrade, this is not as before: %(what)s.", what=_shown(different)),
                _("Undo in downgrade what upgrade does, in the reverse order."),
            )
        )
    if not attempt(up):
        return False, found
    if different := _parts(connection, schema) ^ after:
        found.append(
            Finding(
                "migrations",
                path,
                line,
                _("Undone and done again, this has become another: %(what)s.", what=_shown(different)),
                _("Undo in downgrade what upgrade does, in the reverse order."),
            )
        )
    return True, found


def _parts(connection: Connection, schema: str) -> set[Part]:
    return {part for part in structure(connection, schema) if not part[0].startswith("mig_")}


def _is_own(part: Part, addon: str) -> bool:
    return str(part[0]).strip('"').startswith(f"{addon}_")


def _shown(parts: set[Part]) -> str:
    names = sorted({f"{part[0]}.{part[2]}" if part[1] != "function" else str(part[0]) for part in parts})
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _broken(path: Path, error: Exception) -> Finding:
    """What a revision raised, at its own line as far as it is known."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(path))
    ]
    if isinstance(error, SyntaxError) and error.filename:
        path, line = Path(error.filename), error.lineno or 1
    elif frames:
        path, line = Path(frames[-1].filename), frames[-1].lineno or 1
    else:
        line = 1
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return Finding(
        "migrations",
        path,
        line,
        _("It fails: %(why)s", why=f"{type(cause).__name__}: {' '.join(str(cause).split())[:300]}"),
        _("Correct the revision; one that is released already is corrected by the next."),
    )


def _model_file(addon: Manifest, table: str) -> Path:
    """The file in which a table is declared."""
    places = [addon.folder / "models.py", *sorted((addon.folder / "models").rglob("*.py"))]
    for path in places:
        if path.exists() and f'"{table}"' in path.read_text(encoding="utf-8"):
            return path
    return next((path for path in places if path.exists()), addon.folder)
