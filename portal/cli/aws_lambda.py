"""The entries for AWS Lambda.

handle_request  answers HTTP: events of API Gateway, of a function URL or of a load balancer
send_due        sends mail; a schedule calls it, for example each minute
"""

import logging
import os
import time
from contextlib import closing
from typing import Any, Protocol

from portal import logs
from portal.cli.deliveries import send_all_due
from portal.settings import Settings, SettingsError
from portal.stores import open_store

logger = logging.getLogger(__name__)


class Context(Protocol):
    """What Lambda says about this call, as far as it is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this call."""


class CallError(Exception):
    """A call failed. Lambda's runtime writes its text into the log, so it holds no other one's."""


def __getattr__(name: str) -> Any:
    """Make the function when Lambda looks it up: before the first call, while starting costs least.

    Raises:
        StartError: The portal cannot start. Lambda shows why.
    """
    if name != "handle_request":
        raise AttributeError(name)
    from portal.lambda_http import open_function  # noqa: PLC0415 - `send_due` needs it not

    globals()[name] = function = open_function()
    return function


def send_due(event: object, context: Context) -> dict[str, int]:
    """Deliver what is due, and stop while there is time left for the delivery under way.

    Returns:
        How many mails were sent, put off, given up, and not needed any more.

    Raises:
        CallError: It could not be done. A line of the log says where it failed.
    """
    del event
    logs.configure()
    background = logs.write_in_background() if _is_on_lambda() else None
    token = logs.lambda_request_id.set(getattr(context, "aws_request_id", ""))
    try:
        return _send_due(context)
    except SettingsError as error:
        raise CallError(str(error)) from None
    except Exception as error:
        logger.exception("What is due could not be sent.")
        raise CallError(f"{type(error).__name__}: a line of the log says where.") from None
    finally:
        logs.lambda_request_id.reset(token)
        if background:
            # The process is frozen after this.
            background.wait_until_written(1.0)


def _send_due(context: Context) -> dict[str, int]:
    from portal.outbox import Schedule  # noqa: PLC0415 - takes 0.3 s

    settings = Settings.from_environment(os.environ)
    if _is_on_lambda() and settings.mail_server.way == "file":
        raise SettingsError(
            "PORTAL_MAIL_URL",
            "Set it to the server that sends mail: on AWS Lambda mails would be files, which"
            " disappear with the function.",
        )
    left = context.get_remaining_time_in_millis() / 1000 - Schedule().lease
    last_start = time.monotonic() + left
    with closing(open_store(settings)) as store:
        tally = send_all_due(settings, store, until=lambda: time.monotonic() > last_start)
    return {
        "sent": tally.sent,
        "putOff": tally.put_off,
        "givenUp": tally.given_up,
        "dropped": tally.dropped,
    }


def _is_on_lambda() -> bool:
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
