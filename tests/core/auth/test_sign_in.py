from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from core.access.actor import OPERATOR
from core.access.models import Unit
from core.auth import passwords
from core.auth import services as auth
from core.auth.login import COOKIE
from core.auth.models import ApiToken, SignInFailure, User, UserSession
from core.auth.platform import create_administrator
from core.db.platform import administrator_session
from core.db.session import commit
from core.db.tenancy import Platform, Tenant
from core.errors import Invalid
from core.kernel import Kernel
from core.testing.plugin import ApiClient, Browser

Committed = Callable[[], AbstractContextManager[Session]]

EMAIL, PASSWORD = "ada@example.com", "a long enough password"
MAIN, BARE = "http://main.localhost", "http://bare.localhost"

_session, _token, _user = UserSession.__table__, ApiToken.__table__, User.__table__
_unit = Unit.__table__
_failure = SignInFailure.__table__


@pytest.fixture
def ada(kernel: Kernel, committed: Committed) -> int:
    """Somebody who can sign in to the main tenant."""
    with committed() as session:
        values = {"email": EMAIL, "name": "Ada", "language": "en"}
        [user_id] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
        auth.set_password(session, user_id, PASSWORD)
        auth.assign_role(session, kernel.permissions, user_id, "administrator")
    return user_id


@pytest.fixture
def browser(app: Flask, committed: Committed) -> FlaskClient:
    return app.test_client()


def _csrf(browser: FlaskClient, path: str = "/login", host: str = MAIN) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(path, base_url=host).text)
    assert found is not None
    return found[1]


def _sign_in(
    browser: FlaskClient,
    email: str = EMAIL,
    password: str = PASSWORD,
    *,
    host: str = MAIN,
    csrf: str | None = None,
    **more: str,
) -> TestResponse:
    form = {"email": email, "password": password, "csrf_token": csrf or _csrf(browser, host=host), **more}
    return browser.post("/login", base_url=host, data=form)


def _sign_in_to_platform(browser: FlaskClient, host: str, email: str, password: str) -> TestResponse:
    csrf = _csrf(browser, "/platform/login", host)
    form = {"email": email, "password": password, "csrf_token": csrf}
    return browser.post("/platform/login", base_url=host, data=form)


def _is_signed_in(browser: FlaskClient, host: str = MAIN) -> bool:
    return browser.get("/", base_url=host).status_code == 200


def _count(committed: Committed, table: object) -> int:
    with committed() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


# Passwords


def test_a_password_is_kept_as_argon2id() -> None:
    stored = passwords.hash_password(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,")
    assert stored != passwords.hash_password(PASSWORD), "a salt of its own each time"
    assert passwords.verify(stored, PASSWORD)
    assert not passwords.verify(stored, PASSWORD + " ")
    assert not passwords.verify(None, "nobody signs in with this")
    assert not passwords.verify("no hash", PASSWORD)


@pytest.mark.parametrize("password", ["", "nine char", "x" * 201])
def test_a_password_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.hash_password(password)
    assert "password" in refused.value.errors


def test_a_chinese_password_of_ten_characters_is_long_enough() -> None:
    assert passwords.verify(passwords.hash_password("关系关系关系关系关系"), "关系关系关系关系关系")


# Signing in


@pytest.mark.usefixtures("ada")
def test_the_right_password_opens_a_session_whose_cookie_is_a_random_token_only(
    browser: FlaskClient, committed: Committed
) -> None:
    answer = _sign_in(browser)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    [header] = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith(COOKIE)]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
    assert "Secure" not in header
    assert "Domain" not in header
    token = header.partition(";")[0].partition("=")[2]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    with committed() as session:
        row = session.execute(select(_session)).mappings().one()
    assert row["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(dict(row))
    assert timedelta(days=13) < row["expires_at"] - datetime.now(UTC) <= timedelta(days=14)
    assert _is_signed_in(browser)


@pytest.mark.usefixtures("ada")
def test_over_https_the_cookie_is_secure(browser: FlaskClient) -> None:
    answer = _sign_in(browser, host="https://main.localhost")
    headers = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith(COOKIE)]
    assert ["Secure" in each for each in headers] == [True]


