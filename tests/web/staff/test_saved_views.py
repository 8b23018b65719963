"""A person saves lists under a name, renames them, and removes them."""

from werkzeug.test import TestResponse

from portal.saved_views import MAX_VIEWS
from tests.web.factories import QUEUE
from tests.web.pages import Staff, fields, forms, heading, links, page_words

VIEWS = "/staff/views"
SAVE = "/staff/views/save"


def save(person: Staff, name: str, **query: str) -> TestResponse:
    form = fields(forms(person.get(QUEUE, query_string=query))[SAVE])
    return person.client.post(SAVE, data={**form, "name": name})


def test_a_viewer_saves_the_list_that_is_shown(viewer: Staff, anna: Staff) -> None:
    shown = {"status": "all", "q": "müller & söhne", "after": "not of this list"}
    answer = save(viewer, " My list ", **shown)
    assert (answer.status_code, answer.location) == (
        303,
        f"{QUEUE}?status=all&q=m%C3%BCller+%26+s%C3%B6hne",
    )
    assert links(viewer.get(QUEUE))["My list"] == answer.location
    assert heading(viewer.get(answer.location)) == "Tenants: All"
    # Nobody else is shown it.
    assert "My list" not in page_words(anna.get(QUEUE)) + page_words(anna.get(VIEWS))
    # Sent twice, it is saved once.
    save(viewer, "My list", **shown)
    assert page_words(viewer.get(VIEWS)).count("My list") == 1


def test_a_view_is_renamed_and_removed(viewer: Staff) -> None:
    assert "You have saved no view yet." in page_words(viewer.get(VIEWS))
    save(viewer, "First", status="active")
    page = viewer.get(VIEWS)
    (rename,) = [action for action in forms(page) if action.endswith("/rename")]
    (remove,) = [action for action in forms(page) if action.endswith("/remove")]
    form = fields(forms(page)[rename])
    assert form["name"] == "First"
    assert viewer.client.post(rename, data={**form, "name": "Second"}).location == VIEWS
    assert links(viewer.get(QUEUE))["Second"] == f"{QUEUE}?status=active"
    for _ in range(2):
        assert viewer.client.post(remove, data=fields(forms(page)[remove])).location == VIEWS
    assert "Second" not in links(viewer.get(QUEUE))
    # In another tab it is still there.
    assert viewer.client.post(rename, data={**form, "name": "Third"}).status_code == 404


def test_the_view_of_somebody_else_is_none(viewer: Staff, anna: Staff) -> None:
    save(viewer, "Vera's", status="active")
    save(anna, "Anna's", status="active")
    (theirs,) = [action for action in forms(viewer.get(VIEWS)) if action.endswith("/rename")]
    (mine,) = [action for action in forms(anna.get(VIEWS)) if action.endswith("/rename")]
    form = {**fields(forms(anna.get(VIEWS))[mine]), "name": "Taken over"}
    assert anna.client.post(theirs, data=form).status_code == 404
    anna.client.post(theirs.replace("rename", "remove"), data=form)
    assert "Vera's" in links(viewer.get(QUEUE))


def test_what_cannot_be_saved_is_shown_again_with_what_to_do(viewer: Staff) -> None:
    for name in ("", " ", "x" * 41):
        answer = save(viewer, name, status="active")
        assert answer.status_code == 422
        assert fields(forms(answer)[SAVE]) | {"csrf_token": "", "form_owner": ""} == {
            "csrf_token": "",
            "form_owner": "",
            "list": "status=active",
            "name": name,
        }
    save(viewer, "Mine", status="active")
    save(viewer, "Other", status="all")
    rename = [action for action in forms(viewer.get(VIEWS)) if action.endswith("/rename")][1]
    form = fields(forms(viewer.get(VIEWS))[rename])
    taken = viewer.client.post(rename, data={**form, "name": "Mine"})
    assert (taken.status_code, fields(forms(taken)[rename])["name"]) == (409, "Mine")
    assert "Another view has this name." in page_words(taken)
    assert viewer.client.post(rename, data={**form, "name": ""}).status_code == 422


def test_the_21st_is_refused(viewer: Staff) -> None:
    for number in range(MAX_VIEWS):
        assert save(viewer, f"View {number}").status_code == 303
    answer = save(viewer, "One more")
    assert answer.status_code == 409
    assert "You have 20 saved views. Remove one first." in page_words(answer)
    assert fields(forms(answer)[SAVE])["name"] == "One more"


def test_a_form_with_any_list_saves_one_that_there_is(viewer: Staff) -> None:
    form = fields(forms(viewer.get(QUEUE))[SAVE])
    for number, text in enumerate(("https://evil.example/", "status=x&" * 50, "q=%00")):
        data = {**form, "name": f"V{number}", "list": text}
        assert viewer.client.post(SAVE, data=data).location.startswith(f"{QUEUE}?status=pending")


def test_get_changes_nothing(viewer: Staff) -> None:
    for address in (SAVE, f"{VIEWS}/00000000/rename", f"{VIEWS}/00000000/remove"):
        assert viewer.get(address).status_code == 405
