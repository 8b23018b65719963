"""Each error of the settings and the store is one line: what happened, why, what to do next."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from portal.cli import command_errors
from portal.cli.errors import opened_store, read_settings
from portal.settings import Settings, SettingsError
from portal.stores import BusyError, ItemNotFoundError, UnavailableError, VersionConflictError

FULL = UnavailableError(reason="The disk is full. Nothing was saved.", remedy="Make room on it.")
BUSY = BusyError(reason="DynamoDB throttles PutItem.")
CONFLICT = VersionConflictError(item_id="1_2", item={"tenantId": "1_2", "name": "Kim"})
SOMEBODY_ELSE = "Somebody else changed the same data at the same moment."
NEXT_STEP = "Run the command again: it continues where it stopped."


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FULL, "The disk is full. Nothing was saved. Make room on it."),
        (BUSY, "DynamoDB throttles PutItem. Nothing was changed. Run the command again."),
        (CONFLICT, f"{SOMEBODY_ELSE} Nothing was changed. Run the command again."),
        (
            ItemNotFoundError(item_id="1_2"),
            f"{SOMEBODY_ELSE} Nothing was changed. Run the command again.",
        ),
        (SettingsError("AWS_REGION", "Set it to a region."), "AWS_REGION: Set it to a region."),
    ],
)
def test_an_error_is_one_sentence_with_its_reason(error: Exception, sentence: str) -> None:
    with pytest.raises(click.ClickException) as caught, command_errors():
        raise error
    assert (caught.value.message, caught.value.exit_code) == (sentence, 1)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FULL, f"The disk is full. Nothing was saved. Make room on it. {NEXT_STEP}"),
        (BUSY, f"DynamoDB throttles PutItem. {NEXT_STEP}"),
        (CONFLICT, f"{SOMEBODY_ELSE} {NEXT_STEP}"),
    ],
)
def test_a_command_says_its_own_next_step(error: Exception, sentence: str) -> None:
    with pytest.raises(click.ClickException) as caught, command_errors(NEXT_STEP):
        raise error
    assert caught.value.message == sentence


def test_an_unexpected_error_passes_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), command_errors(NEXT_STEP):
        raise ZeroDivisionError


def fail_on_get(settings: Settings) -> None:
    with opened_store(settings, NEXT_STEP) as store:
        store.get("1_2")


def wrong_setting(_settings: Settings) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTAL_PROXY_HOPS", "many")
        read_settings()


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (fail_on_get, f"{SOMEBODY_ELSE} {NEXT_STEP}"),
        (wrong_setting, "PORTAL_PROXY_HOPS: Set it to"),
    ],
)
def test_the_store_and_the_settings_are_opened_with_the_same_sentences(
    function: Callable[[Settings], None], sentence: str, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    with pytest.raises(click.ClickException) as caught:
        function(settings)
    assert caught.value.message.startswith(sentence)
