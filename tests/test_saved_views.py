"""The lists that a person has saved, on both stores."""

from datetime import timedelta

import pytest

from portal.auth import disable_person, id_of_address, make_sign_in_link
from portal.saved_views import (
    MAX_VIEWS,
    TooManyViewsError,
    UnknownViewError,
    ViewNameTakenError,
    remove_view,
    remove_views_of_disabled,
    rename_view,
    save_view,
    views_of,
)
from portal.stores.contract import Store
from portal.stores.reading import iter_scan
from tests.conftest import START
from tests.web.failing_store import TroubledStore, before_write

ME, OTHER = "staff-me", "staff-other"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def names(store: Store, person: str = ME) -> list[tuple[str, str]]:
    return [(each.name, each.query) for each in views_of(store, person)]


def test_a_view_is_saved_once_and_shows_the_newest_list(store: Store) -> None:
    assert names(store) == []
    for query in ("status=active", "status=active", "status=all&q=m%C3%BCller"):
        save_view(store, ME, name="Mine", query=query)
    save_view(store, ME, name="Éxpiring", query="status=expiring")
    assert names(store) == [("Mine", "status=all&q=m%C3%BCller"), ("Éxpiring", "status=expiring")]
    assert names(store, OTHER) == []


def test_a_view_is_renamed_and_removed_by_its_own_person_only(store: Store) -> None:
    save_view(store, ME, name="A", query="status=active")
    save_view(store, ME, name="B", query="status=all")
    first, second = views_of(store, ME)
    rename_view(store, ME, first.id, "C")
    rename_view(store, ME, first.id, "C")
    with pytest.raises(ViewNameTakenError):
        rename_view(store, ME, second.id, "C")
    for person, view in ((OTHER, first.id), (ME, "00000000")):
        with pytest.raises(UnknownViewError):
            rename_view(store, person, view, "D")
    remove_view(store, OTHER, first.id)
    assert names(store) == [("C", "status=active"), ("B", "status=all")]
    for _ in range(2):
        remove_view(store, ME, first.id)
    assert names(store) == [("B", "status=all")]


def test_there_are_at_most_20(store: Store) -> None:
    for number in range(MAX_VIEWS):
        save_view(store, ME, name=str(number), query="status=all")
    with pytest.raises(TooManyViewsError):
        save_view(store, ME, name="one more", query="status=all")
    save_view(store, ME, name="0", query="status=active")
    assert len(views_of(store, ME)) == MAX_VIEWS == 20


@pytest.mark.parametrize("has_some", [False, True], ids=["first", "later"])
def test_two_tabs_that_save_at_the_same_time_lose_nothing(store: Store, *, has_some: bool) -> None:
    if has_some:
        save_view(store, ME, name="Old", query="status=all")
    troubled = TroubledStore(store)
    troubled.begin(before_write(lambda: save_view(store, ME, name="Theirs", query="status=all")))
    save_view(troubled, ME, name="Mine", query="status=all")
    old = {"Old"} if has_some else set()
    assert {name for name, _ in names(store)} == {"Mine", "Theirs"} | old


def test_views_go_with_a_person_who_may_not_sign_in_any_more(store: Store) -> None:
    ids = {}
    for name in ("ann", "bob"):
        address = f"{name}@example.com"
        make_sign_in_link(store, email=address, name=name, role="viewer", now=START)
        ids[name] = id_of_address(store, address)
        save_view(store, ids[name], name="V", query="status=all&q=secret")
    assert remove_views_of_disabled(store) == 0
    disable_person(store, email="ann@example.com", now=START + timedelta(days=1))
    assert [remove_views_of_disabled(store) for _ in range(2)] == [1, 0]
    assert names(store, ids["ann"]) == []
    assert len(names(store, ids["bob"])) == 1
    assert sum("secret" in str(item) for item in iter_scan(store)) == 1
