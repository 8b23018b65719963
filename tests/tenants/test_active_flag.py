"""What `isActive` means, as text, number, null or nothing."""

import pytest

from portal.tenants import ActiveFlag, read_active

#: The same table for an import and for `adopt`: what is found, how it is read.
READINGS = [
    (True, ActiveFlag.TRUE, True),
    (False, ActiveFlag.FALSE, False),
    ("true", ActiveFlag.TRUE_TEXT, True),
    ("True", ActiveFlag.TRUE_TEXT, True),
    (" FALSE ", ActiveFlag.FALSE_TEXT, False),
    (None, ActiveFlag.NULL, None),
    (..., ActiveFlag.MISSING, None),
    (1, ActiveFlag.UNREADABLE, None),
    (0, ActiveFlag.UNREADABLE, None),
    ("1", ActiveFlag.UNREADABLE, None),
    ("0", ActiveFlag.UNREADABLE, None),
    ("", ActiveFlag.UNREADABLE, None),
    ("yes", ActiveFlag.UNREADABLE, None),
    (1.5, ActiveFlag.UNREADABLE, None),
    ([True], ActiveFlag.UNREADABLE, None),
]


@pytest.mark.parametrize(("value", "flag", "is_active"), READINGS)
def test_only_true_and_false_and_their_texts_are_read(value, flag, is_active):
    assert (read_active(value), flag.is_active) == (flag, is_active)
