"""The whole way of a customer, in English and in German, with JavaScript and without, on a phone:
asking, proving the address, answering a question, being refused, asking again, being let in.

Each page and each mail speaks the customer's language, and leads to the next.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from portal import onboarding
from portal.stores.contract import Store
from portal.tenants import AuditInfo, Reason
from portal.timestamps import utc_now
from tests.browser.demo_data import ANNA, DemoData
from tests.browser.mails import MailTo, link_in, text_of
from tests.browser.steps import Fits, Say, heading, words_in

#: The language of the browser, and that of the pages.
LANGUAGES = [("en-GB", "en"), ("de-AT", "de")]
TYPED = {"company": "Meyer Aufzüge", "name": "Kim Meyer", "phone": "+49 30 901820"}


@dataclass
class Journey:
    """What the customer sees: pages in one language, and mails to one address."""

    page: Page
    fits: Fits
    mail_to: MailTo
    language: str
    address: str
    say: Say

    def sees(self, title: str) -> None:
        """The page with this heading, given in English."""
        heading(self.page, self.say(title))
        expect(self.page.locator("html")).to_have_attribute("lang", self.language)
        self.fits(self.page)

    def press(self, button: str) -> None:
        self.page.locator("main").get_by_role("button", name=self.say(button)).click()

    def reads(self, subject: str) -> EmailMessage:
        """The mail with this subject, given in English."""
        return self.mail_to(self.address, self.say(subject))

    def is_told(self, words: str) -> None:
        expect(self.page.get_by_role("status").first).to_contain_text(self.say(words))

    @property
    def tenant_id(self) -> str:
        return f"pending-{self.page.url.partition('?')[0].rpartition('/')[2][:26]}"


def by_anna() -> AuditInfo:
    return AuditInfo(by=ANNA[0], who=ANNA[1], at=utc_now())


@pytest.mark.parametrize(("locale", "language"), LANGUAGES)
# A journey is long. Each part begins where the one before ended.
def test_from_the_form_to_the_access(  # noqa: PLR0915 - see above
    *,
    new_page: Callable[..., Page],
    mail_to: MailTo,
    fits: Fits,
    javascript: bool,
    locale: str,
    language: str,
    store: Store,
    demo_data: DemoData,
) -> None:
    page = new_page(javascript=javascript, width=360, locale=locale)
    address = f"kim.{secrets.token_hex(6)}@example.com"
    customer = Journey(page, fits, mail_to, language, address, words_in(locale))

    page.goto("/sign-up")
    customer.sees("Ask for access")
    for name, text in {**TYPED, "email": address}.items():
        page.locator(f"[name={name}]").fill(text)
    customer.press("Ask for access")
    customer.sees("Your request is waiting for approval")

    mail = customer.reads("We have your request for access")
    link = link_in(mail, "confirm")
    scanner = new_page(javascript=javascript, locale=locale)
    scanner.goto(link)
    assert "emailConfirmedAt" not in store.get(customer.tenant_id)
    page.goto(link)
    customer.sees("Confirm your email address")
    customer.press("Confirm this address")
    customer.sees("Your request is waiting for approval")
    customer.is_told("Your email address is confirmed.")
    expect(page.get_by_text(address)).to_be_visible()

    waiting = onboarding.find(store, customer.tenant_id)
    onboarding.ask(
        store,
        waiting.id,
        expected_version=waiting.version,
        audit=by_anna(),
        text="Since when?",
    )
    mail = customer.reads("A question about your request for access")
    assert "Since when?" in text_of(mail)
    page.goto(link_in(mail, "status"))
    customer.sees("Answer the question")
    page.locator("#answer").fill("Since May.")
    customer.press("Send the answer")
    customer.sees("Your request is waiting for approval")

    answered = onboarding.find(store, waiting.id)
    onboarding.reject(
        store,
        answered.id,
        expected_version=answered.version,
        audit=by_anna(),
        reason=Reason.DETAILS_MISSING,
        message="Please send the number of your contract.",
    )
    mail = customer.reads("Your request for access was not approved")
    assert "number of your contract" in text_of(mail)
    page.goto(link_in(mail, "status"))
    customer.sees("Ask for access again")
    expect(page.locator("[name=company]")).to_have_value(TYPED["company"])
    customer.press("They are right: ask again")
    customer.sees("Your request is waiting for approval")
    again = customer.tenant_id
    assert again != answered.id

    tenant = demo_data.activated(onboarding.find(store, again))
    mail = customer.reads("Your access is approved")
    page.goto(link_in(mail, "status"))
    customer.sees("Your access is ready")
    assert TYPED["name"] in text_of(mail)
    assert tenant.contact.email == address

    page.get_by_role("link", name=customer.say("End this link")).click()
    customer.press("End the link")
    page.goto(link_in(mail, "status"))
    assert re.search(rf'lang="{language}"', page.content())
    fits(page)
    expect(page.get_by_text(address)).to_have_count(0)
