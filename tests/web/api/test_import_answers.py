"""Whose access an import by request changes, and a limit on who may lose it."""

from collections.abc import Callable

from werkzeug.test import TestResponse

from portal.stores.contract import Store
from tests.web.import_bodies import body_of, tenant
from tests.web.pages import tenants_in


def test_by_request_the_report_says_it_and_a_limit_refuses(
    send: Callable[..., TestResponse], store: Store
) -> None:
    send(body_of(tenant(1), tenant(2)))
    stored, losing = tenants_in(store), body_of(tenant(1, isActive=False), tenant(2))
    report = send(losing, "?policy=overwrite&dryRun=true&mostLosing=0").get_json()
    assert report["answerDiff"] == {
        "at": "2026-11-23T10:00:00.000Z", "timeZone": "UTC", "same": 1,
        "loseNow": 1, "loseLater": 0, "loseOn": {}, "gainNow": 0, "gainLater": 0, "gainOn": {},
        "otherwise": 0,
        "lose": [{"tenant": "86810_1", "at": "2026-11-23T10:00:00.000Z", "again": None}],
    }  # fmt: skip
    refused = send(losing, "?policy=overwrite&mostLosing=0")
    assert refused.status_code == 409
    assert refused.get_json() == {
        "error": "too_many_lose_access",
        "message": "Nothing was written: 1 tenant would lose access, and at most 0 may.",
    }
    assert tenants_in(store) == stored
    assert send(losing, "?policy=overwrite&mostLosing=1").get_json()["answerDiff"]["loseNow"] == 1
    assert tenants_in(store)["86810_1"]["isActive"] is False
    for wrong in ("-1", "x", "", "1.5", "1234567890"):
        answer = send(losing, f"?mostLosing={wrong}")
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_parameter")
