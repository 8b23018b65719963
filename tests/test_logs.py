"""The log: each record is one line of JSON, without the texts of exceptions."""

import io
import json
import logging
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from portal import logs
from portal.settings import Settings, SettingsError

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
