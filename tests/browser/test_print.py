"""What stands on paper: a page is printed to PDF, and its words are read out of it again."""

import shutil
import subprocess
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.tenants import Contact
from tests.browser.demo_data import DemoData
from tests.browser.steps import fill_sign_up, send_sign_up


@pytest.fixture
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page], str]:
    """The words of the page on paper, with single spaces."""
    pdftotext = shutil.which("pdftotext")
    if pdftotext is None:
        pytest.skip("no pdftotext found (Debian: apt-get install poppler-utils)")

    def read(page: Page) -> str:
        path = tmp_path_factory.mktemp("paper") / "page.pdf"
        page.pdf(path=path, format="A4")
        result = subprocess.run(
            [pdftotext, path, "-"], capture_output=True, text=True, check=True, timeout=60
        )
        return " ".join(result.stdout.split())

    return read


def test_a_printed_status_page_has_its_address_and_no_buttons(
    page: Page, printed: Callable[[Page], str]
) -> None:
    page.goto("/sign-up")
    fill_sign_up(page)
    send_sign_up(page)
    expect(page.get_by_text(page.url, exact=True)).to_be_hidden()
    paper = printed(page)
    assert "Your request is waiting for approval" in paper
    # "Bookmark this page, or print it": only the address leads back from the paper. It is longer
    # than a line.
    assert page.url in paper.replace(" ", "")
    for button in ("Withdraw", "Change your details"):
        assert button not in paper
    # Everything begins at the edge of the paper.
    page.emulate_media(media="print")
    edges = page.locator(".brand, #status-title, main > .strip").evaluate_all(
        "elements => elements.map(element => element.getBoundingClientRect().left)"
    )
    assert len(edges) == 4
    assert len(set(edges)) == 1


def test_a_printed_tenant_has_no_headings_of_forms(
    signed_in: Callable[..., Page], demo_data: DemoData, printed: Callable[[Page], str]
) -> None:
    someone = demo_data.with_notes()
    page = signed_in()
    page.goto(someone.path)
    expect(page.get_by_role("heading", name="Decide", exact=True)).to_be_visible()
    paper = printed(page)
    for shown in (someone.tenant.id, "Details", "Possible duplicates", "History",
                  "Notes", "Called on Monday"):  # fmt: skip
        assert shown in paper
    for legend in ("Decide", "Activate", "Reject", "Change the contact", "Write a note", "Add note",
                   "Back to the list", "For staff only"):  # fmt: skip
        assert legend not in paper


def test_printed_lists_and_imports_have_no_forms(
    signed_in: Callable[..., Page], demo_data: DemoData, printed: Callable[[Page], str]
) -> None:
    someone = demo_data.sign_up(Contact(company="Paper GmbH", name="Jo", email="jo@paper.example"))
    page = signed_in("admin")
    page.goto(f"/staff/tenants?q={someone.tenant.id}")
    paper = printed(page)
    assert "Paper GmbH" in paper
    for control in ("Company, contact, email, phone or id", "Clear", "Sign out", "Shortcut keys"):
        assert control not in paper
    page.goto("/staff/imports/")
    expect(page.get_by_role("heading", name="Import records")).to_be_visible()
    paper = printed(page)
    assert "Earlier imports" in paper
    for heading in ("Import records", "Choose the file", "What if a tenant is already"):
        assert heading not in paper
