"""Staff ask, the customer answers: in the history, in its place, and erased with the contact."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, queries, records
from portal.stores.contract import Store
from portal.stores.schema import GSI2, GSI3, GSI4, KEY
from portal.tenants import NotAllowedError, Question, Status, Tenant
from tests.conftest import START
from tests.examples import (
    ANN,
    BOB,
    CONTACT,
    CUSTOMER,
    IDS,
    PERSONAL,
    activate,
    all_items,
    events,
    later,
    sign_up,
)
from tests.mail.letters_and_facts import entries
from tests.onboarding.verb_calls import SEALER

ASKED = "Which of Meyer's companies is it?"
ANSWERED = "The one in Berlin, ask for Lou."
TYPED = (*PERSONAL, ASKED, ANSWERED, "Berlin")
MOVED = replace(CONTACT, company="Meyer Lifts", phone="", phone_typed="", phone_extension="")


def ask(store: Store, tenant: Tenant, text: str = ASKED, *fields: str) -> Tenant:
    return onboarding.ask(
        store, tenant.id, expected_version=tenant.version, audit=later(ANN, hours=1),
        text=text, fields=fields, locale="en",
    )  # fmt: skip


def answer(store: Store, tenant: Tenant, text: str = ANSWERED, contact=CONTACT) -> Tenant:
    return onboarding.answer(
        store, tenant.id, expected_version=tenant.version, audit=later(CUSTOMER, hours=2),
        text=text, contact=contact,
    )  # fmt: skip


def test_a_question_is_kept_with_what_the_named_fields_held(store: Store) -> None:
    asked = ask(store, sign_up(store), ASKED, "company", "phone")
    assert asked.question == Question(
        text=ASKED, at=START + timedelta(hours=1), by=ANN.by, who=ANN.who, locale="en",
        before=(("company", CONTACT.company), ("phone", CONTACT.phone)),
    )  # fmt: skip
    assert asked.status is Status.PENDING
    assert onboarding.find(store, asked.id) == asked


def test_a_doubtful_sign_up_is_not_asked(store: Store) -> None:
    aside = sign_up(store, set_aside=True)
    before = all_items(store)
    with pytest.raises(NotAllowedError):
        ask(store, aside)
    assert all_items(store) == before


def test_an_answer_corrects_the_fields_and_is_kept(store: Store) -> None:
    asked = ask(store, sign_up(store), ASKED, "company", "phone")
    answered = answer(store, asked, contact=MOVED)
    assert answered.contact == MOVED
    assert answered.question is not None
    assert (answered.question.answer, answered.question.answered_at) == (
        ANSWERED, START + timedelta(hours=2),
    )  # fmt: skip
    assert answered.question.before == (("company", CONTACT.company), ("phone", CONTACT.phone))
    assert not answered.question.is_open


def test_it_keeps_its_place_and_the_list_shows_where_it_stands(store: Store) -> None:
    first, second = sign_up(store), sign_up(store, 2, now=START + timedelta(minutes=1))

    def rows() -> list[tuple[object, bool, bool]]:
        return [
            (row[KEY], records.is_asked(row), records.is_answered(row))
            for row in store.query(GSI2, "STATUS#pending").items
        ]

    asked = ask(store, first)
    assert rows() == [(first.id, True, False), (second.id, False, False)]
    answer(store, asked)
    assert rows() == [(first.id, False, True), (second.id, False, False)]


@pytest.mark.parametrize(
    ("index", "partition"), [(GSI3, "COMPANY#m"), (GSI4, "EMAIL#kim@meyer.example")]
)
def test_a_search_shows_it_as_well(store: Store, index, partition: str) -> None:
    asked = ask(store, sign_up(store))
    (row,) = (row for row in store.query(index, partition).items)
    assert records.is_asked(row)
    answer(store, asked)
    (row,) = (row for row in store.query(index, partition).items)
    assert records.is_answered(row)


def test_both_are_in_the_history_and_their_words_are_not_in_events(store: Store) -> None:
    answered = answer(store, ask(store, sign_up(store)), contact=MOVED)
    assert [(event.verb, event.by) for event in queries.history(store, answered)] == [
        ("answer", "customer"), ("question", ANN.by),
    ]  # fmt: skip
    assert not [text for text in TYPED if text in json.dumps(events(store), ensure_ascii=False)]
    notes = queries.notes(store, answered)
    assert [(note.verb, note.text, note.by) for note in notes] == [
        ("answer", ANSWERED, "customer"), ("question", ASKED, ANN.by),
    ]  # fmt: skip
    # Each has the time of its event, by which a page puts them together.
    assert [note.at for note in notes] == [e.at for e in queries.history(store, answered)]


def test_both_sides_are_told_and_the_outbox_holds_no_words(store: Store) -> None:
    answer(store, ask(store, sign_up(store)), contact=MOVED)
    kinds = [(entry.kind, entry.locale) for entry in entries(store)]
    # Each in the language of whoever reads it.
    assert kinds == [("received", "de"), ("question", "de"), ("answered", "en")]
    items = [item for key, item in all_items(store).items() if key.startswith("mail-")]
    assert not [text for text in TYPED if text in str(items)]


def test_a_second_question_takes_the_place_of_the_first(store: Store) -> None:
    asked = ask(store, sign_up(store))
    again = onboarding.ask(
        store, asked.id, expected_version=asked.version, audit=later(BOB, hours=3), text="And now?"
    )
    assert again.question is not None
    assert (again.question.text, again.question.by, again.question.fields) == (
        "And now?", BOB.by, (),
    )  # fmt: skip
    assert [note.text for note in queries.notes(store, again)] == ["And now?", ASKED]


def test_a_question_is_answered_once(store: Store) -> None:
    answered = answer(store, ask(store, sign_up(store)))
    items = all_items(store)
    with pytest.raises(NotAllowedError):
        answer(store, answered, "Something else.")
    assert all_items(store) == items


def test_an_empty_answer_leaves_no_empty_words(store: Store) -> None:
    answered = answer(store, ask(store, sign_up(store), ASKED, "company"), "", MOVED)
    assert [note.text for note in queries.notes(store, answered)] == [ASKED]
    assert [event.verb for event in queries.history(store, answered)] == ["answer", "question"]


def test_a_decision_ends_the_question(store: Store) -> None:
    asked = ask(store, sign_up(store, claims=IDS))
    active = activate(store, SEALER, asked)
    assert active.question is None
    assert [note.text for note in queries.notes(store, active)] == [ASKED]


def test_reopening_shows_it_again(store: Store) -> None:
    asked = ask(store, sign_up(store))
    withdrawn = onboarding.withdraw(store, asked.id, expected_version=asked.version, audit=CUSTOMER)
    reopened = onboarding.reopen(store, asked.id, expected_version=withdrawn.version, audit=ANN)
    assert reopened.question == asked.question


def test_retention_erases_every_word_with_the_contact(store: Store) -> None:
    answered = answer(store, ask(store, sign_up(store), ASKED, "company"), contact=MOVED)
    withdrawn = onboarding.withdraw(
        store, answered.id, expected_version=answered.version, audit=CUSTOMER
    )
    onboarding.erase(store, answered.id, expected_version=withdrawn.version, audit=ANN)
    left = json.dumps(all_items(store), ensure_ascii=False)
    # The history keeps the name of the company, as it does for every other change.
    personal = {*TYPED} - {"Meyer Elevators", "Meyer Lifts"}
    assert not [text for text in personal if text in left]
    assert onboarding.find(store, answered.id).question is None


def test_a_question_that_cannot_be_read_is_none_and_stays_in_the_store(store: Store) -> None:
    item = {**records.item_of(sign_up(store)), "question": "not JSON"}
    tenant = records.tenant_of(item)
    assert tenant.question is None
    assert records.unusable_attributes(item) == ["question"]
    assert records.item_of(tenant, item)["question"] == "not JSON"
