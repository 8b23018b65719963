"""A change returns a new tenant; the same decision has the same idempotency key."""

from dataclasses import replace
from datetime import timedelta
from typing import TypedDict, Unpack

import pytest

from portal.tenants import (
    Client,
    Contact,
    ErasedError,
    Ids,
    NotAllowedError,
    PastWindowError,
    Status,
    Tenant,
    Validity,
    Verb,
    idempotency_key_of,
)
from tests.conftest import START
from tests.examples import ANN, BOB, CONTACT, IDS, WINDOW, later

MS = timedelta(milliseconds=1)


class Fields(TypedDict, total=False):
    """The fields of a tenant that a test may set."""

    status: Status
    version: int | None
    ids: Ids | None
    client: Client
    reason: str
    message: str
    set_aside: bool
    erased: bool


def pending(**fields: Unpack[Fields]) -> Tenant:
    tenant = Tenant(
        id="pending-x", status=Status.PENDING, version=3, contact=CONTACT,
        created_at=START, status_link="hash",
    )  # fmt: skip
    return replace(tenant, **fields)


def test_a_change_returns_a_new_tenant_with_the_next_version_and_the_decision():
    before = pending()
    after = before.changed(Verb.REJECT, ANN, "mark", reason="duplicate")
    assert (before.status, before.version, before.decision) == (Status.PENDING, 3, None)
    assert (after.status, after.version, after.reason) == (Status.REJECTED, 4, "duplicate")
    assert after.updated_at == ANN.at
    assert after.decision is not None
    assert (after.decision.verb, after.decision.by) == (Verb.REJECT, ANN.by)
    assert (after.decision.at, after.decision.idempotency_key) == (ANN.at, "mark")


def test_the_first_change_of_a_record_without_a_version_makes_version_1():
    assert pending(version=None).changed(Verb.REJECT, ANN).version == 1


@pytest.mark.parametrize("status", Status)
def test_a_tenant_is_active_exactly_when_its_status_says_so(status):
    assert pending(status=status).is_active is (status is Status.ACTIVE)


def test_activation_sets_the_final_id_and_starts_at_version_1():
    claimed = pending(reason="old", message="old words", set_aside=True)
    active = claimed.activated(ANN, ids=IDS, validity=WINDOW, client=Client(id="c"))
    assert (active.id, active.pending_id, active.version) == ("86810_104348", "pending-x", 1)
    assert active.is_final
    assert not claimed.is_final
    assert (active.reason, active.message, active.set_aside) == ("", "", False)
    assert active.created_at == claimed.created_at


@pytest.mark.parametrize(
    ("end", "allowed"),
    [
        (START - MS, False),
        (START, True),
        (START + MS, True),
        (None, False),
    ],
)
def test_a_new_licence_must_not_have_ended(end, allowed):
    validity = Validity(valid_from=START - timedelta(days=9), valid_to=end)
    if allowed:
        assert pending().activated(ANN, ids=IDS, validity=validity, client=Client()).is_active
    else:
        with pytest.raises(PastWindowError):
            pending().activated(ANN, ids=IDS, validity=validity, client=Client())


def test_reopening_clears_reason_and_message():
    closed = pending(status=Status.REJECTED, reason="duplicate", message="You have one.")
    reopened = closed.reopened(ANN)
    assert (reopened.status, reopened.reason, reopened.message) == (Status.PENDING, "", "")


@pytest.mark.parametrize("status", [Status.REJECTED, Status.WITHDRAWN])
def test_erasing_leaves_no_personal_field_and_nothing_to_reopen(status):
    closed = pending(status=status, message="Dear Kim", reason="duplicate", ids=IDS)
    erased = closed.without_personal_fields(ANN)
    assert erased.contact == Contact(company="", name="", email="")
    assert (erased.message, erased.status_link, erased.erased) == ("", "", True)
    assert (erased.status, erased.reason, erased.ids) == (status, "duplicate", IDS)
    with pytest.raises(ErasedError):
        erased.reopened(ANN)


def test_reopening_a_tenant_that_is_not_closed_is_not_allowed_even_if_it_was_erased():
    with pytest.raises(NotAllowedError):
        pending(erased=True).reopened(ANN)


def test_the_text_of_an_error_holds_no_details():
    assert str(NotAllowedError(Verb.SUSPEND, Status.PENDING)) == "NotAllowedError"


def test_the_repr_of_a_client_holds_no_sealed_secret():
    assert "v1.loc" not in repr(pending(client=Client(id="c", sealed_secret="v1.loc.x.y")))


REQUEST = (Verb.REJECT, ANN, 1, ("reason", "duplicate"))


def test_the_same_request_of_the_same_person_has_the_same_key_at_any_time():
    assert idempotency_key_of(*REQUEST) == idempotency_key_of(
        Verb.REJECT, later(ANN, minutes=5), 1, *REQUEST[3:]
    )


@pytest.mark.parametrize(
    "other",
    [
        (Verb.SUSPEND, ANN, 1, ("reason", "duplicate")),
        (Verb.REJECT, BOB, 1, ("reason", "duplicate")),
        (Verb.REJECT, replace(ANN, who="staff-ann-2"), 1, ("reason", "duplicate")),
        (Verb.REJECT, ANN, 2, ("reason", "duplicate")),
        (Verb.REJECT, ANN, None, ("reason", "duplicate")),
        (Verb.REJECT, ANN, 1, ("reason", "other")),
        (Verb.REJECT, ANN, 1, ("reason", "duplicate"), ("message", "")),
    ],
    ids=["verb", "person", "namesake", "version", "no version", "value", "more"],
)
def test_any_other_request_has_another_key(other):
    assert idempotency_key_of(*other) != idempotency_key_of(*REQUEST)
