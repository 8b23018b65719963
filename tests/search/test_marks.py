"""Every verb marks what it changes, in its own write."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from portal import onboarding, queries
from portal.onboarding import TenantChanges
from portal.sealing import Secret
from portal.stores.contract import Add, Item, Store
from portal.tenants import Ids, Reason, Tenant, Term, Verb
from tests.conftest import START
from tests.examples import (
    ANN,
    CONTACT,
    CUSTOMER,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    PlainSealer,
    activate,
    later,
    reference,
    sign_up,
)
from tests.search.checks import marks, of_search

SEALER = PlainSealer()
LATER = later(ANN, days=1)


def active(store: Store) -> Tenant:
    return activate(store, SEALER, sign_up(store))


def suspended(store: Store) -> Tenant:
    tenant = active(store)
    return onboarding.suspend(
        store, tenant.id, expected_version=tenant.version, audit=ANN, reason=Reason.OTHER
    )


def rejected(store: Store) -> Tenant:
    return onboarding.reject(
        store, sign_up(store).id, expected_version=1, audit=ANN, reason=Reason.OTHER
    )


def set_aside(store: Store) -> Tenant:
    return sign_up(store, set_aside=True)


def renewed(store: Store, pending: Tenant) -> Tenant:
    existing = activate(store, SEALER, sign_up(store, 2))
    return onboarding.renew_existing(
        store, pending.id, expected_version=1, audit=ANN, existing_id=existing.id,
        expected_existing_version=existing.version, validity=NEXT_YEAR,
    )  # fmt: skip


def call(verb: Callable[..., Tenant], **fields) -> Callable[[Store, Tenant], Tenant]:
    """Calls a verb of one tenant as most are called."""
    arguments = {"audit": LATER, **fields}
    return lambda store, it: verb(store, it.id, expected_version=it.version, **arguments)


def cleared(store: Store, tenant: Tenant) -> None:
    rows = queries.doubtful(store, until=START).robots
    cleared = onboarding.clear_doubtful(
        store, rows, together=lambda number: Add({"tenantId": "staff-x", "version": number})
    )
    assert cleared.removed == 1


def changed(store: Store, tenant: Tenant) -> None:
    fields = TenantChanges(client_id="another")
    onboarding.change_tenant(store, tenant.id, fields, audit=LATER)


def closed_towards(store: Store) -> Tenant:
    pending = sign_up(store)
    renewed(store, pending)
    return pending


def renewal_undone(store: Store, pending: Tenant) -> None:
    renewed_one = onboarding.find(store, pending.id)
    onboarding.undo_renewal(store, pending.id, expected_version=renewed_one.version, audit=LATER)


def asked(store: Store) -> Tenant:
    return onboarding.ask(
        store, sign_up(store).id, expected_version=1, audit=ANN, text="Which?", fields=(),
        locale="en",
    )  # fmt: skip


def answered(store: Store, tenant: Tenant) -> None:
    onboarding.answer(
        store, tenant.id, expected_version=tenant.version, audit=CUSTOMER, text="This.",
        contact=OTHER_CONTACT,
    )  # fmt: skip


def without_link(store: Store) -> Tenant:
    tenant = active(store)
    onboarding.end_status_link(store, tenant.pending_id, CUSTOMER)
    return onboarding.find(store, tenant.id)


#: A verb, and a remark. What is there before, and who calls it.
VERBS: dict[str, tuple[Callable[[Store], Tenant], Callable[[Store, Tenant], object]]] = {
    "submit": (active, lambda store, _: sign_up(store, 3)),
    "submit for ids": (
        active,
        lambda store, _: onboarding.submit_for_ids(
            store, SEALER, reference=lambda n: reference(70 + n), contact=CONTACT,
            ids=Ids(account_id="1", company_id="2"), client_id="x", secret=Secret("y"), now=START,
        ),
    ),
    "withdraw": (sign_up, call(onboarding.withdraw, audit=CUSTOMER)),
    "activate": (sign_up, lambda store, it: activate(store, SEALER, it)),
    "activate towards another": (sign_up, renewed),
    "reject": (sign_up, call(onboarding.reject, reason=Reason.OTHER)),
    "reopen": (rejected, call(onboarding.reopen)),
    "reopen by undoing": (closed_towards, renewal_undone),
    "release": (set_aside, call(onboarding.release)),
    "suspend": (active, call(onboarding.suspend, reason=Reason.OTHER)),
    "reinstate": (suspended, call(onboarding.reinstate)),
    "set_validity": (active, call(onboarding.set_validity, validity=NEXT_YEAR)),
    "set_ids": (active, call(onboarding.set_ids, account_id="86810", company_id="7")),
    "undo": (rejected, call(onboarding.undo)),
    "renew": (active, call(onboarding.renew, term=Term.YEAR, zone=ZoneInfo("UTC"))),
    "set_client": (
        active,
        lambda store, it: onboarding.set_client(
            store, SEALER, it.id, expected_version=it.version, audit=LATER, client_id="other",
            secret=None,
        ),
    ),
    "set_client by a program": (active, changed),
    "edit_names": (
        active, call(onboarding.edit_names, account_name="", company_name="", cluster="us"),
    ),
    "edit_contact": (active, call(onboarding.edit_contact, contact=OTHER_CONTACT)),
    "question": (sign_up, lambda store, _: asked(store)),
    "answer": (asked, answered),
    "confirm_email": (
        sign_up,
        lambda store, it: onboarding.confirm_email(
            store, it.id, email=CONTACT.email, audit=CUSTOMER
        ),
    ),
    "end_link": (
        active, lambda store, it: onboarding.end_status_link(store, it.pending_id, CUSTOMER),
    ),
    "new_link": (
        without_link,
        lambda store, it: onboarding.new_status_link(store, it.pending_id, "hash", CUSTOMER),
    ),
    "erase": (rejected, call(onboarding.erase)),
    "erase in retention": (
        rejected,
        lambda store, _: onboarding.erase_closed_before(store, later(ANN, days=9).at, LATER),
    ),
    "erase what was closed towards another": (
        closed_towards,
        lambda store, _: onboarding.erase_closed_before(store, later(ANN, days=9).at, LATER),
    ),
    "remove in retention": (
        set_aside,
        lambda store, _: onboarding.remove_set_aside_before(store, later(ANN, days=9).at),
    ),
    "remove by staff": (set_aside, cleared),
}  # fmt: skip
#: These are written by imports and by `adopt`.
ELSEWHERE = {Verb.IMPORT, Verb.KEEP}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_leaves_a_mark_that_brings_the_entries_up_to_date(
    raw_store: Store, store: Store, work_off, verb: str
) -> None:
    prepare, act = VERBS[verb]
    tenant = prepare(store)
    work_off()
    assert marks(raw_store) == []
    act(store, tenant)
    assert marks(raw_store)
    work_off()


def test_every_verb_is_walked() -> None:
    assert {name.partition(" ")[0] for name in VERBS} - {"remove"} == set(Verb) - ELSEWHERE


def test_a_write_that_changes_no_tenant_leaves_none(raw_store: Store, store: Store) -> None:
    store.write([Add({"tenantId": "event-1", "version": 1})])
    assert of_search(raw_store) == {}


def test_one_mark_names_all_tenants_of_a_write(raw_store: Store, store: Store) -> None:
    items: list[Item] = [{"tenantId": f"{number}_1", "version": 1} for number in range(3)]
    store.write([Add(item) for item in items])
    (mark,) = marks(raw_store)
    assert mark.tenant_ids == ("0_1", "1_1", "2_1")


def test_an_id_of_the_old_application_may_hold_a_space(
    raw_store: Store, store: Store, work_off
) -> None:
    store.write([Add({"tenantId": "a b_1"}), Add({"tenantId": "c_2"})])
    (mark,) = marks(raw_store)
    assert mark.tenant_ids == ("a b_1", "c_2")
    work_off()


def test_the_error_of_a_refused_write_is_that_of_its_own_changes(store: Store) -> None:
    sign_up(store)
    assert sign_up(store).version == 1


def test_a_mark_holds_nothing_personal(raw_store: Store, store: Store) -> None:
    sign_up(store, claims=IDS)
    (item,) = of_search(raw_store).values()
    assert item.keys() == {"tenantId", "version", "of", "gsi4pk", "gsi4sk"}
    assert str(item["gsi4sk"]).startswith("2026-11-23T10:00:00.000Z#")
