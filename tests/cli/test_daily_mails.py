"""Whatever sends mail makes the daily round: the command, once or watching, and the function."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from portal.cli import aws_lambda
from portal.outbox import Delivery, Until, send_once, watch_rounds
from portal.records import DeliveryState
from portal.settings import Settings
from portal.stores.contract import Store, UnavailableError
from portal.timestamps import utc_now
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.examples import sign_up
from tests.mail.letters_and_facts import Kept, entries, post_to
from tests.mail_server import Received, mail_server


def environ() -> dict[str, str]:
    """In a zone where it is past six in the morning now."""
    zone = "Etc/GMT-12" if utc_now().hour < 6 else "UTC"
    return {
        "PORTAL_MAIL_STAFF": "anna@portal.example",
        "PORTAL_MAIL_STAFF_LANGUAGE": "de",
        "PORTAL_TIME_ZONE": zone,
        "PORTAL_SECRET_KEY": SECRET_KEY,
    }


@pytest.fixture
def waiting(store: Store) -> Store:
    sign_up(store, now=utc_now() - timedelta(days=5))
    return store


def digests(folder: Path) -> list[Received]:
    files = [Received("", "", path.read_bytes()) for path in (folder / "mail").glob("*.eml")]
    return [each for each in files if str(each.message["To"]) == "anna@portal.example"]


def test_the_command_sends_a_digest_once_a_day(folder: Path, waiting: Store) -> None:
    for _ in range(2):
        run(folder, "outbox", "send", **environ())
    (digest,) = digests(folder)
    assert str(digest.message["Subject"]).startswith("Was im Onboarding-Portal wartet [")
    assert "Anfragen, die länger warten als zugesagt: 1." in digest.text()
    assert len(entries(waiting)) == 2


def test_old_mails_in_files_are_deleted_although_mail_leaves_by_a_server_now(
    folder: Path, waiting: Store
) -> None:
    run(folder, "outbox", "send")
    (path,) = (folder / "mail").iterdir()
    month_ago = (utc_now() - timedelta(days=31)).timestamp()
    os.utime(path, (month_ago, month_ago))
    with mail_server() as server:
        address = f"smtp://127.0.0.1:{server.port}"
        run(folder, "outbox", "send", PORTAL_MAIL_URL=address, PORTAL_MAIL_FILE_DAYS="32")
        assert path.exists()
        run(folder, "outbox", "send", PORTAL_MAIL_URL=address)
    assert not path.exists()
    (entry,) = entries(waiting)
    assert entry.state is DeliveryState.SENT


def test_without_addresses_there_is_no_digest(folder: Path, waiting: Store) -> None:
    run(folder, "outbox", "send", **environ() | {"PORTAL_MAIL_STAFF": ""})
    assert len(entries(waiting)) == 1


def test_the_function_for_lambda_sends_it_as_well(
    folder: Path, waiting: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (environ() | {"PORTAL_DATA_DIR": str(folder)}).items():
        monkeypatch.setenv(name, value)

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 120_000

    assert aws_lambda.send_due({}, Context())["sent"] == 2
    assert len(digests(folder)) == 1


def test_a_round_that_fails_ends_no_watching() -> None:
    calls: list[int] = []

    def rounds(_until: Until) -> bool:
        calls.append(1)
        if len(calls) == 1:
            raise UnavailableError(reason="The disk is gone.", remedy="Bring it back.")
        return False

    watch_rounds(rounds, lambda seconds: seconds > 0 and len(calls) > 1, 0.01)
    assert len(calls) == 2


def test_what_is_due_is_sent_between_the_parts_of_a_long_round(
    settings: Settings, waiting: Store
) -> None:
    way = Kept()
    worker = Delivery(store=waiting, post=post_to(settings, way), clock=utc_now)
    sent_before: list[int] = []

    def rounds(_until: Until) -> bool:
        sent_before.append(len(way.mails))
        if len(sent_before) < 3:
            sign_up(waiting, 1 + len(sent_before), now=utc_now())
        return len(sent_before) < 3

    assert send_once(worker, rounds).sent == 3
    assert sent_before == [1, 2, 3]
    # Lambda ends soon: the round waits for the next call.
    assert send_once(worker, rounds, until=lambda: True).sent == 0
    assert len(sent_before) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_MAIL_STAFF", "anna"),
        ("PORTAL_MAIL_STAFF", ",".join(f"a{number}@portal.example" for number in range(21))),
        ("PORTAL_MAIL_STAFF_LANGUAGE", "xx"),
        ("PORTAL_MAIL_SNS_TOPICS", "bounces"),
        ("PORTAL_MAIL_RETURN_PATH", f"{'b' * 21}@example.com"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(folder: Path, name: str, value: str) -> None:
    result = run(folder, "outbox", "status", **{name: value})
    assert result.exit_code != 0
    assert name in result.output
