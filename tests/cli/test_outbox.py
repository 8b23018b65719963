"""`portal outbox` and `portal doctor --mail`: what is due is sent, and an operator can try it."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal.cli import aws_lambda
from portal.queries import Tab
from portal.records import OUTBOX_DUE, DeliveryState
from portal.search import MarkingStore, find
from portal.stores import GSI4, KEY
from portal.stores.contract import Replace, Store
from portal.timestamps import utc_now
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.examples import CONTACT, sign_up
from tests.mail.letters_and_facts import entries
from tests.mail_server import MailServer, Received, mail_server, silent_server
from tests.queries.many_tenants import ids_of
from tests.serving import PORTAL, ROOT, free_port

NOTHING = "0 sent, 0 to be tried again, 0 given up, 0 not needed any more.\n"


@pytest.fixture
def due(store: Store) -> Store:
    """A store with two mails that are due."""
    for number in (1, 2):
        contact = replace(CONTACT, email=f"kim{number}@meyer.example")
        sign_up(store, number, contact=contact, now=utc_now())
    return store


def url(server: MailServer) -> str:
    return f"smtp://127.0.0.1:{server.port}"


def test_send_sends_what_is_due_once(folder: Path, due: Store) -> None:
    assert run(folder, "outbox", "status").stdout == "2 waiting, 0 given up.\n"
    with mail_server() as server:
        server.answers["RCPT"] = ["550 5.1.1 nobody"]
        result = run(folder, "outbox", "send", PORTAL_MAIL_URL=url(server))
        assert result.stdout == NOTHING.replace("0 sent", "1 sent").replace("0 given", "1 given")
        assert run(folder, "outbox", "send", PORTAL_MAIL_URL=url(server)).stdout == NOTHING
    assert len(server.received) == 1
    assert run(folder, "outbox", "status").stdout == "0 waiting, 1 given up.\n"


def test_a_mail_that_cannot_be_read_holds_up_no_other_and_is_named(
    folder: Path, due: Store
) -> None:
    item = due.get(str(due.query(GSI4, OUTBOX_DUE, limit=1).items[0][KEY]))
    due.write([Replace({**item, "status": "lost"}, int(item["version"]))])
    assert run(folder, "outbox", "send").stdout == NOTHING.replace("0 sent", "1 sent")
    assert run(folder, "outbox", "status").stdout == (
        f"0 waiting, 0 given up.\n1 cannot be read and are set aside: {item[KEY]}\n"
    )


def test_without_a_mail_server_mails_are_files_that_mail_programs_open(
    folder: Path, due: Store
) -> None:
    assert run(folder, "outbox", "send").stdout.startswith("2 sent")
    files = [Received("", "", path.read_bytes()) for path in (folder / "mail").glob("*.eml")]
    assert {str(each.message["To"]) for each in files} == {
        "kim1@meyer.example", "kim2@meyer.example",
    }  # fmt: skip
    assert {entry.way for entry in entries(due)} == {"file"}


def test_a_mail_server_that_is_down_is_no_error_of_the_command(folder: Path, due: Store) -> None:
    result = run(folder, "outbox", "send", PORTAL_MAIL_URL=f"smtp://127.0.0.1:{free_port()}")
    assert result.exit_code == 0
    assert result.stdout == NOTHING.replace("0 to be", "1 to be")


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "end of input"])
def test_watch_goes_on_until_it_is_stopped(folder: Path, due: Store, how: str) -> None:
    with mail_server() as server:
        environ = {
            "PATH": os.environ["PATH"],
            "PORTAL_DATA_DIR": str(folder),
            "PORTAL_SECRET_KEY": SECRET_KEY,
            "PORTAL_MAIL_URL": url(server),
        }
        command = [*PORTAL, "outbox", "send", "--watch", "--until-stdin-ends"]
        with subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            _wait_until(lambda: len(server.received) == 2)
            # What comes later is sent as well.
            sign_up(due, 3, now=utc_now())
            _wait_until(lambda: len(server.received) == 3)
            if how == "end of input":
                assert process.stdin is not None
                process.stdin.close()
            else:
                process.send_signal(getattr(signal, how))
            assert process.wait(timeout=20) == 0
            assert process.stderr is not None
            log = process.stderr.read().decode()
    assert log.count("A mail was sent.") == 3
    assert "meyer.example" not in log
    assert {entry.state for entry in entries(due)} == {DeliveryState.SENT}


def test_watch_keeps_house_for_the_file_store(folder: Path, due: Store) -> None:
    del due
    environ = {
        "PATH": os.environ["PATH"],
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_MAIL_URL": f"smtp://127.0.0.1:{free_port()}",
    }
    command = [*PORTAL, "outbox", "send", "--watch", "--until-stdin-ends"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.PIPE) as process:
        # Writers see by this lock that they need not compact.
        _wait_until(lambda: _is_locked(folder / "tenants.keeper"))
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    assert not _is_locked(folder / "tenants.keeper")


def _is_locked(path: Path) -> bool:
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def test_search_does_not_wait_for_a_mail_server_that_hangs(folder: Path, due: Store) -> None:
    with silent_server() as port:
        environ = {
            "PATH": os.environ["PATH"],
            "PORTAL_DATA_DIR": str(folder),
            "PORTAL_SECRET_KEY": SECRET_KEY,
            "PORTAL_MAIL_URL": f"smtp://127.0.0.1:{port}",
        }
        command = [*PORTAL, "outbox", "send", "--watch", "--until-stdin-ends"]
        with subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.PIPE) as process:
            # It waits for the answer to the first mail for the rest of this test.
            _wait_until(lambda: _is_claimed(due))
            new = sign_up(MarkingStore(due), 900, now=utc_now())
            _wait_until(lambda: new.id in ids_of(find(due, "elevators", Tab.ALL, utc_now()).rows))
            # The lease of that mail has not ended: nobody has given it up.
            assert _is_claimed(due)
            process.kill()


def _is_claimed(store: Store) -> bool:
    return any(entry.due_at and entry.due_at > utc_now() for entry in entries(store))


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = utc_now() + timedelta(seconds=30)
    while not condition():
        assert utc_now() < deadline, "it did not happen"
        threading.Event().wait(0.02)


class Context:
    """As Lambda gives it."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_aws_lambda_sends_what_is_due_while_there_is_time(
    folder: Path, due: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_DATA_DIR", str(folder))
    monkeypatch.setenv("PORTAL_SECRET_KEY", SECRET_KEY)
    with mail_server() as server:
        monkeypatch.setenv("PORTAL_MAIL_URL", url(server))
        nothing = {"sent": 0, "putOff": 0, "givenUp": 0, "dropped": 0}
        # A delivery may take nearly a minute, so none is begun that Lambda would cut off.
        assert aws_lambda.send_due({}, Context(59_000)) == nothing
        assert aws_lambda.send_due({}, Context(120_000)) == nothing | {"sent": 2}
        assert aws_lambda.send_due({}, Context(120_000)) == nothing
    assert len(server.received) == 2


