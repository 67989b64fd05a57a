"""Tenants with very many customers: made once by the services, kept and upgraded as any tenant is."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import Engine, create_engine, text

from core.access.actor import OPERATOR
from core.auth import services as auth
from core.db.provision import all_tenants, create_tenant, delete_tenant, prepare, upgrade_tenant
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.kernel import Kernel
from core.upgrade.running import complete
from tests.bench import names

#: The reader of all figures: a sales supervisor at the head of all units.
READER: Final = "bench@example.com"
UNITS: Final = 6
OWNERS: Final = 60
BATCH: Final = 5000
_SHARE_CHINESE: Final = 0.7
_SHARE_PEOPLE: Final = 0.1
_MAIL_HOSTS: Final = ("example.com", "example.cn", "example.org", "sample.example.de")


def benchmark_tenant(kernel: Kernel, urls: Urls, customers: int) -> Tenant:
    """The tenant with so many customers, made when it is not there as the present program makes it."""
    engine = create_engine(urls.require_owner())
    slug, made = f"bench-{customers}", kernel.config.data / "benchmark.json"
    known: dict[str, str] = json.loads(made.read_text()) if made.exists() else {}
    recipe = _recipe()
    try:
        with engine.begin() as connection:
            prepare(connection, urls.app_login)
        with engine.begin() as connection:
            kept = {each.slug: each for each in all_tenants(connection)}
            for old in [each for name, each in kept.items() if known.get(name) != recipe]:
                delete_tenant(connection, kept.pop(old.slug))
        if slug in kept:
            with engine.begin() as connection:
                upgrade_tenant(connection, kept[slug], kernel.histories(kept[slug].addons))
            complete(kernel, kept[slug])
        else:
            kept[slug] = _make(kernel, urls, engine, slug, customers)
            made.write_text(json.dumps(dict.fromkeys(kept, recipe)))
        return kept[slug]
    finally:
        engine.dispose()


def _recipe() -> str:
    """What the rows follow from: this module and the names."""
    sources = (Path(__file__), Path(str(names.__file__)))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _make(kernel: Kernel, urls: Urls, engine: Engine, slug: str, customers: int) -> Tenant:
    started = time.perf_counter()
    with engine.begin() as connection:
        tenant = create_tenant(
            connection, urls.app_login, slug, name=slug, histories=kernel.histories, language="en",
            addons=kernel.catalogue.by_default(),
        )  # fmt: skip
    owners = _make_people(kernel, tenant)
    rows, done, service = customer_rows(owners), 0, kernel.resources["customer.customer"].service
    while done < customers:
        with kernel.database.unit_of_work(tenant) as session:
            part = list(islice(rows, min(BATCH, customers - done)))
            service.create(session, part, actor=OPERATOR)
        done += len(part)
        print(f"\r  {slug}: {done:,} customers made", end="", file=sys.stderr, flush=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        tables = connection.scalars(
            text("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = :schema"),
            {"schema": tenant.schema},
        ).all()
        connection.execute(text(f"vacuum analyze {', '.join(tables)}"))
    print(f" in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return tenant


def _make_people(kernel: Kernel, tenant: Tenant) -> list[int]:
    """Units, the reader at their head, and the owners below; gives the owners."""
    unit, user = kernel.resources["core.unit"].service, kernel.resources["core.user"].service
    draw = Random(7)
    with kernel.database.unit_of_work(tenant) as session:
        [head] = unit.create(session, [{"code": "hq", "name": "HQ"}], actor=OPERATOR)
        below = [{"code": f"u{number}", "name": f"Unit {number}", "parent": head} for number in range(UNITS)]
        units = unit.create(session, below, actor=OPERATOR)
        [reader] = user.create(session, [{"email": READER, "name": "Bench", "unit": head}], actor=OPERATOR)
        auth.assign_role(session, kernel.permissions, reader, "sales_supervisor")
        people = [
            {
                "email": f"owner{number}@example.com",
                "name": names.chinese_person(draw) if number % 2 else names.western_person(draw),
                "unit": units[number % UNITS],
            }
            for number in range(OWNERS)
        ]
        owners = user.create(session, people, actor=OPERATOR)
        for owner in owners:
            auth.assign_role(session, kernel.permissions, owner, "account_manager")
        return list(owners)


def customer_rows(owners: list[int], seed: int = 11) -> Iterator[dict[str, Any]]:
    """Customers without end, the same in each run: companies and people, Chinese and Western."""
    draw = Random(seed)
    number = 0
    while True:
        number += 1
        is_chinese, is_person = draw.random() < _SHARE_CHINESE, draw.random() < _SHARE_PEOPLE
        city = draw.choice(names.PLACES if is_chinese else names.CITIES)
        if is_person:
            name = names.chinese_person(draw) if is_chinese else names.western_person(draw)
        else:
            name = names.chinese_company(draw, city) if is_chinese else names.western_company(draw)
        row = {
            "name": name,
            "kind": draw.choice(("potential", "active", "lost")),
            "type": "person" if is_person else "organisation",
            "level": draw.choice(("A", "B", "C")),
            "industry": draw.choice(("Manufacturing", "Health", "Logistics", "Retail", "Software")),
            "city": city,
            "phone": _mobile(draw) if is_chinese else f"+49302{number % 10**7:07}",
            "owner": draw.choice(owners),
        }
        if not is_person:
            row["employees"] = draw.randrange(1, 5000)
        if draw.random() < 0.5:
            row["email"] = f"info{number}@{draw.choice(_MAIL_HOSTS)}"
        if is_chinese and not is_person and draw.random() < 0.3:
            row["tax_number"] = f"9131{draw.randrange(10**14):014}"
        yield row


def _mobile(draw: Random) -> str:
    return f"{draw.choice(('136', '138', '139', '158', '186'))}{draw.randrange(10**8):08}"


def credentials(kernel: Kernel, tenant: Tenant) -> tuple[str, str]:
    """A fresh API token and a fresh browser session of the reader."""
    with kernel.database.unit_of_work(tenant) as session:
        actor = auth.actor_by_email(session, kernel.permissions, READER)
        assert actor.user_id is not None
        token = auth.issue_token(session, actor.user_id, name="bench").token
        return token, auth.open_session(session, actor.user_id, address="127.0.0.1", agent="bench").token
