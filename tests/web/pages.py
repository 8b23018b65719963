"""What a person does with a browser: open a page, fill in a form, send it, read the answer."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import records
from portal.auth import make_sign_in_link
from portal.records import Event
from portal.stores.contract import Item, Store
from portal.stores.reading import iter_scan
from portal.stores.schema import GSI2, KEY
from portal.web.http.signed_links import read_status_token
from tests.strict_client import PARSED

#: What a customer types, unless a test types something else.
TYPED = {
    "company": "Example GmbH",
    "name": "Jane Doe",
    "email": "jane@example.com",
    "phone": "+49 30 901820",
}
#: What staff fill in to activate; the form holds the rest.
IDS = {"account_id": "86810", "company_id": "104348", "cluster": "eu"}

HTMX = {"HX-Request": "true"}

#: Parsing takes longer than the request, and most tests read a page several times.
_TREES: WeakKeyDictionary[TestResponse, Element] = WeakKeyDictionary()


# ---- Reading a page


def tree(answer: TestResponse) -> Element:
    if answer not in _TREES:
        known = PARSED.get(answer.text)
        _TREES[answer] = (
            html5lib.parse(answer.text, namespaceHTMLElements=False) if known is None else known
        )
    return _TREES[answer]


def first(element: Element, path: str) -> Element:
    """The first element at this path, which must be there."""
    found = element.find(path)
    assert found is not None, f"there is no {path}"
    return found


def words(element: Element) -> str:
    """The text of the element, with single spaces."""
    return " ".join(" ".join(element.itertext()).split())


def page_words(answer: TestResponse) -> str:
    return words(first(tree(answer), "body"))


def by_id(answer: TestResponse, id_: str) -> Element:
    (found,) = [each for each in tree(answer).iter() if each.get("id") == id_]
    return found


def ids(answer: TestResponse) -> set[str]:
    return {each.get("id", "") for each in tree(answer).iter()}


def title(answer: TestResponse) -> str:
    return words(first(tree(answer), ".//title"))


def heading(answer: TestResponse) -> str:
    return words(first(tree(answer), ".//h1"))


def outcome(answer: TestResponse) -> str:
    """The confirmation or the conflict at the top of the page."""
    return words(by_id(answer, "outcome"))


def live_words(answer: TestResponse) -> str:
    """The text for the live region in an answer to htmx."""
    (region,) = tree(answer).findall(".//*[@hx-swap-oob]")
    assert region.get("hx-swap-oob") == "innerHTML:#live"
    return words(region)


def links(answer: TestResponse) -> dict[str, str]:
    """Text of a link -> its address."""
    return {words(each): each.get("href", "") for each in tree(answer).iter("a")}


def facts(answer: TestResponse) -> dict[str, str]:
    """Label -> value, from the definition lists of the page."""
    return {
        words(first(pair, "dt")): words(first(pair, "dd"))
        for pair in tree(answer).findall(".//dl[@class='facts']/div")
    }


def forms(answer: TestResponse) -> dict[str, Element]:
    """Action -> form, with the controls elsewhere on the page that belong to it. If two have the
    same action, the first: the button that undoes a decision. A button may send its form to an
    address of its own, which counts as a form as well."""
    elsewhere = [each for each in tree(answer).iter() if each.get("form")]
    found: dict[str, Element] = {}
    by_button: dict[str, Element] = {}
    for form in tree(answer).iter("form"):
        whole = Element("form", form.attrib)
        whole.extend(form)
        whole.extend(each for each in elsewhere if each.get("form") == form.get("id"))
        found.setdefault(form.get("action", ""), whole)
        for button in whole.findall("./button[@formaction]"):
            address, by_htmx = button.get("formaction", ""), button.get("hx-post", "")
            sent = Element("form", {**form.attrib, "action": address, "hx-post": by_htmx})
            sent.extend(whole)
            by_button[address] = sent
    return {**found, **by_button}


def fields(form: Element) -> dict[str, str]:
    """Name -> value, as a browser would send the form unchanged."""
    sent: dict[str, str] = {}
    for control in form.iter():
        name = control.get("name")
        if not name:
            continue
        if control.get("type") in ("checkbox", "radio") and control.get("checked") is None:
            continue
        if control.tag == "input":
            sent[name] = control.get("value", "")
        elif control.tag == "textarea":
            sent[name] = "".join(control.itertext())
        elif control.tag == "select":
            options = control.findall("option")
            chosen = [each for each in options if each.get("selected") is not None]
            sent[name] = (chosen or options)[0].get("value", "")
    return sent


def form_of(answer: TestResponse, action: str) -> dict[str, str]:
    """The fields of the form that is sent to `action`."""
    found = forms(answer)
    assert action in found, f"no form is sent to {action}, only to {list(found)}"
    return fields(found[action])


def ticked(answer: TestResponse, verb: str, *tenant_ids: str) -> tuple[str, dict[str, str]]:
    """A list with these rows ticked and the button of the verb pressed: the address that the form
    is sent to, and its fields."""
    (form,) = [each for each in tree(answer).iter("form") if each.get("id") == "select"]
    versions = {
        box.get("name", ""): box.get("value", "")
        for box in form.iter("input")
        if box.get("type") == "checkbox"
    }
    rows = {f"row-{each}": versions[f"row-{each}"] for each in tenant_ids}
    assert verb in [button.get("value") for button in form.iter("button")]
    return form.get("action", ""), {**fields(form), **rows, "verb": verb}


def undo_of(answer: TestResponse, action: str) -> dict[str, str]:
    """The fields of the button that undoes the decision."""
    form = forms(answer)[action]
    assert words(first(form, ".//button")) == "Undo"
    return fields(form)


def summary(answer: TestResponse) -> list[tuple[str, str]]:
    """The error summary: the id that each line links to (or empty), and its text."""
    boxes = [each for each in tree(answer).iter("div") if each.get("role") == "alert"]
    (box,) = [each for each in boxes if each.get("data-focus") is not None]
    lines = []
    for item in box.iter("li"):
        link = item.find("a")
        lines.append(("" if link is None else link.get("href", "")[1:], words(item)))
    return lines


def error_beside(answer: TestResponse, id_: str) -> str:
    """The error beside a field, which `aria-describedby` must name."""
    control = by_id(answer, id_)
    assert control.get("aria-invalid") == "true"
    assert f"{id_}-error" in control.get("aria-describedby", "").split()
    return words(by_id(answer, f"{id_}-error")).removeprefix("Error: ")


def without_tokens(text: str) -> str:
    """The page without what differs in each answer: tokens, ids and references."""
    text = re.sub(r"[\w-]{26}[\w-]{32}|(?<=value=\")[\w.-]{60,}", "TOKEN", text)
    text = re.sub(r"(X-CSRFToken&#34;: &#34;|X-CSRFToken\": \")[\w.-]+", r"\1TOKEN", text)
    text = re.sub(r"pending-[a-z0-9]{26}", "pending-ID", text)
    return re.sub(r"(?<=<strong>)[0-9a-z]{26}(?=</strong>)", "REFERENCE", text)


# ---- The customer


def sign_up(client: FlaskClient, *, query: str = "", **typed: str) -> TestResponse:
    """Fills in the real form and sends it."""
    page = client.get(f"/sign-up{query}")
    return client.post("/sign-up", data=form_of(page, "/sign-up") | TYPED | typed)


def sent_in(client: FlaskClient, *, query: str = "", **typed: str) -> "SignUp":
    """A sign-up that was accepted, of a customer with a browser of their own: the next form of the
    same browser would correct it."""
    client.delete_cookie("portal")
    answer = sign_up(client, query=query, **typed)
    assert answer.status_code == 303, answer.text
    return SignUp(answer.headers["Location"])


class SignUp:
    """A sign-up as its customer knows it: by the address of its status page."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = url.rpartition("/")[2]
        self.id = records.pending_id(read_status_token(self.token)[0])


