"""T6, T7: what people type stays text, on every page that shows it.

Payloads stand in every field that takes a text. Then a browser visits every page that shows
them, and swaps fragments that do: nothing runs, nothing is asked for, nothing is decided.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Request, expect

from portal.tenants import Contact, Status
from portal.web.http.htmx import INERT
from tests.browser.conftest import Watch
from tests.browser.demo_data import Customer, DemoData
from tests.browser.steps import decision, fill_sign_up, free_id, send_sign_up

VENDOR = Path(__file__).parent.parent / "vendor"

#: `{}` stands for the address of a decision, that an injected attribute would send.
PAYLOADS = (
    "<script>fetch('/stolen')</script>",
    "<img src=/stolen onerror=\"fetch('/stolen')\">",
    "<svg onload=\"fetch('/stolen')\"><use href=/stolen#a></svg>",
    '<div hx-post="{}" hx-trigger="load">x</div>',
    "<p hx-get='/stolen' hx-trigger='load, every 1s' hx-target='body'>x",
    '" autofocus onfocus="fetch(\'/stolen\')" hx-get="/stolen" hx-trigger="load" x="',
    "' hx-get=/stolen hx-trigger=load x='",
    "javascript:fetch('/stolen')",
    "{{7*7}} ${7*7} {% raw %} %s%n [[company]] &lt;b&gt;",
    "<style>body{background:url(/stolen)}</style><link rel=stylesheet href=/stolen>",
    "</textarea></title></div><iframe src=/stolen></iframe><base href=//stolen.example>",
    "<form action=/stolen><button formaction=/stolen autofocus>x</button></form>",
    "<meta http-equiv=refresh content='0;url=/stolen'><template><slot></template>",
)


def _watch_requests(page: Page, watch: Watch) -> list[str]:
    """All that these pages send, beside what a step of the test sends itself."""
    sent: list[str] = []

    def look(request: Request) -> None:
        # A search, and the way back to it, hold what was searched for.
        address, _, query = request.url.partition("?")
        if "stolen" in address or ("stolen" in query and "/staff/tenants" not in address):
            watch.seen.append(f"caused by a payload: {request.method} {request.url}")
        # Each page of a tenant says by itself that somebody has it open.
        if request.method != "GET" and not request.url.endswith("/presence"):
            sent.append(request.url)

    page.on("request", look)
    return sent


def test_nothing_that_a_customer_types_does_anything(
    new_page: Callable[..., Page],
    signed_in: Callable[..., Page],
    demo_data: DemoData,
    watch: Watch,
) -> None:
    victim = demo_data.pending()
    payloads = [payload.format(f"{victim.path}/activate") for payload in PAYLOADS[:4]]
    payloads += PAYLOADS[4:]
    customer = new_page()
    sent = _watch_requests(customer, watch)
    for payload in payloads:
        # As staff links of the shell bring it, and as a failed form shows it again.
        customer.goto(f"/sign-up?account_id=1&company_id=2&account_name={_quoted(payload)}")
        fill_sign_up(customer, company=payload, name=payload, email=payload, phone=payload)
        send_sign_up(customer)
        for field in ("Company name", "Your name", "Email address", "Phone number"):
            expect(customer.get_by_label(field)).to_have_value(payload)
        customer.get_by_label("Email address").fill("a{{7*7}}'|x@example.com")
        customer.get_by_label("Phone number").fill("")
        send_sign_up(customer)
        expect(customer.locator("#status dd").first).to_have_text(payload)
        customer.goto(f"{customer.url}/change")
        expect(customer.get_by_label("Company name")).to_have_value(payload)

    sent.clear()
    staff = signed_in()
    staff_sent = _watch_requests(staff, watch)
    staff.goto("/staff/")
    staff.goto("/staff/tenants?status=active")
    # Rows that arrive as a fragment, and a search that is shown again.
    staff.get_by_role("navigation", name="Status").get_by_role("link", name="Pending").click()
    expect(staff.get_by_role("heading", level=1)).to_have_text("Tenants: Pending")
    for payload in payloads:
        staff.goto(f"/staff/tenants?status=all&q={_quoted(payload)}")
        expect(staff.get_by_role("searchbox")).to_have_value(payload)
        row = staff.locator("[data-row]").first
        expect(row.get_by_role("link")).to_have_text(payload)
        row.get_by_role("link").click()
        expect(staff.locator("#tenant-title")).to_have_text(payload)
    assert sent == staff_sent == []
    _is_untouched(demo_data, victim)


def test_nothing_that_staff_type_does_anything(
    signed_in: Callable[..., Page],
    new_page: Callable[..., Page],
    demo_data: DemoData,
    watch: Watch,
) -> None:
    victim = demo_data.pending()
    contact = Contact(company="Plain", name="Plain", email=f"{free_id()}@example.com")
    staff, customer = signed_in(), new_page()
    sent = _watch_requests(staff, watch)
    _watch_requests(customer, watch)
    for number, pattern in enumerate(PAYLOADS):
        payload = pattern.format(f"{victim.path}/activate") if "hx-post" in pattern else pattern
        someone = demo_data.sign_up(contact)
        staff.goto(someone.path)
        sent.clear()
        # Each answer is swapped in by htmx, which looks through what it swaps.
        note = decision(staff, "Write a note")
        note.get_by_label("Note").fill(payload)
        note.get_by_role("button", name="Add note").click()
        expect(staff.locator(".log p", has_text=payload)).to_be_visible()
        form = decision(staff, "Change the contact")
        form.get_by_label("Company name").fill(payload)
        form.get_by_label("Contact's name").fill(payload)
        form.get_by_role("button", name="Change contact").click()
        changed = f"Company name: Plain → {payload}. Contact's name: Plain → {payload}."
        expect(staff.locator("#outcome")).to_have_text(
            f"The contact of {payload} is changed. {changed}"
        )
        form = decision(staff, "Reject")
        form.get_by_label("Reason").select_option("Another reason")
        form.get_by_label("Message to the customer").fill(payload)
        form.get_by_role("button", name="Reject").click()
        expect(staff.locator("#outcome")).to_have_text(f"The sign-up of {payload} is rejected.")
        assert sent == [f"{staff.url}/{verb}" for verb in ("note", "contact", "reject")], number
        staff.reload()
        customer.goto(someone.status_path)
        expect(customer.locator(".pre-wrap")).to_have_text(payload)
    _is_untouched(demo_data, victim)


def test_ids_and_claims_that_are_no_ids_are_not_even_kept(page: Page, watch: Watch) -> None:
    _watch_requests(page, watch)
    for payload in PAYLOADS:
        page.goto(f"/sign-up?account_id={_quoted(payload)}&company_id=2&cluster=eu")
        expect(page.get_by_text("From Field Service Management")).to_have_count(0)


#: Of the portal, and the next one: a later swap of one file must open nothing.
HTMX_VERSIONS = {"htmx 2": None, "htmx 4": VENDOR / "htmx-4.0.1.min.js"}


@pytest.mark.parametrize("script", HTMX_VERSIONS.values(), ids=HTMX_VERSIONS)
def test_t7_a_payload_is_obeyed_but_not_where_typed_texts_stand(
    signed_in: Callable[..., Page], demo_data: DemoData, watch: Watch, script: Path | None
) -> None:
    """The policy does not stop an attribute of htmx: only escaping does, and these regions."""
    page = signed_in()
    if script:
        page.route("**/vendor/htmx-*.js*", lambda route: route.fulfill(path=script))
    page.goto(demo_data.pending().path)
    version = page.evaluate("htmx.version")
    assert version.partition(".")[0] == ("4" if script else "2")
    _watch_requests(page, watch)
    insert = """([html, selector]) => {
        const places = [...document.querySelectorAll(selector)];
        for (const place of places) {
            place.insertAdjacentHTML("beforeend", html);
            htmx.process(place);
        }
        htmx.process(document.body);
        return places.length;
    }"""
    in_vain = "<i hx-get='/stolen-in-vain' hx-trigger='load'></i>"
    assert page.evaluate(insert, [in_vain, f"[{INERT.replace(' ', '][')}]"]) >= 4
    with page.expect_response("**/stolen"):
        page.evaluate(insert, ["<i hx-get='/stolen' hx-trigger='load'></i>", "#tenant"])
    watch.expect("caused by a payload: GET " + page.url.partition("/staff")[0] + "/stolen")
    assert not any("in-vain" in one for one in watch.seen)


def _is_untouched(demo_data: DemoData, victim: Customer) -> None:
    tenant = demo_data.current_tenant(victim)
    assert (tenant.status, tenant.version) == (Status.PENDING, victim.tenant.version)


def _quoted(text: str) -> str:
    # The address of a page is not to look like a request that a payload caused.
    return quote(text, safe="").replace("stolen", "%73tolen")
