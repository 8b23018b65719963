"""What the shell has proved of a tenant's ids, as one text attribute of the tenant.

It says for which ids. So if somebody else changes these, an earlier version of the portal or the
old application, which keep attributes that they do not know, nothing is proved of the new ones.
"""

import json
from typing import Any

from portal.stores import Item
from portal.tenants import Ids, ShellProof, ShellVerdict
from portal.timestamps import format_timestamp, parse_timestamp

#: The attribute.
SHELL_PROOF = "shellProof"


def shell_proof_text(proof: ShellProof, ids: Ids) -> str:
    """The proof as JSON."""
    proved, detail = _STORED[proof.verdict]
    values = {
        "at": format_timestamp(proof.at),
        "ids": ids.tenant_id,
        "cluster": ids.cluster,
        "proved": proved,
        **({"detail": detail} if detail else {}),
    }
    return json.dumps(values, ensure_ascii=False)


def shell_proof_of(text: str, ids: Ids | None) -> ShellProof | None:
    """The proof in a stored text; `None` if there is none, it cannot be read, or is of other
    ids."""
    values = _read(text)
    at, proved = parse_timestamp(values.get("at", "")), values.get("proved", "")
    # A detail that only a later version knows takes nothing away from what is proved.
    verdict = _VERDICTS.get((proved, values.get("detail", ""))) or _VERDICTS.get((proved, ""))
    if ids is None or at is None or verdict is None:
        return None
    if (values.get("ids"), values.get("cluster")) != (ids.tenant_id, ids.cluster):
        return None
    return ShellProof(at=at, verdict=verdict)


def proved_ids(item: Item) -> str:
    """What the history says of it: `account`, `account,company` or nothing."""
    return str(_read(str(item.get(SHELL_PROOF, ""))).get("proved", ""))


#: What is proved, and a detail. Earlier versions read only the first: for them, a company that the
#: token does not list is not known, and what could not be checked is a claim.
_STORED = {
    ShellVerdict.COMPANY: ("account,company", ""),
    ShellVerdict.ACCOUNT: ("account", ""),
    ShellVerdict.OTHER_COMPANIES: ("account", "other-companies"),
    ShellVerdict.UNCHECKED: ("", "unchecked"),
}
_VERDICTS = {stored: verdict for verdict, stored in _STORED.items()}


def _read(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    is_of_texts = isinstance(values, dict) and all(isinstance(v, str) for v in values.values())
    return values if is_of_texts else {}
