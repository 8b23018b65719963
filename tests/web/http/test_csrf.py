"""The token of a form is Flask-WTF's own: each side takes what the other one made."""

from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf, validate_csrf

from tests.web.pages import TYPED, form_of


def csrf_key(app: Flask) -> str:
    key: str = app.config["WTF_CSRF_SECRET_KEY"]
    return key


def test_flask_wtf_takes_the_token_of_a_page(app: Flask, client: FlaskClient) -> None:
    token = form_of(client.get("/sign-up"), "/sign-up")["csrf_token"]
    with client.session_transaction() as saved:
        values = dict(saved)
    with app.test_request_context():
        session.update(values)
        validate_csrf(token, secret_key=csrf_key(app))


def test_a_form_with_a_token_of_flask_wtf_is_taken(app: Flask, client: FlaskClient) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up")
    with client.session_transaction() as saved:
        values = dict(saved)
    with app.test_request_context():
        session.update(values)
        token = generate_csrf(secret_key=csrf_key(app))
    answer = client.post("/sign-up", data=form | TYPED | {"csrf_token": token})
    assert answer.status_code == 303


def test_one_browser_has_one_token_and_another_browser_another(
    client: FlaskClient, app: Flask
) -> None:
    tokens = [form_of(client.get("/sign-up"), "/sign-up")["csrf_token"] for _ in range(2)]
    assert tokens[0] == tokens[1]
    other = app.test_client()
    assert form_of(other.get("/sign-up"), "/sign-up")["csrf_token"] != tokens[0]
