"""One decision for many tenants: ticking, looking once more, a result for each row."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.stores.contract import Store
from portal.tenants import Status, Tenant
from tests.conftest import Clock
from tests.web.factories import QUEUE, active_tenant, add_tenants, pending_tenant
from tests.web.failing_store import GONE, TroubledStore
from tests.web.pages import (
    HTMX,
    Staff,
    events_of,
    everything,
    first,
    form_of,
    forms,
    heading,
    ids,
    links,
    live_words,
    outcome,
    page_words,
    sent_in,
    sign_in,
    summary,
    tenants_in,
    ticked,
    tree,
    words,
)
from tests.web.write_cases import send_mail

BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])


@pytest.fixture
def store(each_store: Store) -> TroubledStore:
    return TroubledStore(each_store)


def look(person: Staff, query: str, verb: str, *tenant_ids: str, **typed: str) -> TestResponse:
    """Ticks rows of a list and presses the button of the verb."""
    url, form = ticked(person.get(f"{QUEUE}?status={query}"), verb, *tenant_ids)
    return person.client.post(url, data=form | typed)


def decide_url(page: TestResponse) -> str:
    (url,) = {action for action in forms(page) if action.startswith("/staff/bulk/decide")}
    return url


def send(
    person: Staff, page: TestResponse, headers: Mapping[str, str] | None = None, /, **typed: str
) -> TestResponse:
    url = decide_url(page)
    return person.client.post(url, data=form_of(page, url) | typed, headers=headers or {})


def table(page: TestResponse, caption: str) -> list[list[str]]:
    """The cells of the table with this caption."""
    for found in tree(page).iter("table"):
        if words(first(found, "caption")) == caption:
            rows = found.findall(".//tbody/tr")
            return [[words(first(cell, "./div")) for cell in row.findall("td")] for row in rows]
    return []


def statuses(store: Store, tenants: list[Tenant]) -> list[object]:
    found = tenants_in(store)
    return [found[each.id]["status"] for each in tenants]


def sign_ups(store: Store, number: int) -> list[Tenant]:
    rows = [pending_tenant(each, f"Firm {each}") for each in range(number)]
    add_tenants(store, *rows)
    return rows


def ending(days: int) -> timedelta:
    """Until a licence ends that lasts for so many days more, and ends with the day."""
    return timedelta(days=days, hours=13, minutes=59, seconds=59, milliseconds=999)


# ---- What is asked, and what is done


@BOTH
def test_ticked_sign_ups_are_rejected_and_each_has_an_event(
    anna: Staff, store: Store, headers: Mapping[str, str]
) -> None:
    rows = sign_ups(store, 4)
    before = everything(store)
    page = look(anna, "pending", "reject", rows[0].id, rows[2].id)
    assert page.status_code == 200
    assert heading(page) == "Reject 2 sign-ups"
    assert table(page, "2 selected") == [
        ["Firm 0", "Jane Doe c0@example.com", "Pending → Rejected"],
        ["Firm 2", "Jane Doe c2@example.com", "Pending → Rejected"],
    ]
    assert everything(store) == before
    done = send(anna, page, headers, reason="other", message="Please call us.")
    assert done.status_code == 200
    assert outcome(done) == "2 sign-ups are rejected."
    assert table(done, "Done") == [
        ["Firm 0", "The sign-up of Firm 0 is rejected."],
        ["Firm 2", "The sign-up of Firm 2 is rejected."],
    ]
    assert ("<html" in done.text) is (not headers)
    if headers:
        assert live_words(done) == "2 sign-ups are rejected."
        assert (done.headers["HX-Retarget"], done.headers["HX-Reswap"]) == ("#bulk", "outerHTML")
    assert statuses(store, rows) == ["rejected", "pending", "rejected", "pending"]
    assert tenants_in(store)[rows[0].id]["message"] == "Please call us."
    (event,) = events_of(store, rows[2].id)
    assert (event.verb, event.by, event.reason) == ("reject", "Anna", "other")


CASES = [
    ("aside", "release", {}, {"set_aside": True}, "pending", "2 sign-ups are now in the queue."),
    ("aside", "reject", {"reason": "other"}, {"set_aside": True}, "rejected",
     "2 sign-ups are rejected."),
    ("rejected", "reopen", {}, {"status": Status.REJECTED}, "pending",
     "2 sign-ups are back in the queue."),
    ("active", "suspend", {"reason": "unpaid"}, {"status": Status.ACTIVE}, "suspended",
     "2 tenants are suspended."),
    ("suspended", "reinstate", {}, {"status": Status.SUSPENDED}, "active",
     "2 tenants are active again."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tab", "verb", "typed", "changed", "status", "said"),
    CASES,
    ids=[f"{case[1]} in {case[0]}" for case in CASES],
)
def test_each_verb_of_a_list(
    *, anna: Staff, store: Store, tab: str, verb: str, typed: dict[str, str],
    changed: dict[str, object], status: str, said: str,
) -> None:  # fmt: skip
    made = [
        replace(active_tenant(n, f"Firm {n}", timedelta(days=90)), **changed)  # type: ignore[arg-type] # the fields of a tenant
        if changed.get("status") in (Status.ACTIVE, Status.SUSPENDED)
        else replace(pending_tenant(n, f"Firm {n}"), **changed)  # type: ignore[arg-type] # the fields of a tenant
        for n in range(2)
    ]
    add_tenants(store, *made)
    done = send(anna, look(anna, tab, verb, *(each.id for each in made)), **typed)
    assert outcome(done) == said
    assert statuses(store, made) == [status] * 2


def test_without_a_reason_nothing_is_done_and_what_was_typed_stays(
    anna: Staff, store: Store
) -> None:
    rows = sign_ups(store, 2)
    page = send(anna, look(anna, "pending", "reject", rows[0].id, rows[1].id), message="Call us.")
    assert page.status_code == 422
    assert summary(page) == [("reject-reason", "Choose one of the reasons.")]
    assert form_of(page, decide_url(page))["message"].strip() == "Call us."
    assert statuses(store, rows) == ["pending"] * 2
    assert outcome(send(anna, page, reason="other")) == "2 sign-ups are rejected."


def test_no_row_no_decision(anna: Staff, store: Store) -> None:
    sign_ups(store, 1)
    page = look(anna, "pending", "reject")
    assert page.status_code == 422
    assert "No row is selected." in page_words(page)
    assert not [action for action in forms(page) if "/decide" in action]


def test_the_whole_page_without_a_script(anna: Staff, store: Store) -> None:
    rows = sign_ups(store, 3)
    page = look(anna, "pending", "reject", page="1")
    assert heading(page) == "Reject 3 sign-ups"
    send(anna, page, reason="other")
    assert statuses(store, rows) == ["rejected"] * 3


def test_each_customer_gets_the_mail_of_a_single_rejection(
    client: FlaskClient, anna: Staff, store: Store, clock: Clock
) -> None:
    asked = [sent_in(client, email=f"c{n}@example.com", company=f"Firm {n}") for n in range(2)]
    send_mail(client.application)
    send(anna, look(anna, "pending", "reject", *(each.id for each in asked)), reason="other")
    clock.advance(minutes=1)
    assert len(send_mail(client.application)) == 2


@BOTH
def test_the_mail_of_one_is_previewed_and_what_was_typed_stays(
    client: FlaskClient, anna: Staff, store: Store, headers: Mapping[str, str]
) -> None:
    asked = [sent_in(client, email=f"c{n}@example.com", company=f"Firm {n}") for n in range(2)]
    page = look(anna, "pending", "reject", *(each.id for each in asked))
    assert "Write it in the language of the customer: English." in page_words(page)
    url = decide_url(page)
    form = form_of(page, url) | {"reason": "other", "message": "Please call us."}
    before = everything(store)
    seen = anna.client.post(url.replace("decide", "preview"), data=form, headers=headers)
    assert seen.status_code == 200
    assert everything(store) == before
    (figure,) = tree(seen).iter("figure")
    said = words(figure)
    assert said.startswith("The first customer gets this mail, and the others get one like it.")
    assert "Please call us." in said
    assert outcome(send(anna, seen)) == "2 sign-ups are rejected."


def test_customers_of_two_languages_are_pointed_out(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    one = sent_in(client)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    other = sent_in(client, email="kim@example.com", company="Kim GmbH")
    page = look(anna, "pending", "reject", one.id, other.id)
    assert "The customers read different languages." in page_words(page)


# ---- Renewing


@BOTH
def test_licences_are_renewed_from_their_present_end_in_two_clicks(
    anna: Staff, store: Store, headers: Mapping[str, str]
) -> None:
    made = [active_tenant(n, f"Firm {n}", ending(n)) for n in range(1, 4)]
    add_tenants(store, *made)
    page = look(anna, "expiring", "renew", page="1")
    assert heading(page) == "Renew 3 licences"
    assert table(page, "3 selected")[0][2:] == [
        "24 November 2026", "24 November 2027", "24 November 2028",
    ]  # fmt: skip
    # One year is chosen already: nothing has to be typed.
    done = send(anna, page, headers)
    assert outcome(done) == "3 licences are renewed."
    assert table(done, "Done")[0] == [
        "Firm 1",
        "The licence of Firm 1 now ends on 24 November 2027, before: 24 November 2026.",
    ]
    (event,) = events_of(store, made[0].id)
    assert (event.verb, event.by) == ("renew", "Anna")
    assert str(tenants_in(store)[made[0].id]["validTo"]).startswith("2027-11-24")


def test_two_years_are_the_other_choice(anna: Staff, store: Store) -> None:
    made = active_tenant(1, "Firm 1", ending(1))
    add_tenants(store, made)
    send(anna, look(anna, "expiring", "renew", made.id), term="2y")
    assert str(tenants_in(store)[made.id]["validTo"]).startswith("2028-11-24")


def test_a_licence_without_an_end_is_left_out(anna: Staff, store: Store) -> None:
    made = active_tenant(1, "Firm 1", timedelta(days=10))
    endless = replace(
        active_tenant(2, "Firm 2", timedelta(days=1)),
        validity=replace(made.validity, valid_to=None, open_ended=True),
    )
    add_tenants(store, made, endless)
    page = look(anna, "active", "renew", made.id, endless.id)
    assert heading(page) == "Renew 1 licence"
    assert table(page, "1 is left out") == [
        ["Firm 2", "Active",
         "Only an active or suspended tenant whose licence has an end can be renewed."]
    ]  # fmt: skip


# ---- Rows that do not fit, or were decided meanwhile


def test_what_was_decided_before_the_page_is_listed_apart(
    anna: Staff, ben: Staff, store: Store, clock: Clock
) -> None:
    rows = sign_ups(store, 3)
    url, form = ticked(anna.get(QUEUE), "reject", *(each.id for each in rows))
    ben.decide(rows[1].id, "reject", reason="duplicate")
    clock.advance(minutes=2)
    page = anna.client.post(url, data=form)
    assert heading(page) == "Reject 2 sign-ups"
    assert table(page, "1 is left out") == [
        ["Firm 1", "Rejected", "Ben rejected this 2 minutes ago."]
    ]
    assert outcome(send(anna, page, reason="other")) == "2 sign-ups are rejected."
    assert tenants_in(store)[rows[1].id]["reason"] == "duplicate"


def test_a_status_that_the_verb_does_not_suit_is_left_out_with_its_reason(
    anna: Staff, store: Store
) -> None:
    one, other = pending_tenant(1, "First GmbH"), active_tenant(2, "Long KG", timedelta(days=90))
    add_tenants(store, one, other)
    page = look(anna, "all", "reject", one.id, other.id)
    assert heading(page) == "Reject 1 sign-up"
    assert table(page, "1 is left out") == [
        ["Long KG", "Active", "Only a pending tenant can be rejected."]
    ]


@BOTH
def test_one_that_somebody_else_decided_stops_none_of_the_others(
    *,
    client: FlaskClient,
    anna: Staff,
    ben: Staff,
    store: Store,
    clock: Clock,
    headers: Mapping[str, str],
) -> None:
    rows = sign_ups(store, 4)
    own = sent_in(client, company="Withdrawn AG")
    page = look(anna, "pending", "reject", *(each.id for each in rows), own.id)
    ben.decide(rows[0].id, "reject", reason="duplicate")
    ben.decide(rows[2].id, "contact", name="John Doe")
    client.post(
        f"{own.url}/withdraw",
        data=form_of(client.get(f"{own.url}/withdraw"), f"{own.url}/withdraw"),
    )
    clock.advance(minutes=2)
    url = decide_url(page)
    form = form_of(page, url)
    chosen = json.loads(form["rows"])
    chosen += [["pending-00000000000000000000009999", 1, "Nobody AG", ""]]
    form |= {"rows": json.dumps(chosen), "reason": "other"}
    done = anna.client.post(url, data=form, headers=headers)
    assert outcome(done) == "2 sign-ups are rejected. 4 are not: see why below."
    assert table(done, "Not done") == [
        ["Firm 0", "Ben rejected this 2 minutes ago."],
        ["Firm 2", "Ben changed the contact 2 minutes ago."],
        ["Withdrawn AG", "The customer withdrew this 2 minutes ago."],
        ["Nobody AG", "It is not there any more."],
    ]
    assert links(done)["Firm 2"].startswith(f"/staff/tenants/{rows[2].id}?back=")
    found = tenants_in(store)
    assert [found[each.id]["status"] for each in rows] == [
        "rejected", "rejected", "pending", "rejected",
    ]  # fmt: skip
    assert found[rows[0].id]["reason"] == "duplicate"


@pytest.mark.parametrize(
    "rows",
    ["", "no JSON", "{}", "[1]", '[["a"]]', '[["a",true,"b","c"]]', '[["a",1,2,3]]', "[" * 9999],
)
def test_a_field_that_was_tampered_with_decides_nothing(
    anna: Staff, store: Store, rows: str
) -> None:
    made = sign_ups(store, 1)
    page = look(anna, "pending", "reject", made[0].id)
    before = everything(store)
    answer = send(anna, page, rows=rows, results=rows, reason="other")
    assert answer.status_code == 422
    assert "No row is selected." in page_words(answer)
    assert everything(store) == before


def test_a_version_that_nobody_saw_is_a_conflict(anna: Staff, store: Store) -> None:
    (made,) = sign_ups(store, 1)
    page = look(anna, "pending", "reject", made.id)
    rows = json.dumps([[made.id, 7, "Firm 0", ""]])
    done = send(anna, page, rows=rows, reason="other")
    assert outcome(done) == "1 is not: see why below."
    assert statuses(store, [made]) == ["pending"]


def test_a_verb_that_is_none_for_many_is_not_found(anna: Staff, store: Store) -> None:
    (made,) = sign_ups(store, 1)
    for verb in ("activate", "erase", "", "x"):
        url, form = ticked(anna.get(QUEUE), "reject", made.id)
        assert anna.client.post(url, data=form | {"verb": verb}).status_code == 404


def test_sent_twice_it_decides_once_and_says_the_same(anna: Staff, store: Store) -> None:
    rows = sign_ups(store, 2)
    page = look(anna, "pending", "reject", *(each.id for each in rows))
    done = send(anna, page, reason="other")
    after = everything(store)
    again = send(anna, page, reason="other")
    assert outcome(again) == outcome(done) == "2 sign-ups are rejected."
    assert everything(store) == after


# ---- All that match


@BOTH
def test_all_that_match_beyond_the_page_go_on_by_themselves(
    anna: Staff, store: Store, headers: Mapping[str, str]
) -> None:
    rows = sign_ups(store, 120)
    add_tenants(store, active_tenant(1, "Long KG", timedelta(days=90)))
    listed = anna.get(QUEUE)
    assert "All in this list, on every page (at most 500)" in page_words(listed)
    page = look(anna, "pending", "reject", all="1")
    assert heading(page) == "Reject 120 sign-ups"
    answer = send(anna, page, headers, reason="other", message="Sorry.")
    decided = 0
    # At most 50 at once, and fewer on a slow machine: nobody waits longer than two seconds.
    while said := re.search(r"(\d+) of 120 are decided", page_words(answer)):
        assert 0 < int(said[1]) - decided <= 50
        decided = int(said[1])
        (again,) = [form for action, form in forms(answer).items() if "/decide" in action]
        assert (again.get("hx-trigger") == "load, submit") is bool(headers)
        answer = send(anna, answer, headers)
    assert outcome(answer) == "120 sign-ups are rejected."
    assert len(table(answer, "Done")) == 120
    assert statuses(store, rows) == ["rejected"] * 120
    assert {tenants_in(store)[each.id]["message"] for each in rows} == {"Sorry."}


def test_all_that_match_are_those_of_the_search(anna: Staff, store: Store) -> None:
    rows = sign_ups(store, 3)
    url, form = ticked(anna.get(f"{QUEUE}?status=pending"), "reject")
    form |= {"all": "1", "list": "status=pending&q=c1%40example.com"}
    page = anna.client.post(url, data=form)
    assert heading(page) == "Reject 1 sign-up"
    assert table(page, "1 selected")[0][0] == rows[1].contact.company


def test_more_than_one_act_takes_is_said(anna: Staff, store: Store) -> None:
    sign_ups(store, 501)
    page = look(anna, "pending", "reject", all="1")
    assert heading(page) == "Reject 500 sign-ups"
    assert "these are the first 500" in page_words(page)


def test_the_longest_names_of_all_fit_into_the_form(anna: Staff, store: Store) -> None:
    made = pending_tenant(500, "\N{KATAKANA LETTER SMALL YA}" * 200)
    add_tenants(store, made)
    page = look(anna, "pending", "reject", made.id)
    (name,) = [cells[0] for cells in table(page, "1 selected")]
    assert len(name) == 60
    # The last request of 500: what was done before comes with it.
    sentence = f"The licence of {name} now ends on 24 November 2027, before: 24 November 2026."
    before = [[f"pending-{n:026}", name, sentence, 2] for n in range(499)]
    done = send(anna, page, results=json.dumps(before, ensure_ascii=False), reason="other")
    assert outcome(done) == "500 sign-ups are rejected."


def test_without_its_list_all_are_none(anna: Staff, store: Store) -> None:
    sign_ups(store, 2)
    url, form = ticked(anna.get(QUEUE), "reject")
    assert anna.client.post(url, data=form | {"all": "1", "list": ""}).status_code == 422


# ---- The store stops half-way


@BOTH
def test_a_store_that_stops_half_way_loses_nothing(
    anna: Staff, store: TroubledStore, headers: Mapping[str, str]
) -> None:
    rows = sign_ups(store, 5)
    page = look(anna, "pending", "reject", *(each.id for each in rows))
    writes = []

    def third_write(call: str, _number: int) -> Exception | None:
        if call == "write":
            writes.append(call)
        return GONE if len(writes) >= 3 else None

    url = decide_url(page)
    form = form_of(page, url) | {"reason": "other", "message": "Sorry."}
    store.begin(third_write)
    answer = anna.client.post(url, data=form, headers=headers)
    store.calm()
    assert answer.status_code == 503
    assert outcome(answer) == (
        "2 sign-ups are rejected. 3 were not tried: the store does not answer."
    )
    assert [cells[0] for cells in table(answer, "Not tried")] == ["Firm 2", "Firm 3", "Firm 4"]
    assert statuses(store, rows) == ["rejected"] * 2 + ["pending"] * 3
    done = send(anna, answer, headers)
    assert outcome(done) == "5 sign-ups are rejected."
    assert statuses(store, rows) == ["rejected"] * 5
    assert {tenants_in(store)[each.id]["message"] for each in rows} == {"Sorry."}
    assert [len(events_of(store, each.id)) for each in rows] == [1] * 5


# ---- Afterwards


def test_undo_takes_back_what_was_done_and_nothing_else(
    anna: Staff, ben: Staff, store: Store
) -> None:
    rows = sign_ups(store, 3)
    done = send(anna, look(anna, "pending", "reject", *(each.id for each in rows)), reason="other")
    ben.decide(rows[1].id, "reopen")
    undone = send(anna, done)
    assert outcome(undone) == "2 decisions are undone. 1 is not: see why below."
    assert table(undone, "Done")[0] == ["Firm 0", "The decision on Firm 0 is undone."]
    assert statuses(store, rows) == ["pending"] * 3
    assert not [action for action in forms(undone) if "/decide" in action]


def test_undone_renewals_end_as_before(anna: Staff, store: Store) -> None:
    made = [active_tenant(n, f"Firm {n}", ending(n)) for n in range(1, 3)]
    add_tenants(store, *made)
    before = tenants_in(store)[made[0].id]["validTo"]
    done = send(anna, look(anna, "expiring", "renew", *(each.id for each in made)))
    assert outcome(send(anna, done)) == "2 decisions are undone."
    assert tenants_in(store)[made[0].id]["validTo"] == before


def test_the_way_back_leads_to_the_list_as_it_was(anna: Staff, store: Store) -> None:
    rows = sign_ups(store, 1)
    page = look(anna, "pending&q=Firm", "reject", rows[0].id)
    back = links(page)["Back to the list"]
    assert back == f"{QUEUE}?status=pending&q=Firm"
    assert links(send(anna, page, reason="other"))["Back to the list"] == back


# ---- Who may, and when a session ends


def test_a_viewer_sees_no_boxes_and_may_not_send(viewer: Staff, anna: Staff, store: Store) -> None:
    (made,) = sign_ups(store, 1)
    assert "select" not in ids(viewer.get(QUEUE))
    url, form = ticked(anna.get(QUEUE), "reject", made.id)
    own = {"csrf_token": viewer.token()}
    del form["form_owner"]
    assert viewer.client.post(url, data=form | own).status_code == 403
    page = look(anna, "pending", "reject", made.id)
    sent = form_of(page, decide_url(page)) | own | {"reason": "other"}
    del sent["form_owner"]
    assert viewer.client.post(decide_url(page), data=sent).status_code == 403
    assert statuses(store, [made]) == ["pending"]


def test_what_was_typed_stays_when_the_session_ends(
    anna: Staff, store: Store, clock: Clock
) -> None:
    rows = sign_ups(store, 60)
    page = look(anna, "pending", "reject", all="1")
    clock.advance(hours=1)
    refused = send(anna, page, reason="other", message="Please call us.")
    assert refused.status_code == 401
    url = decide_url(refused)
    waiting = form_of(refused, url)
    sign_in(anna.client, store, clock.now(), role="approver", name="Anna")
    back = anna.client.post(url, data=waiting)
    assert back.status_code == 400
    assert outcome(back) == "This page has expired. Your entries are still here: send them again."
    assert heading(back) == "Reject 60 sign-ups"
    done = send(anna, send(anna, back))
    assert outcome(done) == "60 sign-ups are rejected."
    assert tenants_in(store)[rows[0].id]["message"] == "Please call us."


def test_it_speaks_german(anna: Staff, store: Store) -> None:
    rows = sign_ups(store, 2)
    anna.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    page = look(anna, "pending", "reject", *(each.id for each in rows))
    assert heading(page) == "2 Anfragen ablehnen"
    assert outcome(send(anna, page, reason="other")) == "2 Anfragen sind abgelehnt."
