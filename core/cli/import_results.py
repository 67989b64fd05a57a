"""What came of an import, on the terminal or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from core.cli.group import show
from core.i18n import _, ngettext
from core.resources.importing import Plan
from core.resources.importing.guess import Guess
from core.resources.importing.runs import Run

#: Columns named one by one; a file may have hundreds for which there is no field.
MAX_COLUMNS: Final = 20


@dataclass(slots=True)
class Done:
    """What came of an import."""

    slug: str
    run: Run
    plan: Plan
    seconds: float
    #: Whether it stays.
    written: bool
    dry_run: bool
    encoding: str | None
    bad_file: Path | None
    #: The first bad rows: ``(line, problem)``.
    first: list[tuple[int, str]] = field(default_factory=list)

    def show(self, *, as_json: bool) -> None:
        """Print the result."""
        if as_json:
            show(
                {
                    **self.run.counts,
                    "import": self.run.id if self.written else None,
                    "seconds": round(self.seconds, 3),
                    "written": self.written,
                    "encoding": self.encoding,
                    "mapping": self.run.mapping,
                    "skipped_columns": self.plan.skipped,
                    "system_columns": self.plan.kept_by_system,
                    "bad_file": str(self.bad_file) if self.bad_file is not None else None,
                    "problems": [{"line": line, "problem": problem} for line, problem in self.first],
                }
            )
        else:
            self._tell()
        self._tell_bad(as_json=as_json)

    def _tell(self) -> None:
        if self.plan.skipped:
            click.echo(_("Left out: %(columns)s", columns=_some(self.plan.skipped)), err=True)
        if self.plan.kept_by_system:
            columns = _some(self.plan.kept_by_system)
            click.echo(
                _("Only the system sets these, they were left out: %(columns)s", columns=columns), err=True
            )
        counts = self.run.counts
        if counts.get("created"):
            sentence = ngettext("%(n)s linked record made.", "%(n)s linked records made.", counts["created"])
            click.echo(sentence, err=True)
        if counts.get("skipped"):
            sentence = ngettext(
                "%(n)s row left, its record is there.",
                "%(n)s rows left, their records are there.",
                counts["skipped"],
            )
            click.echo(sentence, err=True)
        names = ("read", "inserted", "updated", "unchanged", "bad")
        click.echo(
            ngettext(
                "%(read)s row read: %(inserted)s inserted, %(updated)s updated, %(unchanged)s unchanged,"
                " %(bad)s bad, in %(seconds).2f s.",
                "%(read)s rows read: %(inserted)s inserted, %(updated)s updated, %(unchanged)s unchanged,"
                " %(bad)s bad, in %(seconds).2f s.",
                counts.get("read", 0),
                **{name: counts.get(name, 0) for name in names},
                seconds=self.seconds,
            )
        )
        if not self.written:
            click.echo(_("This was a dry run.") if self.dry_run else _("Nothing was imported."))
        elif sys.stderr.isatty():
            command = f"guanxi import --undo {self.run.id} --tenant {self.slug}"
            click.echo(_("Take it back: %(command)s", command=command), err=True)

    def _tell_bad(self, *, as_json: bool) -> None:
        """Say on standard error what is wrong and where all of it stands."""
        count = self.run.counts.get("bad", 0)
        if not count:
            return
        for line, problem in self.first if not as_json else ():
            click.echo(_("Line %(line)s: %(problem)s", line=line, problem=problem), err=True)
        if count > len(self.first) and not as_json:
            click.echo("…", err=True)
        click.echo(ngettext("%(n)s row was refused.", "%(n)s rows were refused.", count), err=True)
        if self.bad_file is not None:
            sentence = _("See “%(path)s”: correct what is wrong and import that file.", path=self.bad_file)
            click.echo(sentence, err=True)


def tell_undone(import_id: int, result: Mapping[str, int], *, as_json: bool) -> None:
    """Say what came of taking an import back."""
    if as_json:
        show({"import": import_id, **result})
        return
    click.echo(
        _(
            "Taken back: %(restored)s restored, %(removed)s removed, %(left)s left because they were changed"
            " since.",
            **result,
        )
    )


def tell_guess(guess: Guess) -> None:
    """Say where columns were guessed to go, so that nobody has to wonder."""
    click.echo(_("Where the columns go was guessed; --map says it for certain:"), err=True)
    for column in guess.columns:
        if column.name is not None:
            click.echo(f"  {column.header} → {column.name} ({column.reason})", err=True)


def _some(columns: Sequence[str]) -> str:
    """Columns by name, of very many the first."""
    shown = ", ".join(columns[:MAX_COLUMNS])
    left = len(columns) - MAX_COLUMNS
    if left <= 0:
        return shown
    return ngettext("%(some)s and %(n)s more", "%(some)s and %(n)s more", left, some=shown)