# ---- portal doctor --mail


def test_doctor_says_where_mail_goes(folder: Path, store: Store) -> None:
    result = run(folder, "doctor")
    assert "ok       mail: no mail server is set up" in result.stdout
    with mail_server() as server:
        result = run(folder, "doctor", PORTAL_MAIL_URL=url(server))
        assert f"ok       mail by 127.0.0.1:{server.port}\n" in result.stdout
    assert server.received == []


def test_doctor_sends_a_mail_and_says_why_it_cannot(folder: Path, store: Store) -> None:
    address = "operator@müller.example"
    with mail_server() as server:
        result = run(folder, "doctor", "--mail", address, PORTAL_MAIL_URL=url(server))
        assert result.exit_code == 0
        assert "a mail from no-reply@localhost was sent" in result.stdout
        (mail,) = server.received
        assert mail.recipient == "operator@xn--mller-kva.example"
        server.answers["RCPT"] = ["550 5.1.1 operator@müller.example is unknown"]
        result = run(folder, "doctor", "--mail", address, PORTAL_MAIL_URL=url(server))
    assert result.exit_code == 1
    assert "The mail server refused this address. (550 5.1.1)" in result.stdout
    assert "Check the address." in result.stdout
    assert run(folder, "doctor", "--mail", "nobody").exit_code == 1


def test_doctor_reports_a_sender_that_cannot_be_used(folder: Path, store: Store) -> None:
    result = run(folder, "doctor", PORTAL_MAIL_FROM="nonsense")
    assert "PROBLEM  sender of mail" in result.stdout
    assert "no-reply@localhost" in result.stdout


def test_a_password_is_in_no_error(folder: Path, store: Store) -> None:
    for address in (
        "smtp://portal:s3cr3t@host:99999", "smtp://portal:s3cr3t@host/path", "smtp://a:s3cr3t@",
        "imap://portal:s3cr3t@host", "smtp://portal:s3cr3t@host?tls=maybe", "file:///s3cr3t",
        "smtp://portal:s3cr3t@[::1", "smtp://portal:s3cr3t@host?tls=none&tls=none",
    ):  # fmt: skip
        result = run(folder, "outbox", "send", PORTAL_MAIL_URL=address)
        assert result.exit_code == 1, address
        assert "PORTAL_MAIL_URL: Set it to smtp://user:password@host" in result.stderr
        assert "s3cr3t" not in result.output
    with silent_server() as port:
        environ = {"PORTAL_MAIL_URL": f"smtp://portal:s3cr3t@127.0.0.1:{port}?tls=none"}
        assert "s3cr3t" not in run(folder, "doctor", **environ).output


def test_the_command_starts_fast() -> None:
    script = "import sys; from portal.cli import main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"portal.mail", "portal.outbox", "smtplib"} & set(loaded)
