"""The current code reads what 1.0 wrote: a data folder, table items, and texts that people keep."""

import base64
import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal import onboarding, queries, records
from tests.compatibility.conftest import TEXTS, WRITTEN, UpgradedPortal
from tests.compatibility.driver import Browser, form_fields, pending_id
from tests.compatibility.sample_records import OLD_ROWS, lines, made_up_secret, record_60001
from tests.compatibility.tenant_values import values_of
from tests.unseal import opened
from tests.web.pages import links, page_words, tree, words

VALUES: dict[str, dict[str, Any]] = json.loads((WRITTEN / "values.json").read_text("utf-8"))
KEYS: dict[str, str] = json.loads((WRITTEN / "folder" / "sealing-keys.json").read_text("ascii"))
WAITING = TEXTS["status link of the waiting"]


def report(browser: Browser, name: str) -> dict[str, Any]:
    answer = browser.get(f"{TEXTS[f'import {name}']}/report.json")
    assert answer.status_code == 200
    content: dict[str, Any] = answer.get_json()
    return content


# ---- Tenants and their histories


def test_every_tenant_has_the_values_that_1_0_read(upgraded: UpgradedPortal) -> None:
    items = upgraded.items()
    tenants = {
        key: onboarding.find(upgraded.store, key)
        for key, item in items.items()
        if records.is_tenant(item)
    }
    assert {
        key: values_of(
            tenant, queries.history(upgraded.store, tenant), queries.notes(upgraded.store, tenant)
        )
        for key, tenant in tenants.items()
    } == VALUES


def test_some_values_are_these(upgraded: UpgradedPortal) -> None:
    """Some of `values.json`, written by hand."""
    waiting = onboarding.find(upgraded.store, pending_id(WAITING))
    contact = waiting.contact
    assert (contact.company, contact.name) == ("Meyer Elevators", "Kim van Meyer")
    assert contact.email == "Kim.Meyer@example.com"
    assert (contact.phone, contact.phone_typed, contact.phone_extension) == (
        "+4930901820", "030 / 90 18 20 ext. 12", "12",
    )  # fmt: skip
    assert waiting.ids
    assert (waiting.ids.tenant_id, waiting.ids.cluster) == ("86810_104348", "eu")
    assert (waiting.version, waiting.locale, waiting.set_aside) == (2, "de", False)
    statuses = {key: value["status"] for key, value in VALUES.items()}
    assert sorted(statuses.values()) == sorted(
        ["active"] * 9 + ["suspended"] * 4 + ["pending"] * 3 + ["rejected"] * 3 + ["withdrawn"]
    )
    (aside,) = [key for key, value in VALUES.items() if value.get("set_aside")]
    (erased,) = [key for key, value in VALUES.items() if value.get("erased")]
    assert onboarding.find(upgraded.store, aside).contact.company == "Cheap Offers"
    assert onboarding.find(upgraded.store, erased).contact.company == ""
    rejected = onboarding.find(upgraded.store, pending_id(TEXTS["status link of the rejected"]))
    assert rejected.message == "Please tell us which account is yours."
    suspended = onboarding.find(upgraded.store, "20002_1")
    assert (suspended.status.value, suspended.reason) == ("suspended", "unpaid")
    open_ended = onboarding.find(upgraded.store, "90002_1")
    assert (open_ended.validity.open_ended, open_ended.validity.valid_to) == (True, None)
    old = onboarding.find(upgraded.store, "90003_1")
    assert (old.version, old.is_active, old.validity.valid_to) == (None, False, None)


def test_a_sign_up_leads_to_the_tenant_that_it_became(upgraded: UpgradedPortal) -> None:
    reference = pending_id(TEXTS["status link of 20001_1"])
    assert upgraded.items()[reference]["forwardTo"] == "20001_1"
    assert onboarding.find(upgraded.store, reference).id == "20001_1"


def test_lists_and_searches_find_them(upgraded: UpgradedPortal, anna: Browser) -> None:
    def found(query: str) -> list[str]:
        page = tree(anna.get(f"/staff/tenants?{query}"))
        return [words(link) for link in page.findall(".//tbody/tr//a")]

    assert found("status=pending") == ["Meyer Elevators", "Second In Line"]
    assert found("status=aside") == ["Cheap Offers"]
    assert found("status=suspended") == ["Half Two", "Left Out & Co", "Südwind Service"]
    assert set(found("status=rejected")) == {
        "", "Decided Ltd", "Refused SA", "Second Thoughts BV",
    }  # fmt: skip
    # Lists show a row of the old application after the portal has changed or adopted it.
    assert found("status=active")[-1] == "Old And Open"
    assert "Old And Dated" in found("status=active")
    assert found("status=all&q=nordlicht") == ["Nordlicht Aufzüge"]
    assert found("status=all&q=kim.meyer%40example.com") == ["Meyer Elevators"]
    assert found("status=all&q=70001") == ["Late Lifts", "Overtaken GmbH", "Left Out & Co"]
    assert found("status=all&q=90003_1") == ["Old And Off"]


