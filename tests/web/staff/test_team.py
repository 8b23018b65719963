"""Who works on a tenant: it is given to somebody or handed back, and who looks at it is seen."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.auth import disable_person
from portal.auth.people import person_id
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.pages import (
    HTMX,
    IDS,
    SignUp,
    Staff,
    everything,
    fields,
    form_of,
    forms,
    outcome,
    page_words,
    sent_in,
    sign_in,
    tree,
    words,
)
from tests.web.write_cases import make_sent_mail, send_mail

ANNA, BEN = (person_id(f"{name}@staff.example.com") for name in ("anna", "ben"))
#: As static/presence.js sends it.
PING = HTMX | {"Portal-Automatic": "true"}


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def anna_with(settings: Settings, store: Store, clock: Clock, name: str = "Anna") -> Staff:
    """An approver in a portal with these settings."""
    app = create_app(settings, store=store, clock=clock.now)
    app.testing, app.test_client_class = True, StrictClient
    staff = Staff(app.test_client(), name)
    sign_in(staff.client, store, clock.now(), role="approver", name=name)
    return staff


def give(staff: Staff, tenant_id: str, to: str, **typed: str) -> TestResponse:
    return staff.decide(tenant_id, "assign", to=to, **typed)


def ping(staff: Staff, tenant_id: str, **shown: str) -> TestResponse:
    form = {"csrf_token": staff.token(), "version": "1", "turn": "0", **shown}
    url = f"/staff/tenants/{tenant_id}/presence"
    answer = staff.client.post(url, data=form, headers=PING)
    assert answer.status_code == 200, answer.text
    return answer


def buttons(answer: TestResponse) -> list[str]:
    return [words(each) for each in tree(answer).iter("button")]


def team_words(answer: TestResponse) -> str:
    (team,) = [each for each in tree(answer).iter() if each.get("class") == "team"]
    return words(team)


# ---- To whom it is given


def test_the_page_says_whose_it_is(pending: SignUp, anna: Staff, ben: Staff, viewer: Staff) -> None:
    assert "Nobody looks after this yet." in page_words(anna.page(pending.id))
    answer = give(anna, pending.id, ANNA)
    assert (answer.status_code, answer.location) == (
        303,
        f"/staff/tenants/{pending.id}?assigned=1",
    )
    page = anna.get(answer.location)
    assert outcome(page) == "You look after Example GmbH now."
    assert "You look after this, since 23 Nov 2026, 10:00 UTC." in team_words(page)
    assert "Hand back" in buttons(page)
    assert "Take it" not in buttons(page)
    bens = ben.page(pending.id)
    assert "Anna looks after this, since 23 Nov 2026, 10:00 UTC." in team_words(bens)
    assert {"Take it", "Hand back"} <= set(buttons(bens))
    assert "Anna looks after this" in page_words(viewer.page(pending.id))
    assert "Take it" not in buttons(viewer.page(pending.id))


def test_it_is_handed_back(pending: SignUp, anna: Staff, ben: Staff) -> None:
    give(anna, pending.id, ANNA)
    answer = anna.get(give(ben, pending.id, "").location)
    # Ben did it, so Anna's page confirms nothing.
    assert "Nobody looks after this yet." in page_words(answer)
    assert "Nobody looks after Example GmbH now." not in page_words(answer)


def test_the_list_names_approvers_with_access(
    *,
    pending: SignUp,
    anna: Staff,
    ben: Staff,
    viewer: Staff,
    admin: Staff,
    clock: Clock,
    store: Store,
) -> None:
    def offered() -> list[str]:
        options = tree(anna.page(pending.id)).iter("option")
        ids = ("staff-",)
        return [words(each) for each in options if each.get("value", "").startswith(ids)]

    del viewer, admin
    assert offered() == ["Ada", "Ben"]
    disable_person(store, email="ben@staff.example.com", now=clock.now())
    clock.advance(minutes=1)
    assert offered() == ["Ada"]
    del ben


def test_the_list_gives_it_to_somebody_else(pending: SignUp, anna: Staff, ben: Staff) -> None:
    del ben
    form = anna.form(pending.id, "assign") | {"colleague": BEN}
    answer = anna.send(pending.id, "assign", form, htmx=True)
    assert outcome(answer) == "Ben looks after Example GmbH now."
    told = {mail.recipient for mail in send_mail(anna.client.application)}
    assert told == {"jane@example.com", "ben@staff.example.com"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Choose somebody from the list first."),
        ({"to": person_id("nobody@staff.example.com")}, "This person cannot look after tenants."),
        ({"to": person_id("vera@staff.example.com")}, "This person cannot look after tenants."),
        ({"to": "pending-1"}, "This person cannot look after tenants."),
    ],
)
def test_nobody_without_the_role_gets_it(
    *, typed: dict[str, str], said: str, pending: SignUp, anna: Staff, viewer: Staff, store: Store
) -> None:
    del viewer
    form = anna.form(pending.id, "assign")
    before = everything(store)
    answer = anna.send(pending.id, "assign", form | typed)
    assert (answer.status_code, outcome(answer)) == (422, said)
    assert everything(store) == before


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_whoever_comes_second_hears_who_has_it(
    headers: dict[str, str], pending: SignUp, anna: Staff, ben: Staff, clock: Clock
) -> None:
    form = anna.form(pending.id, "assign")
    give(ben, pending.id, BEN)
    clock.advance(minutes=2)
    answer = anna.client.post(
        f"/staff/tenants/{pending.id}/assign", data=form | {"to": ANNA}, headers=headers
    )
    assert (answer.status_code, outcome(answer)) == (409, "Ben took this 2 minutes ago.")
    assert "Nothing was changed." in page_words(answer)
    # The page that is shown can be used at once.
    again = form_of(answer, f"/staff/tenants/{pending.id}/assign") | {"to": ANNA}
    assert anna.send(pending.id, "assign", again).status_code == 303


def test_the_same_form_twice_does_it_once(pending: SignUp, anna: Staff, store: Store) -> None:
    form = anna.form(pending.id, "assign") | {"to": ANNA}
    assert anna.send(pending.id, "assign", form).status_code == 303
    before = everything(store)
    assert anna.send(pending.id, "assign", form).status_code == 303
    assert everything(store) == before


def test_what_is_decided_is_given_to_nobody(pending: SignUp, anna: Staff, ben: Staff) -> None:
    form = anna.form(pending.id, "assign") | {"to": ANNA}
    ben.decide(pending.id, "reject", reason="other")
    answer = anna.send(pending.id, "assign", form)
    assert (answer.status_code, outcome(answer)) == (409, "Ben rejected this 1 second ago.")
    assert "looks after this" not in page_words(answer)
    # An activation changes the id.
    other = sent_in(anna.client.application.test_client(), email="other@example.com")
    form = anna.form(other.id, "assign") | {"to": ANNA}
    ben.decide(other.id, "activate", **IDS)
    assert anna.send(other.id, "assign", form).status_code == 409


def test_an_assignment_collides_with_no_decision(pending: SignUp, anna: Staff, ben: Staff) -> None:
    decision = anna.form(pending.id, "activate") | IDS
    give(ben, pending.id, BEN)
    ben.decide(pending.id, "note", text="I am at it.")
    ping(ben, pending.id)
    assert anna.send(pending.id, "activate", decision).status_code == 303


def test_whose_access_has_ended_looks_after_nothing(
    pending: SignUp, anna: Staff, ben: Staff, store: Store, clock: Clock
) -> None:
    give(ben, pending.id, BEN)
    disable_person(store, email="ben@staff.example.com", now=clock.now())
    clock.advance(minutes=1)
    page = anna.page(pending.id)
    assert "Ben looked after this, and has no access now." in team_words(page)
    assert "Hand back" not in buttons(page)
    assert give(anna, pending.id, ANNA).status_code == 303


def test_somebody_with_the_role_can_be_escalated_to(
    *, settings: Settings, store: Store, clock: Clock, pending: SignUp, anna: Staff
) -> None:
    to_anna = replace(settings, escalate_to="Anna@staff.example.com")
    ben = anna_with(to_anna, store, clock, "Ben")
    assert "Escalate to Anna" in buttons(ben.page(pending.id))
    give(ben, pending.id, ANNA)
    assert "Escalate to Anna" not in buttons(ben.page(pending.id))
    assert "You look after this" in page_words(anna.page(pending.id))


# ---- What was typed in other forms


BEGUN = {"account_id": "4711", "client_secret": "half-a-secret", "text": "Ask them about"}


def test_without_a_script_giving_it_keeps_a_begun_note_and_decision(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    answer = give(anna, pending.id, ANNA, **BEGUN)
    assert (answer.status_code, outcome(answer)) == (200, "You look after Example GmbH now.")
    shown = form_of(answer, f"/staff/tenants/{pending.id}/activate")
    assert {name: shown[name] for name in BEGUN} == BEGUN | {"client_secret": ""}
    assert "half-a-secret" not in answer.text + str(everything(store))
    assert anna.send(pending.id, "activate", shown | IDS).status_code == 200


@pytest.mark.parametrize("typed", [{"to": "staff-none"}, {}])
def test_a_refused_one_keeps_them_as_well(
    typed: dict[str, str], pending: SignUp, anna: Staff
) -> None:
    form = anna.form(pending.id, "assign") | BEGUN | typed
    answer = anna.send(pending.id, "assign", form)
    assert answer.status_code == 422
    shown = form_of(answer, f"/staff/tenants/{pending.id}/activate")
    assert (shown["account_id"], shown["text"]) == ("4711", "Ask them about")


def test_without_a_script_sending_a_mail_again_keeps_them(
    client: FlaskClient, anna: Staff, ben: Staff, app: Flask
) -> None:
    del app
    tenant_id = make_sent_mail(client, ben)
    answer = anna.decide(tenant_id, "send-again", **BEGUN)
    assert answer.status_code == 200
    shown = form_of(answer, f"/staff/tenants/{tenant_id}/activate")
    assert (shown["account_id"], shown["text"]) == ("4711", "Ask them about")
    assert "half-a-secret" not in answer.text


# ---- Who looks at it


def test_two_people_see_each_other(pending: SignUp, anna: Staff, ben: Staff, clock: Clock) -> None:
    assert page_words(ping(anna, pending.id)) == ""
    assert page_words(ping(ben, pending.id)) == "Anna is looking at this, too."
    assert "Ben is looking at this, too." in page_words(anna.page(pending.id))
    assert "is looking at this" not in page_words(
        anna.page(sent_in(anna.client.application.test_client(), email="b@example.com").id)
    )
    clock.advance(seconds=60)
    assert "is looking at this" not in page_words(anna.page(pending.id))


def test_a_page_that_is_opened_writes_nothing(pending: SignUp, anna: Staff, store: Store) -> None:
    before = everything(store)
    anna.page(pending.id)
    assert everything(store) == before


def test_a_viewer_looks_as_well(pending: SignUp, viewer: Staff, anna: Staff) -> None:
    ping(viewer, pending.id)
    assert page_words(ping(anna, pending.id)) == "Vera is looking at this, too."


def test_a_ping_says_what_changed_since_the_page_was_opened(
    pending: SignUp, anna: Staff, ben: Staff
) -> None:
    assert page_words(ping(anna, pending.id)) == ""
    ben.decide(pending.id, "contact", name="John Doe")
    answer = ping(anna, pending.id)
    assert page_words(answer) == (
        "Ben changed the contact at 23 Nov 2026, 10:00 UTC. Show the page as it is now"
    )
    (link,) = tree(answer).iter("a")
    assert link.get("href") == link.get("hx-get") == f"/staff/tenants/{pending.id}"
    assert page_words(ping(anna, pending.id, version="2")) == ""


def test_a_ping_of_a_page_whose_tenant_has_another_id_leads_there(
    pending: SignUp, anna: Staff, ben: Staff
) -> None:
    ben.decide(pending.id, "activate", **IDS)
    answer = ping(anna, pending.id)
    assert "Ben activated this at 23 Nov 2026, 10:00 UTC." in page_words(answer)
    (link,) = tree(answer).iter("a")
    assert link.get("href") == "/staff/tenants/86810_104348"
    # Who looks at the new page sees who still has the old one.
    assert "Anna is looking at this, too." in page_words(ben.page("86810_104348"))


def test_a_ping_says_that_somebody_has_taken_it(pending: SignUp, anna: Staff, ben: Staff) -> None:
    give(ben, pending.id, BEN)
    assert "Ben took this at 23 Nov 2026, 10:00 UTC." in page_words(ping(anna, pending.id))
    assert page_words(ping(anna, pending.id, turn="1")) == ""


def test_a_ping_does_not_use_the_session(pending: SignUp, anna: Staff, clock: Clock) -> None:
    url = f"/staff/tenants/{pending.id}/presence"
    form = {"csrf_token": anna.token(), "version": "1", "turn": "0"}
    for minutes, status in ((14, 200), (14, 200), (3, 401)):
        clock.advance(minutes=minutes)
        assert anna.client.post(url, data=form, headers=PING).status_code == status


def test_without_a_script_nothing_asks(pending: SignUp, anna: Staff, store: Store) -> None:
    url = f"/staff/tenants/{pending.id}/presence"
    before = everything(store)
    answer = anna.client.post(url, data={"csrf_token": anna.token()})
    assert (answer.status_code, answer.location) == (303, f"/staff/tenants/{pending.id}")
    assert everything(store) == before


def test_of_a_tenant_that_there_is_not_a_ping_is_not_found(anna: Staff) -> None:
    url = "/staff/tenants/pending-" + "z" * 26 + "/presence"
    answer = anna.client.post(url, data={"csrf_token": anna.token()}, headers=PING)
    assert answer.status_code == 404


# ---- What they are told by mail


def test_each_person_chooses_what_they_are_told(pending: SignUp, anna: Staff, ben: Staff) -> None:
    page = anna.get("/staff/me")
    assert "anna@staff.example.com" in page_words(page)
    form = form_of(page, "/staff/me")
    assert {name: form.get(name) for name in ("digest", "assigned", "done")} == {
        "digest": None,
        "assigned": "1",
        "done": "1",
    }
    answer = anna.client.post("/staff/me", data=form | {"assigned": "1"})
    assert (answer.status_code, answer.location) == (303, "/staff/me?done=1")
    without = {name: value for name, value in form.items() if name != "assigned"}
    anna.client.post("/staff/me", data=without | {"digest": "1"})
    shown = fields(forms(anna.get("/staff/me"))["/staff/me"])
    assert ("assigned" in shown, shown["digest"], shown["done"]) == (False, "1", "1")
    give(ben, pending.id, ANNA)
    assert [mail.recipient for mail in send_mail(anna.client.application)] == ["jane@example.com"]


def test_a_viewer_chooses_the_digest_alone(viewer: Staff) -> None:
    form = form_of(viewer.get("/staff/me"), "/staff/me")
    assert not {"assigned", "done"} & form.keys()
    viewer.client.post("/staff/me", data=form | {"digest": "1", "assigned": "1"})
    assert form_of(viewer.get("/staff/me"), "/staff/me")["digest"] == "1"


def test_whom_a_setting_names_gets_the_digest_until_they_say_no(
    settings: Settings, store: Store, clock: Clock
) -> None:
    anna = anna_with(replace(settings, mail_staff=("Anna@staff.example.com",)), store, clock)
    form = form_of(anna.get("/staff/me"), "/staff/me")
    assert form["digest"] == "1"
    del form["digest"]
    anna.client.post("/staff/me", data=form)
    assert "digest" not in form_of(anna.get("/staff/me"), "/staff/me")
