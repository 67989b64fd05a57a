"""``python -m core.cli``: the same as the command ``guanxi``."""

from __future__ import annotations

from core.cli import main

if __name__ == "__main__":
    main()
