"""Letters of each kind in all their variants, and digests, as mails that are long and German."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from zoneinfo import ZoneInfo

from portal.mail.customers.facts import Facts
from portal.mail.customers.kinds import KINDS, Kind
from portal.mail.customers.request_links import RequestLink
from portal.mail.messages.addresses import Mailbox
from portal.mail.messages.letter import Letter
from portal.mail.messages.message import compose
from portal.mail.messages.words import Words
from portal.mail.staff.digest import digest_letter
from portal.records import item_of
from portal.settings import Settings
from portal.stores.contract import Add, Store
from portal.tenants import Contact, Question, Status, Tenant, Validity
from tests.conftest import START
from tests.examples import reference
from tests.mail.letters_and_facts import read
from tests.mail_server import Received

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
    RequestLink(
        tenant=TENANT,
        reference=reference(1),
        asked_at=START,
        url=f"{PORTAL}/status/{58 * 'a'}",
    ),
    RequestLink(
        tenant=TENANT,
        reference=reference(2),
        asked_at=START,
        url=f"{PORTAL}/confirm/{190 * 'a'}",
        is_new=True,
    ),
)


def variants() -> Iterator[Facts]:
    """Whatever a letter may depend on, in all combinations."""
    addresses = ("", f"{PORTAL}/status/{58 * 'a'}"), ("", f"{PORTAL}/confirm/{190 * 'a'}")
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
            reminders_url=f"{PORTAL}/reminders/{90 * 'a'}",
            staff_url=f"{PORTAL}/staff/tenants/{TENANT.id}",
            sign_up_url=f"{PORTAL}/sign-up",
            contact_url="https://hilfe.example",
            zone=ZoneInfo("Europe/Berlin"),
            now=START,
            renews=bool(renews),
            requests=LISTED,
        )


def letters(kind: Kind) -> Iterator[tuple[Letter, Letter]]:
    """Each letter that can be written of a kind, in German and in English."""
    seen: set[Letter] = set()
    for facts in variants():
        german = KINDS[kind].write(facts, Words("de"))
        if german not in seen:
            seen.add(german)
            yield german, KINDS[kind].write(facts, Words("en"))


def digests(store: Store, settings: Settings) -> tuple[Letter, Letter]:
    """The digest of thirteen tenants that wait, and thirteen that end, in German and in English."""
    settings = replace(settings, base_url=PORTAL)
    for number in range(13):
        # Every second one waits for staff after an answer. Who was asked is not named.
        question = TENANT.question.answered("", START) if TENANT.question and number % 2 else None
        waiting = replace(
            TENANT,
            id=f"pending-{reference(number)}",
            created_at=START - 60 * DAY,
            question=question,
        )
        active = replace(
            TENANT,
            id=f"1_{number}",
            status=Status.ACTIVE,
            validity=Validity(valid_to=START + timedelta(days=13, hours=12)),
        )
        store.write([Add(item_of(waiting)), Add(item_of(active))])
    german, english = (
        digest_letter(store, settings, Words(locale), since=START - DAY, at=START, now=START)
        for locale in ("de", "en")
    )
    assert german
    assert english
    return german, english


def sent(letter: Letter, locale: str) -> Received:
    return read(
        compose(
            letter,
            Words(locale),
            message_id="<1@portal.example.com>",
            reference=reference(1),
            sender=SENDER,
            recipient=Mailbox(local="kaethe", domain="mueller.example"),
            contact_url="https://hilfe.example",
            at=START,
        )
    )
