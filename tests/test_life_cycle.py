"""Random sequences of verbs, by several people with current and stale pages, on each store: the
stored items always agree with the decisions."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

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
from portal.sealing import Secret
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
    Term,
    Verb,
    renewed,
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

COMPANIES = [Ids(account_id="1", company_id=company, cluster="eu") for company in "123"]
#: The verbs that change one tenant. Imports, and what operators answer to incomplete
#: rows, have their own tests.
_OTHERS = (
    Verb.SUBMIT, Verb.IMPORT, Verb.KEEP, Verb.END_LINK, Verb.NEW_LINK, Verb.CONFIRM_EMAIL,
    # tests/onboarding/test_undo.py and test_wrong_ids.py
    Verb.UNDO, Verb.SET_IDS,
)  # fmt: skip
VERBS = [verb for verb in Verb if verb not in _OTHERS]


@dataclass
class Model:
    """The expected state of a tenant, by the rules alone."""

    sign_up: Tenant
    status: Status = Status.PENDING
    version: int = 1
    set_aside: bool = False
    #: Whether a question waits for its answer; `None`: nothing was asked.
    asked: bool | None = None
    confirmed: bool = False
    email: str = CONTACT.email
    erased: bool = False
    final: str = ""
    renewed_tenant: str = ""
    validity: object = None
    event_count: int = 0
    #: The latest request that changed the tenant: verb, person, version, company.
    latest_request: object = None

    @property
    def id(self) -> str:
        return self.final or self.sign_up.id

    @property
    def is_waiting_aside(self) -> bool:
        return self.set_aside and self.status is Status.PENDING

    @property
    def claims(self) -> str:
        is_waiting = self.status is Status.PENDING and not self.renewed_tenant
        ids = self.sign_up.ids
        return ids.tenant_id if is_waiting and not self.set_aside and ids else ""


class LifeCycle(RuleBasedStateMachine):
    """One portal. Each step is one request of one person."""

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
        tenant = sign_up(self.store, self.number, claims=claims, now=self.now, set_aside=set_aside)
        self.tenants.append(Model(tenant, set_aside=set_aside))

    @rule(data=st.data())
    def somebody_sends_the_form_again(self, data):
        number = data.draw(st.integers(1, self.number))
        items = all_items(self.store)
        model = self.tenants[number - 1]
        tenant = sign_up(self.store, number, now=self.now)
        assert tenant.id == (model.renewed_tenant or model.id)
        assert all_items(self.store) == items

    @rule(
        data=st.data(),
        verb=st.sampled_from(VERBS),
        who=st.sampled_from(["ann", "bob"]),
        versions_behind=st.sampled_from([0, 0, 0, 0, 1]),
        twice=st.booleans(),
    )
    def somebody_decides(self, data, verb, who, versions_behind, twice):
        model = data.draw(st.sampled_from(self.tenants))
        if model.renewed_tenant:
            return
        company = data.draw(st.sampled_from(COMPANIES)) if verb is Verb.ACTIVATE else None
        self.now += timedelta(minutes=1)
        audit = AuditInfo(by=who.title(), who=who, at=self.now, request_id=f"request-{self.now}")
        items = all_items(self.store)
        version = model.version - versions_behind
        request = (verb, who, version, company)
        if request == model.latest_request:
            assert self._do(model.id, verb, version, audit, company).version == model.version
            assert all_items(self.store) == items
            return
        expected = self._expected(model, verb, version, company)
        if expected:
            with pytest.raises(expected):
                self._do(model.id, verb, version, audit, company)
            assert all_items(self.store) == items
            return
        after = self._do(model.id, verb, version, audit, company)
        self._apply(model, verb, company)
        model.latest_request = request
        assert (after.id, after.status, after.version) == (model.id, model.status, model.version)
        if twice:
            items = all_items(self.store)
            page_id = model.sign_up.id if verb is Verb.ACTIVATE else model.id
            later = replace(audit, at=audit.at + timedelta(seconds=1))
            assert self._do(page_id, verb, version, later, company) == after
            assert all_items(self.store) == items

    @rule(data=st.data())
    @precondition(lambda self: any(model.final for model in self.tenants))
    def somebody_renews_a_tenant_from_a_sign_up(self, data):
        waiting = [model for model in self.tenants if model.status is Status.PENDING]
        waiting = [model for model in waiting if not model.renewed_tenant]
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
        model.renewed_tenant = other.final
        other.version += 1
        other.event_count += 1
        other.validity, other.latest_request = NEXT_YEAR, None
        assert (renewed.id, renewed.version) == (other.final, other.version)

    @rule(data=st.data())
    def a_customer_proves_the_address(self, data):
        model = data.draw(st.sampled_from(self.tenants))
        if model.renewed_tenant or model.erased:
            return
        self.now += timedelta(minutes=1)
        audit = AuditInfo(by="customer", at=self.now)
        confirm = partial(
            onboarding.confirm_email, self.store, model.sign_up.id, email=model.email, audit=audit
        )
        items = all_items(self.store)
        if model.confirmed:
            confirm()
        elif model.status in (Status.REJECTED, Status.WITHDRAWN):
            with pytest.raises(NotAllowedError):
                confirm()
        else:
            confirm()
            model.confirmed, model.latest_request = True, None
            model.version += 1
            model.event_count += 1
            return
        assert all_items(self.store) == items

    # ---- The expected result of a request

    def _expected(self, model, verb, version, company) -> type[Exception] | None:
        if version != model.version:
            return StaleError
        try:
            status_after(model.status, verb)
        except NotAllowedError:
            return NotAllowedError
        if verb is Verb.REOPEN and model.erased:
            return ErasedError
        if verb is Verb.RELEASE and not model.set_aside:
            return NotAllowedError
        if verb is Verb.QUESTION and model.set_aside:
            return NotAllowedError
        if verb is Verb.ANSWER and not model.asked:
            return NotAllowedError
        if company and any(other.final == company.tenant_id for other in self.tenants):
            return TenantExistsError
        return None

    def _apply(self, model, verb, company) -> None:
        model.status = status_after(model.status, verb)
        model.version += 1
        model.event_count += 1
        match verb:
            case Verb.ACTIVATE:
                model.final, model.version, model.set_aside = company.tenant_id, 1, False
                model.validity, model.asked = WINDOW, None
            case Verb.SET_VALIDITY:
                model.validity = NEXT_YEAR
            case Verb.RENEW:
                model.validity = renewed(model.validity, Term.YEAR, ZoneInfo("UTC"), self.now)
            case Verb.RELEASE:
                model.set_aside = False
            case Verb.QUESTION | Verb.ANSWER:
                model.asked = verb is Verb.QUESTION
            case Verb.EDIT_CONTACT:
                # Another address is not the one that was proved.
                model.confirmed = model.confirmed and model.email == OTHER_CONTACT.email
                model.email = OTHER_CONTACT.email
            case Verb.ERASE:
                model.erased, model.asked = True, None
                model.confirmed = False

    def _do(self, tenant_id, verb, version, audit, company) -> Tenant:
        store, request = self.store, {"expected_version": version, "audit": audit}
        match verb:
            case Verb.ACTIVATE:
                return onboarding.activate(
                    store, self.sealer, tenant_id, **request, ids=company, validity=WINDOW,
                    client_id="c", secret=Secret("s3cr3t"),
                )  # fmt: skip
            case Verb.WITHDRAW | Verb.REOPEN | Verb.RELEASE | Verb.REINSTATE:
                plain: Callable[..., Tenant] = getattr(onboarding, verb.value)
                return plain(store, tenant_id, **request)
            case Verb.REJECT:
                return onboarding.reject(store, tenant_id, **request, reason=Reason.OTHER)
            case Verb.SUSPEND:
                return onboarding.suspend(store, tenant_id, **request, reason=Reason.UNPAID)
            case Verb.SET_VALIDITY:
                return onboarding.set_validity(store, tenant_id, **request, validity=NEXT_YEAR)
            case Verb.RENEW:
                return onboarding.renew(
                    store, tenant_id, **request, term=Term.YEAR, zone=ZoneInfo("UTC")
                )
            case Verb.SET_CLIENT:
                return onboarding.set_client(
                    store, self.sealer, tenant_id, **request, client_id="d", secret=None
                )
            case Verb.EDIT_NAMES:
                return onboarding.edit_names(
                    store, tenant_id, **request, account_name="A", company_name="C", cluster="us"
                )
            case Verb.QUESTION:
                return onboarding.ask(store, tenant_id, **request, text="Which?")
            case Verb.ANSWER:
                contact = onboarding.find(store, tenant_id).contact
                return onboarding.answer(store, tenant_id, **request, text="This", contact=contact)
            case Verb.EDIT_CONTACT:
                return onboarding.edit_contact(store, tenant_id, **request, contact=OTHER_CONTACT)
            case _:
                return onboarding.erase(self.store, tenant_id, **request)

    # ---- What always holds

    @invariant()
    def every_tenant_is_stored_as_decided(self):
        for model in self.tenants:
            if model.renewed_tenant:
                assert self.store.get(model.sign_up.id)["forwardTo"] == model.renewed_tenant
                continue
            item = self.store.get(model.id)
            assert (item["status"], item["version"]) == (model.status, model.version)
            assert item["isActive"] is (model.status is Status.ACTIVE)
            tenant = records.tenant_of(item)
            assert tenant.set_aside is model.set_aside
            assert bool(tenant.email_confirmed_at) is model.confirmed
            assert (tenant.question.is_open if tenant.question else None) is model.asked
            assert tenant.erased is model.erased
            assert bool(tenant.contact.name) is not model.erased
            assert tenant.contact in (CONTACT, OTHER_CONTACT) or model.erased
            assert tenant.validity == (model.validity or tenant.validity)
            assert onboarding.find(self.store, model.sign_up.id) == tenant
            if model.final:
                assert tenant.client.sealed_secret == f"sealed-6-for-{model.final}"

    @invariant()
    def history_has_one_event_for_each_change(self):
        assert len(events(self.store)) == sum(model.event_count for model in self.tenants)
        for model in self.tenants:
            if model.renewed_tenant:
                continue
            tenant = onboarding.find(self.store, model.id)
            history = queries.history(self.store, tenant)
            assert len(history) == model.event_count
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
    def claims_count_the_waiting_sign_ups(self):
        waiting = Counter(model.claims for model in self.tenants if model.claims)
        assert claims(self.store) == waiting

    @invariant()
    def every_tab_shows_exactly_its_tenants(self):
        models = [model for model in self.tenants if not model.renewed_tenant]
        tabs = {
            Tab.PENDING: {Status.PENDING},
            Tab.ACTIVE: {Status.ACTIVE},
            Tab.SUSPENDED: {Status.SUSPENDED},
            Tab.REJECTED: {Status.REJECTED, Status.WITHDRAWN},
        }
        for tab, statuses in tabs.items():
            ranges = queries.ranges_of_tab(tab, START)
            rows = queries.page(self.store, ranges, limit=1000).rows
            expected = {m.id for m in models if m.status in statuses and not m.is_waiting_aside}
            assert Counter(str(row[KEY]) for row in rows) == Counter(expected)
            assert queries.count(self.store, tab, START) == min(len(expected), queries.CAP)
        aside = queries.page(self.store, queries.ranges_of_tab(Tab.ASIDE, START)).rows
        assert {row[KEY] for row in aside} == {m.id for m in models if m.is_waiting_aside}

    @invariant()
    def the_downstream_application_finds_only_final_tenants(self):
        rows = self.store.query(GSI1, "ACCOUNT#1", limit=1000).items
        assert {row[KEY] for row in rows} == {m.final for m in self.tenants if m.final}

    @invariant()
    def search_finds_all_but_erased_tenants(self):
        findable = [m for m in self.tenants if not m.renewed_tenant]
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
    def no_other_items_are_stored(self):
        kinds = Counter(records.item_kind(key) for key in all_items(self.store))
        activated = len([model for model in self.tenants if model.final])
        assert kinds["tenant"] == len(self.tenants) + activated
        assert set(kinds) <= {"tenant", "event", "claim", "mail", "note", "stats"}


@dataclass(frozen=True)
class Kind:
    """A kind of store: how to make an empty one, and how many sequences to run."""

    new_store: Callable[[], Store]
    examples: int


@pytest.fixture(params=["json", "dynamodb"])
def kind(request, tmp_path) -> Kind:
    if request.param == "json":
        return Kind(lambda: JsonFileStore(Path(tempfile.mkdtemp(dir=tmp_path))), 60)
    engine: Engine = request.getfixturevalue("engine")
    return Kind(lambda: DynamoDbStore(engine.new_table()), 5)


def machine_on(kind: Kind) -> type[LifeCycle]:
    return type("LifeCycleOnThisStore", (LifeCycle,), {"new_store": staticmethod(kind.new_store)})


def test_any_sequence_of_verbs_keeps_all_stored_items_consistent(kind):
    run_state_machine_as_test(
        machine_on(kind),
        settings=settings(
            max_examples=kind.examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_the_invariants_fail_after_a_change_that_the_model_does_not_know(kind):
    # Invariants that always hold would test nothing.
    machine = machine_on(kind)()
    try:
        machine.somebody_signs_up_first(COMPANIES[0])
        audit = AuditInfo(by="customer", at=START)
        onboarding.withdraw(machine.store, machine.tenants[0].id, expected_version=1, audit=audit)
        for broken_invariant in (
            machine.every_tenant_is_stored_as_decided,
            machine.history_has_one_event_for_each_change,
            machine.claims_count_the_waiting_sign_ups,
            machine.every_tab_shows_exactly_its_tenants,
        ):
            with pytest.raises(AssertionError):
                broken_invariant()
    finally:
        machine.teardown()
