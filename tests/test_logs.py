"""The log: each record is one line of JSON, without the texts of exceptions."""

import io
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal import logs
from portal.settings import Settings, SettingsError
from tests.pipes import full_pipe

ROOT = Path(__file__).parent.parent
CANARY = "canary-5d1f"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(stream: io.StringIO) -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.logs")
    handler = logs.SafeStreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)
    logger.propagate = True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_has_its_fields(logger: logging.Logger, stream: io.StringIO) -> None:
    logger.info("A tenant was %s.", "activated")
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "tests.logs",
        "message": "A tenant was activated.",
        "requestId": "",
    }


def test_the_time_is_in_utc(logger: logging.Logger, stream: io.StringIO) -> None:
    logger.info("now")
    assert datetime.fromisoformat(lines(stream)[0]["time"]).utcoffset() == timedelta(0)


def test_a_record_has_the_request_id(logger: logging.Logger, stream: io.StringIO) -> None:
    token = logs.request_id.set("4f1c")
    logger.info("inside")
    logs.request_id.reset(token)
    logger.info("outside")
    assert [line["requestId"] for line in lines(stream)] == ["4f1c", ""]


@pytest.mark.parametrize(
    "typed",
    ['a\nERROR {"level": "ERROR"}', "a\r\nb", "a\x1b]0;b\x07", "a\u2028b\u2029c\x85d", "\ud800"],
    ids=["line feed", "carriage return", "terminal escape", "separators", "lone surrogate"],
)
def test_typed_text_cannot_start_a_second_record(typed: str) -> None:
    # Without a logger, since pytest-xdist would send the record between its processes.
    record = logging.makeLogRecord({"msg": "Company: %s", "args": (typed,)})
    line = logs.JsonLines().format(record)
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == f"Company: {typed}"