@pytest.mark.usefixtures("ada")
def test_the_address_is_read_without_regard_to_case_and_spaces(browser: FlaskClient) -> None:
    assert _sign_in(browser, " Ada@Example.COM ").status_code == 302


@pytest.mark.usefixtures("ada")
def test_two_sign_ins_have_two_tokens(app: Flask, committed: Committed) -> None:
    for _ in range(2):
        assert _sign_in(app.test_client()).status_code == 302
    assert _count(committed, _session) == 2


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "another long password"),
        (EMAIL, ""),
        ("", ""),
        ("nobody@example.com", PASSWORD),
        ("ada@example.com\x00", "wrong"),
        (EMAIL, "\x00"),
        ("x" * 100_000, "y" * 100_000),
        ("' or 1=1 --", PASSWORD),
    ],
)
def test_wrong_credentials_say_the_same_whatever_is_wrong(
    browser: FlaskClient, committed: Committed, email: str, password: str
) -> None:
    answer = _sign_in(browser, email, password)
    assert answer.status_code == 401
    assert "The email address or the password is not right." in answer.text
    assert COOKIE not in answer.headers.get("Set-Cookie", "")
    assert not _is_signed_in(browser)
    assert _count(committed, _session) == 0


_NEXT = {
    "/customer/customers?page=2": "/customer/customers?page=2",
    "/customer/customers?q=客户": "/customer/customers?q=%E5%AE%A2%E6%88%B7",
    "": "/",
    "//evil.example": "/",
    "/\\evil.example": "/",
    "/\t/evil.example": "/",
    "/\n/evil.example": "/",
    "https://evil.example/": "/",
    "https:evil.example": "/",
    "javascript:alert(1)": "/",
    "http://[": "/",
    "//[": "/",
    "customers": "/",
    "\x00/customers": "/",
}


@pytest.mark.usefixtures("ada")
def test_signing_in_leads_to_pages_of_ours_only(app: Flask) -> None:
    for url, led_to in _NEXT.items():
        answer = _sign_in(app.test_client(), next=url)
        assert (answer.status_code, answer.headers["Location"]) == (302, led_to), url


def test_a_stranger_is_led_to_sign_in_and_back(browser: FlaskClient, ada: int) -> None:
    answer = browser.get("/customer/customers?page=2", base_url=MAIN)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=%2Fcustomer%2Fcustomers%3Fpage%3D2"
    page = browser.get(answer.headers["Location"], base_url=MAIN).text
    assert 'value="/customer/customers?page=2"' in page


# Throttling


