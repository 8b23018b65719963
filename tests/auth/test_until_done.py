"""A security act is done again until it is done, whatever others change at the same time."""

import threading
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest

from portal.auth import (
    NotSignedInError,
    Scope,
    create_api_token,
    disable_person,
    end_session,
    list_api_tokens,
    make_sign_in_link,
    person_of_session,
    revoke_api_token,
    start_session,
)
from portal.auth.until_done import until_done
from portal.stores import (
    BusyError,
    ItemExistsError,
    Replace,
    Store,
    VersionConflictError,
    clear_deadline,
    set_deadline,
)
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from tests.auth.sign_ins import ANN, is_signed_in, new_link, new_session
from tests.conftest import START
from tests.examples import Behind, Interrupted, all_items


@pytest.fixture(params=["json", "dynamodb"])
def store(request, tmp_path):
    with ExitStack() as stack:
        opened: Store = (
            JsonFileStore(tmp_path / "data")
            if request.param == "json"
            else DynamoDbStore(request.getfixturevalue("engine").new_table())
        )
        stack.callback(opened.close)
        yield opened


def touched(store, prefix):
    """Somebody else saves the item that begins so: its version rises, and nothing else changes."""

    def touch():
        item = next(item for key, item in all_items(store).items() if key.startswith(prefix))
        version = int(item["version"])
        store.write([Replace({**item, "version": version + 1}, version)])

    return touch


def overtaken(store, prefix, times=5):
    """A store in which somebody else is faster so many times."""
    return Interrupted(store, *[touched(store, prefix)] * times)


def test_a_sign_out_is_not_lost_when_pages_load_beside_it(store):
    token = new_session(store)
    end_session(overtaken(store, "session-"), token)
    assert not is_signed_in(store, token)


def test_a_sign_out_beside_real_page_loads_is_not_lost(store):
    """Three pages that save the last use of the session, each just before the sign-out writes."""
    token = new_session(store)
    minutes = iter(range(2, 60, 2))

    def load():
        person_of_session(store, token, START + timedelta(minutes=next(minutes)))

    end_session(Interrupted(store, load, load, load), token)
    assert not is_signed_in(store, token)


def test_of_fourteen_sign_outs_with_three_pages_beside_each_none_is_lost(store):
    tokens = [new_session(store) for _ in range(14)]
    for token in tokens:
        start = threading.Barrier(4)

        def load(token=token, start=start):
            start.wait()
            with suppress(NotSignedInError):
                person_of_session(store, token, START + timedelta(minutes=5))

        pages = [threading.Thread(target=load) for _ in range(3)]
        for page in pages:
            page.start()
        start.wait()
        end_session(store, token)
        for page in pages:
            page.join()
    assert [is_signed_in(store, token) for token in tokens] == [False] * 14


def test_somebody_is_disabled_though_others_change_them(store):
    token, link = new_session(store), new_link(store)
    disable_person(overtaken(store, "staff-"), email=ANN)
    assert not is_signed_in(store, token)
    with pytest.raises(NotSignedInError):
        start_session(store, link, START)


def test_a_role_changes_though_others_change_the_person(store):
    token = new_session(store, role="admin")
    link = make_sign_in_link(
        overtaken(store, "staff-"), email=ANN, name="Ann", role="viewer", now=START
    )
    assert not is_signed_in(store, token)
    assert start_session(store, link, START)


def test_two_first_links_for_one_person_at_the_same_time_both_work(store):
    other = []
    first = Interrupted(store, lambda: other.append(new_link(store, role="viewer")))
    link = new_link(first, role="viewer")
    assert start_session(store, link, START)
    assert start_session(store, other[0], START)


def test_who_is_disabled_while_a_link_is_made_stays_out_until_the_link_is_used(store):
    token = new_session(store)
    behind = Interrupted(store, lambda: disable_person(store, email=ANN))
    link = new_link(behind)
    assert not is_signed_in(store, token)
    assert is_signed_in(store, start_session(store, link, START))


def test_a_token_is_revoked_though_calls_are_counted_at_the_same_time(store):
    text = create_api_token(
        store, name="nightly", scopes=[Scope.IMPORTS_WRITE], life=timedelta(days=1), now=START
    )
    revoke_api_token(overtaken(store, "token-"), text.partition(".")[0], START)
    assert [token.revoked_at for token in list_api_tokens(store)] == [START]


def test_a_store_that_is_busy_for_a_moment_is_asked_again(store):
    token, busy = new_session(store), [True, True]

    class Busy(Behind):
        def write(self, changes):
            if busy and busy.pop():
                raise BusyError(reason="Others write.")
            super().write(changes)

    end_session(Busy(store), token)
    assert not is_signed_in(store, token)
    assert busy == []


@pytest.mark.parametrize(
    "conflict",
    [VersionConflictError(item_id="a", item=None), ItemExistsError(item_id="a", item={})],
)
def test_it_ends_with_the_time_of_the_request_and_says_that_it_is_not_done(conflict):
    tries = []

    def attempt():
        tries.append(1)
        raise conflict

    set_deadline(seconds=0.05)
    try:
        with pytest.raises(BusyError):
            until_done(attempt)
    finally:
        clear_deadline()
    assert len(tries) > 1
