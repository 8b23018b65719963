"""Credentials that are looked up and renewed in the background, never in a request's thread.

This module loads botocore: import it only to make a client.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from portal.stores.aws.opening import OPENING_SECONDS, OpeningFailedError
from portal.stores.aws.single_flight import SingleFlight

if TYPE_CHECKING:
    from botocore.session import Session

#: Credentials that are valid for this long are used while others are fetched.
_STILL_GOOD_SECONDS = 60
#: Between two attempts to renew credentials that are still good.
_PAUSE_SECONDS = 5.0

#: For the clients that the SDK makes to fetch credentials. Its own limits add up to minutes.
_LOOK_UP_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})


class BackgroundCredentials(Credentials):  # type: ignore[misc] # botocore has no annotations
    """The credentials that the SDK found. A background thread renews them.

    Args:
        found: What the SDK found.
        clock: Seconds that only increase.
    """

    def __init__(self, found: Credentials, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._found = found
        self._clock = clock
        self.method = found.method
        self._latest: ReadOnlyCredentials = found.get_frozen_credentials()
        self._renewal: SingleFlight[ReadOnlyCredentials] = SingleFlight(self._renew)
        self._next_renewal = 0.0

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The credentials to sign with.

        Raises:
            OpeningFailedError: They have expired, and no others could be fetched.
        """
        found = self._found
        if not isinstance(found, RefreshableCredentials) or not found.refresh_needed():
            return found.get_frozen_credentials()
        if not found.refresh_needed(_STILL_GOOD_SECONDS):
            if self._clock() >= self._next_renewal:
                self._next_renewal = self._clock() + _PAUSE_SECONDS
                self._renewal.start()
            return self._latest
        try:
            return self._renewal.result(OPENING_SECONDS)
        except Exception as error:
            raise OpeningFailedError("credentials", error) from error

    def _renew(self) -> ReadOnlyCredentials:
        self._latest = self._found.get_frozen_credentials()
        return self._latest

    # The SDK reads these one by one in some places.

    @property
    def access_key(self) -> str:
        return str(self.get_frozen_credentials().access_key)

    @property
    def secret_key(self) -> str:
        return str(self.get_frozen_credentials().secret_key)

    @property
    def token(self) -> str | None:
        token: str | None = self.get_frozen_credentials().token
        return token

    @property
    def account_id(self) -> str | None:
        account_id: str | None = self.get_frozen_credentials().account_id
        return account_id


def look_up_credentials(session: "Session") -> None:
    """Find credentials, and have the session use them. Takes as long as it takes.

    Raises:
        Exception: Whatever the SDK raises, and what opening a file or starting a program raises.
    """
    session.set_default_client_config(_LOOK_UP_CONFIG)
    found = session.get_component("credential_provider").load_credentials()
    if found is None:
        raise NoCredentialsError
    session.register_component("credential_provider", _Provider(BackgroundCredentials(found)))


class _Provider:
    def __init__(self, credentials: BackgroundCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> BackgroundCredentials:
        return self._credentials
