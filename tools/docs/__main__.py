"""`python -m tools.docs`: build the documentation, or bring its translations up to date.

python -m tools.docs              build/docs, in both languages
python -m tools.docs --update     put what is new in English into the Chinese catalogues, to be filled
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.docs.building import BUILD, NotBuilt, build
from tools.docs.texts import untranslated, update


def main(arguments: list[str]) -> int:
    """Do what is asked; the exit code is 1 where the documentation cannot be built as it is."""
    if arguments == ["--update"]:
        update()
    elif arguments:
        print(__doc__, file=sys.stderr)
        return 2
    else:
        try:
            seconds = build(BUILD)
        except NotBuilt as error:
            print(f"✗ documentation\n{error}", file=sys.stderr)
            return 1
        print(f"✓ documentation {seconds:.1f} s: {(BUILD / 'index.html').relative_to(Path.cwd())}")
    for page, missing in untranslated().items():
        print(f"  {page}: {missing} paragraphs are not in Chinese yet")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
