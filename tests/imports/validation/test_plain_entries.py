"""Tenants that are taken as they are, held to what all checks make of them."""

import json
from random import Random

import pytest

from portal.imports.model import KEY_PREFIX, Entry
from portal.imports.validation.plain_entries import plain_candidate
from portal.imports.validation.validate import fully_checked
from tests.imports.files import tenant

_TEXTS = (
    "", " ", "x", "J\u00f6rg", "A\u0308rger", "J\ufffdrg",
    "a\u200bb", " x", "x ", "a\tb", "\x00", "\x7f",
    "\u202ex", "\u3164", "\ud800", "\U0001f600", "x" * 20, "x" * 21, "x" * 200, "x" * 201,
    "x" * 501, "null", "Unknown", "7", "\u0661", "eu", "EU", " eu", "b_d", "x" * 41,
    "eu.fsm.cloud.sap", "kim@meyer.example", "Kim@meyer.example", "kim@meyer.local",
    "kim@xn--bcher-kva.example", f"{'k' * 65}@meyer.example", "a@b@meyer.example",
    "+4930901820", "+49 30 901820", "+49 (0)30 901820", "030 901820", "+49 30 901820 ext. 5",
    "+49 30 901820 ", f"+49 30 {' ' * 60}901820",
    "2026-11-23T10:00:00.000Z", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000+01:00",
    "2026-02-30T10:00:00.000Z", "2026-11-23", "2031-11-23T10:00:00.000Z", "v1.kms.AA", "true",
)  # fmt: skip
_OTHERS: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    1,
    1.5,
    10**30,
    [],
    {},
    [["x"]],
    {"clientSecret": "x"},
)
_NAMES = (*tenant(), "openEnded", "tenantId", "contactPhoneTyped", "contactPhoneExtension", "other")


def both_ways(entry: Entry, fields: dict) -> tuple:
    """What is found without the checks, and with them; None: it is left to them, or invalid."""
    plain = plain_candidate(entry, fields)
    checked = fully_checked(entry, fields, [])
    is_clean = not checked.repairs and not checked.left_out
    return told(plain), told(checked.candidate) if is_clean else None


def told(candidate) -> tuple | None:
    if candidate is None:
        return None
    secret = candidate.secret.reveal() if candidate.secret else None
    # Rows are stored with the values in this order.
    values = list(candidate.values.items())
    return candidate.id, values, candidate.updated_at, candidate.email_in_file, secret


@pytest.mark.parametrize("seed", range(20))
def test_what_is_plain_is_what_the_checks_make_of_it(seed):
    random = Random(seed)
    found = 0
    for number in range(400):
        fields = tenant(number % 3)
        for _ in range(random.randrange(4)):
            name = random.choice(_NAMES)
            fields[name] = random.choice(_TEXTS if random.random() < 0.8 else _OTHERS)
        for name in random.sample(_NAMES, random.randrange(3)):
            fields.pop(name, None)
        key = random.choice(
            ("", f"{KEY_PREFIX}{fields.get('accountId')}_{fields.get('companyId')}", KEY_PREFIX)
        )
        plain, checked = both_ways(Entry(key, fields, 1, 1), fields)
        if plain is not None:
            found += 1
            assert plain == checked, fields
    assert found > 20


@pytest.mark.parametrize("name", _NAMES)
def test_each_value_alone_is_what_the_checks_make_of_it(name):
    for value in (*_TEXTS, *_OTHERS):
        fields = {**tenant(1), name: value}
        plain, checked = both_ways(Entry("", fields, 1, 1), fields)
        assert plain in (None, checked), value


def test_a_usual_tenant_is_plain():
    fields = tenant(1)
    entry = Entry(
        f"{KEY_PREFIX}{fields['accountId']}_{fields['companyId']}", json.dumps(fields), 1, 1
    )
    plain, checked = both_ways(entry, fields)
    assert plain is not None
    assert plain == checked


@pytest.mark.parametrize(
    "more",
    [
        {"tenant_id": "86810_2"}, {"lost_secret": True}, {"still_refused": ("cluster",)},
        {"left_out": ("photo",)},
    ],
)  # fmt: skip
def test_what_is_said_about_an_entry_elsewhere_is_left_to_the_checks(more):
    assert plain_candidate(Entry("", {}, 1, 1, **more), tenant(1)) is None
