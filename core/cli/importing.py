"""Doing what ``guanxi import`` is asked for: in parts, each row once, or all in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy import func
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.auth.services import actor_by_email
from core.cli.group import work
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
from core.resources.importing.presence import TakenOver, doing
from core.resources.importing.running import run_import, run_undo
from core.resources.importing.runs import Run
from core.resources.registry import Resources

#: Problems shown on the terminal; all of them stand in the file of bad rows.
MAX_SHOWN: Final = 10


class KeptBadRows(UnwritableBadRows):
    """The bad rows cannot be written, but they are kept with the import."""

    message = _l(
        "The bad rows cannot be written to “%(path)s” (%(reason)s). All others are imported; write the bad"
        " ones elsewhere: guanxi import --resume %(id)s --bad PATH"
    )


@dataclass(slots=True)
class Order:
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


class Importing:
    """One import by the command line."""

    def __init__(self, order: Order) -> None:
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
            self._tell_stopped(session, resource, actor, run)
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
                with doing(self.kernel.database, self.tenant, run.id):
                    commit(session)
                    done = self._in_parts(run, resource, actor, bad)
        done.seconds = time.perf_counter() - started
        return done

    def resume(self, import_id: int) -> Done:
        """Go on with an import; of one that is done only the bad rows are written."""
        started = time.perf_counter()
        with (
            self.kernel.database.session(self.tenant) as session,
            self._stopped(session, import_id, self._actor(session)) as run,
        ):
            resource = self.kernel.resources.named(self.tenant, run.resource)
            actor = maker_of(session, run)
            if run.state in (*imports.OPEN, "cancelled", "failed"):
                values = {"state": "waiting", "error": None, "job_id": None, "finished_at": None}
                run = imports.set_values(session, run, values)
            elif run.state != "done":
                raise imports.NotNow
            commit(session)
            bad = self.order.bad or Path(f"{Path(run.file_name).name}.bad.csv")
            done = self._in_parts(run, resource, actor, bad)
        done.seconds = time.perf_counter() - started
        return done

    def take_back(self, import_id: int) -> dict[str, Any]:
        """Take an import back, or go on with that.

        Returns:
            How many records were restored, removed and left.
        """
        with self.kernel.database.session(self.tenant) as session:
            actor = self._actor(session)
            with self._stopped(session, import_id, actor) as run:
                if not steps.may_undo(session, run, actor):
                    raise imports.NotNow
                imports.set_values(session, run, {"state": "undoing", "error": None, "job_id": None})
                commit(session)
                units = Undoing(self.tenant, actor)
                with units.bar:
                    return run_undo(units, import_id)

    @contextmanager
    def _stopped(self, session: Session, import_id: int, actor: Actor) -> Iterator[Run]:
        """An import nobody is at, which is this program's until the end of the block.

        Raises:
            TakenOver: another program, or a job, is at it.
        """
        if _found(session, import_id, actor).state in imports.MOVING:
            raise TakenOver
        commit(session)  # that it has stopped stays, whatever comes now
        with doing(self.kernel.database, self.tenant, import_id):
            run = _found(session, import_id, actor)
            if run.state in imports.MOVING:
                raise TakenOver
            yield run

    def _tell_stopped(self, session: Session, resource: Resource, actor: Actor, run: Run) -> None:
        """Say that an import of the same file has stopped on its way and can be gone on with."""
        for each in imports.runs_of(session, actor=actor, resource=resource):
            if each.sha256 == run.sha256 and each.state in ("cancelled", "failed") and each.counts:
                sentence = _(
                    "Import %(id)s of this file has stopped behind %(read)s rows. Go on with it:"
                    " guanxi import --resume %(id)s --tenant %(tenant)s",
                    id=each.id, read=each.counts.get("read", 0), tenant=self.tenant.slug,
                )  # fmt: skip
                click.echo(sentence, err=True)
                return

    def _in_parts(self, run: Run, resource: Resource, actor: Actor, bad: Path | None) -> Done:
        units = Parts(self.tenant, run)
        try:
            with units.bar:
                run_import(units, self.kernel.resources, run.id, store=self.store)
        except KeyboardInterrupt:
            with units.unit() as session:
                run = imports.find_run(session, run.id, actor=OPERATOR)
                if run.state in ("waiting", "running"):
                    imports.set_values(session, run, {"state": "cancelled", "finished_at": func.now()})
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
