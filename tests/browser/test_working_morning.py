"""A working morning of somebody at the staff desk: 150 sign-ups wait, and licences end.

The tests share one portal, in the order in which a morning goes, but each runs alone as well.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from portal import onboarding, queries
from portal.auth import id_of_address
from portal.sealing import KeyFileSealer
from portal.search import MarkingStore
from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.factory import open_store
from portal.tenants import Status
from portal.timestamps import utc_now
from portal.usage import UsageNoter
from tests.browser.conftest import Axe
from tests.browser.demo_data import DemoData
from tests.browser.morning_data import ENDING, Morning, begin
from tests.browser.morning_steps import (
    a_year_later,
    activated_by_keyboard,
    fits,
    happened,
    is_active,
    last_day,
    rejected_by_keyboard,
    what_matters,
)
from tests.browser.steps import decision, heading, long_day, send, tab_to
from tests.mail_server import mail_server
from tests.serving import ROOT, Portal, serving

DECIDED = 20
NOTE = "Called on Sunday: they know their account number and send it on Monday."

#: Pictures in the page for people of staff; `PORTAL_PICTURES=1` makes them anew.
PICTURES = Path(__file__).parent / "pictures"
MOST_BYTES = 150_000

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One of its own: only these customers are in it."""
    with mail_server() as server:
        chosen = {
            "PORTAL_TIME_ZONE": "Europe/Berlin",
            "PORTAL_MAIL_URL": f"smtp://127.0.0.1:{server.port}",
        }
        with serving(tmp_path_factory.mktemp("morning"), settings=chosen) as portal:
            yield portal


@pytest.fixture(scope="module")
def settings(portal: Portal) -> Settings:
    return Settings.from_environment(portal.environ)


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def morning(store: Store, settings: Settings) -> Morning:
    sealer = KeyFileSealer(settings.data_dir / "sealing-keys.json")
    # With the marks for search, as the forms of the portal leave them.
    return begin(DemoData(MarkingStore(store), sealer, utc_now(), settings.time_zone))


def test_twenty_are_decided_by_keyboard(signed_in: Open, morning: Morning, axe: Axe) -> None:
    queue = morning.waiting()
    page = signed_in()
    heading(page, "Overview")
    fits(page, axe)
    tab_to(page, page.get_by_role("navigation", name="Main").get_by_role("link", name="Tenants"))
    page.keyboard.press("Enter")
    heading(page, "Tenants: Pending")
    tab = page.get_by_role("navigation", name="Status").get_by_role("link", name="Pending")
    expect(tab).to_have_accessible_name(f"Pending {len(queue)}")
    expect(tab).to_have_attribute("aria-current", "page")
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    first = page.get_by_role("link", name=queue[0].tenant.contact.company)
    expect(first).to_be_focused()
    fits(page, axe)
    page.keyboard.press("Enter")
    final_ids = {}
    for number, someone in enumerate(queue[:DECIDED]):
        company = someone.tenant.contact.company
        heading(page, company)
        if number == 0:
            fits(page, axe)
        if number % 3 == 2:
            rejected_by_keyboard(page)
            happened(page, f"The sign-up of {company} is rejected.")
        else:
            final_ids[someone.tenant.id] = activated_by_keyboard(page, someone)
            happened(page, is_active(company))
        following = queue[number + 1].tenant.contact.company
        expect(page.get_by_role("link", name=f"Next: {following}")).to_be_visible()
        if number == 0:
            fits(page, axe)
        if number < DECIDED - 1:
            page.keyboard.press("n")
    page.keyboard.press("u")
    heading(page, "Tenants: Pending")
    expect(tab).to_have_accessible_name(f"Pending {len(queue) - DECIDED}")

    for number, someone in enumerate(queue[:DECIDED]):
        tenant = morning.now(someone.tenant.id)
        assert tenant.decision is not None
        assert tenant.decision.by == "Anna Approver"
        if number % 3 == 2:
            assert (tenant.status, tenant.reason) == (Status.REJECTED, "not_a_customer")
            assert tenant.message == "We do not know you yet."
        else:
            assert tenant.status is Status.ACTIVE
            assert tenant.id == final_ids[someone.tenant.id]
    assert len(morning.waiting()) == len(queue) - DECIDED


