"""What a try of credentials at their cluster has proved: as an object, and as a text of the item
that holds what was noted of a tenant.

The secret and the token are in neither.
"""

import json
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from portal.timestamps import format_timestamp, parse_timestamp


class Proved(StrEnum):
    """Whether the cluster's answer shows something. That it shows nothing is no "no"."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialProof:
    """What the answer of a cluster shows.

    Attributes:
        secret: Whether it is that of the client.
        account, company: Whether the client belongs to them.
        cluster: Whether the cluster is that of the account.
        problem: Why little or nothing is shown: a short word; empty: there is none.
    """

    secret: Proved = Proved.UNKNOWN
    account: Proved = Proved.UNKNOWN
    company: Proved = Proved.UNKNOWN
    cluster: Proved = Proved.UNKNOWN
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TriedCredentials:
    """The latest try of a tenant's credentials.

    Attributes:
        by, who: Name and id of the person of staff.
        client_id, account_id, company_id, cluster: What was tried; they are no secrets.
    """

    at: datetime
    by: str
    who: str
    client_id: str
    account_id: str
    company_id: str
    cluster: str
    proof: CredentialProof


_PROVED = ("secret", "account", "company", "cluster")
_TRIED = ("by", "who", "client_id", "account_id", "company_id", "cluster")


def tried_text(tried: TriedCredentials) -> str:
    proof = {field.name: str(getattr(tried.proof, field.name)) for field in fields(tried.proof)}
    texts = {name: getattr(tried, name) for name in _TRIED}
    return json.dumps({"at": format_timestamp(tried.at), **texts, "proof": proof})


def tried_of_text(text: str) -> TriedCredentials | None:
    """`None` if there is none, or nobody can read it."""
    try:
        found = json.loads(text)
        proof = found["proof"]
        at = parse_timestamp(found["at"])
        if at is None:
            return None
        return TriedCredentials(
            at=at,
            **{name: str(found[name]) for name in _TRIED},
            proof=CredentialProof(
                **{name: Proved(proof[name]) for name in _PROVED}, problem=str(proof["problem"])
            ),
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
