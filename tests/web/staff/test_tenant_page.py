"""The page of one tenant: facts, possible duplicates, history and notes."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import records
from portal.stores.contract import Store
from portal.stores.schema import GSI2
from tests.conftest import Clock
from tests.web.pages import (
    IDS,
    TYPED,
    SignUp,
    Staff,
    by_id,
    events_of,
    everything,
    facts,
    forms,
    links,
    page_words,
    sent_in,
    tenants_in,
    tree,
    words,
)

ATTACKS = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '"><svg/onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    '<div hx-post="/staff/tenants/x/activate" hx-trigger="load">',
    '<a href="javascript:alert(1)">x</a>',
    "{{7*7}}${7*7}%s",
    "</textarea></title><b>x</b>",
]


def verbs(answer: TestResponse) -> list[str]:
    """The verbs that the page offers, in its order."""
    return [
        action.rpartition("/")[2]
        for action in forms(answer)
        if action.startswith("/staff/tenants/")
    ]


def history(answer: TestResponse) -> str:
    return page_words(answer).partition("History")[2].partition(" Mail to the customer ")[0]


def test_staff_read_which_language_the_customer_reads(
    client: FlaskClient, anna: Staff, new_client: Callable[[], FlaskClient]
) -> None:
    german = new_client()
    german.get("/language/de")
    for someone, language in ((german, "German"), (client, "English")):
        page = anna.page(sent_in(someone).id)
        assert facts(page)["Language of the customer"] == language
        # Beside the question, and beside the words of a refusal.
        assert page_words(page).count(f"language of the customer: {language}.") == 2


# ---- Forms


def test_a_pending_tenant_may_be_activated_rejected_asked_or_changed(
    pending: SignUp, anna: Staff
) -> None:
    assert verbs(anna.page(pending.id)) == [
        "activate", "reject", "question", "contact", "assign", "note",
    ]  # fmt: skip


def test_an_active_tenant_may_be_renewed_or_suspended(active: str, anna: Staff) -> None:
    assert verbs(anna.page(active)) == [
        "undo", "renew", "validity", "suspend", "client", "contact", "names", "ids", "assign",
        "note",
    ]  # fmt: skip


def test_a_suspended_tenant_may_be_reinstated(active: str, anna: Staff) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    assert verbs(anna.page(active)) == [
        "undo", "reinstate", "renew", "validity", "client", "contact", "names", "ids", "assign",
        "note",
    ]  # fmt: skip


def test_a_rejected_tenant_may_only_be_reopened(pending: SignUp, anna: Staff) -> None:
    anna.decide(pending.id, "reject", reason="other")
    assert verbs(anna.page(pending.id)) == ["undo", "reopen", "note"]


def test_everything_works_without_a_script(active: str, anna: Staff) -> None:
    for action, form in forms(anna.page(active)).items():
        assert form.get("method") == "post"
        if action != "/staff/sign-out":
            # What htmx sends goes where the form goes.
            assert form.get("hx-post") == action
            assert form.get("hx-target") == "#tenant"
        assert form.find(".//button") is not None


# ---- Facts


def test_everything_known_is_shown_to_staff(client: FlaskClient, anna: Staff) -> None:
    query = "?account_id=86810&company_id=104348&account_name=Holding&company_name=One&cluster=eu"
    sign_up = sent_in(client, query=query)
    assert facts(anna.page(sign_up.id)) == {
        "Name": "Jane Doe",
        "Email address": "jane@example.com",
        "Phone number": "+49 30 901820",
        "Email confirmed": "not yet",
        "Language of the customer": "English",
        "Account": "Holding (86810)",
        "Company in FSM": "One (104348)",
        "Cluster": "eu",
        "Requested": "23 Nov 2026, 10:00 UTC",
    }


@pytest.mark.parametrize("attack", ATTACKS)
def test_t6_t7_what_people_typed_is_text_wherever_staff_read_it(
    client: FlaskClient, anna: Staff, attack: str
) -> None:
    query = f"?account_id=1&company_id=2&account_name={'x'}&cluster=eu"
    sign_up = sent_in(client, query=query, company=attack, name=attack, account_name=attack)
    anna.decide(sign_up.id, "note", text=attack)
    again = sent_in(client, company=attack)
    tenants = [f"/staff/tenants/{each.id}" for each in (sign_up, again)]
    urls = ["/staff/", "/staff/tenants", *tenants]
    for url in [*urls, f"/staff/tenants?status=all&q={attack[:5].replace('%', '')}"]:
        page = anna.get(url)
        assert page.status_code == 200
        assert not [
            each
            for each in tree(page).iter()
            if each.get("onerror") or each.get("onfocus") or each.get("onload")
        ]
        assert not tree(page).findall(".//*[@hx-trigger='load']")
        for each in tree(page).iter("script"):
            assert (each.get("src") or "").startswith("/static/")
    assert attack in page_words(anna.get(urls[2]))
    done = anna.get(anna.decide(sign_up.id, "reject", reason="other", message=attack).location)
    assert f"The sign-up of {attack} is rejected." in page_words(done)
    assert status_badge(anna, sign_up.id) == "Rejected"


def status_badge(anna: Staff, tenant_id: str) -> str:
    page = anna.page(tenant_id)
    return words(next(e for e in tree(page).iter("span") if e.get("class", "").startswith("badge")))


# ---- Duplicates


def test_likely_duplicates_say_why(client: FlaskClient, anna: Staff) -> None:
    by_email = sent_in(client, company="Other AG")
    by_company = sent_in(client, company="example  GMBH", email="x@example.com")
    anna.decide(sent_in(client, company="Third", email="t@example.com").id, "activate", **IDS)
    sent_in(client, company="Fourth", email="f@example.com")
    query = "?account_id=86810&company_id=1"
    page = anna.page(sent_in(client, query=query).id)
    section = page_words(page).partition("Possible duplicates")[2].partition("History")[0]
    assert links(page)["Other AG"] == f"/staff/tenants/{by_email.id}"
    assert links(page)["example GMBH"] == f"/staff/tenants/{by_company.id}"
    for part in ("Same email address", "Same company name", "Third", "Same account"):
        assert part in section
    assert "Fourth" not in section


def test_a_customer_unlike_all_others_has_no_duplicates(pending: SignUp, anna: Staff) -> None:
    assert "Possible duplicates" not in page_words(anna.page(pending.id))


# ---- History


def test_the_history_says_who_did_what_when_and_why(
    client: FlaskClient, pending: SignUp, anna: Staff, ben: Staff, clock: Clock
) -> None:
    anna.decide(pending.id, "reject", reason="details_missing")
    clock.advance(minutes=1)
    ben.decide(pending.id, "reopen")
    clock.advance(minutes=1)
    anna.decide(pending.id, "activate", **IDS)
    clock.advance(minutes=1)
    ben.decide("86810_104348", "suspend", reason="unpaid")
    text = history(anna.page("86810_104348"))
    expected = [
        "Suspended Ben, 23 Nov 2026, 10:03 UTC Not paid",
        "Activated Anna, 23 Nov 2026, 10:02 UTC",
        "Reopened Ben, 23 Nov 2026, 10:01 UTC",
        "Rejected Anna, 23 Nov 2026, 10:00 UTC Details are missing",
        "Asked for access The customer, 23 Nov 2026, 10:00 UTC",
    ]
    positions = [text.index(line) for line in expected]
    assert positions == sorted(positions)


def test_the_history_names_changed_personal_details_without_their_values(
    active: str, anna: Staff, store: Store
) -> None:
    anna.decide(active, "contact", **TYPED | {"email": "new@example.com", "name": "Janet"})
    text = history(anna.page(active))
    assert "Email address changed" in text
    assert "Contact's name changed" in text
    events = repr([item for id_, item in everything(store).items() if id_.startswith("event-")])
    for personal in ("new@example.com", "jane@example.com", "Janet", "Jane"):
        assert personal not in events


def test_an_unchanged_contact_is_still_one_event(
    active: str, anna: Staff, store: Store, clock: Clock
) -> None:
    clock.advance(seconds=1)
    anna.send(active, "contact", anna.form(active, "contact"))
    assert [event.verb for event in events_of(store, active)] == ["activate", "edit_contact"]


# ---- Notes


def test_a_note_is_for_staff_and_stays_with_the_tenant(
    client: FlaskClient, pending: SignUp, anna: Staff, ben: Staff, store: Store
) -> None:
    text = "Called them.\n\n<b>They</b> are nice."
    before = tenants_in(store)
    answer = anna.decide(pending.id, "note", text=text)
    assert (answer.status_code, answer.location) == (303, f"/staff/tenants/{pending.id}?noted=1")
    assert tenants_in(store) == before
    (note,) = store.query(GSI2, records.notes_partition(pending.id)).items
    assert (note["by"], note["text"]) == ("Anna", text)
    ben.decide(pending.id, "activate", **IDS)
    page = page_words(ben.page("86810_104348"))
    assert "Called them. <b>They</b> are nice. Anna, 23 Nov 2026, 10:00" in page
    assert "Called them" not in client.get(pending.url).text


def test_the_same_text_later_is_another_note(
    pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    form = anna.form(pending.id, "note") | {"text": "No answer."}
    for _ in ("a click", "a double click"):
        anna.send(pending.id, "note", form)
    assert len(store.query(GSI2, records.notes_partition(pending.id)).items) == 1
    clock.advance(minutes=20)
    anna.decide(pending.id, "note", text="No answer.")
    assert len(store.query(GSI2, records.notes_partition(pending.id)).items) == 2


def test_a_note_sent_to_the_old_address_belongs_to_the_tenant(
    pending: SignUp, active: str, anna: Staff
) -> None:
    form = anna.form(active, "note") | {"text": "From an old tab."}
    anna.send(pending.id, "note", form)
    assert "From an old tab." in page_words(anna.page(active))


def test_a_viewer_reads_notes_and_history(
    pending: SignUp, anna: Staff, viewer: Staff, signed_in: Callable[..., Staff]
) -> None:
    anna.decide(pending.id, "note", text="Read me.")
    page = page_words(viewer.page(pending.id))
    assert "Read me." in page
    assert "Asked for access" in page
    assert "Decide" not in page


# ---- Names that may imitate others


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "“p\u0430ypal” mixes letters of several scripts (Latin, Cyrillic), so it may",
        ),
        (
            "de",
            "„p\u0430ypal“ mischt Buchstaben mehrerer Schriften (Lateinisch, Kyrillisch)",
        ),
    ],
)
def test_t36_a_word_that_mixes_scripts_is_named(
    client: FlaskClient, anna: Staff, language: str, sentence: str
) -> None:
    imitation = sent_in(client, company="P\u0430ypal p\u0430ypal", email="kim@p\u0430ypal.example")
    path, headers = f"/staff/tenants/{imitation.id}", {"Accept-Language": language}
    page = page_words(anna.get(path, headers=headers))
    assert page.count(sentence) == 1
    assert "xn--pypal-4ve.example" in page


def test_t36_other_letters_have_no_mark(client: FlaskClient, anna: Staff) -> None:
    umlauts = sent_in(client, company="Müller Dźwigi", email="info@müller.example")
    page = anna.page(umlauts.id)
    assert "several scripts" not in page_words(page)
    assert facts(page)["Domain in ASCII"] == "xn--mller-kva.example"
    assert "Domain in ASCII" not in facts(anna.page(sent_in(client).id))


def test_a_pending_page_leads_to_the_next_one_and_keeps_the_way_back(
    client: FlaskClient, anna: Staff, clock: Clock
) -> None:
    found = []
    for company in ("First AG", "Second AG"):
        clock.advance(minutes=1)
        found.append(sent_in(client, company=company, email=f"{company[0]}@example.com").id)
    back = {"back": "status=pending"}
    page = anna.get(f"/staff/tenants/{found[0]}", query_string=back)
    address = links(page)["Next one waiting"]
    assert address == f"/staff/tenants/{found[1]}?back=status%3Dpending"
    assert links(anna.get(address))["Next one waiting"].startswith(f"/staff/tenants/{found[0]}?")
    # The confirmation names the next one, so the page does not lead there twice.
    anna.decide(found[0], "reject", reason="other")
    after = anna.get(f"/staff/tenants/{found[0]}", query_string={"done": "1"})
    assert "Next: Second AG" in links(after)
    assert "Next one waiting" not in links(after)
    assert "Next one waiting" not in links(anna.get(f"/staff/tenants/{found[1]}"))


def test_a_line_on_top_says_that_there_are_possible_duplicates(
    client: FlaskClient, anna: Staff, clock: Clock
) -> None:
    first = sent_in(client).id
    assert "1 possible duplicate" not in links(anna.get(f"/staff/tenants/{first}"))
    clock.advance(minutes=1)
    second = sent_in(client).id
    page = anna.get(f"/staff/tenants/{second}")
    assert links(page)["1 possible duplicate"] == "#duplicates"
    assert words(by_id(page, "duplicates")) == "Possible duplicates"
