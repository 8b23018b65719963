"""The way from a tenant's page back to the list that led there: its tab, search and page.

The address of the tenant's page names the list in the parameter `back`, so two tabs of a browser
do not disturb each other. Forms and links on that page pass it on.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, quote, quote_plus

from flask import request

from portal.web.http import url_for

#: Whether an address holds a text as it is.
is_plain = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII).fullmatch
_PARAMETERS = ("status", "q", "sort", "cluster", "source", "late", "owner", "after")
_MAX_LENGTH = 2000


def back_parameter() -> str | None:
    """The parameter of this request, to pass on; `None` if it has none."""
    return request.args.get("back", "")[:_MAX_LENGTH] or None


def list_url(*, default_tab: str, tenant_id: str = "") -> str:
    """The list that led here, at the row of the tenant; without one, the first page of this tab."""
    named = dict(parse_qsl(back_parameter() or "", max_num_fields=10))
    parameters = {name: named[name] for name in _PARAMETERS if name in named}
    row = f"#{row_id(tenant_id)}" if parameters and tenant_id else ""
    return f"{url_for('staff.tenants')}?{query_of(parameters or {'status': default_tab})}{row}"


def row_id(tenant_id: str) -> str:
    """What names the row of a tenant in a list, and in the address that leads to it."""
    return f"row-{tenant_id if is_plain(tenant_id) else quote(tenant_id, safe='')}"


def query_of(parameters: Mapping[str, str]) -> str:
    """As `urlencode`. Nearly all values are words, and a page of a list has twenty such addresses.

    Args:
        parameters: Their names are words.
    """
    return "&".join([
        f"{name}={value if is_plain(value) else quote_plus(value)}"
        for name, value in parameters.items()
    ])  # fmt: skip


@lru_cache(256)
def link_suffix(here: str) -> str:
    """What the address of a tenant's page gets on a list whose address has this query."""
    return f"?{query_of({'back': here})}"
