"""Names and addresses of the world, through a real mail server, read again by `email`'s own parser.

Each mail is made as the portal makes it, handed over by SMTP, and parsed from the bytes that
arrived: what a mail program shows must be what was meant.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, message_from_string, policy
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader, UniqueUnstructuredHeader

import html5lib
import pytest

from portal.mail import MailError, Post, Problem
from portal.records import DeliveryState, new_outbox_entry
from portal.settings import MailServer as Server
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import Contact
from tests.conftest import SECRET_KEY, START
from tests.examples import ANN, CONTACT, sign_up
from tests.mail_server import MailServer, Received, mail_server
from tests.onboarding.verb_calls import call_activate

#: Typed address, and the one that mail goes to.
ADDRESSES = [
    ("kim@meyer.example", "kim@meyer.example"),
    ("info@müller.example", "info@xn--mller-kva.example"),
    ("info@MÜLLER.example", "info@xn--mller-kva.example"),
    ("info@例え.テスト", "info@xn--r8jz45g.xn--zckzah"),
    ("a+b_c.d-e@meyer.example", "a+b_c.d-e@meyer.example"),
    ("o'neil@meyer.example", "o'neil@meyer.example"),
    ("l" * 64 + "@meyer.example", "l" * 64 + "@meyer.example"),
    (
        f"kim@{'a' * 60}.{'b' * 60}.{'c' * 60}.example",
        f"kim@{'a' * 60}.{'b' * 60}.{'c' * 60}.example",
    ),
]
#: These need SMTPUTF8: letters before the `@`.
INTERNATIONAL = [
    ("jürgen@müller.example", "jürgen@xn--mller-kva.example"),
    ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah"),
    ("δοκιμή@meyer.example", "δοκιμή@meyer.example"),
]
NAMES = [
    "Kim Meyer",
    "Jürgen Müller-Lüdenscheidt",
    "Meyer, Kim",
    "Meyer, Kim <boss@evil.example>, Lou",
    'Kim "the boss" Meyer \\',
    "Kim; Lou: Meyer",
    "=?utf-8?q?Kim?=",
    "佐藤 さくら",
    "محمد علي",
    "👩‍🔧 Kim",
    "K" * 200,
    "ü" * 200,
    "Wort " * 39 + "Ende",
    "Kim (Meyer)",
    "Kim Meyer.",
    "from kim",
    ". Kim",
    "<b>Kim</b> & Söhne",
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server(enable_SMTPUTF8=True, decode_data=False) as running:
        yield running


def post_by(settings: Settings, server: MailServer, **changes: str) -> Post:
    smtp = Server(way="smtp", host="127.0.0.1", port=server.port)
    changed = replace(settings, mail_server=smtp, **changes)  # type: ignore[arg-type] # texts
    return Post(changed, [SECRET_KEY])


def deliver(store: Store, post: Post, contact: Contact) -> None:
    """The mail of an approval: it is the first that names the person and the company."""
    pending = sign_up(store, contact=contact)
    tenant = call_activate(store, pending.id, 1, ANN)
    entry = new_outbox_entry(tenant.id, "approved", "de", START)
    assert entry.state is DeliveryState.DUE
    post.send(post.mail(store, entry, START), seconds=10)


def checked(received: Received) -> Received:
    """What holds for every mail, as it is on the wire."""
    lines = received.content.split(b"\r\n")
    assert not [line for line in lines if b"\n" in line or b"\r" in line or len(line) > 998]
    head, _, _body = received.content.partition(b"\r\n\r\n")
    for word in re.findall(rb"=\?[^?]*\?[^?]*\?[^?]*\?=", head):
        assert len(word) <= 75
    assert received.message.defects == []
    for name, header in received.message.items():
        assert header.defects == (), name
    # Only the two parts, and each header once.
    names = [name.lower() for name in received.message]
    assert len(names) == len(set(names))
    assert not set(names) & {"bcc", "cc", "reply-to"}
    for part in received.message.iter_parts():
        assert part.defects == []
    return received


def the_only(received: Received, name: str) -> tuple[str, str]:
    """Name and address of the one address in a header."""
    header = received.message[name]
    assert isinstance(header, AddressHeader)
    (address,) = header.addresses
    return address.display_name, address.addr_spec


@pytest.mark.parametrize(("typed", "expected"), ADDRESSES)
def test_mail_goes_to_the_ascii_form_of_an_address(
    store: Store, settings: Settings, server: MailServer, typed: str, expected: str
) -> None:
    deliver(store, post_by(settings, server), replace(CONTACT, email=typed))
    received = checked(server.received[0])
    assert received.recipient == expected
    assert the_only(received, "To") == ("", expected)
    assert received.content.isascii()


@pytest.mark.parametrize(("typed", "expected"), INTERNATIONAL)
def test_an_address_with_other_letters_arrives_where_the_server_knows_them(
    store: Store, settings: Settings, server: MailServer, typed: str, expected: str
) -> None:
    deliver(store, post_by(settings, server), replace(CONTACT, email=typed))
    (received,) = server.received
    assert received.recipient == expected
    # The parser of bytes takes headers for ASCII, whatever its policy.
    utf8 = message_from_string(received.content.decode(), policy=policy.SMTPUTF8)
    header = utf8["To"]
    assert isinstance(header, AddressHeader)
    assert [address.addr_spec for address in header.addresses] == [expected]
    assert f"To: {expected}\r\n".encode() in received.content


@pytest.mark.parametrize(("typed", "expected"), INTERNATIONAL)
def test_and_is_said_to_be_out_of_reach_where_it_does_not(
    store: Store, settings: Settings, typed: str, expected: str
) -> None:
    del expected
    with mail_server(enable_SMTPUTF8=False) as server, pytest.raises(MailError) as refused:
        deliver(store, post_by(settings, server), replace(CONTACT, email=typed))
    assert refused.value.problem is Problem.NO_SMTPUTF8
    assert server.received == []


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_in_the_body_and_in_no_header(
    store: Store, settings: Settings, server: MailServer, name: str
) -> None:
    company = f"{name} GmbH"[:200]
    deliver(store, post_by(settings, server), replace(CONTACT, name=name, company=company))
    received = checked(server.received[0])
    assert received.recipient == CONTACT.email
    assert the_only(received, "To") == ("", CONTACT.email)
    flat = " ".join(received.text().split())
    for text in (name, company):
        assert " ".join(text.split()) in flat
    body = html5lib.parse(received.text("html"), namespaceHTMLElements=False).find("body")
    assert body is not None
    words = " ".join("".join(body.itertext()).split())
    for text in (name, company):
        assert " ".join(text.split()) in words
    subject = received.message["Subject"]
    assert isinstance(subject, UniqueUnstructuredHeader)
    assert str(subject).startswith("Ihr Zugang ist genehmigt [")
    assert "evil" not in " ".join(map(str, received.message.values()))


@pytest.mark.parametrize(
    ("setting", "name", "address"),
    [
        ("Müller, Söhne & Co. <dienst@müller.example>", "Müller, Söhne & Co.",
         "dienst@xn--mller-kva.example"),
        ('"Meyer, Kim" <kim@meyer.example>', "Meyer, Kim", "kim@meyer.example"),
        ("客户服务 <service@example.com>", "客户服务", "service@example.com"),
        (f"{'ü' * 120} <service@example.com>", "ü" * 120, "service@example.com"),
        (f"{'Lange Abteilung ' * 12}X <service@example.com>", f"{'Lange Abteilung ' * 12}X",
         "service@example.com"),
        ("service@example.com", "", "service@example.com"),
    ],
)  # fmt: skip
def test_the_sender_is_one_whatever_its_name(
    *, store: Store, settings: Settings, server: MailServer, setting: str, name: str, address: str
) -> None:
    deliver(store, post_by(settings, server, mail_from=setting), CONTACT)
    received = checked(server.received[0])
    assert received.sender == address
    shown, parsed_address = the_only(received, "From")
    assert parsed_address == address
    # The newer parser writes a space between the words of a long name; the older one, and mail
    # programs, join them as the standard says.
    older = str(message_from_bytes(received.content)["From"])
    encoded = older.rpartition("<")[0].strip() if "<" in older else ""
    assert shown == name or str(make_header(decode_header(encoded))) == name


def test_a_return_path_of_its_own_changes_no_header(
    store: Store, settings: Settings, server: MailServer
) -> None:
    post = post_by(
        settings, server,
        mail_from="service@example.com", mail_return_path="bounces@example.com",
    )  # fmt: skip
    deliver(store, post, CONTACT)
    received = checked(server.received[0])
    assert re.fullmatch(r"bounces\+[a-z2-7]{26}-[a-z2-7]{16}@example\.com", received.sender)
    assert the_only(received, "From") == ("", "service@example.com")
    assert b"bounces" not in received.content
