"""What every addon keeps to, as tests that an addon inherits.

    class TestConformance(Conformance):
        addon = "gifts"

Nothing in it names an addon: it works with whatever resources, roles, jobs and texts there are. A test that
an addon has a reason not to pass is overridden in its subclass, with the reason in its docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.access.actor import OPERATOR
from core.auth.services import issue_token
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.kit.checks import check_addon
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.testing.clients import ApiClient, Browser
from core.testing.conformance.counting import most_statements
from core.testing.conformance.documents import answers_that_differ
from core.testing.conformance.rights import Reader, what_leaks
from core.testing.conformance.tables import lost_on_the_way
from core.testing.factories import Factory
from core.testing.gate import (
    Callers,
    digest_of,
    leave_traces,
    what_changed,
    what_pages_tell,
    what_registries_tell,
    what_routes_tell,
    words_of,
)
from core.testing.gate.traces import with_pages
from core.testing.jobs import RunJobs
from core.testing.switching import Switch

__all__ = ["Conformance"]

#: Statements to the database that a page may cost (design of the platform).
LIST: int = 8
FORM: int = 12


class Conformance:
    """Inherit it in a class ``TestConformance``; tests that take longer are marked ``slow``."""

    #: The name of the addon.
    addon: ClassVar[str]

    @pytest.mark.slow
    def test_manifest_imports_texts_migrations_and_rights_are_in_order(
        self, kernel: Kernel, owner_engine: Engine, tenants: dict[str, Tenant]
    ) -> None:
        """As ``guanxi addon check`` says: two languages; revisions up, down, up and equal to the models."""
        found = check_addon(kernel, self.addon, lambda: owner_engine)
        assert found == [], "\n".join(f"{each.path}:{each.line}: {each.problem}" for each in found or ())

    @pytest.mark.slow
    def test_nothing_leaks_to_any_role_through_any_door(
        self, kernel: Kernel, client: Callable[..., Browser], make: Factory, tenant: Tenant
    ) -> None:
        """Each role asks for each resource at each door, for what is his and for what is others'."""
        for resource in with_pages(kernel, {self.addon}):
            make(resource.name)
        readers = []
        for role in kernel.permissions.roles:
            browser = client(role)
            assert browser.actor.user_id is not None
            with kernel.database.unit_of_work(tenant) as session:
                token = issue_token(session, browser.actor.user_id, name="test").token
            readers.append(Reader(role, browser, ApiClient(browser.client, token, browser.host)))
            for resource in with_pages(kernel, {self.addon}):
                if resource.is_owned:
                    make(resource.name, owner=browser.actor.user_id)
        with kernel.database.session(tenant) as session:
            leaks = [
                leak
                for resource in with_pages(kernel, {self.addon})
                for reader in readers
                for leak in what_leaks(session, resource, reader)
            ]
        assert leaks == [], "\n".join(leaks)

    def test_a_tenant_sees_nothing_of_another(
        self, kernel: Kernel, make: Factory, addon_on: Switch, api: Callable[..., ApiClient]
    ) -> None:
        """What one tenant has made is not there for another that has the addon on too."""
        made = {each.name: make(each.name) for each in with_pages(kernel, {self.addon})}
        other = addon_on(self.addon, tenant="bare")
        program = api(tenant="bare")
        with kernel.database.session(other) as session:
            for resource in with_pages(kernel, {self.addon}):
                assert Gateway(session, OPERATOR).count(resource, Query()) == 0
                assert program.get(f"{resource.path}/{made[resource.name]}").status_code == 404

    @pytest.mark.slow
    def test_off_is_as_if_it_had_never_been(
        self,
        app: Flask,
        kernel: Kernel,
        make: Factory,
        client: Callable[..., Browser],
        tenant: Tenant,
        addon_off: Switch,
        run_jobs: RunJobs,
    ) -> None:
        """Everything it has left is asked for while it is off, and is there when it is on again."""
        english, chinese = client(), client(language="zh")
        with kernel.database.unit_of_work(tenant) as session:
            assert english.actor.user_id is not None
            token = issue_token(session, english.actor.user_id, name="test").token
        callers = Callers(english, chinese, ApiClient(english.client, token, english.host))
        traces = leave_traces(
            kernel, {self.addon}, callers, make, lambda: kernel.database.unit_of_work(tenant), run_jobs
        )
        off = {self.addon, *kernel.catalogue.dependents(self.addon)}
        now = addon_off(self.addon)
        with kernel.database.session(now) as session:
            before = digest_of(session)
        told = [
            *what_routes_tell(app, kernel, callers, traces, off),
            *what_pages_tell(app, kernel, callers, traces, off, words_of(kernel, off)),
        ]
        assert told == [], "\n".join(told)
        with kernel.database.session(now) as session:
            assert list(what_changed(before, digest_of(session))) == []
        assert list(what_registries_tell(kernel, now, off)) == []

    def test_every_answer_is_as_the_document_of_the_api_says(
        self, app: Flask, kernel: Kernel, api: Callable[..., ApiClient], make: Factory
    ) -> None:
        """Lists, records, groups, histories and refusals have the shapes of ``/api/v1/openapi.json``."""
        for resource in with_pages(kernel, {self.addon}):
            make(resource.name)
            make.full(resource.name)
        program = api()
        different = [
            problem
            for resource in with_pages(kernel, {self.addon})
            for problem in answers_that_differ(app, program, resource)
        ]
        assert different == [], "\n".join(different)

    def test_pages_cost_the_same_whatever_there_is(
        self, kernel: Kernel, client: Callable[..., Browser], make: Factory
    ) -> None:
        """A list and a form send few statements to the database, as many with 30 records as with 3."""
        browser, costs = client(), {}
        for many in (3, 30):
            for resource in with_pages(kernel, {self.addon}):
                made = [make(resource.name) for _ in range(many)]
                costs[resource.name, many] = (
                    most_statements(kernel, browser, resource.url),
                    most_statements(kernel, browser, f"{resource.url}/{made[0]}/edit"),
                )
        for resource in with_pages(kernel, {self.addon}):
            few, lots = costs[resource.name, 3], costs[resource.name, 30]
            assert lots == few, f"{resource.name}: {few} statements of 3 records, {lots} of 30"
            assert few[0] <= LIST, f"{resource.name}: {few[0]} statements for a list"
            assert few[1] <= FORM, f"{resource.name}: {few[1]} statements for a form"

    def test_what_is_exported_comes_in_again_as_it_was(
        self, kernel: Kernel, api: Callable[..., ApiClient], make: Factory, run_jobs: RunJobs
    ) -> None:
        """A table that was written, emptied and read again holds the same."""
        program = api()
        me = program.get("me").get_json()["id"]
        for resource in with_pages(kernel, {self.addon}):
            owner = {"owner": me} if resource.is_owned else {}
            numbers = [make.full(resource.name, **owner) for _ in range(3)]
            assert lost_on_the_way(program, resource, numbers, run_jobs) == []