def test_of_ten_in_bulk_two_are_decided_meanwhile_by_somebody_else(
    signed_in: Open, morning: Morning, axe: Axe
) -> None:
    chosen = morning.waiting()[:10]
    companies = [each.tenant.contact.company for each in chosen]
    page, ben = signed_in(), signed_in(name="Ben Approver")
    page.goto("/staff/tenants")
    bar = page.get_by_role("group", name="With the selected rows")
    for number, company in enumerate(companies, start=1):
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.get_by_role("checkbox", name=f"Select {company}", exact=True)).to_be_checked()
        expect(page.locator("#live")).to_have_text(f"Selected on this page: {number}")
    # Where the bar covers half of no row.
    bar.scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    fits(page, axe)
    page.keyboard.press("r")
    expect(bar.get_by_role("button", name="Reject")).to_be_focused()
    page.keyboard.press("Enter")
    heading(page, "Reject 10 sign-ups")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("table", name="10 selected").get_by_role("row")).to_have_count(11)
    fits(page, axe)

    ben.goto(chosen[3].path)
    rejected_by_keyboard(ben)
    happened(ben, re.compile("is rejected"))
    ben.goto(chosen[6].path)
    activated_by_keyboard(ben, chosen[6])
    happened(ben, is_active(companies[6]))

    tab_to(page, page.get_by_role("combobox", name="Reason"))
    page.keyboard.type("Not a")
    tab_to(page, page.get_by_role("button", name="Reject 10 sign-ups"))
    page.keyboard.press("Enter")
    happened(page, "8 sign-ups are rejected. 2 are not: see why below.")
    refused = page.get_by_role("table", name="Not done").get_by_role("row")
    done = page.get_by_role("table", name="Done", exact=True).get_by_role("row")
    for number, company in enumerate(companies):
        row = (refused if number in (3, 6) else done).filter(has_text=company)
        if number == 3:
            expect(row).to_contain_text(re.compile("Ben Approver rejected this .* ago"))
        elif number == 6:
            expect(row).to_contain_text(re.compile("Ben Approver activated this .* ago"))
        else:
            expect(row).to_contain_text(f"The sign-up of {company} is rejected.")
    fits(page, axe)

    for number, each in enumerate(chosen):
        tenant = morning.now(each.tenant.id)
        assert tenant.status is (Status.ACTIVE if number == 6 else Status.REJECTED)
        assert tenant.decision is not None
        assert tenant.decision.by == ("Ben Approver" if number in (3, 6) else "Anna Approver")


def test_three_are_undone_and_the_store_is_as_before(
    signed_in: Open, morning: Morning, axe: Axe
) -> None:
    rejected, activated = morning.waiting()[:2]
    suspended = morning.active[0]
    before = [morning.now(each.tenant.id) for each in (rejected, activated, suspended)]
    page = signed_in()
    undo = page.get_by_role("button", name="Undo", exact=True)

    page.goto(rejected.path)
    rejected_by_keyboard(page)
    happened(page, re.compile("is rejected"))
    assert morning.now(rejected.tenant.id).status is Status.REJECTED
    undo.press("Enter")
    happened(page, f"Undone: Rejected. {rejected.tenant.contact.company} is as before.")
    expect(page.get_by_role("form", name="Activate", exact=True)).to_be_visible()
    fits(page, axe)

    page.goto(activated.path)
    final_id = activated_by_keyboard(page, activated)
    happened(page, re.compile("is active"))
    assert morning.now(final_id).status is Status.ACTIVE
    undo.press("Enter")
    happened(page, f"Undone: Activated. {activated.tenant.contact.company} is as before.")

    page.goto(suspended.path)
    decision(page, "Suspend").get_by_label("Reason").select_option("Not paid")
    send(page, "Suspend", "Suspend")
    happened(page, re.compile("is suspended"))
    assert morning.now(suspended.tenant.id).status is Status.SUSPENDED
    undo.press("Enter")
    happened(page, f"Undone: Suspended. {suspended.tenant.contact.company} is as before.")

    after = [morning.now(each.tenant.id) for each in (rejected, activated, suspended)]
    for old, new in zip(before, after, strict=True):
        assert what_matters(new) == what_matters(old)
    with pytest.raises(onboarding.UnknownTenantError):
        morning.now(final_id)


