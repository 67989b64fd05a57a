"""`python -m core.web.assets [--dev]`: build the front-end files if their sources changed."""

from __future__ import annotations

import sys

from core.web.assets.builder import BuildFailed, build


def _say(text: str) -> None:
    sys.stdout.write(f"assets: {text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Build and return the exit code; silent when everything is up to date."""
    if any(argument != "--dev" for argument in arguments):
        sys.stderr.write("usage: python -m core.web.assets [--dev]\n")
        return 2
    try:
        build(dev="--dev" in arguments, say=_say)
    except BuildFailed as error:
        sys.stderr.write(f"assets: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
