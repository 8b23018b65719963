"""Tenants to make items of: an active one, a pending one, an item of the old application, and
a Hypothesis strategy for any tenant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from portal import records
from portal.stores.contract import Item
from portal.tenants import (
    Client,
    Contact,
    Decision,
    Ids,
    Question,
    ShellProof,
    ShellVerdict,
    Status,
    Stay,
    Tenant,
    Validity,
    Verb,
)
from tests.conftest import START
from tests.examples import CONTACT, IDS, WINDOW

SEALED = "v1.loc.0a1b2c3d.c2VhbGVk"

ACTIVE = Tenant(
    id="86810_104348",
    status=Status.ACTIVE,
    version=4,
    contact=CONTACT,
    ids=IDS,
    validity=WINDOW,
    client=Client(id="client-1", sealed_secret=SEALED, secret_set_at=START),
    created_at=START - timedelta(days=2),
    updated_at=START,
    decision=Decision(
        verb=Verb.ACTIVATE, by="Ann Approver", at=START, idempotency_key="0123456789abcdef"
    ),
    locale="de",
    pending_id="pending-" + "a" * 26,
    status_link="hash-of-link",
    follows="pending-" + "b" * 26,
    email_confirmed_at=START,
    shell_proof=ShellProof(at=START, verdict=ShellVerdict.COMPANY),
    question=Question(
        text="Which company is it?", at=START, by="Ann Approver", who="staff-ann", locale="en",
        before=(("company", "Meyer"),), answer="The one in Berlin.", answered_at=START,
    ),
    id_since=START,
    former_ids=(Stay("1_1", None, START - timedelta(days=1)), Stay("1_2", START, START)),
)  # fmt: skip
PENDING = replace(
    ACTIVE, id=ACTIVE.pending_id, status=Status.PENDING, validity=Validity(), client=Client(),
    pending_id="", decision=None, version=1, updated_at=ACTIVE.created_at,
    email_confirmed_at=None, shell_proof=None, question=None, id_since=None, former_ids=(),
)  # fmt: skip

#: An item as the old application writes it.
LEGACY_ITEM: Item = {
    "tenantId": "86810_104348",
    "accountId": "86810",
    "accountName": "Meyer Group",
    "companyId": "104348",
    "companyName": "Meyer Field Service",
    "cluster": "eu",
    "contactCompanyName": "Meyer Elevators",
    "contactFullName": "Kim Meyer",
    "contactPhone": "+4930901820",
    "contactEmailAddress": "kim@meyer.example",
    "clientId": "client-1",
    "clientSecret": "an old plain secret",
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2026-12-31T23:59:59.999Z",
    "isActive": True,
    "createdAt": "2025-12-24T08:00:00.000Z",
    "updatedAt": "2026-01-02T08:00:00.000Z",
    "gsi1pk": "ACCOUNT#86810",
    "gsi1sk": "TENANT#86810_104348",
}

texts = st.text(min_size=1, max_size=12)
maybe_text = st.just("") | texts
ids = st.text("0123456789abcXYZ", min_size=1, max_size=8)
instants = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2199, 1, 1),  # noqa: DTZ001 - likewise
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
maybe_instant = st.none() | instants


@st.composite
def tenants(draw) -> Tenant:
    status = draw(st.sampled_from(Status))
    all_ids = st.builds(
        Ids,
        account_id=ids,
        company_id=ids,
        account_name=maybe_text,
        company_name=maybe_text,
        cluster=maybe_text,
    )
    is_final = status in (Status.ACTIVE, Status.SUSPENDED)
    tenant_ids = draw(all_ids if is_final else st.none() | all_ids)
    return Tenant(
        id=tenant_ids.tenant_id if is_final and tenant_ids else records.pending_id("a" * 26),
        status=status,
        version=draw(st.integers(1, 2**53)),
        contact=draw(
            st.builds(
                Contact, company=maybe_text, name=maybe_text, email=maybe_text, phone=maybe_text,
                phone_typed=maybe_text, phone_extension=maybe_text,
            )
        ),
        ids=tenant_ids,
        validity=draw(
            st.builds(
                Validity, valid_from=maybe_instant, valid_to=maybe_instant,
                open_ended=st.booleans(),
            )
        ),
        client=draw(
            st.builds(
                Client, id=maybe_text, sealed_secret=maybe_text, secret_set_at=maybe_instant
            )
        ),
        created_at=draw(maybe_instant),
        updated_at=draw(maybe_instant),
        decision=draw(
            st.none()
            | st.builds(
                Decision, verb=st.sampled_from(Verb), by=maybe_text, at=instants,
                idempotency_key=maybe_text,
            )
        ),
        reason=draw(maybe_text),
        message=draw(maybe_text),
        locale=draw(maybe_text),
        pending_id=draw(maybe_text),
        status_link=draw(maybe_text),
        follows=draw(maybe_text),
        renews=draw(maybe_text),
        set_aside=draw(st.booleans()),
        waits_for_address=draw(st.booleans()),
        email_confirmed_at=draw(maybe_instant),
        shell_proof=draw(
            st.none() | st.builds(ShellProof, at=instants, verdict=st.sampled_from(ShellVerdict))
        )
        if tenant_ids
        else None,
        question=draw(
            st.none()
            | st.builds(
                Question, text=maybe_text, at=instants, by=maybe_text, who=maybe_text,
                locale=maybe_text, answer=maybe_text, answered_at=maybe_instant,
                before=st.dictionaries(texts, maybe_text, max_size=2).map(
                    lambda fields: tuple(fields.items())
                ),
            )
        ),
        erased=draw(st.booleans()),
    )  # fmt: skip
