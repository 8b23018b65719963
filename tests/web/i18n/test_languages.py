"""Every page in each language: no text is left in English."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.auth import Scope, create_api_token
from portal.refusal_links import RefusalLinks
from portal.sealing import KeyFileSealer
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import Ids
from portal.web.i18n.translation import LANGUAGES, language_names
from tests.browser.demo_data import CUSTOMERS, Customer, DemoData
from tests.conftest import SECRET_KEY, Clock
from tests.web.import_bodies import body_of, tenant
from tests.web.pages import Staff, everything, heading, tree

SHELL = "/sign-up?account_id=86810&company_id=104348&account_name=Meyer&cluster=eu"
TABS = (
    "pending", "active", "expiring", "expired", "suspended", "rejected", "set-aside", "all",
)  # fmt: skip
#: Words that are the same in both.
SAME = {
    "de": {
        "Appointment", "Manager", "Cluster", "Name", "Status", "UTC", "CSV", "JSON", "OAuth",
        "Import", "Client", "Secret", "optional", "Details", "April", "August", "September",
        "November", "Webhooks",
    }
}  # fmt: skip
#: Names of people and companies. All else that people typed is read from the store.
NAMES = "Example GmbH Jane Doe Meyer Anna Ada Approver Admin Field Service Group Muster Max"
#: Attributes that people read or hear.
READ = (
    "aria-label", "title", "placeholder", "alt", "data-network", "data-timeout", "data-server",
    "data-sending",
)  # fmt: skip
WORD = re.compile(r"[^\W\d_]{3,}")


def texts(answer: TestResponse) -> Iterator[str]:
    """All texts of a page except what people typed."""
    for element in tree(answer).iter():
        if not isinstance(element.tag, str) or element.tag in ("script", "bdi", "textarea", "kbd"):
            yield element.tail or ""
            continue
        yield element.text or ""
        yield element.tail or ""
        yield from (element.get(name, "") for name in READ)


class Reader:
    """Opens pages in English and in another language, and remembers what was left in English."""

    def __init__(self, client: FlaskClient, language: str, data: str) -> None:
        self.client = client
        self.language = language
        self.data = data
        self.left: dict[str, set[str]] = {}

    def open(
        self, path: str, *, method: str = "GET", data: Mapping[str, object] | None = None
    ) -> TestResponse:
        both = [
            self.client.open(path, headers={"Accept-Language": language}, method=method, data=data)
            for language in ("en", self.language)
        ]
        if both[1].status_code == 303:
            return both[1]
        languages = [tree(answer).get("lang") for answer in both]
        assert languages == ["en", self.language], path
        english, other = ({" ".join(text.split()) for text in texts(answer)} for answer in both)
        left = {text for text in english & other if self._has_words(text)}
        if left:
            self.left[path] = left
        return both[1]

    def _has_words(self, text: str) -> bool:
        known = SAME[self.language] | set(WORD.findall(repr((NAMES, CUSTOMERS, language_names()))))
        return text not in self.data and not set(WORD.findall(text)) <= known


@pytest.fixture
def people(store: Store, settings: Settings, clock: Clock) -> dict[str, Customer]:
    sealer = KeyFileSealer(settings.data_dir / "sealing-keys.json")
    demo_data = DemoData(store, sealer, clock.now(), ZoneInfo("Europe/Berlin"))
    return demo_data.fill()


@pytest.fixture
def data(store: Store, people: dict[str, Customer]) -> str:
    return repr((everything(store), CUSTOMERS)).replace(r"\n", " ")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_page_of_a_customer_is_left_in_english(
    client: FlaskClient, people: dict[str, Customer], data: str, language: str
) -> None:
    reader = Reader(client, language, data)
    for path in ("/lost-link", "/lost-link?done=sent", f"/status/{58 * 'a'}"):
        reader.open(path)
    for path in ("/sign-up", SHELL, "/staff/sign-in", "/nothing-here", "/staff/sign-in/x"):
        reader.open(path)
    for someone in people.values():
        reader.open(someone.status_path)
    for page in ("change", "withdraw", "end"):
        reader.open(f"{people['pending'].status_path}/{page}")
    for state in ("rejected", "expiring"):
        reader.open(f"{people[state].status_path}/again")
    refusals = RefusalLinks("", [SECRET_KEY], offered=True)
    for state in ("active", "scheduled", "expired", "suspended"):
        ids = people[state].tenant.ids
        assert ids
        reader.open(refusals.address(ids))
    reader.open(refusals.address(Ids(account_id="1", company_id="2")))
    assert reader.left == {}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_refusal_of_a_form_is_left_in_english(
    client: FlaskClient, data: str, language: str
) -> None:
    reader = Reader(client, language, data)
    for typed in (
        {"company": ""}, {"company": "x" * 201, "name": "\0", "email": "a@b", "phone": "abc"},
        {"company": "x", "name": "x", "email": f"{'a' * 250}@example.com", "phone": "+49 30 1"},
        {"company": "x", "name": "x" * 201, "email": "x@gmial.com", "phone": "1" * 30},
    ):  # fmt: skip
        answer = reader.open("/sign-up", method="POST", data=typed)
        assert answer.status_code in (400, 422)
    assert reader.left == {}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_page_of_staff_is_left_in_english(
    anna: Staff, people: dict[str, Customer], data: str, language: str
) -> None:
    reader = Reader(anna.client, language, data)
    paths = ["/staff/", "/staff/tenants?q=nobody", "/staff/tenants/1_1", "/staff/imports/"]
    paths += ["/staff/doubtful", "/staff/doubtful?removed=1&changed=2"]
    for path in [*paths, *(f"/staff/tenants?status={tab}" for tab in TABS)]:
        reader.open(path)
    for someone in people.values():
        reader.open(someone.path)
    assert reader.left == {}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_decision_and_no_refusal_of_one_is_left_in_english(
    anna: Staff, people: dict[str, Customer], data: str, language: str
) -> None:
    reader = Reader(anna.client, language, data)
    verbs = (
        "activate", "renew", "reject", "reopen", "release", "suspend", "reinstate", "validity",
        "client", "contact", "note",
    )  # fmt: skip
    for state in ("pending", "active", "rejected"):
        path = people[state].path
        for verb in verbs:
            token = _token_of(anna.client, path)
            version = str(people[state].tenant.version)
            reader.open(
                f"{path}/{verb}", method="POST", data={"csrf_token": token, "version": version}
            )
    assert reader.left == {}


def _token_of(client: FlaskClient, path: str) -> str:
    found = next(each for each in tree(client.get(path)).iter() if each.get("name") == "csrf_token")
    return found.get("value", "")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_page_of_an_import_is_left_in_english(
    admin: Staff, people: dict[str, Customer], store: Store, language: str
) -> None:
    reader = Reader(admin.client, language, repr(CUSTOMERS))
    page = "/staff/imports/"
    rows = [tenant(number) for number in range(3)]
    rows += [tenant(4, contactEmailAddress="no"), tenant(1), tenant(5, odd=1, isActive="true")]
    rows += [tenant(6, **{f"odd{n}": 1 for n in range(30)})]
    token = _token_of(admin.client, page)
    reader.open(page, method="POST", data={"csrf_token": token, "text": "<p>"})
    sent = {"csrf_token": token, "text": body_of(*rows).decode()}
    run = admin.client.post(page, data=sent).headers["Location"]
    reader.data += repr(everything(store)) + repr(rows)
    kinds = ("new", "same", "update", "conflict", "duplicate", "invalid")
    for each in [run, *(f"{run}?kind={kind}" for kind in kinds)]:
        reader.open(each)
    admin.client.post(f"{run}/apply", data={"csrf_token": token})
    for each in [page, run, *(f"{run}?kind={kind}" for kind in kinds)]:
        reader.open(each)
    changed = tenant(0, clientSecret="another one", validTo="2028-06-30T21:59:59.999Z")
    sent = {"csrf_token": token, "policy": "overwrite", "text": body_of(changed).decode()}
    reader.open(admin.client.post(page, data=sent).headers["Location"])
    sent["text"] = body_of(*({} for _ in range(10_001))).decode()
    reader.open(page, method="POST", data=sent)
    assert reader.left == {}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_page_of_api_tokens_is_left_in_english(
    admin: Staff, store: Store, clock: Clock, token: str, language: str
) -> None:
    page = "/staff/tokens"
    before = clock.now() - timedelta(days=3)
    life, scopes = timedelta(days=1), [Scope.TENANTS_READ]
    create_api_token(store, name="old", scopes=scopes, life=life, now=before)
    reader = Reader(admin.client, language, "")
    sent = {"csrf_token": _token_of(admin.client, page), "days": "0", "per_hour": "x"}
    reader.open(page, method="POST", data=sent)
    sent |= {"name": "sync", "days": "9", "per_hour": "", "tenants_read": "1"}
    reader.data = repr(everything(store)) + "sync"
    admin.client.post(page, data=sent)
    reader.data += repr(everything(store))
    reader.open(page)
    kid = token.partition(".")[0]
    revoked = reader.open(f"{page}/{kid}/revoke", method="POST", data=sent)
    reader.open(revoked.headers["Location"])
    # Sent twice: the second time it is refused.
    sent["kid"] = "a" * 12
    reader.open(page, method="POST", data=sent)
    reader.open(page, method="POST", data=sent)
    assert reader.left == {}


# ---- Who gets which


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("de", "Zugang anfordern"), ("de-AT,de;q=0.9,en;q=0.8", "Zugang anfordern"),
        ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4", "Zugang anfordern"),
        ("en-GB,de;q=0.9", "Ask for access"), ("de;q=0", "Ask for access"),
        ("de_DE", "Zugang anfordern"), ("en;q=0.4,DE;q=0.5", "Zugang anfordern"),
        ("fr", "Ask for access"), ("*", "Ask for access"), ("", "Ask for access"),
        ("xx-\x7f;q=nonsense", "Ask for access"),
    ],
)  # fmt: skip
def test_a_reader_gets_the_language_that_the_browser_asks_for(
    client: FlaskClient, header: str, words: str
) -> None:
    answer = client.get("/sign-up", headers={"Accept-Language": header})
    assert heading(answer) == words


def test_programs_get_english_and_their_header_changes_no_other_answer(
    client: FlaskClient,
) -> None:
    """Programs may compare texts, so these never change with the language."""
    german, english = {"Accept-Language": "de"}, {"Accept-Language": "en"}
    for headers in (german, {}, english):
        answer = client.post("/api/validate", headers=headers)
        assert answer.get_json()["message"] == "This address does not accept this kind of request."
        nothing = client.get("/api/nothing", headers=headers).get_json()["message"]
        assert nothing.startswith("Page not found. Check the address.")
    assert heading(client.get("/nothing", headers=english)) == "Page not found"
    assert heading(client.get("/nothing", headers=german)) == "Seite nicht gefunden"


def test_readers_of_both_languages_at_once_each_get_their_own(
    new_client: Callable[[], FlaskClient],
) -> None:
    def words_in(language: str) -> set[str]:
        client = new_client()
        headers = {"Accept-Language": language}
        return {heading(client.get("/sign-up", headers=headers)) for _ in range(10)}

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(words_in, ["de", "en", "de", "en", "de", "en"])) == [
            {"Zugang anfordern"}, {"Ask for access"},
        ] * 3  # fmt: skip


def test_dates_and_spans_are_written_as_in_the_language(
    client: FlaskClient, people: dict[str, Customer], clock: Clock
) -> None:
    clock.advance(hours=timedelta(days=2) / timedelta(hours=1))
    page = client.get(people["expiring"].status_path, headers={"Accept-Language": "de"}).text
    assert re.search(r"\b\d{1,2}\. \w+ 2026|\b\d\d\.\d\d\.2026", page)
    assert "Nov 2026" not in page
