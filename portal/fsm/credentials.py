"""Client id and secret are tried at their cluster: it is asked for a token, and the token is thrown
away. What its answer shows is all that is left.
"""

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from portal.fsm.clusters import Clusters
from portal.fsm.https_call import CALL_SECONDS, HttpsCaller
from portal.fsm_setting import FsmCluster
from portal.outgoing import Answer, CallError
from portal.records import CredentialProof, Proved

TOKEN_PATH = "/api/oauth2/v1/token"  # noqa: S105 - an address
#: The body of the request.
_ASKED = b"grant_type=client_credentials"
#: Errors that say: id and secret do not belong together. `unauthorized` is that of Spring, of which
#: many servers of OAuth are made. All others are about something else: the server, or the way.
_WRONG = frozenset({"invalid_client", "invalid_grant", "unauthorized"})


def try_credentials(
    caller: HttpsCaller,
    cluster: FsmCluster,
    *,
    client_id: str,
    secret: str,
    account_id: str = "",
    company_id: str = "",
    seconds: float = CALL_SECONDS,
) -> CredentialProof:
    """What the cluster says about these credentials.

    Args:
        account_id, company_id: To whom they should belong; empty: not known yet.
        seconds: Of the whole call.

    Returns:
        What it shows. If the cluster gives no answer, or one that nobody understands, nothing is
        shown, and `problem` says why.
    """
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode("ascii")
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    try:
        answer = caller.call(
            cluster, "POST", TOKEN_PATH, headers=headers, body=_ASKED, seconds=seconds
        )
    except CallError as error:
        return CredentialProof(problem=error.problem.value)
    return proof_of(answer, cluster, caller.clusters, account_id=account_id, company_id=company_id)


def proof_of(
    answer: Answer, cluster: FsmCluster, clusters: Clusters, *, account_id: str, company_id: str
) -> CredentialProof:
    """What this answer of a token endpoint shows. `clusters`: those that are known."""
    body = _object(answer)
    if answer.status == 200 and body and body.get("access_token"):
        # Version 1 says whose the client is. A token of version 2 for a client does not.
        return CredentialProof(
            secret=Proved.YES,
            account=_account(body, account_id),
            company=_company(body, company_id),
            cluster=_cluster(body, cluster, clusters),
        )
    if answer.status in (400, 401) and body is not None and _is_wrong(body):
        return CredentialProof(secret=Proved.NO)
    if 300 <= answer.status < 400:
        return CredentialProof(problem="redirect")
    if answer.status == 429:
        return CredentialProof(problem="later")
    return CredentialProof(problem="down" if answer.status >= 500 else "answer")


def _object(answer: Answer) -> dict[str, Any] | None:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _is_wrong(body: Mapping[str, Any]) -> bool:
    error = body.get("error")
    return isinstance(error, str) and error.lower() in _WRONG


def _text(value: object) -> str:
    """An id, which comes as a number here and as text elsewhere. Empty if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value).strip()


def _account(body: Mapping[str, Any], account_id: str) -> Proved:
    found = _text(body.get("account_id"))
    if not found or not account_id:
        return Proved.UNKNOWN
    return Proved.YES if found == account_id else Proved.NO


def _company(body: Mapping[str, Any], company_id: str) -> Proved:
    companies = body.get("companies")
    if not isinstance(companies, list) or not company_id:
        return Proved.UNKNOWN
    ids = [_text(each.get("id")) if isinstance(each, dict) else "" for each in companies]
    if company_id in ids:
        return Proved.YES
    # One that nobody can read may be this one; and an empty list names nobody's company.
    return Proved.NO if ids and all(ids) else Proved.UNKNOWN


def _cluster(body: Mapping[str, Any], cluster: FsmCluster, clusters: Clusters) -> Proved:
    address = body.get("cluster_url")
    if not isinstance(address, str):
        return Proved.UNKNOWN
    # One that the portal does not know may be another name of this one.
    known = clusters.of_url(address)
    if known is None:
        return Proved.UNKNOWN
    return Proved.YES if known == cluster else Proved.NO
