"""On the narrowest phone, in a language with longer words and in one from right to left: nothing
scrolls sideways, and nothing is cut off."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from babel import Locale
from playwright.sync_api import Page, expect

from portal import onboarding
from portal.address_proofs import proof_token
from portal.auth import Scope, create_api_token, id_of_address
from portal.refusal_links import RefusalLinks
from portal.saved_views import save_view
from portal.sealing import KeyFileSealer
from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.factory import open_store
from portal.tenants import AuditInfo
from portal.timestamps import utc_now
from tests.browser.demo_data import ANNA, Customer, DemoData
from tests.browser.made_up_languages import LONG, RIGHT_TO_LEFT, catalogue, copy_with_languages
from tests.browser.steps import person_path, webhook_paths
from tests.conftest import SECRET_KEY
from tests.serving import Portal, serving

WIDTH = 320
LOCALES = {LONG: "fi-FI", RIGHT_TO_LEFT: "he-IL"}
SHELL = "/sign-up?account_id=86810&company_id=104348&account_name=Meyer%20Group&cluster=eu"

#: What is wrong on a page: what reaches beyond the window, words that reach out of their box, and
#: boxes that hide a part of what they hold.
WRONG = """
() => {
    const wrong = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) wrong.push(`scrolls sideways by ${wide}`);
    const name = element => {
        const text = element.textContent.trim().replace(/\\s+/g, " ").slice(0, 60);
        return `${element.tagName.toLowerCase()}.${element.className}: ${text}`;
    };
    const skipped = ".sr, .skip, .honeypot, .honeypot *, svg, svg *, option, dialog:not([open]) *";
    for (const element of document.body.querySelectorAll("*")) {
        if (element.matches(skipped) || !element.checkVisibility()) continue;
        const box = element.getBoundingClientRect();
        if (!box.width || !box.height) continue;
        const beyond = Math.max(-box.left, box.right - innerWidth);
        if (beyond > 0.5) wrong.push(`beyond the window by ${beyond}: ${name(element)}`);
        // What somebody types may be longer than its box.
        if (element.matches("input, textarea, select")) continue;
        const style = getComputedStyle(element);
        const isHidden = style.overflowX !== "visible";
        if (isHidden && element.scrollWidth > element.clientWidth + 1)
            wrong.push(`cut off: ${name(element)}`);
        if (isHidden && element.scrollHeight > element.clientHeight + 1)
            wrong.push(`cut off below: ${name(element)}`);
        if (style.display === "inline") continue;
        // A space at the end of a line may hang over where spaces are kept.
        const room = style.whiteSpaceCollapse === "preserve" ? 6 : 1;
        for (const node of element.childNodes) {
            if (node.nodeType !== Node.TEXT_NODE || !node.data.trim()) continue;
            const range = document.createRange();
            range.selectNodeContents(node);
            const lines = [...range.getClientRects()];
            if (lines.some(line => line.left < box.left - room || line.right > box.right + room))
                wrong.push(`out of its box: ${name(element)}`);
        }
    }
    for (const select of document.querySelectorAll("select")) {
        if (!select.checkVisibility()) continue;
        const style = getComputedStyle(select);
        const canvas = document.createElement("canvas").getContext("2d");
        canvas.font = style.font;
        // One that keeps the look of the browser has its arrow inside, and no second line.
        const isOurs = style.appearance === "none" && style.whiteSpaceCollapse === "collapse";
        const room = select.clientWidth - (isOurs ? 0 : 24)
            - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        for (const option of select.options)
            for (const part of isOurs ? option.text.split(" ") : [option.text])
                if (canvas.measureText(part).width > room) wrong.push(`choice: ${option.text}`);
    }
    return [...new Set(wrong)];
}
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal that has both languages."""
    folder: Path = tmp_path_factory.mktemp("languages")
    chosen = {
        "PORTAL_TIME_ZONE": "Europe/Berlin",
        "PORTAL_CONTACT_EMAIL": "help@example.com",
        "PORTAL_CONTACT_PHONE": "+49 30 901820",
        "PORTAL_PRIVACY_URL": "https://example.com/privacy",
        "PORTAL_IMPRINT_URL": "https://example.com/imprint",
        "PORTAL_SUPPORT_URL": "https://example.com/help",
        "PORTAL_VALIDATE_LINKS": "true",
    }
    with serving(folder, settings=chosen, root=copy_with_languages(folder)) as portal:
        yield portal


@pytest.fixture(scope="module")
def settings(portal: Portal) -> Settings:
    return Settings.from_environment(portal.environ)


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def demo_data(store: Store, settings: Settings) -> DemoData:
    sealer = KeyFileSealer(settings.data_dir / "sealing-keys.json")
    return DemoData(store, sealer, utc_now(), settings.time_zone)


@pytest.fixture(scope="module")
def people(demo_data: DemoData) -> dict[str, Customer]:
    return demo_data.fill()


@pytest.fixture(scope="module")
def asked(demo_data: DemoData, store: Store) -> Customer:
    """A customer whom staff have asked, with every field named."""
    someone = demo_data.pending()
    onboarding.ask(
        store,
        someone.tenant.id,
        expected_version=1,
        audit=AuditInfo(by=ANNA[0], who=ANNA[1], at=utc_now()),
        text="Which company is it?",
        fields=("company", "name", "email", "phone"),
    )
    return someone


class Look:
    """What is wrong with the pages so far, by their addresses."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.wrong: dict[str, list[str]] = {}

    def at(self, page: Page, name: str) -> None:
        html = page.locator("html")
        direction = str(Locale.parse(self.locale).text_direction)
        assert (html.get_attribute("lang"), html.get_attribute("dir")) == (self.locale, direction)
        if found := page.evaluate(WRONG):
            self.wrong[name] = found


