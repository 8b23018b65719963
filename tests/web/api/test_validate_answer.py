"""The rules of the answer of `GET /api/validate`, without a store and without Flask."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from portal.stores.contract import Item
from portal.tenants import Ids
from portal.web.api.validate_answer import (
    ClaimAnswer,
    TenantAnswer,
    UnknownAnswer,
    answer_about,
    ids_asked_for,
    too_many_unknown,
)

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ITEM: Item = {
    "tenantId": "1_2",
    "status": "active",
    "isActive": True,
    "cluster": "eu",
    "validFrom": "2026-11-23T10:00:00.000Z",
    "validTo": "2027-11-23T10:00:00.000Z",
}


def test_one_answer_that_is_kept_follows_the_clock() -> None:
    answer = TenantAnswer(ITEM)
    seen = []
    for moment in (
        NOW - timedelta(milliseconds=1),
        NOW,
        datetime(2027, 11, 1, tzinfo=UTC),
        datetime(2027, 11, 23, 10, tzinfo=UTC),
        datetime(2027, 11, 23, 10, 0, 0, 1000, tzinfo=UTC),
        # A clock that is set back.
        NOW,
    ):
        body = json.loads(answer.at(moment).body)
        seen.append((body["isValid"], body.get("reason"), body.get("warning")))
        assert datetime.fromisoformat(body["serverTime"]) == moment
    assert seen == [
        (False, "NOT_YET_VALID", None),
        (True, None, None),
        (True, None, "EXPIRING"),
        (True, None, "EXPIRING"),
        (False, "EXPIRED", None),
        (True, None, None),
    ]


def test_a_kept_answer_is_the_same_as_a_new_one() -> None:
    kept = TenantAnswer(ITEM)
    kept.at(NOW)
    assert kept.at(NOW) == TenantAnswer(ITEM).at(NOW)


def test_without_a_tenant_the_answer_says_pending_or_unknown() -> None:
    assert json.loads(ClaimAnswer().at(NOW).body)["reason"] == "PENDING"
    assert json.loads(UnknownAnswer().at(NOW).body)["error"] == "NOT_FOUND"
    refused = too_many_unknown(7)
    assert (refused.status, dict(refused.headers)["Retry-After"]) == (429, "7")


@pytest.mark.parametrize("kind", ["search-doc", "mail", "event"])
def test_ids_that_together_name_another_kind_of_item_are_nobodys(kind: str) -> None:
    answer = answer_about({"tenantId": f"{kind}-1_2", "version": 1}).at(NOW)
    assert json.loads(answer.body)["error"] == "NOT_FOUND"


def test_ids_are_read_and_text_that_is_no_id_is_nobodys() -> None:
    assert ids_asked_for("accountId=1&companyId=2") == Ids(account_id="1", company_id="2")
    assert ids_asked_for("accountId=Example%20GmbH&companyId=unknown") is None
