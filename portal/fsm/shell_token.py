"""The check of a token that the shell gave a page: who signed it, when, and for which account.

Its issuer and its audience are not checked: these tokens have none, or not always the same. So a
token proves that somebody could get one for the account, and not that it was meant for the portal.

This module loads joserfc: import it only where proofs are on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError

from portal.fsm.cluster_keys import ClusterKeys, Key, KeysError
from portal.fsm.clusters import Clusters
from portal.tenants import is_id

ALGORITHM = "RS256"
#: So far the clocks of the portal and of a cluster may be apart.
CLOCK_LEEWAY_SECONDS = 60
#: A token lists the companies of its account: 16,000 characters hold some two hundred of them.
MAX_TOKEN_CHARACTERS = 16_000
_MAX_NAME_CHARACTERS = 200


class TokenProblem(StrEnum):
    """Why a token proves nothing. The log has it; no page shows it."""

    TOO_LONG = "too long"
    NOT_A_TOKEN = "not a token"  # noqa: S105 - what is wrong with one
    ALGORITHM = "another algorithm than RS256"
    CLUSTER = "no cluster, or one that is not in the list"
    NO_KEYS = "the keys of the cluster could not be read"
    UNKNOWN_KEY = "signed with a key that the cluster does not publish"
    SIGNATURE = "the signature does not fit"
    NO_END = "it does not say when it ends"
    EXPIRED = "it has expired"
    NOT_YET = "it is not valid yet"
    NO_ACCOUNT = "it names no account"
    OTHER_CLUSTER = "it is of another cluster"
    OTHER_ACCOUNT = "it is of another account"


class ShellTokenError(Exception):
    """The token proves nothing. The error never holds the token, or a part of it."""

    def __init__(self, problem: TokenProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvedIds:
    """What a token says, and a cluster has signed.

    Attributes:
        account_name: Empty if the token has none.
        company_ids: The companies that it lists; `None`: it lists none, so nothing is known.
        lists_all: Whether `company_ids` are all that it lists: no id was unreadable.
        cluster: The label of the cluster whose key has signed it.
    """

    account_id: str
    account_name: str
    company_ids: frozenset[str] | None
    lists_all: bool
    cluster: str


class _Registry(jws.JWSRegistry):
    """RS256 and nothing else: above all neither `none` nor an algorithm with a shared secret, which
    would be the public key."""

    #: In bytes. A header may name its key by a long address.
    max_header_length = 2_048


_REGISTRY = _Registry(algorithms=[ALGORITHM], strict_check_header=False)


def verify_shell_token(
    text: str, *, clusters: Clusters, cluster: str, keys: ClusterKeys, now: datetime
) -> ProvedIds:
    """The ids for which the cluster has signed the token.

    Args:
        clusters: Those that count.
        cluster: The label of the one that the page named.
        keys: Asked for the keys of that cluster.

    Raises:
        ShellTokenError: The token proves nothing.
    """
    if len(text) > MAX_TOKEN_CHARACTERS:
        raise ShellTokenError(TokenProblem.TOO_LONG)
    named = clusters.of_label(cluster)
    if named is None:
        raise ShellTokenError(TokenProblem.CLUSTER)
    # Before anybody is asked for a key: a text that is no such token costs no call.
    kid = _key_id(text)
    try:
        known = keys.of(named, kid)
    except KeysError as error:
        raise ShellTokenError(TokenProblem.NO_KEYS) from error
    claims = _signed_claims(text, known)
    _check_time(claims, now)
    if not _is_of(claims.get("cluster_url"), clusters, cluster):
        raise ShellTokenError(TokenProblem.OTHER_CLUSTER)
    account_id = _id_text(claims.get("account_id"))
    if not account_id:
        raise ShellTokenError(TokenProblem.NO_ACCOUNT)
    company_ids = _company_ids(claims.get("companies"))
    return ProvedIds(
        account_id=account_id,
        account_name=_name(claims.get("account")),
        company_ids=frozenset(company_ids - {""}) or None,
        lists_all="" not in company_ids,
        cluster=cluster,
    )


def _key_id(text: str) -> str | None:
    """The id of the key that the token says it was signed with; `None` if it names none."""
    try:
        header = jws.extract_compact(text.encode("ascii"), registry=_REGISTRY).headers()
        _REGISTRY.check_header(header)
        _REGISTRY.get_alg(header["alg"])
    except UnsupportedAlgorithmError as error:
        raise ShellTokenError(TokenProblem.ALGORITHM) from error
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ShellTokenError(TokenProblem.NOT_A_TOKEN) from error
    if "crit" in header:
        # It asks for an extension of the format. The library knows one that signs other bytes.
        raise ShellTokenError(TokenProblem.NOT_A_TOKEN)
    return header.get("kid")


def _signed_claims(text: str, keys: list[Key]) -> dict[str, Any]:
    if not keys:
        raise ShellTokenError(TokenProblem.UNKNOWN_KEY)
    for key in keys:
        try:
            return jwt.decode(text, key, registry=_REGISTRY).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            # Without a key id, any of them may fit.
            continue
    raise ShellTokenError(TokenProblem.SIGNATURE)


def _check_time(claims: Mapping[str, Any], now: datetime) -> None:
    """Instants are seconds since 1970."""
    seconds = now.timestamp()
    end, start = _number(claims.get("exp")), _number(claims.get("nbf", 0))
    if end is None or start is None:
        raise ShellTokenError(TokenProblem.NO_END)
    if end + CLOCK_LEEWAY_SECONDS <= seconds:
        raise ShellTokenError(TokenProblem.EXPIRED)
    if start - CLOCK_LEEWAY_SECONDS > seconds:
        raise ShellTokenError(TokenProblem.NOT_YET)


def _is_of(address: Any, clusters: Clusters, cluster: str) -> bool:
    """Whether the address that the token names is that of the cluster. Without one, the key says
    which cluster has signed it, unless several share their keys, which nobody here knows."""
    if address is None:
        return True
    found = clusters.of_url(address) if isinstance(address, str) else None
    return found is not None and found.label == cluster


def _name(value: Any) -> str:
    is_name = isinstance(value, str) and len(value) <= _MAX_NAME_CHARACTERS
    return value if is_name and value.isprintable() else ""


def _company_ids(companies: Any) -> set[str]:
    """The ids of the companies; an empty one stands for those that cannot be read."""
    listed = companies if isinstance(companies, list) else []
    return {_id_text(each.get("id")) if isinstance(each, dict) else "" for each in listed}


def _id_text(value: Any) -> str:
    """An id as the shell has it. In tokens it is a number; empty if it can be no id."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    # A longer number is no id, and would take long to become a text.
    text = str(value) if isinstance(value, str) or (is_whole and abs(value) < 10**40) else ""
    return text if is_id(text) else ""


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # JSON of Python also has Infinity and NaN.
    return value if is_number and abs(value) < 1e12 else None
