"""``guanxi import`` and ``guanxi export``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.auth.services import actor_by_email
from core.cli.group import as_json, cli, for_tenant, show, work
from core.db.session import commit, rollback, tenant_of
from core.errors import NotFound
from core.i18n import _, ngettext
from core.resources.declaration import Resource
from core.resources.exporting import Format, write
from core.resources.filters import All, from_text
from core.resources.gateway import Gateway
from core.resources.importing import (
    ColumnMap,
    Importer,
    Mode,
    Outcome,
    Reading,
    Row,
    Table,
    make_plan,
    open_table,
    read_mapping,
)
from core.resources.importing.bad_rows import BadRows
from core.resources.importing.entries import Problem
from core.resources.query import Order, Query

#: Problems shown on the terminal; all of them stand in the file of bad rows.
MAX_SHOWN: Final = 10
_DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}

as_user = click.option("--as", "email", metavar="EMAIL", help="Act as this user, with their rights only.")


@cli.command("import")
@click.argument("resource", metavar="RESOURCE")
@click.argument("file", type=click.Path(path_type=Path))
@for_tenant
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Where the columns go, as JSON.")
@click.option("--match", "key", metavar="FIELD", help="Recognise records that are there by this field.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    help="What to do with rows. Default: insert; with --match: upsert.",
)
@click.option("--skip-unknown", is_flag=True, help="Leave out columns that have no field.")
@click.option("--clear-blank", is_flag=True, help="A blank cell empties the field of a record that is there.")
@click.option("--all-or-nothing", is_flag=True, help="Import nothing when a row is bad.")
@click.option("--dry-run", is_flag=True, help="Try everything, write nothing.")
@click.option(
    "--bad",
    type=click.Path(path_type=Path),
    help="Where the bad rows go. Default: FILE.bad.csv; a dry run keeps none.",
)
@click.option("--encoding", metavar="NAME", help="Default: by its mark (BOM), else UTF-8, else GB18030.")
@click.option("--delimiter", type=click.Choice(list(_DELIMITERS)), help="Default: found out.")
@as_user
@as_json
def import_(
    resource: str,
    file: Path,
    slug: str,
    map_file: Path | None,
    key: str | None,
    mode: str | None,
    skip_unknown: bool,
    clear_blank: bool,
    all_or_nothing: bool,
    dry_run: bool,
    bad: Path | None,
    encoding: str | None,
    delimiter: str | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Import a CSV file; its first row names the columns.

    Columns go to the fields they are named after, by name or by label in Chinese or English: "name",
    "parent" (a link, by the name of the record), "parent.number" (a link by another field),
    "phones.number" (the first of several lines), "phones.2.number". A mapping says the rest:

    \b
      {"columns": {"account": "name",
                   "subsidiary_of": {"field": "parent", "by": "name", "create": true},
                   "Churn": {"field": "kind", "values": {"Yes": "lost", "No": "active"}},
                   "tenure": {"note": "Tenure (months)"},
                   "x": null},
       "constants": {"type": "person"},
       "defaults": {"level": "B"}}

    "note" puts a column into a note on the record's timeline, null leaves it out.

    Rows with a problem are written to FILE.bad.csv with the reason, to be corrected and imported
    again; all others are imported in one transaction. Exit 1 when there are bad rows.

    Example: guanxi import customer.customer accounts.csv --tenant demo --map accounts.json --match name
    """  # noqa: D301 - click's own mark for lines to be left as they are
    if mode in (Mode.UPDATE, Mode.UPSERT) and key is None:
        raise click.UsageError(
            _("--mode %(mode)s needs --match: by which field are records recognised?", mode=mode)
        )
    chosen = Mode(mode) if mode else Mode.UPSERT if key else Mode.INSERT
    started = time.perf_counter()
    mapping = read_mapping(_content(map_file)) if map_file is not None else ColumnMap()
    with _reading(file), file.open("rb") as stream:
        table = open_table(stream, Reading(encoding=encoding, delimiter=_DELIMITERS.get(delimiter or "")))
        with _session(slug) as session:
            found, actor = _resource(session, resource), _actor(session, email)
            plan = make_plan(
                Gateway(session, actor), found, table.header, mapping, key=key, skip_unknown=skip_unknown
            )
            problems = _Problems(_bad_rows(file, bad, table.header, dry_run=dry_run))
            importer = Importer(
                session, found, plan, actor=actor, mode=chosen, clear_blank=clear_blank, on_bad=problems.add
            )
            try:
                with _progress(table) as show_progress:
                    outcome = importer.run(table.rows(), len(table.header), show_progress)
                is_kept = not dry_run and not (all_or_nothing and outcome.bad)
                problems.keep()
                if is_kept:
                    commit(session)
                else:
                    rollback(session)
            except BaseException:
                rollback(session)
                problems.discard()
                raise
    seconds = time.perf_counter() - started
    if as_json:
        show(
            {
                **asdict(outcome),
                "seconds": round(seconds, 3),
                "written": is_kept,
                "encoding": table.encoding,
                "skipped_columns": plan.skipped,
                "system_columns": plan.kept_by_system,
                "bad_file": str(problems.path) if problems.path is not None else None,
                "problems": [{"line": line, "problem": problem} for line, problem in problems.first],
            }
        )
    else:
        _tell(outcome, plan.skipped, plan.kept_by_system, seconds, is_kept=is_kept, dry_run=dry_run)
    problems.tell(as_json=as_json)
    if outcome.bad:
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("resource", metavar="RESOURCE")
@for_tenant
@click.option(
    "--format", "form", type=click.Choice([form.value for form in Format]), default="csv", show_default=True
)
@click.option("--filter", "filter_", metavar="JSON", help="Which records; all when left out.")
@click.option("--search", default="", help="Which records, by quick search.")
@click.option("--sort", default="", metavar="FIELDS", help="Such as -created_at,name.")
@click.option("--columns", default="", metavar="NAMES", help="Default: every field, without the lines.")
@click.option("--labels", type=click.Choice(["zh", "en"]), help="Write labels of this language, not names.")
@as_user
def export(
    resource: str,
    slug: str,
    form: str,
    filter_: str | None,
    search: str,
    sort: str,
    columns: str,
    labels: str | None,
    email: str | None,
) -> None:
    """Write records to standard output as CSV, xlsx or JSON lines; `guanxi import` reads it back exactly.

    A link stands there by the name of its record; "parent.id" or "parent.number" gives another of its
    fields. Lines have to be named: "phones.number" is the first, "phones.2.number" the second.
    In CSV a text a spreadsheet would take for a formula begins with an apostrophe, which the import
    takes away again. JSON lines hold stored values, whatever --labels says.

    Example: guanxi export customer.customer --tenant demo --columns number,name,parent.number
    --filter '{"field": "city", "value": "上海"}'
    """
    query = Query(
        where=from_text(filter_) if filter_ else All(),
        q=search,
        sort=tuple(Order.read(each) for each in _names(sort)),
    )
    with _session(slug) as session:
        found, actor = _resource(session, resource), _actor(session, email)
        gateway, kind = Gateway(session, actor), Format(form)
        pieces = write(gateway, found, query, kind, names=_names(columns), language=labels)
        try:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # `head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            raise click.ClickException(
                _("The output cannot be written: %(reason)s", reason=error.strerror)
            ) from error


