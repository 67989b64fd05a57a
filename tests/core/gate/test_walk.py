"""Everything that can be asked is asked with each addon off in turn: there is nothing of it anywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from core.access.actor import OPERATOR
from core.auth.services import actor_by_email
from core.customising.services import add_field
from core.jobs import Work, enqueue
from core.jobs.queue import take_up
from core.jobs.running import Ending, run_job
from core.kernel import Kernel
from core.seeds.supplying import supply
from core.testing.gate import (
    Callers,
    Traces,
    digest_of,
    leave_traces,
    pages_of,
    unknown_registries,
    untouched,
    what_changed,
    what_pages_tell,
    what_registries_tell,
    what_routes_tell,
    words_of,
)
from tests.core.gate.conftest import Site


def test_the_walk_knows_every_registry(kernel: Kernel) -> None:
    assert unknown_registries(kernel) == set()


def _used(site: Site, slug: str) -> tuple[Callers, Traces]:
    """A tenant that has worked with everything it has on."""
    callers, addons = site.callers(slug), frozenset(site.kernel.catalogue.addons)
    supply(site.kernel.database, site.kernel.seeds, site.tenants[slug])
    traces = leave_traces(
        site.kernel, addons, callers, site.factory(slug),
        lambda: site.unit(slug), lambda: site.run_jobs(slug),
    )  # fmt: skip
    with site.unit(slug) as session:
        for resource in site.kernel.resources.visible(site.tenants[slug]):
            values = {"kind": "text", "label_en": f"Seal of {resource.name}"}
            add_field(session, site.kernel.resources, resource.name, values, actor=OPERATOR)
    with site.unit(slug) as session:
        assert untouched(session, site.kernel, addons) == []
    return callers, traces


@pytest.mark.slow
def test_off_is_as_if_it_had_never_been(site: Site) -> None:
    app, kernel = site.app, site.kernel
    mine, others = (app, kernel, *_used(site, "first")), (app, kernel, *_used(site, "second"))
    everything, elsewhere = frozenset(kernel.catalogue.addons) - {"core"}, pages_of(*others)
    for name in sorted(everything):
        off = {name, *kernel.catalogue.dependents(name)}
        words, before = words_of(kernel, off), pages_of(*mine)
        assert not kernel.hooks.failures, "the addons under test do what they are there for"
        assert len(words.heard_in("\n".join(before.values()))) > 10, "nothing would be missed"
        site.switch("first", everything - off)
        implemented = [each for each in kernel.hooks.everything() if each.addon in off]
        assert implemented
        calls = [each.calls for each in implemented]
        with site.unit("first") as session:
            kept = digest_of(session)

        told = [*what_routes_tell(*mine, off), *what_pages_tell(*mine, off, words)]
        assert told == [], "\n".join(told)
        assert [each.calls for each in implemented] == calls
        with site.unit("first") as session:
            assert digest_of(session) == kept
        site.switch("first", everything)
        back = list(what_changed(before, pages_of(*mine)))
        assert back == [], "\n".join(back)
    changed = list(what_changed(elsewhere, pages_of(*others)))
    assert changed == [], "\n".join(changed)


@pytest.mark.slow
def test_what_is_off_is_in_no_registry_and_does_no_work(site: Site) -> None:
    kernel = site.kernel
    everything = frozenset(kernel.catalogue.addons) - {"core"}
    analyst = site.user("first", "analyst")
    assert analyst.may("parcels.parcel", "update")
    assert analyst.may("customer.customer", "delete")
    stranger = site.app.test_client().get("/parcels/inner/depth", base_url="http://first.localhost")
    assert stranger.status_code == 302, "a blueprint within another is behind the sign-in too"
    for name in sorted(everything):
        off = {name, *kernel.catalogue.dependents(name)}
        with site.unit("first") as session:
            waiting = [
                enqueue(session, kind.name, actor=OPERATOR) for kind in kernel.jobs if kind.addon in off
            ]
        tenant = site.switch("first", everything - off)
        told = list(what_registries_tell(kernel, tenant, off))
        assert told == [], "\n".join(told)
        with site.unit("first") as session:
            now = actor_by_email(session, kernel.permissions, analyst.email)
        assert now.may("parcels.parcel", "update") == ("parcels" not in off)
        assert now.may("customer.customer", "delete") == ("parcels" not in off)
        for number in waiting:
            assert run_job(kernel, tenant.id, number).ending is Ending.PARKED
        site.switch("first", everything)
        with site.unit("first") as session:
            assert take_up(session, off) == len(waiting)
            assert actor_by_email(session, kernel.permissions, analyst.email).reaches == analyst.reaches


@pytest.mark.slow
def test_a_job_that_is_running_stops_before_its_next_unit_of_work(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = site.kernel
    everything = frozenset(kernel.catalogue.addons) - {"core"}
    done: list[int] = []

    def works(work: Work) -> None:
        for number in range(3):
            with work.unit():
                done.append(number)
            site.switch("first", everything - {"parcels"})

    kind = next(each for each in kernel.jobs if each.addon == "parcels")
    monkeypatch.setattr(kernel.jobs, "_kinds", {kind.name: replace(kind, function=works)})
    with site.unit("first") as session:
        number = enqueue(session, kind.name, actor=OPERATOR)
    assert run_job(kernel, site.tenants["first"].id, number).ending is Ending.PARKED
    site.switch("first", everything)
    assert done == [0]
    with site.unit("first") as session:
        row = session.execute(text("select state, error_code from core_job where id = :id"), {"id": number})
        assert tuple(row.one()) == ("parked", "addon-off")