def test_an_account_is_closed_after_failures_whoever_asks_and_opens_again(
    app: Flask, ada: int, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "ACCOUNT_FAILURES", 2)
    for _ in range(2):
        assert _sign_in(app.test_client(), password="wrong").status_code == 401
    answer = _sign_in(app.test_client())
    assert answer.status_code == 429
    assert "too many attempts" in answer.text
    with committed() as session:
        session.execute(update(_failure).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert _sign_in(app.test_client()).status_code == 302
    with committed() as session:
        assert session.scalars(select(_failure.c.subject)).all() == ["address:127.0.0.1"]


def test_an_address_is_closed_after_failures_with_any_account(
    app: Flask, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "ADDRESS_FAILURES", 2)
    for name in ("first", "second"):
        assert _sign_in(app.test_client(), f"{name}@example.com", "wrong").status_code == 401
    assert _sign_in(app.test_client()).status_code == 429


def test_failures_of_the_api_and_the_page_are_counted_together(
    app: Flask, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "ACCOUNT_FAILURES", 2)
    assert _sign_in(app.test_client(), password="wrong").status_code == 401
    wrong = {"email": EMAIL, "password": "wrong"}
    path = "/api/v1/auth/token"
    assert app.test_client().post(path, base_url=MAIN, json=wrong).status_code == 401
    answer = app.test_client().post(path, base_url=MAIN, json={**wrong, "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a_success_forgets_the_failures_of_the_account(
    app: Flask, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "ACCOUNT_FAILURES", 2)
    for _ in range(2):
        assert _sign_in(app.test_client(), password="wrong").status_code == 401
        assert _sign_in(app.test_client()).status_code == 302


def test_an_administrator_of_the_platform_is_throttled_too(
    app: Flask, kernel: Kernel, administrator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "ACCOUNT_FAILURES", 2)
    host = f"http://{kernel.config.platform_host}"
    codes = []
    for password in ("wrong", "wrong", PASSWORD):
        browser = app.test_client()
        codes.append(_sign_in_to_platform(browser, host, administrator, password).status_code)
    assert codes == [401, 401, 429]


# Forged forms


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("csrf", ["x", "é.é", "0.0", "a" * 10_000])
def test_a_sign_in_form_of_another_site_is_refused(
    browser: FlaskClient, committed: Committed, csrf: str
) -> None:
    _csrf(browser)
    assert _sign_in(browser, csrf=csrf).status_code == 403
    assert _count(committed, _session) == 0


@pytest.mark.usefixtures("ada")
def test_a_sign_in_form_of_another_visitor_is_refused(app: Flask, browser: FlaskClient) -> None:
    _csrf(browser)
    assert _sign_in(browser, csrf=_csrf(app.test_client())).status_code == 403


@pytest.mark.parametrize("given", [None, "", "wrong", "é", "other"])
def test_a_forged_form_changes_nothing(
    client: Callable[..., Browser], committed: Committed, given: str | None
) -> None:
    browser = client()
    token = client().csrf if given == "other" else given
    form = {"code": "x", "name": "X"} | ({} if token is None else {"csrf_token": token})
    answer = browser.client.post("/settings/units/new", base_url=MAIN, data=form)
    assert answer.status_code == 403
    assert answer.headers["X-Request-Id"] in answer.text
    with committed() as session:
        assert session.scalar(select(func.count()).select_from(_unit)) == 0
    assert browser.post("/settings/units/new", {"code": "x", "name": "X"}).status_code in (302, 303)
    with committed() as session:
        assert session.scalar(select(func.count()).select_from(_unit)) == 1


def test_a_forged_sign_out_signs_nobody_out(client: Callable[..., Browser]) -> None:
    browser = client()
    assert browser.client.post("/logout", base_url=MAIN).status_code == 403
    assert browser.get("/").status_code == 200


# The end of sessions and tokens


@pytest.mark.usefixtures("ada")
def test_signing_out_ends_the_session_itself_not_only_the_cookie(
    app: Flask, browser: FlaskClient, committed: Committed
) -> None:
    _sign_in(browser)
    cookie = browser.get_cookie(COOKIE, domain="main.localhost")
    assert cookie is not None
    csrf = _csrf(browser, "/settings/units/new")
    answer = browser.post("/logout", base_url=MAIN, data={"csrf_token": csrf})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")
    assert _count(committed, _session) == 0
    thief = app.test_client()
    thief.set_cookie(COOKIE, cookie.value, domain="main.localhost")
    assert not _is_signed_in(thief)


def test_a_session_ends_at_its_time(client: Callable[..., Browser], committed: Committed) -> None:
    browser = client()
    assert browser.get("/").status_code == 200
    with committed() as session:
        session.execute(update(_session).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert browser.get("/").status_code == 302


def test_an_archived_users_next_request_is_refused_in_browser_and_api(
    client: Callable[..., Browser], api: Callable[..., ApiClient], committed: Committed
) -> None:
    browser, program = client(), api()
    assert (browser.get("/").status_code, program.get("me").status_code) == (200, 200)
    with committed() as session:
        session.execute(update(_user).values(archived_at=func.now()))
    page = browser.get("/")
    assert (page.status_code, page.headers["Location"]) == (302, "/login?next=%2F")
    assert browser.get("/", headers={"HX-Request": "true"}).status_code == 401
    answer = program.get("me")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_user_who_comes_back_from_the_archive_must_sign_in_anew(
    client: Callable[..., Browser], api: Callable[..., ApiClient], committed: Committed, kernel: Kernel
) -> None:
    browser, program = client(), api()
    assert browser.actor.user_id is not None
    users = kernel.resources["core.user"].service
    with committed() as session:
        people = session.scalars(select(_user.c.id)).all()
        users.archive(session, people, actor=OPERATOR)
        users.restore(session, people, actor=OPERATOR)
    assert browser.get("/").status_code == 302
    assert program.get("me").status_code == 401


def test_an_archived_user_cannot_sign_in(browser: FlaskClient, ada: int, committed: Committed) -> None:
    with committed() as session:
        session.execute(update(_user).values(archived_at=func.now()))
    assert _sign_in(browser).status_code == 401


def test_a_new_password_ends_all_sessions_and_tokens_of_that_user_alone(
    client: Callable[..., Browser], api: Callable[..., ApiClient], committed: Committed
) -> None:
    browser, program, other = client(), api(), client()
    actor = browser.actor
    with committed() as session:
        auth.issue_token(session, actor.user_id or 0, name="of the browser's user")
        auth.set_password(session, actor.user_id or 0, "another long password")
        assert session.scalar(select(func.count()).select_from(_token)) == 1
    assert browser.get("/").status_code == 302
    assert other.get("/").status_code == 200
    assert program.get("me").status_code == 200


# Tokens


def test_an_api_token_is_stored_as_its_hash(kernel: Kernel, session: Session) -> None:
    values = {"email": EMAIL, "name": "Ada"}
    [user_id] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
    issued = auth.issue_token(session, user_id, name="x" * 500)
    row = session.execute(select(_token)).mappings().one()
    assert row["token_hash"] == hashlib.sha256(issued.token.encode()).hexdigest()
    assert issued.token not in str(dict(row))
    assert issued.expires_at is not None


def test_a_token_ends_at_its_time(api: Callable[..., ApiClient], committed: Committed) -> None:
    program = api()
    with committed() as session:
        session.execute(update(_token).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert program.get("me").status_code == 401


# Other tenants and the platform


def test_a_cookie_or_token_of_another_tenant_is_worth_nothing(
    app: Flask, client: Callable[..., Browser], api: Callable[..., ApiClient]
) -> None:
    browser, program = client(tenant="main"), api(tenant="main")
    client(tenant="bare")
    api(tenant="bare")  # a user of the same number is there too
    cookie = browser.client.get_cookie(COOKIE, domain="main.localhost")
    assert cookie is not None
    elsewhere = app.test_client()
    elsewhere.set_cookie(COOKIE, cookie.value, domain="bare.localhost")
    assert elsewhere.get("/", base_url=BARE).status_code == 302
    bearer = {"Authorization": f"Bearer {program.token}"}
    assert app.test_client().get("/api/v1/me", base_url=MAIN, headers=bearer).status_code == 200
    assert app.test_client().get("/api/v1/me", base_url=BARE, headers=bearer).status_code == 401


def test_a_cookie_does_not_open_the_api(client: Callable[..., Browser]) -> None:
    assert client().get("/api/v1/me").status_code == 401


@pytest.fixture
def administrator(owner_engine: Engine, tenants: dict[str, Tenant]) -> str:
    """The mail address of a platform administrator."""
    with owner_engine.begin() as connection:
        connection.exec_driver_sql("truncate platform.administrator, platform.sign_in_failure cascade")
        create_administrator(connection, "ops@example.com", PASSWORD)
    return "ops@example.com"


@pytest.fixture
def platform(app: Flask, kernel: Kernel, administrator: str) -> tuple[FlaskClient, str]:
    """The browser of a signed-in platform administrator, and the platform's address."""
    browser, host = app.test_client(), f"http://{kernel.config.platform_host}"
    answer = _sign_in_to_platform(browser, host, administrator, PASSWORD)
    assert answer.status_code == 302
    [header] = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("guanxi_platform")]
    assert {"HttpOnly", "SameSite=Strict"} <= set(header.split("; "))
    return browser, host


def test_the_platforms_pages_are_on_its_host_alone(platform: tuple[FlaskClient, str]) -> None:
    browser, host = platform
    assert browser.get("/platform/tenants", base_url=host).status_code == 200
    for path in ("/platform/tenants", "/platform/addons", "/platform/login", "/platform"):
        assert browser.get(path, base_url=MAIN).status_code == 404, path


def test_no_page_of_a_tenant_is_on_the_platforms_host(
    app: Flask, platform: tuple[FlaskClient, str], client: Callable[..., Browser]
) -> None:
    browser, host = platform
    cookie = client().client.get_cookie(COOKIE, domain="main.localhost")
    assert cookie is not None
    browser.set_cookie(COOKIE, cookie.value, domain=host.removeprefix("http://"))
    for path in (
        "/login",
        "/customer/customers",
        "/settings/users",
        "/api/v1/me",
        "/palette",
        "/nosuch/page",
    ):
        assert browser.get(path, base_url=host).status_code == 404, path


def test_a_stranger_sees_nothing_of_the_platform(
    app: Flask, kernel: Kernel, administrator: str, client: Callable[..., Browser]
) -> None:
    host = f"http://{kernel.config.platform_host}"
    for path in ("/platform/tenants", "/platform/addons"):
        answer = app.test_client().get(path, base_url=host)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/platform/login")


def test_signing_out_of_the_platform_ends_the_session(
    kernel: Kernel, platform: tuple[FlaskClient, str]
) -> None:
    browser, host = platform
    page = browser.get("/platform/tenants", base_url=host).text
    [address] = re.findall(r'formaction="([^"]*logout[^"]*)"', page)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    assert browser.post(address, base_url=host).status_code == 403
    answer = browser.post(address, base_url=host, data={"csrf_token": found[1]})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/platform/login")
    with kernel.database.session(Platform()) as session:
        assert session.scalar(select(func.count()).select_from(administrator_session)) == 0
    assert browser.get("/platform/tenants", base_url=host).status_code == 302


def test_the_platforms_session_ends_at_its_time(kernel: Kernel, platform: tuple[FlaskClient, str]) -> None:
    browser, host = platform
    with kernel.database.session(Platform()) as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(administrator_session).values(expires_at=past))
        commit(session)
    assert browser.get("/platform/tenants", base_url=host).status_code == 302


# Hosts that serve nobody


def test_a_signed_in_browser_at_an_unknown_host_gets_the_sentence(
    client: Callable[..., Browser], app: Flask
) -> None:
    browser = app.test_client()
    browser.set_cookie(COOKIE, "x" * 43, domain="nobody.localhost")
    answer = browser.get("/", base_url="http://nobody.localhost")
    assert answer.status_code == 404
    assert "There is no company at the address “nobody.localhost”." in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_old_sessions_of_a_user_are_swept_when_he_signs_in(
    browser: FlaskClient, ada: int, committed: Committed
) -> None:
    with committed() as session:
        past = datetime.now(UTC) - timedelta(days=1)
        session.execute(insert(_session).values(token_hash="0" * 64, user_id=ada, expires_at=past))
    assert _sign_in(browser).status_code == 302
    with committed() as session:
        assert session.scalars(select(_session.c.token_hash)).all() != ["0" * 64]
        assert session.scalar(select(func.count()).select_from(_session)) == 1
