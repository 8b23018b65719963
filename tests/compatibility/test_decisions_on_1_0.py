"""Work continues on data of 1.0: decisions, also repeated ones, and commands of operators."""

import json

from portal import onboarding, queries
from tests.compatibility.conftest import TEXTS, WRITTEN, UpgradedPortal
from tests.compatibility.driver import Browser, pending_id
from tests.compatibility.sample_records import made_up_secret
from tests.unseal import opened

KEYS: dict[str, str] = json.loads((WRITTEN / "folder" / "sealing-keys.json").read_text("ascii"))


# ---- Decisions


def test_a_decision_that_1_0_applied_is_not_applied_again(
    upgraded: UpgradedPortal, anna: Browser
) -> None:
    url = f"/staff/tenants/{pending_id(TEXTS['status link of 20001_1'])}/activate"
    sent = json.loads(TEXTS["activation of 20001_1"]) | {"csrf_token": TEXTS["CSRF token"]}
    before = upgraded.items()["20001_1"]
    answer = anna.post(url, sent)
    assert (answer.status_code, answer.location) == (303, "/staff/tenants/20001_1?done=1")
    assert upgraded.items()["20001_1"] == before
    # With another secret it is another decision, on a version that is gone.
    assert anna.post(url, sent | {"client_secret": "made-up, another"}).status_code == 409


def test_a_note_that_1_0_saved_is_not_saved_again(upgraded: UpgradedPortal, anna: Browser) -> None:
    fields = {
        "text": "Renewed on the phone.",
        "after": "2025-03-03T10:10:00.000Z",
        "csrf_token": TEXTS["CSRF token"],
    }
    assert anna.post("/staff/tenants/20001_1/note", fields).status_code == 303
    notes = queries.notes(upgraded.store, onboarding.find(upgraded.store, "20001_1"))
    assert [note.text for note in notes].count("Renewed on the phone.") == 1


def test_staff_can_decide_on_tenants_of_1_0(upgraded: UpgradedPortal, anna: Browser) -> None:
    waiting = pending_id(TEXTS["status link of the waiting"])
    anna.decide(waiting, "activate", valid_from="2025-06-02", valid_to="2026-06-01",
                client_secret=made_up_secret("86810_104348"))  # fmt: skip
    items = upgraded.items()
    assert "claim-86810_104348" not in items
    assert items[waiting]["forwardTo"] == "86810_104348"
    sealed = str(items["86810_104348"]["clientSecret"])
    assert sealed.split(".")[2] == [*KEYS][-1]
    assert opened(sealed, KEYS, "86810_104348") == made_up_secret("86810_104348")
    (aside,) = [key for key, item in items.items() if item.get("setAside")]
    anna.decide(aside, "release")
    rejected = pending_id(TEXTS["status link of the rejected"])
    anna.decide(rejected, "reopen")
    anna.decide("20001_1", "suspend", reason="unpaid")
    anna.decide("20002_1", "reinstate")
    # A row of the old application. The same write seals its secret.
    anna.decide("90003_1", "validity", valid_from="2025-06-02", valid_to="2025-12-31")
    after = upgraded.items()
    assert [after[key]["status"] for key in (aside, rejected, "20001_1", "20002_1")] == [
        "pending", "pending", "suspended", "active",
    ]  # fmt: skip
    assert after["90003_1"]["version"] == 1
    assert opened(str(after["90003_1"]["clientSecret"]), KEYS, "90003_1") == made_up_secret(
        "90003_1"
    )


# ---- Commands


def test_adopt_continues_from_the_progress_file_of_1_0(upgraded: UpgradedPortal) -> None:
    progress = upgraded.folder / "adopt-progress.json"
    assert json.loads(progress.read_text())["places"]["0"]["after"] == "90001_1"
    everything = len(upgraded.items())
    before = upgraded.items()["90001_1"]
    report = json.loads(upgraded.tool("adopt", "--apply", "--segments", "1", "--json"))
    assert 0 < report["rows"] < everything
    assert [report[name] for name in ("applied", "sealed", "failed", "unchangeable")] == [
        True, 1, [], {},
    ]  # fmt: skip
    items = upgraded.items()
    assert items["90001_1"] == before
    assert opened(str(items["90003_1"]["clientSecret"]), KEYS, "90003_1") == made_up_secret(
        "90003_1"
    )
    assert items["90003_1"]["gsi3pk"] == "COMPANY#o"
    assert not progress.exists()
    again = json.loads(upgraded.tool("adopt", "--apply", "--segments", "1", "--json"))
    # Beside all rows, the item that lets search look at all tenants once more.
    assert (again["rows"], again["sealed"]) == (everything + 1, 0)
    # Beside the row of the old application, a sign-up that 1.0 set aside, where no search found it.
    # It may stand before the place where the progress file continued.
    assert report["listed"] + again["listed"] == 2
    last = json.loads(upgraded.tool("adopt", "--apply", "--segments", "1", "--json"))
    assert (last["rows"], last["listed"], last["sealed"]) == (everything + 1, 0, 0)


def test_retention_erases_data_of_1_0(upgraded: UpgradedPortal) -> None:
    # The command uses the clock of this machine, for which all of it is older.
    upgraded.command("erase-closed", "--older-than", "30")
    items = upgraded.items()
    closed = [item for item in items.values() if item.get("status") in ("rejected", "withdrawn")]
    assert len(closed) == 4
    for item in closed:
        assert item["erased"] is True
        assert not [name for name in item if name.startswith("contact")]
    # All import rows, and everything of the plan that was interrupted while it was saved.
    assert [key for key in items if key.startswith("import-") and "-" in key[7:]] == []
    assert len([key for key in items if key.startswith("import-")]) == 8


def test_a_rotation_adds_a_key_to_the_key_file(upgraded: UpgradedPortal) -> None:
    upgraded.command("sealing", "rotate")
    keys = json.loads((upgraded.folder / "sealing-keys.json").read_text())
    assert [*keys][:2] == [*KEYS]
    assert {name: keys[name] for name in KEYS} == KEYS
    assert len(keys) == 3
