"""Where things stand on a page: nothing is squeezed, cut or torn apart."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import FloatRect, Locator, Page, expect

from portal.tenants import Contact
from tests.browser.demo_data import DemoData
from tests.browser.steps import decision, free_id

LINE = 30
"""Pixels: more than one line of text is high, less than two."""


def box(element: Locator) -> FloatRect:
    found = element.bounding_box()
    assert found is not None
    return found


def test_what_is_said_about_a_field_has_the_whole_width(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    page = signed_in(locale="en-GB")
    page.goto(demo_data.pending().path)
    form = decision(page, "Activate")
    form.get_by_label("Account id").fill("no/id")
    form.get_by_label("Cluster").fill("evil.example/")
    form.get_by_role("button", name="Activate").click()
    expect(form.get_by_role("alert")).to_be_visible()
    width = box(form.locator(".pairs"))["width"]
    for invalid in form.locator(".field.invalid").all():
        assert box(invalid)["width"] == width
    contact = decision(page, "Change the contact")
    phone = contact.locator(".field", has=page.get_by_label("Phone number"))
    expect(phone.locator(".note")).to_contain_text("United Kingdom")
    assert box(phone)["width"] == box(contact.locator(".pairs"))["width"]


def test_a_step_and_a_wait_are_not_torn_apart_on_a_phone(
    new_page: Callable[..., Page], signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    customer = new_page(width=360, locale="de-DE")
    customer.goto(demo_data.pending().status_path)
    badge, reference = customer.locator(".badge"), customer.locator(".row .end")
    assert box(badge)["x"] == box(reference)["x"]
    step = customer.locator(".steps li").last
    state = step.locator(".quiet")
    expect(state).to_have_text("Steht noch aus")
    assert box(state)["y"] > box(step.locator("strong"))["y"]
    assert box(state)["height"] < LINE

    demo_data.pending(ago=timedelta(days=90))
    staff = signed_in(width=360, locale="de-DE")
    for late in staff.locator(".lines .late").all():
        assert box(late)["height"] < LINE


def test_the_lines_of_a_table_do_not_change_between_columns(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    existing = demo_data.active().tenant.ids
    assert existing is not None
    page = signed_in()
    page.goto(demo_data.pending().path)
    form = decision(page, "Activate")
    form.get_by_label("Account id").fill(existing.account_id)
    form.get_by_label("Company id").fill(existing.company_id)
    form.get_by_label("Cluster").fill("eu")
    form.get_by_role("button", name="Activate").click()
    row = page.get_by_role("table", name="Differences").get_by_role("row").nth(1)
    expect(row).to_be_visible()
    lines = row.locator("th, td").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).borderBottomColor)"
    )
    assert len(lines) == 3
    assert len(set(lines)) == 1


def test_no_choice_of_a_term_is_cut_off_on_a_phone(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    for locale in ("de-DE", "en-GB"):
        page = signed_in(width=360, locale=locale)
        page.goto(demo_data.pending().path)
        # The width that each text takes, against the width that the select has for one.
        cut = page.locator("#activate-term").evaluate(
            """select => {
                const style = getComputedStyle(select);
                const canvas = document.createElement("canvas").getContext("2d");
                canvas.font = style.font;
                const arrow = style.appearance === "none" ? 0 : 24;
                const room = select.clientWidth - arrow
                    - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
                return [...select.options].map(option => option.text)
                    .filter(text => canvas.measureText(text).width > room);
            }"""
        )
        assert cut == []


def test_on_a_phone_a_decision_stands_before_the_duplicates_and_behind_a_line_that_names_them(
    signed_in: Callable[..., Page], demo_data: DemoData, javascript: bool
) -> None:
    number = free_id()
    contact = Contact(company=f"Zwilling {number}", name="Jo Zwilling", email=f"{number}@z.example")
    someone = [demo_data.sign_up(contact) for _ in range(3)][-1]
    page = signed_in(width=360, locale="de-DE", javascript=javascript)
    page.goto(someone.path)
    line = page.get_by_role("link", name="2 mögliche Dubletten")
    button = page.get_by_role("button", name="Aktivieren")
    table = page.get_by_role("heading", name="Mögliche Dubletten")
    tops = [box(each)["y"] for each in (line, button, table)]
    assert tops == sorted(tops)
    size = page.viewport_size
    assert size is not None
    assert tops[0] + box(line)["height"] < size["height"]
    assert tops[1] + box(button)["height"] < 2 * size["height"]
    # The same order for who has the page read out.
    read = page.locator("main").inner_text()
    assert read.index("2 mögliche Dubletten") < read.index("Aktivieren")
    assert read.rindex("Client-Secret") < read.index("Mögliche Dubletten")
    line.click()
    expect(table).to_be_in_viewport()


def test_no_date_is_cut_off_on_a_phone(signed_in: Callable[..., Page], demo_data: DemoData) -> None:
    page = signed_in(width=360)
    page.goto(demo_data.pending().path)
    pairs = box(page.locator("#form-activate .pairs"))
    for day in page.locator("#form-activate [type=date]").all():
        assert box(day)["width"] == pairs["width"]
    account, company = (
        box(page.locator("#form-activate").get_by_label(label))
        for label in ("Account id", "Company id")
    )
    assert account["y"] == company["y"]