ANSWERS = {
    "20001_1": True, "20002_1": "SUSPENDED", "50001_1": True, "60001_1": True, "70001_1": True,
    "70001_3": "SUSPENDED", "73001_1": True, "73001_2": "SUSPENDED", "90001_1": True,
    "90002_1": True, "90003_1": "SUSPENDED", "86810_104348": "PENDING", "1_1": "NOT_FOUND",
}  # fmt: skip


def test_validate_gives_the_right_answers(upgraded: UpgradedPortal) -> None:
    def answer(tenant_id: str) -> object:
        account, _, company = tenant_id.partition("_")
        response = upgraded.browser().get(f"/api/validate?accountId={account}&companyId={company}")
        content = response.get_json()
        return content["isValid"] or content.get("reason") or content["error"]

    assert {tenant_id: answer(tenant_id) for tenant_id in ANSWERS} == ANSWERS


def test_the_key_file_opens_every_sealed_secret(upgraded: UpgradedPortal) -> None:
    sealed = {
        key: str(item["clientSecret"])
        for key, item in upgraded.items().items()
        if str(item.get("clientSecret", "")).startswith("v1.")
    }
    assert len(sealed) == 10
    for tenant_id, text in sealed.items():
        assert opened(text, KEYS, tenant_id) == made_up_secret(tenant_id)
    # One secret is from before the key rotation, and one from after it.
    assert [sealed[key].split(".")[2] for key in ("20001_1", "20002_1")] == [*KEYS]
    assert json.loads((upgraded.folder / "sealing-keys.json").read_text()) == KEYS


@pytest.mark.parametrize("row", OLD_ROWS, ids=["adopted", "changed by the portal", "untouched"])
def test_rows_of_the_old_application_keep_all_attributes(
    upgraded: UpgradedPortal, row: dict[str, dict[str, Any]]
) -> None:
    item = upgraded.items()[row["tenantId"]["S"]]
    plain = {
        name: int(value) if kind == "N" else value
        for name, attribute in row.items()
        for kind, value in attribute.items()
        if kind in ("S", "BOOL") or (kind == "N" and value.isdigit())
    }
    changed = (
        {"clientSecret", "updatedAt"} if item["clientSecret"] != plain["clientSecret"] else set()
    )
    assert {name: item[name] for name in plain.keys() - changed} == {
        name: plain[name] for name in plain.keys() - changed
    }
    rest = {name: value for name, value in row.items() if name not in plain}
    found = json.loads(str(item.get("attributesOfOtherTypes", "{}")))
    if "stamp" in rest:
        found["stamp"] = {"B": base64.b64decode(found["stamp"]["B"])}
    assert found == rest


# ---- Imports


def test_import_reports_are_the_same_as_in_1_0(upgraded: UpgradedPortal, ada: Browser) -> None:
    for name, file in (("late", "report.json"), ("planned", "planned.json")):
        assert report(ada, name) == json.loads((WRITTEN / "texts" / file).read_text("utf-8"))
    csv = ada.get(f"{TEXTS['import late']}/report.csv").get_data()
    assert csv == (WRITTEN / "texts" / "report.csv").read_bytes()


def test_each_import_has_the_state_that_1_0_left(upgraded: UpgradedPortal, ada: Browser) -> None:
    stopped, discarded = report(ada, "stopped"), report(ada, "discarded")
    assert [stopped[name] for name in ("state", "toWrite", "handled", "endedBy")] == [
        "stopped", 3, 1, "Ada Admin",
    ]  # fmt: skip
    assert [row["written"] for row in stopped["rows"]] == [True, False, False]
    assert [discarded[name] for name in ("state", "toWrite", "handled", "endedBy")] == [
        "discarded", 1, 0, "Ada Admin",
    ]  # fmt: skip
    page = ada.get(TEXTS["import half"])
    (progress,) = tree(page).iter("progress")
    assert (progress.get("value"), progress.get("max")) == ("2", "5")


def test_the_list_shows_all_imports_and_one_has_lost_its_rows(
    upgraded: UpgradedPortal, ada: Browser
) -> None:
    rows = tree(ada.get("/staff/imports/")).findall(".//tbody/tr")
    found = [link.get("href", "") for row in rows for link in row.findall("td[1]/a")]
    names = ["planned", "half", "discarded", "stopped", "late"]
    assert found[:5] == [TEXTS[f"import {name}"] for name in names]
    # Two came through the API. Retention has removed the rows of the oldest.
    assert len(found) == 8
    assert sum("nightly script (token)" in words(row) for row in rows) == 2
    oldest = ada.get(found[-1])
    assert (oldest.status_code, ada.get(f"{found[-1]}/report.json").status_code) == (200, 404)
    assert not [each for each in links(oldest).values() if "report" in each]