# ---- Staff


class Staff:
    """One member of staff in a browser of their own."""

    def __init__(self, client: FlaskClient, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(path, **kwargs)

    def page(self, tenant_id: str) -> TestResponse:
        answer = self.client.get(f"/staff/tenants/{tenant_id}")
        assert answer.status_code == 200, answer.text
        return answer

    def form(self, tenant_id: str, verb: str) -> dict[str, str]:
        """The fields of the verb's form on the tenant's page."""
        return form_of(self.page(tenant_id), f"/staff/tenants/{tenant_id}/{verb}")

    def send(
        self, tenant_id: str, verb: str, data: Mapping[str, str], *, htmx: bool = False
    ) -> TestResponse:
        headers = HTMX if htmx else {}
        url = f"/staff/tenants/{tenant_id}/{verb}"
        return self.client.post(url, data=dict(data), headers=headers)

    def decide(self, tenant_id: str, verb: str, **typed: str) -> TestResponse:
        """Opens the page, fills in the form and sends it."""
        return self.send(tenant_id, verb, self.form(tenant_id, verb) | typed)

    def agree(self, tenant_id: str, verb: str, **typed: str) -> TestResponse:
        """As `decide`, and says yes to the question before access is taken away."""
        asked = self.decide(tenant_id, verb, **typed)
        assert asked.status_code == 422, asked.text
        form = form_of(asked, f"/staff/tenants/{tenant_id}/{verb}")
        assert form["agreed"]
        return self.send(tenant_id, verb, form)

    def token(self) -> str:
        """The CSRF token of this session."""
        return form_of(self.client.get("/staff/"), "/staff/sign-out")["csrf_token"]


def sign_in(
    client: FlaskClient,
    store: Store,
    now: datetime,
    *,
    role: str,
    name: str,
    next_path: str = "",
) -> TestResponse:
    """Opens a real sign-in link and presses its button."""
    address = f"{name.lower()}@staff.example.com"
    token = make_sign_in_link(store, email=address, name=name, role=role, now=now)
    url = f"/staff/sign-in/{token}"
    page = client.get(url, query_string={"next": next_path} if next_path else None)
    answer = client.post(url, data=form_of(page, url))
    assert answer.status_code == 303, answer.text
    return answer


def session_cookie(client: FlaskClient) -> str:
    """The value of the session cookie, which the browser must have."""
    cookie = client.get_cookie("portal")
    assert cookie is not None
    return cookie.value


# ---- What the store holds


def everything(store: Store) -> dict[str, Item]:
    """Id -> item, of all items."""
    return {str(item[KEY]): dict(item) for item in iter_scan(store)}


def tenants_in(store: Store) -> dict[str, Item]:
    return {id_: item for id_, item in everything(store).items() if records.is_tenant(item)}


def events_of(store: Store, tenant_id: str) -> Sequence[Event]:
    """The events of a tenant, the oldest first."""
    page = store.query(GSI2, records.events_partition(tenant_id), limit=200)
    return [records.event_of(item) for item in page.items]
