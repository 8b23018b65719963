"""Ctrl-C and other signals stop an import between two writes, and it says how far it came."""

import signal

import pytest

from migrations_tools.imports.importing import NEXT_STEP
from migrations_tools.imports.signals import interruptible
from portal.imports import JobState
from tests.migrations_tools.imports.hooked_import import ROWS, at


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("moment", ["write", "written"])
def test_ctrl_c_within_a_write_stops_the_import_after_it(hooked_import, capsys, moment):
    message = hooked_import.error_message(at(moment, 9, press_ctrl_c), as_json=True)
    job = hooked_import.last_job
    assert message == (
        f"Stopped. {job.processed} of {ROWS} rows are written. Import {job.id}. {NEXT_STEP}"
    )
    assert 0 < job.processed == hooked_import.tenants < ROWS
    # Nobody goes on with it, so what it wrote can be undone at once.
    assert job.state is JobState.STOPPED
    assert capsys.readouterr().out == ""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    hooked_import.assert_next_run_completes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_stop_signals_do_the_same(hooked_import, number):
    with interruptible():
        hook = at("write", 9, lambda: signal.raise_signal(number))
        message = hooked_import.error_message(hook)
    job = hooked_import.last_job
    assert message == (
        f"Stopped. {job.processed} of {ROWS} rows are written. Import {job.id}. {NEXT_STEP}"
    )
    assert 0 < job.processed == hooked_import.tenants < ROWS
    assert signal.getsignal(number) is signal.SIG_DFL


def test_the_id_is_printed_before_the_first_row(hooked_import, capsys):
    """A process that is killed prints nothing at its end."""
    printed = []

    def look(call: str, _number: int) -> None:
        if call == "write":
            printed.append((hooked_import.tenants, capsys.readouterr().err))

    assert hooked_import.run(look) is True
    shown = [(tenants, text) for tenants, text in printed if text]
    assert shown == [(0, f"Import {hooked_import.last_job.id}.\n")]


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_ctrl_c_does_not_wait_for_the_write(hooked_import):
    def press_twice() -> None:
        press_ctrl_c()
        press_ctrl_c()

    message = hooked_import.error_message(at("write", 9, press_twice))
    assert message.startswith(f"Stopped. {hooked_import.tenants} of {ROWS} rows are written.")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
