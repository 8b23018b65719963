"""What a try of credentials has proved, as a text and back."""

import json
from datetime import UTC, datetime

import pytest

from portal.records import CredentialProof, Proved, TriedCredentials, Usage, usage_item, usage_of
from portal.records.tried import tried_of_text, tried_text

TRIED = TriedCredentials(
    at=datetime(2026, 11, 23, 10, 0, 0, 5000, tzinfo=UTC),
    by="Ann Approver",
    who="staff-ann",
    client_id="a “client”",
    account_id="86810",
    company_id="",
    cluster="eu",
    proof=CredentialProof(secret=Proved.YES, account=Proved.NO, problem=""),
)


def test_there_and_back() -> None:
    assert tried_of_text(tried_text(TRIED)) == TRIED
    item = usage_item(Usage(tenant_id="86810_1", version=3, tried=TRIED))
    assert usage_of(item).tried == TRIED
    assert "tried" not in usage_item(Usage(tenant_id="86810_1", version=3))


def _without(name: str) -> str:
    return json.dumps({k: v for k, v in json.loads(tried_text(TRIED)).items() if k != name})


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "7", "{", _without("at"), _without("proof"), _without("cluster"),
        tried_text(TRIED).replace('"yes"', '"perhaps"'),
        tried_text(TRIED).replace("2026-11-23", "yesterday"),
        "[" * 100_000,
    ],
)  # fmt: skip
def test_what_nobody_can_read_is_no_try(text: str) -> None:
    assert tried_of_text(text) is None
