"""Imports of 1.0 continue, and its reports and exports can be imported again."""

import json
from typing import Any

import pytest

from portal import onboarding, queries
from tests.compatibility.conftest import TEXTS, WRITTEN, UpgradedPortal
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
    content: dict[str, Any] = answer.get_json()
    return content


def kinds(browser: Browser, plan: str) -> dict[str, str]:
    """The kind of each row, by its tenant id or its key."""
    return {row["tenant"] or row["key"]: row["kind"] for row in report(browser, plan)["rows"]}


def counts(browser: Browser, plan: str) -> dict[str, int]:
    return {kind: number for kind, number in report(browser, plan)["counts"].items() if number}


def test_a_half_applied_import_continues_to_its_end(upgraded: UpgradedPortal, ada: Browser) -> None:
    plan = TEXTS["import half"]
    before = {key: upgraded.items()[key] for key in ("73001_1", "73001_2")}
    assert ada.press(plan, "apply").status_code == 303
    result = report(ada, plan)
    assert [result[name] for name in ("state", "toWrite", "handled", "confirmedBy")] == [
        "done", 5, 5, "Ada Admin",
    ]  # fmt: skip
    assert [row["written"] for row in result["rows"]] == [True] * 5
    items = upgraded.items()
    # The rows that 1.0 had written are unchanged.
    assert {key: items[key] for key in before} == before
    third, fourth, updated = items["73001_3"], items["73001_4"], items["60001_1"]
    assert (third["contactCompanyName"], third["status"], third["version"]) == (
        "Half Three", "active", 1,
    )  # fmt: skip
    assert third["importId"] == plan.rpartition("/")[2]
    assert opened(str(third["clientSecret"]), KEYS, "73001_3") == made_up_secret("73001_3")
    assert (fourth["openEnded"], "validTo" in fourth) == (True, False)
    assert (updated["contactFullName"], updated["version"]) == ("Toni Sample", 3)
    (event, *_) = queries.history(upgraded.store, onboarding.find(upgraded.store, "73001_3"))
    assert (event.verb, event.request_id) == ("import", plan.rpartition("/")[2])


def test_a_planned_import_is_applied(upgraded: UpgradedPortal, ada: Browser) -> None:
    plan = TEXTS["import planned"]
    # 1.0 did not say whether somebody loses access, so it is asked for now.
    assert ada.press(plan, "apply").status_code == 422
    assert ada.press(plan, "apply", losing="unknown").status_code == 303
    result = report(ada, plan)
    assert (result["state"], result["handled"]) == ("done", 2)
    assert [(row["tenant"], row["kind"], row["written"]) for row in result["rows"]] == [
        ("74001_1", "duplicate", False),
        ("74001_1", "new", True),
        ("50001_1", "update", True),
        ("74001_2", "invalid", False),
        ("70001_1", "conflict", False),
        ("71001_1", "same", False),
    ]
    items = upgraded.items()
    new, updated = items["74001_1"], items["50001_1"]
    assert (new["contactCompanyName"], new["version"]) == ("Planned Ltd", 1)
    assert opened(str(new["clientSecret"]), KEYS, "74001_1") == made_up_secret("74001_1")
    assert (updated["validTo"], updated["version"]) == ("2026-12-31T22:59:59.999Z", 2)
    assert items["70001_1"]["validTo"] == "2026-06-30T23:59:59.999Z"


def test_a_tenant_that_changed_after_the_plan_of_1_0_is_a_conflict(
    upgraded: UpgradedPortal, ada: Browser, anna: Browser
) -> None:
    assert anna.decide("50001_1", "suspend", reason="misuse").status_code == 303
    ada.press(TEXTS["import planned"], "apply", losing="unknown")
    assert counts(ada, TEXTS["import planned"]) == {
        "new": 1, "same": 1, "conflict": 2, "duplicate": 1, "invalid": 1,
    }  # fmt: skip
    assert upgraded.items()["50001_1"]["status"] == "suspended"


def test_a_plan_can_be_discarded_and_a_half_applied_import_stopped(
    upgraded: UpgradedPortal, ada: Browser
) -> None:
    for name, state in (("planned", "discarded"), ("half", "stopped")):
        assert ada.press(TEXTS[f"import {name}"], "discard").status_code == 303
        result = report(ada, TEXTS[f"import {name}"])
        assert (result["state"], result["endedBy"]) == (state, "Ada Admin")
    assert "73001_3" not in upgraded.items()


def test_fingerprints_of_1_0_recognise_the_same_secret(
    upgraded: UpgradedPortal, ada: Browser
) -> None:
    other = record_60001(cluster="us", clientSecret="made-up, and another one")
    plan = ada.plan_import(dump(record_50001(), other), policy="newer-wins")
    # Only the secret differs, and the record in the file is not newer.
    assert kinds(ada, plan) == {"50001_1": "same", "60001_1": "conflict"}
    secrets = {row["tenant"]: row["secret"] for row in report(ada, plan)["rows"]}
    assert secrets == {"50001_1": "unchanged", "60001_1": "set"}


def test_values_set_by_staff_are_kept_and_those_of_an_import_are_not(
    upgraded: UpgradedPortal, ada: Browser
) -> None:
    moved = {"validTo": "2028-01-31T22:59:59.999Z", "clientSecret": None}
    plan = ada.plan_import(
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
def test_a_report_of_1_0_is_imported_again(
    upgraded: UpgradedPortal, ada: Browser, file: str
) -> None:
    text = (WRITTEN / "texts" / file).read_bytes().decode()
    as_it_is = ada.plan_import(text, policy="newer-wins")
    # Only the rows that failed. One of them has no values, so it cannot be corrected.
    assert counts(ada, as_it_is) == {"conflict": 1, "invalid": 2}
    corrected = text.replace('"nobody"', '"nobody@example.com"').replace(
        '"31.12.2026"', '"2026-12-31T22:59:59.999Z"'
    )
    plan = ada.plan_import(corrected, policy="newer-wins")
    assert counts(ada, plan) == {"new": 1, "conflict": 1, "invalid": 1}
    assert ada.press(plan, "apply").status_code == 303
    assert upgraded.items()["70001_4"]["contactCompanyName"] == "@Nobody"


def test_an_export_of_1_0_equals_the_store(upgraded: UpgradedPortal, ada: Browser) -> None:
    text = (WRITTEN / "texts" / "export.jsonl").read_text("utf-8")
    # One tenant has an invalid date.
    assert counts(ada, ada.plan_import(text)) == {"same": 12, "invalid": 1}
    again = upgraded.tool("export", ends_with=1).splitlines()
    assert sorted(again) == sorted(text.splitlines())


def test_the_import_form_refuses_a_file_without_tenants(
    upgraded: UpgradedPortal, ada: Browser
) -> None:
    answer = ada.send("/staff/imports/", "/staff/imports/", text=lines({"a": 1}))
    assert answer.status_code == 422
    assert summary(answer)
