"""Two journeys in a real browser, with JavaScript and without, on a phone, with mails that are
opened and links that are followed: the proof of an address, and a question of staff."""

import re
import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal import onboarding
from portal.stores.contract import Store
from portal.tenants import AuditInfo
from portal.timestamps import utc_now
from tests.browser.demo_data import ANNA, DemoData
from tests.browser.mails import MailTo, link_in
from tests.browser.steps import Fits, decision, heading, send, signed_up


@pytest.fixture
def customer(new_page: Callable[..., Page], javascript: bool) -> Page:
    return new_page(javascript=javascript, width=360)


def somebody() -> str:
    return f"jane.{secrets.token_hex(6)}@example.com"


def test_an_address_is_proved_on_another_device_after_a_scanner_was_there(
    *,
    customer: Page,
    new_page: Callable[..., Page],
    signed_in: Callable[..., Page],
    mail_to: MailTo,
    fits: Fits,
    javascript: bool,
    store: Store,
) -> None:
    address = somebody()
    status_page = signed_up(customer, address)
    expect(customer.get_by_text("Your email address is not confirmed yet.")).to_be_visible()
    fits(customer)
    link = link_in(mail_to(address, "Please confirm"), "confirm")

    scanner = new_page(javascript=javascript)
    scanner.goto(link)
    reference = status_page.rpartition("/")[2][:26]
    assert "emailConfirmedAt" not in store.get(f"pending-{reference}")

    phone = new_page(javascript=javascript, width=360)
    phone.goto(link)
    heading(phone, "Confirm your email address")
    expect(phone.get_by_text("j•••@example.com")).to_be_visible()
    fits(phone)
    phone.get_by_role("button", name="Confirm this address").click()
    expect(phone).to_have_url(re.compile(r"/status/\w{58}\?done=confirmed"))
    expect(phone.get_by_role("status").first).to_have_text("Your email address is confirmed.")
    # Whole here, where it was proved; masked where only the link is.
    expect(phone.get_by_text(address)).to_be_visible()
    fits(phone)
    customer.goto(status_page)
    expect(customer.get_by_text("j•••@example.com")).to_be_visible()
    expect(customer.get_by_text(address)).to_have_count(0)
    customer.get_by_role("button", name="Send me that link").click()
    expect(customer.get_by_role("status").first).to_contain_text("one is on its way")
    # Pressed again, it changes nothing.
    phone.goto(link)
    heading(phone, "Your email address is confirmed")
    phone.get_by_role("button", name="Show my request").click()
    heading(phone, "Your request is waiting for approval")

    anna = signed_in(name="Anna Approver", javascript=javascript, width=360)
    anna.goto(f"/staff/tenants?q={address}&status=pending")
    expect(anna.locator("tbody tr")).to_contain_text("confirmed")
    fits(anna)
    anna.goto(f"/staff/tenants/pending-{reference}")
    expect(anna.locator("dl.facts")).to_contain_text("Email confirmed")
    fits(anna)


def test_a_question_is_asked_answered_and_read(
    *,
    customer: Page,
    signed_in: Callable[..., Page],
    mail_to: MailTo,
    fits: Fits,
    javascript: bool,
) -> None:
    address = somebody()
    status_page = signed_up(customer, address)
    reference = status_page.rpartition("/")[2][:26]
    name = f"Anna{secrets.token_hex(3)} Approver"
    anna = signed_in(name=name, javascript=javascript, width=360)
    path = f"/staff/tenants/pending-{reference}"
    anna.goto(path)
    form = decision(anna, "Ask the customer")
    send(anna, "Ask the customer", "Ask the customer")
    expect(anna.get_by_role("alert").filter(has_text="There is a problem")).to_be_visible()
    form = decision(anna, "Ask the customer")
    form.get_by_label("Question to the customer").fill("Which company is it?\nYou have two.")
    form.get_by_label("Please correct: Company name").check()
    fits(anna)
    send(anna, "Ask the customer", "Ask the customer")
    expect(anna.locator("#outcome")).to_have_text("The customer of Example GmbH is asked.")
    expect(anna.locator("#question")).to_contain_text("No answer yet.")
    fits(anna)

    mail = mail_to(address, "Which company is it?")
    customer.goto(link_in(mail, "status"))
    heading(customer, "Answer the question")
    expect(customer.get_by_text("You have two.")).to_be_visible()
    fits(customer)
    customer.get_by_role("button", name="Send the answer").click()
    expect(customer.get_by_role("alert").filter(has_text="There is a problem")).to_be_focused()
    fits(customer)
    customer.get_by_label("Company name").fill("Example AG")
    customer.get_by_label("Your answer").fill("The one in Berlin.")
    customer.get_by_role("button", name="Send the answer").click()
    heading(customer, "Your request is waiting for approval")
    expect(customer.get_by_role("status").first).to_have_text(
        "Your answer is sent. Your request keeps its place."
    )
    fits(customer)

    staff_address = f"{name.partition(' ')[0].lower()}.approver@example.com"
    mail = mail_to(staff_address, "The request waits for you.")
    anna.goto(link_in(mail, "staff"))
    card = anna.locator("#question")
    expect(card).to_contain_text("The one in Berlin.")
    expect(card.locator("tbody tr")).to_contain_text("Example GmbH")
    expect(card.locator("tbody tr")).to_contain_text("Example AG")
    fits(anna)
    anna.goto(f"/staff/tenants?q={reference}&status=pending")
    expect(anna.locator("tbody tr")).to_contain_text("Answered")
    fits(anna)


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_their_pages_have_no_barriers(
    *,
    scheme: str,
    locale: str,
    width: int,
    demo_data: DemoData,
    new_page: Callable[..., Page],
    signed_in: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    store: Store,
) -> None:
    someone = demo_data.pending()
    audit = AuditInfo(by=ANNA[0], who=ANNA[1], at=utc_now())
    # Long words, and every field.
    onboarding.ask(
        store,
        someone.tenant.id,
        expected_version=1,
        audit=audit,
        text="Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 3,
        fields=("company", "name", "email", "phone"),
    )
    options = {"width": width, "color_scheme": scheme, "locale": locale}
    wrong: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found = [*axe(page), *([f"scrolls sideways by {wide}"] if wide > 0 else [])]
        if found:
            wrong[name] = found

    page = new_page(**options)
    page.goto(someone.status_path)
    look(page, "asked")
    page.goto(f"{someone.status_path}/answer")
    look(page, "answer")
    page.locator("main button").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    look(page, "answer with an error")
    anna = signed_in(name="Anna Approver", **options)
    anna.goto(someone.path)
    look(anna, "tenant that was asked")
    page.locator("#answer").fill("Elektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3)
    page.locator("#company").fill("Meyer")
    page.locator("main button").click()
    expect(page).to_have_url(re.compile("done=answered"))
    look(page, "answered")
    anna.goto(someone.path)
    look(anna, "tenant that answered")
    anna.goto("/staff/tenants?status=pending")
    look(anna, "list")
    assert wrong == {}
