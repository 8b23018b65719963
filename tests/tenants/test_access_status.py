"""Which tenants have access, and when, to the millisecond."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.tenants import AccessStatus, Status, Tenant, Validity, access_status, standing
from tests.conftest import START
from tests.examples import CONTACT, WINDOW

MS = timedelta(milliseconds=1)
_WITH_ACCESS = (AccessStatus.VALID, AccessStatus.EXPIRING)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the zone
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


@given(start=instants, length=st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_access_starts_and_ends_at_the_exact_millisecond(start, length):
    end = start + length // MS * MS
    validity = Validity(valid_from=start, valid_to=end)

    def at(now: datetime) -> AccessStatus:
        return access_status(Status.ACTIVE, validity, now)

    assert at(start - MS) is AccessStatus.NOT_YET_VALID
    assert at(start) in _WITH_ACCESS
    assert at(end) is AccessStatus.EXPIRING
    assert at(end + MS) is AccessStatus.EXPIRED


@given(start=instants, end=instants, now=instants)
def test_an_active_tenant_has_access_exactly_between_start_and_end(start, end, now):
    validity = Validity(valid_from=start, valid_to=end)
    assert (access_status(Status.ACTIVE, validity, now) in _WITH_ACCESS) is (start <= now <= end)


@given(start=instants, end=instants, now=instants, status=st.sampled_from(Status))
def test_only_an_active_tenant_ever_has_access(start, end, now, status):
    validity = Validity(valid_from=start, valid_to=end, open_ended=True)
    if status is not Status.ACTIVE:
        assert access_status(status, validity, now) not in _WITH_ACCESS


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [
        (timedelta(0), AccessStatus.EXPIRING),
        (timedelta(days=30) - MS, AccessStatus.EXPIRING),
        (timedelta(days=30), AccessStatus.VALID),
        (timedelta(days=31), AccessStatus.VALID),
    ],
)
def test_a_licence_is_expiring_in_its_last_30_days(remaining, expected):
    validity = Validity(valid_from=START, valid_to=START + timedelta(days=400))
    assert validity.valid_to is not None
    assert access_status(Status.ACTIVE, validity, validity.valid_to - remaining) is expected


PAST, AHEAD = START - timedelta(days=1), START + timedelta(days=400)


@pytest.mark.parametrize(
    ("validity", "expected"),
    [
        (Validity(), AccessStatus.WINDOW_MISSING),
        (Validity(valid_from=PAST), AccessStatus.WINDOW_MISSING),
        (Validity(valid_to=AHEAD), AccessStatus.WINDOW_MISSING),
        (Validity(open_ended=True), AccessStatus.VALID),
        (Validity(valid_from=PAST, open_ended=True), AccessStatus.VALID),
        (Validity(valid_from=AHEAD, open_ended=True), AccessStatus.NOT_YET_VALID),
        (Validity(valid_to=AHEAD, open_ended=True), AccessStatus.VALID),
        (Validity(valid_to=PAST, open_ended=True), AccessStatus.EXPIRED),
        (Validity(valid_from=AHEAD, valid_to=PAST), AccessStatus.NOT_YET_VALID),
        (Validity(valid_from=PAST, valid_to=PAST - MS), AccessStatus.EXPIRED),
    ],
)
def test_only_an_open_ended_validity_gives_access_when_a_date_is_missing(validity, expected):
    assert access_status(Status.ACTIVE, validity, START) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.PENDING, AccessStatus.PENDING),
        (Status.SUSPENDED, AccessStatus.SUSPENDED),
        (Status.REJECTED, AccessStatus.CLOSED),
        (Status.WITHDRAWN, AccessStatus.CLOSED),
        (Status.ACTIVE, AccessStatus.VALID),
    ],
)
def test_the_access_status_of_a_tenant_gives_the_reason(status, expected):
    tenant = Tenant(id="86810_1", status=status, version=1, contact=CONTACT, validity=WINDOW)
    assert standing(tenant, START) is expected
