"""`portal outbox bounces` reads what came to the return path: a file, a mailbox, a maildir."""

import mailbox
import os
from datetime import timedelta
from pathlib import Path

import pytest

from portal.mail import ReturnPath
from portal.records import DeliveryState, outbox_key
from portal.stores.contract import Store
from portal.timestamps import utc_now
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.examples import CONTACT, sign_up
from tests.mail.letters_and_facts import entries
from tests.mail.reports.bounce_examples import absence_note, bounce_message
from tests.mail_server import mail_server

SAID = "{} noted, {} known already, {} about unknown mail, {} other messages.\n"
ENV = {"PORTAL_MAIL_RETURN_PATH": "Bounces@example.com", "PORTAL_SECRET_KEY": SECRET_KEY}


@pytest.fixture
def return_path(folder: Path, store: Store) -> str:
    """Where reports about a mail go that a real mail server took."""
    sign_up(store, now=utc_now())
    with mail_server() as server:
        address = f"smtp://127.0.0.1:{server.port}"
        run(folder, "outbox", "send", PORTAL_MAIL_URL=address, **ENV)
    (mail,) = server.received
    # The sender that people see, and answer to, is another one.
    assert "bounces" not in str(mail.message["From"])
    assert mail.sender.startswith("bounces+")
    assert mail.recipient == CONTACT.email
    return mail.sender


def test_a_file(folder: Path, store: Store, return_path: str, tmp_path: Path) -> None:
    file = tmp_path / "bounce.eml"
    file.write_bytes(bounce_message(return_path))
    assert run(folder, "outbox", "bounces", str(file), **ENV).stdout == SAID.format(1, 0, 0, 0)
    assert run(folder, "outbox", "bounces", str(file), **ENV).stdout == SAID.format(0, 1, 0, 0)
    (entry,) = entries(store)
    assert (entry.state, entry.reason) == (DeliveryState.CAME_BACK, "no_such_address 5.1.1")
    assert run(folder, "outbox", "status").stdout == "0 waiting, 1 given up.\n"


def test_a_mailbox(folder: Path, store: Store, return_path: str, tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    box = mailbox.mbox(path)
    for number in (1, 2):
        delayed = bounce_message(
            return_path, action="delayed", status="4.4.1", message_id=f"<{number}@mx>"
        )
        box.add(delayed)
    box.add(absence_note(return_path))
    box.close()
    assert run(folder, "outbox", "bounces", str(path), **ENV).stdout == SAID.format(2, 0, 0, 1)
    assert run(folder, "outbox", "bounces", str(path), **ENV).stdout == SAID.format(0, 2, 0, 1)
    (entry,) = entries(store)
    assert (entry.state, entry.soft_bounces) == (DeliveryState.SENT, 2)


def test_a_maildir_whose_messages_are_read_once(
    folder: Path, store: Store, return_path: str, tmp_path: Path
) -> None:
    path = tmp_path / "maildir"
    box = mailbox.Maildir(path)
    box.add(bounce_message(return_path))
    box.add(b"\xff" * 100)
    assert run(folder, "outbox", "bounces", str(path), **ENV).stdout == SAID.format(1, 0, 0, 1)
    assert run(folder, "outbox", "bounces", str(path), **ENV).stdout == SAID.format(0, 0, 0, 0)
    assert {message.get_flags() for message in box} == {"S"}
    assert {message.get_subdir() for message in box} == {"cur"}
    (entry,) = entries(store)
    assert entry.state is DeliveryState.CAME_BACK


def test_a_report_about_a_mail_that_is_not_known_yet_stays_new(
    folder: Path, store: Store, tmp_path: Path
) -> None:
    sign_up(store, now=utc_now())
    (due,) = entries(store)
    path = tmp_path / "maildir"
    box = mailbox.Maildir(path)
    # The server took the mail, and reported before the portal had written that down.
    at = ReturnPath("bounces@example.com", [SECRET_KEY]).address_for(outbox_key(due.id))
    box.add(bounce_message(at))
    stays = "1 about unknown mail stay new, to be read again for a week.\n"
    for _ in range(2):
        said = run(folder, "outbox", "bounces", str(path), **ENV).stdout
        assert said == SAID.format(0, 0, 1, 0) + stays
    assert {message.get_subdir() for message in box} == {"new"}
    run(folder, "outbox", "send", **ENV)
    assert run(folder, "outbox", "bounces", str(path), **ENV).stdout == SAID.format(1, 0, 0, 0)
    assert {message.get_flags() for message in box} == {"S"}


def test_a_report_about_a_mail_that_stays_unknown_is_left_for_a_person(
    folder: Path, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "maildir"
    box = mailbox.Maildir(path)
    box.add(bounce_message(ReturnPath("bounces@example.com", [SECRET_KEY]).address_for("ab" * 16)))
    (file,) = (path / "new").iterdir()
    week_ago = (utc_now() - timedelta(days=7, minutes=1)).timestamp()
    os.utime(file, (week_ago, week_ago))
    assert run(folder, "outbox", "bounces", str(path), **ENV).stdout == SAID.format(0, 0, 1, 0)
    (message,) = box
    # A mail program shows it as unread.
    assert (message.get_subdir(), message.get_flags()) == ("cur", "")


def test_a_message_that_is_far_too_large_is_no_bounce(
    folder: Path, store: Store, return_path: str, tmp_path: Path
) -> None:
    file = tmp_path / "large.eml"
    file.write_bytes(bounce_message(return_path) + b"x" * 6_000_000)
    assert run(folder, "outbox", "bounces", str(file), **ENV).stdout == SAID.format(0, 0, 0, 1)
    assert {entry.state for entry in entries(store)} == {DeliveryState.SENT}


def test_what_cannot_be_read_is_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run(folder, "outbox", "bounces", str(tmp_path / "empty"), **ENV)
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr
    unset = run(folder, "outbox", "bounces", str(tmp_path))
    assert unset.exit_code == 1
    assert "PORTAL_MAIL_RETURN_PATH" in unset.stderr
    wrong = run(folder, "outbox", "status", PORTAL_MAIL_RETURN_PATH="no address")
    assert wrong.exit_code != 0
    assert "PORTAL_MAIL_RETURN_PATH" in wrong.stderr
