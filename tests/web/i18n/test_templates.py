"""Templates are compiled once for each language."""

import pytest
from flask.testing import FlaskClient
from markupsafe import Markup, escape

from portal.web.i18n.templates import escape_text


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
