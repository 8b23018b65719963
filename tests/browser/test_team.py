"""Two people at the same tenant: they see each other, and what one decides the other learns.
Nobody loses a word."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.demo_data import DemoData
from tests.browser.steps import decision


def ask_now(page: Page) -> None:
    """As if somebody came back to the page: it asks at once."""
    with page.expect_response("**/presence") as asked:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert asked.value.status == 200
    assert asked.value.request.headers["portal-automatic"] == "true"


def test_one_sees_the_other_and_hears_what_they_decided(
    *,
    signed_in: Callable[..., Page],
    demo_data: DemoData,
    axe: Callable[[Page], list[str]],
) -> None:
    someone = demo_data.pending()
    anna, ben = signed_in(name="Anna Team", width=360), signed_in(name="Ben Team")
    for page in (anna, ben):
        with page.expect_response("**/presence"):
            page.goto(someone.path)
    ask_now(anna)
    status = anna.locator("#presence")
    expect(status).to_have_text("Ben Team is looking at this, too.")
    expect(status).to_have_role("status")
    expect(ben.locator("#presence")).to_have_text("Anna Team is looking at this, too.")

    # Taking it keeps what was typed, and says so.
    note = anna.get_by_label("Note", exact=True)
    note.fill("They called, and asked for")
    anna.get_by_role("button", name="Take it").click()
    company = someone.tenant.contact.company
    expect(anna.locator("#outcome")).to_have_text(f"You look after {company} now.")
    expect(anna.locator("#live")).to_have_text(f"You look after {company} now.")
    expect(note).to_have_value("They called, and asked for")
    ask_now(ben)
    expect(ben.locator("#presence")).to_contain_text("Anna Team took this at")

    reject = decision(ben, "Reject")
    reject.get_by_label("Reason").select_option("other")
    reject.get_by_role("button", name="Reject").click()
    expect(ben.locator("#outcome")).to_contain_text("is rejected")
    note.focus()
    ask_now(anna)
    expect(status).to_contain_text("Ben Team rejected this at")
    expect(note).to_be_focused()
    expect(note).to_have_value("They called, and asked for")
    assert axe(anna) == []
    assert anna.evaluate("document.documentElement.scrollWidth <= innerWidth")

    anna.get_by_role("link", name="Show the page as it is now").click()
    expect(anna.get_by_role("banner").locator("..").get_by_text("Rejected").first).to_be_visible()
    expect(decision(anna, "Reopen")).to_be_visible()
    expect(anna.get_by_label("Note", exact=True)).to_have_value("They called, and asked for")


def test_a_page_that_nobody_sees_does_not_ask_and_one_that_is_signed_out_stops(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    page = signed_in(name="Anna Team")
    asked: list[int] = []
    page.clock.install()
    with page.expect_response("**/presence"):
        page.goto(demo_data.pending().path)
    page.on("response", lambda each: asked.append(each.status) if "/presence" in each.url else None)
    with page.expect_response("**/presence"):
        page.clock.fast_forward("00:20")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.clock.fast_forward("01:00")
    page.evaluate("delete document.hidden")
    assert asked == [200]
    other_tab = page.context.new_page()
    other_tab.goto("/staff/")
    other_tab.get_by_role("button", name="Sign out").click()
    with page.expect_response("**/presence"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.fast_forward("02:00")
    assert asked == [200, 401]