def send_empty(page: Page, path: str) -> None:
    """Sends the form of the page as it is, and waits for the summary of its errors."""
    page.goto(path)
    for field in page.locator(
        "main form:not([role=search]) input:visible:not([type=checkbox])"
    ).all():
        field.fill("")
    page.locator("main form button.emphasised").first.click()
    expect(page.locator("main [role=alert].negative").first).to_be_visible()


@pytest.mark.parametrize("locale", LOCALES)
def test_no_page_of_a_customer_is_too_narrow(
    *,
    locale: str,
    people: dict[str, Customer],
    asked: Customer,
    new_page: Callable[..., Page],
) -> None:
    look = Look(locale)
    page = new_page(width=WIDTH, locale=LOCALES[locale])
    pending = people["pending"]
    link = proof_token(
        SECRET_KEY,
        pending.status_path[8:34],
        pending.tenant.contact.email,
        pending.tenant.status_link,
        utc_now(),
    )
    ids = people["expired"].tenant.ids
    assert ids
    paths = {
        "sign-up": "/sign-up",
        "sign-up from the shell": SHELL,
        "lost link": "/lost-link",
        "lost link, sent": "/lost-link?done=sent",
        **{f"status: {name}": someone.status_path for name, someone in people.items()},
        **{page: f"{pending.status_path}/{page}" for page in ("change", "withdraw", "end")},
        **{
            f"done: {done}": f"{pending.status_path}?done={done}"
            for done in ("confirmed", "link", "new-link", "late", "waiting", "asked")
        },
        "ask again": f"{people['rejected'].status_path}/again",
        "ask to renew": f"{people['expiring'].status_path}/again",
        "asked": asked.status_path,
        "answer": f"{asked.status_path}/answer",
        "confirm": f"/confirm/{link}",
        "refusal": RefusalLinks("", [SECRET_KEY], offered=True).address(ids),
        "no such link": f"/status/{'a' * 58}",
        "not found": "/nothing-here",
        "sign in": "/staff/sign-in",
    }
    for name, path in paths.items():
        page.goto(path)
        look.at(page, name)
    for path in ("/sign-up", "/lost-link"):
        send_empty(page, path)
        look.at(page, f"{path} with errors")

    assert look.wrong == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_no_page_of_staff_is_too_narrow(
    *,
    locale: str,
    people: dict[str, Customer],
    asked: Customer,
    store: Store,
    demo_data: DemoData,
    signed_in: Callable[..., Page],
) -> None:
    look = Look(locale)
    ada = id_of_address(store, "ada.admin@example.com")
    save_view(store, ada, name="What expires soon, all over the world", query="status=expiring")
    life = timedelta(days=90)
    create_api_token(store, name="Sync", scopes=list(Scope), life=life, now=utc_now())
    page = signed_in("admin", name="Ada Admin", width=WIDTH, locale=LOCALES[locale])
    tabs = ("pending", "active", "expiring", "expired", "suspended", "rejected", "aside", "all")
    paths = {
        "overview": "/staff/",
        **{f"list: {tab}": f"/staff/tenants?status={tab}" for tab in tabs},
        "nothing found": "/staff/tenants?q=nobody-has-this-name",
        **{f"tenant: {name}": someone.path for name, someone in people.items()},
        "tenant that was asked": asked.path,
        "doubtful": "/staff/doubtful?removed=1&changed=1",
        "imports": "/staff/imports/",
        "views": "/staff/views",
        "report": "/staff/report",
        "report without days": "/staff/report.csv",
        "security": "/staff/security",
        "tokens": "/staff/tokens",
        "people": "/staff/people",
        "person": person_path(store),
        "background": "/staff/background",
        "not found": "/staff/tenants/1_1",
        "tenant that was erased": demo_data.erased().path,
    }
    with webhook_paths(store) as webhooks:
        for name, path in {**paths, **webhooks}.items():
            page.goto(path)
            for summary in page.locator("main details > summary").all():
                summary.click()
            look.at(page, name)

    assert look.wrong == {}


def forms_of(text: str | Sequence[str] | None) -> Sequence[str]:
    return [text] if isinstance(text, str) else list(text or ())


def test_the_words_are_longer_and_hold_what_is_filled_in() -> None:
    for locale in LOCALES:
        for message in catalogue(locale):
            english = {each.count("%(") for each in forms_of(message.id)}
            said = {each.count("%(") for each in forms_of(message.string)}
            assert said <= english, message.id
    pairs = [(message.id, message.string) for message in catalogue(LONG)]
    before, after = (
        "".join(text for each in texts for text in forms_of(each))
        for texts in zip(*pairs, strict=True)
    )
    assert len(after) >= 1.25 * len(before)
