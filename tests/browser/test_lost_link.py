"""A customer who has lost the link gets it by mail, on a phone, in both languages, with JavaScript
and without. One who had ended it gets another one."""

import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.mails import MailTo, link_in, links_in
from tests.browser.steps import Fits, heading, signed_up

WORDS = {
    "en-GB": {
        "ask": "Ask for access",
        "lost": "Get the link to your status page by mail",
        "address": "Email address",
        "send": "Send the link",
        "problem": "There is a problem",
        "sent": "Check your mail",
        "body": "Somebody asked for the links",
        "waiting": "Your request is waiting for approval",
        "end": "End the link",
        "new": "Get a new link to your status page",
        "get": "Get a new link",
        "confirm": "Confirm this address",
        "done": "This page has a new link.",
    },
    "de-DE": {
        "ask": "Zugang anfordern",
        "lost": "Den Link zu Ihrer Statusseite per E-Mail anfordern",
        "address": "E-Mail-Adresse",
        "send": "Link zusenden",
        "problem": "Es gibt ein Problem",
        "sent": "Sehen Sie in Ihrem Postfach nach",
        "body": "jemand hat die Links",
        "waiting": "Ihre Anfrage wartet auf Freigabe",
        "end": "Link beenden",
        "new": "Neuen Link zu Ihrer Statusseite holen",
        "get": "Neuen Link holen",
        "confirm": "Adresse bestätigen",
        "done": "Diese Seite hat einen neuen Link.",
    },
}


@pytest.mark.parametrize("locale", WORDS)
def test_the_link_is_lost_ended_and_found_again(
    *,
    new_page: Callable[..., Page],
    mail_to: MailTo,
    fits: Fits,
    javascript: bool,
    locale: str,
) -> None:
    words = WORDS[locale]
    address = f"jane.{secrets.token_hex(6)}@example.com"
    first = signed_up(new_page(), address)
    # Another browser, and so another request.
    signed_up(new_page(), address)

    page = new_page(javascript=javascript, width=320, locale=locale)
    # A link that was cut.
    page.goto(first[:-3])
    fits(page)
    page.get_by_role("link", name=words["lost"]).click()
    heading(page, words["lost"])
    fits(page)
    page.get_by_label(words["address"]).fill("jane")
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_role("alert").filter(has_text=words["problem"])).to_be_focused()
    fits(page)
    page.get_by_label(words["address"]).fill(address)
    page.get_by_role("button", name=words["send"]).click()
    heading(page, words["sent"])
    expect(page.get_by_text(address)).to_have_count(0)
    fits(page)

    links = links_in(mail_to(address, words["body"]), "status")
    assert len(links) == 2
    for link in links:
        page.goto(link)
        heading(page, words["waiting"])
    assert links[1][-58:-32] == first.rpartition("/")[2][:26]


@pytest.mark.parametrize("locale", WORDS)
def test_an_ended_link_is_replaced_by_one_press(
    *,
    new_page: Callable[..., Page],
    mail_to: MailTo,
    fits: Fits,
    javascript: bool,
    locale: str,
) -> None:
    words = WORDS[locale]
    address = f"jane.{secrets.token_hex(6)}@example.com"
    first = signed_up(new_page(), address)
    page = new_page(javascript=javascript, width=320, locale=locale)
    page.goto(link_in(mail_to(address, "Please confirm"), "confirm"))
    page.get_by_role("button", name=words["confirm"]).click()
    page.goto(f"{first}/end")
    fits(page)
    page.get_by_role("button", name=words["end"]).click()
    fits(page)
    page.locator("main a[href='/lost-link']").click()
    page.get_by_label(words["address"]).fill(address)
    page.get_by_role("button", name=words["send"]).click()

    mail = mail_to(address, words["body"])
    assert links_in(mail, "status") == []
    page.goto(link_in(mail, "confirm"))
    heading(page, words["new"])
    fits(page)
    page.get_by_role("button", name=words["get"]).click()
    heading(page, words["waiting"])
    expect(page.get_by_role("status").first).to_contain_text(words["done"])
    fits(page)
    page.goto(first)
    heading(page, {"en-GB": "Page not found", "de-DE": "Seite nicht gefunden"}[locale])