class _Problems:
    """Bad rows: the first few for the terminal, all of them for a file if one is wanted."""

    def __init__(self, rows: BadRows | None) -> None:
        self._rows = rows
        self._count = 0
        self.first: list[tuple[int, str]] = []

    @property
    def path(self) -> Path | None:
        """Where the bad rows are; None when there is no file."""
        return self._rows.path if self._rows is not None and self._count else None

    def add(self, row: Row, problems: Sequence[Problem]) -> None:
        if self._rows is not None:
            self._rows.add(row, problems)
        self._count += 1
        if len(self.first) < MAX_SHOWN:
            self.first.append((row.line, " ".join(map(str, problems))))

    def keep(self) -> None:
        if self._rows is not None:
            self._rows.keep()

    def discard(self) -> None:
        if self._rows is not None:
            self._rows.discard()

    def tell(self, *, as_json: bool) -> None:
        """Say on standard error what is wrong and where all of it stands."""
        if not self._count:
            return
        for line, problem in self.first if not as_json else ():
            click.echo(_("Line %(line)s: %(problem)s", line=line, problem=problem), err=True)
        if self._count > len(self.first) and not as_json:
            click.echo("…", err=True)
        click.echo(ngettext("%(n)s row was refused.", "%(n)s rows were refused.", self._count), err=True)
        if self.path is not None:
            sentence = _("See “%(path)s”: correct what is wrong and import that file.", path=self.path)
            click.echo(sentence, err=True)


