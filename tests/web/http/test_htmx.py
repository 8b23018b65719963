"""Requests know their cookies without a look through all headers; they are werkzeug's."""

import pytest
from flask import Flask, Request
from flask.testing import EnvironBuilder

from portal.web.http import htmx


@pytest.mark.parametrize(
    "cookie",
    [None, "", "a=1", "a=1; b=2;a=3", 'a="x\\073y"; b', "a=\xc3\xbc; =; ;c", "portal=a.b_c-d=="],
)
def test_cookies_are_those_of_werkzeug(cookie: str | None) -> None:
    app = Flask("test")
    htmx.init_app(app)
    environ = EnvironBuilder(app, "/").get_environ()
    if cookie is not None:
        environ["HTTP_COOKIE"] = cookie
    cookies = app.request_class(environ).cookies
    assert cookies == Request(environ).cookies
    assert type(cookies) is type(Request(environ).cookies)
