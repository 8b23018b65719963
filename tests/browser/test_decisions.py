"""Staff in a real browser: signing in, deciding, and what the pages show afterwards."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.timestamps import utc_now
from portal.web.i18n.dates import today
from tests.browser.demo_data import DemoData
from tests.browser.steps import Fits, decision, fill_activation, long_day, send
from tests.serving import Portal

ZONE = "24:00 Europe/Berlin"


@pytest.fixture
def anna(signed_in: Callable[..., Page], javascript: bool) -> Page:
    return signed_in(name="Anna Approver", javascript=javascript)


@pytest.fixture
def ben(signed_in: Callable[..., Page], javascript: bool) -> Page:
    return signed_in(name="Ben Approver", javascript=javascript)


def outcome_is(page: Page, text: str | re.Pattern[str], *, javascript: bool) -> None:
    """The page says what happened; with JavaScript the focus is there."""
    outcome = page.locator("#outcome")
    expect(outcome).to_have_text(text)
    if javascript:
        expect(outcome).to_be_focused()


def test_a_link_signs_in_once_and_leads_to_the_requested_page(
    portal: Portal, new_page: Callable[..., Page], javascript: bool
) -> None:
    page = new_page(javascript=javascript)
    link = portal.staff_link("anna.link@example.com", "approver", "Anna Link")
    page.goto("/staff/tenants?status=active")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(link)
    page.goto(link)  # opening it does not use it up
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/staff/tenants?status=active")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: Active")
    expect(page.get_by_role("banner")).to_contain_text("Anna Link Approver")
    page.goto(link)
    over = "This link was used, has expired or was cut."
    expect(page.get_by_role("heading", level=1)).to_have_text(over)


def test_the_queue_leads_to_a_tenant_and_back(anna: Page, demo_data: DemoData) -> None:
    someone = demo_data.pending(ago=timedelta(days=40))
    page = anna
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Tenants").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: Pending")
    tabs = page.get_by_role("navigation", name="Status")
    tabs.get_by_role("link", name="All").click()
    expect(page).to_have_url(re.compile(r"status=all$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: All")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: Pending")
    expect(tabs.get_by_role("link", name="Pending")).to_have_attribute("aria-current", "page")
    page.get_by_role("searchbox").fill(someone.tenant.id)
    page.get_by_role("button", name="Search").click()
    row = page.get_by_role("row").nth(1)
    expect(page.get_by_role("row")).to_have_count(2)
    expect(row).to_contain_text("late")
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"{someone.path}\?back="))
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: Pending")


def test_an_activation_is_refused_corrected_and_saved(
    anna: Page, demo_data: DemoData, javascript: bool
) -> None:
    page, someone = anna, demo_data.pending()
    page.goto(someone.path)
    form = decision(page, "Activate")
    expect(form).to_contain_text(f"Both days count. The last day ends at {ZONE}.")
    # A new document does not have this variable.
    if javascript:
        page.evaluate("window.sameDocument = true")

    form.get_by_label("Account id").fill("")
    form.get_by_label("Company id").fill("no/id")
    form.get_by_label("Cluster").fill("evil.example/")
    form.get_by_label("Client id").fill("appointments")
    form.get_by_label("Client secret").fill("a secret that nobody sees again")
    form.get_by_role("button", name="Activate").click()
    summary = form.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("listitem")).to_have_text(
        [
            "Enter the account id.",
            "Enter the company id in letters and digits only, at most 40.",
            (
                "Enter the cluster as at most 20 letters, digits and hyphens, like eu, or paste its"
                " host, like eu.fsm.cloud.sap."
            ),
        ]
    )
    expect(form.get_by_label("Company id")).to_have_value("no/id")
    expect(form.get_by_label("Client id")).to_have_value("appointments")
    expect(form.get_by_label("Client secret")).to_have_value("")

    final = fill_activation(page)
    last = today(utc_now(), demo_data.zone) + timedelta(days=364)
    form.get_by_role("button", name="Activate").click()
    company = someone.tenant.contact.company
    outcome_is(page, f"{company} is active.", javascript=javascript)
    expect(page.get_by_text(f"Valid through {long_day(last)}, {ZONE}.")).to_be_visible()
    if javascript:
        expect(page).to_have_url(f"/staff/tenants/{final}")
        expect(page.locator("#live")).to_have_text(f"{company} is active.")
        assert page.evaluate("window.sameDocument") is True
    else:
        expect(page).to_have_url(f"/staff/tenants/{final}?done=1")
    expect(page.get_by_role("form", name="Activate")).to_have_count(0)
    # The old and the new address show the tenant, and the status page shows the approval.
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(company)
    page.goto(someone.path)
    expect(page.get_by_text(final).first).to_be_visible()
    page.goto(someone.status_path)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your access is ready")


def test_two_clicks_activate_once(anna: Page, demo_data: DemoData) -> None:
    page, someone = anna, demo_data.pending()
    page.goto(someone.path)
    fill_activation(page)
    decision(page, "Activate").get_by_role("button", name="Activate").dblclick()
    expect(page.locator("#outcome")).to_have_text(f"{someone.tenant.contact.company} is active.")
    history = page.locator(".card", has=page.get_by_role("heading", name="History"))
    expect(history.get_by_role("listitem").filter(has_text="Activated")).to_have_count(1)


def test_the_customer_reads_a_rejection_and_staff_undo_it(
    anna: Page, demo_data: DemoData, new_page: Callable[..., Page], javascript: bool
) -> None:
    page, someone, customer = anna, demo_data.pending(), new_page(javascript=javascript)
    company = someone.tenant.contact.company
    page.goto(someone.path)
    send(page, "Reject", "Reject")
    form = decision(page, "Reject")
    expect(form.get_by_role("alert")).to_be_focused()
    expect(form.get_by_role("alert").get_by_role("link")).to_have_text("Choose one of the reasons.")
    form.get_by_label("Reason").select_option("Details are missing")
    form.get_by_label("Message to the customer").fill("Please tell us\nyour customer number.")
    form.get_by_role("button", name="Reject").click()
    outcome_is(
        page,
        f"The sign-up of {company} is rejected.",
        javascript=javascript,
    )
    customer.goto(someone.status_path)
    expect(customer.get_by_role("heading", level=1)).to_have_text("Your request was not approved")
    expect(customer.locator(".pre-wrap")).to_have_text("Please tell us\nyour customer number.")

    page.get_by_role("button", name="Undo").click()
    outcome_is(page, f"Undone: Rejected. {company} is as before.", javascript=javascript)
    expect(decision(page, "Activate")).to_be_visible()
    customer.reload()
    expect(customer.get_by_role("heading", level=1)).to_have_text(
        "Your request is waiting for approval"
    )


def test_a_suspension_is_undone_and_a_suspended_tenant_reinstated(
    anna: Page, demo_data: DemoData, javascript: bool
) -> None:
    page, someone = anna, demo_data.active()
    company = someone.tenant.contact.company
    for button in ("Undo", "Reinstate"):
        page.goto(someone.path)
        form = decision(page, "Suspend")
        form.get_by_label("Reason").select_option("Not paid")
        form.get_by_role("button", name="Suspend").click()
        said = f"{company} is suspended."
        outcome_is(page, said, javascript=javascript)
        if button == "Reinstate":
            page.goto(someone.path)
        page.get_by_role("button", name=button, exact=True).click()
        outcomes = {
            "Undo": f"Undone: Suspended. {company} is as before.",
            "Reinstate": f"{company} is active again.",
        }
        outcome_is(page, outcomes[button], javascript=javascript)


def test_a_term_sets_the_last_day(anna: Page, demo_data: DemoData, javascript: bool) -> None:
    page, someone = anna, demo_data.active()
    page.goto(someone.path)
    form = decision(page, "Set the validity")
    form.get_by_label("Valid from").fill("2028-02-29")
    form.get_by_label("Term").select_option("One year")
    form.get_by_role("button", name="Set validity").click()
    # Access would stop until then.
    question = form.get_by_role("alert")
    expect(question).to_contain_text("This takes days of access away.")
    expect(question).to_contain_text("Valid from: ")
    expect(question).to_be_focused()
    form.get_by_role("button", name="Shorten the validity").click()
    company = someone.tenant.contact.company
    said = re.compile(
        f"^The licence of {re.escape(company)} now ends on 28 February 2029, before: .*. It"
        " begins on 29 February 2028, before: "
    )
    outcome_is(page, said, javascript=javascript)
    expect(page.get_by_role("main")).to_contain_text(
        f"Valid from 29 February 2028 through 28 February 2029, {ZONE}."
    )
    form = decision(page, "Set the validity")
    expect(form.get_by_label("Valid through")).to_have_value("2029-02-28")

    form.get_by_label("Valid through").fill("2027-01-01")
    form.get_by_role("button", name="Set validity").click()
    expect(form.get_by_role("alert")).to_contain_text("The end must not be before the start.")
    expect(form.get_by_label("Valid through")).to_have_value("2027-01-01")


def test_a_preset_prolongs_and_a_typed_day_beside_it_is_refused(
    anna: Page, demo_data: DemoData, javascript: bool
) -> None:
    page, someone = anna, demo_data.active()
    end = today(someone.tenant.validity.valid_to or utc_now(), demo_data.zone)
    page.goto(someone.path)
    form = decision(page, "Set the validity")
    form.get_by_label("Valid through").fill(f"{end - timedelta(days=9)}")
    form.get_by_label("Term").select_option("30 days")
    form.get_by_role("button", name="Set validity").click()
    last = long_day(end + timedelta(days=30))
    sentence = f"Choose a term or type a last day, not both: the term ends on {last}."
    expect(form.get_by_role("alert")).to_contain_text(sentence)
    form.get_by_label("Valid through").fill(f"{end}")
    form.get_by_role("button", name="Set validity").click()
    said = f" now ends on {last}, before: {long_day(end)}."
    outcome_is(page, re.compile(f"{said}$"), javascript=javascript)
    expect(page.get_by_role("main")).to_contain_text(f"Valid through {last}, {ZONE}.")


def test_a_sign_up_is_closed_towards_an_existing_tenant_and_opened_again(
    anna: Page, demo_data: DemoData, javascript: bool
) -> None:
    page, existing, someone = anna, demo_data.active(), demo_data.pending()
    ids = existing.tenant.ids
    assert ids
    page.goto(someone.path)
    form = decision(page, "Activate")
    form.get_by_label("Account id").fill(ids.account_id)
    form.get_by_label("Company id").fill(ids.company_id)
    form.get_by_label("Cluster").fill("eu")
    form.get_by_role("button", name="Activate", exact=True).click()
    outcome_is(page, "This account already has a tenant.", javascript=javascript)
    # The first button still activates.
    decide = page.locator(".card", has=page.get_by_role("heading", name="Decide"))
    expect(decide.get_by_role("button").first).to_have_text("Activate")
    offer = page.get_by_role("form", name=f"Set the validity of {existing.tenant.id} instead")
    expect(offer.get_by_role("row").filter(has_text="Company")).to_contain_text(
        existing.tenant.contact.company
    )
    offer.get_by_role("button", name="Set validity and close this sign-up").click()
    company = re.escape(someone.tenant.contact.company)
    closed = re.compile(f"^The sign-up of {company} is closed. .* \\({existing.tenant.id}\\)")
    outcome_is(page, closed, javascript=javascript)
    page.get_by_role("button", name="Undo").click()
    outcome_is(page, re.compile(f"^The sign-up of {company} is back"), javascript=javascript)
    expect(page.get_by_role("form", name="Activate")).to_be_visible()
    assert demo_data.current_tenant(existing).validity == existing.tenant.validity


def test_a_note_and_a_changed_contact_are_saved(
    anna: Page, demo_data: DemoData, javascript: bool
) -> None:
    page, someone = anna, demo_data.pending()
    page.goto(someone.path)
    note = decision(page, "Write a note")
    note.get_by_label("Note").fill("Called: they send the number.\nAsk again on Friday.")
    note.get_by_role("button", name="Add note").click()
    expect(page.locator(".log p", has_text="Ask again on Friday.")).to_be_visible()
    if javascript:
        outcome_is(page, "The note is added.", javascript=javascript)
    form = decision(page, "Change the contact")
    form.get_by_label("Contact's name").fill("Kim Nowak")
    form.get_by_role("button", name="Change contact").click()
    company = someone.tenant.contact.company
    changed = f"Contact's name: {someone.tenant.contact.name} → Kim Nowak."
    said = f"The contact of {company} is changed. {changed}"
    outcome_is(page, said, javascript=javascript)
    expect(page.get_by_role("definition").filter(has_text="Kim Nowak")).to_be_visible()


def test_the_second_approver_reads_who_decided_first(
    anna: Page, ben: Page, demo_data: DemoData, javascript: bool
) -> None:
    someone = demo_data.pending()
    anna.goto(someone.path)
    ben.goto(someone.path)
    final = fill_activation(anna)
    send(anna, "Activate", "Activate")
    expect(anna.locator("#outcome")).to_be_visible()

    form = decision(ben, "Reject")
    form.get_by_label("Reason").select_option("Not a customer")
    with ben.expect_response(lambda answer: answer.request.method == "POST") as answered:
        form.get_by_role("button", name="Reject").click()
    assert answered.value.status == 409
    conflict = re.compile(r"^Anna Approver activated this \d+ seconds? ago\.$")
    outcome_is(ben, conflict, javascript=javascript)
    if javascript:
        expect(ben.locator("#live")).to_have_text(conflict)
    expect(ben.get_by_text("Check it before you decide again.")).to_be_visible()
    # The page shows the tenant as it is now, and only the forms that it allows now.
    expect(ben.get_by_text(final, exact=True)).to_be_visible()
    decision(ben, "Set the validity")
    expect(ben.get_by_role("form", name="Reject")).to_have_count(0)
    assert demo_data.current_tenant(someone).is_active

    # Ben can go on from this page: its forms work like those of any other.
    suspend = decision(ben, "Suspend")
    suspend.get_by_label("Reason").select_option("Misuse")
    suspend.get_by_role("button", name="Suspend").click()
    outcome_is(ben, re.compile("is suspended.$"), javascript=javascript)


def test_two_who_activate_at_once_make_one_activation(
    anna: Page, ben: Page, demo_data: DemoData, javascript: bool
) -> None:
    someone = demo_data.pending()
    for page in (anna, ben):
        page.goto(someone.path)
        fill_activation(page)
    send(anna, "Activate", "Activate")
    expect(anna.locator("#outcome")).to_have_text(re.compile("is active.$"))
    send(ben, "Activate", "Activate")
    outcome_is(ben, re.compile("^Anna Approver activated this"), javascript=javascript)
    history = ben.locator(".card", has=ben.get_by_role("heading", name="History"))
    expect(history.get_by_role("listitem").filter(has_text="Activated")).to_have_count(1)


def test_a_viewer_sees_everything_and_no_forms(
    signed_in: Callable[..., Page], demo_data: DemoData, javascript: bool
) -> None:
    page = signed_in("viewer", name="Vera Viewer", javascript=javascript)
    page.goto(demo_data.with_notes().path)
    expect(page.get_by_text("Called on Monday")).to_be_visible()
    expect(page.locator("main form")).to_have_count(0)


def test_the_mail_of_a_rejection_is_read_before_it_is_sent(
    anna: Page, demo_data: DemoData, fits: Fits, *, javascript: bool
) -> None:
    page, someone = anna, demo_data.pending()
    page.goto(someone.path)
    form = decision(page, "Reject")
    form.get_by_label("Reason").select_option(index=1)
    form.get_by_label("Message to the customer").fill("Please write from your own address.")
    form.get_by_role("button", name="Preview the mail").click()
    mail = page.get_by_role("figure", name="The customer gets this mail.")
    expect(mail).to_contain_text("> Please write from your own address.")
    expect(mail).to_contain_text("/status/…/again")
    if javascript:
        expect(mail).to_be_focused()
    fits(page)
    # Everything stays as it was typed, and the button beside it sends it now.
    expect(form.get_by_label("Message to the customer")).to_have_value(
        "Please write from your own address."
    )
    send(page, "Reject", "Reject")
    outcome_is(page, re.compile("is rejected"), javascript=javascript)
