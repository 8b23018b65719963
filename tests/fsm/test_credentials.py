"""What an answer of a token endpoint proves, and that nothing else leaves the portal."""

import logging

import pytest

from portal.fsm import HttpsCaller, try_credentials
from portal.fsm.credentials import TOKEN_PATH
from portal.records import CredentialProof, Proved
from tests.fsm_cluster import (
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN,
    V1,
    V2,
    Cluster,
    Reply,
    json_reply,
)

YES, NO, UNKNOWN = Proved.YES, Proved.NO, Proved.UNKNOWN


def tried(
    cluster: Cluster,
    *,
    secret: str = CLIENT_SECRET,
    account_id: str = "86810",
    company_id: str = "104348",
    label: str = "eu",
    clusters: str = "",
    seconds: float = 5.0,
) -> CredentialProof:
    more = {"PORTAL_FSM_CLUSTERS": clusters} if clusters else {}
    caller = HttpsCaller(cluster.setting(**more))
    found = caller.clusters.of_label(label)
    assert found is not None
    return try_credentials(
        caller,
        found,
        client_id=CLIENT_ID,
        secret=secret,
        account_id=account_id,
        company_id=company_id,
        seconds=seconds,
    )


def proof(
    secret: Proved = UNKNOWN, account: Proved = UNKNOWN, company: Proved = UNKNOWN,
    in_cluster: Proved = UNKNOWN, problem: str = "",
) -> CredentialProof:  # fmt: skip
    return CredentialProof(
        secret=secret, account=account, company=company, cluster=in_cluster, problem=problem
    )


def test_all_is_right(cluster: Cluster) -> None:
    assert tried(cluster) == proof(YES, YES, YES, YES)
    (asked,) = cluster.asked
    assert (asked.method, asked.path) == ("POST", TOKEN_PATH)
    assert asked.credentials == (CLIENT_ID, CLIENT_SECRET)
    assert asked.body == b"grant_type=client_credentials"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.headers["Host"] == f"localhost:{cluster.port}"


def test_the_secret_is_wrong(cluster: Cluster) -> None:
    assert tried(cluster, secret="another") == proof(NO)


@pytest.mark.parametrize(
    ("account_id", "company_id", "expected"),
    [
        ("86811", "104348", proof(YES, NO, YES, YES)),
        ("86810", "104349", proof(YES, YES, NO, YES)),
        # The ids are not known yet.
        ("", "", proof(YES, UNKNOWN, UNKNOWN, YES)),
        # Part of an id is another one.
        ("8681", "10434", proof(YES, NO, NO, YES)),
    ],
)
def test_ids_are_compared(
    cluster: Cluster, account_id: str, company_id: str, expected: CredentialProof
) -> None:
    assert tried(cluster, account_id=account_id, company_id=company_id) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"account_id": "86810", "companies": [{"id": "104348"}]}, proof(YES, YES, YES, YES)),
        ({"account_id": True, "companies": "104348"}, proof(YES, UNKNOWN, UNKNOWN, YES)),
        ({"account_id": None, "companies": []}, proof(YES, UNKNOWN, UNKNOWN, YES)),
        # One that nobody can read may be this one.
        ({"companies": [{"name": "without id"}, {"id": 1}]}, proof(YES, YES, UNKNOWN, YES)),
        ({"cluster_url": "https://us.fsm.cloud.sap/"}, proof(YES, YES, YES, NO)),
        ({"cluster_url": "https://eu.coresystems.net"}, proof(YES, YES, YES, YES)),
        ({"cluster_url": "https://eu.example.com"}, proof(YES, YES, YES, UNKNOWN)),
        ({"cluster_url": "https://[::1"}, proof(YES, YES, YES, UNKNOWN)),
        ({"cluster_url": "eu.fsm.cloud.sap"}, proof(YES, YES, YES, YES)),
        ({"cluster_url": "us.fsm.cloud.sap:443"}, proof(YES, YES, YES, NO)),
        # No host of a cluster that the portal knows.
        ({"cluster_url": "https://apps.eu.fsm.cloud.sap"}, proof(YES, YES, YES, UNKNOWN)),
        ({"cluster_url": "https://au.fsm.cloud.sap"}, proof(YES, YES, YES, UNKNOWN)),
        ({"cluster_url": None}, proof(YES, YES, YES, UNKNOWN)),
        ({"access_token": ""}, proof(problem="answer")),
    ],
)
def test_what_the_answer_does_not_say_is_not_known(
    cluster: Cluster, changes: dict[str, object], expected: CredentialProof
) -> None:
    cluster.reply = json_reply(V1 | changes)
    assert tried(cluster) == expected


