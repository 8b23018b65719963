"""What an administrator does with the import pages: send a file, press a button, read the plan."""

import io
import json
from typing import Any

from werkzeug.test import TestResponse

from portal.imports.jobs.job import ImportJob, find_job
from portal.stores.contract import Store
from tests.web.pages import HTMX, Staff, form_of, page_words, tree, words

URL = "/staff/imports/"
SECRET = "s3cr3t-canary"


def dump(*rows: dict[str, Any], **others: str) -> str:
    """The file that the line for the console downloads."""
    keys = {f"fsm_tenant_{row['accountId']}_{row['companyId']}": json.dumps(row) for row in rows}
    return json.dumps(others | keys)


def fields(person: Staff) -> dict[str, Any]:
    """The unchanged form, as a browser sends it: without an empty file and unticked boxes."""
    form = form_of(person.get(URL), URL)
    return {name: form[name] for name in ("csrf_token", "policy", "text")}


def paste(person: Staff, text: str, **chosen: str) -> TestResponse:
    return person.client.post(URL, data=fields(person) | {"text": text} | chosen)


def upload(person: Staff, body: bytes, name: str = "fsm-tenants.json") -> TestResponse:
    answer = person.client.post(URL, data=fields(person) | {"file": (io.BytesIO(body), name)})
    # The test client puts a large body into a temporary file, and leaves it open.
    answer.request.environ["wsgi.input"].close()
    return answer


def planned(person: Staff, text: str, **chosen: str) -> str:
    """Send the text, and return the address of its plan."""
    answer = paste(person, text, **chosen)
    assert answer.status_code == 303, page_words(answer)
    return str(answer.location)


def press(person: Staff, url: str, verb: str = "apply", *, htmx: bool = False) -> TestResponse:
    """Press the button of a form, as the page shows it now."""
    form = form_of(person.get(url), f"{url}/{verb}")
    return person.client.post(f"{url}/{verb}", data=form, headers=HTMX if htmx else {})


def tabs(answer: TestResponse) -> dict[str, int]:
    (nav,) = [each for each in tree(answer).iter("nav") if each.get("id") == "kinds"]
    pairs = [words(link).rsplit(" ", 1) for link in nav.iter("a")]
    return {name: int(number) for name, number in pairs if number != "0"}


def job_of(store: Store, url: str) -> ImportJob:
    return find_job(store, url.rpartition("/")[2])
