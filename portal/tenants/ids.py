"""The ids of a tenant in Field Service Management."""

import re
from dataclasses import dataclass

#: The pattern of an account or company id. Match it with `re.ASCII`.
ID = r"[A-Za-z0-9]{1,40}"
_ID = re.compile(ID, re.ASCII)


def is_id(text: str) -> bool:
    """Whether the text can be an account or company id: 1 to 40 ASCII letters and digits."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """The account and the company in Field Service Management. A pending tenant claims them; an
    activation makes them final."""

    account_id: str
    company_id: str
    account_name: str = ""
    company_name: str = ""
    cluster: str = ""

    @property
    def tenant_id(self) -> str:
        return f"{self.account_id}_{self.company_id}"

    def is_same_company(self, other: "Ids | None") -> bool:
        """Whether both mean the same account and company on the same cluster. Names do not
        matter."""
        mine = self.account_id, self.company_id, self.cluster
        return other is not None and mine == (other.account_id, other.company_id, other.cluster)
