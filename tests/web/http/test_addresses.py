"""The addresses of routes are those that Flask makes."""

from typing import Any

import flask
import pytest
from flask import Flask
from werkzeug.routing import BuildError

from portal.web.http import url_for

IDS = ("86810_104348", "pending-00000000000000000000000001", "a b", "ä/ö", "50%", "a..b~c", "0_0")


@pytest.mark.parametrize("prefix", ["", "/portal"])
def test_addresses_are_those_of_flask(app: Flask, prefix: str) -> None:
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": prefix}):
        compared = 0
        for rule in app.url_map.iter_rules():
            if rule.arguments not in (set(), {"tenant_id"}, {"token"}):
                continue
            for value in IDS if rule.arguments else (None,):
                path: dict[str, Any] = dict.fromkeys(rule.arguments, value)
                for query in ({}, {"back": "status=all&q=ä b"}, {"back": None, "done": "1"}):
                    expected = flask.url_for(rule.endpoint, **path, **query)
                    assert url_for(rule.endpoint, **path, **query) == expected
                    compared += 1
        assert compared > 300


def test_there_is_no_address_of_an_unknown_route(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(BuildError):
        url_for("staff.nowhere")
