"""``guanxi import``: a file becomes records, in parts, which can be gone on with and taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.auth.services import actor_by_email
from core.cli.group import as_json, cli, for_tenant, show, work
from core.cli.import_results import Done, tell_guess
from core.cli.import_units import Parts, Undoing, Whole, maker_of
from core.db.session import commit, rollback, tenant_of
from core.errors import NotFound
from core.i18n import _, _l
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing import ColumnMap, Mode, Reading, UnknownColumns, make_plan, read_mapping, steps
from core.resources.importing import runs as imports
from core.resources.importing.bad_rows import BadRows, UnwritableBadRows
from core.resources.importing.guess import guess_mapping
from core.resources.importing.jobs import import_store
from core.resources.importing.kept import bad_rows
from core.resources.importing.running import run_import, run_undo
from core.resources.importing.runs import Run
from core.resources.registry import Resources

#: Problems shown on the terminal; all of them stand in the file of bad rows.
MAX_SHOWN: Final = 10
_DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}


class KeptBadRows(UnwritableBadRows):
    """The bad rows cannot be written, but they are kept with the import."""

    message = _l(
        "The bad rows cannot be written to “%(path)s” (%(reason)s). All others are imported; write the bad"
        " ones elsewhere: guanxi import --resume %(id)s --bad PATH"
    )


@dataclass(slots=True)
class _Order:
    """What the command line asks for."""

    slug: str
    map_file: Path | None
    key: str | None
    mode: Mode
    options: dict[str, bool]
    all_or_nothing: bool
    dry_run: bool
    bad: Path | None
    reading: Reading
    email: str | None


@cli.command("import")
@click.argument("resource", metavar="RESOURCE", required=False)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path), required=False)
@for_tenant
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Where the columns go, as JSON.")
@click.option("--match", "key", metavar="FIELD", help="Recognise records that are there by this field.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    help="What to do with rows; skip inserts what is new and leaves the rest. Default: insert; with --match:"
    " upsert.",
)
@click.option("--skip-unknown", is_flag=True, help="Leave out columns that have no field.")
@click.option("--clear-blank", is_flag=True, help="A blank cell empties the field of a record that is there.")
@click.option(
    "--keep-authors",
    is_flag=True,
    help="Take created_at, created_by, updated_at and updated_by from the file.",
)
@click.option("--all-or-nothing", is_flag=True, help="One transaction: import nothing when a row is bad.")
@click.option("--dry-run", is_flag=True, help="Try everything, write nothing.")
@click.option(
    "--bad",
    type=click.Path(path_type=Path),
    help="Where the bad rows go. Default: FILE.bad.csv; a dry run keeps none.",
)
@click.option("--encoding", metavar="NAME", help="Default: by its mark (BOM), else UTF-8, else GB18030.")
@click.option("--delimiter", type=click.Choice(list(_DELIMITERS)), help="Default: found out.")
@click.option("--sheet", metavar="NAME", help="Of a workbook. Default: the first that is not hidden.")
@click.option("--resume", metavar="ID", type=int, help="Go on with an import that was interrupted.")
@click.option("--undo", metavar="ID", type=int, help="Take an import back.")
@click.option("--as", "email", metavar="EMAIL", help="Act as this user, with their rights only.")
@as_json
def import_(
    resource: str | None,
    file: Path | None,
    slug: str,
    map_file: Path | None,
    key: str | None,
    mode: str | None,
    skip_unknown: bool,
    clear_blank: bool,
    keep_authors: bool,
    all_or_nothing: bool,
    dry_run: bool,
    bad: Path | None,
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
    resume: int | None,
    undo: int | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Import a file: CSV, a workbook (xlsx), or JSON lines.

    Columns go to the fields they are named after, by name or by label in Chinese or English: "name",
    "parent" (a link, by the name of the record), "parent.number" (a link by another field),
    "phones.number" (the first of several lines), "phones.2.number". Where the names do not say it, it
    is guessed from them and from the cells, and told. A mapping says it for certain:

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
    again; all others come in, some thousand at a time. What is interrupted goes on with --resume, each
    row once, and a whole import is taken back with --undo. Exit 1 when there are bad rows.

    \b
    Example: guanxi import customer.customer accounts.csv --tenant demo --map accounts.json --match name
             guanxi import --resume 12 --tenant demo
             guanxi import --undo 12 --tenant demo
    """  # noqa: D301 - click's own mark for lines to be left as they are
    if undo is not None:
        _undo(slug, undo, email, as_json=as_json)
        return
    if resume is None and (resource is None or file is None):
        raise click.UsageError(_("Name a resource and a file, or an import with --resume or --undo."))
    if mode in (Mode.UPDATE, Mode.UPSERT, Mode.SKIP) and key is None:
        raise click.UsageError(
            _("--mode %(mode)s needs --match: by which field are records recognised?", mode=mode)
        )
    order = _Order(
        slug=slug,
        map_file=map_file,
        key=key,
        mode=Mode(mode) if mode else Mode.UPSERT if key else Mode.INSERT,
        options={"skip_unknown": skip_unknown, "clear_blank": clear_blank, "keep_authors": keep_authors},
        all_or_nothing=all_or_nothing,
        dry_run=dry_run,
        bad=bad,
        reading=Reading(encoding=encoding, delimiter=_DELIMITERS.get(delimiter or ""), sheet=sheet),
        email=email,
    )
    if resume is not None:
        done = _Import(order).resume(resume)
    else:
        assert resource is not None
        assert file is not None
        done = _Import(order).start(resource, file)
    done.show(as_json=as_json)
    if done.run.counts.get("bad"):
        raise click.exceptions.Exit(1)


