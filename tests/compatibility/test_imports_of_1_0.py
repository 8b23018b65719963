"""What 1.0 imported goes on: plans, what was half applied, reports and exports handed in again."""

import json
from typing import Any

import pytest

from portal import onboarding, queries
from tests.compatibility.conftest import TEXTS, WRITTEN, Written
from tests.compatibility.driver import Browser
from tests.compatibility.sample_records import (
    dump,
    lines,
    made_up_secret,
    record,
    record_50001,
    record_60001,
)
from tests.unseal import opened
from tests.web.pages import summary

KEYS: dict[str, str] = json.loads((WRITTEN / "folder" / "sealing-keys.json").read_text("ascii"))


def report(browser: Browser, plan: str) -> dict[str, Any]:
    answer = browser.get(f"{plan}/report.json")
    assert answer.status_code == 200
    return answer.get_json()


def kinds(browser: Browser, plan: str) -> dict[str, str]:
    """Of each row: its tenant, or its key, and its kind."""
    return {row["tenant"] or row["key"]: row["kind"] for row in report(browser, plan)["rows"]}


def counts(browser: Browser, plan: str) -> dict[str, int]:
    return {kind: number for kind, number in report(browser, plan)["counts"].items() if number}


def test_an_import_that_was_half_applied_goes_on_to_its_end(written: Written, ada: Browser) -> None:
    plan = TEXTS["import half"]
    before = {key: written.items()[key] for key in ("73001_1", "73001_2")}
    assert ada.presses(plan, "apply").status_code == 303
    told = report(ada, plan)
    assert [told[name] for name in ("state", "toWrite", "handled", "confirmedBy")] == [
        "done", 5, 5, "Ada Admin",
    ]  # fmt: skip
    assert [row["written"] for row in told["rows"]] == [True] * 5
    items = written.items()
    # What was in already was not written again.
    assert {key: items[key] for key in before} == before
    third, fourth, updated = items["73001_3"], items["73001_4"], items["60001_1"]
    assert (third["contactCompanyName"], third["status"], third["version"]) == (
        "Half Three", "active", 1,
    )  # fmt: skip
    assert third["importId"] == plan.rpartition("/")[2]
    assert opened(str(third["clientSecret"]), KEYS, "73001_3") == made_up_secret("73001_3")
    assert (fourth["openEnded"], "validTo" in fourth) == (True, False)
    assert (updated["contactFullName"], updated["version"]) == ("Toni Sample", 3)
    (event, *_) = queries.history(written.store, onboarding.find(written.store, "73001_3"))
    assert (event.verb, event.request_id) == ("import", plan.rpartition("/")[2])


def test_an_import_that_was_planned_is_written(written: Written, ada: Browser) -> None:
    plan = TEXTS["import planned"]
    assert ada.presses(plan, "apply").status_code == 303
    told = report(ada, plan)
    assert (told["state"], told["handled"]) == ("done", 2)
    assert [(row["tenant"], row["kind"], row["written"]) for row in told["rows"]] == [
        ("74001_1", "duplicate", False),
        ("74001_1", "new", True),
        ("50001_1", "update", True),
        ("74001_2", "invalid", False),
        ("70001_1", "conflict", False),
        ("71001_1", "same", False),
    ]
    items = written.items()
    new, updated = items["74001_1"], items["50001_1"]
    assert (new["contactCompanyName"], new["version"]) == ("Planned Ltd", 1)
    assert opened(str(new["clientSecret"]), KEYS, "74001_1") == made_up_secret("74001_1")
    assert (updated["validTo"], updated["version"]) == ("2026-12-31T22:59:59.999Z", 2)
    assert items["70001_1"]["validTo"] == "2026-06-30T23:59:59.999Z"


