"""Steps that several tests take: fill in a form, open a decision, press Tab."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta

from babel.support import Translations
from playwright.sync_api import Error, Locator, Page, expect

from portal.auth import Source, id_of_address, make_sign_in_link, start_session
from portal.records import DeliveryState, outbox_item
from portal.stores.contract import Replace, Store
from portal.timestamps import utc_now
from portal.webhooks import (
    TYPES,
    Seen,
    WebhookSecrets,
    add_subscription,
    new_subscription_id,
    newest,
    read_book,
    remove_subscription,
    send_test,
)
from portal.webhooks.subscriptions import end_gone
from tests.conftest import SECRET_KEY
from tests.serving import ROOT

#: `say("Ask for access")`: these words of a page in the language of the reader.
Say = Callable[[str], str]
#: `fits(page)`: no barrier, and nothing that scrolls sideways.
Fits = Callable[[Page], None]


def words_in(locale: str) -> Say:
    """Words in the language of a locale such as `de-DE`."""
    folder = ROOT / "portal" / "translations"
    return Translations.load(folder, [locale.partition("-")[0]]).gettext


def heading(page: Page, text: str) -> None:
    """Waits for the page with this heading, and until its scripts run."""
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    page.wait_for_load_state("load")


def arrived(page: Page, address: str | re.Pattern[str]) -> None:
    """Waits for the page at this address, and until its scripts run. The address changes before,
    and a key that is pressed in between is lost."""
    expect(page).to_have_url(address)
    page.wait_for_load_state("load")


def signed_up(page: Page, address: str) -> str:
    """Asks for access. Returns the address of the status page."""
    page.goto("/sign-up")
    fill_sign_up(page, email=address)
    send_sign_up(page)
    expect(page).to_have_url(re.compile("/status/"))
    return page.url.partition("?")[0]


def fill_sign_up(page: Page, say: Say = str, **typed: str) -> None:
    """Fills in every field with a valid text, unless `typed` names another."""
    texts = {
        "company": "Example GmbH",
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "+49 30 901820",
        **typed,
    }
    page.get_by_label(say("Company name")).fill(texts["company"])
    page.get_by_label(say("Your name")).fill(texts["name"])
    page.get_by_label(say("Email address")).fill(texts["email"])
    page.get_by_label(say("Phone number")).fill(texts["phone"])


def send_sign_up(page: Page, say: Say = str) -> None:
    first = page.get_by_role("button", name=say("Ask for access"))
    # Behind a sign-up that was sent it corrects that one, or makes another one.
    page.get_by_role("button", name=say("Send the form")).or_(first).click()


def decision(page: Page, legend: str) -> Locator:
    """The form of a decision, found by its heading. Opens it if it is closed."""
    form = page.get_by_role("form", name=legend, exact=True)
    summary = page.locator("summary").get_by_text(legend, exact=True)
    # While an answer of htmx replaces the forms, neither is there for a moment.
    expect(form.or_(summary).first).to_be_visible()
    if not form.is_visible():
        with suppress(Error):
            summary.click(timeout=2000)
    expect(form).to_be_visible()
    return form


def free_id() -> str:
    """An account or company id that no tenant has."""
    return str(secrets.randbelow(10**12))


def fill_activation(page: Page) -> str:
    """Fills in ids that no tenant has. Returns the final id."""
    form = decision(page, "Activate")
    account, company = free_id(), free_id()
    form.get_by_label("Account id").fill(account)
    form.get_by_label("Company id").fill(company)
    form.get_by_label("Cluster").fill("https://eu.fsm.cloud.sap/")
    return f"{account}_{company}"


def send(page: Page, legend: str, button: str) -> None:
    decision(page, legend).get_by_role("button", name=button, exact=True).click()


def long_day(day: date) -> str:
    """`3 May 2026`, with the month's whole name."""
    return f"{day.day} {day:%B %Y}"


def days(number: int) -> timedelta:
    return timedelta(days=number)


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until the target has the focus, as a person without a mouse does."""
    for _ in range(80):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")


def person_path(store: Store) -> str:
    """The page of a member of staff with a long name, and a session on a device that is known."""
    someone = {
        "email": "maria-magdalena.von-und-zu-hohenstein-wolkenburg@kaelte-klima.example",
        "name": "Maria-Magdalena Freifrau von und zu Hohenstein-Wolkenburg",
    }
    link = make_sign_in_link(store, **someone, role="viewer", now=utc_now())
    start_session(store, link, utc_now(), device="Samsung Internet · Android")
    return f"/staff/people/{id_of_address(store, someone['email'])}"


@contextmanager
def webhook_paths(store: Store) -> Iterator[dict[str, str]]:
    """The pages of webhooks: the list, a receiver with a long name and a message that was given up,
    and one that is gone. They are removed in the end, since other tests have the same store."""
    now, source = utc_now(), Source(by="Ada Admin", who="staff-ada")
    hosts = {
        "a receiver": "hooks.kaelte-klima-und-sanitaertechnik-oberbayern-wartung.example",
        "a receiver that is gone": "gone.example",
    }
    added = {
        name: add_subscription(
            store, WebhookSecrets([SECRET_KEY]), subscription_id=new_subscription_id(),
            address=f"https://{host}/{'path' * 30}", types=TYPES, personal=True, source=source,
            now=now,
        )
        for name, host in hosts.items()
    }  # fmt: skip
    first, gone = added.values()
    send_test(store, first, secrets.token_hex(16), source, now)
    (entry,) = newest(store, first.id, 1)
    given_up = replace(
        entry, version=2, state=DeliveryState.GIVEN_UP, due_at=None, ended_at=now,
        reason="call certificate", tries=12,
    )  # fmt: skip
    store.write([Replace(outbox_item(given_up), 1)])
    end_gone(store, gone.id, now)
    try:
        paths = {name: f"/staff/webhooks/{each.id}" for name, each in added.items()}
        yield {"webhooks": "/staff/webhooks", **paths}
    finally:
        for each in read_book(store).subscriptions:
            if each.id in (first.id, gone.id):
                seen = Seen(id=each.id, version=each.version)
                remove_subscription(store, seen, source, now)
