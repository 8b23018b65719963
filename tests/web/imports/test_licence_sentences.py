"""The pages of an import say how many tenants get access by it, and until when."""

import pytest

from portal.stores.contract import Add, Store
from tests.web.import_bodies import tenant
from tests.web.imports.import_pages import dump, planned, press
from tests.web.pages import Staff, page_words

LATER = "Tenants that may use the application later, and not yet: 1."
NOBODY = "This import lets nobody use the application now."
ONE = "Tenants that may use the application by this import: 1"
OPEN = {"validTo": None, "openEnded": True}
AHEAD = "2027-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("values", "present", "absent"),
    [
        ({}, f"{ONE}, until 30 Jun 2027.", LATER),
        (OPEN, f"{ONE}, without an end.", LATER),
        ({"validFrom": AHEAD}, f"{NOBODY} {LATER}", ONE),
        ({"isActive": False}, NOBODY, LATER),
    ],
)
def test_a_plan_and_its_outcome_say_until_when(
    admin: Staff, values, present: str, absent: str
) -> None:
    url = planned(admin, dump(tenant(1, **values)))
    for page in (admin.get(url), admin.get(str(press(admin, url).location))):
        assert present in page_words(page)
        assert absent not in page_words(page)


def test_what_turned_out_otherwise_is_not_counted_in_the_outcome(
    admin: Staff, store: Store
) -> None:
    url = planned(admin, dump(tenant(1), tenant(2, **OPEN), tenant(3, validFrom=AHEAD)))
    text = page_words(admin.get(url))
    first = "2. The first licence ends: 30 Jun 2027; the last: without an end."
    assert f"Tenants that may use the application by this import: {first} {LATER}" in text
    for number in (2, 3):
        row = tenant(number)
        tenant_id = f"{row['accountId']}_{row['companyId']}"
        store.write([Add({"tenantId": tenant_id, "isActive": True})])
    press(admin, url)
    text = page_words(admin.get(url))
    assert f"{ONE}, until 30 Jun 2027." in text
    assert LATER not in text
