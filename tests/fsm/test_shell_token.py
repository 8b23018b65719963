"""Tokens that prove something, and tokens that must not: of another key, algorithm, time or
cluster."""

import hmac
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import RSAKey

from portal.fsm import HttpsCaller
from portal.fsm.cluster_keys import ClusterKeys
from portal.fsm.shell_token import (
    CLOCK_LEEWAY_SECONDS,
    MAX_TOKEN_CHARACTERS,
    ProvedIds,
    ShellTokenError,
    TokenProblem,
    verify_shell_token,
)
from tests.conftest import START
from tests.fsm.shell_tokens import (
    CLAIMS,
    KEY,
    KEYS_PATH,
    OTHER_KEY,
    asked,
    encoded,
    publish,
    token,
)
from tests.fsm_cluster import Cluster


@pytest.fixture
def verified(caller: HttpsCaller, keys: ClusterKeys) -> Any:
    def verify(text: str, *, cluster: str = "eu", later: float = 0) -> ProvedIds:
        return verify_shell_token(
            text, clusters=caller.clusters, cluster=cluster, keys=keys,
            now=START + timedelta(seconds=later),
        )  # fmt: skip

    return verify


@pytest.fixture
def problem_of(verified: Any) -> Any:
    def problem(text: str, **how: Any) -> TokenProblem:
        with pytest.raises(ShellTokenError) as caught:
            verified(text, **how)
        # Neither the error nor where it came from repeats the token.
        chain: BaseException | None = caught.value
        while chain is not None:
            assert text[:40] not in str(chain) or len(text) < 40
            chain = chain.__cause__
        return caught.value.problem

    return problem


def test_a_token_proves_the_account_and_the_companies_that_it_lists(
    verified: Any, cluster: Cluster
) -> None:
    assert verified(token()) == ProvedIds(
        account_id="86810",
        account_name="Meyer Group",
        company_ids=frozenset({"104348", "7"}),
        lists_all=True,
        cluster="eu",
    )
    assert asked(cluster) == [f"GET {KEYS_PATH}"]


@pytest.mark.parametrize(
    ("companies", "ids"),
    [
        (None, None),
        ([], None),
        ("104348", None),
        ([{"name": "no id"}, "text", {"id": True}, {"id": 1.5}, {"id": "a b"}], None),
        ([{"id": "104348"}, {"id": 10**50}], frozenset({"104348"})),
    ],
)
def test_a_token_that_lists_no_company_says_nothing_of_any(
    verified: Any, companies: Any, ids: frozenset[str] | None
) -> None:
    assert verified(token(companies=companies)).company_ids == ids


@pytest.mark.parametrize(
    ("account", "name"), [(None, ""), (7, ""), ("a\nb", ""), ("x" * 201, ""), ("Ä & B", "Ä & B")]
)
def test_a_name_is_a_short_line(verified: Any, account: Any, name: str) -> None:
    assert verified(token(account=account)).account_name == name


@pytest.mark.parametrize("account_id", [None, True, 1.5, -7, "", "a b", "x" * 41, [], 10**60])
def test_without_an_account_nothing_is_proved(problem_of: Any, account_id: Any) -> None:
    assert problem_of(token(account_id=account_id)) is TokenProblem.NO_ACCOUNT


def test_an_id_may_be_a_text(verified: Any) -> None:
    assert verified(token(account_id="86810")).account_id == "86810"


def test_it_is_valid_to_its_end_and_as_much_longer_as_clocks_may_differ(
    verified: Any, problem_of: Any
) -> None:
    assert verified(token(), later=3600 + CLOCK_LEEWAY_SECONDS - 1)
    assert problem_of(token(), later=3600 + CLOCK_LEEWAY_SECONDS) is TokenProblem.EXPIRED
    begins = token(nbf=int(START.timestamp()) + CLOCK_LEEWAY_SECONDS)
    assert verified(begins)
    assert problem_of(begins, later=-1) is TokenProblem.NOT_YET


@pytest.mark.parametrize(
    "claims",
    [{"exp": None}, {"exp": "soon"}, {"exp": True}, {"nbf": "now"}, {"nbf": [1]}, {"exp": 1e300}],
)
def test_a_token_without_an_end_proves_nothing(problem_of: Any, claims: dict[str, Any]) -> None:
    assert problem_of(token(**claims)) is TokenProblem.NO_END


def test_infinity_is_no_end(problem_of: Any) -> None:
    assert problem_of(token(exp=float("inf"))) is TokenProblem.NO_END
    assert problem_of(token(exp=float("nan"))) is TokenProblem.NO_END


def hs256() -> str:
    """Signed with the public key as if it were a shared secret. The library makes no such token."""
    text = encoded({"alg": "HS256", "kid": "one"}, CLAIMS)
    digest = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{encoded(digest)}"


