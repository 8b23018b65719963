"""Tokens as the shell gives them to its pages, and the keys that sign them. Their claims are those
that public samples read: https://github.com/aws-samples, SAP's own answers of v1."""

import base64
import json
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conftest import START
from tests.fsm_cluster import Cluster, Reply, json_reply

KEYS_PATH = "/api/oauth2/v2/.well-known/jwks.json"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
CLAIMS: dict[str, Any] = {
    "account_id": 86810,
    "account": "Meyer Group",
    "companies": [{"id": 104348, "name": "Meyer Field Service"}, {"id": 7, "name": "Meyer Lab"}],
    "user_name": "kim@meyer.example",
    "exp": int((START + timedelta(hours=1)).timestamp()),
}


def token(*, key: RSAKey = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token with these claims in place of the usual ones; `None` leaves a claim out."""
    usual = {"alg": "RS256", "kid": key.kid}
    values = {name: each for name, each in (CLAIMS | claims).items() if each is not None}
    named = {name: each for name, each in (usual | (header or {})).items() if each is not None}
    return jwt.encode(named, values, key, algorithms=["RS256", "PS256", "RS512"])


def encoded(*parts: Any) -> str:
    """The parts of a token that no library makes."""
    texts = (each if isinstance(each, bytes) else json.dumps(each).encode() for each in parts)
    return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in texts)


def publish(cluster: Cluster, *keys: Any) -> None:
    """The cluster publishes these keys: public parts alone if they are of the library, and
    dictionaries as they are."""
    values = [each.as_dict(private=False) if isinstance(each, RSAKey) else each for each in keys]
    reply(cluster, json_reply({"keys": values}))


def reply(cluster: Cluster, answer: Reply) -> None:
    """The cluster answers so, whatever it is asked for."""
    cluster.to_all, cluster.reply = True, answer


def asked(cluster: Cluster) -> list[str]:
    """What it was asked for, in this order."""
    return [f"{each.method} {each.path}" for each in cluster.asked]
