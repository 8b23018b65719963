"""`portal serve` sends mail in a process of its own: whatever a mail server does, nobody waits."""

import os
import re
import signal
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from portal.serving import Companion, Limits
from tests.mail_server import mail_server, silent_server
from tests.serving import Portal, free_port, serving

HIDDEN = r'name="(csrf_token|form_token)"[^>]*value="([^"]+)"'


def sign_up(portal: Portal, number: int) -> float:
    """Sends a sign-up as a browser does. Returns how many seconds the answer took."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{portal.url}/sign-up", timeout=20).read().decode()
    form = {
        **dict(re.findall(HIDDEN, page)),
        "company": f"Meyer {number}",
        "name": "Kim Meyer",
        "email": f"kim{number}@meyer.example",
    }
    body = urllib.parse.urlencode(form).encode()
    began = time.monotonic()
    with browser.open(f"{portal.url}/sign-up", body, timeout=20) as answer:
        assert "/status/" in answer.url
    return time.monotonic() - began


def eventually(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.05)


def lives(process: int) -> bool:
    with suppress(FileNotFoundError):
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    return False


def test_serving_sends_mail_by_itself(tmp_path: Path) -> None:
    with mail_server() as server:
        settings = {"PORTAL_MAIL_URL": f"smtp://127.0.0.1:{server.port}"}
        with serving(tmp_path, settings=settings) as portal:
            sign_up(portal, 1)
            eventually(lambda: server.received)
            (process,) = portal.mail_processes()
        assert not lives(process)
    assert [mail.recipient for mail in server.received] == ["kim1@meyer.example"]
    log = (tmp_path / "log").read_text()
    assert "A mail was sent." in log
    assert "meyer" not in log.lower()


@pytest.mark.parametrize("kind", ["hangs", "down"])
def test_a_mail_server_that_hangs_or_is_down_slows_no_decision(tmp_path: Path, kind: str) -> None:
    with silent_server() as silent:
        port = silent if kind == "hangs" else free_port()
        settings = {"PORTAL_MAIL_URL": f"smtp://127.0.0.1:{port}"}
        with serving(tmp_path, settings=settings) as portal:
            eventually(portal.mail_processes)
            seconds = sorted(sign_up(portal, number) for number in range(20))
            # It has begun, and is waiting for the mail server.
            mail = portal.command("outbox", "status").splitlines()[0]
            assert mail == "20 waiting, 0 given up."
            began = time.monotonic()
    # With its worker waiting, the portal still stops within its time.
    assert time.monotonic() - began < 12
    assert seconds[10] < 0.5
    assert seconds[-1] < 3


def test_a_process_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with mail_server() as server:
        settings = {"PORTAL_MAIL_URL": f"smtp://127.0.0.1:{server.port}"}
        with serving(tmp_path, settings=settings) as portal:
            eventually(portal.mail_processes)
            (first,) = portal.mail_processes()
            os.kill(first, signal.SIGKILL)
            eventually(lambda: portal.mail_processes() - {first})
            sign_up(portal, 1)
            eventually(lambda: server.received)
    assert f"The process for mail ({first}) ended with status -9." in (tmp_path / "log").read_text()


def test_a_process_that_cannot_be_started_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = tmp_path / "program"
    companion = Companion([str(program)], Limits(longest_pause_seconds=0))
    companion.look_after()
    assert "could not be started: No such file or directory. It is tried again in 0" in caplog.text
    program.write_text("#!/bin/sh\necho started > $0.out\nread line\n")
    program.chmod(0o700)
    companion.look_after()
    eventually((tmp_path / "program.out").exists)
    companion.ask_to_end()
    companion.end(20)


#: Says that it lives and goes on; if it is told to stop going on, it only lives.
ALIVE = """
import sys, threading
from pathlib import Path
from portal.serving import Limits, signs_of_life
with signs_of_life(Limits(beat_seconds=0.05, stuck_seconds=1)) as goes_on:
    while not Path(sys.argv[1]).exists():
        goes_on()
        threading.Event().wait(0.05)
    threading.Event().wait(60)
"""


@pytest.mark.parametrize("how", ["frozen", "stuck"])
def test_one_that_does_not_go_on_is_killed_and_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    stuck = tmp_path / "stuck"
    limits = Limits(frozen_seconds=2)
    companion = Companion([sys.executable, "-c", ALIVE, str(stuck)], limits)

    def process() -> int | None:
        companion.look_after()
        return companion.process_id

    try:
        first = process()
        assert first is not None
        eventually(lambda: process() and companion.has_beaten)
        if how == "frozen":
            os.kill(first, signal.SIGSTOP)
        else:
            stuck.touch()
        eventually(lambda: process() not in (None, first))
        assert f"The process for mail ({first}) gave no sign of life for" in caplog.text
        assert f"The process for mail ({first}) ended with status -9." in caplog.text
    finally:
        companion.end(0)


def test_between_two_attempts_there_is_a_pause(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    companion = Companion([str(tmp_path / "nothing")], Limits())
    for _ in range(3):
        companion.look_after()
    assert caplog.text.count("could not be started") == 1
    companion.ask_to_end()
    companion.end(0)


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as portal:
        eventually(portal.mail_processes)
        (process,) = portal.mail_processes()
        portal.kill()
        eventually(lambda: not lives(process))


def test_somebody_may_send_mail_elsewhere(tmp_path: Path) -> None:
    with serving(tmp_path, "--no-outbox") as portal:
        sign_up(portal, 1)
        assert portal.mail_processes() == set()
        assert portal.command("outbox", "send").startswith("1 sent")
