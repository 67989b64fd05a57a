"""`python -m core.web.assets [--dev]`: build the front-end files if their sources changed."""

from __future__ import annotations

import sys

from core.web.assets.builder import BuildFailed, build


def main(arguments: list[str]) -> int:
    """Build and return the exit code; silent when everything is up to date."""
    if any(argument != "--dev" for argument in arguments):
        print("usage: python -m core.web.assets [--dev]", file=sys.stderr)
        return 2
    try:
        build(dev="--dev" in arguments)
    except BuildFailed as error:
        print(f"assets: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
