"""People of staff for tests of the desk, and mails that they get."""

from datetime import datetime

from portal.auth import Person, active_person, id_of_address, make_sign_in_link
from portal.outbox import Delivery
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import AuditInfo
from tests.conftest import START
from tests.mail.letters_and_facts import Kept, post_to, read
from tests.mail_server import Received


def new_person(store: Store, name: str, role: str = "approver", now: datetime = START) -> Person:
    address = f"{name.lower()}@staff.example.com"
    make_sign_in_link(store, email=address, name=name, role=role, now=now)
    person = active_person(store, id_of_address(store, address))
    assert person is not None
    return person


def by(person: Person, at: datetime = START) -> AuditInfo:
    return AuditInfo(by=person.name, who=person.id, at=at)


def mails_to_staff(store: Store, settings: Settings, at: datetime) -> list[Received]:
    """What leaves now, without what customers get."""
    way = Kept()
    Delivery(store=store, post=post_to(settings, way), clock=lambda: at).send_due()
    return [read(mail) for mail in way.mails if mail.recipient.endswith("@staff.example.com")]


def letters(mails: list[Received]) -> list[tuple[str, str]]:
    """To whom, and the subject without the reference."""
    return sorted(
        (str(mail.message["To"]), str(mail.message["Subject"]).partition(" [")[0]) for mail in mails
    )
