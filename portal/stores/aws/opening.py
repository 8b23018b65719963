"""Makes the clients of AWS: in the background, and anew after a failure.

Before a client can send anything, the SDK reads files, looks for credentials, and may ask other
programs and endpoints, as long as these like. A failure is not kept: the next call begins with a
new session, which reads everything again.
"""

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from portal.stores.aws.single_flight import SingleFlight
from portal.stores.aws.whole_answers import check_whole_answers
from portal.stores.waiting import remaining_seconds

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.config import Config
    from botocore.loaders import Loader

#: How long a call waits for its client, if it has no deadline of its own.
OPENING_SECONDS = 20.0


#: Without this many seconds before the deadline, a call would only be lost.
SHORTEST_CALL_SECONDS = 0.05


class NoTimeError(Exception):
    """The deadline is too near to send anything, so nothing was sent."""


def require_time() -> None:
    """`NoTimeError` if the deadline is too near for a call."""
    if remaining_seconds(at_most=1.0) < SHORTEST_CALL_SECONDS:
        raise NoTimeError


class OpeningFailedError(Exception):
    """There is no client, so nothing was sent.

    Attributes:
        stage: What failed: the look-up of credentials, or making the client.
        reason: The error of the SDK, of the operating system, or a `NotYetError`.
    """

    def __init__(self, stage: Literal["credentials", "client"], reason: Exception) -> None:
        super().__init__(stage)
        self.stage = stage
        self.reason = reason


class ClientOpener:
    """One client for any number of threads of one process, made on the first call.

    Args:
        make: Makes the client. Called in a background thread.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None
        self._opening: SingleFlight[Any] = SingleFlight(self._open)

    @property
    def opened(self) -> Any:
        """The client if there is one, otherwise `None`."""
        return self._client

    def get(self) -> Any:
        """The client.

        Raises:
            OpeningFailedError: It cannot be made, or not in the time that the caller has.
        """
        client = self._client
        if client is not None:
            return client
        try:
            return self._opening.result(OPENING_SECONDS)
        except OpeningFailedError:
            raise
        except Exception as error:
            raise OpeningFailedError("client", error) from error

    def forget(self, client: Any) -> None:
        """Make another client on the next call, since the credentials of this one are no good.

        Calls of other threads end with the client that they have.
        """
        with self._lock:
            if self._client is client:
                self._client = None

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> Any:
        client = self._client
        if client is None:
            client = self._make()
            with self._lock:
                self._client = client
        return client


def make_aws_client(
    service: str,
    *,
    region: str | None,
    config: "Config",
    endpoint: str | None = None,
    direct: bool = False,
) -> "BaseClient":
    """A low-level client with its credentials. Takes as long as it takes, so see `ClientOpener`.

    Args:
        direct: Its requests are sent as `direct_requests` does, which says for whom it is.

    Raises:
        OpeningFailedError: There are no credentials, or the configuration cannot be used.
    """
    from botocore.config import Config  # noqa: PLC0415 - 0.4 s, and the file store needs none
    from botocore.session import Session  # noqa: PLC0415 - as above

    from portal.stores.aws.answer_parser import use_fast_parser  # noqa: PLC0415 - loads botocore
    from portal.stores.aws.connections import use_deadlines  # noqa: PLC0415 - loads botocore
    from portal.stores.aws.credentials import look_up_credentials  # noqa: PLC0415 - loads botocore
    from portal.stores.aws.direct_requests import (  # noqa: PLC0415 - loads botocore
        use_direct_requests,
    )

    try:
        session = Session()
        session.register_component("data_loader", _loader())
        use_fast_parser(session)
    except Exception as error:
        raise OpeningFailedError("client", error) from error
    try:
        look_up_credentials(session)
    except Exception as error:
        raise OpeningFailedError("credentials", error) from error
    try:
        # The SDK would put its name together anew for each request, which is a tenth of its work.
        named = config.merge(Config(user_agent=session.user_agent()))
        client = session.create_client(
            service, region_name=region, endpoint_url=endpoint, config=named
        )
    except Exception as error:
        raise OpeningFailedError("client", error) from error
    use_deadlines(client)
    check_whole_answers(client)
    if direct:
        use_direct_requests(client, session)
    return client


@lru_cache(1)
def _loader() -> "Loader":
    """One for the process: it reads AWS's service descriptions, which takes 0.1 s."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - as above

    return create_loader()