def _tell(
    outcome: Outcome,
    skipped: Sequence[str],
    kept_by_system: Sequence[str],
    seconds: float,
    *,
    is_kept: bool,
    dry_run: bool,
) -> None:
    if skipped:
        click.echo(_("Left out: %(columns)s", columns=", ".join(skipped)), err=True)
    if kept_by_system:
        columns = ", ".join(kept_by_system)
        click.echo(
            _("Only the system sets these, they were left out: %(columns)s", columns=columns), err=True
        )
    if outcome.created:
        click.echo(
            ngettext("%(n)s linked record made.", "%(n)s linked records made.", outcome.created), err=True
        )
    sentence = _(
        "%(read)s rows read: %(inserted)s inserted, %(updated)s updated, %(unchanged)s unchanged,"
        " %(bad)s bad, in %(seconds).2f s.",
        **{**asdict(outcome), "seconds": seconds},
    )
    click.echo(sentence)
    if not is_kept:
        click.echo(_("This was a dry run.") if dry_run else _("Nothing was imported."))


@contextmanager
def _progress(table: Table) -> Iterator[Any]:
    """A bar on standard error with the counts so far; nothing where no terminal is."""
    if not sys.stderr.isatty():
        yield None
        return
    latest: list[Outcome] = []

    def counts(_item: Any) -> str:
        return _("%(read)s rows, %(bad)s bad", read=latest[-1].read, bad=latest[-1].bad) if latest else ""

    with click.progressbar(
        length=table.size, file=sys.stderr, item_show_func=counts, label=_("Importing")
    ) as bar:

        def show_progress(outcome: Outcome) -> None:
            latest[:] = [outcome]
            bar.update(table.position - bar.pos, outcome)

        yield show_progress


@contextmanager
def _session(slug: str) -> Iterator[Session]:
    """A session for a tenant; who opens it commits."""
    with work().kernel.database.session(work().tenant(slug)) as session:
        yield session


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Say in one line why a file cannot be read."""
    try:
        yield
    except OSError as error:
        raise _unreadable(file, error) from error


def _content(file: Path) -> bytes:
    with _reading(file):
        return file.read_bytes()


def _unreadable(file: Path, error: OSError) -> click.ClickException:
    if isinstance(error, FileNotFoundError):
        return click.ClickException(_("There is no file “%(file)s”.", file=file))
    if isinstance(error, IsADirectoryError):
        return click.ClickException(_("“%(file)s” is a folder.", file=file))
    return click.ClickException(
        _("“%(file)s” cannot be read: %(reason)s", file=file, reason=error.strerror or error)
    )


def _bad_rows(file: Path, bad: Path | None, header: Sequence[str], *, dry_run: bool) -> BadRows | None:
    if bad is None and dry_run:
        return None
    return BadRows(bad or file.with_name(f"{file.name}.bad.csv"), header)


def _resource(session: Session, name: str) -> Resource:
    kernel = work().kernel
    try:
        return kernel.resources.named(tenant_of(session), name)
    except NotFound:
        known = ", ".join(sorted(each.name for each in kernel.resources.visible(tenant_of(session))))
        sentence = _("There is no resource “%(name)s” here; there are %(known)s.", name=name, known=known)
        raise click.ClickException(sentence) from None


def _actor(session: Session, email: str | None) -> Actor:
    if email is None:
        return OPERATOR
    return actor_by_email(session, work().kernel.permissions, email)


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
