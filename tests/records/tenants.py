"""Tenants to make items of: one of each kind, the old application's, and any at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from portal import records
from portal.tenants import Client, Contact, Decision, Ids, Status, Tenant, Validity, Verb
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
)
PENDING = replace(
    ACTIVE, id=ACTIVE.pending_id, status=Status.PENDING, validity=Validity(), client=Client(),
    pending_id="", decision=None, version=1, updated_at=ACTIVE.created_at,
)  # fmt: skip

#: As the old application writes one.
OLD = {
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
maybe = st.just("") | texts
ids = st.text("0123456789abcXYZ", min_size=1, max_size=8)
moments = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2199, 1, 1),  # noqa: DTZ001 - likewise
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
moment = st.none() | moments


@st.composite
def tenants(draw) -> Tenant:
    status = draw(st.sampled_from(Status))
    named = st.builds(
        Ids, account_id=ids, company_id=ids, account_name=maybe, company_name=maybe, cluster=maybe
    )
    final = status in (Status.ACTIVE, Status.SUSPENDED)
    bound = draw(named if final else st.none() | named)
    return Tenant(
        id=bound.tenant_id if final and bound else records.pending_id("a" * 26),
        status=status,
        version=draw(st.integers(1, 2**53)),
        contact=draw(
            st.builds(
                Contact, company=maybe, name=maybe, email=maybe, phone=maybe, phone_typed=maybe,
                phone_extension=maybe,
            )
        ),
        ids=bound,
        validity=draw(
            st.builds(Validity, valid_from=moment, valid_to=moment, open_ended=st.booleans())
        ),
        client=draw(st.builds(Client, id=maybe, sealed_secret=maybe, secret_set_at=moment)),
        created_at=draw(moment),
        updated_at=draw(moment),
        decision=draw(
            st.none()
            | st.builds(
                Decision, verb=st.sampled_from(Verb), by=maybe, at=moments, idempotency_key=maybe
            )
        ),
        reason=draw(maybe),
        message=draw(maybe),
        locale=draw(maybe),
        pending_id=draw(maybe),
        status_link=draw(maybe),
        set_aside=draw(st.booleans()),
        erased=draw(st.booleans()),
    )  # fmt: skip
