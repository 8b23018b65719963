"""`POST /api/imports`: an import by a program."""

import gzip
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.imports.jobs.apply import ROWS_PER_COMMIT
from portal.imports.jobs.job import end_job, list_jobs
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import AuditInfo
from portal.web.imports.uploads import MAX_WAITING, upload_slots
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import FULL, TroubledStore
from tests.web.import_bodies import COUNTS, URL, body_of, tenant
from tests.web.pages import events_of, everything, tenants_in


def test_the_answer_is_the_report_and_the_rows_are_in(
    send: Callable[..., TestResponse], store: Store, token: str
) -> None:
    answer = send(body_of(tenant(1), tenant(2, contactEmailAddress="no"), tenant(1)))
    assert answer.status_code == 200
    report = answer.get_json()
    assert report["counts"] == COUNTS | {"new": 1, "duplicate": 1, "invalid": 1}
    assert (report["applied"], report["state"], report["ignoredKeys"]) == (True, "done", 0)
    assert [row["kind"] for row in report["rows"]] == ["new", "invalid", "duplicate"]
    assert tenants_in(store).keys() == {"86810_1"}
    (event,) = events_of(store, "86810_1")
    assert event.by == "nightly script (token)"
    assert "s3cr3t-canary" not in answer.text + repr(everything(store))
    again = send(body_of(tenant(1))).get_json()
    assert again["counts"] == COUNTS | {"same": 1}
    assert token.partition(".")[2] not in repr(everything(store))


def test_a_dry_run_writes_nothing(send: Callable[..., TestResponse], store: Store) -> None:
    before = everything(store).keys()
    report = send(body_of(tenant(1)), "?dryRun=true").get_json()
    assert (report["counts"], report["applied"]) == (COUNTS | {"new": 1}, False)
    assert everything(store).keys() == before


def test_the_policy_and_what_is_allowed_are_asked_for_by_name(
    send: Callable[..., TestResponse], store: Store
) -> None:
    send(body_of(tenant(1, isActive=False)))
    newer = body_of(tenant(1, updatedAt="2026-02-01T00:00:00.000Z", contactFullName="Mia Meyer"))
    assert send(newer).get_json()["counts"]["conflict"] == 1
    assert send(newer, "?policy=newer-wins").get_json()["counts"]["conflict"] == 1
    assert tenants_in(store)["86810_1"]["isActive"] is False
    report = send(newer, "?policy=newer-wins&allow=status").get_json()
    assert report["counts"] == COUNTS | {"update": 1}
    assert tenants_in(store)["86810_1"]["isActive"] is True


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?policy=all", "invalid_parameter"),
        ("?dryRun=1", "invalid_parameter"),
        ("?allow=everything", "invalid_parameter"),
        ("?dry_run=true", "unknown_parameter"),
    ],
)
def test_a_parameter_that_nobody_knows_is_refused(
    send: Callable[..., TestResponse], store: Store, query: str, error: str
) -> None:
    answer = send(body_of(tenant(1)), query)
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)
    assert tenants_in(store) == {}


def test_csv_that_is_no_report_is_told_which_csv_is_read(
    send: Callable[..., TestResponse], store: Store
) -> None:
    answer = send(b"accountId,companyId\n86810,104348\n", **{"Content-Type": "text/csv"})
    assert (answer.status_code, answer.get_json()["error"]) == (422, "not_usable")
    message = answer.get_json()["message"]
    assert "the report of an import, which is the only CSV that is read" in message
    assert "its first line begins with row,kind,tenant" in message
    assert tenants_in(store) == {}


