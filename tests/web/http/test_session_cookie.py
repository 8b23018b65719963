"""The session cookie is Flask's own. One that is known is not read anew; nothing else differs."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from markupsafe import Markup

from portal.web.http.session_cookie import SessionCookie


@pytest.fixture
def app():
    return make_app(SessionCookie())


def make_app(interface, key="new", fallbacks=("old",)):
    app = Flask("cookies")
    app.config.update(SECRET_KEY=key, SECRET_KEY_FALLBACKS=list(fallbacks))
    app.session_interface = interface

    @app.get("/set/<name>")
    def set_one(name):
        session[name] = ["a", {"b": 1}]
        return ""

    @app.get("/append")
    def append():
        session["list"].append("more")
        return ""

    @app.get("/read")
    def read():
        return dict(session)

    @app.get("/empty")
    def empty():
        session.clear()
        return ""

    return app


def cookie_of(app):
    client = app.test_client()
    client.get("/set/list")
    return client.get_cookie("session").value


def read(app, cookie):
    return app.test_client(use_cookies=False).get("/read", headers={"Cookie": f"session={cookie}"})


WHOLE = {"list": ["a", {"b": 1}]}


def test_it_reads_the_cookies_of_flask_and_flask_reads_its_own(app):
    usual = make_app(SecureCookieSessionInterface())
    assert read(app, cookie_of(usual)).json == WHOLE
    assert read(usual, cookie_of(app)).json == WHOLE


def test_a_cookie_that_is_known_says_the_same_again(app):
    cookie = cookie_of(app)
    assert [read(app, cookie).json for _ in range(3)] == [WHOLE] * 3


def test_what_one_request_changes_no_other_one_sees(app):
    cookie = cookie_of(app)
    read(app, cookie)
    app.test_client(use_cookies=False).get("/append", headers={"Cookie": f"session={cookie}"})
    assert read(app, cookie).json == WHOLE


def test_a_cookie_that_is_known_gets_too_old(app):
    cookie = cookie_of(app)
    assert read(app, cookie).json == WHOLE
    app.permanent_session_lifetime = timedelta(seconds=-1)
    assert read(app, cookie).json == {}


def test_a_forged_cookie_is_empty_each_time(app):
    cookie = cookie_of(app)
    read(app, cookie)
    forged = cookie[:-2] + ("AA" if cookie[-2:] != "AA" else "BB")
    assert [read(app, forged).json for _ in range(2)] == [{}, {}]
    assert read(app, "").json == {}


def test_a_cookie_of_an_earlier_key_is_read_and_one_of_another_key_is_not(app):
    assert read(app, cookie_of(make_app(SessionCookie(), key="old"))).json == WHOLE
    assert read(app, cookie_of(make_app(SessionCookie(), key="other"))).json == {}


@pytest.mark.parametrize("path", ["/read", "/set/x", "/empty", "/append"])
def test_headers_are_those_of_flask(app, path):
    """But for the cookie itself, which has the time in it."""
    usual = make_app(SecureCookieSessionInterface())
    for with_cookie in (False, True):
        if not with_cookie and path == "/append":
            continue
        headers = []
        for each in (app, usual):
            sent = {"Cookie": f"session={cookie_of(each)}"} if with_cookie else {}
            answer = each.test_client(use_cookies=False).get(path, headers=sent)
            headers.append([
                (name, value.partition("=")[2].partition(";")[2] if name == "Set-Cookie" else value)
                for name, value in answer.headers
            ])  # fmt: skip
        assert headers[0] == headers[1]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"csrf_token": 'ä\u2028<&"\\'},
        {"a": ["x", "ü"], "b": ""},
        {"a": ["x", ["y"]], "b": 1},
        {"a": ["x", 1, None, True]},
        {" di": "x"},
        {" t": "x"},
        {" t": "x", "b": "y"},
        {"a": {" t": "x"}},
        {"a": ("x", "y")},
        {"a": Markup("<b>")},
        {"a": datetime(2026, 11, 23, tzinfo=UTC), "b": b"c"},
    ],
    ids=repr,
)
def test_what_a_session_holds_is_written_as_flask_writes_it(app, content):
    kinds = (SessionCookie(), SecureCookieSessionInterface())
    with app.test_request_context():
        texts = [
            signer.serializer.dumps(content)
            for signer in (kind.get_signing_serializer(app) for kind in kinds)
            if signer is not None
        ]
    assert len(texts) == 2
    assert texts[0] == texts[1]
