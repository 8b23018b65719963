"""Challenges, and which answers to them are proofs."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge

from portal.proof_of_work import Challenges, InvalidProofError
from portal.timestamps import utc_now
from tests.conftest import SECRET_KEY

CHALLENGES = Challenges(SECRET_KEY)


def answer_to(challenge: dict[str, Any]) -> dict[str, Any]:
    """The payload that the widget makes, before it is encoded."""
    solution = solve_challenge(Challenge.from_dict(challenge))
    assert solution is not None
    payload: dict[str, Any] = Payload(Challenge.from_dict(challenge), solution).to_dict()
    return payload


def encoded(payload: object) -> str:
    return base64.b64encode(json.dumps(payload).encode()).decode()


@pytest.fixture(scope="module")
def payload() -> dict[str, Any]:
    return answer_to(CHALLENGES.new(utc_now()))


def test_another_worker_takes_the_right_answer(payload: dict[str, Any]) -> None:
    proof = Challenges(SECRET_KEY).check(encoded(payload))
    assert proof.nonce == payload["challenge"]["parameters"]["nonce"]
    assert len(proof.nonce) == 32


def test_each_challenge_is_another_one() -> None:
    nonces = {CHALLENGES.new(utc_now())["parameters"]["nonce"] for _ in range(5)}
    assert len(nonces) == 5


def test_an_answer_of_another_key_is_forged(payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidProofError):
        Challenges("another key that is long enough to sign with").check(encoded(payload))


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("parameters", "cost", 1),
        ("parameters", "keyPrefix", "00"),
        ("parameters", "nonce", "00" * 16),
        ("parameters", "expiresAt", 4_000_000_000),
        ("parameters", "keySignature", None),
        ("solution", "derivedKey", "00" * 32),
        ("solution", "derivedKey", ""),
    ],
)
def test_nothing_in_it_can_be_changed(
    payload: dict[str, Any], part: str, name: str, value: object
) -> None:
    changed = json.loads(json.dumps(payload))
    where = changed["challenge"]["parameters"] if part == "parameters" else changed[part]
    where[name] = value
    with pytest.raises(InvalidProofError):
        CHALLENGES.check(encoded(changed))


def test_an_old_one_does_not_count() -> None:
    late = answer_to(CHALLENGES.new(utc_now() - timedelta(minutes=11)))
    with pytest.raises(InvalidProofError):
        CHALLENGES.check(encoded(late))


@pytest.mark.parametrize(
    "text", ["x", "e30=", "bnVsbA==", encoded([]), encoded({"challenge": 1}), "A" * 100_000, "é"]
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(InvalidProofError):
        CHALLENGES.check(text)
