"""What 1.0 wrote is read: a data folder, the items of a table, and texts that people hold."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal import onboarding, queries, records
from tests.compatibility.conftest import TEXTS, WRITTEN, Written
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
    return answer.get_json()


# ---- Tenants and their histories


def test_every_tenant_reads_as_1_0_itself_read_it(written: Written) -> None:
    items = written.items()
    tenants = {
        key: onboarding.find(written.store, key)
        for key, item in items.items()
        if records.is_tenant(item)
    }
    assert {
        key: values_of(
            tenant, queries.history(written.store, tenant), queries.notes(written.store, tenant)
        )
        for key, tenant in tenants.items()
    } == VALUES


def test_the_values_are_these(written: Written) -> None:
    """A few of `values.json` once more, by hand."""
    waiting = onboarding.find(written.store, pending_id(WAITING))
    contact = waiting.contact
    assert (contact.company, contact.name) == ("Meyer Elevators", "Kim van Meyer")
    assert contact.email == "Kim.Meyer@example.com"
    assert (contact.phone, contact.phone_typed, contact.phone_extension) == (
        "+4930901820", "030 / 90 18 20 ext. 12", "12",
    )  # fmt: skip
    assert (waiting.ids.tenant_id, waiting.ids.cluster) == ("86810_104348", "eu")
    assert (waiting.version, waiting.locale, waiting.set_aside) == (2, "de", False)
    statuses = {key: value["status"] for key, value in VALUES.items()}
    assert sorted(statuses.values()) == sorted(
        ["active"] * 9 + ["suspended"] * 4 + ["pending"] * 3 + ["rejected"] * 3 + ["withdrawn"]
    )
    (aside,) = [key for key, value in VALUES.items() if value.get("set_aside")]
    (erased,) = [key for key, value in VALUES.items() if value.get("erased")]
    assert onboarding.find(written.store, aside).contact.company == "Cheap Offers"
    assert onboarding.find(written.store, erased).contact.company == ""
    rejected = onboarding.find(written.store, pending_id(TEXTS["status link of the rejected"]))
    assert rejected.message == "Please tell us which account is yours."
    suspended = onboarding.find(written.store, "20002_1")
    assert (suspended.status.value, suspended.reason) == ("suspended", "unpaid")
    open_ended = onboarding.find(written.store, "90002_1")
    assert (open_ended.validity.open_ended, open_ended.validity.valid_to) == (True, None)
    old = onboarding.find(written.store, "90003_1")
    assert (old.version, old.is_active, old.validity.valid_to) == (None, False, None)


def test_a_sign_up_leads_to_the_tenant_that_it_became(written: Written) -> None:
    reference = pending_id(TEXTS["status link of 20001_1"])
    assert written.items()[reference]["forwardTo"] == "20001_1"
    assert onboarding.find(written.store, reference).id == "20001_1"


def test_lists_and_searches_find_them(written: Written, anna: Browser) -> None:
    def found(query: str) -> list[str]:
        page = tree(anna.get(f"/staff/tenants?{query}"))
        return [words(row.find(".//a")) for row in page.findall(".//tbody/tr")]

    assert found("status=pending") == ["Meyer Elevators", "Second In Line"]
    assert found("status=aside") == ["Cheap Offers"]
    assert found("status=suspended") == ["Half Two", "Left Out & Co", "Südwind Service"]
    assert set(found("status=rejected")) == {
        "", "Decided Ltd", "Refused SA", "Second Thoughts BV",
    }  # fmt: skip
    # An old row is in the lists from when the portal has changed it, or adopted it.
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


def test_the_application_gets_its_answers(written: Written) -> None:
    def answer(tenant_id: str) -> object:
        account, _, company = tenant_id.partition("_")
        told = written.browser().get(f"/api/validate?accountId={account}&companyId={company}")
        said = told.get_json()
        return said["isValid"] or said.get("reason") or said["error"]

    assert {tenant_id: answer(tenant_id) for tenant_id in ANSWERS} == ANSWERS


def test_the_key_file_opens_every_secret(written: Written) -> None:
    sealed = {
        key: str(item["clientSecret"])
        for key, item in written.items().items()
        if str(item.get("clientSecret", "")).startswith("v1.")
    }
    assert len(sealed) == 10
    for tenant_id, text in sealed.items():
        assert opened(text, KEYS, tenant_id) == made_up_secret(tenant_id)
    # The first was sealed before the second key was made.
    assert [sealed[key].split(".")[2] for key in ("20001_1", "20002_1")] == [*KEYS]
    assert json.loads((written.folder / "sealing-keys.json").read_text()) == KEYS


@pytest.mark.parametrize("row", OLD_ROWS[1:], ids=["changed by the portal", "untouched"])
def test_what_the_old_application_left_is_all_there(
    written: Written, row: dict[str, dict[str, Any]]
) -> None:
    item = written.items()[row["tenantId"]["S"]]
    plain = {
        name: int(value) if kind == "N" else value
        for name, attribute in row.items()
        for kind, value in attribute.items()
        if kind in ("S", "BOOL", "N")
    }
    changed = {"clientSecret", "updatedAt"} if "status" in item else set()
    assert {name: item[name] for name in plain.keys() - changed} == {
        name: plain[name] for name in plain.keys() - changed
    }
    rest = {name: value for name, value in row.items() if name not in plain}
    assert json.loads(str(item.get("attributesOfOtherTypes", "{}"))) == rest


# ---- Imports


def test_the_reports_of_imports_are_as_1_0_told_them(written: Written, ada: Browser) -> None:
    for name, file in (("late", "report.json"), ("planned", "planned.json")):
        assert report(ada, name) == json.loads((WRITTEN / "texts" / file).read_text("utf-8"))
    csv = ada.get(f"{TEXTS['import late']}/report.csv").get_data()
    assert csv == (WRITTEN / "texts" / "report.csv").read_bytes()


def test_each_import_is_where_1_0_left_it(written: Written, ada: Browser) -> None:
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


def test_the_list_of_imports_names_them_all_and_those_without_rows(
    written: Written, ada: Browser
) -> None:
    rows = tree(ada.get("/staff/imports/")).findall(".//tbody/tr")
    found = [row.find(".//a").get("href") for row in rows]
    names = ["planned", "half", "discarded", "stopped", "late"]
    assert found[:5] == [TEXTS[f"import {name}"] for name in names]
    # Two came by the API; of the first one the rows were removed, and its numbers stay.
    assert len(found) == 8
    assert sum("nightly script (token)" in words(row) for row in rows) == 2
    oldest = ada.get(found[-1])
    assert (oldest.status_code, ada.get(f"{found[-1]}/report.json").status_code) == (200, 404)
    assert not [each for each in links(oldest).values() if "report" in each]


def test_german_readers_get_the_sentences_of_stored_rows_in_german(written: Written) -> None:
    """Rows keep the English sentence, which the catalogue has to know as long as they do."""
    ada = written.staff("Ada Admin", "admin")
    english = {
        each["message"]
        for name in ("late", "planned")
        for row in report(ada, name)["rows"]
        for each in (*row["reasons"], *row["repairs"])
    }
    assert len(english) > 6

    def shown() -> list[str]:
        """Those that stand on the pages of both imports, in the language of the browser."""
        pages = [
            page_words(ada.get(f"{TEXTS[f'import {name}']}?kind={kind}"))
            for name in ("late", "planned")
            for kind in ("new", "same", "update", "conflict", "duplicate", "invalid")
        ]
        return sorted(each for each in english if any(each in page for page in pages))

    assert shown() == sorted(english)
    ada.speaks("de")
    assert shown() == []


# ---- Staff and programs


def test_a_session_and_its_form_token_are_believed(written: Written, anna: Browser) -> None:
    page = anna.get("/staff/")
    assert page.status_code == 200
    assert "Anna Approver" in page_words(page)
    url = "/staff/tenants/20001_1/note"
    fields = {"text": "Still here.", "after": "", "csrf_token": TEXTS["CSRF token"]}
    assert anna.post(url, fields).status_code == 303
    assert anna.post(url, fields | {"csrf_token": "forged"}).status_code == 400
    notes = queries.notes(written.store, onboarding.find(written.store, "20001_1"))
    assert [note.text for note in notes].count("Still here.") == 1
    anna.send("/staff/", "/staff/sign-out")
    assert anna.get("/staff/").status_code == 303


def test_a_sign_in_link_works_once(written: Written) -> None:
    link = TEXTS["sign-in link"]
    ben = written.browser()
    assert ben.send(link, link).status_code == 303
    assert "Ben Viewer" in page_words(ben.get("/staff/"))
    assert written.browser().get(link).status_code == 404


def test_api_tokens_and_their_counted_calls(written: Written) -> None:
    told = written.command("token", "list").splitlines()
    kid = TEXTS["API token"].partition(".")[0]
    good, revoked = told
    for text in (kid, "nightly script", "imports:write", "120", "2026-06-24", "2025-05-20 10:30"):
        assert text in good
    for text in ("old script", "imports:write", "60", "2025-05-20"):
        assert text in revoked
    assert call(written, "cinnwn9zjej6.not-its-secret").status_code == 401
    # Three calls were made ten minutes before.
    written.clock.set("2025-05-20 10:40")
    assert "r=116;t=3000" in call(written, TEXTS["API token"]).headers["RateLimit"]


def call(written: Written, token: str) -> TestResponse:
    return written.browser().client.post(
        "/api/imports?dryRun=true",
        data=lines(record_60001()).encode(),
        headers={"Authorization": f"Bearer {token}"},
        content_type="application/json",
    )


def test_somebody_who_left_stays_out(written: Written) -> None:
    (left,) = [item for item in written.items().values() if item.get("email", "")[:3] == "max"]
    assert (left["disabled"], left["era"]) == (True, 1)


# ---- What customers hold


def test_status_links_open_their_pages(written: Written) -> None:
    customer = written.browser()
    page = customer.get(WAITING)
    assert page.status_code == 200
    assert "Meyer Elevators" in page_words(page)
    answer = customer.send(f"{WAITING}/change", f"{WAITING}/change", company="Meyer Lifts")
    assert answer.status_code == 303
    assert onboarding.find(written.store, pending_id(WAITING)).contact.company == "Meyer Lifts"
    assert customer.get(f"{WAITING[:-1]}x").status_code == 404
    # Through the forward, and with the words for the customer.
    assert "31 Dec 2026" in page_words(customer.get(TEXTS["status link of 20001_1"]))
    rejected = customer.get(TEXTS["status link of the rejected"])
    assert "Please tell us which account is yours." in page_words(rejected)


def test_a_form_that_1_0_showed_can_be_sent(written: Written) -> None:
    customer = written.browser()
    typed = {"company": "Slow Typer", "name": "Sal", "email": "sal@example.com"}
    fields = form_fields(customer.get("/sign-up"), "/sign-up") | typed
    answer = customer.post("/sign-up", fields | {"form_token": TEXTS["form token"]})
    assert answer.status_code == 303
    assert pending_id(answer.location) == "pending-9lodrov1imh3tg3gwk7gvpou82"
    assert written.browser().get(answer.location).status_code == 200


def test_a_cursor_goes_on_behind_its_row(written: Written, anna: Browser) -> None:
    page = anna.get(f"/staff/tenants?status=pending&after={TEXTS['cursor']}")
    assert "Second In Line" in page_words(page)
    assert "Meyer Elevators" not in page_words(page)
