"""A file with tenants of several places: the page asks which to import, also without JavaScript."""

import io
from xml.etree.ElementTree import Element

import pytest
from werkzeug.test import TestResponse

from portal.stores.contract import Store
from tests.imports.files import dump, storage_state
from tests.web.import_bodies import tenant
from tests.web.imports.import_pages import URL, fields, job_of, paste, planned, press, upload
from tests.web.pages import (
    Staff,
    by_id,
    everything,
    facts,
    page_words,
    summary,
    tenants_in,
    tree,
    words,
)

APP, STAGING = "https://app.example.com", "https://staging.example.com"
STATE = storage_state({
    APP: [tenant(1), tenant(2)],
    STAGING: [tenant(1, updatedAt="2026-02-01T00:00:00.000Z", contactFullName="Nobody")],
})  # fmt: skip
ASKED = (
    "There are tenants of 2 places, which may have nothing to do with each other. Choose the"
    " places to import."
)


def boxes(answer: TestResponse) -> list[Element]:
    return [each for each in tree(answer).iter("input") if each.get("name") == "origin"]


def choose(person: Staff, text: str, *places: str) -> TestResponse:
    return person.client.post(URL, data=fields(person) | {"text": text, "origin": list(places)})


def test_the_page_names_the_places_and_ticks_none(admin: Staff, store: Store) -> None:
    before = everything(store).keys()
    answer = upload(admin, STATE)
    assert answer.status_code == 422
    assert summary(answer) == [("place-1", ASKED)]
    assert [(box.get("value"), box.get("checked")) for box in boxes(answer)] == [
        (APP, None), (STAGING, None),
    ]  # fmt: skip
    assert words(by_id(answer, "place-1-hint")) == (
        "Entries: 2, last change: 1 Jan 2025, 00:00 UTC"
    )
    assert words(by_id(answer, "place-1-error")) == f"Error: {ASKED}"
    text = page_words(answer)
    assert "Nothing was written." in text
    assert "Tick the places below and choose the same file again." in text
    assert everything(store).keys() == before


def test_a_text_that_was_pasted_stays_in_the_form(admin: Staff) -> None:
    answer = paste(admin, STATE.decode())
    assert words(by_id(answer, "text")).strip() == STATE.decode()
    assert "Tick the places below and send the text again." in page_words(answer)


def test_the_file_is_sent_again_with_a_choice(admin: Staff, store: Store) -> None:
    data = fields(admin) | {"origin": APP, "file": (io.BytesIO(STATE), "state.json")}
    answer = admin.client.post(URL, data=data)
    assert answer.status_code == 303
    url = str(answer.location)
    assert facts(admin.get(url))["Origin"] == (
        f"{APP} (Entries: 2, last change: 1 Jan 2025, 00:00 UTC)"
    )
    press(admin, url)
    assert tenants_in(store)["86810_1"]["contactFullName"] == "Max Meyer"
    assert [each.name for each in job_of(store, url).places] == [APP]


def test_several_places_are_merged_if_all_are_ticked(admin: Staff, store: Store) -> None:
    answer = choose(admin, STATE.decode(), APP, STAGING)
    assert answer.status_code == 303
    url = str(answer.location)
    duplicate = page_words(admin.get(f"{url}?kind=duplicate"))
    assert f"Row 3, of {STAGING}, is for the same tenant" in duplicate
    assert APP in duplicate
    press(admin, url)
    assert tenants_in(store)["86810_1"]["contactFullName"] == "Nobody"
    # A line for one console would remove entries of the other place.
    done = admin.get(url)
    assert "The entries come from several places. To get a line" in page_words(done)


def test_another_file_is_asked_about_anew(admin: Staff) -> None:
    answer = choose(admin, STATE.decode(), APP, "https://other.example.com")
    assert answer.status_code == 422
    assert "with this name: https://other.example.com." in page_words(answer)
    assert [(box.get("value"), box.get("checked")) for box in boxes(answer)] == [
        (APP, ""), (STAGING, None),
    ]  # fmt: skip


def test_dumps_that_were_joined_are_called_by_number(admin: Staff) -> None:
    answer = paste(admin, (dump(tenant(1)) + dump(tenant(2))).decode())
    assert [box.get("value") for box in boxes(answer)] == ["part 1", "part 2"]


def test_too_many_places_are_refused_in_words(admin: Staff) -> None:
    state = storage_state({f"https://{n}.example.com": [tenant(n)] for n in range(81)})
    answer = upload(admin, state)
    assert answer.status_code == 413
    assert summary(answer) == [("file", "There are tenants of more than 80 places.")]
    assert boxes(answer) == []


def test_a_name_from_the_file_is_no_markup(admin: Staff) -> None:
    hostile = '"><script>alert(1)</script>\u202e'
    answer = upload(admin, storage_state({hostile: [tenant(1)], APP: [tenant(2)]}))
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert str(boxes(answer)[0].get("value")).startswith('"><script>alert(1)</script>\\u202e…')


@pytest.mark.parametrize("text", [dump(tenant(1)), storage_state({APP: [tenant(1)]})])
def test_one_place_asks_nothing_and_its_rows_say_nothing_more(admin: Staff, text: bytes) -> None:
    assert boxes(admin.get(URL)) == []
    page = admin.get(planned(admin, text.decode()))
    assert ("Origin" in facts(page)) is (APP.encode() in text)
    assert page_words(page).count(APP) == (APP.encode() in text)


def test_only_this_field_may_be_sent_twice(admin: Staff) -> None:
    data = fields(admin) | {"text": STATE.decode(), "policy": ["skip", "skip"]}
    assert admin.client.post(URL, data=data).status_code == 422
    assert boxes(admin.client.post(URL, data=data)) == []


def test_the_first_page_says_what_a_storage_state_lacks_and_where_else_to_look(
    admin: Staff,
) -> None:
    text = page_words(admin.get(URL))
    assert "A storage state of Playwright is not enough" in text
    assert "the old host of the shell (coresystems.net) and in a tab of its own as well" in text