@pytest.mark.parametrize(
    "text",
    [
        f"{encoded({'alg': 'none', 'kid': 'one'}, CLAIMS)}.",
        hs256(),
        token(header={"alg": "PS256"}),
        token(header={"alg": "RS512"}),
        encoded({"alg": "ES256", "kid": "one"}, CLAIMS, b"signature"),
        encoded({"alg": "rs256", "kid": "one"}, CLAIMS, b"signature"),
    ],
    ids=["none", "HS256", "PS256", "RS512", "ES256", "small letters"],
)
def test_no_other_algorithm_counts(problem_of: Any, cluster: Cluster, text: str) -> None:
    assert problem_of(text) is TokenProblem.ALGORITHM
    assert cluster.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "a.b.c",
        "é.é.é",
        encoded({"kid": "one"}, CLAIMS, b"signature"),
        encoded({"alg": ["RS256"], "kid": "one"}, CLAIMS, b"signature"),
        encoded({"alg": "RS256", "kid": 7}, CLAIMS, b"signature"),
        encoded({"alg": "RS256", "crit": ["b64"], "b64": False}, CLAIMS, b"signature"),
        encoded({"alg": "RS256", "crit": ["unknown"], "unknown": 1}, CLAIMS, b"signature"),
        encoded(b"[" * 9000, CLAIMS, b"signature"),
        encoded({"alg": "RS256", "kid": "k" * 3000}, CLAIMS, b"signature"),
        f"{token()}.more",
        token().rpartition(".")[0],
    ],
)
def test_what_is_no_token_costs_no_call(problem_of: Any, cluster: Cluster, text: str) -> None:
    assert problem_of(text) is TokenProblem.NOT_A_TOKEN
    assert cluster.asked == []


def test_a_token_that_is_too_long_is_not_read(problem_of: Any, verified: Any) -> None:
    room = MAX_TOKEN_CHARACTERS - len(token())
    fits = token(more="x" * (room * 3 // 4 - 20))
    assert MAX_TOKEN_CHARACTERS - 100 < len(fits) <= MAX_TOKEN_CHARACTERS
    assert verified(fits)
    assert problem_of(f"{fits}{'x' * 100}") is TokenProblem.TOO_LONG


def test_what_was_changed_or_cut_does_not_fit_its_signature(problem_of: Any) -> None:
    head, claims, signature = token().split(".")
    other = token(account_id=1).split(".")[1]
    for text in (
        f"{head}.{other}.{signature}",
        f"{head}.{claims}.{signature[:-4]}",
        f"{head}.{claims}.",
        token(key=OTHER_KEY, header={"kid": "one"}),
    ):
        assert problem_of(text) is TokenProblem.SIGNATURE
    for length in range(1, len(claims)):
        cut = problem_of(f"{head}.{claims[:-length]}.{signature}")
        assert cut in {TokenProblem.SIGNATURE, TokenProblem.NOT_A_TOKEN}


@pytest.mark.parametrize("body", [b"[]", b"7", b"text", b"[" * 9000, b"\xff"])
def test_signed_claims_that_are_no_object_prove_nothing(problem_of: Any, body: bytes) -> None:
    text = f"{token().split('.')[0]}.{encoded(body)}"
    assert KEY.private_key is not None
    signature = KEY.private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert problem_of(f"{text}.{encoded(signature)}") is TokenProblem.SIGNATURE


def test_a_token_without_a_key_id_fits_one_of_the_keys(
    verified: Any, problem_of: Any, cluster: Cluster
) -> None:
    publish(cluster, OTHER_KEY, KEY)
    assert verified(token(header={"kid": None}))
    stranger = RSAKey.generate_key(2048, {"kid": "three"})
    assert problem_of(token(key=stranger, header={"kid": None})) is TokenProblem.SIGNATURE


def test_a_key_that_is_not_published_signs_nothing(problem_of: Any) -> None:
    assert problem_of(token(key=OTHER_KEY)) is TokenProblem.UNKNOWN_KEY


def test_only_a_cluster_of_the_list_is_asked(problem_of: Any, cluster: Cluster) -> None:
    for label in ("", "us", "evil.example/", "localhost"):
        assert problem_of(token(), cluster=label) is TokenProblem.CLUSTER
    assert cluster.asked == []


def test_a_token_of_another_cluster_proves_nothing_here(
    problem_of: Any, verified: Any, cluster: Cluster
) -> None:
    here = f"https://localhost:{cluster.port}"
    assert verified(token(cluster_url=here))
    for address in ("https://localhost:1", "https://localhost", "https://[", "", 7, ["x"], "eu"):
        assert problem_of(token(cluster_url=address)) is TokenProblem.OTHER_CLUSTER
    assert problem_of(token(cluster_url="https://de.fsm.cloud.sap")) is TokenProblem.OTHER_CLUSTER
    # And its keys are others.
    assert problem_of(token(), cluster="de") is TokenProblem.NO_KEYS


@pytest.mark.parametrize(
    "address",
    ["eu.fsm.cloud.sap", "https://eu.fsm.cloud.sap:443/", "https://eu.coresystems.net"],
)
def test_the_address_of_the_cluster_may_be_written_in_other_ways(
    verified: Any, address: str
) -> None:
    assert verified(token(cluster_url=address)).cluster == "eu"


@pytest.mark.parametrize("claims", [{"iss": "anybody"}, {"aud": "another page"}, {"sub": "x"}])
def test_issuer_and_audience_are_not_checked(verified: Any, claims: dict[str, Any]) -> None:
    """The documents say so: a token for another extension of the same account counts."""
    assert verified(token(**claims)).account_id == "86810"
