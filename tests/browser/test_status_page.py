"""The customer's way on from each state, in a real browser: in both languages, with JavaScript and
without."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.stores.contract import Store
from tests.browser.demo_data import DemoData
from tests.browser.steps import (
    Fits,
    Say,
    fill_sign_up,
    free_id,
    heading,
    send,
    send_sign_up,
    words_in,
)


@pytest.fixture(params=["en-GB", "de-DE"])
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def say(locale: str) -> Say:
    return words_in(locale)


@pytest.fixture
def customer(new_page: Callable[..., Page], javascript: bool, locale: str) -> Page:
    """A phone."""
    return new_page(javascript=javascript, width=360, locale=locale)


def test_a_rejected_customer_asks_again_and_both_pages_lead_to_each_other(
    customer: Page, demo_data: DemoData, fits: Fits, say: Say, store: Store
) -> None:
    before, page = demo_data.rejected(), customer
    page.goto(before.status_path)
    page.get_by_role("link", name=say("Ask for access again")).click()
    heading(page, say("Ask for access again"))
    fits(page)
    # What was sent is there; what is masked stays as it is if the field stays empty.
    expect(page.get_by_label(say("Company name"))).to_have_value(before.tenant.contact.company)
    expect(page.get_by_label(say("Email address"))).to_have_value("")
    page.get_by_label(say("Your name")).fill("")
    page.get_by_role("button", name=say("They are right: ask again")).click()
    expect(page.get_by_role("alert").filter(has_text=say("There is a problem"))).to_be_focused()
    page.get_by_label(say("Your name")).fill("Jane Doe")
    page.get_by_role("button", name=say("They are right: ask again")).click()
    heading(page, say("Your request is waiting for approval"))
    expect(page.get_by_role("status").first).to_contain_text(
        say("Your request is sent. This page is its own: keep its address, too.")
    )
    fits(page)
    new_url = page.url.partition("?")[0]
    new = store.get(f"pending-{new_url.rpartition('/')[2][:26]}")
    assert new["contactEmailAddress"] == before.tenant.contact.email
    assert new["follows"] == before.tenant.id

    page.goto(before.status_path)
    sentence = say("You asked again on %(day)s. That request waits for a decision.")
    expect(page.get_by_text(sentence.partition("%(day)s")[2])).to_be_visible()
    expect(page.get_by_role("link", name=say("Ask for access again"))).to_have_count(0)
    page.get_by_role("link", name=say("Open its page")).click()
    expect(page).to_have_url(new_url)


def test_an_access_that_ends_soon_is_renewed(
    *,
    customer: Page,
    demo_data: DemoData,
    signed_in: Callable[..., Page],
    fits: Fits,
    say: Say,
    javascript: bool,
) -> None:
    before, page = demo_data.active(last=20), customer
    page.goto(before.status_path)
    expect(page.get_by_text(say("It ends soon. You can ask to renew it now."))).to_be_visible()
    page.get_by_role("link", name=say("Ask to renew")).click()
    page.get_by_role("button", name=say("They are right: ask to renew")).click()
    heading(page, say("Your request to renew is waiting for approval"))
    sign_up_id = f"pending-{page.url.partition('?')[0].rpartition('/')[2][:26]}"

    anna = signed_in(javascript=javascript, width=360)
    anna.goto(f"/staff/tenants/{sign_up_id}")
    expect(anna.get_by_text("The customer asks to renew an access:")).to_be_visible()
    fits(anna)
    send(anna, f"Renew {before.tenant.id}", "Renew")
    expect(anna.locator("#outcome")).to_contain_text("is closed. Its status page now shows")
    for path in (page.url, before.status_path):
        page.goto(path)
        heading(page, say("Your access is ready"))
        expect(page.get_by_role("link", name=say("Ask to renew"))).to_have_count(0)


def test_the_refusal_of_validate_leads_to_the_form_with_the_ids(
    customer: Page, fits: Fits, say: Say
) -> None:
    page, account, company = customer, free_id(), free_id()
    answer = page.request.get(f"/api/validate?accountId={account}&companyId={company}").json()
    assert answer["error"] == "NOT_FOUND"
    page.goto(answer["link"])
    heading(page, say("This company has no access yet"))
    expect(page.get_by_role("link", name="help@example.com")).to_be_visible()
    fits(page)
    page.get_by_role("link", name=say("Ask for access")).click()
    expect(page.get_by_text(account)).to_be_visible()
    fill_sign_up(page, say)
    send_sign_up(page, say)
    heading(page, say("Your request is waiting for approval"))
    page.goto(answer["link"])
    heading(page, say("A request for this company waits for a decision"))
    fits(page)


def test_who_has_no_time_left_asks_for_more(
    customer: Page, demo_data: DemoData, fits: Fits, say: Say
) -> None:
    page, ids = customer, demo_data.active(first=-60, last=-2).tenant.ids
    assert ids
    query = f"accountId={ids.account_id}&companyId={ids.company_id}"
    answer = page.request.get(f"/api/validate?{query}").json()
    page.goto(answer["link"])
    heading(page, say("The access of this company has ended"))
    fits(page)
    page.get_by_role("link", name=say("Ask for more time")).click()
    expect(page.get_by_text(ids.account_id)).to_be_visible()


def test_the_link_is_ended_after_a_question(
    customer: Page, demo_data: DemoData, fits: Fits, say: Say
) -> None:
    page, someone = customer, demo_data.pending()
    page.goto(someone.status_path)
    page.get_by_role("link", name=say("End this link")).click()
    heading(page, say("End the link to your status page?"))
    page.get_by_role("link", name=say("Keep the link")).click()
    heading(page, say("Your request is waiting for approval"))
    page.get_by_role("link", name=say("End this link")).click()
    page.get_by_role("button", name=say("End the link")).click()
    heading(page, say("The link has ended"))
    fits(page)
    page.goto(someone.status_path)
    heading(page, say("Page not found"))


def test_the_link_is_copied_by_a_button_or_by_hand(
    new_page: Callable[..., Page], demo_data: DemoData, javascript: bool
) -> None:
    page = new_page(javascript=javascript, permissions=["clipboard-read", "clipboard-write"])
    page.goto(demo_data.pending().status_path)
    field = page.get_by_label("Its address")
    expect(field).to_have_value(page.url)
    expect(field).not_to_be_editable()
    button = page.get_by_role("button", name="Copy the link")
    if not javascript:
        expect(button).to_have_count(0)
        return
    button.click()
    expect(page.locator("#live")).to_have_text("The link is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_without_a_clipboard_the_address_is_selected(page: Page, demo_data: DemoData) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(demo_data.pending().status_path)
    page.get_by_role("button", name="Copy the link").click()
    assert page.evaluate("getSelection().toString()") == page.url
    expect(page.locator("#live")).to_have_text("")


def test_the_printed_page_has_its_address(page: Page, demo_data: DemoData) -> None:
    page.goto(demo_data.pending().status_path)
    page.emulate_media(media="print")
    expect(page.locator(".print-only")).to_have_text(page.url)
    expect(page.get_by_label("Its address")).to_be_hidden()


def test_each_page_says_how_long_it_takes_and_whom_to_ask(
    new_page: Callable[..., Page], demo_data: DemoData, locale: str
) -> None:
    page = new_page(locale=locale, width=360)
    page.goto(demo_data.pending().status_path)
    usual = re.compile("We usually decide|requests are decided|dauert")
    expect(page.get_by_text(usual)).to_be_visible()
    mail = page.get_by_role("link", name="help@example.com")
    assert mail.get_attribute("href") == "mailto:help@example.com"
    phone = page.get_by_role("link", name="+49 30 901820")
    assert phone.get_attribute("href") == "tel:+4930901820"