def test_messages_in_stored_rows_are_translated(upgraded: UpgradedPortal) -> None:
    """Rows store messages in English. The catalogue must keep these msgids, also when the code
    has other words, or old imports become half English for German readers."""
    ada = upgraded.staff("Ada Admin", "admin")
    english = {
        each["message"]
        for name in ("late", "planned")
        for row in report(ada, name)["rows"]
        for each in (*row["reasons"], *row["repairs"])
    }
    assert len(english) > 6

    def shown() -> list[str]:
        """The English messages that the pages of both imports show."""
        pages = [
            page_words(ada.get(f"{TEXTS[f'import {name}']}?kind={kind}"))
            for name in ("late", "planned")
            for kind in ("new", "same", "update", "conflict", "duplicate", "invalid")
        ]
        return sorted(each for each in english if any(each in page for page in pages))

    assert shown() == sorted(english)
    ada.set_language("de")
    assert shown() == []


# ---- Staff and programs


def test_a_session_and_its_csrf_token_are_accepted(upgraded: UpgradedPortal, anna: Browser) -> None:
    page = anna.get("/staff/")
    assert page.status_code == 200
    assert "Anna Approver" in page_words(page)
    url = "/staff/tenants/20001_1/note"
    fields = {"text": "Still here.", "after": "", "csrf_token": TEXTS["CSRF token"]}
    assert anna.post(url, fields).status_code == 303
    assert anna.post(url, fields | {"csrf_token": "forged"}).status_code == 400
    notes = queries.notes(upgraded.store, onboarding.find(upgraded.store, "20001_1"))
    assert [note.text for note in notes].count("Still here.") == 1
    anna.send("/staff/", "/staff/sign-out")
    assert anna.get("/staff/").status_code == 303


def test_a_sign_in_link_of_1_0_works_once(upgraded: UpgradedPortal) -> None:
    link = TEXTS["sign-in link"]
    ben = upgraded.browser()
    assert ben.send(link, link).status_code == 303
    assert "Ben Viewer" in page_words(ben.get("/staff/"))
    assert upgraded.browser().get(link).status_code == 404


def test_api_tokens_and_their_counted_calls(upgraded: UpgradedPortal) -> None:
    output = upgraded.command("token", "list").splitlines()
    kid = TEXTS["API token"].partition(".")[0]
    valid, revoked = output
    for text in (kid, "nightly script", "imports:write", "120", "2026-06-24", "2025-05-20 10:30"):
        assert text in valid
    for text in ("old script", "imports:write", "60", "2025-05-20"):
        assert text in revoked
    assert call(upgraded, "cinnwn9zjej6.not-its-secret").status_code == 401
    # Three calls of this hour are counted already.
    upgraded.clock.set("2025-05-20 10:40")
    assert "r=116;t=3000" in call(upgraded, TEXTS["API token"]).headers["RateLimit"]


def call(upgraded: UpgradedPortal, token: str) -> TestResponse:
    answer: TestResponse = upgraded.browser().client.post(
        "/api/imports?dryRun=true",
        data=lines(record_60001()).encode(),
        headers={"Authorization": f"Bearer {token}"},
        content_type="application/json",
    )
    return answer


def test_a_disabled_person_stays_disabled(upgraded: UpgradedPortal) -> None:
    (left,) = [item for item in upgraded.items().values() if item.get("email", "")[:3] == "max"]
    assert (left["disabled"], left["era"]) == (True, 1)


# ---- Customers


def test_status_links_open_their_pages(upgraded: UpgradedPortal) -> None:
    customer = upgraded.browser()
    page = customer.get(WAITING)
    assert page.status_code == 200
    assert "Meyer Elevators" in page_words(page)
    answer = customer.send(f"{WAITING}/change", f"{WAITING}/change", company="Meyer Lifts")
    assert answer.status_code == 303
    assert onboarding.find(upgraded.store, pending_id(WAITING)).contact.company == "Meyer Lifts"
    assert customer.get(f"{WAITING[:-1]}x").status_code == 404
    # Through the forward; and with the message of the rejection.
    assert "31 December 2026" in page_words(customer.get(TEXTS["status link of 20001_1"]))
    rejected = customer.get(TEXTS["status link of the rejected"])
    assert "Please tell us which account is yours." in page_words(rejected)


def test_a_sign_up_form_of_1_0_can_be_sent(upgraded: UpgradedPortal) -> None:
    customer = upgraded.browser()
    typed = {"company": "Slow Typer", "name": "Sal", "email": "sal@example.com"}
    fields = form_fields(customer.get("/sign-up"), "/sign-up") | typed
    answer = customer.post("/sign-up", fields | {"form_token": TEXTS["form token"]})
    assert answer.status_code == 303
    assert pending_id(answer.location) == "pending-9lodrov1imh3tg3gwk7gvpou82"
    assert upgraded.browser().get(answer.location).status_code == 200


def test_a_cursor_of_1_0_shows_the_next_page(upgraded: UpgradedPortal, anna: Browser) -> None:
    page = anna.get(f"/staff/tenants?status=pending&after={TEXTS['cursor']}")
    assert "Second In Line" in page_words(page)
    assert "Meyer Elevators" not in page_words(page)
