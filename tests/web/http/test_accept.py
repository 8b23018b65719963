"""A10: a program that cannot read JSON is told so."""

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.web.import_bodies import URL, body_of, tenant
from tests.web.pages import everything

VALIDATE = "/api/validate?accountId=1&companyId=2"
#: How Chromium asks for a page.
CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;"
    "q=0.8,application/signed-exchange;v=b3;q=0.7"
)


@pytest.mark.parametrize(
    "accept",
    [
        "application/xml",
        "application/xml, text/xml;q=0.9",
        "text/html",
        "application/problem+json",
        "application/json;q=0",
        "*/*;q=0",
        "application/json;q=0, */*",
        "text/*",
    ],
)
@pytest.mark.parametrize("origin", [None, "https://app.example.com"])
def test_a10_whoever_accepts_no_json_gets_a_406_in_json(
    client: FlaskClient, accept: str, origin: str | None
) -> None:
    headers = {"Accept": accept} | ({"Origin": origin} if origin else {})
    answer = client.get(VALIDATE, headers=headers)
    assert (answer.status_code, answer.mimetype) == (406, "application/json")
    assert answer.get_json() == {
        "error": "not_acceptable",
        "message": (
            "This address answers in JSON only. Send the header Accept: application/json, or none."
        ),
    }


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "*",
        "application/*",
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json, text/plain, */*",
        # Java, unless it is told otherwise.
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        "application/xml, application/json;q=0.1",
        CHROMIUM,
        # Nothing that could be refused.
        ";;;",
        "nonsense",
    ],
)
def test_a10_everybody_else_gets_the_answer(client: FlaskClient, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = client.get(VALIDATE, headers=headers)
    assert answer.get_json()["error"] == "NOT_FOUND"


def test_a10_nothing_is_written_for_whoever_could_not_read_the_answer(
    client: FlaskClient, token: str, store: Store
) -> None:
    before = everything(store)
    headers = {"Accept": "application/xml", "Authorization": f"Bearer {token}"}
    assert client.post(URL, data=body_of(tenant(1)), headers=headers).status_code == 406
    assert everything(store) == before


def test_pages_are_for_browsers(client: FlaskClient) -> None:
    for accept in (CHROMIUM, "application/xml"):
        assert client.get("/sign-up", headers={"Accept": accept}).status_code == 200
