"""A proof of work: the browser computes for a moment, which costs robots more than people.

ALTCHA's widget computes it, and its library checks it, both on this site: no third party is asked.
When it is asked for: `portal.onboarding.sign_up_limits`.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from altcha import Payload, create_challenge, verify_solution

_ALGORITHM = "PBKDF2/SHA-256"
#: Rounds of one attempt, and how many attempts lead to the answer. Together about a second on a
#: phone. To check an answer costs much less than an attempt.
_ROUNDS = 5_000
_FEWEST_ATTEMPTS, _MOST_ATTEMPTS = 200, 400
#: Characters. No answer is nearly as long, and no more of a stranger's text is decoded.
_MAX_LENGTH = 4_000
#: The widget asks for a challenge when the form is sent, so this is long enough for a slow phone.
_LIFE = timedelta(minutes=10)


class InvalidProofError(Exception):
    """There is a proof, but it is wrong, forged or too old."""


@dataclass(frozen=True, slots=True)
class Proof:
    """An answer that is right. Whoever accepts it has to make sure that it is used once."""

    nonce: str
    """No other challenge has it: 16 random bytes in hexadecimal digits."""


class Challenges:
    """Makes challenges and checks answers. Any worker checks what another one made.

    Args:
        secret_key: The one that signs sessions.
    """

    def __init__(self, secret_key: str) -> None:
        key = secret_key.encode()
        self._challenge_key = hmac.digest(key, b"proof of work: challenges", "sha256")
        self._answer_key = hmac.digest(key, b"proof of work: answers", "sha256")

    def new(self, now: datetime) -> dict[str, Any]:
        """A challenge, as JSON has it. Costs one attempt; nothing is stored."""
        attempts = _FEWEST_ATTEMPTS + secrets.randbelow(_MOST_ATTEMPTS - _FEWEST_ATTEMPTS)
        challenge: dict[str, Any] = create_challenge(
            _ALGORITHM,
            _ROUNDS,
            counter=attempts,
            expires_at=now + _LIFE,
            hmac_secret=self._challenge_key,
            hmac_key_secret=self._answer_key,
        ).to_dict()
        return challenge

    def check(self, answer: str) -> Proof:
        """The proof that this answer is. It may have been used before.

        Raises:
            InvalidProofError: It is wrong, forged or too old, by the machine's own clock.
        """
        if len(answer) > _MAX_LENGTH:
            raise InvalidProofError
        result = verify_solution(answer, self._challenge_key, hmac_key_secret=self._answer_key)
        # The result itself is an object, so it is always true.
        if not result.verified:
            raise InvalidProofError
        return Proof(Payload.from_base64(answer).challenge.parameters.nonce)
