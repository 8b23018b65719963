"""Links and sessions of one approver, for the tests of this folder."""

from portal.auth import (
    NotSignedInError,
    make_sign_in_link,
    person_of_session,
    start_session,
)
from tests.conftest import START

ANN = "Ann@Meyer.example"


def new_link(store, *, email=ANN, role="approver", now=START) -> str:
    return make_sign_in_link(store, email=email, name="Ann Approver", role=role, now=now)


def new_session(store, *, now=START, **options) -> str:
    return start_session(store, new_link(store, now=now, **options), now)


def is_signed_in(store, session_token, now=START) -> bool:
    try:
        person_of_session(store, session_token, now)
    except NotSignedInError:
        return False
    return True
