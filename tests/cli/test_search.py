"""`portal search`, and what `portal outbox` and `portal doctor` do and say for search."""

from datetime import timedelta
from pathlib import Path

from portal.cli import aws_lambda
from portal.queries import Tab
from portal.search import MarkingStore, begin_anew, find
from portal.stores.contract import Store
from portal.timestamps import utc_now
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.examples import sign_up
from tests.queries.many_tenants import fill, ids_of, tenant
from tests.search.checks import worked_off


def test_the_process_that_sends_mail_makes_the_entries(folder: Path, store: Store) -> None:
    fill(store, (tenant(number) for number in range(30)))
    new = sign_up(MarkingStore(store), 900, now=utc_now())
    assert run(folder, "search", "status").stdout.splitlines()[0] == (
        "All tenants are to be looked at. The background process begins soon."
    )
    assert "1 change is not in search yet" in run(folder, "outbox", "status").stdout
    assert run(folder, "outbox", "send").exit_code == 0
    worked_off(store)
    assert ids_of(find(store, "elevators", Tab.ALL, utc_now()).rows) == [new.id]
    said = run(folder, "search", "status").stdout
    assert said.startswith("All tenants have entries. They were looked at last on ")
    assert said.endswith(": 62 rows.\n")
    assert run(folder, "outbox", "status").stdout == "0 waiting, 0 given up.\n"


def test_a_rebuild_makes_what_is_missing(folder: Path, store: Store) -> None:
    run(folder, "outbox", "send")
    fill(store, [tenant(7)])
    run(folder, "outbox", "send")
    assert find(store, "kim7@", Tab.ALL, utc_now()).rows == []
    assert run(folder, "search", "rebuild").stdout == (
        "All tenants are to be looked at. The background process begins soon.\n"
    )
    run(folder, "outbox", "send")
    assert len(find(store, "kim7@", Tab.ALL, utc_now()).rows) == 1


def test_doctor_says_that_nobody_runs_the_background_process(folder: Path, store: Store) -> None:
    marking = MarkingStore(store, lambda: utc_now() - timedelta(hours=1))
    sign_up(marking, 1)
    sign_up(marking, 2)
    said = run(folder, "doctor").stdout
    assert "LOOK     search: 2 changes are not in search yet, the oldest since " in said
    run(folder, "outbox", "send")
    assert "search" not in run(folder, "doctor").stdout


class LongCall:
    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def test_the_function_of_lambda_makes_the_entries(folder: Path, store: Store, monkeypatch) -> None:
    for name, value in {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY}.items():
        monkeypatch.setenv(name, value)
    fill(store, (tenant(number) for number in range(30)))
    begin_anew(store)
    aws_lambda.send_due({}, LongCall())
    worked_off(store)
