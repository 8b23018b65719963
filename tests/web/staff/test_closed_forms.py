"""Forms that nobody has filled in are made of patterns, which all people and tenants share."""

from flask.testing import FlaskClient

from tests.web.pages import Staff, sent_in


def test_t9_a_form_holds_nothing_of_whoever_asked_first(
    client: FlaskClient, anna: Staff, ben: Staff
) -> None:
    first = sent_in(client, company="First & Sons", email="kim@first.example")
    second = sent_in(client, company="Second", email="lee@second.example")
    of_anna = anna.form(first.id, "contact")
    of_ben = ben.form(second.id, "contact")
    assert of_anna["company"] == "First & Sons"
    assert of_ben["company"] == "Second"
    assert of_anna["csrf_token"] == anna.token()
    assert of_ben["csrf_token"] == ben.token() != anna.token()
    assert of_anna["form_owner"] != of_ben["form_owner"]
    forms = ben.page(second.id).text.partition('<div class="side">')[2]
    forms = forms.partition('<div class="rest">')[0]
    assert forms.count("<form") > 3
    for foreign in (first.id, "kim@first.example", of_anna["csrf_token"], of_anna["form_owner"]):
        assert foreign not in forms


def test_what_people_typed_is_no_placeholder(client: FlaskClient, anna: Staff) -> None:
    typed = "[[token]] %s %(x)s <b>"
    sent = sent_in(client, company=typed)
    assert anna.form(sent.id, "contact")["company"] == typed
    assert anna.decide(sent.id, "contact", name="Kim [[owner]]").status_code == 303
    assert anna.form(sent.id, "contact")["name"] == "Kim [[owner]]"


def test_a_form_is_in_the_language_of_its_reader(client: FlaskClient, anna: Staff) -> None:
    sent = sent_in(client)
    for _ in range(2):
        for language, words in {"en": "Change contact", "de": "Kontakt ändern"}.items():
            page = anna.get(f"/staff/tenants/{sent.id}", headers={"Accept-Language": language})
            assert f"<button>{words}</button>" in page.text