def test_they_are_found_by_phone_by_part_of_a_name_and_by_the_ids_as_shown(
    signed_in: Open, morning: Morning, axe: Axe
) -> None:
    page = signed_in()
    search = page.get_by_role("searchbox", name="Company, contact, email, phone or id")
    for typed, number in (
        ("040 / 55 - 0 37", 1),  # +49 40 55037
        ("katerina hurli", 58),  # Kateřina Hürlimann
        ("86012 / 104012", 12),
    ):
        contact = morning.sign_ups[number].tenant.contact
        page.goto("/staff/")
        page.keyboard.press("/")
        expect(search).to_be_focused()
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        heading(page, "Tenants: All")
        row = page.get_by_role("row").filter(has_text=contact.company)
        # The background process makes the entries; it looks every two seconds.
        for _ in range(20):
            if row.count():
                break
            page.wait_for_timeout(500)
            page.reload()
        expect(row).to_contain_text(contact.name)
        expect(page.get_by_role("row")).to_have_count(2)
        expect(search).to_have_value(typed)
    fits(page, axe)
    # In the list it is searched while somebody types, and read out.
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("86014 / 104014")
    expect(page.locator("#live")).to_have_text("1 row on this page")
    company = morning.sign_ups[14].tenant.contact.company
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=company)).to_be_focused()
    page.keyboard.press("Enter")
    heading(page, company)


def test_ten_licences_are_renewed_at_once_in_two_clicks(
    signed_in: Open, morning: Morning, axe: Axe
) -> None:
    page, zone = signed_in(), morning.demo_data.zone
    page.goto("/staff/tenants?status=expiring")
    heading(page, "Tenants: Expiring")
    chosen, others = morning.ending[:10], morning.ending[10:]
    page.get_by_role("checkbox", name="This page").check()
    for other in others:
        page.get_by_role("checkbox", name=f"Select {other.contact.company}").uncheck()
    expect(page.locator("#live")).to_have_text("Selected on this page: 10")
    fits(page, axe)
    page.get_by_role("button", name="Renew").click()
    heading(page, "Renew 10 licences")
    expect(page.get_by_role("radio", name="One year")).to_be_checked()
    for tenant in chosen:
        old = last_day(tenant, zone)
        row = page.get_by_role("row").filter(has_text=tenant.contact.company)
        expect(row).to_contain_text(f"{long_day(old)}One year{long_day(a_year_later(old))}")
    fits(page, axe)
    page.get_by_role("button", name="Renew 10 licences").click()
    happened(page, "10 licences are renewed.")
    for tenant in chosen:
        company, old = tenant.contact.company, last_day(tenant, zone)
        new = a_year_later(old)
        sentence = f"The licence of {company} now ends on {long_day(new)}, before: {long_day(old)}."
        expect(page.get_by_role("row").filter(has_text=company)).to_contain_text(sentence)
        assert last_day(morning.now(tenant.id), zone) == new
    for tenant in others:
        assert morning.now(tenant.id) == tenant
    fits(page, axe)
    page.keyboard.press("u")
    heading(page, "Tenants: Expiring")
    expect(page.locator("[data-row]")).to_have_count(ENDING - 10)


