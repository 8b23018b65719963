"""Templates are compiled once for each language."""

import pytest
from flask import Flask
from flask.templating import Environment
from flask.testing import FlaskClient
from jinja2 import DictLoader, TemplateNotFound
from markupsafe import Markup, escape

from portal.web.i18n.templates import LanguageEnvironment, escape_text

TEMPLATES = {
    "layout.html": "<{% block title %}none{% endblock %}>{% block main %}{% endblock %}{{ own }}.",
    "page.html": (
        '{% extends "layout.html" %}{% block title %}{{ super() }} {{ name }}{% endblock %}'
        '{% block main %}{% set own = "page" %}{% include "part.html" %}{{ own }}'
        '{% for name in "xy" %}{% include "part.html" %}{{ loop.index }}{% endfor %}'
        '{% with name = "&" %}{% include "part.html" %}{% endwith %}{{ name }}{% endblock %}'
    ),
    "part.html": (
        '{% from "macros.html" import shown %}[{{ shown(name) }}{{ own }}'
        '{% set own = "part" %}{{ own }}{% set name = name ~ "!" %}{% include "inner.html" %}]'
    ),
    "inner.html": "{{ name }}{{ missing }}{{ loop.index if loop }}",
    "macros.html": "{% macro shown(text) %}({{ text }}){% endmacro %}",
    "chosen.html": '{% include "pa" ~ "rt.html" %}{% include "none.html" ignore missing %}',
    "with_layout.html": 'before {% include "page.html" %} after',
    "gone.html": '{% include "none.html" %}',
}


@pytest.mark.parametrize("name", ["page.html", "part.html", "chosen.html", "with_layout.html"])
def test_what_a_template_includes_is_shown_as_jinja_shows_it(name: str) -> None:
    app = Flask("test")
    plain, ours = (
        kind(app, loader=DictLoader(TEMPLATES)) for kind in (Environment, LanguageEnvironment)
    )
    values = {"name": "<b>", "own": "outside"}
    with app.test_request_context():
        assert ours.get_template(name).render(values) == plain.get_template(name).render(values)


def test_a_template_that_is_not_there_cannot_be_included() -> None:
    app = Flask("test")
    environment = LanguageEnvironment(app, loader=DictLoader(TEMPLATES))
    with app.test_request_context(), pytest.raises(TemplateNotFound, match="none"):
        environment.get_template("gone.html").render()


def test_a_changed_file_that_is_included_is_noticed_while_somebody_writes_it() -> None:
    app = Flask("test")
    templates = {"page.html": '{% include "part.html" %}', "part.html": "old"}
    environment = LanguageEnvironment(app, loader=DictLoader(templates), auto_reload=True)
    with app.test_request_context():
        assert environment.get_template("page.html").render() == "old"
        templates["part.html"] = "new"
        assert environment.get_template("page.html").render() == "new"


def test_each_reader_gets_the_words_of_their_language(client: FlaskClient) -> None:
    for language, words in [("en", "Sign in"), ("de", "Anmelden"), ("en", "Sign in")]:
        page = client.get("/staff/sign-in", headers={"Accept-Language": language}).text
        assert f'<html lang="{language}"' in page
        assert words in page


@pytest.mark.parametrize(
    "value",
    ["", "plain", "<b>", "a & b", '"', "it's", "ä>", Markup("<b>"), 7, None, ["<i>"]],
    ids=repr,
)
def test_texts_are_escaped_as_markupsafe_does(value: object) -> None:
    assert str(escape_text(value)) == str(escape(value))