def test_what_changed_since_1_0_planned_it_is_a_conflict(
    written: Written, ada: Browser, anna: Browser
) -> None:
    assert anna.decide("50001_1", "suspend", reason="misuse").status_code == 303
    ada.presses(TEXTS["import planned"], "apply")
    assert counts(ada, TEXTS["import planned"]) == {
        "new": 1, "same": 1, "conflict": 2, "duplicate": 1, "invalid": 1,
    }  # fmt: skip
    assert written.items()["50001_1"]["status"] == "suspended"


def test_a_plan_of_1_0_is_discarded_and_an_import_stopped(written: Written, ada: Browser) -> None:
    for name, state in (("planned", "discarded"), ("half", "stopped")):
        assert ada.presses(TEXTS[f"import {name}"], "discard").status_code == 303
        told = report(ada, TEXTS[f"import {name}"])
        assert (told["state"], told["endedBy"]) == (state, "Ada Admin")
    assert "73001_3" not in written.items()


def test_secrets_that_1_0_imported_are_known_again(written: Written, ada: Browser) -> None:
    other = record_60001(cluster="us", clientSecret="made-up, and another one")
    plan = ada.plans(dump(record_50001(), other), policy="newer-wins")
    # The other one changes nothing but the secret, and is no newer.
    assert kinds(ada, plan) == {"50001_1": "same", "60001_1": "conflict"}
    secrets = {row["tenant"]: row["secret"] for row in report(ada, plan)["rows"]}
    assert secrets == {"50001_1": "unchanged", "60001_1": "set"}


def test_what_staff_had_set_is_kept_and_what_an_import_had_is_not(
    written: Written, ada: Browser
) -> None:
    moved = {"validTo": "2028-01-31T22:59:59.999Z", "clientSecret": None}
    plan = ada.plans(
        dump(
            record("70001_1", "Late Lifts", contactPhone="ask at the desk", **moved),
            record("71001_1", "Stopped One", **moved),
            record("20002_1", "Südwind Service", isActive=True),
        ),
        policy="overwrite",
    )
    assert kinds(ada, plan) == {"70001_1": "conflict", "71001_1": "update", "20002_1": "conflict"}
    fields = {
        row["tenant"]: [reason["field"] for reason in row["reasons"]]
        for row in report(ada, plan)["rows"]
    }
    assert fields == {"70001_1": ["validTo"], "71001_1": [], "20002_1": ["isActive", "validTo"]}


@pytest.mark.parametrize("file", ["report.json", "report.csv"])
def test_a_report_of_1_0_is_imported_again(written: Written, ada: Browser, file: str) -> None:
    text = (WRITTEN / "texts" / file).read_bytes().decode()
    as_it_is = ada.plans(text, policy="newer-wins")
    # What could not be imported, and no more; one of them has no values to be mended.
    assert counts(ada, as_it_is) == {"conflict": 1, "invalid": 2}
    mended = text.replace('"nobody"', '"nobody@example.com"').replace(
        '"31.12.2026"', '"2026-12-31T22:59:59.999Z"'
    )
    plan = ada.plans(mended, policy="newer-wins")
    assert counts(ada, plan) == {"new": 1, "conflict": 1, "invalid": 1}
    assert ada.presses(plan, "apply").status_code == 303
    assert written.items()["70001_4"]["contactCompanyName"] == "@Nobody"


def test_an_export_of_1_0_is_all_in_already(written: Written, ada: Browser) -> None:
    text = (WRITTEN / "texts" / "export.jsonl").read_text("utf-8")
    # One of them has a date that nobody can read.
    assert counts(ada, ada.plans(text)) == {"same": 12, "invalid": 1}
    again = written.tool("export", ends_with=1).splitlines()
    assert sorted(again) == sorted(text.splitlines())


def test_the_form_of_imports_still_refuses_what_is_none(written: Written, ada: Browser) -> None:
    answer = ada.send("/staff/imports/", "/staff/imports/", text=lines({"a": 1}))
    assert answer.status_code == 422
    assert summary(answer)
