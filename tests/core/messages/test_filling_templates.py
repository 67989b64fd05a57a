"""A message is filled with what its writer may see, in the language of the message."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.customising.services import add_field
from core.errors import Forbidden, Invalid, NotFound, StaleVersion
from core.kernel import Kernel
from core.messages.declaration import Template, Texts
from core.messages.rendering import Gap, Why, render
from core.messages.stored import change, kept_of, reset, texts_of
from core.resources.declaration import Field, Resource
from core.resources.gateway import Gateway
from core.resources.resolver import Answer, Resolver
from core.testing.plugin import MakeActor
from tests.core.conftest import Statements

_EVERYTHING = (
    "{{name}} {{customer.name}} {{phone}} {{phone|mask}} {{gender}} {{birthday}} {{birthday|weekday}}"
    " {{tags}} {{sender.name|upper}}"
)


@pytest.fixture
def ada(actor_as: MakeActor) -> Actor:
    return actor_as("account_manager", name="Ada")


@pytest.fixture
def contact(session: Session, kernel: Kernel, ada: Actor) -> int:
    [customer] = kernel.resources["customer.customer"].service.create(
        session, [{"name": "Hua Chen", "city": "Hangzhou", "employees": 1200}], actor=ada
    )
    values = {
        "name": "王雨桐", "customer": customer, "phone": "13800138000", "gender": "female",
        "email": "wang@hua.cn", "birthday": "1990-11-22", "tags": ["VIP", "Golf"],
    }  # fmt: skip
    [number] = kernel.resources["customer.contact"].service.create(session, [values], actor=ada)
    return number


@pytest.fixture
def resource(kernel: Kernel) -> Resource:
    return kernel.resources["customer.contact"]


@pytest.fixture
def template(kernel: Kernel) -> Template:
    return next(each for each in kernel.templates if each.id == "customer.visit")


def test_values_stand_as_people_say_them_in_each_language(
    session: Session, ada: Actor, contact: int, resource: Resource
) -> None:
    gateway, texts = Gateway(session, ada), Texts(" {{name}}\n!", _EVERYTHING)
    en = render(gateway, texts, resource, contact, "en")
    zh = render(gateway, texts, resource, contact, "zh")
    assert (en.subject, en.gaps, en.to) == ("王雨桐 !", [], "wang@hua.cn")
    assert en.text == (
        "王雨桐 Hua Chen 138 0013 8000 138****8000 Female November 22, 1990 Thursday VIP, Golf ADA"
    )
    assert zh.text == "王雨桐 Hua Chen 138 0013 8000 138****8000 女 1990年11月22日 星期四 VIP、Golf ADA"


def test_numbers_links_and_a_path_to_the_address(
    session: Session, ada: Actor, contact: int, resource: Resource
) -> None:
    texts = Texts("s", "{{customer.employees|number}} {{customer.owner.email|mask|upper}} {{customer}}")
    filled = render(Gateway(session, ada), texts, resource, contact, "en", to="customer.owner.email")
    assert filled.text == f"1,200 {ada.email[:1].upper()}***@{ada.email.partition('@')[2].upper()} Hua Chen"
    assert filled.to == ada.email


def test_what_is_empty_or_out_of_reach_is_left_out_and_told(
    session: Session, ada: Actor, actor_as: MakeActor, contact: int, resource: Resource
) -> None:
    texts = Texts("s", "[{{wechat}}|{{customer.name}}|{{customer.parent.name}}|{{cf_gone}}]")
    filled = render(Gateway(session, ada), texts, resource, contact, "en")
    assert filled.text == "[|Hua Chen||]"
    assert filled.gaps == [
        Gap("{{wechat}}", Why.EMPTY),
        Gap("{{customer.parent.name}}", Why.EMPTY),
        Gap("{{cf_gone}}", Why.HIDDEN),
    ]
    with pytest.raises(NotFound):
        render(Gateway(session, actor_as("account_manager", name="Bob")), texts, resource, contact, "en")


@pytest.mark.parametrize(
    ("answer", "shown", "why"), [(Answer.HIDDEN, "", Why.HIDDEN), (Answer.MASKED, "••••", Why.MASKED)]
)
def test_the_resolver_decides(
    session: Session,
    ada: Actor,
    contact: int,
    resource: Resource,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    shown: str,
    why: Why,
) -> None:
    def of_phones(_self: Resolver, field: Field) -> Answer:
        return answer if field.name == "phone" or field.name == "email" else Answer.OPEN

    monkeypatch.setattr(Resolver, "answer", of_phones)
    texts = Texts("s", "<{{phone}}> <{{customer.phone|mask}}> {{name}}")
    filled = render(Gateway(session, ada), texts, resource, contact, "en")
    assert filled.text == f"<{shown}> <{shown}> 王雨桐"
    assert [each.why for each in filled.gaps] == [why, why]
    assert filled.to == "", "an address that is not shown is not written to either"


def test_a_message_of_several_links_reads_each_record_once(
    session: Session, ada: Actor, contact: int, resource: Resource, statements: Statements
) -> None:
    gateway = Gateway(session, ada)
    texts = Texts(
        "{{name}}", "{{customer.name}} {{customer.city}} {{customer.owner.name}} {{phone}} {{sender.name}}"
    )
    with statements() as sent:
        render(gateway, texts, resource, contact, "en")
    assert len([each for each in sent if each.lstrip().lower().startswith("select")]) <= 4


@pytest.fixture
def gateway(session: Session) -> Gateway:
    return Gateway(session, OPERATOR)


def test_words_of_a_company_stand_for_those_supplied(
    session: Session, gateway: Gateway, template: Template, resource: Resource
) -> None:
    supplied = template.supplied_texts()
    assert texts_of(session, template) == supplied
    own = Texts("Hi {{name}}", "Line\nof {{customer.name}}")
    change(gateway, template, resource, {"en": own, "zh": supplied["zh"]}, version=0)
    kept = kept_of(session, template)
    assert (kept.version, dict(kept.texts)) == (1, {"en": own}), "what is as supplied is not kept"
    assert texts_of(session, template) == {**supplied, "en": own}
    for version in (0, 2):
        with pytest.raises(StaleVersion):
            change(gateway, template, resource, {"en": Texts("a", "b")}, version=version)
    assert texts_of(session, template)["en"] == own
    reset(session, template, actor=OPERATOR)
    assert texts_of(session, template) == supplied


def test_a_field_that_was_added_is_filled_like_any_other(
    session: Session, kernel: Kernel, template: Template, resource: Resource
) -> None:
    typed = {"kind": "day", "label_en": "Met on", "label_zh": "初次见面"}
    added = add_field(session, kernel.resources, resource.name, typed, actor=OPERATOR)
    values = {"name": "Ada", added.name: "2026-11-22"}
    [number] = resource.service.create(session, [values], actor=OPERATOR)
    gateway = Gateway(session, OPERATOR)
    own = Texts("s", "{{" + added.name + "|weekday}}")
    change(gateway, template, resource, {"en": own}, version=0)
    said = texts_of(session, template)["en"]
    assert render(gateway, said, resource, number, "en").text == "Sunday"


@pytest.mark.parametrize(
    ("texts", "name", "said"),
    [
        (Texts(" ", "b"), "subject_en", "This must not be empty."),
        (Texts("a", ""), "text_en", "This must not be empty."),
        (Texts("a", "{{nam}}"), "text_en", "{{nam}}: there is no field “nam” here; there are name,"),
        (Texts("a", "{{name"), "text_en", "a tag begins with {{ and ends with }}."),
        (Texts("{{name|uper}}", "b"), "subject_en", "There is no filter “uper”; there are upper,"),
        (Texts("a", "x" * 10_001), "text_en", ""),
        (Texts("a" * 201, "x"), "subject_en", ""),
    ],
)
def test_wrong_words_are_refused_and_nothing_is_kept(
    gateway: Gateway, template: Template, resource: Resource, texts: Texts, name: str, said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        change(gateway, template, resource, {"en": texts}, version=0)
    assert list(refused.value.errors) == [name]
    assert said in str(refused.value.errors[name][0])
    assert kept_of(gateway.session, template).version == 0


def test_only_those_who_may_change_words(
    session: Session, ada: Actor, template: Template, resource: Resource
) -> None:
    with pytest.raises(Forbidden):
        change(Gateway(session, ada), template, resource, {"en": Texts("a", "b")}, version=0)
    with pytest.raises(Forbidden):
        reset(session, template, actor=ada)
    assert kept_of(session, template).version == 0
