"""Every write of staff, with the same tests for each."""

import hashlib
import json
import logging
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from portal.auth import SecurityAct, security_event_of
from portal.stores.contract import Item, Store
from tests.conftest import Clock
from tests.web.pages import (
    HTMX,
    Staff,
    everything,
    form_of,
    forms,
    heading,
    ids,
    live_words,
    outcome,
    page_words,
    summary,
    title,
    words,
)
from tests.web.pages import by_id as element
from tests.web.write_cases import DECISIONS, WRITES, Write

each_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
each_decision = pytest.mark.parametrize("write", DECISIONS.values(), ids=DECISIONS)

CLUSTER_WRONG = (
    "Enter the cluster as at most 20 letters, digits and hyphens, like eu, or paste its host, like"
    " eu.fsm.cloud.sap."
)
VARY = {"Cookie", "HX-Request", "HX-Boosted", "HX-History-Restore-Request"}


def added(before: dict[str, Item], after: dict[str, Item], kind: str) -> list[Item]:
    return [item for id_, item in after.items() if id_ not in before and id_.startswith(kind)]


def digest(item: Item) -> str:
    """As in the code, so that a change of the digest is noticed: other programs compare it."""
    plain = {name: value for name, value in item.items() if name != "clientSecret"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


# ---- It works


@each_decision
def test_t30_a_decision_is_saved_and_confirmed_and_adds_exactly_one_event(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff, store: Store
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    before = everything(store)
    answer = anna.send(tenant_id, write.verb, form)
    after = everything(store)
    assert answer.status_code == 303
    subject = write.subject(tenant_id)
    assert answer.location.partition("&closed=")[0] == f"/staff/tenants/{subject}?done=1"
    assert outcome(anna.get(answer.location)) == write.said

    # Other ids are an event of the id that is gone as well, for the other processes.
    events = added(before, after, "event-")
    (event,) = [each for each in events if each["gsi2pk"] == f"EVENTS#{subject}"]
    assert len(events) == (2 if write.verb == "ids" else 1)
    assert event["verb"] == write.event
    assert event["by"] == "Anna"
    assert event["at"] == "2026-11-23T10:00:00.000Z"
    assert event["requestId"] == answer.headers["X-Request-Id"]
    # An activation or a renewal changes the id.
    old = before.get(subject, before[tenant_id])
    assert event["before"] == digest(old)
    assert event["after"] == digest(after[subject])
    assert event["before"] != event["after"]


@each_decision
def test_a_decision_is_in_the_history(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff
) -> None:
    tenant_id = write.prepare(client, ben)
    anna.send(tenant_id, write.verb, write.form(anna, tenant_id))
    page = page_words(anna.page(write.subject(tenant_id)))
    assert "Anna, 23 Nov 2026, 10:00" in page.partition("History")[2]


@each_write
def test_htmx_gets_only_the_section_and_a_text_for_the_live_region(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff
) -> None:
    tenant_id = write.prepare(client, ben)
    answer = anna.send(tenant_id, write.verb, write.form(anna, tenant_id), htmx=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "tenant" in ids(answer)
    assert "main" not in ids(answer)
    assert live_words(answer) == outcome(answer) == write.said
    assert element(answer, "outcome").get("data-focus") is not None
    varies = {name.strip() for line in answer.headers.getlist("Vary") for name in line.split(",")}
    assert varies >= VARY
    assert answer.headers["Cache-Control"] == "no-store"
    subject = write.subject(tenant_id)
    moved = None if subject == tenant_id else f"/staff/tenants/{subject}"
    assert answer.headers.get("HX-Replace-Url") == moved


@each_write
def test_a_boosted_form_gets_a_redirect(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    url = f"/staff/tenants/{tenant_id}/{write.verb}"
    answer = anna.client.post(url, data=form, headers=HTMX | {"HX-Boosted": "true"})
    assert answer.status_code == 303


# ---- Without permission


@each_write
def test_s03_a_viewer_is_refused_and_that_is_logged(
    *,
    write: Write,
    client: FlaskClient,
    viewer: Staff,
    ben: Staff,
    store: Store,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(ben, tenant_id) | {"csrf_token": viewer.token()}
    before = everything(store)
    with caplog.at_level(logging.WARNING):
        answer = viewer.send(tenant_id, write.verb, form)
    assert answer.status_code == 403
    assert heading(answer) == "You may view but not change."
    added = {id_: item for id_, item in everything(store).items() if before.get(id_) != item}
    (event,) = (security_event_of(item) for item in added.values())
    assert (event.act, event.source.by, event.route) == (
        SecurityAct.ROLE_REFUSED,
        "Vera",
        f"POST /staff/tenants/…/{write.verb}",
    )
    (record,) = caplog.records
    assert record.getMessage() == "A role was too low."
    assert record.__dict__["fields"]["route"] == event.route
    fragment = viewer.send(tenant_id, write.verb, form, htmx=True)
    assert fragment.status_code == 403
    assert "<html" not in fragment.text


@each_write
def test_a_viewer_is_offered_nothing(
    write: Write, client: FlaskClient, viewer: Staff, ben: Staff
) -> None:
    tenant_id = write.prepare(client, ben)
    assert list(forms(viewer.page(tenant_id))) == ["/staff/sign-out"]


@each_write
def test_s01_a_stranger_is_sent_to_sign_in(
    write: Write,
    client: FlaskClient,
    ben: Staff,
    store: Store,
    new_client: Callable[[], FlaskClient],
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(ben, tenant_id)
    del form["form_owner"]
    before = everything(store)
    url = f"/staff/tenants/{tenant_id}/{write.verb}"
    stranger = new_client()
    answer = stranger.post(url, data=form)
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")
    answer = stranger.post(url, data=form, headers=HTMX)
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["HX-Redirect"] == "/staff/sign-in"
    assert everything(store) == before


# ---- An unknown id


@each_write
def test_s11_an_unknown_tenant_is_not_found(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff, store: Store
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    before = everything(store)
    for unknown, htmx in (("1_1", False), (f"pending-{'z' * 26}", True)):
        answer = anna.send(unknown, write.verb, form, htmx=htmx)
        assert answer.status_code == 404
        assert "Page not found" in page_words(answer)
    assert everything(store) == before


# ---- Twice


@each_decision
def test_s06_a_double_click_changes_nothing_the_second_time(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff, store: Store
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    first = anna.send(tenant_id, write.verb, form)
    before = everything(store)
    second = anna.send(tenant_id, write.verb, form)
    assert (second.status_code, second.location) == (303, first.location)
    assert outcome(anna.send(tenant_id, write.verb, form, htmx=True)) == write.said
    assert everything(store) == before


@pytest.mark.parametrize("verb", ["activate", "client"])
def test_another_secret_from_the_same_page_is_a_conflict(
    verb: str, client: FlaskClient, anna: Staff, ben: Staff, store: Store
) -> None:
    write = WRITES[verb]
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    assert anna.send(tenant_id, verb, form).status_code == 303
    before = everything(store)
    again = anna.send(tenant_id, verb, form | {"client_secret": "without the slip"})
    assert again.status_code == 409
    assert everything(store) == before


# ---- Stale


@each_decision
def test_s05_the_second_person_reads_who_decided_first_and_sees_the_tenant_as_it_is_now(
    *, write: Write, client: FlaskClient, anna: Staff, ben: Staff, store: Store, clock: Clock
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    done = ben.decide(tenant_id, write.overtaken_by, **write.overtaken_with)
    assert done.status_code == 303
    before = everything(store)
    clock.advance(minutes=2)
    for htmx in (False, True):
        answer = anna.send(tenant_id, write.verb, form, htmx=htmx)
        assert answer.status_code == 409
        assert outcome(answer) == write.said_of_colleague
        did, _, _ago = write.said_of_colleague.partition(" 2 minutes ago")
        assert (
            f"Your decision was not saved. {did} at 23 Nov 2026, 10:00 UTC; this is the tenant now."
            " Check it before you decide again."
        ) in page_words(answer)
        assert "<html" not in answer.text or not htmx
        if htmx:
            assert live_words(answer) == write.said_of_colleague
        # The next attempt starts from the tenant as it is now.
        url = f"/staff/tenants/{tenant_id}/"
        offered = [form_of(answer, action) for action in forms(answer) if action.startswith(url)]
        assert {form["version"] for form in offered} == {str(before[tenant_id]["version"])}
    changed = {id_ for id_, item in everything(store).items() if before.get(id_) != item}
    assert not {id_ for id_ in changed if not id_.startswith("session-")}


@each_decision
def test_a_version_that_no_page_showed_is_stale(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff, store: Store
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    before = everything(store)
    for version in ("", "0", "x", "-1", "99999999999999999", "1.0", "٣"):
        answer = anna.send(tenant_id, write.verb, form | {"version": version}, htmx=True)
        assert answer.status_code == 409, version
    assert everything(store) == before


# ---- GET is refused


@each_write
def test_s16_get_and_head_change_nothing(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff, store: Store
) -> None:
    tenant_id = write.prepare(client, ben)
    before = everything(store)
    for method in ("GET", "HEAD"):
        answer = anna.client.open(f"/staff/tenants/{tenant_id}/{write.verb}", method=method)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert everything(store) == before


# ---- Errors stand beside their field


@pytest.mark.parametrize(
    ("verb", "typed", "problems"),
    [
        ("activate", {"account_id": ""}, [("activate-account_id", "Enter the account id.")]),
        (
            "activate",
            {"company_id": "../1"},
            [
                (
                    "activate-company_id",
                    "Enter the company id in letters and digits only, at most 40.",
                )
            ],
        ),
        ("activate", {"cluster": ""}, [("activate-cluster", "Enter the cluster, like eu.")]),
        *(
            ("activate", {"cluster": typed}, [("activate-cluster", CLUSTER_WRONG)])
            for typed in ("e" * 21, "evil.example/", "eu.fsm.cloud.sap.evil.example", "eu@evil")
        ),
        (
            "activate",
            {"client_id": "a\tb"},
            [
                (
                    "activate-client_id",
                    ("This text contains characters that cannot be used. What you typed contains a"
                    " tab."),
                )
            ],
        ),
        (
            "activate",
            {"client_secret": "s" * 501},
            [("activate-client_secret", "This text is too long.")],
        ),
        ("reject", {"reason": ""}, [("reject-reason", "Choose one of the reasons.")]),
        ("reject", {"message": "m" * 2001}, [("reject-message", "This text is too long.")]),
        ("suspend", {"reason": ""}, [("suspend-reason", "Choose one of the reasons.")]),
        ("contact", {"email": "a@b"}, [
            ("contact-email", "Enter an email address like name@example.com.")
        ]),
        ("contact", {"company": ""}, [("contact-company", "Enter the company name.")]),
        ("note", {"text": " "}, [("note-text", "Enter a text.")]),
    ],
)  # fmt: skip
def test_an_error_is_named_and_everything_typed_is_kept(
    *,
    verb: str,
    typed: dict[str, str],
    problems: list[tuple[str, str]],
    client: FlaskClient,
    anna: Staff,
    ben: Staff,
    store: Store,
) -> None:
    write = WRITES[verb]
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id) | typed
    before = everything(store)
    for htmx in (False, True):
        answer = anna.send(tenant_id, verb, form, htmx=htmx)
        assert answer.status_code == 422
        assert summary(answer) == problems
        ((field, sentence),) = problems
        assert words(element(answer, f"{field}-error")) == f"Error: {sentence}"
        shown_again = form_of(answer, f"/staff/tenants/{tenant_id}/{verb}")
        ignored = {"csrf_token", "client_secret"}
        assert {k: v for k, v in shown_again.items() if k not in ignored} == {
            k: v for k, v in form.items() if k not in ignored
        }
        assert shown_again.get("client_secret", "") == ""
        if not htmx:
            assert title(answer).startswith("Error: ")
    assert everything(store) == before