def test_a_cluster_with_a_host_of_its_own(cluster: Cluster) -> None:
    # `eu` may be the name of the same cluster, and the setting knows no `eu`.
    own = f"lab=localhost:{cluster.port}"
    assert tried(cluster, label="lab", clusters=own) == proof(YES, YES, YES, UNKNOWN)
    cluster.reply = json_reply(V1 | {"cluster_url": f"https://localhost:{cluster.port}"})
    assert tried(cluster, label="lab", clusters=own) == proof(YES, YES, YES, YES)


def test_a_token_of_version_2_proves_the_secret_alone(cluster: Cluster) -> None:
    cluster.reply = json_reply(V2)
    assert tried(cluster) == proof(YES)


HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(200, b"<html>Sign in</html>", HTML), "answer"),
        (Reply(200, b"[" * 60_000), "answer"),
        (Reply(200, b"null"), "answer"),
        (Reply(401, b"<html>Sign in at the proxy</html>", HTML), "answer"),
        (Reply(401, b"{}"), "answer"),
        (Reply(403, b'{"error": "access_denied"}'), "answer"),
        (Reply(400, b'{"error": "unsupported_grant_type"}'), "answer"),
        (Reply(302, b"", {"Location": "https://localhost/"}), "redirect"),
        (Reply(307, b"", {"Location": TOKEN_PATH}), "redirect"),
        (Reply(429, b""), "later"),
        (Reply(503, b""), "down"),
        (Reply(200, b"x" * 100_000 + b"y" * 3_000), "too-large"),
        (Reply(200, b"", {"X": "x" * 60_000, "Y": "y" * 60_000}), "too-large"),
        (Reply(200, b"{}", {"Content-Encoding": "gzip"}), "no-http"),
        (Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), "no-http"),
    ],
)
def test_an_answer_that_proves_nothing(cluster: Cluster, reply: Reply, problem: str) -> None:
    cluster.reply, cluster.to_all = reply, True
    assert tried(cluster) == proof(problem=problem)
    assert len(cluster.asked) == 1


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_a_cluster_that_is_too_slow(cluster: Cluster, raw: bytes) -> None:
    cluster.reply, cluster.to_all = Reply(raw=raw), True
    assert tried(cluster, seconds=0.3) == proof(problem="slow")


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("error", ["invalid_client", "invalid_grant", "unauthorized"])
def test_a_refusal_by_name(cluster: Cluster, status: int, error: str) -> None:
    cluster.reply, cluster.to_all = json_reply({"error": error}, status), True
    assert tried(cluster) == proof(NO)


@pytest.mark.parametrize(
    "error",
    [
        "temporarily_unavailable", "server_error", "rate_limited", "unauthorized_client",
        "unsupported_grant_type", "proxy_auth", "", 7, ["invalid_client"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 401])
def test_another_error_says_nothing_about_the_secret(
    cluster: Cluster, status: int, error: object
) -> None:
    cluster.reply, cluster.to_all = json_reply({"error": error}, status), True
    assert tried(cluster) == proof(problem="answer")


def test_neither_secret_nor_token_is_logged_or_shown(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = repr(tried(cluster))
    cluster.reply, cluster.to_all = Reply(raw=b"no HTTP\r\n"), True
    seen += repr(tried(cluster))
    for hidden in (CLIENT_SECRET, TOKEN, cluster.asked[0].headers["Authorization"].split()[1]):
        assert hidden not in seen + caplog.text
