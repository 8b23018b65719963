"""The kind of an item, read from its id."""

import pytest

from portal import records
from portal.stores.schema import KEY


@pytest.mark.parametrize(
    ("item_id", "kind"),
    [
        ("86810_104348", "tenant"), ("pending-abc", "tenant"), ("legacy", "tenant"),
        ("event-86810_104348-2026", "event"), ("claim-1_2", "claim"), ("note-x", "note"),
        ("staff-x", "staff"), ("link-x", "link"), ("session-x", "session"),
        ("limit-network-2026-11-23-ab", "limit"), ("usage-86810_104348", "usage"),
        ("events-inc_7", "tenant"),
    ],
)  # fmt: skip
def test_the_kind_of_an_item_is_read_from_its_id(item_id, kind):
    assert records.item_kind(item_id) == kind
    assert records.is_tenant({KEY: item_id}) is (kind == "tenant")
