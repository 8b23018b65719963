"""The bytes that leave: exactly the headers that are meant, and lines that every server takes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.errors import InvalidHeaderDefect
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from email_validator import validate_email

from portal.auth.people import person_id
from portal.mail.customers.kinds import Kind
from portal.mail.messages.addresses import Mailbox, mailbox_of, sender_of
from portal.mail.messages.letter import Letter
from portal.mail.messages.message import OutgoingMail, SentPolicy, compose, message_id_of
from portal.mail.messages.words import Words
from portal.records import item_of
from portal.settings import Settings
from portal.stores.contract import Add, Item, Store
from portal.tenants import Contact, Question, Status, Tenant, Validity
from tests.conftest import START
from tests.examples import reference
from tests.mail.letters_and_facts import Kept, new_entry, post_to, read
from tests.mail_server import Received

SENDER = Mailbox(local="no-reply", domain="portal.example.com")
KIM = Mailbox(local="kim", domain="meyer.example")
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
]  # fmt: skip
#: Texts with which people try to add a header, or to leave the one that they are in.
INJECTED = [
    "=?utf-8?q?a=0d=0aBcc:_x@y?=",
    "=?utf-8?b?YQ0KQmNjOiB4QHk=?=",
    "Acme\r\nBcc: x@y.example",
    "Acme\nBcc: x@y.example\n\nbody",
    '"Acme" <x@y.example>, "Kim"',
    "Acme, Meyer; <x@y.example>",
    "<script>alert(1)</script>",
    "{{ 7*7 }} ${7*7} %(name)s %s",
    "x" * 5_000,
    "Ünïcödé " * 200,
]


def made(
    paragraphs: Sequence[str] = ("A paragraph.",),
    *,
    sender: Mailbox = SENDER,
    recipient: Mailbox = KIM,
    subject: str = "Subject",
    message_id: str = "",
    unsubscribe: str = "",
) -> OutgoingMail:
    return compose(
        Letter(subject=subject, greeting="Hello,", paragraphs=tuple(paragraphs)),
        Words("en"),
        message_id=message_id or message_id_of("mail-1", sender),
        reference="ref",
        sender=sender,
        recipient=recipient,
        contact_url="https://help.example.com",
        at=START,
        unsubscribe=unsubscribe,
    )


def header_names(content: bytes) -> list[str]:
    """As the bytes have them: no library that reads them again is asked."""
    head = content.partition(b"\r\n\r\n")[0].decode()
    return [
        line.partition(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))
    ]


def check_bytes(content: bytes, *more: str) -> None:
    """`more`: headers that not each mail has."""
    assert header_names(content) == [*HEADERS[:-2], *more, *HEADERS[-2:]]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert max(map(len, content.split(b"\r\n"))) <= 998


STATUS = {
    Kind.RECEIVED: Status.PENDING, Kind.APPROVED: Status.ACTIVE, Kind.REJECTED: Status.REJECTED,
    Kind.SUSPENDED: Status.SUSPENDED, Kind.REINSTATED: Status.ACTIVE,
    Kind.EXPIRING: Status.ACTIVE, Kind.RECEIVED_AGAIN: Status.PENDING,
    Kind.ADDRESS: Status.PENDING, Kind.QUESTION: Status.PENDING, Kind.ANSWERED: Status.PENDING,
    Kind.LINKS: Status.PENDING, Kind.REOPENED: Status.PENDING,
}  # fmt: skip
#: Before an address is proved, whatever was typed stands in no mail to it. Staff read an answer on
#: the tenant's page.
SILENT = {Kind.RECEIVED, Kind.RECEIVED_AGAIN, Kind.ADDRESS, Kind.ANSWERED, Kind.LINKS}
ASKER: Item = {
    "tenantId": person_id("ann@staff.example"), "version": 1, "email": "ann@staff.example",
    "name": "Ann", "role": "approver",
}  # fmt: skip


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("typed", INJECTED)
def test_t5_text_that_people_typed_adds_no_header(
    store: Store, settings: Settings, kind: Kind, typed: str
) -> None:
    tenant = Tenant(
        id=f"pending-{reference(1)}",
        status=STATUS[kind],
        version=1,
        contact=Contact(company=typed, name=typed, email="kim@meyer.example"),
        validity=Validity(valid_to=START + timedelta(days=10)),
        message=typed,
        created_at=START,
        status_link="a" * 64,
    )
    if kind in (Kind.QUESTION, Kind.ANSWERED):
        question = Question(text=typed, at=START, by="Ann", who=str(ASKER["tenantId"]))
        is_open = kind is Kind.QUESTION
        tenant = replace(tenant, question=question if is_open else question.answered(typed, START))
    store.write([Add(item_of(tenant)), Add(ASKER)])
    entry = new_entry(tenant, kind, "en", START)
    mail = post_to(settings, Kept()).mail(store, entry, START)
    more = ["List-Unsubscribe"] if kind is Kind.EXPIRING else []
    check_bytes(mail.content, "In-Reply-To", "References", *more)
    message = read(mail).message
    told = "ann@staff.example" if kind is Kind.ANSWERED else "kim@meyer.example"
    assert [address.addr_spec for address in message["To"].addresses] == [told]
    assert re.fullmatch(r"[A-Za-z ]+ \[0{25}1\]", str(message["Subject"]))
    # What somebody typed who has proved nothing yet stands nowhere at all.
    is_told = typed.split(maxsplit=1)[0][:20] in read(mail).text()
    assert is_told == (kind not in SILENT)
    assert "<script>" not in read(mail).text("html")


def test_a_name_with_commas_and_umlauts_is_one_sender(settings: Settings) -> None:
    configured = '"Müller, Jörg & Söhne (Support)" <service@müller.example>'
    sender, was_ignored = sender_of(replace(settings, mail_from=configured))
    assert not was_ignored
    content = made(sender=sender).content
    check_bytes(content)
    (address,) = Received("", "", content).message["From"].addresses
    assert address.display_name == "Müller, Jörg & Söhne (Support)"
    assert address.addr_spec == "service@xn--mller-kva.example"


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://portal.example.com", "no-reply@portal.example.com"),
        ("http://127.0.0.1:8000", "no-reply@localhost"),
    ],
)
@pytest.mark.parametrize(
    "configured", ["", "nonsense", "a@b, c@d", "x\r\nBcc: a@b.example", "ü@x.example"]
)
def test_the_sender_is_never_a_reason_not_to_start(
    settings: Settings, base_url: str, expected: str, configured: str
) -> None:
    changed = replace(settings, base_url=base_url, mail_from=configured)
    sender, was_ignored = sender_of(changed)
    assert sender.address == expected
    assert was_ignored == bool(configured)
    check_bytes(made(sender=sender).content)


@pytest.mark.parametrize(
    ("address", "expected", "needs_smtputf8"),
    [
        ("info@müller.example", "info@xn--mller-kva.example", False),
        ("info@xn--mller-kva.example", "info@xn--mller-kva.example", False),
        ("jörg@müller.example", "jörg@xn--mller-kva.example", True),
        ("o'hara+x@example.com", "o'hara+x@example.com", False),
        ("=cmd|calc@example.org", "=cmd|calc@example.org", False),
    ],
)
def test_mail_goes_to_the_ascii_form_of_the_domain(
    address: str, expected: str, *, needs_smtputf8: bool
) -> None:
    mailbox = mailbox_of(address)
    assert mailbox is not None
    assert (mailbox.address, mailbox.needs_smtputf8) == (expected, needs_smtputf8)
    mail = made(recipient=mailbox)
    check_bytes(mail.content)
    assert mail.recipient == expected
    assert mail.content.isascii() == (not needs_smtputf8)
    assert f"\r\nTo: {expected}\r\n".encode() in mail.content


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b",
        "Kim <kim@meyer.example>",
        "a@b\r\nc",
    ],
)
def test_what_is_no_address_gets_no_mail(address: str) -> None:
    assert mailbox_of(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "=?utf-8?q?a?=@example.org",
        "=?utf-8?q?a=0d=0aBcc=3a_x?=@example.org",
        "=?utf-8?q?a=40evil=2eexample=2c_b?=@example.org",
    ],
)
def test_t5_an_address_that_headers_read_as_another_one_gets_no_mail(address: str) -> None:
    # It is valid, and Python makes another address of it, a second one, or a header of its own.
    assert validate_email(address, check_deliverability=False).local_part in address
    message = EmailMessage(policy=policy.SMTP)
    local, _, domain = address.partition("@")
    message["To"] = Address(username=local, domain=domain)
    assert address.encode() not in message.as_bytes(policy=policy.SMTP)
    assert mailbox_of(address) is None
    # Nor is there a header for it, should it ever come so far.
    with pytest.raises(InvalidHeaderDefect):
        Mailbox(local=local, domain=domain).header()


def test_long_headers_that_programs_follow_stay_as_they_are() -> None:
    # `email` folds at 78 characters, and writes what has no space as encoded words.
    message = EmailMessage(policy=policy.SMTP)
    address = "<https://portal.example.com/" + "b" * 200 + ">"
    for name in ("List-Unsubscribe", "In-Reply-To", "References"):
        message[name] = address
    assert b"=?utf-8?" in message.as_bytes(policy=policy.SMTP)
    sent = message.as_bytes(policy=SentPolicy(linesep="\r\n"))
    for name in ("List-Unsubscribe", "In-Reply-To", "References"):
        assert f"{name}: {address}\r\n".encode() in sent


@pytest.mark.parametrize(
    ("unsubscribe", "more"),
    [
        ("", []),
        (f"https://portal.example.com/reminders/{'b' * 300}", ["List-Unsubscribe-Post"]),
        # Whoever listens in between could press, too: mail programs take https only.
        (f"http://portal.example.com/reminders/{'b' * 300}", []),
        (f"mailto:help@example.com?subject={'b' * 300}", []),
    ],
)
def test_mail_programs_can_offer_to_unsubscribe(unsubscribe: str, more: list[str]) -> None:
    content = made(unsubscribe=unsubscribe).content
    check_bytes(content, *(["List-Unsubscribe"] if unsubscribe else []), *more)
    if unsubscribe:
        assert f"\r\nList-Unsubscribe: <{unsubscribe}>\r\n".encode() in content
    if more:
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content


def test_a_long_message_id_stays_readable() -> None:
    domain = ".".join(["a-long-label-of-a-host"] * 9) + ".example.com"
    sender = Mailbox(local="no-reply", domain=domain)
    message_id = message_id_of("mail-1", sender)
    content = made(sender=sender).content
    assert f"\r\nMessage-ID: {message_id}\r\n".encode() in content
    check_bytes(content)


@pytest.mark.parametrize("shift", range(12))
def test_a_long_subject_of_other_letters_has_encoded_words_of_75_characters_at_most(
    shift: int,
) -> None:
    subject = f"{'x' * shift}Ваш запрос на доступ получен, и мы скоро ответим вам на него письмом"
    content = made(subject=subject).content
    check_bytes(content)
    encoded = re.findall(rb"=\?utf-8\?.+?\?=", content.partition(b"\r\n\r\n")[0])
    assert len(encoded) > 1
    assert max(map(len, encoded)) <= 75
    assert Received("", "", content).message["Subject"] == f"{subject} [ref]"


def test_the_message_id_is_the_same_each_time_and_tells_nothing() -> None:
    entry_id = "mail-86810_104348-2026-11-23T10:00:00.000Z-0a1b2c3d"
    first, second = message_id_of(entry_id, SENDER), message_id_of(entry_id, SENDER)
    assert first == second != message_id_of(f"{entry_id}0", SENDER)
    assert re.fullmatch(r"<[0-9a-f]{32}@portal\.example\.com>", first)


def test_mails_about_one_request_stand_together_and_no_others(
    store: Store, settings: Settings
) -> None:
    domain = ".".join(["a-long-label-of-a-host"] * 9) + ".example.com"
    post = post_to(replace(settings, mail_from=f"no-reply@{domain}"), Kept())
    threads, message_ids = [], []
    for number, kinds in ((1, (Kind.RECEIVED, Kind.ADDRESS)), (2, (Kind.RECEIVED,))):
        tenant = Tenant(
            id=f"pending-{reference(number)}",
            status=Status.PENDING,
            version=1,
            contact=Contact(company="A", name="B", email="kim@meyer.example"),
            created_at=START,
        )
        store.write([Add(item_of(tenant))])
        for kind in kinds:
            mail = post.mail(store, new_entry(tenant, kind, "en", START), START)
            # However long it is, it stands in one piece.
            found = re.findall(rb"\r\n(In-Reply-To|References): (<\S+>)(?=\r\n)", mail.content)
            assert [name for name, _value in found] == [b"In-Reply-To", b"References"]
            assert len({value for _name, value in found}) == 1
            threads.append(found[0][1].decode())
            message_ids.append(mail.message_id)
            assert reference(number) not in found[0][1].decode()
    assert threads[0] == threads[1] != threads[2]
    # No bounce message can be about it.
    assert not {*threads} & {*message_ids}


def test_no_absence_note_answers_it() -> None:
    assert Received("", "", made().content).message["Auto-Submitted"] == "auto-generated"


def test_long_paragraphs_have_short_lines() -> None:
    content = made(["ü" * 20_000, "word " * 5_000]).content
    check_bytes(content)
    body = content.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert "ü" * 20_000 in Received("", "", content).text()
