"""Without a script, a note and the form beside it are one form for the browser: each button sends
what was typed for the other one, and it is shown again."""

import pytest
from werkzeug.test import TestResponse

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import (
    HTMX,
    IDS,
    SignUp,
    Staff,
    everything,
    form_of,
    ids,
    outcome,
    page_words,
    tenants_in,
    tree,
)

SECRET = "half-a-secret"
BEGUN = {"account_id": "4711", "term": "1y", "client_id": "appointments", "client_secret": SECRET}


def activation(answer: TestResponse, tenant_id: str) -> dict[str, str]:
    return form_of(answer, f"/staff/tenants/{tenant_id}/activate")


def test_a_note_keeps_a_begun_activation_but_for_its_secret(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    answer = anna.decide(pending.id, "note", text="They called.", **BEGUN)
    assert answer.status_code == 200
    assert outcome(answer) == "The note is added."
    assert "They called." in page_words(answer)
    form = activation(answer, pending.id)
    assert {name: form[name] for name in BEGUN} == BEGUN | {"client_secret": ""}
    assert form["text"] == ""
    assert "Type it again" in page_words(answer)
    assert SECRET not in answer.text
    assert SECRET not in str(everything(store))
    # The form that is shown again can be sent.
    done = anna.send(pending.id, "activate", form | IDS)
    assert done.status_code == 303
    assert "86810_104348" in tenants_in(store)


def test_a_refused_note_keeps_it_as_well(pending: SignUp, anna: Staff) -> None:
    answer = anna.decide(pending.id, "note", text="", **BEGUN)
    assert answer.status_code == 422
    assert activation(answer, pending.id)["account_id"] == "4711"


def test_a_refused_note_holds_no_field_of_the_activation_once_more(
    pending: SignUp, anna: Staff
) -> None:
    answer = anna.decide(pending.id, "note", text="")
    assert answer.status_code == 422
    # Sending a field twice is refused, so nothing of the page could be sent any more.
    assert answer.text.count('name="suggested_to"') == 1


def test_enter_in_a_field_of_the_activation_presses_no_button_that_stands_before_it(
    pending: SignUp, anna: Staff
) -> None:
    page = tree(anna.get(f"/staff/tenants/{pending.id}"))
    buttons = [each for each in page.iter("button") if each.get("form") == "form-activate"]
    assert "formaction" not in buttons[0].attrib
    assert buttons[1].get("name") == "to"


def test_a_note_beside_an_untouched_form_is_followed_by_the_page_itself(
    pending: SignUp, anna: Staff, ben: Staff, clock: Clock
) -> None:
    answer = anna.decide(pending.id, "note", text="They called.")
    assert answer.status_code == 303
    assert outcome(anna.get(answer.location)) == "The note is added."
    assert "outcome" not in ids(ben.get(answer.location))
    clock.advance(minutes=6)
    assert "outcome" not in ids(anna.get(answer.location))


def test_reloading_the_answer_adds_no_second_note(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    form = anna.form(pending.id, "note") | BEGUN | {"text": "They called."}
    anna.send(pending.id, "note", form)
    before = everything(store)
    assert anna.send(pending.id, "note", form).status_code == 200
    assert everything(store) == before


@pytest.mark.parametrize(("typed", "status"), [(IDS, 200), ({"account_id": "no/id"}, 422)])
def test_an_activation_keeps_a_begun_note(
    *, pending: SignUp, anna: Staff, store: Store, typed: dict[str, str], status: int
) -> None:
    form = anna.form(pending.id, "activate") | typed | {"text": "Ask them about"}
    answer = anna.send(pending.id, "activate", form)
    assert answer.status_code == status
    tenant_id = "86810_104348" if status == 200 else pending.id
    assert form_of(answer, f"/staff/tenants/{tenant_id}/note")["text"] == "Ask them about"
    assert not [item for item in everything(store).values() if "Ask them" in str(item)]
    if status == 200:
        assert outcome(answer) == "Example GmbH is active."
        # Reloading sends the same decision again, which changes nothing.
        before = everything(store)
        assert anna.send(pending.id, "activate", form).status_code == 200
        assert everything(store) == before


def test_a_conflict_keeps_a_begun_note_and_no_form_of_another_status(
    pending: SignUp, anna: Staff, ben: Staff
) -> None:
    form = anna.form(pending.id, "activate") | BEGUN | {"text": "Ask them about"}
    ben.decide(pending.id, "activate", **IDS)
    answer = anna.send(pending.id, "activate", form)
    assert answer.status_code == 409
    assert form_of(answer, "/staff/tenants/86810_104348/note")["text"] == "Ask them about"
    # The days of a begun activation are not those of the licence that Ben has made meanwhile.
    answer = anna.send(pending.id, "note", form | {"valid_to": "2030-01-01"})
    assert answer.status_code == 303
    assert "2030-01-01" not in anna.get(answer.location).text


def test_with_htmx_the_page_keeps_its_entries_itself(pending: SignUp, anna: Staff) -> None:
    form = anna.form(pending.id, "note") | BEGUN | {"text": "They called."}
    answer = anna.client.post(f"/staff/tenants/{pending.id}/note", data=form, headers=HTMX)
    # The script knows by the default of a control whether somebody has changed it.
    assert activation(answer, pending.id)["account_id"] != "4711"
