"""The strict client fails when a rule is broken: each rule is tried once."""

import pytest
from flask import Flask

from tests.strict_client import SECURITY_HEADERS, StrictClient, html_problems

PAGE = '<!doctype html><html lang="en"><head><title>A page</title></head><body>{}</body></html>'


def whole(body: str) -> str:
    return PAGE.format(f"<h1>A page</h1>{body}")


def test_a_good_page_has_no_problems() -> None:
    body = '<form action="/a" method="post"><label for="b">B</label><input id="b" name="b"></form>'
    assert html_problems(whole(body), may_be_fragment=False) == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("<p><div></p>", "not valid"),
        ("<h1>A second one</h1>", "h1"),
        ('<p id="a"></p><p id="a"></p>', "id 'a'"),
        ('<form method="post"></form>', "action"),
        ('<form action="/a"></form>', "method"),
        ('<p style="color: red"></p>', "style"),
        ("<script>go()</script>", "script"),
        ('<p onclick="go()"></p>', "onclick"),
        ('<p hx-on:click="go()"></p>', "hx-on"),
        ('<a href=" javascript:go()">Go</a>', "javascript"),
        ('<input name="company">', "label"),
        ("<select name=company><option>A</select>", "label"),
    ],
)
def test_a_broken_rule_is_named(body: str, word: str) -> None:
    problems = html_problems(whole(body), may_be_fragment=False)
    assert len(problems) == 1
    assert word in problems[0]


@pytest.mark.parametrize(
    ("page", "word"),
    [
        (PAGE.format("<p>No heading</p>"), "h1"),
        (whole("").replace(' lang="en"', ""), "language"),
        (whole("").replace("<title>A page</title>", "<title></title>"), "title"),
    ],
)
def test_a_page_needs_a_heading_a_language_and_a_title(page: str, word: str) -> None:
    (problem,) = html_problems(page, may_be_fragment=False)
    assert word in problem


@pytest.mark.parametrize(
    "fragment", ["<tr><td>1</td></tr>", "<td>1</td>", "<option>1</option>", "<li>1</li>", "1", ""]
)
def test_a_fragment_is_read_where_it_belongs(fragment: str) -> None:
    assert html_problems(fragment, may_be_fragment=True) == []
    assert html_problems(fragment, may_be_fragment=False) != []


def test_a_broken_fragment_is_named() -> None:
    assert html_problems("<tr><td>1</tr></td>", may_be_fragment=True) != []


@pytest.mark.parametrize("left_out", SECURITY_HEADERS)
def test_each_answer_needs_each_security_header(left_out: str) -> None:
    app = Flask(__name__)
    app.test_client_class = StrictClient

    @app.get("/")
    def plain() -> tuple[str, dict[str, str]]:
        headers = {name: value for name, value in SECURITY_HEADERS.items() if name != left_out}
        return "plain", {**headers, "Content-Type": "text/plain"}

    with pytest.raises(AssertionError, match=left_out):
        app.test_client().get("/")


def test_the_client_takes_a_good_answer_and_refuses_a_fragment_nobody_asked_for() -> None:
    app = Flask(__name__)
    app.test_client_class = StrictClient

    @app.get("/")
    def fragment() -> tuple[str, dict[str, str]]:
        return "<p>part</p>", dict(SECURITY_HEADERS)

    assert app.test_client().get("/", headers={"HX-Request": "true"}).status_code == 200
    with pytest.raises(AssertionError, match="no whole page"):
        app.test_client().get("/")
