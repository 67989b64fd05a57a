"""The demo tenant: a company with a small org tree and a person for each way to work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.auth import services as auth
from core.auth.models import User
from core.db.tenancy import Tenant
from core.i18n import Lazy, _l
from core.kernel import Kernel
from core.resources.channels import through

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
    """Whether the people of the demo are in this tenant."""
    return (
        session.scalar(select(User.__table__.c.id).where(User.__table__.c.email == PEOPLE[0].email))
        is not None
    )


def load_demo(session: Session, kernel: Kernel, tenant: Tenant) -> None:
    """Create units and people, then let every addon of the tenant bring its samples. The caller commits."""
    with through(session, "sample"):
        _make_people(session, kernel)
        kernel.hooks.call(tenant.addons, "load_samples", session=session, actor=OPERATOR)


def _make_people(session: Session, kernel: Kernel) -> None:
    units: dict[str, int] = {}
    service = kernel.resources["core.unit"].service
    for code, name, parent in UNITS:
        values = {"code": code, "name": name, "parent": units[parent] if parent else None}
        [units[code]] = service.create(session, [values], actor=OPERATOR)
    for person in PEOPLE:
        values = {
            "email": person.email,
            "name": person.name,
            "unit": units[person.unit],
            "language": person.language,
        }
        [user_id] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
        auth.set_password(session, user_id, PASSWORD)
        auth.assign_role(session, kernel.permissions, user_id, person.role)
