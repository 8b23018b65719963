"""Any sequence of verbs, by several people with fresh and stale pages, on every store: what is
stored always agrees with what was decided."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from portal import onboarding, queries, records
from portal.onboarding import StaleError, TenantExistsError
from portal.queries import Tab
from portal.sealing.sealers import Secret
from portal.stores.contract import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.stores.schema import GSI1, GSI3, GSI4, KEY
from portal.tenants import (
    AuditInfo,
    ErasedError,
    Ids,
    NotAllowedError,
    Reason,
    Status,
    Tenant,
    Verb,
    status_after,
)
from tests.conftest import START
from tests.dynamodb_engine import Engine
from tests.examples import (
    CONTACT,
    NEXT_YEAR,
    OTHER_CONTACT,
    WINDOW,
    PlainSealer,
    all_items,
    claims,
    events,
    sign_up,
)

COMPANIES = [Ids(account_id="1", company_id=company) for company in "123"]
#: What is done to one tenant; an import has tests of its own.
VERBS = [verb for verb in Verb if verb not in (Verb.SUBMIT, Verb.IMPORT)]


@dataclass
class Model:
    """What a tenant should be, by the rules alone."""

    sign_up: Tenant
    status: Status = Status.PENDING
    version: int = 1
    set_aside: bool = False
    erased: bool = False
    final: str = ""
    closed_towards: str = ""
    window: object = None
    told: int = 0
    #: Who asked for what, having seen which version, the last time that it was done.
    latest: object = None

    @property
    def id(self) -> str:
        return self.final or self.sign_up.id

    @property
    def waits_aside(self) -> bool:
        return self.set_aside and self.status is Status.PENDING

    @property
    def claims(self) -> str:
        waits = self.status is Status.PENDING and not self.closed_towards
        ids = self.sign_up.ids
        return ids.tenant_id if waits and not self.set_aside and ids else ""


class LifeCycle(RuleBasedStateMachine):
    """One portal; each step is one request of one person."""

    new_store: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.store = self.new_store()
        self.sealer = PlainSealer()
        self.tenants: list[Model] = []
        self.now = START
        self.number = 0

    def teardown(self) -> None:
        self.store.close()

    # ---- Requests

    @initialize(claims=st.sampled_from(COMPANIES))
    def somebody_signs_up_first(self, claims):
        self.somebody_signs_up(claims, set_aside=False)

    @rule(claims=st.none() | st.sampled_from(COMPANIES), set_aside=st.booleans())
    def somebody_signs_up(self, claims, set_aside):
        self.number += 1
        self.now += timedelta(minutes=1)
        made = sign_up(self.store, self.number, claims=claims, now=self.now, set_aside=set_aside)
        self.tenants.append(Model(made, set_aside=set_aside))

    @rule(data=st.data())
    def somebody_sends_the_form_again(self, data):
        number = data.draw(st.integers(1, self.number))
        kept = all_items(self.store)
        model = self.tenants[number - 1]
        found = sign_up(self.store, number, now=self.now)
        assert found.id == (model.closed_towards or model.id)
        assert all_items(self.store) == kept

    @rule(
        data=st.data(),
        verb=st.sampled_from(VERBS),
        who=st.sampled_from(["ann", "bob"]),
        age=st.sampled_from([0, 0, 0, 0, 1]),
        twice=st.booleans(),
    )
    def somebody_decides(self, data, verb, who, age, twice):
        model = data.draw(st.sampled_from(self.tenants))
        if model.closed_towards:
            return
        company = data.draw(st.sampled_from(COMPANIES)) if verb is Verb.ACTIVATE else None
        self.now += timedelta(minutes=1)
        audit = AuditInfo(by=who.title(), who=who, at=self.now, request_id=f"request-{self.now}")
        kept = all_items(self.store)
        seen = model.version - age
        asked = (verb, who, seen, company)
        if asked == model.latest:
            assert self._do(model.id, verb, seen, audit, company).version == model.version
            assert all_items(self.store) == kept
            return
        expected = self._expected(model, verb, seen, company)
        if expected:
            with pytest.raises(expected):
                self._do(model.id, verb, seen, audit, company)
            assert all_items(self.store) == kept
            return
        after = self._do(model.id, verb, seen, audit, company)
        self._note(model, verb, company)
        model.latest = asked
        assert (after.id, after.status, after.version) == (model.id, model.status, model.version)
        if twice:
            kept = all_items(self.store)
            page_of = model.sign_up.id if verb is Verb.ACTIVATE else model.id
            later = replace(audit, at=audit.at + timedelta(seconds=1))
            assert self._do(page_of, verb, seen, later, company) == after
            assert all_items(self.store) == kept

    @rule(data=st.data())
    @precondition(lambda self: any(model.final for model in self.tenants))
    def somebody_closes_a_sign_up_towards_a_tenant(self, data):
        waiting = [model for model in self.tenants if model.status is Status.PENDING]
        waiting = [model for model in waiting if not model.closed_towards]
        if not waiting:
            return
        model = data.draw(st.sampled_from(waiting))
        other = data.draw(st.sampled_from([model for model in self.tenants if model.final]))
        self.now += timedelta(minutes=1)
        for _ in range(2):
            renewed = onboarding.renew_existing(
                self.store,
                model.sign_up.id,
                expected_version=model.version,
                audit=AuditInfo(by="Ann", who="ann", at=self.now),
                existing_id=other.final,
                expected_existing_version=other.version,
                validity=NEXT_YEAR,
            )
        model.closed_towards = other.final
        other.version += 1
        other.told += 1
        other.window, other.latest = NEXT_YEAR, None
        assert (renewed.id, renewed.version) == (other.final, other.version)

    # ---- What should become of a request

    def _expected(self, model, verb, seen, company) -> type[Exception] | None:
        if seen != model.version:
            return StaleError
        try:
            status_after(model.status, verb)
        except NotAllowedError:
            return NotAllowedError
        if verb is Verb.REOPEN and model.erased:
            return ErasedError
        if verb is Verb.RELEASE and not model.set_aside:
            return NotAllowedError
        if company and any(other.final == company.tenant_id for other in self.tenants):
            return TenantExistsError
        return None

    def _note(self, model, verb, company) -> None:
        model.status = status_after(model.status, verb)
        model.version += 1
        model.told += 1
        match verb:
            case Verb.ACTIVATE:
                model.final, model.version, model.set_aside = company.tenant_id, 1, False
                model.window = WINDOW
            case Verb.SET_VALIDITY:
                model.window = NEXT_YEAR
            case Verb.RELEASE:
                model.set_aside = False
            case Verb.ERASE:
                model.erased = True

    def _do(self, tenant_id, verb, seen, audit, company) -> Tenant:
        store, asked = self.store, {"expected_version": seen, "audit": audit}
        match verb:
            case Verb.ACTIVATE:
                return onboarding.activate(
                    store, self.sealer, tenant_id, **asked, ids=company, validity=WINDOW,
                    client_id="c", secret=Secret("s3cr3t"),
                )  # fmt: skip
            case Verb.REJECT:
                return onboarding.reject(store, tenant_id, **asked, reason=Reason.OTHER)
            case Verb.WITHDRAW:
                return onboarding.withdraw(store, tenant_id, **asked)
            case Verb.REOPEN:
                return onboarding.reopen(store, tenant_id, **asked)
            case Verb.RELEASE:
                return onboarding.release(store, tenant_id, **asked)
            case Verb.SUSPEND:
                return onboarding.suspend(store, tenant_id, **asked, reason=Reason.UNPAID)
            case Verb.REINSTATE:
                return onboarding.reinstate(store, tenant_id, **asked)
            case Verb.SET_VALIDITY:
                return onboarding.set_validity(store, tenant_id, **asked, validity=NEXT_YEAR)
            case Verb.SET_CLIENT:
                return onboarding.set_client(
                    store, self.sealer, tenant_id, **asked, client_id="d", secret=None
                )
            case Verb.EDIT_CONTACT:
                return onboarding.edit_contact(store, tenant_id, **asked, contact=OTHER_CONTACT)
            case _:
                return onboarding.erase(self.store, tenant_id, **asked)

    # ---- What always holds

    @invariant()
    def every_tenant_is_what_was_decided(self):
        for model in self.tenants:
            if model.closed_towards:
                assert self.store.get(model.sign_up.id)["forwardTo"] == model.closed_towards
                continue
            item = self.store.get(model.id)
            assert (item["status"], item["version"]) == (model.status, model.version)
            assert item["isActive"] is (model.status is Status.ACTIVE)
            tenant = records.tenant_of(item)
            assert tenant.set_aside is model.set_aside
            assert tenant.erased is model.erased
            assert bool(tenant.contact.name) is not model.erased
            assert tenant.contact in (CONTACT, OTHER_CONTACT) or model.erased
            assert tenant.validity == (model.window or tenant.validity)
            assert onboarding.find(self.store, model.sign_up.id) == tenant
            if model.final:
                assert tenant.client.sealed_secret == f"sealed-6-for-{model.final}"

    @invariant()
    def history_has_one_event_for_each_change_that_was_made(self):
        told = Counter()
        for model in self.tenants:
            told[model.closed_towards or model.id] += model.told
        assert len(events(self.store)) == sum(model.told for model in self.tenants)
        for model in self.tenants:
            if model.closed_towards:
                continue
            tenant = onboarding.find(self.store, model.id)
            history = queries.history(self.store, tenant)
            assert len(history) == model.told
            if history and not model.erased and tenant.decision:
                assert history[0].verb == tenant.decision.verb
                assert (history[0].by, history[0].at) == (tenant.decision.by, tenant.decision.at)
            status = Status.PENDING.value
            for event in reversed(history):
                before, after = event.changes.get("status", (status, status))
                assert before == status
                status = after
            assert status == model.status

    @invariant()
    def claims_count_who_waits_for_them(self):
        waiting = Counter(model.claims for model in self.tenants if model.claims)
        assert claims(self.store) == waiting

    @invariant()
    def every_list_shows_exactly_whom_it_should(self):
        there = [model for model in self.tenants if not model.closed_towards]
        tabs = {
            Tab.PENDING: {Status.PENDING},
            Tab.ACTIVE: {Status.ACTIVE},
            Tab.SUSPENDED: {Status.SUSPENDED},
            Tab.REJECTED: {Status.REJECTED, Status.WITHDRAWN},
        }
        for tab, statuses in tabs.items():
            ranges = queries.ranges_of_tab(tab, START)
            rows = queries.page(self.store, ranges, limit=1000).rows
            expected = {m.id for m in there if m.status in statuses and not m.waits_aside}
            assert Counter(str(row[KEY]) for row in rows) == Counter(expected)
            assert queries.count(self.store, tab, START) == min(len(expected), queries.CAP)
        aside = queries.page(self.store, queries.ranges_of_tab(Tab.ASIDE, START)).rows
        assert {row[KEY] for row in aside} == {m.id for m in there if m.waits_aside}

    @invariant()
    def the_downstream_application_finds_final_tenants_alone(self):
        found = self.store.query(GSI1, "ACCOUNT#1", limit=1000).items
        assert {row[KEY] for row in found} == {m.final for m in self.tenants if m.final}

    @invariant()
    def search_finds_whoever_is_neither_erased_nor_set_aside(self):
        findable = [m for m in self.tenants if not m.closed_towards and not m.set_aside]
        findable = [m for m in findable if not m.erased]
        by_company = self.store.query(GSI3, "COMPANY#m", limit=1000).items
        assert {row[KEY] for row in by_company} == {m.id for m in findable}
        by_email = [
            row[KEY]
            for contact in (CONTACT, OTHER_CONTACT)
            for row in self.store.query(GSI4, f"EMAIL#{contact.email}", limit=1000).items
        ]
        assert Counter(by_email) == Counter(m.id for m in findable)

    @invariant()
    def nothing_lies_about_that_nobody_knows(self):
        kinds = Counter(records.item_kind(key) for key in all_items(self.store))
        activated = len([model for model in self.tenants if model.final])
        assert kinds["tenant"] == len(self.tenants) + activated
        assert set(kinds) <= {"tenant", "event", "claim"}


@dataclass(frozen=True)
class Kind:
    """A kind of store: makes an empty one, and how many sequences there is time for."""

    new_store: Callable[[], Store]
    examples: int


@pytest.fixture(params=["json", "dynamodb"])
def kind(request, tmp_path) -> Kind:
    if request.param == "json":
        return Kind(lambda: JsonFileStore(Path(tempfile.mkdtemp(dir=tmp_path))), 60)
    engine: Engine = request.getfixturevalue("engine")
    return Kind(lambda: DynamoDbStore(engine.new_table()), 5)


def on(kind: Kind) -> type[LifeCycle]:
    return type("LifeCycleOnThisStore", (LifeCycle,), {"new_store": staticmethod(kind.new_store)})


def test_any_sequence_of_verbs_keeps_status_versions_history_lists_and_claims_in_agreement(kind):
    run_state_machine_as_test(
        on(kind),
        settings=settings(
            max_examples=kind.examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_the_machine_notices_a_change_that_nobody_told_it_of(kind):
    # A machine whose invariants always hold would be no test.
    machine = on(kind)()
    try:
        machine.somebody_signs_up_first(COMPANIES[0])
        audit = AuditInfo(by="customer", at=START)
        onboarding.withdraw(machine.store, machine.tenants[0].id, expected_version=1, audit=audit)
        for invariant_that_broke in (
            machine.every_tenant_is_what_was_decided,
            machine.history_has_one_event_for_each_change_that_was_made,
            machine.claims_count_who_waits_for_them,
            machine.every_list_shows_exactly_whom_it_should,
        ):
            with pytest.raises(AssertionError):
                invariant_that_broke()
    finally:
        machine.teardown()
