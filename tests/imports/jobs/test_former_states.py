"""Former states are kept in items that every store takes."""

import random
import string

from portal.imports.jobs.former_states import FormerState, former_state, read_states, states_item
from portal.stores.contract import MAX_ITEM_BYTES, Add, Item
from tests.imports.harness import on_both_stores


def state(number: int, text: str) -> FormerState:
    before: Item = {
        "tenantId": f"86810_{number}",
        "version": 1,
        "note": text,
        "clientSecret": "v1.loc.x",
    }
    after: Item = {"tenantId": f"86810_{number}", "version": 2, "updatedAt": "y"}
    return former_state(number, before, after)


@on_both_stores
def test_they_are_read_as_they_were_written(harness):
    rows = [state(1, "old"), state(2, ""), former_state(3, None, {"tenantId": "1_3", "version": 1})]
    harness.raw_store.write([Add(states_item("import-x", 0, rows))])
    assert read_states(harness.raw_store, "import-x", 0).rows == rows
    assert rows[0].former == {"note": "old", "updatedAt": None}
    assert (rows[0].secret, rows[2].former, rows[2].is_new) == ("v1.loc.x", {}, True)


@on_both_stores
def test_a_state_that_is_too_large_for_an_item_is_not_kept(harness):
    letters = random.Random(1).choices(string.printable, k=600_000)
    item = states_item("import-x", 0, [state(1, "".join(letters))])
    assert sum(len(name) + len(str(value)) for name, value in item.items()) < MAX_ITEM_BYTES
    harness.raw_store.write([Add(item)])
    (row,) = read_states(harness.raw_store, "import-x", 0).rows
    assert (row.former, row.secret, row.tenant_id, row.version) == (None, "", "86810_1", 2)
