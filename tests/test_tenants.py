"""The rules: every verb from every status, windows to the millisecond, who gets in when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.instants import to_text
from portal.tenants import (
    REJECT_REASONS,
    SUSPEND_REASONS,
    BackwardWindowError,
    Client,
    Contact,
    ErasedError,
    NotAllowedError,
    PastWindowError,
    Reason,
    Standing,
    Status,
    Tenant,
    Validity,
    Verb,
    mark_of,
    standing,
    standing_of,
    status_after,
)
from tests.conftest import START
from tests.examples import ANN, BOB, CONTACT, IDS, WINDOW, later

MS = timedelta(milliseconds=1)

# ---- The life cycle

#: Where each verb leads; "-" where it may not be done. domain.md's table, spelled out.
LIFE_CYCLE = """
              pending    active     suspended  rejected   withdrawn
submit        -          -          -          -          -
activate      active     -          -          -          -
reject        rejected   -          -          -          -
withdraw      withdrawn  -          -          -          -
release       pending    -          -          -          -
edit_contact  pending    active     suspended  -          -
suspend       -          suspended  -          -          -
reinstate     -          -          active     -          -
set_validity  -          active     suspended  -          -
set_client    -          active     suspended  -          -
reopen        -          -          -          pending    pending
erase         -          -          -          rejected   withdrawn
import        -          active     suspended  -          -
"""


def spelled_out() -> list[tuple[Verb, Status, str]]:
    head, *lines = LIFE_CYCLE.strip().splitlines()
    return [
        (Verb(verb), Status(status), after)
        for verb, *afters in (line.split() for line in lines)
        for status, after in zip(head.split(), afters, strict=True)
    ]


def test_the_table_names_every_verb_and_every_status():
    assert {(verb, status) for verb, status, _ in spelled_out()} == {
        (verb, status) for verb in Verb for status in Status
    }


@pytest.mark.parametrize(("verb", "status", "after"), spelled_out())
def test_a_verb_leads_where_the_table_says_or_is_refused_by_its_name(verb, status, after):
    if after == "-":
        with pytest.raises(NotAllowedError) as refused:
            status_after(status, verb)
        assert (refused.value.verb, refused.value.status) == (verb, status)
    else:
        assert status_after(status, verb) is Status(after)


def pending(**fields: object) -> Tenant:
    values = {
        "id": "pending-x", "status": Status.PENDING, "version": 3, "contact": CONTACT,
        "created_at": START, "status_link": "hash", **fields,
    }  # fmt: skip
    return Tenant(**values)


def test_a_change_returns_another_tenant_one_version_on_and_says_who_when_and_what():
    before = pending()
    after = before.changed(Verb.REJECT, ANN, "mark", reason="duplicate")
    assert (before.status, before.version, before.decision) == (Status.PENDING, 3, None)
    assert (after.status, after.version, after.reason) == (Status.REJECTED, 4, "duplicate")
    assert after.updated_at == ANN.at
    assert after.decision is not None
    assert (after.decision.verb, after.decision.by) == (Verb.REJECT, ANN.by)
    assert (after.decision.at, after.decision.mark) == (ANN.at, "mark")


def test_the_first_change_of_a_record_without_a_version_makes_version_one():
    assert pending(version=None).changed(Verb.REJECT, ANN).version == 1


@pytest.mark.parametrize("status", Status)
def test_a_tenant_is_active_exactly_when_its_status_says_so(status):
    assert pending(status=status).is_active is (status is Status.ACTIVE)


def test_activation_binds_to_the_final_key_and_begins_at_version_one():
    claimed = pending(reason="old", message="old words", set_aside=True)
    active = claimed.activated(ANN, ids=IDS, validity=WINDOW, client=Client(id="c"))
    assert (active.id, active.pending_id, active.version) == ("86810_104348", "pending-x", 1)
    assert active.is_final
    assert not claimed.is_final
    assert (active.reason, active.message, active.set_aside) == ("", "", False)
    assert active.created_at == claimed.created_at


@pytest.mark.parametrize(
    ("ends", "allowed"),
    [
        (START - MS, False),
        (START, True),
        (START + MS, True),
        (None, False),
    ],
)
def test_a_new_licence_must_not_be_over_when_it_is_given(ends, allowed):
    window = Validity(valid_from=START - timedelta(days=9), valid_to=ends)
    if allowed:
        assert pending().activated(ANN, ids=IDS, validity=window, client=Client()).is_active
    else:
        with pytest.raises(PastWindowError):
            pending().activated(ANN, ids=IDS, validity=window, client=Client())


def test_reopening_forgets_why_it_was_closed():
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


def test_a_tenant_that_was_never_closed_is_told_so_rather_than_that_it_was_erased():
    with pytest.raises(NotAllowedError):
        pending(erased=True).reopened(ANN)


def test_no_refusal_shows_what_it_is_about():
    assert str(NotAllowedError(Verb.SUSPEND, Status.PENDING)) == "NotAllowedError"


def test_a_client_does_not_print_its_sealed_secret():
    assert "v1.loc" not in repr(pending(client=Client(id="c", sealed_secret="v1.loc.x.y")))


def test_staff_give_reasons_that_fit_what_they_do():
    assert Reason.OTHER in REJECT_REASONS
    assert Reason.OTHER in SUSPEND_REASONS
    assert {*REJECT_REASONS, *SUSPEND_REASONS} == set(Reason)


# ---- The same decision again

ASKED = (Verb.REJECT, ANN, 1, ("reason", "duplicate"))


def test_the_same_person_asking_for_the_same_thing_leaves_the_same_mark_at_any_time():
    assert mark_of(*ASKED) == mark_of(Verb.REJECT, later(ANN, minutes=5), 1, *ASKED[3:])


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
def test_anything_else_leaves_another_mark(other):
    assert mark_of(*other) != mark_of(*ASKED)


# ---- Windows

ZONES = [
    "UTC", "Europe/Berlin", "America/Havana", "Asia/Beirut", "Africa/Cairo", "Asia/Kathmandu",
    "Australia/Lord_Howe", "America/New_York", "Pacific/Kiritimati", "Pacific/Apia",
    "America/Santiago",
]  # fmt: skip

#: One day each, with the first and the last millisecond that clocks there call by its date.
DAYS = """
UTC                 2026-12-31 2026-12-31T00:00:00.000Z 2026-12-31T23:59:59.999Z  an ordinary day
Europe/Berlin       2026-12-31 2026-12-30T23:00:00.000Z 2026-12-31T22:59:59.999Z  in winter
Europe/Berlin       2026-06-30 2026-06-29T22:00:00.000Z 2026-06-30T21:59:59.999Z  in summer
Europe/Berlin       2026-03-29 2026-03-28T23:00:00.000Z 2026-03-29T21:59:59.999Z  of 23 hours
Europe/Berlin       2026-10-25 2026-10-24T22:00:00.000Z 2026-10-25T22:59:59.999Z  of 25 hours
America/Havana      2026-03-08 2026-03-08T05:00:00.000Z 2026-03-09T03:59:59.999Z  begins at 01:00
America/Havana      2026-03-07 2026-03-07T05:00:00.000Z 2026-03-08T04:59:59.999Z  before it
America/Havana      2026-11-01 2026-11-01T04:00:00.000Z 2026-11-02T04:59:59.999Z  midnight twice
Asia/Beirut         2025-03-30 2025-03-29T22:00:00.000Z 2025-03-30T20:59:59.999Z  begins at 01:00
Asia/Beirut         2025-10-25 2025-10-24T21:00:00.000Z 2025-10-25T21:59:59.999Z  23:00 twice
Asia/Kathmandu      2026-01-01 2025-12-31T18:15:00.000Z 2026-01-01T18:14:59.999Z  at UTC+5:45
Australia/Lord_Howe 2026-04-05 2026-04-04T13:00:00.000Z 2026-04-05T13:29:59.999Z  half an hour more
Pacific/Kiritimati  2026-01-01 2025-12-31T10:00:00.000Z 2026-01-01T09:59:59.999Z  at UTC+14
Pacific/Apia        2011-12-29 2011-12-29T10:00:00.000Z 2011-12-30T09:59:59.999Z  before the leap
Pacific/Apia        2011-12-31 2011-12-30T10:00:00.000Z 2011-12-31T09:59:59.999Z  behind the leap
"""


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [pytest.param(*line.split()[:4], id=line) for line in DAYS.strip().splitlines()],
)
def test_a_day_runs_from_its_first_to_its_last_millisecond_there(zone, day, first, last):
    window = Validity.of_days(date.fromisoformat(day), date.fromisoformat(day), ZoneInfo(zone))
    assert window.valid_from is not None
    assert window.valid_to is not None
    assert (to_text(window.valid_from), to_text(window.valid_to)) == (first, last)
    assert not window.open_ended


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_three_years_begins_and_ends_where_the_date_changes(zone):
    there = ZoneInfo(zone)
    for number in range(3 * 366):
        day = date(2025, 1, 1) + timedelta(days=number)
        window = Validity.of_days(day, day, there)
        assert window.valid_from is not None
        assert window.valid_to is not None
        assert window.valid_from.astimezone(there).date() == day
        assert (window.valid_from - MS).astimezone(there).date() == day - timedelta(days=1)
        assert window.valid_to.astimezone(there).date() == day
        assert (window.valid_to + MS).astimezone(there).date() == day + timedelta(days=1)


@given(
    first=st.dates(date(2000, 1, 1), date(2199, 12, 30)),
    days=st.integers(0, 3000),
    zone=st.sampled_from(ZONES),
)
def test_neighbouring_windows_leave_no_gap_and_do_not_overlap(first, days, zone):
    last = min(first + timedelta(days=days), date(2199, 12, 30))
    window = Validity.of_days(first, last, ZoneInfo(zone))
    following = last + timedelta(days=1)
    assert window.valid_to is not None
    assert window.valid_to + MS == Validity.of_days(following, following, ZoneInfo(zone)).valid_from


def test_a_day_that_clocks_left_out_lets_nobody_in():
    # Samoa had no 30 December 2011.
    window = Validity.of_days(date(2011, 12, 30), date(2011, 12, 30), ZoneInfo("Pacific/Apia"))
    assert window.valid_from is not None
    for now in (window.valid_from - MS, window.valid_from, window.valid_from + MS):
        assert standing_of(Status.ACTIVE, window, now) not in (Standing.VALID, Standing.EXPIRING)


def test_the_first_and_the_last_day_that_staff_may_choose_are_instants_everywhere():
    for zone in ZONES:
        window = Validity.of_days(date(2000, 1, 1), date(2199, 12, 31), ZoneInfo(zone))
        assert window.valid_from is not None
        assert window.valid_to is not None
        assert window.valid_from < window.valid_to


@pytest.mark.parametrize("days", [1, 2, 400])
def test_a_window_does_not_end_before_it_starts(days):
    last = date(2026, 11, 23)
    with pytest.raises(BackwardWindowError):
        Validity.of_days(last + timedelta(days=days), last, ZoneInfo("Europe/Berlin"))


# ---- Who gets in

_OPEN = (Standing.VALID, Standing.EXPIRING)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the zone
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


@given(starts=instants, length=st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_access_begins_and_ends_at_the_very_millisecond(starts, length):
    ends = starts + length // MS * MS
    window = Validity(valid_from=starts, valid_to=ends)

    def at(now: datetime) -> Standing:
        return standing_of(Status.ACTIVE, window, now)

    assert at(starts - MS) is Standing.NOT_YET_VALID
    assert at(starts) in _OPEN
    assert at(ends) is Standing.EXPIRING
    assert at(ends + MS) is Standing.EXPIRED


@given(starts=instants, ends=instants, now=instants)
def test_an_active_tenant_is_let_in_exactly_between_its_two_ends(starts, ends, now):
    window = Validity(valid_from=starts, valid_to=ends)
    assert (standing_of(Status.ACTIVE, window, now) in _OPEN) is (starts <= now <= ends)


@given(starts=instants, ends=instants, now=instants, status=st.sampled_from(Status))
def test_nobody_but_an_active_tenant_is_ever_let_in(starts, ends, now, status):
    window = Validity(valid_from=starts, valid_to=ends, open_ended=True)
    if status is not Status.ACTIVE:
        assert standing_of(status, window, now) not in _OPEN


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(0), Standing.EXPIRING),
        (timedelta(days=30) - MS, Standing.EXPIRING),
        (timedelta(days=30), Standing.VALID),
        (timedelta(days=31), Standing.VALID),
    ],
)
def test_a_licence_is_expiring_in_its_last_thirty_days(left, said):
    window = Validity(valid_from=START, valid_to=START + timedelta(days=400))
    assert window.valid_to is not None
    assert standing_of(Status.ACTIVE, window, window.valid_to - left) is said


PAST, AHEAD = START - timedelta(days=1), START + timedelta(days=400)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (Validity(), Standing.WINDOW_MISSING),
        (Validity(valid_from=PAST), Standing.WINDOW_MISSING),
        (Validity(valid_to=AHEAD), Standing.WINDOW_MISSING),
        (Validity(open_ended=True), Standing.VALID),
        (Validity(valid_from=PAST, open_ended=True), Standing.VALID),
        (Validity(valid_from=AHEAD, open_ended=True), Standing.NOT_YET_VALID),
        (Validity(valid_to=AHEAD, open_ended=True), Standing.VALID),
        (Validity(valid_to=PAST, open_ended=True), Standing.EXPIRED),
        (Validity(valid_from=AHEAD, valid_to=PAST), Standing.NOT_YET_VALID),
        (Validity(valid_from=PAST, valid_to=PAST - MS), Standing.EXPIRED),
    ],
)
def test_a_window_with_holes_or_the_wrong_way_round_lets_in_only_who_was_always_let_in(
    window, said
):
    assert standing_of(Status.ACTIVE, window, START) is said


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.PENDING, Standing.PENDING),
        (Status.SUSPENDED, Standing.SUSPENDED),
        (Status.REJECTED, Standing.CLOSED),
        (Status.WITHDRAWN, Standing.CLOSED),
        (Status.ACTIVE, Standing.VALID),
    ],
)
def test_the_standing_of_a_tenant_tells_why(status, said):
    assert standing(pending(status=status, validity=WINDOW), START) is said
