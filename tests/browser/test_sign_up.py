"""The customer in a real browser: the sign-up form and the status page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from portal.queries import Tab
from portal.search import find
from portal.stores.contract import Store
from portal.timestamps import utc_now
from tests.browser.steps import fill_sign_up, free_id, heading, send_sign_up, words_in


@pytest.fixture
def customer(new_page: Callable[..., Page], javascript: bool) -> Page:
    return new_page(javascript=javascript)


def test_an_error_is_shown_and_corrected(customer: Page) -> None:
    page = customer
    page.goto("/")
    expect(page).to_have_url("/sign-up")
    fill_sign_up(page, company="Łódzkie Zakłady 東京", name="", email="jane@", phone="12")
    send_sign_up(page)

    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: Ask for access"))
    expect(summary.get_by_role("listitem")).to_have_text(
        [
            "Enter your name.",
            "Enter an email address like name@example.com.",
            "Enter a phone number with country code, like +49 30 901820.",
        ]
    )
    for field, typed in [
        ("Company name", "Łódzkie Zakłady 東京"),
        ("Email address", "jane@"),
        ("Phone number", "12"),
    ]:
        expect(page.get_by_label(field)).to_have_value(typed)
    name = page.get_by_label("Your name")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Error: Enter your name.")

    summary.get_by_role("link", name="Enter your name.").click()
    expect(name).to_be_focused()
    fill_sign_up(page, company="Łódzkie Zakłady 東京")
    send_sign_up(page)
    expect(page).to_have_url(re.compile(r"/status/[\w-]{58}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Your request is waiting for approval"
    )
    expect(page.get_by_text("Łódzkie Zakłady 東京")).to_be_visible()
    expect(page.get_by_text("j•••@example.com")).to_be_visible()
    expect(page.get_by_text(re.compile("^Reference [0-9a-z]{26}$"))).to_be_visible()


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_details_are_changed_and_the_request_is_withdrawn(
    new_page: Callable[..., Page], javascript: bool, locale: str
) -> None:
    page, say = new_page(javascript=javascript, locale=locale), words_in(locale)
    page.goto("/sign-up")
    fill_sign_up(page, say)
    send_sign_up(page, say)
    expect(page).to_have_url(re.compile("/status/"))
    status_page = page.url

    page.get_by_role("link", name=say("Change your details")).click()
    expect(page.get_by_label(say("Email address"))).to_have_value("")
    page.get_by_label(say("Company name")).fill("")
    page.get_by_role("button", name=say("Save the changes")).click()
    expect(page).to_have_title(re.compile(f": {say('Change your details')}"))
    problem = page.get_by_role("alert").filter(has_text=say("There is a problem"))
    expect(problem).to_be_focused()
    page.get_by_label(say("Company name")).fill("Example AG")
    page.get_by_label(say("Phone number"), exact=True).fill("+41 44 668 18 00")
    page.get_by_role("button", name=say("Save the changes")).click()
    expect(page).to_have_url(f"{status_page}?done=changed&fields=company-phone")
    changed = f"{say('Company')}, {say('Phone number')}"
    expect(page.get_by_role("status").first).to_contain_text(changed)
    expect(page.get_by_text("Example AG")).to_be_visible()
    expect(page.get_by_text("+41•••00")).to_be_visible()
    expect(page.get_by_text("j•••@example.com")).to_be_visible()

    page.get_by_role("link", name=say("Withdraw"), exact=True).click()
    page.get_by_role("link", name=say("Keep the request")).click()
    page.get_by_role("link", name=say("Withdraw"), exact=True).click()
    page.get_by_role("button", name=say("Withdraw"), exact=True).click()
    expect(page).to_have_url(status_page)
    heading(page, say("You withdrew your request"))
    expect(page.get_by_role("link", name=say("Change your details"))).to_have_count(0)


def test_there_are_hints_before_the_first_submit_and_never_errors(page: Page) -> None:
    page.goto("/sign-up")
    email = page.get_by_label("Email address")
    email.fill("jane@gmial.com")
    with page.expect_response("**/sign-up/check?field=phone"):
        page.get_by_label("Phone number").fill("030 901820")
        page.get_by_label("Company name").focus()
    expect(page.get_by_text("Did you mean jane@gmail.com?")).to_be_visible()
    with page.expect_response("**/sign-up/check?field=phone"):
        page.get_by_label("Phone number").fill("+49 30 901820")
        page.get_by_label("Company name").focus()
    expect(page.get_by_text("We read this as +49 30 901820 (Germany).")).to_be_visible()
    with page.expect_response("**/sign-up/check?field=email"):
        email.fill("no address")
        page.get_by_label("Company name").focus()
    expect(page.get_by_text("Did you mean")).to_have_count(0)
    expect(page.locator("[aria-invalid]")).to_have_count(0)
    expect(page.locator(".error")).to_have_count(0)
    expect(email).to_have_value("no address")


def test_what_was_typed_before_htmx_was_there_is_checked_once_it_is(page: Page) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/vendor/htmx-*.js*", hold)
    page.goto("/sign-up")
    page.wait_for_load_state("networkidle")
    # Whoever only looks at the page need not load it.
    assert waiting == []
    email = page.get_by_label("Email address")
    with page.expect_request("**/vendor/htmx-*.js*"):
        email.focus()
    email.fill("jane@gmial.com")
    page.get_by_label("Company name").focus()
    expect(page.get_by_text("Did you mean")).to_have_count(0)
    waiting[0].continue_()
    expect(page.get_by_text("Did you mean jane@gmail.com?")).to_be_visible()
    # From then on htmx sees each change, and one change is one check.
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with page.expect_response("**/sign-up/check?field=email"):
        email.fill("jane@gmail.com")
        page.get_by_label("Company name").focus()
    expect(page.get_by_text("Did you mean")).to_have_count(0)
    assert [url.partition("?")[2] for url in requests] == ["field=email"]


def test_each_field_checks_itself_after_a_failed_submit(page: Page) -> None:
    page.goto("/sign-up")
    fill_sign_up(page, company="", email="jane")
    send_sign_up(page)
    email, company = page.get_by_label("Email address"), page.get_by_label("Company name")
    expect(email).to_have_attribute("aria-invalid", "true")
    problems = page.get_by_role("alert").get_by_role("listitem")
    expect(problems).to_have_count(2)
    email.fill("jane@example.com")
    page.get_by_label("Your name").focus()
    expect(email).not_to_have_attribute("aria-invalid", "true")
    # What is corrected leaves the summary.
    expect(problems).to_have_text(["Enter the company name."])
    # The focus has moved to another field in the meantime, and stays there.
    expect(page.get_by_label("Your name")).to_be_focused()
    page.get_by_label("Your name").fill("")
    company.fill("Example GmbH")
    expect(page.get_by_label("Your name")).to_have_accessible_description("Error: Enter your name.")
    page.get_by_label("Your name").fill("Jane Doe")
    expect(company).not_to_have_attribute("aria-invalid", "true")
    send_sign_up(page)
    expect(page).to_have_url(re.compile("/status/"))


def test_what_is_typed_during_a_slow_check_stays_and_so_does_the_caret(page: Page) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.goto("/sign-up")
    page.route("**/sign-up/check?field=email", hold)
    email = page.get_by_label("Email address")
    with page.expect_request("**/sign-up/check?field=email"):
        email.fill("jane@gmial.com")
        page.get_by_label("Company name").focus()
    # While the answer is under way, the customer sees the mistake and corrects it.
    email.focus()
    page.keyboard.press("Home")
    for _ in range(len("jane@g")):
        page.keyboard.press("ArrowRight")
    for _ in range(len("mia")):
        page.keyboard.press("Delete")
    with page.expect_response("**/sign-up/check?field=email") as late:
        waiting[0].continue_()
    late.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(email).to_be_focused()
    page.keyboard.type("mai")
    expect(email).to_have_value("jane@gmail.com")
    expect(page.get_by_text("Did you mean")).to_have_count(0)


def test_a_check_that_is_in_time_leaves_the_control_and_its_caret(page: Page) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.goto("/sign-up")
    page.route("**/sign-up/check?field=email", hold)
    email = page.get_by_label("Email address")
    with page.expect_request("**/sign-up/check?field=email"):
        email.fill("jane@gmial.com")
        page.get_by_label("Company name").focus()
    email.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    waiting[0].continue_()
    expect(email).to_have_accessible_description(re.compile("Did you mean jane@gmail.com"))
    expect(email).to_be_focused()
    page.keyboard.type("-")
    expect(email).to_have_value("j-ane@gmial.com")


def test_a_hint_does_not_move_the_button_away_from_a_click(page: Page) -> None:
    page.goto("/sign-up")
    fill_sign_up(page)
    page.get_by_role("button", name="Ask for access").hover()
    with page.expect_response("**/sign-up/check?field=phone") as checked:
        page.mouse.down()
    checked.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.get_by_text("We read this as")).to_have_count(0)
    page.mouse.up()
    expect(page).to_have_url(re.compile("/status/"))


def test_two_clicks_make_one_sign_up(customer: Page, store: Store) -> None:
    page = customer
    company = f"Twice {free_id()} GmbH"
    page.goto("/sign-up")
    fill_sign_up(page, company=company)
    page.get_by_role("button", name="Ask for access").dblclick()
    expect(page).to_have_url(re.compile("/status/"))
    found = find(store, company, Tab.PENDING, utc_now())
    assert len(found.rows) == 1


def test_what_the_shell_knows_is_shown_and_sent(customer: Page) -> None:
    page = customer
    page.goto("/sign-up?account_id=86810&company_id=104348&account_name=Meyer%20Group&cluster=eu")
    facts = page.get_by_role("region", name="From Field Service Management")
    expect(facts).to_contain_text("Meyer Group (86810)")
    fill_sign_up(page, name="")
    send_sign_up(page)
    expect(facts).to_contain_text("104348")
    fill_sign_up(page)
    send_sign_up(page)
    expect(page.get_by_text("Meyer Group (86810)")).to_be_visible()


def test_back_after_sending_corrects_the_request(customer: Page, store: Store) -> None:
    page = customer
    company = f"Back {free_id()} GmbH"
    page.goto("/sign-up")
    fill_sign_up(page, company=company)
    send_sign_up(page)
    expect(page).to_have_url(re.compile("/status/"))
    status_page = page.url

    page.go_back()
    expect(page.get_by_text(f"just sent a request for {company}")).to_be_visible()
    fill_sign_up(page, company=company, name="Janet Doe")
    send_sign_up(page)
    expect(page).to_have_url(re.compile(re.escape(status_page)))
    expect(page.get_by_text("Janet Doe")).to_be_visible()
    assert len(find(store, company, Tab.PENDING, utc_now()).rows) == 1

    # Back once more, for somebody else: both stay.
    page.go_back()
    other = f"Other {free_id()} GmbH"
    fill_sign_up(page, company=other)
    page.get_by_label("It is a new request").check()
    send_sign_up(page)
    expect(page.get_by_text(other)).to_be_visible()
    for name in (company, other):
        assert len(find(store, name, Tab.PENDING, utc_now()).rows) == 1


def test_back_shows_the_form_that_was_refused_with_its_words(customer: Page) -> None:
    page = customer
    page.goto("/sign-up")
    company = f"Backwards {free_id()} GmbH"
    fill_sign_up(page, company=company, email="jane@")
    send_sign_up(page)
    expect(page.get_by_role("alert").filter(has_text="There is a problem")).to_be_visible()
    page.get_by_label("Email address").fill("jane@example.com")
    send_sign_up(page)
    expect(page).to_have_url(re.compile("/status/"))
    status_page = page.url.partition("?")[0]

    page.go_back()
    expect(page.get_by_label("Company name")).to_have_value(company)
    # The browser shows it as it was, so it does not say that it corrects anything; it does.
    page.get_by_label("Your name").fill("Janet Doe")
    send_sign_up(page)
    expect(page).to_have_url(re.compile(re.escape(status_page)))
    expect(page.get_by_text("Janet Doe")).to_be_visible()
