"""The lists that a person has saved: links above a list, and the page where they are changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Response, make_response, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.saved_views import (
    MAX_NAME_LENGTH,
    MAX_VIEWS,
    SavedView,
    TooManyViewsError,
    UnknownViewError,
    ViewNameTakenError,
    remove_view,
    rename_view,
    save_view,
    views_of,
)
from portal.web.forms import FieldView, Form, TextField, form_messages, line_reader
from portal.web.http import note_saved, person, store, strip_unprintable, url_for
from portal.web.i18n import N_, _, labels
from portal.web.staff.lists.list_view import ListView

#: More parameters than a list has.
_MAX_PARAMETERS = 20


class ViewForm(Form):
    autocomplete = "off"

    name = TextField(
        N_("Name of the view"),
        line_reader(MAX_NAME_LENGTH),
        form_messages.text,
        hint=N_("At most 40 characters. Only you see it."),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewRow:
    """A saved view with its forms."""

    name: str
    url: str
    what: str
    field: FieldView
    rename_url: str
    remove_url: str


def view_links(views: Sequence[SavedView]) -> list[tuple[str, str]]:
    """Name and address of each of these lists."""
    return [(strip_unprintable(each.name), _url(each.query)) for each in views]


def views_page() -> Response:
    """The lists that this person has saved."""
    return _page()


def save() -> AnyResponse:
    """Saves the list in the field `list`: the query of its address."""
    form, query = ViewForm(), _read(request.form.get("list", "")).query
    if not form.validate():
        return _page(form=form, query=query, status=422)
    try:
        save_view(store(), _me(), name=form.name.value, query=query)
    except TooManyViewsError:
        problem = _("You have %(n)s saved views. Remove one first.", n=MAX_VIEWS)
        return _page(form=form, query=query, problem=problem, status=409)
    note_saved()
    return redirect(_url(query), 303)


def rename(view_id: str) -> AnyResponse:
    form = ViewForm()
    if not form.validate():
        return _page(renamed=(view_id, form), status=422)
    try:
        rename_view(store(), _me(), view_id, form.name.value)
    except UnknownViewError as error:
        raise NotFound from error
    except ViewNameTakenError:
        problem = _("Another view has this name. Enter another one.")
        return _page(renamed=(view_id, form), problem=problem, status=409)
    note_saved()
    return redirect(url_for("staff.views"), 303)


def remove(view_id: str) -> AnyResponse:
    remove_view(store(), _me(), view_id)
    note_saved()
    return redirect(url_for("staff.views"), 303)


def _me() -> str:
    user = person()
    assert user is not None  # noqa: S101 - the access table lets nobody else in
    return user.id


def _read(query: str) -> ListView:
    try:
        return ListView.of_query(dict(parse_qsl(query, max_num_fields=_MAX_PARAMETERS)))
    except ValueError:
        return ListView()


def _url(query: str) -> str:
    return f"{url_for('staff.tenants')}?{query}"


def _page(
    *,
    form: ViewForm | None = None,
    query: str = "",
    renamed: tuple[str, ViewForm | None] = ("", None),
    problem: str = "",
    status: int = 200,
) -> Response:
    """
    Args:
        form, query: A list that was not saved.
        renamed: A view that did not get its new name.
    """
    view_id, refused = renamed
    errors = [("", problem)] if problem else []
    if form:
        errors += form.problems()
    if refused:
        errors += refused.problems(view_id)
    page = render_template(
        "staff/views.html",
        rows=[
            _row(each, refused if each.id == view_id else None) for each in views_of(store(), _me())
        ],
        errors=errors,
        fields=form.views() if form else [],
        query=query,
        save_url=url_for("staff.save_view"),
        list_url=url_for("staff.tenants"),
    )
    return make_response(page, status)


def _row(view: SavedView, refused: ViewForm | None) -> ViewRow:
    shown = _read(view.query)
    form = refused or ViewForm(formdata=None, data={"name": view.name})
    (field,) = form.views(view.id)
    words = [_(labels.TAB[shown.tab]), *([f"“{shown.search}”"] if shown.search else [])]
    return ViewRow(
        name=strip_unprintable(view.name),
        url=_url(view.query),
        what=strip_unprintable(" · ".join(words)),
        field=field,
        rename_url=url_for("staff.rename_view", view_id=view.id),
        remove_url=url_for("staff.remove_view", view_id=view.id),
    )
