"""Every page, light and dark, wide and narrow: no barrier that axe-core finds, nothing that
scrolls sideways, and, as everywhere, nothing on the console and nothing against the policy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from portal.auth import (
    Scope,
    Source,
    count_call,
    create_api_token,
    make_sign_in_link,
    start_session,
)
from portal.stores import Store
from portal.timestamps import utc_now
from tests.browser.conftest import Axe
from tests.browser.demo_data import Customer, DemoData
from tests.browser.steps import (
    decision,
    fill_activation,
    fill_sign_up,
    person_path,
    send,
    send_sign_up,
    webhook_paths,
)

SHELL = "account_id=86810&company_id=104348&account_name=Meyer%20Group&cluster=eu"
#: Between them they show every tone and every column filled; the others are the same page.
TABS = ("pending", "expiring", "all")


@pytest.fixture(scope="module")
def people(demo_data: DemoData) -> dict[str, Customer]:
    return demo_data.fill()


Looks = Sequence[tuple[Literal["light", "dark"], int]]
#: How a page is looked at, without being loaded anew.
LOOKS: Looks = (
    ("light", 1280),
    ("dark", 1280),
    ("dark", 360),
    ("light", 360),
)
#: A phone on which nothing scrolls sideways either.
NARROWEST = 320


@dataclass
class Look:
    """What is wrong with the pages so far, by their names."""

    axe: Axe
    looks: Looks = LOOKS
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def at(self, page: Page, name: str) -> None:
        for scheme, width in self.looks:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            found = [*self.axe(page), *_too_wide(page)]
            if found:
                self.wrong[f"{name}, {scheme}, {width}"] = found
        page.set_viewport_size({"width": NARROWEST, "height": 900})
        if found := _too_wide(page):
            self.wrong[f"{name}, {NARROWEST}"] = found
        scheme, width = self.looks[0]
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})


def _too_wide(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"scrolls sideways by {wide}"] if wide > 0 else []


def _public_paths(people: dict[str, Customer]) -> dict[str, str]:
    pages = {"sign-up": "/sign-up", "sign-up from the shell": f"/sign-up?{SHELL}"}
    pages |= {"lost link": "/lost-link", "lost link, sent": "/lost-link?done=sent"}
    pages |= {f"status: {name}": someone.status_path for name, someone in people.items()}
    pages["change"] = f"{people['pending'].status_path}/change"
    pages["withdraw"] = f"{people['pending'].status_path}/withdraw"
    pages["end the link"] = f"{people['pending'].status_path}/end"
    pages["ask again"] = f"{people['rejected'].status_path}/again"
    pages["ask to renew"] = f"{people['expiring'].status_path}/again"
    return pages | {"sign in": "/staff/sign-in", "not found": "/nothing-here"}


def _staff_paths(people: dict[str, Customer]) -> dict[str, str]:
    pages = {"overview": "/staff/", "nothing found": "/staff/tenants?q=nobody-has-this-name"}
    pages["doubtful"] = "/staff/doubtful?removed=1&changed=1"
    pages["what I am told"] = "/staff/me?done=1"
    pages["nobody's"] = "/staff/tenants?owner=nobody"
    pages["list, filtered and sorted"] = "/staff/tenants?source=form&sort=-company"
    pages["list, filtered, empty"] = "/staff/tenants?status=active&cluster=nowhere"
    pages |= {f"list: {tab}": f"/staff/tenants?status={tab}" for tab in TABS}
    pages |= {f"tenant: {name}": someone.path for name, someone in people.items()}
    return pages | {"not found, signed in": "/staff/tenants/1_1"}


def test_pages_have_no_barriers(
    *,
    people: dict[str, Customer],
    demo_data: DemoData,
    new_page: Callable[..., Page],
    signed_in: Callable[..., Page],
    axe: Axe,
) -> None:
    look = Look(axe)
    customer = new_page()
    for name, path in _public_paths(people).items():
        customer.goto(path)
        look.at(customer, name)
    _sign_up_with_errors(customer, look)

    anna = signed_in(name="Anna Approver")
    for name, path in _staff_paths(people).items():
        anna.goto(path)
        look.at(anna, name)
    _decisions(anna, demo_data, look)
    ben = signed_in(name="Ben Approver")
    _conflict(anna, ben, demo_data, look)
    viewer = signed_in("viewer", name="Vera Viewer")
    viewer.goto(people["active"].path)
    look.at(viewer, "tenant for a viewer")
    assert look.wrong == {}


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_the_security_log_has_no_barriers(
    *,
    locale: str,
    store: Store,
    new_page: Callable[..., Page],
    signed_in: Callable[..., Page],
    axe: Axe,
) -> None:
    look = Look(axe)
    # Long names and addresses, and a refusal.
    someone = {
        "email": "maria-magdalena.von-und-zu-hohenstein-wolkenburg@kaelte-klima.example",
        "name": "Maria-Magdalena Freifrau von und zu Hohenstein-Wolkenburg",
    }
    link = make_sign_in_link(store, **someone, role="viewer", now=utc_now())
    source = Source(address="2001:db8:1234:5678:9abc:def0:1234:5678")
    start_session(store, link, utc_now(), source)
    make_sign_in_link(store, **someone, role="admin", now=utc_now())
    viewer = signed_in("viewer", name="Vera Viewer")
    viewer.goto("/staff/imports/")
    ada = signed_in("admin", name="Ada Admin", locale=locale)
    ada.goto("/staff/security")
    expect(ada.locator("tbody")).to_contain_text(source.address)
    look.at(ada, "security log")
    stranger = new_page(locale=locale)
    link = make_sign_in_link(store, **someone, role="admin", now=utc_now())
    stranger.goto(f"/staff/sign-in/{link}")
    expect(stranger.get_by_role("heading", level=1)).to_contain_text(someone["name"])
    look.at(stranger, "sign-in link")
    stranger.goto(f"/staff/sign-in/{link}x")
    look.at(stranger, "cut sign-in link")
    assert look.wrong == {}


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_the_api_tokens_have_no_barriers(
    *,
    locale: str,
    store: Store,
    signed_in: Callable[..., Page],
    axe: Axe,
) -> None:
    look = Look(axe, [("light", 1280), ("dark", 1280), ("dark", 320), ("light", 320)])
    now, day = utc_now(), timedelta(days=1)
    # Long names, every scope, every state.
    name = "Abrechnung der Kälte-Klima-Hohenstein-Wolkenburg Verwaltungsgesellschaft mbH & Co. KG"
    create_api_token(store, name=name, scopes=list(Scope), life=day, now=now - 2 * day)
    used = create_api_token(store, name=name, scopes=list(Scope), life=90 * day, now=now)
    count_call(store, used.partition(".")[0], now)
    ada = signed_in("admin", name="Ada Admin", locale=locale)
    ada.goto("/staff/tokens")
    look.at(ada, "tokens")
    form = ada.locator("form[action='/staff/tokens']")
    form.locator("button").click()
    expect(ada.get_by_role("alert").locator("li")).to_have_count(2)
    look.at(ada, "tokens with errors")
    form.locator("#name").fill("sync")
    form.locator("#tenants_read").check()
    form.locator("button").click()
    expect(ada.locator("#token")).to_be_visible()
    # Whoever makes a token sees it at once, and hears what has happened.
    expect(ada.locator("#outcome")).to_be_focused()
    look.at(ada, "a new token")
    row = ada.locator("tr", has_text="sync").first
    row.locator("summary").click()
    look.at(ada, "before a token is revoked")
    row.locator("button").click()
    expect(ada.locator("#outcome")).to_be_focused()
    look.at(ada, "a token that was revoked")
    assert look.wrong == {}


SAVE_VIEW = {"en-GB": "Save this view", "de-DE": "Diese Ansicht speichern"}


def _views_and_report(ada: Page, locale: str, look: Look) -> None:
    """The views of whoever is signed in, and the report for auditors."""
    ada.goto("/staff/tenants?status=all")
    ada.locator("#results summary", has=ada.get_by_text(SAVE_VIEW[locale])).click()
    look.at(ada, "before a view is saved")
    ada.locator("#view-name").fill("Everything")
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("link", name="Everything")).to_be_visible()
    look.at(ada, "a list below saved views")
    ada.goto("/staff/views")
    ada.locator("details > summary").first.click()
    look.at(ada, "saved views")
    ada.goto("/staff/report")
    look.at(ada, "report")
    ada.locator("#from").fill("")
    ada.locator("main form button").click()
    expect(ada.get_by_role("alert").locator("li")).to_have_count(1)
    look.at(ada, "report without a day")


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_the_pages_of_admins_have_no_barriers(
    *,
    locale: str,
    store: Store,
    demo_data: DemoData,
    new_page: Callable[..., Page],
    signed_in: Callable[..., Page],
    axe: Axe,
) -> None:
    look = Look(axe)
    someone = person_path(store)
    ada = signed_in("admin", name="Ada Admin", locale=locale)
    ada.goto("/staff/people")
    expect(ada.locator("tbody")).to_contain_text("Wolkenburg")
    look.at(ada, "people")
    form = ada.locator("form[action='/staff/people']")
    form.locator("button").click()
    expect(ada.get_by_role("alert").locator("li")).to_have_count(3)
    look.at(ada, "people with errors")
    # With the keyboard alone.
    form.locator("#email").fill(f"new-{locale}@example.com")
    form.locator("#name").fill("Nora New")
    form.locator("#role").select_option("viewer")
    form.locator("button").focus()
    ada.keyboard.press("Enter")
    expect(ada.locator("#outcome")).to_be_focused()
    look.at(ada, "invited")
    _views_and_report(ada, locale, look)
    ada.goto(someone)
    for summary in ada.locator("details > summary").all():
        summary.click()
    look.at(ada, "a person")
    ada.locator("form[action$='/role'] button").click()
    expect(ada.get_by_role("alert").locator("li")).to_have_count(1)
    look.at(ada, "a person with an error")
    ada.locator("tbody form button").first.click()
    expect(ada.locator("#outcome")).to_be_focused()
    look.at(ada, "a session that was ended")
    ada.locator("details", has=ada.locator("form[action$='/end']")).locator("summary").click()
    ada.locator("details form[action$='/end'] button").click()
    expect(ada.locator("#outcome")).to_be_focused()
    look.at(ada, "a person without access")
    ada.goto("/staff/background")
    look.at(ada, "background")
    _webhooks(ada, store, look)
    erased = demo_data.erased()
    assert erased.tenant.erased
    ada.goto(erased.path)
    look.at(ada, "a tenant whose contact was erased")
    stranger = new_page(locale=locale)
    stranger.goto("/staff/sign-in")
    stranger.locator("form[action='/staff/sign-in'] button").click()
    expect(stranger.get_by_role("alert").locator("li")).to_have_count(1)
    look.at(stranger, "sign-in with an error")
    stranger.goto("/staff/sign-in?done=sent")
    look.at(stranger, "a link by mail")
    assert look.wrong == {}


def _webhooks(ada: Page, store: Store, look: Look) -> None:
    """The pages of webhooks, every form open, and the overview that says that one is gone."""
    with webhook_paths(store) as paths:
        for name, path in paths.items():
            ada.goto(path)
            for summary in ada.locator("main details > summary").all():
                summary.click()
            look.at(ada, name)
        ada.goto("/staff/")
        expect(ada.locator("main .strip")).to_contain_text("gone.example")
        look.at(ada, "overview with a receiver that is gone")
        ada.goto("/staff/webhooks")
        ada.locator("form[action='/staff/webhooks'] button").click()
        expect(ada.get_by_role("alert").locator("li")).to_have_count(2)
        look.at(ada, "webhooks with errors")


def _sign_up_with_errors(page: Page, look: Look) -> None:
    page.goto("/sign-up")
    fill_sign_up(page, email="jane@gmial.com")
    page.get_by_label("Company name").focus()
    expect(page.get_by_text("Did you mean")).to_be_visible()
    look.at(page, "sign-up with a hint")
    page.goto("/sign-up")
    fill_sign_up(page, company="", name="", email="jane", phone="1")
    send_sign_up(page)
    expect(page.get_by_role("alert").filter(has_text="There is a problem")).to_be_visible()
    look.at(page, "sign-up with errors")
    page.goto("/sign-up")
    # As after a change of the keys that sign tokens.
    page.locator("input[name=csrf_token]").evaluate("field => field.value = 'old'")
    send_sign_up(page)
    expect(page.get_by_role("alert").filter(has_text="This page has expired")).to_be_visible()
    look.at(page, "sign-up that has expired")


def _decisions(page: Page, demo_data: DemoData, look: Look) -> None:
    page.goto(demo_data.pending().path)
    for summary in page.locator("details > summary").all():
        summary.click()
    look.at(page, "every form open")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    look.at(page, "the list of keys")
    page.keyboard.press("Escape")
    # Some customers come with their ids.
    decision(page, "Activate").get_by_label("Account id").fill("")
    send(page, "Activate", "Activate")
    expect(decision(page, "Activate").get_by_role("alert")).to_be_visible()
    look.at(page, "activation with errors")
    fill_activation(page)
    send(page, "Activate", "Activate")
    expect(page.locator("#outcome")).to_be_visible()
    look.at(page, "just activated")
    form = decision(page, "Suspend")
    for name in ("csrf_token", "form_owner"):
        form.locator(f"input[name={name}]").evaluate("field => field.value = 'old'")
    page.locator("body").evaluate("body => body.removeAttribute('hx-headers')")
    form.get_by_label("Reason").select_option("Not paid")
    form.get_by_role("button", name="Suspend").click()
    expect(page.locator("#alerts")).to_contain_text("This page has expired.")
    look.at(page, "a refusal in the alert box")


def _conflict(anna: Page, ben: Page, demo_data: DemoData, look: Look) -> None:
    someone = demo_data.pending()
    anna.goto(someone.path)
    ben.goto(someone.path)
    fill_activation(anna)
    send(anna, "Activate", "Activate")
    expect(anna.locator("#outcome")).to_be_visible()
    fill_activation(ben)
    send(ben, "Activate", "Activate")
    expect(ben.locator("#outcome")).to_contain_text("Anna Approver activated this")
    look.at(ben, "somebody was faster")


def test_pages_in_german_have_no_barriers(
    people: dict[str, Customer],
    new_page: Callable[..., Page],
    signed_in: Callable[..., Page],
    axe: Axe,
) -> None:
    look = Look(axe, LOOKS[:1])
    customer, anna = new_page(locale="de-DE"), signed_in(locale="de-DE")
    for page, paths in [(customer, _public_paths(people)), (anna, _staff_paths(people))]:
        for name, path in paths.items():
            page.goto(path)
            assert page.locator("html").get_attribute("lang") == "de"
            look.at(page, name)
    assert look.wrong == {}
