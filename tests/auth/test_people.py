"""People of staff: a disabled person and another role end links and sessions at once."""

import pytest

from portal.auth import (
    NotSignedInError,
    Role,
    disable_person,
    make_sign_in_link,
    person_of_session,
    start_session,
)
from portal.auth.people import person_id
from portal.stores import Add, Item, ItemNotFoundError
from tests.auth.sign_ins import ANN, is_signed_in, new_link, new_session
from tests.conftest import START


def test_each_role_may_do_what_the_lower_ones_may_do():
    assert Role.VIEWER < Role.APPROVER < Role.ADMIN
    assert [Role.named(name) for name in ("viewer", "approver", "admin")] == list(Role)


def test_another_role_ends_sessions_and_links_of_the_old_one(store):
    session_token, unused_link = new_session(store), new_link(store)
    new_link(store, role="viewer")
    assert not is_signed_in(store, session_token)
    with pytest.raises(NotSignedInError):
        start_session(store, unused_link, START)


def test_the_same_role_again_ends_nothing_and_may_change_the_name(store):
    token = new_session(store)
    make_sign_in_link(store, email=ANN, name="Ann Meyer", role="approver", now=START)
    assert person_of_session(store, token, START).name == "Ann Meyer"


def test_who_is_disabled_is_signed_out_at_once_and_no_earlier_link_works(store):
    session_token, unused_link = new_session(store), new_link(store)
    disable_person(store, email=ANN)
    assert not is_signed_in(store, session_token)
    with pytest.raises(NotSignedInError):
        start_session(store, unused_link, START)


def test_who_was_disabled_comes_back_only_by_a_new_link(store):
    stolen, unused_link = new_session(store), new_link(store)
    disable_person(store, email=ANN)
    fresh = new_session(store)
    assert is_signed_in(store, fresh)
    assert not is_signed_in(store, stolen)
    with pytest.raises(NotSignedInError):
        start_session(store, unused_link, START)


def test_a_role_that_comes_back_revives_no_old_session(store):
    stolen = new_session(store, role="admin")
    new_link(store, role="viewer")
    new_link(store, role="admin")
    assert not is_signed_in(store, stolen)


def test_disabling_one_person_leaves_the_others(store):
    other = new_session(store, email="bob@meyer.example")
    new_session(store)
    disable_person(store, email=ANN)
    assert is_signed_in(store, other)


def test_an_address_is_the_same_person_however_it_is_typed(store):
    token = new_session(store, email=" ANN@meyer.EXAMPLE ")
    disable_person(store, email="ann@meyer.example")
    assert not is_signed_in(store, token)


def test_disabling_nobody_is_an_error(store):
    with pytest.raises(ItemNotFoundError):
        disable_person(store, email="nobody@meyer.example")


# ---- Addresses that folding makes the same

SHARP, DOUBLE = "petra.groß@meyer.example", "petra.gross@meyer.example"


@pytest.mark.parametrize(("first", "second"), [(SHARP, DOUBLE), (DOUBLE, SHARP)])
def test_addresses_with_sharp_s_and_double_s_are_two_people(store, first, second):
    one = new_session(store, email=first, role="admin")
    other = new_session(store, email=second, role="viewer")
    assert person_of_session(store, one, START).role == Role.ADMIN
    assert person_of_session(store, other, START).role == Role.VIEWER
    disable_person(store, email=second)
    assert is_signed_in(store, one)
    assert not is_signed_in(store, other)


def test_who_was_stored_under_the_folded_address_keeps_sessions_and_role(store):
    """As earlier versions stored them: the id is a hash of the folded address."""
    stored: Item = {
        "tenantId": person_id(SHARP), "version": 1, "email": SHARP, "name": "Petra",
        "role": "admin", "era": 0,
    }  # fmt: skip
    store.write([Add(stored)])
    session = new_session(store, email="Petra.Groß@Meyer.example", role="admin")
    assert person_of_session(store, session, START).id == person_id(SHARP)
    # The other one is somebody else, and changes nothing of her.
    other = new_session(store, email=DOUBLE, role="viewer")
    assert person_of_session(store, other, START).id != person_id(SHARP)
    assert person_of_session(store, session, START).role == Role.ADMIN
    disable_person(store, email=SHARP)
    assert not is_signed_in(store, session)
    assert is_signed_in(store, other)


def test_most_ids_stay_as_they_were(store):
    session = new_session(store)
    assert person_of_session(store, session, START).id == person_id(ANN)
