"""Credentials that cannot be had, come late, end or change: for the store and for KMS alike."""

import os
import time
from pathlib import Path

import pytest

from portal.stores import UnavailableError, clear_deadline, set_deadline
from tests.fault_proxy import Between, Refuse, always, first
from tests.stores.aws.conftest import Caller
from tests.stores.aws.surroundings import UNUSABLE, Machine, process_answer, silent

#: How long a test lets a request wait, and how long it may take on a slow machine.
SHORT_SECONDS, LONG_SECONDS = 0.5, 6.0


def refused(caller: Caller) -> UnavailableError:
    with pytest.raises(UnavailableError) as caught:
        caller.call()
    return caught.value


def test_no_credentials_at_the_first_call_are_looked_for_again(
    caller: Caller, machine: Machine, proxy: Between
) -> None:
    for _ in range(2):
        error = refused(caller)
        assert "NoCredentialsError" in error.reason
        assert "IAM role" in error.remedy
    assert proxy.operations == []
    machine.configure_keys("LATER")
    caller.call()
    assert proxy.access_keys == ["LATER"]


def test_credentials_that_aws_no_longer_accepts_are_looked_up_anew(
    caller: Caller, machine: Machine, proxy: Between
) -> None:
    machine.configure_keys("FIRST")
    caller.call()
    for number, code in enumerate(("ExpiredTokenException", "UnrecognizedClientException")):
        machine.configure_keys(f"NEXT{number}")
        proxy.plan = always(Refuse(code))
        assert code in refused(caller).reason
        proxy.plan = lambda _operation, _number: None
        caller.call()
        assert proxy.access_keys[-1] == f"NEXT{number}"


def test_credentials_that_end_and_come_back(
    caller: Caller, machine: Machine, proxy: Between, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.json"
    machine.configure(f"credential_process = cat {answers}")
    # Less than a minute is left, so they are renewed before each call.
    answers.write_text(process_answer("ONE", minutes=0.5))
    caller.call()
    answers.unlink()
    for _ in range(2):
        assert "CredentialRetrievalError" in refused(caller).reason
    answers.write_text(process_answer("TWO", minutes=60))
    caller.call()
    assert proxy.access_keys == ["ONE", "TWO"]


def test_credentials_that_are_still_good_are_used_while_they_cannot_be_renewed(
    caller: Caller, machine: Machine, proxy: Between, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.json"
    machine.configure(f"credential_process = cat {answers}")
    answers.write_text(process_answer("ONE", minutes=9))
    caller.call()
    answers.unlink()
    caller.call()
    assert proxy.access_keys == ["ONE", "ONE"]


def test_a_program_that_sleeps_holds_nobody_beyond_the_deadline(
    caller: Caller, machine: Machine, proxy: Between, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    machine.configure(f"credential_process = cat {pipe}")
    set_deadline(seconds=SHORT_SECONDS)
    start = time.monotonic()
    error = refused(caller)
    assert time.monotonic() - start < LONG_SECONDS
    assert "did not come in time" in error.reason or "NotYetError" in error.reason
    assert "credential_process" in error.remedy
    assert proxy.operations == []
    # They are used as soon as they come.
    pipe.write_text(process_answer("LATE", minutes=60))
    clear_deadline()
    caller.call()
    assert proxy.access_keys == ["LATE"]


def test_a_silent_sts_holds_nobody_beyond_the_deadline(
    caller: Caller, machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("token")
    with silent() as sts:
        machine.set(
            AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"),
            AWS_ROLE_ARN="arn:aws:iam::123456789012:role/portal",
            AWS_ENDPOINT_URL_STS=sts,
        )
        set_deadline(seconds=SHORT_SECONDS)
        start = time.monotonic()
        for _ in range(2):
            assert "NotYetError" in refused(caller).reason
        assert time.monotonic() - start < LONG_SECONDS


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_named(
    case: tuple[list[str], dict[str, str], str], caller: Caller, machine: Machine, proxy: Between
) -> None:
    lines, variables, code = case
    machine.configure(*lines)
    machine.set(**variables)
    error = refused(caller)
    assert code in error.reason
    assert not error.outcome_unknown
    assert "AWS_" in error.remedy or "IAM role" in error.remedy
    assert proxy.operations == []


def test_a_call_without_time_sends_nothing(
    caller: Caller, machine: Machine, proxy: Between
) -> None:
    machine.configure_keys("A")
    caller.call()
    sent = len(proxy.operations)
    set_deadline(seconds=0.0)
    error = refused(caller)
    assert len(proxy.operations) == sent
    assert not error.outcome_unknown


def test_a_call_that_fails_once_is_made_again(
    caller: Caller, machine: Machine, proxy: Between
) -> None:
    machine.configure_keys("A")
    proxy.plan = first(1, Refuse("InternalServerError", 500))
    caller.call()
    assert len(proxy.operations) == 2
