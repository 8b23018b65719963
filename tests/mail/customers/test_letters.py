"""What each mail says, in both languages, in text and in HTML."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.auth.people import person_id
from portal.mail.customers.kinds import KINDS, Kind
from portal.mail.messages.errors import MailError, NothingToSayError, Problem
from portal.records import item_of, new_outbox_entry
from portal.settings import Settings
from portal.stores.contract import Add, Item, Store
from portal.tenants import Client, Contact, Question, Status, Tenant, Validity
from portal.tenants.validity import first_instant
from tests.conftest import START
from tests.examples import CONTACT, reference
from tests.mail.letters_and_facts import Kept, new_entry, post_to, read, words_of_html
from tests.mail_server import Received

BERLIN = ZoneInfo("Europe/Berlin")
ENDS_SOON = first_instant(START.date() + timedelta(days=15), BERLIN) - timedelta(milliseconds=1)
SECRET = "v1.loc.key.sealed-client-secret"
QUESTION = Question(
    text="Which company is it?", at=START, by="Ann", who=person_id("ann@staff.example")
)
TENANT = Tenant(
    id=f"pending-{reference(1)}",
    status=Status.PENDING,
    version=1,
    contact=CONTACT,
    validity=Validity(
        valid_from=first_instant(START.date(), BERLIN),
        valid_to=first_instant(START.date() + timedelta(days=366), BERLIN)
        - timedelta(milliseconds=1),
    ),
    client=Client(id="client-of-fsm", sealed_secret=SECRET),
    created_at=START,
    status_link="a" * 64,
    reason="duplicate",
    question=QUESTION,
)
ASKER: Item = {
    "tenantId": QUESTION.who, "version": 1, "email": "ann@staff.example", "name": "Ann",
    "role": "approver",
}  # fmt: skip


def mail(
    store: Store, settings: Settings, kind: Kind, locale: str = "en", **changed: object
) -> Received:
    # An address is confirmed, and a customer asked, while the request is pending.
    status = min(KINDS[kind].while_status, key=lambda each: each is not Status.PENDING)
    if kind is Kind.EXPIRING:
        changed = {"validity": replace(TENANT.validity, valid_to=ENDS_SOON), **changed}
    if kind is Kind.ANSWERED:
        changed = {"question": QUESTION.answered("The one in Berlin.", START), **changed}
        store.write([Add(ASKER)])
    tenant = replace(TENANT, locale=locale, **{"status": status, **changed})  # type: ignore[arg-type] # the fields of a tenant
    store.write([Add(item_of(tenant))])
    entry = new_entry(tenant, kind, locale, START)
    settings = replace(
        settings,
        base_url="https://portal.example.com",
        contact_url="https://help.example.com",
        time_zone=BERLIN,
    )
    return read(post_to(settings, Kept()).mail(store, entry, START))


#: Kind, language, subject, and sentences of the body.
SAID = [
    (Kind.RECEIVED, "en", "We have your request for access", [
        "Please confirm that this email address is yours.", "Confirm this email address",
        "Open the status page",
    ]),
    (Kind.RECEIVED, "de", "Ihre Anfrage ist eingegangen", ["Diese E-Mail-Adresse bestätigen"]),
    (Kind.RECEIVED_AGAIN, "en", "We have your request for access", [
        "You do not need to do anything.",
    ]),
    (Kind.RECEIVED_AGAIN, "de", "Ihre Anfrage ist eingegangen", ["Sie müssen nichts tun."]),
    (Kind.ADDRESS, "en", "Confirm your email address", ["Confirm this email address"]),
    (Kind.ADDRESS, "de", "Bestätigen Sie Ihre E-Mail-Adresse", ["Diese E-Mail-Adresse bestätigen"]),
    (Kind.LINKS, "en", "The link to your status page", [
        "Somebody asked for the links to the requests for access with this email address.",
        "Request of 23 November 2026, reference", "If that was not you, ignore this mail.",
    ]),
    (Kind.LINKS, "de", "Der Link zu Ihrer Statusseite", ["Anfrage vom 23. November 2026"]),
    (Kind.QUESTION, "en", "A question about your request for access", [
        "Hello Kim Meyer,", "Which company is it?", "Answer the question",
        "Your request keeps its place meanwhile.",
    ]),
    (Kind.QUESTION, "de", "Eine Rückfrage zu Ihrer Anfrage", ["Which company is it?"]),
    (Kind.ANSWERED, "en", "A customer has answered", ["The request waits for you."]),
    (Kind.ANSWERED, "de", "Ein Kunde hat geantwortet", ["Die Anfrage wartet auf Sie."]),
    (Kind.APPROVED, "en", "Your access is approved", [
        "Hello Kim Meyer,", "Your request for access for Meyer Elevators is approved.",
        "You can use it now, through 23 November 2027 (Europe/Berlin); that day still counts.",
        "Open the Appointment Manager in Field Service Management to use it.",
    ]),
    (Kind.APPROVED, "de", "Ihr Zugang ist genehmigt", [
        "Guten Tag Kim Meyer,",
        "bis zum 23. November 2027 (Europe/Berlin); dieser Tag zählt noch mit",
    ]),
    (Kind.REJECTED, "en", "Your request for access was not approved", [
        "Ask for access again", "Our message to you", "Please call us.",
    ]),
    (Kind.REJECTED, "de", "Ihre Anfrage wurde abgelehnt", ["Please call us."]),
    (Kind.REOPENED, "en", "We are looking at your request again", [
        "Hello Kim Meyer,", "We have opened it again: only our next decision counts.",
        "You get another mail when we have decided.", "Open the status page",
    ]),
    (Kind.REOPENED, "de", "Wir prüfen Ihre Anfrage noch einmal", ["Es gilt nur noch unsere"]),
    (Kind.SUSPENDED, "en", "Your access is suspended", ["Nobody can use it at the moment."]),
    (Kind.SUSPENDED, "de", "Ihr Zugang ist gesperrt", ["Im Moment kann ihn niemand nutzen."]),
    (Kind.REINSTATED, "en", "Your access is active again", ["through 23 November 2027"]),
    (Kind.REINSTATED, "de", "Ihr Zugang ist wieder freigegeben", ["bis zum 23. November 2027"]),
    (Kind.EXPIRING, "en", "Your access ends soon", [
        "of Meyer Elevators", "ends on 7 December 2026 (Europe/Berlin); that day still counts.",
        "Ask to renew",
    ]),
    (Kind.EXPIRING, "de", "Ihr Zugang endet bald", ["am 7. Dezember 2026"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "locale", "subject", "sentences"), SAID)
def test_each_mail_says_what_happened_and_what_to_do_next(
    *,
    store: Store,
    settings: Settings,
    kind: Kind,
    locale: str,
    subject: str,
    sentences: list[str],
) -> None:
    received = mail(store, settings, kind, locale, message="Please call us.")
    assert received.message["Subject"] == f"{subject} [{reference(1)}]"
    text, html = " ".join(received.text().split()), words_of_html(received)
    for sentence in (*sentences, reference(1)):
        assert sentence in text
        assert sentence in html
    assert f'<html lang="{locale}">' in received.text("html")
    assert "https://help.example.com" in text


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("locale", ["en", "de"])
def test_no_mail_holds_a_secret_or_a_link_elsewhere(
    store: Store, settings: Settings, kind: Kind, locale: str
) -> None:
    received = mail(store, settings, kind, locale)
    for text in (received.text(), received.text("html"), received.content.decode()):
        for secret in (SECRET, "client-of-fsm", "a" * 64, CONTACT.phone):
            assert secret not in text
    links = re.findall(r"https?://[^\s\"<>]+", received.text() + received.text("html"))
    assert {link.split("/")[2] for link in links} == {"portal.example.com", "help.example.com"}
    # Nothing is loaded when it is opened.
    assert not re.search(r"<(img|script|link|iframe)|url\(|src=", received.text("html"))


def test_every_kind_has_all_its_words_in_every_language() -> None:
    assert {(kind, locale) for kind, locale, *_ in SAID} == {
        (kind, locale) for kind in Kind for locale in ("en", "de")
    }


@pytest.mark.parametrize(
    ("validity", "expected"),
    [
        (
            Validity(valid_from=START + timedelta(days=3), valid_to=START + timedelta(days=9)),
            "from 26 November 2026 through 2 December 2026 (Europe/Berlin); both days count",
        ),
        (
            Validity(valid_from=START + timedelta(days=3), open_ended=True),
            "from 26 November 2026 (Europe/Berlin) on",
        ),
        (Validity(valid_to=START - timedelta(days=3)), "Its validity ended on 20 November 2026"),
        (Validity(open_ended=True), "Open the Appointment Manager"),
    ],
)
def test_dates_are_said_in_words(
    store: Store, settings: Settings, validity: Validity, expected: str
) -> None:
    received = mail(store, settings, Kind.REINSTATED, validity=validity)
    assert expected in " ".join(received.text().split())


def test_a_language_that_there_is_none_for_is_english(store: Store, settings: Settings) -> None:
    received = mail(store, settings, Kind.RECEIVED_AGAIN, "../../de")
    assert "You do not need to do anything." in " ".join(received.text().split())


def test_the_answer_of_a_customer_is_told_to_whoever_asked_and_not_quoted(
    store: Store, settings: Settings
) -> None:
    received = mail(store, settings, Kind.ANSWERED, "de")
    assert received.message["To"] == "ann@staff.example"
    assert f"https://portal.example.com/staff/tenants/{TENANT.id}" in received.text()
    for text in ("Berlin", "Kim Meyer", "Meyer Elevators", CONTACT.email):
        assert text not in received.text() + received.text("html")


def test_who_has_no_access_any_more_is_told_nothing(store: Store, settings: Settings) -> None:
    nobody = replace(QUESTION, who="staff-nobody", answered_at=START)
    with pytest.raises(NothingToSayError, match="gone"):
        mail(store, settings, Kind.ANSWERED, question=nobody)


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        (Kind.QUESTION, QUESTION.answered("yes", START)),
        (Kind.QUESTION, None),
        (Kind.ANSWERED, QUESTION),
    ],
)
def test_what_was_overtaken_by_an_answer_or_a_question_is_not_said(
    store: Store, settings: Settings, kind: Kind, question: Question | None
) -> None:
    with pytest.raises(NothingToSayError, match="overtaken"):
        mail(store, settings, kind, question=question)


def test_markup_that_people_typed_stays_text(store: Store, settings: Settings) -> None:
    typed = "<b>Meyer</b> & <script>alert(1)</script>"
    contact = Contact(company=typed, name=typed, email="kim@meyer.example")
    received = mail(store, settings, Kind.REJECTED, contact=contact, message=f"{typed}\n> second")
    assert f"> {typed}\n> > second" in received.text()
    assert "<b>" not in received.text("html")
    assert typed in words_of_html(received)


def test_an_old_status_link_is_left_out(store: Store, settings: Settings) -> None:
    old: datetime = START - timedelta(days=731)
    assert "/status/" not in mail(store, settings, Kind.SUSPENDED, created_at=old).text()


def test_a_tenant_that_is_gone_or_erased_gets_no_mail(store: Store, settings: Settings) -> None:
    post = post_to(settings, Kept())
    entry = new_outbox_entry("pending-nobody", "rejected", "en", START)
    with pytest.raises(NothingToSayError, match="gone"):
        post.mail(store, entry, START)
    with pytest.raises(NothingToSayError, match="gone"):
        mail(store, settings, Kind.REJECTED, erased=True, contact=Contact())


def test_without_an_address_nobody_can_be_reached(store: Store, settings: Settings) -> None:
    with pytest.raises(MailError) as refused:
        mail(store, settings, Kind.SUSPENDED, contact=Contact(email="see the contract"))
    assert refused.value.problem is Problem.NO_ADDRESS


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "The request waits until you confirm this email address."),
        ("de", "Die Anfrage wartet, bis Sie diese E-Mail-Adresse bestätigen."),
    ],
)
def test_who_waits_for_the_proof_is_not_told_to_do_nothing(
    store: Store, settings: Settings, locale: str, said: str
) -> None:
    waiting = {"set_aside": True, "waits_for_address": True}
    text = mail(store, settings, Kind.RECEIVED_AGAIN, locale, **waiting).text()
    assert said in " ".join(text.split())
    assert "You do not need to do" not in text
    assert "Sie müssen nichts" not in text


@pytest.mark.parametrize("kind", [Kind.REJECTED, Kind.EXPIRING])
def test_who_asks_once_more_does_so_on_the_status_page(
    store: Store, settings: Settings, kind: Kind
) -> None:
    text = mail(store, settings, kind).text()
    assert re.search(rf"https://portal\.example\.com/status/{reference(1)}\w{{32}}/again\n", text)
    assert "/sign-up" not in text


@pytest.mark.parametrize("kind", [Kind.REJECTED, Kind.EXPIRING])
def test_without_a_status_page_they_get_the_form(
    store: Store, settings: Settings, kind: Kind
) -> None:
    text = mail(store, settings, kind, status_link="").text()
    assert "https://portal.example.com/sign-up\n" in text
    assert "/again" not in text


@pytest.mark.parametrize(
    ("kind", "subject", "said"),
    [
        (Kind.RECEIVED, "We have your request to renew", "the access stays as it is"),
        (Kind.RECEIVED_AGAIN, "We have your request to renew", "the access stays as it is"),
        (Kind.REJECTED, "Your request to renew was not approved", "The present access stays"),
    ],
)
def test_a_request_to_renew_is_not_spoken_of_as_a_first_one(
    store: Store, settings: Settings, kind: Kind, subject: str, said: str
) -> None:
    received = mail(store, settings, kind, renews="86810_104348")
    assert str(received.message["Subject"]).startswith(f"{subject} [")
    text = " ".join(received.text().split())
    assert said in text
    assert "for access" not in text
    assert "switch on" not in text
