"""A sign-in at the provider, from its beginning to the account.

This module loads Authlib: import it only when a provider is set.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from joserfc.errors import JoseError
from requests import RequestException

from portal.auth import AccessToken, Account
from portal.oidc.accounts import account_of
from portal.oidc.connections import new_session
from portal.oidc.errors import ProviderError, ProviderProblem, known_code
from portal.oidc.id_token import subject_of_id_token
from portal.oidc.provider_data import ProviderData
from portal.oidc.unfinished import UnfinishedSignIn
from portal.oidc_setting import OidcSetting
from portal.stores import remaining_seconds

#: Threads of one worker that wait for the provider at a time. The others go on answering while the
#: provider hangs.
_AT_ONCE = 4
_WAIT_SECONDS = 2.0
_MAX_CODE = 4_000
#: No session lasts longer.
_LONGEST_SECONDS = 12 * 3600


class OpenIdProvider:
    """The provider that the settings name. It is asked for the first time when somebody signs in.

    Args:
        seconds: A clock that only goes forward.
    """

    def __init__(
        self,
        setting: OidcSetting,
        *,
        base_url: str,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._setting = setting
        self._redirect_uri = f"{base_url}/staff/oidc/callback"
        self._signed_out_uri = f"{base_url}/staff/sign-in"
        self._data = ProviderData(setting.issuer, seconds)
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    @property
    def redirect_uri(self) -> str:
        """The address that has to be registered at the provider."""
        return self._redirect_uri

    def check(self) -> None:
        """Ask for what the provider publishes, without signing anybody in.

        Raises:
            ProviderError: It does not answer, or publishes something else, or no key.
        """
        with self._session() as session:
            if not self._data.keys(_fetch_by(session)):
                raise ProviderError(ProviderProblem.METADATA)

    def begin(self) -> tuple[str, UnfinishedSignIn]:
        """The address to send a browser to, and what is to be kept meanwhile.

        Raises:
            ProviderError: The provider does not answer.
        """
        kept = UnfinishedSignIn(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
        )
        with self._session() as session:
            metadata = self._data.metadata(_fetch_by(session))
            url, _state = session.create_authorization_url(
                metadata.authorization,
                state=kept.state,
                nonce=kept.nonce,
                code_verifier=kept.verifier,
                # A form that the provider's page posts would come without our cookie.
                response_mode="query",
            )
        return str(url), kept

    def finish(
        self,
        unfinished: Sequence[UnfinishedSignIn],
        answer: Mapping[str, Sequence[str]],
        now: datetime,
    ) -> Account:
        """The account with which the browser comes back.

        Args:
            unfinished: What the session of this browser has kept.
            answer: The arguments of the address to which the provider has sent it.

        Raises:
            ProviderError: The sign-in failed, whatever the reason.
        """
        if any(len(values) != 1 for values in answer.values()):
            raise ProviderError(ProviderProblem.ANSWER)
        given = {name: values[0] for name, values in answer.items()}
        kept = _kept(unfinished, given.get("state", ""))
        issuer, code = given.get("iss"), given.get("code", "")
        if issuer is not None and issuer != self._setting.issuer:
            raise ProviderError(ProviderProblem.ISSUER)
        if "error" in given:
            raise ProviderError(ProviderProblem.REFUSED, known_code(given["error"]))
        if not 0 < len(code) <= _MAX_CODE:
            raise ProviderError(ProviderProblem.ANSWER)
        with self._session() as session:
            metadata = self._data.metadata(_fetch_by(session))
            if metadata.sends_issuer and issuer is None:
                raise ProviderError(ProviderProblem.ISSUER)
            session.token_endpoint_auth_method = (
                metadata.auth_method if self._setting.client_secret else "none"
            )
            token = session.fetch_token(
                metadata.token,
                grant_type="authorization_code",
                code=code,
                code_verifier=kept.verifier,
            )
            id_token, access_token = token.get("id_token"), token.get("access_token")
            if not isinstance(id_token, str) or not isinstance(access_token, str):
                # The library takes such an answer, and then there is nobody who has signed in.
                raise ProviderError(ProviderProblem.NO_ID_TOKEN)
            subject = subject_of_id_token(
                id_token,
                self._data,
                _fetch_by(session),
                issuer=self._setting.issuer,
                client_id=self._setting.client_id,
                nonce=kept.nonce,
                access_token=access_token,
                now=now,
            )
            # Providers put little more than the subject into the ID token.
            userinfo = _fetch_by(session, with_token=True)(metadata.userinfo)
        access = AccessToken(text=access_token, subject=subject, until=_until(token, now))
        return account_of(
            userinfo, self._setting, subject=subject, id_token=id_token, access=access
        )

    def ask_again(self, access: AccessToken) -> Account:
        """Who the person of an access token is now, and in which role.

        Raises:
            ProviderError: `ENDED` if the provider does not know the token any more.
        """
        with self._session() as session:
            metadata = self._data.metadata(_fetch_by(session))
            session.token = {"access_token": access.text, "token_type": "Bearer"}
            userinfo = _fetch_by(session, with_token=True)(metadata.userinfo)
        return account_of(userinfo, self._setting, subject=access.subject)

    def sign_out_url(self, id_token: str) -> str:
        """The address at which a browser signs out at the provider, too; empty if it has none, or
        does not answer. `id_token`: empty if it is not known any more."""
        try:
            with self._session() as session:
                address = self._data.metadata(_fetch_by(session)).end_session
        except ProviderError:
            return ""
        if not address:
            return ""
        arguments = {
            "client_id": self._setting.client_id,
            "post_logout_redirect_uri": self._signed_out_uri,
            **({"id_token_hint": id_token} if id_token else {}),
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(arguments)}"

    @contextmanager
    def _session(self) -> Iterator[Any]:
        """A session with the provider.

        Raises:
            ProviderError: Whatever the libraries raise inside of it.
        """
        if not self._places.acquire(timeout=remaining_seconds(_WAIT_SECONDS)):
            raise ProviderError(ProviderProblem.BUSY)
        try:
            with (
                _our_errors(),
                new_session(
                    self._setting, redirect_uri=self._redirect_uri, auth_method=None
                ) as session,
            ):
                yield session
        finally:
            self._places.release()


@contextmanager
def _our_errors() -> Iterator[None]:
    """Every error that the libraries know becomes ours. None of their texts goes on, since they may
    repeat an answer."""
    try:
        yield
    except OAuthError as error:
        raise ProviderError(ProviderProblem.REFUSED, known_code(error.error)) from error
    except (AuthlibBaseError, JoseError) as error:
        raise ProviderError(ProviderProblem.ANSWER, type(error).__name__) from error
    except (RequestException, OSError) as error:
        raise ProviderError(ProviderProblem.UNREACHABLE, type(error).__name__) from error
    except (ValueError, RecursionError) as error:
        # An answer that is no JSON object.
        raise ProviderError(ProviderProblem.ANSWER, type(error).__name__) from error


def _until(token: Mapping[str, Any], now: datetime) -> datetime:
    """When the access token ends. Without a word of that, it is asked as long as it works."""
    seconds = token.get("expires_in")
    if not isinstance(seconds, int) or not 0 < seconds < _LONGEST_SECONDS:
        seconds = _LONGEST_SECONDS
    return now + timedelta(seconds=seconds)


def _kept(unfinished: Sequence[UnfinishedSignIn], state: str) -> UnfinishedSignIn:
    for each in unfinished:
        if secrets.compare_digest(each.state.encode(), state.encode(errors="replace")):
            return each
    raise ProviderError(ProviderProblem.STATE)


def _fetch_by(session: Any, *, with_token: bool = False) -> Callable[[str], dict[str, Any]]:
    def fetch(address: str) -> dict[str, Any]:
        with _our_errors():
            response = session.get(address, withhold_token=not with_token)
            if with_token and response.status_code == 401:
                raise ProviderError(ProviderProblem.ENDED)
            if response.status_code != 200:
                raise ProviderError(ProviderProblem.ANSWER, f"HTTP {response.status_code}")
            # Some providers sign this answer, if the client is set up so: then it is no JSON.
            answer = response.json()
        if not isinstance(answer, dict):
            raise ProviderError(ProviderProblem.ANSWER)
        return answer

    return fetch
