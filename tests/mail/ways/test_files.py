"""Mails in files, as long as no mail server is set up."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from portal.mail import OldFiles, is_writable, remove_files_before
from portal.mail.messages.addresses import Mailbox
from portal.mail.messages.errors import MailError, Problem, Retry
from portal.mail.messages.letter import Letter
from portal.mail.messages.message import OutgoingMail, compose, message_id_of
from portal.mail.messages.words import Words
from portal.mail.ways.ways import Files
from tests.conftest import START
from tests.mail_server import Received


def a_mail(number: int, local: str = "kim") -> OutgoingMail:
    sender = Mailbox(local="no-reply", domain="portal.example.com")
    return compose(
        Letter(subject="Subject", greeting="Hello,", paragraphs=(f"Number {number}",)),
        Words("en"),
        message_id=message_id_of(f"mail-{number}", sender),
        reference="ref",
        sender=sender,
        recipient=Mailbox(local=local, domain="meyer.example"),
        contact_url="",
        at=START,
    )


def test_each_mail_is_one_file_that_only_the_owner_reads(tmp_path: Path) -> None:
    files = Files(tmp_path)
    for number in (1, 2, 1):
        files.send(a_mail(number), seconds=1)
    found = sorted((tmp_path / "mail").iterdir())
    assert len(found) == 2
    assert {path.suffix for path in found} == {".eml"}
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
    texts = {Received("", "", path.read_bytes()).text().split()[1:3][-1] for path in found}
    assert texts == {"1", "2"}


def test_an_address_of_other_letters_is_written_as_well(tmp_path: Path) -> None:
    Files(tmp_path).send(a_mail(1, "jörg"), seconds=1)
    (path,) = (tmp_path / "mail").iterdir()
    assert "jörg@meyer.example".encode() in path.read_bytes()


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("no folder")
    assert not is_writable(tmp_path)
    with pytest.raises(MailError) as refused:
        Files(tmp_path).send(a_mail(1), seconds=1)
    assert (refused.value.retry, refused.value.problem) == (Retry.SOON, Problem.NO_FILE)
    assert refused.value.of_server


def written(folder: Path, days: float, number: int = 1) -> Path:
    """A mail that was written so many days ago."""
    before = set((folder / "mail").glob("*.eml"))
    Files(folder).send(a_mail(number), seconds=1)
    (path,) = set((folder / "mail").glob("*.eml")) - before
    at = (START - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))
    return path


def test_old_files_are_deleted(tmp_path: Path) -> None:
    old, new = written(tmp_path, 31, 1), written(tmp_path, 29, 2)
    # A crash left a draft of a mail, which is one as well.
    draft = new.with_name(f".{new.name}-0123456789abcdef")
    draft.write_bytes(new.read_bytes())
    os.utime(draft, (0, 0))
    other = tmp_path / "mail" / "notes.txt"
    other.write_text("of an operator")
    os.utime(other, (0, 0))
    assert remove_files_before(tmp_path, START - timedelta(days=30)) == 2
    assert {*(tmp_path / "mail").iterdir()} == {new, other}
    assert not old.exists()
    assert is_writable(tmp_path)


def test_old_files_are_deleted_once_an_hour(tmp_path: Path) -> None:
    seconds = iter((0.0, 0.0, 3599.0, 3600.0, 3600.0))
    files = OldFiles(tmp_path, 30, clock=lambda: START, seconds=lambda: next(seconds))
    # There is no folder yet.
    assert files.remove_if_due() == 0
    written(tmp_path, 31)
    assert files.remove_if_due() == 0
    assert files.remove_if_due() == 1
    assert not [*(tmp_path / "mail").iterdir()]


def test_a_large_folder_is_looked_through_in_parts(tmp_path: Path) -> None:
    kept = {written(tmp_path, 1, number) for number in range(5)}
    for number in range(5, 10):
        written(tmp_path, 31, number)
    files = OldFiles(tmp_path, 30, clock=lambda: START, seconds=lambda: 0.0)
    # It stops after each file, and begins none of them again.
    removed = [files.remove_if_due(lambda: True) for _ in range(11)]
    assert (sum(removed), max(removed)) == (5, 1)
    assert {*(tmp_path / "mail").iterdir()} == kept
    assert files.remove_if_due() == 0


def test_what_cannot_be_deleted_keeps_no_other_mail(tmp_path: Path) -> None:
    paths = [written(tmp_path, 31, number) for number in range(6)]
    # However the folder lists them, one of these stands before a mail.
    stuck = paths[::2]
    for path in stuck:
        path.unlink()
        (path / "inside").mkdir(parents=True)
        os.utime(path, (0, 0))
    files = OldFiles(tmp_path, 30, clock=lambda: START)
    assert files.remove_if_due() == 3
    assert {*(tmp_path / "mail").iterdir()} == {*stuck}
    written(tmp_path, 31, 7)
    with pytest.raises(OSError, match=r"directory|permitted"):
        remove_files_before(tmp_path, START)
    assert {*(tmp_path / "mail").iterdir()} == {*stuck}


def test_a_folder_that_is_none_disturbs_nothing(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("no folder")
    assert OldFiles(tmp_path, 30, clock=lambda: START).remove_if_due() == 0
