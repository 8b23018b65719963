"""Who gets in, and when, to the millisecond."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.tenants import AccessStatus, Status, Tenant, Validity, access_status, standing
from tests.conftest import START
from tests.examples import CONTACT, WINDOW

MS = timedelta(milliseconds=1)
_OPEN = (AccessStatus.VALID, AccessStatus.EXPIRING)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the zone
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


@given(starts=instants, length=st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_access_begins_and_ends_at_the_very_millisecond(starts, length):
    ends = starts + length // MS * MS
    window = Validity(valid_from=starts, valid_to=ends)

    def at(now: datetime) -> AccessStatus:
        return access_status(Status.ACTIVE, window, now)

    assert at(starts - MS) is AccessStatus.NOT_YET_VALID
    assert at(starts) in _OPEN
    assert at(ends) is AccessStatus.EXPIRING
    assert at(ends + MS) is AccessStatus.EXPIRED


@given(starts=instants, ends=instants, now=instants)
def test_an_active_tenant_is_let_in_exactly_between_its_two_ends(starts, ends, now):
    window = Validity(valid_from=starts, valid_to=ends)
    assert (access_status(Status.ACTIVE, window, now) in _OPEN) is (starts <= now <= ends)


@given(starts=instants, ends=instants, now=instants, status=st.sampled_from(Status))
def test_nobody_but_an_active_tenant_is_ever_let_in(starts, ends, now, status):
    window = Validity(valid_from=starts, valid_to=ends, open_ended=True)
    if status is not Status.ACTIVE:
        assert access_status(status, window, now) not in _OPEN


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(0), AccessStatus.EXPIRING),
        (timedelta(days=30) - MS, AccessStatus.EXPIRING),
        (timedelta(days=30), AccessStatus.VALID),
        (timedelta(days=31), AccessStatus.VALID),
    ],
)
def test_a_licence_is_expiring_in_its_last_thirty_days(left, said):
    window = Validity(valid_from=START, valid_to=START + timedelta(days=400))
    assert window.valid_to is not None
    assert access_status(Status.ACTIVE, window, window.valid_to - left) is said


PAST, AHEAD = START - timedelta(days=1), START + timedelta(days=400)


@pytest.mark.parametrize(
    ("window", "said"),
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
def test_a_window_with_holes_or_the_wrong_way_round_lets_in_only_who_was_always_let_in(
    window, said
):
    assert access_status(Status.ACTIVE, window, START) is said


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.PENDING, AccessStatus.PENDING),
        (Status.SUSPENDED, AccessStatus.SUSPENDED),
        (Status.REJECTED, AccessStatus.CLOSED),
        (Status.WITHDRAWN, AccessStatus.CLOSED),
        (Status.ACTIVE, AccessStatus.VALID),
    ],
)
def test_the_standing_of_a_tenant_tells_why(status, said):
    tenant = Tenant(id="86810_1", status=status, version=1, contact=CONTACT, validity=WINDOW)
    assert standing(tenant, START) is said
