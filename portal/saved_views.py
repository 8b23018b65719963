"""The lists of tenants that a person has saved under a name.

A search may hold what is personal. So each person's are one item, `views-<id of the person>`, which
nobody else is shown, and which is removed when the person may not sign in any more.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from portal.auth import disabled_people, until_done
from portal.stores import (
    KEY,
    Add,
    Item,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)

MAX_VIEWS = 20
MAX_NAME_LENGTH = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedView:
    """A list under a name. `query`: that of its address."""

    id: str
    name: str
    query: str


class UnknownViewError(Exception):
    """The person has no such view, or not any more."""


class ViewNameTakenError(Exception):
    """Another view of the person has this name."""


class TooManyViewsError(Exception):
    """The person has as many views as there may be."""


def views_of(store: Store, person_id: str) -> list[SavedView]:
    """The views of this person, in the order in which they were saved first."""
    try:
        return _views(store.get(_item_id(person_id)))
    except ItemNotFoundError:
        return []


def save_view(store: Store, person_id: str, *, name: str, query: str) -> None:
    """Saves a list. A view with this name shows the new list from now on, so a form that is sent
    twice adds nothing.

    Raises:
        TooManyViewsError: There would be more than `MAX_VIEWS`.
    """

    def change(views: Sequence[SavedView]) -> list[SavedView]:
        if any(view.name == name for view in views):
            return [replace(each, query=query) if each.name == name else each for each in views]
        if len(views) >= MAX_VIEWS:
            raise TooManyViewsError
        return [*views, SavedView(id=secrets.token_hex(4), name=name, query=query)]

    _change(store, person_id, change)


def rename_view(store: Store, person_id: str, view_id: str, name: str) -> None:
    """
    Raises:
        UnknownViewError: The person has no such view.
        ViewNameTakenError: Another view has this name.
    """

    def change(views: Sequence[SavedView]) -> list[SavedView]:
        if all(view.id != view_id for view in views):
            raise UnknownViewError
        if any(view.name == name and view.id != view_id for view in views):
            raise ViewNameTakenError
        return [replace(each, name=name) if each.id == view_id else each for each in views]

    _change(store, person_id, change)


def remove_view(store: Store, person_id: str, view_id: str) -> None:
    """Removes a view. One that is not there any more is no error."""
    _change(store, person_id, lambda views: [each for each in views if each.id != view_id])


def remove_views_of_disabled(store: Store) -> int:
    """Removes what people have saved who may not sign in any more. Returns of how many. It may be
    stopped at any point and run again."""
    count = 0
    for person_id in disabled_people(store):
        with suppress(ItemNotFoundError, VersionConflictError):
            item = store.get(_item_id(person_id))
            store.write([Remove(str(item[KEY]), int(item["version"]))])
            count += 1
    return count


def _change(
    store: Store, person_id: str, change: Callable[[Sequence[SavedView]], list[SavedView]]
) -> None:
    """Done again after each conflict: two tabs that save at the same time lose nothing."""

    def attempt() -> None:
        item = find_item(store, _item_id(person_id))
        before = _views(item) if item else []
        after = change(before)
        if after == before:
            return
        version = int(item["version"]) if item else 0
        new: Item = {KEY: _item_id(person_id), "version": version + 1, "views": _text(after)}
        store.write([Replace(new, version) if item else Add(new)])

    until_done(attempt)


def _item_id(person_id: str) -> str:
    return f"views-{person_id}"


def _views(item: Item) -> list[SavedView]:
    return [
        SavedView(id=each["id"], name=each["name"], query=each["query"])
        for each in json.loads(str(item["views"]))
    ]


def _text(views: Sequence[SavedView]) -> str:
    return json.dumps(
        [{"id": each.id, "name": each.name, "query": each.query} for each in views],
        ensure_ascii=False,
    )
