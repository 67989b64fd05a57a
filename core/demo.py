"""The demo: a company with an org tree and a person for each way to work, and what addons bring to try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.access.models import Unit
from core.auth import services as auth
from core.auth.models import User
from core.db.tenancy import Tenant
from core.i18n import Lazy, _l
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.seeds import samples

#: Of everybody in the demo tenant, which is for trying only.
PASSWORD: Final = "guanxi-demo"
PLATFORM_ADMIN: Final = "platform@demo.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in to the demo."""

    email: str
    name: str
    role: str
    unit: str
    language: str
    title: Lazy


UNITS: Final = (
    ("hq", "总部", None),
    ("east", "华东区", "hq"),
    ("shanghai", "上海分公司", "east"),
    ("hangzhou", "杭州分公司", "east"),
    ("intl", "International", "hq"),
)
PEOPLE: Final = (
    Person("admin@demo.example", "林晓", "administrator", "hq", "zh", _l("System administrator")),
    Person("supervisor@demo.example", "赵欣然", "sales_supervisor", "east", "zh", _l("Sales supervisor")),
    Person("manager@demo.example", "王雨桐", "account_manager", "shanghai", "zh", _l("Account manager")),
    Person("emma@demo.example", "Emma Clarke", "account_manager", "intl", "en", _l("Account manager")),
    Person("executive@demo.example", "陈嘉豪", "executive", "hq", "zh", _l("Executive")),
    Person("service@demo.example", "李思远", "customer_service", "hq", "zh", _l("Customer service")),
)


def has_demo(session: Session) -> bool:
    """Whether the demo is in this tenant; its first person tells it where an older version loaded it."""
    states = samples.states(session)
    return "made" in states or (not states and _known(session, User, "email", PEOPLE[0].email) is not None)


def load_demo(session: Session, kernel: Kernel, tenant: Tenant, *, size: str = "small") -> None:
    """Create units and people, then let every addon of the tenant bring its samples.

    Args:
        session: bound to the tenant; the caller commits.
        kernel: the registries.
        tenant: with the addons that are on.
        size: small, or large where addons bring thousands of records.
    """
    with samples.sampling(session, kernel.resources["core.user"]):
        _make_people(session, kernel)
        samples.load(session, kernel.seeds, tenant.addons)
        kernel.hooks.call(tenant.addons, "load_samples", session=session, actor=OPERATOR, size=size)


def unload_demo(session: Session, kernel: Kernel, tenant: Tenant) -> Mapping[Resource, Sequence[str]]:
    """Remove all that `load_demo` has brought, but what has been changed since or is in use.

    Returns:
        The names of the records that stay, by resource.
    """
    return samples.unload(session, {each.name: each for each in kernel.resources.visible(tenant)})


def _make_people(session: Session, kernel: Kernel) -> None:
    """Units and people, such as a demo before has not left behind."""
    units: dict[str, int] = {}
    service = kernel.resources["core.unit"].service
    for code, name, parent in UNITS:
        known = _known(session, Unit, "code", code)
        if known is None:
            values = {"code": code, "name": name, "parent": units[parent] if parent else None}
            [known] = service.create(session, [values], actor=OPERATOR)
        units[code] = known
    for person in PEOPLE:
        if _known(session, User, "email", person.email) is not None:
            continue
        values = {
            "email": person.email,
            "name": person.name,
            "unit": units[person.unit],
            "language": person.language,
        }
        [user_id] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
        auth.set_password(session, user_id, PASSWORD)
        auth.assign_role(session, kernel.permissions, user_id, person.role)


def _known(session: Session, model: type[User] | type[Unit], name: str, value: str) -> int | None:
    table = model.__table__
    return session.scalar(select(table.c.id).where(table.c[name] == value))
