"""See that everything Guanxi says, it says in both languages.

    python -m tools.check_texts                     complain, exit 1 when there is something to complain about
    python -m tools.check_texts --update [ROOM ...] put missing texts into the catalogues, to be translated
    python -m tools.check_texts --prune [ROOM ...]  take texts nobody says any more out of them

A room is the core or an addon, with catalogues of its own in ``translations/zh/LC_MESSAGES``. What an
addon says may also stand in the core's catalogues. English is written in the sources, so there is no
catalogue of it.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from core.kit import texts
from core.kit.texts import Problem, Room, contradictions, problems_of, room_at

ROOT: Final = Path(__file__).resolve().parents[1]
#: Programs of the core that hold Chinese as data: what people type, what examples show.
_CHINESE_DATA: Final = (
    "core/cli/serve.py",  # the name of the demo company
    "core/demo.py",
    "core/kit/texts/unspoken.py",  # what is the same in every language
    "core/resources/cells.py",  # dates and yes or no as spreadsheets have them
    "core/resources/openapi/kinds.py",  # examples of values
    "core/resources/values.py",  # yes or no, extensions of telephone numbers
    "core/resources/written/cells.py",  # what people write: yes and no
    "core/resources/written/days.py",
    "core/resources/written/numbers.py",
    "core/search/names.py",  # legal forms of companies
    "core/search/text.py",  # family names that are read in a way of their own
)


def rooms(root: Path = ROOT) -> list[Room]:
    """The core, then the addons by name."""
    folders = [root / "core"]
    folders += sorted(path.parent for path in (root / "addons").glob("*/addon.toml"))
    return [room_at(folder) for folder in folders]


def problems(root: Path = ROOT) -> list[Problem]:
    """Everything there is to complain about in the sources below ``root``."""
    found = rooms(root)
    core, data = found[0].translated, {root / place for place in _CHINESE_DATA}
    in_rooms = [each for room in found for each in problems_of(room, core, data=data)]
    return [*in_rooms, *contradictions(found)]


def update(names: Iterable[str], root: Path = ROOT) -> int:
    """Put what is said and has no entry into the catalogues, without a translation.

    Args:
        names: of rooms; none means all.
        root: of the sources.

    Returns:
        How many texts were added.
    """
    found, wanted = rooms(root), set(names)
    return sum(texts.update(room, found[0]) for room in found if not wanted or room.name in wanted)


def prune(names: Iterable[str], root: Path = ROOT) -> int:
    """Take out of the catalogues what nobody says; gives how many texts that were."""
    wanted = set(names)
    return sum(texts.prune(room) for room in rooms(root) if not wanted or room.name in wanted)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tools.check_texts", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--update", nargs="*", metavar="ROOM", help="add missing texts; all rooms if none is named"
    )
    parser.add_argument("--prune", nargs="*", metavar="ROOM", help="take out texts nobody says")
    chosen = parser.parse_args(arguments)
    if chosen.prune is not None:
        print(f"{prune(chosen.prune)} texts taken out")
    if chosen.update is not None:
        print(f"{update(chosen.update)} texts added")
    if chosen.update is not None or chosen.prune is not None:
        return 0
    found = problems()
    counts: dict[Path, int] = defaultdict(int)
    for problem in found:
        counts[problem.path] += 1
        print(str(problem).replace(f"{ROOT}/", ""))
    if found:
        print(f"{len(found)} problems in {len(counts)} files", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
