"""The id of a request. Its answer has it, and so have its log lines, its events and its mails."""

import os
import re

_IDS_AT_ONCE = 256
_request_ids: list[str] = []
# Parent and child would give the same ones.
os.register_at_fork(after_in_child=_request_ids.clear)

#: What a proxy may give: hexadecimal digits, such as nginx's `$request_id`, or a UUID. Some proxies
#: pass on what a client sends, and no name or address can be written so.
_GIVEN = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){2,14}", re.IGNORECASE)


def new_request_id() -> str:
    """16 random characters. Asking the system for each would take a twentieth of `validate`."""
    try:
        return _request_ids.pop()
    except IndexError:
        fresh = os.urandom(8 * _IDS_AT_ONCE).hex()
        # One call, so another thread finds either none of them or all.
        _request_ids.extend([fresh[at : at + 16] for at in range(16, len(fresh), 16)])
        return fresh[:16]


def request_id_of(given: str) -> str:
    """The id that a proxy gives in `X-Request-Id`, if it has a safe form; else a new one.

    Args:
        given: Empty if nobody in front of the portal is trusted.
    """
    return given if _GIVEN.fullmatch(given) else new_request_id()
