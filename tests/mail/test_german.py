"""No mail in German holds English, whatever it tells of: each kind in all its variants."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from portal.mail.addresses import Mailbox
from portal.mail.digest import digest_letter
from portal.mail.kinds import KINDS, Kind
from portal.mail.letters import Facts, Letter
from portal.mail.message import compose
from portal.mail.request_links import RequestLink
from portal.mail.words import Words
from portal.records import item_of
from portal.settings import Settings
from portal.stores.contract import Add, Store
from portal.tenants import Contact, Question, Status, Tenant, Validity
from tests.conftest import START
from tests.examples import reference
from tests.mail.letters_and_facts import read, words_of_html
from tests.web.i18n.test_catalogues import ENGLISH, GLUED

SENDER = Mailbox(local="no-reply", domain="portal.example.com")
DAY = timedelta(days=1)
PORTAL = "https://portal.example.com"
#: What people typed, in words that are no English ones.
CONTACT = Contact(company="Müller Aufzüge", name="Käthe Müller", email="kaethe@mueller.example")
TENANT = Tenant(
    id=f"pending-{reference(1)}",
    status=Status.PENDING,
    version=1,
    contact=CONTACT,
    created_at=START,
    message="Bitte rufen Sie uns an.",
    question=Question(text="Welche Firma?", at=START, by="Ann", who="staff-ann"),
)
VALIDITIES = (
    Validity(valid_to=START + 300 * DAY),
    Validity(valid_from=START + 3 * DAY, valid_to=START + 9 * DAY),
    Validity(valid_from=START + 3 * DAY, open_ended=True),
    Validity(valid_to=START - DAY),
    Validity(open_ended=True),
)
LISTED = (
    RequestLink(reference=reference(1), asked_at=START, url=f"{PORTAL}/status/x"),
    RequestLink(reference=reference(2), asked_at=START, url=f"{PORTAL}/confirm/x", is_new=True),
)


def variants(settings: Settings) -> Iterator[Facts]:
    """Whatever a letter may depend on, in all combinations."""
    addresses = ("", f"{PORTAL}/status/x"), ("", f"{PORTAL}/confirm/x")
    for status, validity, waits, renews, name, status_url, confirm_url in product(
        Status, VALIDITIES, (False, True), ("", "1_2"), ("", CONTACT.name), *addresses
    ):
        tenant = replace(
            TENANT,
            status=status,
            validity=validity,
            set_aside=waits,
            waits_for_address=waits,
            renews=renews,
        )
        yield Facts(
            tenant=tenant,
            name=name,
            company=CONTACT.company,
            status_url=status_url,
            confirm_url=confirm_url,
            reminders_url=f"{PORTAL}/reminders/x",
            staff_url=f"{PORTAL}/staff/tenants/x",
            sign_up_url=f"{PORTAL}/sign-up",
            contact_url="https://hilfe.example",
            zone=settings.time_zone,
            now=START,
            requests=LISTED,
        )


def texts(letter: Letter, words: Words) -> tuple[str, str, str]:
    """Subject, text and HTML as they leave, without addresses."""
    mail = read(
        compose(
            letter,
            words,
            message_id="<1@portal.example.com>",
            reference=reference(1),
            sender=SENDER,
            recipient=Mailbox(local="kaethe", domain="mueller.example"),
            contact_url="https://hilfe.example",
            at=START,
        )
    )
    plain = re.sub(r"https?://\S+", "", mail.text())
    html = re.sub(r"https?://\S+", "", words_of_html(mail))
    return letter.subject, plain, html


def german_and_english(letter: Letter, english: Letter) -> None:
    for text in texts(letter, Words("de")):
        assert not ENGLISH.search(text), text
        assert not GLUED.search(text), text
    # A text that the catalogue does not have stays as it is.
    own, other = ({each.subject, each.greeting, *each.paragraphs} for each in (letter, english))
    assert not own & other


@pytest.mark.parametrize("kind", Kind)
def test_every_variant_of_a_mail_is_german_from_end_to_end(settings: Settings, kind: Kind) -> None:
    seen: set[Letter] = set()
    for facts in variants(settings):
        letter = KINDS[kind].write(facts, Words("de"))
        if letter not in seen:
            seen.add(letter)
            german_and_english(letter, KINDS[kind].write(facts, Words("en")))
    assert seen


def test_the_digest_is_german_from_end_to_end(store: Store, settings: Settings) -> None:
    settings = replace(settings, base_url=PORTAL)
    for number in range(13):
        waiting = replace(TENANT, id=f"pending-{reference(number)}", created_at=START - 60 * DAY)
        active = replace(
            TENANT,
            id=f"1_{number}",
            status=Status.ACTIVE,
            validity=Validity(valid_to=START + timedelta(days=13, hours=12)),
        )
        store.write([Add(item_of(waiting)), Add(item_of(active))])
    letters = [
        digest_letter(store, settings, Words(locale), since=START - DAY, at=START, now=START)
        for locale in ("de", "en")
    ]
    german, english = letters
    assert german
    assert english
    assert len(german.paragraphs) > 2
    german_and_english(german, replace(english, paragraphs=()))
