"""Staff have credentials tried before they activate: nothing typed is lost, the secret least of
all while a script keeps it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from portal.sealing import KeyFileSealer
from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.factory import open_store
from portal.timestamps import utc_now
from tests.browser.demo_data import DemoData
from tests.browser.steps import decision
from tests.fsm_cluster import (
    CLIENT_ID,
    CLIENT_SECRET,
    V1,
    Cluster,
    Reply,
    json_reply,
    running_cluster,
)
from tests.serving import Portal, serving

IDS = {"Account id": "770001", "Company id": "880001", "Cluster": "eu"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Portal]:
    """A portal whose cluster `eu` is on this machine."""
    folder = tmp_path_factory.mktemp("portal")
    with serving(folder, settings=cluster.environ()) as portal:
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


@pytest.mark.parametrize("look", ["light", "dark"])
def test_they_are_tried_and_then_they_activate(
    *,
    signed_in: Callable[..., Page],
    demo_data: DemoData,
    cluster: Cluster,
    axe: Callable[[Page], list[str]],
    javascript: bool,
    look: str,
) -> None:
    # Each run activates other ids.
    number = 770_001 + 2 * javascript + (look == "dark")
    account, company = str(number), str(number + 110_000)
    ids = IDS | {"Account id": account, "Company id": company}
    cluster.reply = json_reply(V1 | {"account_id": number, "companies": [{"id": number + 110_000}]})
    page = signed_in(javascript=javascript, width=320, color_scheme=look)
    page.goto(demo_data.pending().path)
    form = decision(page, "Activate")
    for label, text in ids.items():
        form.get_by_label(label).fill(text)
    form.get_by_label("Client id").fill(CLIENT_ID)
    form.get_by_label("Client secret").fill("a wrong one")
    page.get_by_label("Note", exact=True).fill("They called")
    tries = form.get_by_role("button", name="Try these credentials")
    tries.click()
    outcome = page.locator("#tried-activate figure")
    expect(outcome).to_contain_text("The cluster refuses these credentials.")
    latest = page.locator("#tried figure")
    expect(latest).to_contain_text("The cluster refuses these credentials.")
    secret = form.get_by_label("Client secret")
    # A page that comes back never holds it. Without one, it is still in the field.
    expect(secret).to_have_value("a wrong one" if javascript else "")
    secret.fill(CLIENT_SECRET)
    tries.click()
    expect(outcome).to_contain_text("The secret works, and everything fits.")
    expect(latest).to_contain_text("The secret works, and everything fits.")
    expect(outcome.get_by_role("listitem")).to_have_text([
        "✓ The secret is right Yes",
        "✓ The client is of this account Yes",
        "✓ The client is of this company Yes",
        "✓ The account is on this cluster Yes",
    ])  # fmt: skip
    for label, text in ids.items():
        expect(form.get_by_label(label)).to_have_value(text)
    note = page.get_by_label("Note", exact=True)
    expect(note).to_have_value("They called")
    if javascript:
        expect(outcome).to_be_focused()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    else:
        secret.fill(CLIENT_SECRET)
    note.fill("")
    # Enter activates, and tries nothing.
    asked = len(cluster.asked)
    form.get_by_label("Client id").press("Enter")
    expect(page.locator("#outcome")).to_contain_text("is active.")
    assert len(cluster.asked) == asked
    card = page.locator("#tried")
    expect(card.get_by_role("heading")).to_have_text("Latest try of credentials")
    expect(card).to_contain_text("Tried by Anna Approver")
    expect(card).to_contain_text(f"account and company {account} / {company}, cluster eu")
    if javascript:
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


CHANGED = (
    "The credentials or ids were changed after the try. Nothing is known of them as they are now."
)


def test_what_was_shown_goes_with_the_values_that_were_tried(
    *,
    signed_in: Callable[..., Page],
    demo_data: DemoData,
    cluster: Cluster,
    axe: Callable[[Page], list[str]],
) -> None:
    companies = [{"id": 880_001}]
    cluster.reply = json_reply(V1 | {"account_id": 770_001, "companies": companies})
    page = signed_in(width=320)
    page.goto(demo_data.pending().path)
    form = decision(page, "Activate")
    typed = IDS | {"Client id": CLIENT_ID, "Client secret": CLIENT_SECRET}
    for label, text in typed.items():
        form.get_by_label(label).fill(text)
    panel = page.locator("#tried-activate")
    tries = form.get_by_role("button", name="Try these credentials")
    for label, text in typed.items():
        tries.click()
        expect(panel).to_contain_text("The secret works, and everything fits.")
        # Another field changes nothing.
        form.get_by_label("Account name").fill(f"Name beside {label}")
        expect(panel).to_contain_text("The secret works, and everything fits.")
        form.get_by_label(label).fill(f"{text}0")
        expect(panel).to_have_text(CHANGED)
        expect(page.locator("#live")).to_have_text(CHANGED)
        form.get_by_label(label).fill(text)
        expect(panel).to_have_text(CHANGED)
    # What was tried stays in its card, which says of what it is.
    expect(page.locator("#tried")).to_contain_text(f"Client id {CLIENT_ID}, account and company")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_changes_while_the_cluster_is_asked_was_not_tried(
    signed_in: Callable[..., Page], demo_data: DemoData, cluster: Cluster
) -> None:
    page = signed_in()
    page.goto(demo_data.pending().path)
    form = decision(page, "Activate")
    for label, text in (IDS | {"Client id": CLIENT_ID, "Client secret": CLIENT_SECRET}).items():
        form.get_by_label(label).fill(text)
    asked = len(cluster.asked)
    # Silent until the portal waits no longer.
    cluster.reply, cluster.to_all = Reply(raw=b""), True
    try:
        with page.expect_response("**/activate/try*"):
            form.get_by_role("button", name="Try these credentials").click()
            form.get_by_label("Client id").fill("another")
        assert len(cluster.asked) == asked + 1
        expect(page.locator("#tried-activate")).to_have_text(CHANGED)
        expect(form.get_by_label("Client id")).to_be_focused()
    finally:
        cluster.to_all = False
