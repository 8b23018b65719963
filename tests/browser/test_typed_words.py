"""What staff type stays: when their session ends, when another form of the page is sent, and while
a list is on its way."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from portal.queries.pages import PAGE
from tests.browser.demo_data import DemoData
from tests.browser.steps import decision, fill_activation
from tests.serving import Portal

WORDS = "Please call us, we have a question."


@pytest.fixture
def sign_in(portal: Portal) -> Callable[[Page, str], None]:
    """`sign_in(page, "Anna")`: with a link, in this tab."""

    def open_link(page: Page, name: str) -> None:
        page.goto(portal.staff_link(f"{name.lower()}.typed@example.com", "approver", name))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("banner")).to_contain_text(name)

    return open_link


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_words_of_an_ended_session_are_sent_by_their_author_after_signing_in_again(
    *,
    new_page: Callable[..., Page],
    sign_in: Callable[[Page, str], None],
    demo_data: DemoData,
    javascript: bool,
) -> None:
    someone = demo_data.pending()
    page = new_page(javascript=javascript)
    sign_in(page, "Anna")
    page.goto(someone.path)
    form = decision(page, "Reject")
    form.get_by_label("Reason").select_option("other")
    form.get_by_label("Message").fill(WORDS)
    other_tab = page.context.new_page()
    other_tab.goto("/staff/")
    sign_out(other_tab)

    form.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("You were signed out. Nothing was saved.")).to_be_visible()
    again = form.get_by_role("button", name="Reject")
    if javascript:
        expect(form.get_by_label("Message")).to_have_value(WORDS)
    else:
        again = page.get_by_role("button", name="Send again")

    if javascript:
        # Somebody else signs in at the same computer. Without a script, their answer would replace
        # the page with Anna's words; tests/web/staff/test_session_ended.py has that.
        sign_in(other_tab, "Ben")
        again.click()
        expect(page.get_by_text("You are signed in as somebody else")).to_be_visible()
        sign_out(other_tab)
    sign_in(other_tab, "Anna")
    again.click()
    expect(page.locator("#outcome")).to_have_text(re.compile("This page has expired"))
    form = decision(page, "Reject")
    expect(form.get_by_label("Message")).to_have_value(WORDS)
    form.get_by_role("button", name="Reject").click()
    company = someone.tenant.contact.company
    expect(page.locator("#outcome")).to_have_text(f"The sign-up of {company} is rejected.")
    expect(page.get_by_text("Anna", exact=False).last).to_be_visible()


def test_forms_side_by_side_keep_each_others_entries(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    page, someone = signed_in(), demo_data.pending()
    page.goto(someone.path)
    activation = decision(page, "Activate")
    activation.get_by_label("Account id").fill("4711")
    activation.get_by_label("Client secret").fill("half a secret")
    rejection = decision(page, "Reject")
    rejection.get_by_label("Reason").select_option("other")
    note = decision(page, "Write a note")
    note.get_by_label("Note").fill("They called.")
    with page.expect_request("**/note") as sent:
        note.get_by_role("button", name="Add note").click()
    assert "half" not in (sent.value.post_data or "")
    expect(page.locator("#outcome")).to_have_text("The note is added.")
    expect(note.get_by_label("Note")).to_have_value("")
    expect(activation.get_by_label("Account id")).to_have_value("4711")
    expect(activation.get_by_label("Client secret")).to_have_value("half a secret")
    expect(rejection.get_by_label("Reason")).to_have_value("other")

    # The other way round, with an activation that is refused.
    note.get_by_label("Note").fill("They call again.")
    activation.get_by_label("Account id").fill("no/id")
    activation.get_by_role("button", name="Activate").click()
    expect(activation.get_by_role("alert")).to_be_focused()
    expect(activation.get_by_label("Account id")).to_have_value("no/id")
    expect(note.get_by_label("Note")).to_have_value("They call again.")
    expect(rejection.get_by_label("Reason")).to_have_value("other")


def test_without_javascript_a_note_and_an_activation_keep_each_others_entries(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    page, someone = signed_in(javascript=False), demo_data.pending()
    page.goto(someone.path)
    activation, note = decision(page, "Activate"), decision(page, "Write a note")
    activation.get_by_label("Account id").fill("4711")
    activation.get_by_label("Client secret").fill("half a secret")
    note.get_by_label("Note").fill("They called.")
    note.get_by_role("button", name="Add note").click()
    expect(page.locator("#outcome")).to_have_text("The note is added.")
    expect(note.get_by_label("Note")).to_have_value("")
    expect(activation.get_by_label("Account id")).to_have_value("4711")
    expect(activation.get_by_label("Client secret")).to_have_value("")

    note.get_by_label("Note").fill("They call again.")
    company = fill_activation(page)
    # Enter sends the activation, as if the note were not there.
    activation.get_by_label("Account id").press("Enter")
    expect(page.locator("#outcome")).to_have_text(f"{someone.tenant.contact.company} is active.")
    expect(note.get_by_label("Note")).to_have_value("They call again.")
    note.get_by_role("button", name="Add note").click()
    expect(page).to_have_url(re.compile(f"/staff/tenants/{company}"))
    expect(page.locator(".log").get_by_text("They call again.")).to_be_visible()


def test_the_answer_to_a_note_leaves_the_caret_where_somebody_types_on(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    page, someone = signed_in(), demo_data.pending()
    page.goto(someone.path)
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/note", hold)
    activation, note = decision(page, "Activate"), decision(page, "Write a note")
    note.get_by_label("Note").fill("They called.")
    with page.expect_request("**/note"):
        note.get_by_role("button", name="Add note").click()
    # A slow line: meanwhile the activation is begun.
    name = activation.get_by_label("Account name")
    name.click()
    name.fill("Exmple")
    for _ in range(len("mple")):
        page.keyboard.press("ArrowLeft")
    waiting[0].continue_()
    expect(page.locator("#outcome")).to_have_text("The note is added.")
    expect(page.locator("#live")).to_have_text("The note is added.")
    page.keyboard.type("a")
    expect(name).to_have_value("Example")
    expect(note.get_by_label("Note")).to_have_value("")


def test_the_search_box_keeps_what_is_typed_while_a_list_is_on_its_way(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    active = demo_data.active()
    page = signed_in()
    page.goto("/staff/tenants")
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/staff/tenants?status=active", hold)
    search = page.get_by_role("searchbox")
    with page.expect_request("**/staff/tenants?status=active"):
        page.locator("#tab-active").click()
    search.click()
    page.keyboard.type(active.tenant.id[:-1])
    waiting[0].continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: Active")
    expect(page.locator("#tab-active")).to_have_attribute("aria-current", "page")
    expect(search).to_be_focused()
    page.keyboard.type(active.tenant.id[-1])
    expect(search).to_have_value(active.tenant.id)
    # What was typed is searched in the list that was opened meanwhile, and goes on into others.
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("[data-row]")).to_contain_text(active.tenant.contact.company)
    expect(page).to_have_url(
        re.compile(f"status=active.*q={active.tenant.id}|q={active.tenant.id}.*status=active")
    )
    page.locator("#tab-pending").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: Pending")
    expect(page.locator("#nothing")).to_be_visible()
    expect(search).to_have_value(active.tenant.id)


def test_next_page_keeps_the_search_box_in_use(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    for _ in range(PAGE + 1):
        demo_data.pending()
    page = signed_in()
    page.goto("/staff/tenants")
    box = page.locator("#q").element_handle()
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    assert box.evaluate("box => box.isConnected")
    assert box.evaluate("box => box.form.elements.status.value") == "pending"
