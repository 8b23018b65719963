"""`POST /api/imports/<id>/undo`: an import is undone in one request."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.imports import JobState, apply_step, find_job
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.imports.files import lines
from tests.imports.harness import ADMIN, ImportHarness
from tests.web.import_bodies import tenant
from tests.web.pages import Staff, everything, tenants_in

NO_BODY = {"CONTENT_LENGTH": "0"}


class Caller:
    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client = client
        self._bearer = {"Authorization": f"Bearer {token}"}

    def imported(self, *rows: dict[str, Any], query: str = "") -> str:
        answer = self._client.post(
            f"/api/imports{query}",
            data=json.dumps(rows),
            content_type="application/json",
            headers=self._bearer,
        )
        assert answer.status_code == 200
        return str(answer.get_json()["importId"])

    def undo(self, import_id: str, query: str = "") -> TestResponse:
        # A browser and curl send it as well; the test client leaves it out.
        url = f"/api/imports/{import_id}/undo{query}"
        return self._client.post(url, headers=self._bearer, environ_overrides=NO_BODY)


@pytest.fixture
def caller(client: FlaskClient, token: str) -> Caller:
    return Caller(client, token)


def test_it_undoes_all_rows_and_answers_with_the_report(caller: Caller, store: Store) -> None:
    caller.imported(tenant(1))
    before = tenants_in(store)["86810_1"]["contactFullName"]
    import_id = caller.imported(
        tenant(1, contactFullName="Kim"), tenant(2), query="?policy=overwrite"
    )
    items = everything(store)
    plan = caller.undo(import_id, "?dryRun=true").get_json()
    assert (plan["undone"], plan["by"]) == (False, "")
    assert [(row["tenant"], row["outcome"]) for row in plan["rows"]] == [
        ("86810_2", "removed"), ("86810_1", "back"),
    ]  # fmt: skip
    assert (plan["answerDiff"]["same"], plan["answerDiff"]["loseNow"]) == (1, 1)
    assert tenants_in(store).keys() == {"86810_1", "86810_2"}
    assert {key for key in everything(store) if not key.startswith("limit-")} == {
        key for key in items if not key.startswith("limit-")
    }
    done = caller.undo(import_id).get_json()
    assert (done["undone"], done["by"], done["importId"]) == (
        True,
        "nightly script (token)",
        import_id,
    )
    assert {name: number for name, number in done["counts"].items() if number} == {
        "back": 1, "removed": 1,
    }  # fmt: skip
    assert tenants_in(store).keys() == {"86810_1"}
    assert tenants_in(store)["86810_1"]["contactFullName"] == before
    again = caller.undo(import_id)
    assert (again.status_code, again.get_json()["error"]) == (409, "cannot_be_undone")
    assert "nightly script (token) has undone this import already" in again.get_json()["message"]


def test_too_many_who_lose_access_are_refused(caller: Caller, store: Store) -> None:
    import_id = caller.imported(tenant(1), tenant(2))
    refused = caller.undo(import_id, "?mostLosing=1")
    assert (refused.status_code, refused.get_json()) == (
        409,
        {
            "error": "too_many_lose_access",
            "message": "Nothing was written: 2 tenants would lose access, and at most 1 may.",
        },
    )
    assert tenants_in(store).keys() == {"86810_1", "86810_2"}
    assert caller.undo(import_id, "?mostLosing=2").status_code == 200


def test_what_a_killed_import_wrote_is_undone_after_a_minute_or_if_asked(
    caller: Caller, store: Store, settings: Settings, clock: Clock
) -> None:
    harness = ImportHarness(store, settings.data_dir)

    def half_written(first: int) -> str:
        job = harness.plan(lines(tenant(first), tenant(first + 1)))
        audit = replace(ADMIN, at=clock.now())
        return apply_step(harness.store, job.id, audit, rows=1).id

    first, second = half_written(1), half_written(3)
    refused = caller.undo(first)
    assert (refused.status_code, refused.get_json()) == (
        409,
        {
            "error": "cannot_be_undone",
            "message": "This import is still being written. If nobody writes it any more, send the"
            " request again in a minute. To stop it at once and undo what it wrote, send"
            " stop=true.",
        },
    )
    assert tenants_in(store).keys() == {"86810_1", "86810_3"}
    assert caller.undo(first, "?stop=true").get_json()["undone"] is True
    assert tenants_in(store).keys() == {"86810_3"}
    clock.advance(minutes=1)
    assert caller.undo(second, "?dryRun=true").get_json()["undone"] is False
    assert find_job(store, second).state is JobState.APPLYING
    assert caller.undo(second).get_json()["undone"] is True
    assert find_job(store, second).state is JobState.STOPPED
    assert tenants_in(store) == {}


@pytest.mark.parametrize(
    "query",
    [
        "?stop=yes",
        "?dryRun=yes",
        "?mostLosing=-1",
        "?mostLosing=x",
        "?mostLosing=1234567890",
        "?x=1",
    ],
)  # fmt: skip
def test_parameters_that_cannot_be_used_change_nothing(
    caller: Caller, store: Store, query: str
) -> None:
    import_id = caller.imported(tenant(1))
    assert caller.undo(import_id, query).status_code == 400
    assert tenants_in(store).keys() == {"86810_1"}


def test_an_unknown_import_is_not_found(caller: Caller) -> None:
    for import_id in ("import-" + "a" * 26, "import-none", "86810_1"):
        answer = caller.undo(import_id)
        assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")


def test_only_a_token_that_imports_may(client: FlaskClient, admin: Staff) -> None:
    url = f"/api/imports/import-{'a' * 26}/undo"
    for browser in (client, admin.client):
        assert browser.post(url, environ_overrides=NO_BODY).status_code == 401