# ---- I09-I12, I21, I23: bodies that are refused


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        pytest.param(b"[" + b" " * 5_000_000 + b"]", {}, 413, "larger than 5 MB", id="I09"),
        pytest.param(b" " * 6_000_000, {}, 413, "larger than 5 MB", id="I09-much-larger"),
        pytest.param(gzip.compress(b"[]"), {}, 415, "Send the file uncompressed.", id="I12"),
        pytest.param(
            b"[]", {"Content-Encoding": "gzip"}, 415, "Send the file uncompressed.", id="I12-header"
        ),
        pytest.param(b"<html></html>", {}, 415, "not a portal export", id="I21"),
        pytest.param(b" ", {}, 422, "The file is not a portal export.", id="I01"),
        pytest.param(b'{"a"', {}, 400, "Not valid JSON (line 1, column 5).", id="I02"),
        pytest.param(
            b"[" + b",".join([b"{}"] * 10_001) + b"]", {}, 413, "more than 10,000 entries", id="I15"
        ),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_whole(
    *,
    send: Callable[..., TestResponse],
    store: Store,
    body: bytes,
    headers: dict[str, str],
    status: int,
    words: str,
) -> None:
    before = everything(store).keys()
    answer = send(body, **headers)
    assert answer.status_code == status
    assert words in answer.get_json()["message"]
    assert everything(store).keys() == before


def test_i10_i11_a_body_without_a_length_is_refused(
    client: FlaskClient, token: str, store: Store
) -> None:
    answer = client.post(
        URL,
        input_stream=None,
        headers={"Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked"},
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.get_json()["error"]) == (411, "length_required")
    assert tenants_in(store) == {}


def test_i23_a_client_that_hangs_up_changes_nothing(
    send: Callable[..., TestResponse], client: FlaskClient, token: str, store: Store
) -> None:
    body = body_of(tenant(1))
    answer = client.post(
        URL,
        data=body,
        headers={"Authorization": f"Bearer {token}"},
        environ_overrides={"CONTENT_LENGTH": str(len(body) + 10)},
    )
    assert answer.status_code == 400
    assert tenants_in(store) == {}


