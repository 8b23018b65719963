"""The customer proves the address: what waited for that gets into the queue, in its place."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from portal import onboarding, queries, records
from portal.onboarding import ProofMails, SignUpLimits, UnknownTenantError
from portal.onboarding.claims import MAX_CLAIMS
from portal.queries import Tab
from portal.stores.contract import Replace, Store
from portal.stores.schema import GSI2
from portal.tenants import Contact, NotAllowedError, Status, Tenant
from tests.conftest import SECRET_KEY, START
from tests.examples import (
    ANN,
    CONTACT,
    CUSTOMER,
    IDS,
    OTHER_CONTACT,
    Interrupted,
    activate,
    all_items,
    claims,
    events,
    later,
    reference,
    sign_up,
)
from tests.mail.letters_and_facts import entries
from tests.onboarding.verb_calls import SEALER, tenant_in_state

LATER = later(CUSTOMER, hours=1)


def confirm(store: Store, tenant: Tenant, email: str = CONTACT.email) -> Tenant:
    return onboarding.confirm_email(store, tenant.id, email=email, audit=LATER)


def submit(
    store: Store,
    number: int = 1,
    *,
    contact: Contact = CONTACT,
    now: datetime = START,
    limits: SignUpLimits | None = None,
    waits: bool = False,
    **more: object,
) -> Tenant:
    """As the form sends it: its mail is counted."""
    return onboarding.submit(
        store,
        reference=reference(number),
        contact=contact,
        claims=IDS,
        status_link=f"hash-of-link-{number}",
        now=now,
        locale="de",
        limits=limits,
        network="192.0.2.1",
        proof_mails=ProofMails(SECRET_KEY),
        waits_for_address=waits,
        **more,  # type: ignore[arg-type] # the arguments of submit
    )


def ids_in(store: Store, tab: Tab) -> list[str]:
    rows = queries.page(store, queries.ranges_of_tab(tab, START)).rows
    return [str(row["tenantId"]) for row in rows]


def kinds(store: Store) -> list[str]:
    return [entry.kind for entry in entries(store)]


def test_a_press_is_noted_once_and_is_in_the_history(store: Store) -> None:
    pending = sign_up(store)
    assert pending.email_confirmed_at is None
    confirmed = confirm(store, pending)
    assert confirmed.email_confirmed_at == LATER.at
    assert (confirmed.status, confirmed.created_at) == (Status.PENDING, pending.created_at)
    (event,) = queries.history(store, confirmed)
    assert (event.verb, event.by, event.changes) == ("confirm_email", "customer", {})
    items = all_items(store)
    assert confirm(store, pending) == confirmed
    assert all_items(store) == items


def test_staff_who_decide_at_the_same_moment_lose_nothing(store: Store) -> None:
    pending = sign_up(store)
    busy = Interrupted(
        store,
        lambda: onboarding.edit_contact(
            store, pending.id, expected_version=1, audit=ANN,
            contact=replace(CONTACT, name="Kim M. Meyer"),
        ),
    )  # fmt: skip
    confirmed = confirm(busy, pending)
    assert (confirmed.version, confirmed.contact.name) == (3, "Kim M. Meyer")
    assert confirmed.email_confirmed_at


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_after_an_approval_a_press_still_counts(store: Store, state: str) -> None:
    tenant = tenant_in_state(store, state)
    confirmed = confirm(store, tenant)
    assert confirmed.email_confirmed_at
    assert confirmed == replace(
        tenant,
        email_confirmed_at=LATER.at,
        version=(tenant.version or 0) + 1,
        updated_at=LATER.at,
        decision=confirmed.decision,
    )


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
def test_a_closed_sign_up_stays_as_it_is(store: Store, state: str) -> None:
    tenant = tenant_in_state(store, state)
    items = all_items(store)
    with pytest.raises(NotAllowedError):
        confirm(store, tenant)
    assert all_items(store) == items


def test_an_activation_keeps_the_proof_and_another_address_ends_it(store: Store) -> None:
    active = activate(store, SEALER, confirm(store, sign_up(store)))
    assert active.email_confirmed_at == LATER.at
    audit = later(ANN, hours=2)
    same = replace(CONTACT, name="Lou", email=CONTACT.email.upper())
    renamed = onboarding.edit_contact(
        store, active.id, expected_version=active.version, audit=audit, contact=same
    )
    assert renamed.email_confirmed_at == LATER.at
    moved = onboarding.edit_contact(
        store, active.id, expected_version=renamed.version, audit=audit, contact=OTHER_CONTACT
    )
    assert moved.email_confirmed_at is None
    # The link in a mail to the address before proves nothing about the new one.
    assert confirm(store, moved) == moved


def test_an_import_of_another_address_ends_the_proof(store: Store) -> None:
    active = activate(store, SEALER, confirm(store, sign_up(store)))
    assert active.imported(ANN, contact=OTHER_CONTACT).email_confirmed_at is None
    assert active.imported(ANN, contact=CONTACT).email_confirmed_at == LATER.at


def test_nobody_confirms_what_is_not_there(store: Store) -> None:
    with pytest.raises(UnknownTenantError):
        onboarding.confirm_email(store, "pending-nobody", email="", audit=CUSTOMER)


# ---- What waits for it


def test_by_setting_a_sign_up_waits_out_of_the_queue_and_gets_in_at_its_place(store: Store) -> None:
    first = submit(store, 1, waits=True)
    sign_up(store, 2, now=START + timedelta(minutes=1))
    assert ids_in(store, Tab.PENDING) == [records.pending_id(reference(2))]
    assert ids_in(store, Tab.ASIDE) == [first.id]
    assert claims(store) == {}
    confirm(store, first)
    # It came first, so it is first.
    assert ids_in(store, Tab.PENDING) == [first.id, records.pending_id(reference(2))]
    assert ids_in(store, Tab.ASIDE) == []
    assert claims(store) == {"86810_104348": 1}
    rows = store.query(GSI2, "STATUS#pending").items
    assert [records.is_confirmed(row) for row in rows] == [True, False]


def test_what_waits_counts_among_all_and_never_among_the_doubtful(store: Store) -> None:
    limits = SignUpLimits(SECRET_KEY, 5)
    submit(store, 1, limits=limits, waits=True)
    assert records.SET_ASIDE_COUNTER not in all_items(store)
    counter = store.get(records.sign_ups_item_id(records.week_of(START)))
    assert counter[records.hour_name("all", START)] == 1


def test_staff_move_what_waits_into_the_queue_without_the_proof(store: Store) -> None:
    waiting = submit(store, waits=True)
    released = onboarding.release(store, waiting.id, expected_version=1, audit=ANN)
    assert released.is_queued
    assert ids_in(store, Tab.PENDING) == [waiting.id]


def test_what_waited_for_thirty_days_is_removed(store: Store) -> None:
    waiting = submit(store, waits=True)
    kept = submit(store, 2, contact=OTHER_CONTACT, waits=True, now=START + timedelta(days=2))
    until = START + timedelta(days=1)
    assert onboarding.remove_set_aside_before(store, until) == 1
    assert waiting.id not in all_items(store)
    assert ids_in(store, Tab.ASIDE) == [kept.id]


class Full(SignUpLimits):
    """The limit of all is reached."""

    def __init__(self) -> None:
        super().__init__(SECRET_KEY, 50)
        self._all_reached_until = START + timedelta(hours=1)


def test_what_came_without_a_proof_of_work_gets_into_the_queue_by_the_proof_of_its_address(
    store: Store,
) -> None:
    waiting = submit(store, limits=Full())
    assert (waiting.set_aside, waiting.waits_for_address) == (True, True)
    assert kinds(store) == ["received"]
    assert ids_in(store, Tab.ASIDE) == [waiting.id]
    confirmed = confirm(store, waiting)
    assert confirmed.is_queued
    assert ids_in(store, Tab.PENDING) == [waiting.id]
    assert ids_in(store, Tab.ASIDE) == []


def test_what_is_doubtful_for_another_reason_stays_aside_whoever_proves_the_address(
    store: Store,
) -> None:
    trapped = submit(store, limits=Full(), set_aside=True)
    assert (trapped.set_aside, trapped.waits_for_address) == (True, False)
    assert kinds(store) == []
    confirmed = confirm(store, trapped)
    assert (confirmed.set_aside, confirmed.is_queued) == (True, False)
    assert ids_in(store, Tab.ASIDE) == [trapped.id]


def test_the_proof_is_no_way_around_the_limit_of_claims(store: Store) -> None:
    for number in range(10, 10 + MAX_CLAIMS):
        sign_up(store, number, claims=IDS, contact=OTHER_CONTACT)
    waiting = submit(store, waits=True)
    confirmed = confirm(store, waiting)
    assert confirmed.email_confirmed_at
    assert (confirmed.set_aside, confirmed.waits_for_address) == (True, False)
    assert claims(store) == {"86810_104348": MAX_CLAIMS}
    assert len(events(store)) == 1


# ---- One mail for an address a day


def test_the_second_mail_of_a_day_has_no_link_that_proves_the_address(store: Store) -> None:
    for number in range(1, 4):
        submit(store, number, limits=SignUpLimits(SECRET_KEY, 5))
    submit(store, 4, contact=OTHER_CONTACT)
    assert sorted(kinds(store)) == ["received", "received", "received_again", "received_again"]
    submit(store, 5, now=START + timedelta(days=1))
    assert kinds(store).count("received") == 3


@pytest.mark.parametrize("email", ["kim@meyer.example", "kim@gmail.com"])
def test_whoever_asks_one_mail_proves_an_address_a_day(store: Store, email: str) -> None:
    contact = replace(CONTACT, email=email)
    pending = submit(store, contact=contact, limits=SignUpLimits(SECRET_KEY, 5))
    mails = ProofMails(SECRET_KEY)
    other = sign_up(store, 2, contact=replace(CONTACT, email=email.upper()))
    before = len(kinds(store))
    for tenant in (pending, other, pending):
        mails.send(store, tenant, START + timedelta(hours=1))
    assert len(kinds(store)) == before
    next_day = START + timedelta(days=1)
    for tenant in (pending, other):
        # Another process counts in the same store.
        ProofMails(SECRET_KEY).send(store, tenant, next_day)
    assert kinds(store).count("address") == 1


def test_staff_who_send_it_again_count_as_well_but_not_what_never_left(store: Store) -> None:
    pending = submit(store)
    (entry,) = entries(store)
    arguments = {"proof_mails": ProofMails(SECRET_KEY), "mail_id": entry.id}
    onboarding.send_again(store, pending.id, audit=ANN, after="a", **arguments)  # type: ignore[arg-type] # as above
    assert kinds(store) == ["received", "received"]
    sent = replace(entry, state=records.DeliveryState.SENT, version=2, due_at=None)
    item = store.get(entry.id)
    store.write([Replace(records.outbox_item(sent), 1, read=item)])
    onboarding.send_again(store, pending.id, audit=ANN, after="b", **arguments)  # type: ignore[arg-type] # as above
    assert sorted(kinds(store)) == ["received", "received", "received_again"]


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
def test_a_closed_request_sends_no_link(store: Store, state: str) -> None:
    tenant = tenant_in_state(store, state)
    before = len(kinds(store))
    ProofMails(SECRET_KEY).send(store, tenant, START)
    assert len(kinds(store)) == before


def test_the_counter_names_nobody(store: Store) -> None:
    submit(store)
    counters = [item for key, item in all_items(store).items() if key.startswith("limit-")]
    assert counters
    assert not [text for text in (CONTACT.email, "meyer", "kim") if text in str(counters)]
