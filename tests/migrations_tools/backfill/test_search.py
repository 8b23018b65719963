"""What `adopt` puts into lists is found by search as well."""

from pathlib import Path

from portal.queries import Tab
from portal.search import Walk, find, walk_state
from portal.stores.contract import Add
from portal.stores.file.store import JsonFileStore
from portal.timestamps import utc_now
from tests.migrations_tools.backfill.old_application_rows import old_row
from tests.migrations_tools.backfill.test_command import run


def test_adopt_has_search_look_at_all_tenants_once_more_and_only_if_something_changed(
    tmp_path: Path,
) -> None:
    store = JsonFileStore(tmp_path / "data")
    Walk(store=store, clock=utc_now).run_if_due()
    store.write([Add(old_row(number)) for number in range(3)])
    run(tmp_path / "data", "--apply")
    assert walk_state(store).is_due(utc_now())
    Walk(store=store, clock=utc_now).run_if_due()
    domain = str(old_row(1)["contactEmailAddress"]).partition("@")[2]
    assert len(find(store, domain, Tab.ALL, utc_now()).rows) == 3
    version = walk_state(store).version
    run(tmp_path / "data", "--apply")
    assert walk_state(store).version == version
    store.close()
