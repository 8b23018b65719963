"""What the first page weighs, with everything that a browser loads for it and an empty cache."""

import re

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.serving import ROOT

#: Bytes of all bodies and headers together.
MOST = 30_000


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_first_page_is_light(app: Flask, language: str) -> None:
    # The strict client would read the page.
    client = FlaskClient(app, app.response_class)
    page = client.get("/sign-up", headers={"Accept-Language": language}).text
    headers = {"Accept-Encoding": "gzip, br", "Accept-Language": language}
    client = FlaskClient(app, app.response_class)
    packed = client.get("/sign-up", headers=headers)
    assert packed.headers["Content-Encoding"] == "gzip"
    sizes = {"page": len(packed.data) + header_bytes(packed.headers)}
    # htmx stands in a `content`: it is loaded when somebody begins to type.
    loaded = re.findall(r'(?:href|src|content)="/static/([^"?]+)\?v=', page)
    # The last icon is for browsers that know no SVG.
    for name in set(loaded) - {"favicon.ico"}:
        answer = client.get(f"/static/{name}", headers=headers, buffered=True)
        copy = brotli.compress((ROOT / "static" / name).read_bytes(), quality=11)
        sizes[name] = len(copy) + header_bytes(answer.headers)
    assert len(sizes) >= 5
    assert sum(sizes.values()) <= MOST, sizes


def header_bytes(headers: object) -> int:
    """As HTTP/1.1 sends them, with the line before them, and what the server adds. HTTP/2 needs
    fewer."""
    return len(f"HTTP/1.1 200 OK\r\n{headers}server: granian\r\n" + "date: " + "x" * 31)
