"""A sign-in that has begun here, and goes on at the provider."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfinishedSignIn:
    """What the browser has to bring back, or what must not leave it. Its session keeps them."""

    state: str
    nonce: str
    verifier: str
