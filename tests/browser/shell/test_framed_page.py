"""The page in a frame of the shell, in Chromium and in Firefox ESR, over https."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import AXE
from tests.browser.shell.framed import Framed, is_shown, see, until
from tests.browser.shell.shell_host import PORTAL, SANDBOX, shell_address
from tests.browser.steps import free_id, words_in

Open = Callable[..., Framed]
Complains = Callable[[str], None]

US = "https://us.fsm.cloud.sap"
EVIL = "https://evil.example"
SILENT = "Field Service Management has not said which company this is."


def fill(page: Framed, **typed: str) -> None:
    texts = {"company": "Example GmbH", "name": "Jane Doe", "email": "jane@example.com"}
    for name, text in {**texts, **typed}.items():
        page.type(f"[name={name}]", text)


def ready(page: Framed) -> None:
    """Waits for the form, with the ids in it."""
    until(lambda: is_shown(page, "#sign-up"), "the form")


@pytest.mark.parametrize("answer", ["text", "object"])
def test_the_context_says_who_asks(framed: Open, answer: str) -> None:
    page = framed()
    page.open(shell_address(answer, companyId=200300))
    see(page, "#known", "Example AG (86810)")
    see(page, "#known", "Example Service GmbH (200300)")
    see(page, "#state", "This company has no access yet")
    ready(page)
    assert not is_shown(page, "#outside")
    sent = "Object.fromEntries(new FormData(document.querySelector('#sign-up')))"
    fields = page.run(sent)
    assert fields["account_id"] == "86810"
    assert fields["company_id"] == "200300"
    assert fields["account_name"] == "Example AG"
    assert fields["company_name"] == "Example Service GmbH"
    assert fields["cluster"] == "eu"
    assert page.cookies() == []


@pytest.mark.parametrize("answer", ["none", "error"])
def test_without_a_context_there_is_the_way_around(framed: Open, answer: str) -> None:
    page = framed()
    page.open(shell_address(answer))
    refused = "Field Service Management refused to say which company this is."
    see(page, "#said", SILENT if answer == "none" else refused)
    see(page, "#outside", f"{PORTAL}/sign-up")
    assert not is_shown(page, "#sign-up")
    assert not is_shown(page, "#known")


def test_an_answer_that_takes_long_is_an_answer(framed: Open) -> None:
    page = framed()
    page.open(shell_address("late"))
    see(page, "#said", SILENT)
    see(page, "#known", "Example AG (86810)")
    assert not is_shown(page, "#outside")
    assert not is_shown(page, "#said")


def test_a_context_without_ids_is_none(framed: Open) -> None:
    page = framed()
    page.open(shell_address(accountId=None))
    see(page, "#said", "has not said the ids")
    see(page, "#outside", f"{PORTAL}/sign-up")
    assert not is_shown(page, "#sign-up")


def test_a_context_that_another_frame_forges_is_refused(framed: Open) -> None:
    page = framed()
    # Another shell's origin is one that may frame the page, and is still not its parent.
    for forger in (EVIL, US):
        page.open(shell_address("none", forger=f"{forger}/forger"))
        see(page, "#said", SILENT)
        assert not is_shown(page, "#known")
        assert page.run("document.querySelector('[name=account_id]').value") == ""


def test_another_parent_shows_no_page_at_all(framed: Open, complains: Complains) -> None:
    complains("frame-ancestors")
    complains("ERR_BLOCKED_BY_RESPONSE")
    page = framed()
    page.open(shell_address(origin=US))
    see(page, "#known", "Example AG (86810)")
    page.open(shell_address(origin=EVIL))
    until(lambda: page.run_in_shell("document.readyState") == "complete", "the other parent")
    assert page.run("document.querySelector('#shell')?.id") is None
    assert page.run_in_shell("heard.length") == 0


def test_it_speaks_the_language_of_the_shell(framed: Open) -> None:
    say = words_in("de")
    page = framed()
    page.open(shell_address(selectedLocale="de-ch"))
    see(page, "h1", say("Access to the Appointment Manager"))
    see(page, "#state", say("This company has no access yet"))
    ready(page)
    fill(page, email="jane")
    page.click("#sign-up button")
    see(page, "[role=alert]", say("There is a problem"))
    assert page.run("document.documentElement.lang") == "de"
    see(page, "#known", "Example AG (86810)")


@pytest.mark.parametrize("says", ["context", "storage"])
def test_it_has_the_theme_of_the_shell(framed: Open, says: str) -> None:
    page = framed()
    dark = "sap_horizon_dark"
    address = shell_address(selectedThemeId=dark) if says == "context" else ""
    page.open(address or shell_address(stored=dark))
    until(lambda: page.run("document.documentElement.dataset.theme") == "dark", "the theme")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.run(colour) == "rgb(18, 23, 28)"
    ready(page)
    page.click("#sign-up button")
    see(page, "[role=alert]", "Enter the company name.")
    assert page.run(colour) == "rgb(18, 23, 28)"


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("theme", ["sap_horizon", "sap_horizon_dark"])
def test_there_is_no_barrier(framed: Open, theme: str, width: int, pictures: Path) -> None:
    axe = AXE.read_text(encoding="utf-8")
    page = framed(width=width)
    page.open(shell_address(selectedThemeId=theme, selectedLocale="de", companyId=free_id()))
    ready(page)
    name = f"shell-{theme}-{width}-{type(page).__name__}"
    page.picture(pictures / f"{name}-form.png")
    assert page.axe(axe) == []
    page.click("#sign-up button")
    see(page, "[role=alert]", words_in("de")("There is a problem"))
    page.picture(pictures / f"{name}-errors.png")
    assert page.axe(axe) == []
    fill(page)
    page.click("#sign-up button")
    see(page, "#open", words_in("de")("Open your status page"))
    page.click("summary")
    page.picture(pictures / f"{name}-sent.png")
    assert page.axe(axe) == []
    assert page.run("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_status_page_opens_in_a_new_tab(framed: Open) -> None:
    page = framed()
    page.open(shell_address(companyId=free_id()))
    ready(page)
    fill(page, email="not an address")
    page.click("#sign-up button")
    see(page, "[role=alert]", "Enter an email address like name@example.com.")
    assert page.run("document.querySelector('[name=company]').value") == "Example GmbH"
    fill(page)
    page.click("#sign-up button")
    see(page, "#open", "Open your status page")
    address = page.run("document.querySelector('#open').href")
    assert address.startswith(f"{PORTAL}/status/")
    heard = page.run_in_shell("heard")
    # The SDK names the page's address with each message: it leads to nothing.
    assert len(heard) > 1
    assert address.rpartition("/")[2] not in "".join(heard)
    assert {entry["locationHref"] for each in heard for entry in traces(each)} <= {
        f"{PORTAL}/shell", f"{PORTAL}/shell/sign-up"
    }  # fmt: skip
    assert page.cookies() == []
    page.click("#open")
    until(lambda: address in page.tabs(), "the status page in a tab")
    see(page, "#address", address)
    assert not is_shown(page, "#blocked")


def traces(message: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(message).get("trace") or []
    return found


def test_a_sandbox_that_opens_no_tab_gets_the_address_as_text(
    framed: Open, complains: Complains
) -> None:
    page = framed()
    page.open(
        shell_address(companyId=free_id(), sandbox="allow-scripts allow-same-origin allow-forms")
    )
    ready(page)
    fill(page)
    page.click("#sign-up button")
    see(page, "#open", "Open your status page")
    address = page.run("document.querySelector('#open').href")
    complains("'allow-popups' permission is not set")
    page.click("#open")
    see(page, "#blocked", "This frame opens no new tab.")
    see(page, "#address", address)
    assert is_shown(page, ".qr-code svg")
    assert address not in page.tabs()


@pytest.mark.parametrize("lacks", ["allow-forms", "allow-same-origin"])
def test_a_sandbox_that_lets_no_form_be_sent_is_named(
    framed: Open, lacks: str, complains: Complains
) -> None:
    page = framed()
    page.open(shell_address(sandbox=SANDBOX.replace(f" {lacks}", "")))
    if lacks == "allow-forms":
        complains("'allow-forms' permission is not set")
        ready(page)
        fill(page)
        page.click("#sign-up button")
    see(page, "#said", lacks)
    see(page, "#outside", f"{PORTAL}/sign-up")
