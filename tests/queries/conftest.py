"""A store with companies whose names begin alike."""

import pytest

from portal.stores.contract import Store
from portal.tenants import Contact, Status
from tests.queries.many_tenants import fill, tenant


@pytest.fixture
def companies(store: Store) -> Store:
    names = [
        "Éclair Straße",
        "Eclair",
        "Eclairs Ltd",
        "E",
        "eclaire",
        "C",
        "C# Consulting",
        "株式会社",
    ]
    fill(
        store,
        (
            tenant(
                n,
                Status.ACTIVE if n % 2 else Status.PENDING,
                contact=Contact(company=name, name="Kim", email=f"Person{n % 3}@Ex.example"),
            )
            for n, name in enumerate(names)
        ),
    )  # fmt: skip
    return store
