"""Where people's texts stand in templates."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.auth import Scope, create_api_token, make_sign_in_link
from portal.stores import Store
from portal.web.http.htmx import INERT
from tests.conftest import Clock
from tests.web.pages import HTMX, IDS, Staff, form_of, sent_in, tree

TEMPLATES = Path(__file__).parent.parent.parent / "templates"
MARK = "Zyx-Typed"
#: These hold a text without anything inside that htmx could obey.
CONTROLS = {"title", "textarea", "option"}


def test_one_place_says_which_attributes_keep_htmx_out() -> None:
    assert INERT == "hx-disable hx-ignore"
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"hx-(disable|ignore)\b", text), path


def unguarded(answer: TestResponse, mark: str = MARK) -> list[str]:
    """The elements that show a typed text though htmx would look at them."""
    root = tree(answer)
    inside: set[Element] = set()
    for each in root.iter():
        if each.get("hx-disable") is not None and each.get("hx-ignore") is not None:
            inside |= set(each.iter())
    shown = [
        each
        for each in root.iter()
        if mark in (each.text or "") or any(mark in (child.tail or "") for child in each)
    ]
    assert shown, "the text is not there"
    return [each.tag for each in shown if each not in inside and each.tag not in CONTROLS]


@pytest.mark.parametrize("htmx", [{}, HTMX], ids=["page", "fragment"])
def test_t7_every_text_that_people_typed_stands_where_htmx_does_not_look(
    client: FlaskClient, anna: Staff, htmx: dict[str, str]
) -> None:
    typed = {"company": f"{MARK} AG", "name": f"{MARK} Name"}
    done, twin = sent_in(client, **typed), sent_in(client, **typed)
    assert unguarded(client.get(done.url)) == []
    anna.send(twin.id, "note", anna.form(twin.id, "note") | {"text": f"{MARK} note"})
    reason = {"reason": "other", "message": f"{MARK} message"}
    rejected = anna.send(twin.id, "reject", anna.form(twin.id, "reject") | reason, htmx=bool(htmx))
    if htmx:
        assert unguarded(rejected) == []
    assert unguarded(client.get(twin.url)) == []
    pages = ["/staff/", "/staff/tenants?status=pending", f"/staff/tenants/{done.id}"]
    pages += ["/staff/tenants?status=rejected", f"/staff/tenants/{twin.id}"]
    for path in pages:
        assert unguarded(anna.get(path, headers=htmx)) == [], path
    anna.decide(done.id, "activate", **IDS)
    assert unguarded(anna.get("/staff/tenants?status=active", headers=htmx)) == []


def test_t7_names_of_staff_stand_there_as_well(
    signed_in: Callable[..., Staff],
    new_client: Callable[[], FlaskClient],
    store: Store,
    clock: Clock,
) -> None:
    ada = signed_in(MARK, "admin")
    day = timedelta(days=1)
    create_api_token(store, name=MARK, scopes=[Scope.TENANTS_READ], life=day, now=clock.now())
    form = form_of(ada.get("/staff/tokens"), "/staff/tokens") | {"name": MARK, "tenants_read": "1"}
    assert unguarded(ada.client.post("/staff/tokens", data=form)) == []
    url = f"/staff/tokens/{form['kid']}/revoke"
    revoked = ada.client.post(url, data=form_of(ada.get("/staff/tokens"), url))
    assert unguarded(ada.get(revoked.headers["Location"])) == []
    for path in ("/staff/", "/staff/security", "/staff/tokens", "/staff/imports/"):
        assert unguarded(ada.get(path)) == [], path
    link = make_sign_in_link(
        store, email="x@example.com", name=MARK, role="viewer", now=clock.now()
    )
    assert unguarded(new_client().get(f"/staff/sign-in/{link}")) == []