def test_an_exception_is_logged_by_type_and_line_only(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    try:
        Settings.from_environment({"PORTAL_BASE_URL": f"https://{CANARY}:port"})
    except SettingsError:
        logger.exception("The portal did not start.")
    (line,) = lines(stream)
    assert line["error"] == ["portal.setting_parsers.SettingsError", "ValueError"]
    assert {place.partition(":")[0] for place in line["at"]} == {
        "portal.settings", "portal.setting_parsers",
    }  # fmt: skip
    assert all(place.partition(":")[2].isdigit() for place in line["at"])
    assert CANARY not in stream.getvalue()


def test_an_exception_of_other_code_has_its_last_line(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    try:
        json.loads(CANARY)
    except ValueError:
        logger.exception("Unreadable.")
    assert lines(stream)[0]["error"][0] == "json.decoder.JSONDecodeError"
    assert lines(stream)[0]["at"][0].startswith("json.decoder:")
    assert CANARY not in stream.getvalue()


def test_exceptions_that_cause_each_other_are_listed_once(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    first, second = KeyError(CANARY), OSError(CANARY)
    first.__context__, second.__context__ = second, first
    logger.error("In a circle.", exc_info=first)
    assert lines(stream)[0]["error"] == ["KeyError", "OSError"]


def test_a_record_that_cannot_be_written_does_not_show_its_arguments(
    logger: logging.Logger, stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    # Straight to the handler, since pytest's own would fail the test at such a record.
    slip = ("%d tenants", (CANARY,), None)
    logger.handlers[0].handle(logger.makeRecord("a", logging.INFO, __file__, 1, *slip))
    (line,) = lines(stream)
    assert "test_logs" in line["message"]
    assert CANARY not in stream.getvalue() + "".join(capfd.readouterr())


def test_existing_handlers_are_left_alone() -> None:
    # pytest has set up handlers, which other tests read.
    before = list(logging.getLogger().handlers)
    assert before
    logs.configure()
    assert logging.getLogger().handlers == before


def test_a_background_stream_waits_for_no_reader_and_says_what_was_lost() -> None:
    reader, writer = os.pipe()
    stream = logs.BackgroundStream(writer)
    lines = logs.BackgroundStream.MOST_WAITING + 1000
    for number in range(lines):
        stream.write(f"{number}{'x' * 100}\n")
    stream.write("the last one\n")
    received = b""
    while b"0xxx" not in received:
        received += os.read(reader, 65536)
    assert received.startswith(b"0x")
    while received.count(b"\n") < logs.BackgroundStream.MOST_WAITING:
        received += os.read(reader, 65536)
    stream.wait_until_written(30)
    assert b"the last one" not in received
    os.close(reader)


# ---- Whose log it is

OTHERS = """
import logging, os, sys, threading, warnings
from portal import logs

class Other(logging.Handler):
    def emit(self, record):
        os.write(1, b"other ")

def attack():
    logging.getLogger().addHandler(Other())
    library = logging.getLogger("library")
    library.addHandler(Other())
    library.propagate = False
    logging.getLogger().setLevel(logging.ERROR)
"""


def outcome(script: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    """What a program does that begins with `OTHERS`."""
    return subprocess.run(
        [sys.executable, "-c", OTHERS + script],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    "order",
    [
        "attack(); logs.configure()",
        "logs.configure(); attack(); logs.configure()",
        "logs.configure(); logs.configure()",
        "attack(); logging.config.dictConfig(logs.CONFIGURATION); logs.configure()",
    ],
)
def test_only_the_portal_writes_whoever_was_first(order: str) -> None:
    done = outcome(f"""
import logging.config
{order}
logging.getLogger("portal.some").info("one")
logging.getLogger("library").info("two")
""")
    assert done.stdout == ""
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["one", "two"]


def test_a_handler_that_comes_later_gets_nothing() -> None:
    done = outcome("""
logs.configure()
logging.getLogger().addHandler(Other())
logging.getLogger("portal.some").error("one")
""")
    assert done.stdout == ""
    assert json.loads(done.stderr)["message"] == "one"


def test_a_program_around_the_portal_may_keep_its_own_log() -> None:
    done = outcome("""
logs.embedding_handlers.append(Other)
attack()
logs.configure()
logging.getLogger("portal.some").error("one")
""")
    assert (done.stdout, done.stderr) == ("other ", "")


def test_what_python_prints_by_itself_has_no_text_of_an_exception() -> None:
    done = outcome(f"""
logs.configure()
def fail():
    raise ValueError("{CANARY}")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
class Unraisable:
    def __del__(self):
        fail()
Unraisable()
warnings.warn("{CANARY}")
import asyncio
async def forget():
    asyncio.get_running_loop().create_task(asyncio.sleep(0)).cancel()
    future = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError("{CANARY}"))
asyncio.run(forget())
fail()
""")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line.get("error", []) for line in lines] == [
        ["ValueError"], ["ValueError"], [], ["ValueError"], ["ValueError"],
    ]  # fmt: skip
    assert [line["logger"] for line in lines if not line.get("error")] == ["py.warnings"]
    assert CANARY not in done.stdout + done.stderr
    assert done.returncode == 1


def test_a_closed_standard_error_takes_no_file_of_the_portal(tmp_path: Path) -> None:
    path = tmp_path / "file"
    done = outcome(
        f"""
logs.configure()
with open({str(path)!r}, "w") as file:
    assert file.fileno() > 2
    logging.getLogger("portal").error("nobody reads it")
    sys.stderr.write("nor this")
    with logs.written_in_background():
        logging.getLogger("portal").error("nor this")
print("well")
""",
        preexec_fn=lambda: os.close(2),
    )
    assert done.stdout == "well\n"
    assert path.read_text() == ""


def test_a_reader_that_is_gone_stops_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [sys.executable, "-c", OTHERS + """
logs.configure()
logging.getLogger("portal").error("one")
with logs.written_in_background():
    logging.getLogger("portal").error("two")
print("well", logs.dropped_lines())
"""],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=writer,
    ) as process:  # fmt: skip
        os.close(writer)
        assert process.communicate(timeout=60)[0] == b"well 1\n"


# ---- A reader that has stopped


def test_lines_that_are_dropped_are_counted_and_said_at_once_when_somebody_reads_again() -> None:
    reader, writer = full_pipe()
    before = logs.dropped_lines()
    stream = logs.BackgroundStream(writer)
    for number in range(logs.BackgroundStream.MOST_WAITING + 500):
        stream.write(f"{number}\n")
    # The newest are dropped, whether or not the first is being written already.
    assert 499 <= stream.dropped <= 500
    assert not stream.wait_until_written(0.01)
    started = time.monotonic()
    assert not stream.wait_until_written(30)
    assert time.monotonic() - started < 1
    received = b""
    while b"lines were lost" not in received:
        received += os.read(reader, 65536)
    (said,) = [line for line in received.split(b"\n") if b"lines were lost" in line]
    assert json.loads(said)["message"].startswith(f"{stream.dropped} log lines were lost")
    assert logs.dropped_lines() == before
    os.close(reader)


def test_long_lines_take_no_more_memory_than_many_short_ones() -> None:
    reader, writer = full_pipe()
    stream = logs.BackgroundStream(writer)
    for _ in range(100):
        stream.write("x" * 100_000)
    most = logs.BackgroundStream.MOST_CHARACTERS // 100_000
    assert stream.dropped == 100 - most
    os.close(reader)