class _Import:
    """One import by the command line."""

    def __init__(self, order: _Order) -> None:
        self.order = order
        self.kernel = work().kernel
        self.tenant = work().tenant(order.slug)
        self.store = import_store(self.kernel.config)

    def start(self, name: str, file: Path) -> Done:
        """Import a file from its beginning."""
        order, started = self.order, time.perf_counter()
        bad = order.bad or (None if order.dry_run else file.with_name(f"{file.name}.bad.csv"))
        mapping = read_mapping(_content(order.map_file)) if order.map_file is not None else None
        with self.kernel.database.session(self.tenant) as session:
            resource, actor = _resource(session, self.kernel.resources, name), self._actor(session)
            with _reading(file), file.open("rb") as stream:
                run = steps.create_run(
                    session,
                    resource,
                    actor=actor,
                    store=self.store,
                    name=file.name,
                    content=stream,
                    reading=order.reading,
                )
            columns = self._columns(session, resource, actor, run, mapping)
            run = steps.configure(
                session, run, actor=actor, resource=resource, mapping=columns, mode=order.mode,
                key=order.key, options=order.options,
            )  # fmt: skip
            if bad is not None:
                BadRows(bad, run.header).require_place()
            run = imports.set_values(session, run, {"state": "waiting"})
            if order.all_or_nothing or order.dry_run:
                done = self._in_one(session, run, resource, actor, bad)
            else:
                commit(session)
                done = self._in_parts(run, resource, actor, bad)
        done.seconds = time.perf_counter() - started
        return done

    def resume(self, import_id: int) -> Done:
        """Go on with an import; of one that is done only the bad rows are written."""
        started = time.perf_counter()
        with self.kernel.database.session(self.tenant) as session:
            run = _found(session, import_id, self._actor(session))
            resource = self.kernel.resources.named(self.tenant, run.resource)
            actor = maker_of(session, run)
            if run.state in (*imports.OPEN, "cancelled", "failed"):
                run = imports.set_values(session, run, {"state": "waiting", "error": None})
            elif run.state not in ("waiting", "running", "done"):
                raise imports.NotNow
            commit(session)
            bad = self.order.bad or Path(f"{Path(run.file_name).name}.bad.csv")
            done = self._in_parts(run, resource, actor, bad)
        done.seconds = time.perf_counter() - started
        return done

    def _in_parts(self, run: Run, resource: Resource, actor: Actor, bad: Path | None) -> Done:
        units = Parts(self.tenant, run)
        try:
            with units.bar:
                run_import(units, self.kernel.resources, run.id, store=self.store)
        except KeyboardInterrupt:
            with units.unit() as session:
                run = imports.find_run(session, run.id, actor=OPERATOR)
                if run.state == "running":
                    imports.set_values(session, run, {"state": "cancelled"})
            sentence = _(
                "Interrupted behind %(read)s rows. Go on: guanxi import --resume %(id)s --tenant %(tenant)s."
                " Take back: guanxi import --undo %(id)s --tenant %(tenant)s",
                read=run.counts.get("read", 0), id=run.id, tenant=self.tenant.slug,
            )  # fmt: skip
            raise click.ClickException(sentence) from None
        with units.unit() as session:
            run = imports.find_run(session, run.id, actor=OPERATOR)
            done = self._done(session, run, resource, actor, written=True)
            try:
                done.bad_file = self._write_bad(session, run, bad)
            except UnwritableBadRows as error:
                raise KeptBadRows(**error.values, id=run.id) from error
        return done

    def _in_one(self, session: Session, run: Run, resource: Resource, actor: Actor, bad: Path | None) -> Done:
        """All of it in one transaction, which stays only if everything is good."""
        units = Whole(session, actor)
        try:
            with units.bar:
                run_import(units, self.kernel.resources, run.id, store=self.store)
            run = imports.find_run(session, run.id, actor=OPERATOR)
            written = not self.order.dry_run and not run.counts.get("bad")
            done = self._done(session, run, resource, actor, written=written)
            done.bad_file = self._write_bad(session, run, bad)
        except BaseException:
            rollback(session)
            raise
        if written:
            commit(session)
        else:
            rollback(session)
        return done

    def _done(self, session: Session, run: Run, resource: Resource, actor: Actor, *, written: bool) -> Done:
        with imports.opened(run, imports.folder_of(session, self.store)) as table:
            encoding = table.encoding
        first = []
        for row, problems in bad_rows(session, run.id):
            first.append((row.line, " ".join(map(str, problems))))
            if len(first) == MAX_SHOWN:
                break
        plan = imports.plan_of(Gateway(session, actor), resource, run)
        return Done(self.tenant.slug, run, plan, 0.0, written, self.order.dry_run, encoding, None, first)

    def _write_bad(self, session: Session, run: Run, path: Path | None) -> Path | None:
        if path is None or not run.counts.get("bad"):
            return None
        rows = BadRows(path, run.header)
        try:
            for row, problems in bad_rows(session, run.id):
                rows.add(row, problems)
            rows.keep()
        except BaseException:
            rows.discard()
            raise
        return path

    def _columns(
        self, session: Session, resource: Resource, actor: Actor, run: Run, mapping: ColumnMap | None
    ) -> ColumnMap:
        """Where the columns go: as told, as their names say, as the last time, or as they look."""
        if mapping is not None:
            return mapping
        gateway = Gateway(session, actor)
        try:
            make_plan(gateway, resource, run.header, key=self.order.key, keep_authors=self._keeps)
        except UnknownColumns:
            if self.order.options["skip_unknown"]:
                return ColumnMap()
        else:
            return ColumnMap()
        before = imports.last_run(session, resource, run.header, actor=actor)
        if before is not None:
            with suppress(UnknownColumns):
                make_plan(gateway, resource, run.header, before.columns, keep_authors=self._keeps)
                click.echo(_("The columns go where they went the last time."), err=True)
                return before.columns
        with imports.opened(run, imports.folder_of(session, self.store)) as table:
            guess = guess_mapping(gateway, resource, run.header, table.rows())
        tell_guess(guess)
        return guess.mapping

    @property
    def _keeps(self) -> bool:
        return self.order.options["keep_authors"]

    def _actor(self, session: Session) -> Actor:
        if self.order.email is None:
            return OPERATOR
        return actor_by_email(session, self.kernel.permissions, self.order.email)


def _undo(slug: str, import_id: int, email: str | None, *, as_json: bool) -> None:
    kernel, tenant = work().kernel, work().tenant(slug)
    with kernel.database.session(tenant) as session:
        actor = OPERATOR if email is None else actor_by_email(session, kernel.permissions, email)
        run = _found(session, import_id, actor)
        if not steps.may_undo(session, run, actor):
            raise imports.NotNow
        imports.set_values(session, run, {"state": "undoing"})
        commit(session)
    units = Undoing(tenant, actor)
    with units.bar:
        result = run_undo(units, import_id)
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


def _found(session: Session, import_id: int, actor: Actor) -> Run:
    try:
        return imports.find_run(session, import_id, actor=actor)
    except NotFound:
        raise click.ClickException(_("There is no import %(id)s here.", id=import_id)) from None


def _resource(session: Session, resources: Resources, name: str) -> Resource:
    tenant = tenant_of(session)
    try:
        return resources.named(tenant, name)
    except NotFound:
        known = ", ".join(sorted(each.name for each in resources.visible(tenant)))
        sentence = _("There is no resource “%(name)s” here; there are %(known)s.", name=name, known=known)
        raise click.ClickException(sentence) from None


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