def test_a_session_that_ends_in_the_middle_of_a_note_loses_nothing(
    *, signed_in: Open, morning: Morning, portal: Portal, store: Store, axe: Axe
) -> None:
    someone = morning.waiting()[-1]
    email = "dora.approver@example.com"
    page, admin = signed_in(name="Dora Approver"), signed_in("admin", name="Ada Admin")
    page.goto(someone.path)
    note = page.get_by_role("textbox", name="Note", exact=True)
    note.focus()
    half = len(NOTE) // 2
    page.keyboard.type(NOTE[:half])

    admin.goto(f"/staff/people/{id_of_address(store, email)}")
    heading(admin, "Dora Approver")
    fits(admin, axe)
    admin.get_by_role("button", name=re.compile("^End the session on ")).click()
    expect(admin.locator("#outcome")).to_be_focused()
    expect(admin.get_by_text("There is no session at the moment.")).to_be_visible()

    page.keyboard.type(NOTE[half:])
    add = page.get_by_role("button", name="Add note")
    tab_to(page, add)
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert").filter(has_text="You were signed out. Nothing was saved.")
    expect(alert).to_be_visible()
    expect(note).to_have_value(NOTE)
    fits(page, axe)
    assert list(queries.notes(store, someone.tenant)) == []

    tab = page.context.new_page()
    tab.goto(portal.staff_link(email, "approver", "Dora Approver"))
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("banner")).to_contain_text("Dora Approver")
    add.press("Enter")
    happened(page, re.compile("^This page has expired"))
    expect(note).to_have_value(NOTE)
    fits(page, axe)
    add.press("Enter")
    happened(page, "The note is added.")
    expect(note).to_have_value("")
    (saved,) = queries.notes(store, someone.tenant)
    assert (saved.text, saved.by) == (NOTE, "Dora Approver")
    assert morning.now(someone.tenant.id) == someone.tenant


def test_nothing_of_it_scrolls_sideways_on_a_phone(
    signed_in: Open, morning: Morning, axe: Axe
) -> None:
    page = signed_in(width=360, locale="de-DE", color_scheme="dark")
    fits(page, axe)
    page.goto("/staff/tenants")
    page.locator("[data-pick]").first.check()
    fits(page, axe)
    page.locator("[name=verb]").first.click()
    expect(page.locator("#form-bulk")).to_be_visible()
    fits(page, axe)
    for path in (morning.waiting()[0].path, morning.active[1].path):
        page.goto(path)
        fits(page, axe)


def test_the_pictures_of_the_docs(
    *, signed_in: Open, morning: Morning, store: Store, tmp_path: Path
) -> None:
    someone = morning.active[2]
    page, small = signed_in(), signed_in(width=360)
    pictures = {}

    def take(name: str, page: Page, height: int, width: int = 1024) -> None:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("document.activeElement.blur()")
        pictures[name] = page.screenshot()

    take("desk-overview", page, 1180)
    page.goto("/staff/tenants")
    for row in (1, 2, 4):
        page.locator("[data-pick]").nth(row).check()
    take("desk-list", page, 430)
    page.get_by_role("button", name="Reject").click()
    heading(page, "Reject 3 sign-ups")
    take("desk-bulk", page, 680)
    noter = UsageNoter(store, utc_now, zone=morning.demo_data.zone)
    noter.opened(someone.tenant.pending_id, someone.tenant.updated_at, utc_now())
    noter.gave_access(someone.tenant.id, utc_now())
    assert noter.flush()
    page.goto(someone.path)
    page.locator(".split").evaluate("split => split.scrollIntoView()")
    take("desk-tenant", page, 830)
    small.goto(morning.waiting()[0].path)
    take("desk-phone", small, 700, 360)

    folder = PICTURES if os.environ.get("PORTAL_PICTURES") else tmp_path
    for name, picture in pictures.items():
        (folder / f"{name}.png").write_bytes(picture)
        assert len(picture) < MOST_BYTES, name


def test_the_page_for_staff_shows_the_pictures_that_are_there() -> None:
    text = (ROOT / "docs/staff-desk.md").read_text(encoding="utf-8")
    shown = re.findall(r"\(\.\./tests/browser/pictures/(desk-\w+\.png)\)", text)
    assert sorted(shown) == sorted(path.name for path in PICTURES.glob("desk-*.png"))
    for name in shown:
        assert (PICTURES / name).read_bytes().startswith(b"\x89PNG")
        assert (PICTURES / name).stat().st_size < MOST_BYTES
