"""An import reads `isActive` by the table of tests/tenants/test_active_flag.py, and says so."""

import pytest

from portal.tenants import ActiveFlag
from tests.imports.files import lines, tenant
from tests.imports.harness import messages
from tests.tenants.test_active_flag import READINGS

MISSING = "This is missing, so a new tenant is not active."


@pytest.mark.parametrize(("value", "flag", "is_active"), READINGS)
def test_each_row_names_how_it_was_read(harness, value, flag, is_active):
    fields = {**tenant(1), "isActive": value}
    if value is ...:
        del fields["isActive"]
    (row,) = harness.rows(lines(fields))
    said = {
        ActiveFlag.TRUE: [], ActiveFlag.FALSE: [],
        ActiveFlag.TRUE_TEXT: ["The file has this as a text."],
        ActiveFlag.FALSE_TEXT: ["The file has this as a text."],
        ActiveFlag.NULL: [MISSING], ActiveFlag.MISSING: [MISSING],
        ActiveFlag.UNREADABLE: [
            "This must be true or false. The file has: "
            + ("a list" if isinstance(value, list) else str(value))
        ],
    }  # fmt: skip
    assert messages(row) == [("isActive", sentence) for sentence in said[flag]]
    assert row.kind == ("invalid" if flag is ActiveFlag.UNREADABLE else "new")
    if row.kind == "new":
        assert row.values.get("isActive") is is_active
        harness.run(lines(fields))
        status = harness.tenants()["86810_1"]["status"]
        assert status == ("active" if is_active else "suspended")
