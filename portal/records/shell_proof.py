"""What the shell has proved of a tenant's ids, as one text attribute of the tenant.

It says for which ids. So if somebody else changes these, an earlier version of the portal or the
old application, which keep attributes that they do not know, nothing is proved of the new ones.
"""

import json
from typing import Any

from portal.stores import Item
from portal.tenants import Ids, ShellProof
from portal.timestamps import format_timestamp, parse_timestamp

#: The attribute.
SHELL_PROOF = "shellProof"


def shell_proof_text(proof: ShellProof, ids: Ids) -> str:
    """The proof as JSON."""
    values = {
        "at": format_timestamp(proof.at),
        "ids": ids.tenant_id,
        "cluster": ids.cluster,
        "proved": _proved(proof),
    }
    return json.dumps(values, ensure_ascii=False)


def shell_proof_of(text: str, ids: Ids | None) -> ShellProof | None:
    """The proof in a stored text; `None` if there is none, it cannot be read, or is of other
    ids."""
    values = _read(text)
    at, proved = parse_timestamp(values.get("at", "")), values.get("proved")
    if ids is None or at is None or proved not in (_ACCOUNT, _COMPANY):
        return None
    if (values.get("ids"), values.get("cluster")) != (ids.tenant_id, ids.cluster):
        return None
    return ShellProof(at=at, lists_company=proved == _COMPANY)


def proved_ids(item: Item) -> str:
    """What the history says of it: `account`, `account,company` or nothing."""
    return str(_read(str(item.get(SHELL_PROOF, ""))).get("proved", ""))


_ACCOUNT, _COMPANY = "account", "account,company"


def _proved(proof: ShellProof) -> str:
    return _COMPANY if proof.lists_company else _ACCOUNT


def _read(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    is_of_texts = isinstance(values, dict) and all(isinstance(v, str) for v in values.values())
    return values if is_of_texts else {}
