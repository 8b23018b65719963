"""ID tokens that no provider would make: signed by nothing, by a shared secret, for others."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from portal.oidc import ProviderError
from portal.oidc.id_token import subject_of_id_token
from portal.oidc.provider_data import ProviderData
from tests.conftest import START

ISSUER = "https://login.example.com"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
METADATA = {
    "issuer": ISSUER,
    **{f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token", "userinfo")},
    "jwks_uri": f"{ISSUER}/keys",
}
CLAIMS = {
    "iss": ISSUER, "sub": "anna-1", "aud": "portal", "nonce": "n",
    "iat": int(START.timestamp()), "exp": int((START + timedelta(hours=1)).timestamp()),
}  # fmt: skip


#: The library makes none of these any more.
UNSIGNED = ".".join([
    *(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none"}, CLAIMS)
    ),
    "",
])  # fmt: skip


def fetch(address: str) -> dict[str, Any]:
    if address == METADATA["jwks_uri"]:
        strange = [{"kty": "AKP", "kid": "new"}, "text", {"kty": "RSA"}, {"kty": "oct", "k": "YQ"}]
        return {"keys": [*strange, KEY.as_dict(private=False)]}
    return METADATA


def subject_of(text: str) -> str:
    return subject_of_id_token(
        text, ProviderData(ISSUER), fetch, issuer=ISSUER, client_id="portal", nonce="n",
        access_token="a", now=START,
    )  # fmt: skip


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    header = {"alg": "RS256", "kid": "one"} | (header or {})
    algorithms = ["RS256", "HS256", "RS384"]
    return jwt.encode(header, claims, key, algorithms=algorithms)


def test_a_good_token_names_its_subject() -> None:
    assert subject_of(signed(CLAIMS)) == "anna-1"
    assert subject_of(signed(CLAIMS | {"aud": ["portal", "api"], "azp": "portal"})) == "anna-1"
    # Providers add what they like to a header.
    assert subject_of(signed(CLAIMS, {"x5t#S256": "a"})) == "anna-1"


@pytest.mark.parametrize("claims", [
    {"iss": "https://evil.example"}, {"aud": "another"}, {"aud": ["another"]}, {"nonce": "other"},
    {"aud": ["portal", "api"]}, {"azp": "another"}, {"sub": ""}, {"sub": "a" * 256}, {"sub": 1},
    {"exp": int((START - timedelta(minutes=4)).timestamp())},
    {"iat": int((START + timedelta(minutes=4)).timestamp())},
    {"exp": "soon"}, {"at_hash": "of another access token"},
])  # fmt: skip
def test_a_token_of_or_for_somebody_else_or_another_time_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as caught:
        subject_of(signed(CLAIMS | claims))
    assert str(caught.value) == "id_token"


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_a_token_without_a_claim_is_refused(name: str) -> None:
    with pytest.raises(ProviderError):
        subject_of(signed({key: value for key, value in CLAIMS.items() if key != name}))


def test_a_token_that_nobody_or_everybody_could_sign_is_refused() -> None:
    for text in (
        UNSIGNED,
        signed(CLAIMS, {"alg": "HS256"}, OctKey.import_key(b"a-secret-that-only-tests-use-here")),
        signed(CLAIMS, {"alg": "RS384"}),
        signed(CLAIMS, key=RSAKey.generate_key(2048)),
        signed(CLAIMS)[:-4],
        "",
        "a.b.c",
        "a" * 20_000,
    ):
        with pytest.raises(ProviderError):
            subject_of(text)