def test_i24_a_store_that_fails_half_way_says_so_and_the_import_can_be_repeated(
    settings: Settings, store: Store, clock: Clock, token: str
) -> None:
    failing_store = TroubledStore(store)
    app = create_app(settings, store=failing_store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    body = body_of(*(tenant(number) for number in range(100)))
    headers = {"Authorization": f"Bearer {token}"}
    written: list[str] = []

    def full_after_four(call: str, number: int) -> Exception | None:
        # The call is counted; the rows, the import, one commit of tenants; then the disk is full.
        written.extend([call] if call == "write" else [])
        return FULL if call == "write" and len(written) > 5 else None

    failing_store.begin(full_after_four)
    answer = client.post(URL, data=body, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.get_json()["message"].startswith(
        f"The store did not accept all rows. Exactly {ROWS_PER_COMMIT} of 100 are handled."
        " Send the file again"
    )
    assert len(tenants_in(store)) == ROWS_PER_COMMIT
    failing_store.calm()
    report = client.post(URL, data=body, headers=headers).get_json()
    same = ROWS_PER_COMMIT
    assert report["counts"] == COUNTS | {"new": 100 - same, "same": same}
    assert len(tenants_in(store)) == 100


def test_the_limit_is_a_setting(settings: Settings, store: Store, clock: Clock, token: str) -> None:
    more = replace(settings, import_rows=2)
    app = create_app(more, store=store, clock=clock.now)
    body = body_of(tenant(1), tenant(2), tenant(3))
    answer = app.test_client().post(URL, data=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 413
    assert "more than 2 entries" in answer.get_json()["message"]
    assert tenants_in(store) == {}


def test_a_repeated_parameter_is_refused(send: Callable[..., TestResponse], store: Store) -> None:
    for query in (
        "?dryRun=false&dryRun=true",
        "?dryRun=true&dryRun=true",
        "?policy=skip&policy=skip",
    ):
        answer = send(body_of(tenant(1)), query)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_parameter")
    assert tenants_in(store) == {}
    assert send(body_of(tenant(1)), "?allow=status&allow=validity").status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/html", "application/xml", "image/png", "application/x-www-form-urlencoded",
             "multipart/form-data"],
)  # fmt: skip
def test_i21_a_wrong_content_type_is_refused_with_the_right_one(
    client: FlaskClient, token: str, store: Store, kind: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.post(URL, data=body_of(tenant(1)), content_type=kind, headers=headers)
    assert answer.status_code == 415
    assert "as application/json" in answer.get_json()["message"]
    assert tenants_in(store) == {}


@pytest.mark.parametrize(
    "kind", ["application/x-ndjson", "text/plain; charset=utf-8", "application/octet-stream", None]
)
def test_the_content_types_that_tools_send_are_accepted(
    client: FlaskClient, token: str, store: Store, kind: str | None
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.post(URL, data=body_of(tenant(1)), content_type=kind, headers=headers)
    assert answer.status_code == 200
    assert len(tenants_in(store)) == 1


def test_an_import_that_an_admin_stops_in_the_meantime_is_a_conflict(
    settings: Settings, store: Store, clock: Clock, token: str
) -> None:
    failing_store = TroubledStore(store)
    app = create_app(settings, store=failing_store, clock=clock.now)
    written: list[str] = []

    def stopped_after_the_first_rows(call: str, number: int) -> None:
        written.extend([call] if call == "write" else [])
        if call == "write" and len(written) == 6:
            (run,) = list_jobs(store).jobs
            end_job(store, run.id, AuditInfo(by="Ada Admin", at=clock.now()))

    failing_store.begin(stopped_after_the_first_rows)
    body = body_of(*(tenant(number) for number in range(100)))
    answer = app.test_client().post(URL, data=body, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()) == (409, {
        "error": "stopped",
        "message": f"Ada Admin stopped this import when {ROWS_PER_COMMIT} of its 100 rows were"
        " handled. Send the file again to write the others.",
    })  # fmt: skip
    assert len(tenants_in(store)) == ROWS_PER_COMMIT


class Silent:
    """A body whose sender falls silent until `resumed` is set."""

    def __init__(self, body: bytes) -> None:
        self.parts = [body[:10], body[10:]]
        self.waits, self.resumed = threading.Event(), threading.Event()

    def read(self, _size: int = -1) -> bytes:
        if len(self.parts) == 1:
            self.waits.set()
            assert self.resumed.wait(60)
        return self.parts.pop(0) if self.parts else b""


def test_t18_a_sender_that_falls_silent_keeps_nobody_waiting(
    send: Callable[..., TestResponse], new_client: Callable[[], FlaskClient], token: str
) -> None:
    body = body_of(tenant(1))
    silent = Silent(body)

    def stalled() -> TestResponse:
        return new_client().post(
            URL,
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
            environ_overrides={"wsgi.input": silent, "CONTENT_LENGTH": str(len(body))},
        )

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(stalled)
        assert silent.waits.wait(60)
        assert send(body_of(tenant(2))).status_code == 200
        silent.resumed.set()
        assert first.result().status_code == 200


def test_t18_a_few_uploads_may_wait_and_the_next_is_refused_with_503(
    send: Callable[..., TestResponse], new_client: Callable[[], FlaskClient], store: Store
) -> None:
    waiting = [upload_slots.acquire(blocking=False) for _ in range(MAX_WAITING)]
    try:
        answer = send(body_of(tenant(1)))
    finally:
        for _ in waiting:
            upload_slots.release()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.get_json()["message"].startswith("The portal is reading other files")
    assert tenants_in(store) == {}
    assert send(body_of(tenant(1))).status_code == 200


def test_i24_a_full_disk_refuses_the_file_and_nothing_is_written(
    send: Callable[..., TestResponse],
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The folder for temporary files does not exist.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    answer = send(body_of(tenant(1)).ljust(2_000_000))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "Nothing was saved." in answer.text
    assert tenants_in(store) == {}


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000], ids=["cut-off", "whole"]
)
def test_a12_a_body_that_is_nested_100_000_deep_is_refused(
    send: Callable[..., TestResponse], store: Store, body: bytes
) -> None:
    before = everything(store).keys()
    answer = send(body)
    assert answer.status_code == 400
    assert answer.get_json().keys() == {"error", "message"}
    assert everything(store).keys() == before
