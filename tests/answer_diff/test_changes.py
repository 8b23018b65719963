"""Two answers about the same tenant: what is lost, gained or otherwise, and at which instant."""

from datetime import timedelta
from typing import Any

import pytest

from portal.answer_diff.answered import FIELDS_TOLD, answered_by
from portal.answer_diff.changes import AnswerChange, ChangeKind, change_between
from portal.records import TENANT_ATTRIBUTES, access_view
from portal.stores.contract import Item
from portal.tenants import AccessStatus
from portal.web.api.validate_answer import TenantAnswer
from tests.answer_diff.answer_rows import instant, row
from tests.conftest import START

MS = timedelta(milliseconds=1)
DECIDING = {"tenantId", "status", "isActive", "version", "validFrom", "validTo", "openEnded"}


def change(before: Item | None, after: Item | None) -> AnswerChange:
    return change_between(answered_by(before, START), answered_by(after, START), START)


def test_the_end_of_a_validity_turns_the_answer_a_millisecond_later() -> None:
    shorter = row(validTo="2026-12-31T23:59:59.999Z")
    expected = AnswerChange(ChangeKind.LOSES, instant("2027-01-01"))
    assert change(row(), shorter) == expected
    assert change(shorter, row()) == AnswerChange(ChangeKind.GAINS, instant("2027-01-01"))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({}, {"status": "suspended", "isActive": False}, ChangeKind.LOSES),
        ({}, {"isActive": False}, ChangeKind.LOSES),
        ({}, {"validTo": None}, ChangeKind.LOSES),
        ({"validTo": None}, {"validTo": None, "openEnded": True}, ChangeKind.GAINS),
        ({"status": "suspended"}, {}, ChangeKind.GAINS),
    ],
)
def test_access_is_lost_and_gained_at_once(
    before: dict[str, Any], after: dict[str, Any], kind: ChangeKind
) -> None:
    assert change(row(**before), row(**after)) == AnswerChange(kind, START)


def test_a_tenant_that_is_not_there_has_no_access() -> None:
    assert change(None, row()) == AnswerChange(ChangeKind.GAINS, START)
    assert change(row(), None) == AnswerChange(ChangeKind.LOSES, START)
    starts = instant("2027-03-01")
    assert change(None, row(validFrom="2027-03-01T00:00:00.000Z")).at == starts
    gone = row(status="suspended")
    assert change(None, gone) == AnswerChange(ChangeKind.OTHERWISE)


def test_who_loses_access_for_a_while_is_told_until_when() -> None:
    later = row(validFrom="2027-02-01T00:00:00.000Z", validTo="2028-12-31T23:59:59.999Z")
    expected = AnswerChange(ChangeKind.LOSES, START, instant("2027-02-01"))
    assert change(row(), later) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"status": "suspended"}, {"status": "rejected"}),
        ({"status": "suspended"}, {"status": "suspended", "validTo": "2029-01-01T00:00:00.000Z"}),
        ({}, {"cluster": "us"}),
        ({}, {"clientId": "another"}),
        # Nobody had access, and nobody will. But the old application shows another message.
        ({"validTo": "2026-01-02T00:00:00.000Z"}, {"validTo": None}),
        # An end in the year 9999 is answered as a date, none is not.
        ({"validTo": "9999-12-31T23:59:59.999Z"}, {"validTo": None, "openEnded": True}),
    ],
)
def test_another_reason_date_or_field_is_another_answer(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert change(row(**before), row(**after)) == AnswerChange(ChangeKind.OTHERWISE)


@pytest.mark.parametrize(
    "after",
    [
        {"contactFullName": "Kim", "updatedAt": "2026-11-24T00:00:00.000Z", "version": 2},
        {"clientSecret": "v1.loc.x"},
        # The same instants in other words, and less than a millisecond apart.
        {"validTo": "2028-01-01T00:59:59.999+01:00"},
        {"validTo": "2027-12-31T23:59:59.999900Z"},
    ],
)
def test_what_the_application_is_not_told_changes_no_answer(after: dict[str, Any]) -> None:
    assert change(row(), row(**after)) == AnswerChange(ChangeKind.SAME)


@pytest.mark.parametrize("name", sorted(TENANT_ATTRIBUTES - DECIDING))
def test_an_import_looks_at_every_field_that_the_application_is_told(name: str) -> None:
    """An import compares whole answers only if one of these changes."""
    kind = change(row(**{name: "a"}), row(**{name: "b"})).kind
    assert (kind is ChangeKind.OTHERWISE) is (name in FIELDS_TOLD)


def test_fields_that_no_answer_shows_do_not_count() -> None:
    suspended = {"status": "suspended"}
    kind = change(row(**suspended), row(cluster="us", **suspended)).kind
    assert kind is ChangeKind.SAME


@pytest.mark.parametrize(
    "item_id", ["pending-abcdefghijklmnopqrstuvwxyz", "claim-1_2", "1_2_3", "1"]
)
def test_nobody_can_ask_for_an_id_of_another_form(item_id: str) -> None:
    assert answered_by(row(tenantId=item_id), START) is None


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"validFrom": "2026-12-01T08:00:00.000500Z", "validTo": "2026-12-24T08:00:00.000500Z"},
        {"validFrom": None, "openEnded": True},
        {"validTo": None},
        {"validTo": "tomorrow"},
        {"status": None},
        {"status": None, "isActive": False},
        {"validTo": "9999-12-31T23:59:59.999Z"},
        {"validFrom": "0001-01-01T00:00:00.000Z", "validTo": "0001-01-01T00:00:00.000Z"},
        {"validTo": "2026-12-23T10:00:00.000Z"},
    ],
)
def test_the_steps_are_what_validate_answers_at_each_instant(changed: dict[str, Any]) -> None:
    """The answer itself, asked a millisecond before and at each turn, and in between."""
    item = row(**changed)
    answered = answered_by(item, START)
    assert answered is not None
    answer = TenantAnswer(item)
    turns = [since for since, _ in answered.steps]
    asked = {START, START + MS, START + timedelta(days=1000)}
    asked |= {turn + by for turn in turns for by in (-MS, timedelta(), MS)}
    for at in sorted(at for at in asked if at >= START):
        says_yes = answer.at(at).gives_access
        assert (answered.at(at) in (AccessStatus.VALID, AccessStatus.EXPIRING)) is says_yes, at
    # Between two turns nothing else happens: every hour of the next two months.
    bodies: dict[str, bytes] = {}
    for hour in range(24 * 60):
        at = START + timedelta(hours=hour)
        body = answer.at(at).body.partition(b',"serverTime"')[0]
        assert bodies.setdefault(answered.at(at), body) == body


def test_what_is_remembered_of_a_valid_tenant_is_answered_alike() -> None:
    item = row()
    known = answered_by(access_view(item), START)
    whole = answered_by(item, START)
    assert known is not None
    assert whole is not None
    assert (known.steps, known.window) == (whole.steps, whole.window)
