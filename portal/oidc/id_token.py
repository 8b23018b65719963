"""The check of an ID token: who signed it, for whom, for which sign-in, and when.

This module loads Authlib: import it only when a provider is set.
"""

from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError

from portal.oidc.errors import ProviderError, ProviderProblem
from portal.oidc.provider_data import Fetch, ProviderData

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
#: So far the clocks of portal and provider may be apart.
CLOCK_LEEWAY_SECONDS = 180
#: Also what is kept of it with a session.
MAX_ID_TOKEN_CHARACTERS = 16_000


class _Algorithms(jws.JWSRegistry):
    """These algorithms and no others: above all neither `none` nor one with a shared secret. The
    library's own look-up warns of EdDSA, whose name will be Ed25519 one day."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def subject_of_id_token(
    text: str,
    data: ProviderData,
    fetch: Fetch,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    now: datetime,
) -> str:
    """The subject that the provider vouches for, in this sign-in.

    Raises:
        ProviderError: The token is none of this provider, this client, this sign-in or this time.
    """
    if len(text) > MAX_ID_TOKEN_CHARACTERS:
        raise ProviderError(ProviderProblem.ID_TOKEN)
    try:
        token = _verified(text, data.keys(fetch))
        if token is None:
            token = _verified(text, data.keys(fetch, anew=True))
        if token is None:
            raise ProviderError(ProviderProblem.ID_TOKEN)
        claims = CodeIDToken(
            token.claims,
            token.header,
            # Options of one's own replace those of the library, so each that counts stands here.
            {
                "iss": {"essential": True, "value": issuer},
                "sub": {"essential": True},
                "aud": {"essential": True, "value": client_id},
            },
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=CLOCK_LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError) as error:
        raise ProviderError(ProviderProblem.ID_TOKEN, type(error).__name__) from error
    subject = claims["sub"]
    # Longer ones are against the protocol.
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise ProviderError(ProviderProblem.ID_TOKEN)
    return subject


def _verified(text: str, keys: list[Any]) -> jwt.Token | None:
    """The token, if one of the keys has signed it; `None`: none has.

    Raises:
        JoseError: It is no token, or signed by an algorithm that does not count.
    """
    registry = _Algorithms(strict_check_header=False)
    kid = jws.extract_compact(text.encode(), registry=registry).headers().get("kid")
    for key in keys:
        if kid is not None and key.kid is not None and key.kid != kid:
            continue
        try:
            return jwt.decode(text, key, registry=registry)
        except UnsupportedAlgorithmError:
            raise
        except (JoseError, ValueError):
            # Another key of the same kind may fit, or a newer one under the same id.
            continue
    return None
