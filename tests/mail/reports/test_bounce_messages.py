"""A bounce message counts if it came to an address that the portal signed, in the standard form."""

import pytest

from portal.mail import ReturnPath, read_bounce
from portal.records import outbox_key
from tests.mail.reports.bounce_examples import absence_note, bounce_message

OLD, NEW, STRANGE = ("a" * 32, "b" * 32, "c" * 32)
PATH = ReturnPath("bounces@example.com", [NEW, OLD])
KEY = outbox_key("mail-pending-1")
ADDRESS = PATH.address_for(KEY)


def test_the_address_names_the_mail_and_fits_into_every_mail_server() -> None:
    longest = ReturnPath(f"{'b' * 20}@example.com", [NEW]).address_for(KEY)
    assert len(longest.partition("@")[0]) == 64
    assert PATH.key_in(f"Kim <{ADDRESS}>") == KEY
    # Mail servers may change the case.
    assert PATH.key_in(ADDRESS.upper()) == KEY


def test_a_signature_by_an_earlier_key_is_valid_and_no_other_is() -> None:
    assert PATH.key_in(ReturnPath("bounces@example.com", [OLD]).address_for(KEY)) == KEY
    forged = ReturnPath("bounces@example.com", [STRANGE]).address_for(KEY)
    assert PATH.key_in(forged) is None
    other_mail = PATH.address_for(outbox_key("mail-pending-2"))
    signature, _, rest = ADDRESS.partition("+")[2].partition("-")
    assert PATH.key_in(ADDRESS.replace(signature, other_mail.partition("+")[2][:26])) is None
    assert rest
    assert PATH.key_in(ADDRESS.replace("example.com", "example.org")) is None
    # A forged address before a good one does not hide it.
    assert PATH.key_in(f"{forged}, {ADDRESS}") == KEY


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "is_hard", "reason"),
    [
        ("failed", "5.1.1", "smtp; 550 5.1.1 unknown", True, "no_such_address 5.1.1"),
        ("Failed ", "5.2.2", "smtp; 552 5.2.2 full", True, "mailbox_full 5.2.2"),
        ("failed", "4.2.2", "smtp; 452 4.2.2 full", False, "mailbox_full 4.2.2"),
        ("delayed", "4.4.1", "smtp; 421 try later", False, "not_delivered 4.4.1"),
        # It says that it waits, so it may still arrive.
        ("delayed", "5.0.0", "smtp; what", False, "not_delivered 5.0.0"),
        ("failed", "5.0.0", "smtp; 550-5.7.26 unauthenticated", True, "blocked 5.7.26"),
        ("failed", "5.0.0", "smtp; 550 no such user", True, "not_delivered 5.0.0"),
        ("failed", "", "smtp; 554 5.7.1 refused", True, "blocked 5.7.1"),
        ("failed", "nonsense", "nothing", True, "not_delivered"),
    ],
)
def test_what_a_report_says(
    action: str, status: str, diagnostic: str, reason: str, *, is_hard: bool
) -> None:
    content = bounce_message(ADDRESS, action=action, status=status, diagnostic=diagnostic)
    notice = read_bounce(content, PATH)
    assert notice is not None
    assert (notice.key, notice.is_hard, notice.reason) == (KEY, is_hard, reason)


def test_the_same_message_has_the_same_id_and_another_one_has_not() -> None:
    def id_of(message_id: str) -> str:
        notice = read_bounce(bounce_message(ADDRESS, message_id=message_id), PATH)
        assert notice is not None
        return notice.id

    assert id_of("<1@mx>") == id_of("<1@mx>") != id_of("<2@mx>")
    # Without one, the content is compared.
    assert id_of("") == id_of("")


@pytest.mark.parametrize(
    "content",
    [
        absence_note(ADDRESS),
        bounce_message(ADDRESS, report_type="disposition-notification"),
        bounce_message(ADDRESS, action="delivered"),
        bounce_message(ADDRESS, action="relayed"),
        bounce_message("bounces@example.com"),
        bounce_message("kim@meyer.example"),
        bounce_message(ADDRESS)[:600],
        b"",
        b"\xff\x00" * 500,
        b"Content-Type: multipart/report; report-type=delivery-status\r\nTo: "
        + ADDRESS.encode()
        + b"\r\n\r\n\xff",
        b"To: =?utf-8?q?" + ADDRESS.encode() + b"\r\nContent-Type: \xff/\xff\r\n\r\n",
    ],
    ids=lambda content: str(len(content)),
)
def test_what_is_no_bounce_message_marks_nothing(content: bytes) -> None:
    assert read_bounce(content, PATH) is None


@pytest.mark.parametrize("levels", [400, 5_000])
@pytest.mark.parametrize(
    "level",
    [
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n',
        b"Content-Type: message/rfc822\r\nX-Level: %d %d\r\n\r\n",
    ],
)
def test_a_deep_message_costs_little_and_ends_nothing(level: bytes, levels: int) -> None:
    nested = b"".join(level % (number, number) for number in range(levels))
    head = b"To: " + ADDRESS.encode() + b"\r\n"
    assert read_bounce(head + nested, PATH) is None
