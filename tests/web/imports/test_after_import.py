"""After an import: the list, the report, and the line that removes entries from a browser."""

import csv
import io
import json
from collections.abc import Callable

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.import_bodies import tenant
from tests.web.imports.import_pages import SECRET, URL, dump, planned, press, upload
from tests.web.pages import Staff, by_id, form_of, links, page_words, tenants_in, tree, words


def test_every_import_stays_in_the_list_with_who_and_what(
    signed_in: Callable[..., Staff], clock: Clock
) -> None:
    ada, eve = signed_in("Ada", "admin"), signed_in("Eve", "admin")
    press(ada, planned(ada, dump(tenant(1), tenant(2, contactEmailAddress=""))))
    clock.advance(minutes=1)
    planned(eve, dump(tenant(1)))
    table = tree(ada.get(URL)).find(".//tbody")
    assert table is not None
    lines = [words(row) for row in table.iter("tr")]
    assert lines == [
        "23 Nov 2026, 10:01:00 UTC Who Eve Rows 1 same State Planned",
        "23 Nov 2026, 10:00:00 UTC Who Ada Rows 1 new, 1 invalid State Done",
    ]


def test_a_list_of_many_imports_has_pages(admin: Staff, clock: Clock) -> None:
    for _ in range(52):
        clock.advance(seconds=1)
        planned(admin, dump(tenant(1)))
    first = admin.get(URL)
    assert first.text.count("<tr data-row") == 50
    second = admin.get(links(first)["Next page"])
    assert second.text.count("<tr data-row") == 2
    # No two links have the same text.
    times = [words(link) for link in tree(first).findall(".//tbody//a")]
    assert len(set(times)) == 50
    assert links(second)["First page"] == URL
    assert admin.get(f"{URL}?after=forged").text.count("<tr data-row") == 50


def test_the_report_as_csv_is_safe_in_a_spreadsheet_and_imported_again(
    admin: Staff, store: Store
) -> None:
    evil = tenant(1, contactCompanyName="=cmd|'/c calc'!A1", contactEmailAddress="no")
    url = planned(admin, dump(evil, tenant(2)))
    press(admin, url)
    answer = admin.get(f"{url}/report.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="import-')
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["kind"] for row in rows] == ["invalid", "new"]
    assert rows[0]["contactCompanyName"] == "'=cmd|'/c calc'!A1"
    assert SECRET not in answer.text
    mended = answer.text.replace('"no"', '"max1@meyer.example"')
    again = upload(admin, mended.encode(), "report.csv")
    assert again.status_code == 303
    press(admin, again.location)
    assert tenants_in(store)["86810_1"]["contactCompanyName"] == "=cmd|'/c calc'!A1"


def test_the_report_as_json_says_what_the_command_says(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1), theme="dark"))
    plan = admin.get(f"{url}/report.json").get_json()
    assert (plan["applied"], plan["state"]) == (False, "planned")
    press(admin, url)
    done = admin.get(f"{url}/report.json").get_json()
    assert (done["applied"], done["state"], done["ignoredKeys"]) == (True, "done", 1)
    assert done["counts"]["new"] == 1
    assert [row["key"] for row in done["rows"]] == ["fsm_tenant_86810_1"]
    assert SECRET not in json.dumps(done)


def test_the_line_that_removes_entries_names_exactly_the_keys_in_the_store(admin: Staff) -> None:
    press(admin, planned(admin, dump(tenant(4))))
    text = dump(
        tenant(1), tenant(2, contactEmailAddress="no"), tenant(3), other="x", theme="dark",
    )  # fmt: skip
    conflict = json.loads(text) | json.loads(dump(tenant(4, contactFullName="Mia Meyer")))
    url = planned(admin, json.dumps(conflict))
    assert "remove" not in {each.get("id") for each in tree(admin.get(url)).iter()}
    press(admin, url)
    page = admin.get(url)
    line = (by_id(page, "remove").text or "").strip()
    assert line.startswith('(["fsm_tenant_86810_1","fsm_tenant_86810_3"]).filter(')
    assert "Entries that are in the portal now: 2" in page_words(page)


def test_a_file_without_keys_gets_no_line_that_removes_entries_and_says_why(admin: Staff) -> None:
    url = planned(admin, json.dumps([tenant(1)]))
    press(admin, url)
    page = admin.get(url)
    assert "removeItem" not in page.text
    why = "the file does not hold the keys under which a browser stores them."
    assert why in page_words(page)
    # If nothing was written, there is nothing to remove either.
    none = planned(admin, json.dumps([tenant(2, contactEmailAddress="no")]))
    press(admin, none)
    assert why not in page_words(admin.get(none))


def undone(person: Staff, url: str) -> None:
    form = form_of(person.get(f"{url}/undo"), f"{url}/undo")
    ticked = {"confirmed": form.get("confirmed", "1")}
    assert person.client.post(f"{url}/undo", data=form | ticked).status_code == 303


def test_an_import_that_is_undone_offers_no_line_that_removes_entries(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1)))
    press(admin, url)
    assert "removeItem" in admin.get(url).text
    undone(admin, url)
    page = admin.get(url)
    assert "removeItem" not in page.text
    assert "since this import is undone: the browser may hold the only copy." in page_words(page)


def test_the_line_leaves_out_what_another_import_took_away_when_it_was_undone(
    admin: Staff, store: Store
) -> None:
    changed = tenant(2, contactFullName="Kim")
    press(admin, planned(admin, dump(tenant(2), tenant(3))))
    first = planned(admin, dump(tenant(1), changed), policy="overwrite")
    press(admin, first)
    # The same again: each row is in the portal already.
    second = planned(admin, dump(tenant(1), changed, tenant(3)))
    press(admin, second)
    line = by_id(admin.get(second), "remove").text or ""
    assert all(f"fsm_tenant_86810_{number}" in line for number in (1, 2, 3))
    undone(admin, first)
    # One went away, one has its former name again.
    assert tenants_in(store)["86810_2"]["contactFullName"] == "Max Meyer"
    line = (by_id(admin.get(second), "remove").text or "").strip()
    assert line.startswith('(["fsm_tenant_86810_3"]).filter(')


def test_no_link_of_an_import_is_broken(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1), tenant(2, contactEmailAddress="no")))
    press(admin, planned(admin, dump(tenant(5))))
    for page_url in (URL, url, f"{url}?kind=invalid"):
        for target in links(admin.get(page_url)).values():
            if not target.startswith(("#", "/language/")):
                assert admin.get(target, buffered=True).status_code == 200, target
