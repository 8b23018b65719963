"""What schemathesis has to know beside the document: texts of our own formats that are accepted,
and what no schema can say. `tests/web/openapi/test_schemathesis.py` starts it with this file."""

from datetime import UTC, datetime, timedelta

import schemathesis
from hypothesis import strategies as st

from portal.timestamps import format_timestamp

START = datetime(2000, 1, 1, tzinfo=UTC)

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüßéñøłçΩж漢字0123456789"
_INSIDE = _LETTERS + " .,&'()<>/=+-@{}%|"

LINE = st.builds(
    "{}{}{}".format, st.sampled_from(_LETTERS), st.text(_INSIDE, max_size=60),
    st.sampled_from(_LETTERS),
)  # fmt: skip
_WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
EMAIL = st.builds("{}@{}.example".format, _WORD, _WORD)
PHONE = st.builds("+49 30 {}".format, st.integers(min_value=100_000, max_value=9_999_999))
INSTANT = st.integers(min_value=0, max_value=6_000_000_000_000).map(
    lambda milliseconds: format_timestamp(START + timedelta(milliseconds=milliseconds))
)

schemathesis.openapi.format("line", LINE)
schemathesis.openapi.format("email", EMAIL)
schemathesis.openapi.format("phone", PHONE)
schemathesis.openapi.format("secret", LINE)
schemathesis.openapi.format("date-time", INSTANT)


@schemathesis.hook
def before_call(
    _context: schemathesis.HookContext, case: schemathesis.Case, _kwargs: object
) -> None:
    """Makes a request plain that the document allows and no client can mean: a cursor that no
    answer has given, and a licence that ends before it starts."""
    if case.meta is None or case.meta.generation.mode is not schemathesis.GenerationMode.POSITIVE:
        return
    query = case.query or {}
    if "." not in str(query.get("cursor", ".")):
        del query["cursor"]
    body = case.body
    if isinstance(body, dict) and str(body.get("validFrom", "")) > str(body.get("validTo", "~")):
        body["validFrom"], body["validTo"] = body["validTo"], body["validFrom"]
