"""Requests to the provider whose whole answer has to arrive in time, and may not be large. The
deadline of the request that waits for the provider ends all of them sooner.

This module loads Authlib: import it only when a provider is set.
"""

from typing import Any

from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import HTTPAdapter

from portal.bounded_answers import SHORTEST_SECONDS, bounded_pools
from portal.oidc_setting import OidcSetting
from portal.stores import remaining_seconds
from portal.tracing import outgoing_headers

#: For each of: a new connection, and a whole answer.
CONNECTION_SECONDS = 3.0
ANSWER_SECONDS = 5.0
#: Of a whole answer with its headers. Real ones have some kilobytes.
MAX_ANSWER_BYTES = 256 * 1024


_POOLS = bounded_pools(lambda _: remaining_seconds(ANSWER_SECONDS), MAX_ANSWER_BYTES).by_scheme()


class _LimitedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().send(request, *args, **kwargs)
        # A few kilobytes can unpack to gigabytes, and nothing limits that. None was asked for.
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            response.close()
            raise OSError("the answer is compressed")
        return response


def new_session(setting: OidcSetting, *, redirect_uri: str, auth_method: str | None) -> Any:
    """An `OAuth2Session` for one sign-in.

    Args:
        auth_method: How the client shows its secret; the library's default if omitted.
    """
    session = OAuth2Session(
        setting.client_id,
        setting.client_secret or None,
        token_endpoint_auth_method=auth_method if setting.client_secret else None,
        scope=setting.scopes,
        redirect_uri=redirect_uri,
        # Without it, PKCE is left out though there is a verifier.
        code_challenge_method="S256",
        # Only this name limits anything: see findings/authlib_ignores_timeout.sh.
        default_timeout=(
            max(remaining_seconds(CONNECTION_SECONDS), SHORTEST_SECONDS),
            ANSWER_SECONDS,
        ),
        # The token of this sign-in is used at once, however short its life is.
        leeway=0,
    )
    session.headers["Accept-Encoding"] = "identity"
    session.headers.update(outgoing_headers())
    # Metadata, keys and tokens come from the addresses that were checked, and from no other one.
    session.max_redirects = 0
    session.mount("http://", _LimitedAdapter())
    session.mount("https://", _LimitedAdapter())
    return session
