"""The lists: tabs with counts, age, pages by cursor, and links that can be shared."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.queries import PageCursor
from portal.stores.contract import Add, Item, Store
from portal.timestamps import format_timestamp
from tests.conftest import START, Clock
from tests.web.factories import (
    QUEUE,
    active_tenant,
    add_tenants,
    companies,
    pending_tenant,
    row_text,
    tab_counts,
)
from tests.web.pages import (
    HTMX,
    IDS,
    SignUp,
    Staff,
    by_id,
    fields,
    forms,
    heading,
    ids,
    links,
    live_words,
    page_words,
    sent_in,
    tree,
    words,
)

# ---- Tabs


@pytest.mark.usefixtures("demo_tenants")
def test_tabs_are_counted_and_hold_what_they_say(viewer: Staff) -> None:
    page = viewer.get(QUEUE)
    assert tab_counts(page) == {
        "Pending": "2",
        "Active": "2",
        "Expiring": "1",
        "Expired": "1",
        "Suspended": "1",
        "Rejected": "2",
        "All": "8",
    }
    listed = {
        name: companies(viewer.get(each.get("href", "")))
        for each in by_id(page, "tabs").iter("a")
        for name in [words(each).rpartition(" ")[0]]
    }
    assert listed == {
        "Pending": ["First GmbH", "Second AG"],
        "Active": ["Soon SE", "Long KG"],
        "Expiring": ["Soon SE"],
        "Expired": ["Over Ltd"],
        "Suspended": ["Paused BV"],
        "Rejected": ["Refused SA", "Gone SpA"],
        "All": [
            *("First GmbH", "Second AG", "Over Ltd", "Soon SE", "Long KG"),
            *("Paused BV", "Refused SA", "Gone SpA"),
        ],
    }


@pytest.mark.usefixtures("demo_tenants")
def test_the_tab_that_is_open_says_so(viewer: Staff) -> None:
    page = viewer.get(f"{QUEUE}?status=expiring")
    current = [each for each in by_id(page, "tabs").iter("a") if each.get("aria-current") == "page"]
    assert [words(each) for each in current] == ["Expiring 1"]
    assert heading(page) == "Tenants: Expiring"


def test_an_empty_list_says_so(viewer: Staff) -> None:
    page = viewer.get(QUEUE)
    assert "No sign-up is waiting." in page_words(page)
    assert companies(page) == []


@pytest.mark.parametrize("name", ["", "nonsense", "aside'", "PENDING"])
@pytest.mark.usefixtures("demo_tenants")
def test_an_unknown_tab_shows_the_pending_tenants(viewer: Staff, name: str) -> None:
    assert companies(viewer.get(QUEUE, query_string={"status": name})) == [
        "First GmbH",
        "Second AG",
    ]


def test_two_tabs_of_the_same_person_show_the_same_counts(anna: Staff, pending: SignUp) -> None:
    assert tab_counts(anna.get(QUEUE))["Pending"] == "1"
    anna.decide(pending.id, "activate", **IDS)
    assert tab_counts(anna.get(QUEUE)) | {"Pending": "0", "Active": "1"} == tab_counts(
        anna.get(QUEUE)
    )


# ---- Rows


def test_a_row_shows_who_asked_when_and_with_which_ids(viewer: Staff, store: Store) -> None:
    add_tenants(store, active_tenant(3, "Long KG", timedelta(days=200)))
    text = row_text(viewer.get(f"{QUEUE}?status=active"), "Long KG")
    for part in ("Jane Doe", "c3@example.com", "93 / 1", "22 Nov 2026", "25 Aug 2026", "Active"):
        assert part in text


@pytest.mark.parametrize(("days", "late"), [(2, False), (2.001, True), (9, True)])
def test_a_wait_past_the_promised_time_is_marked_and_not_by_colour_alone(
    *, client: FlaskClient, clock: Clock, signed_in: Callable[..., Staff], days: float, late: bool
) -> None:
    sent_in(client)
    clock.advance(days=days)
    page = signed_in("Vera", "viewer").get(QUEUE)
    marked = [each for each in tree(page).iter() if "late" in each.get("class", "").split()]
    assert bool(marked) is late
    assert ("late" in row_text(page, "Example GmbH")) is late
    assert "days" in row_text(page, "Example GmbH")


def test_a_tenant_of_the_old_application_is_listed_and_opened(anna: Staff, store: Store) -> None:
    old: Item = {
        "tenantId": "5_6",
        "accountId": "5",
        "companyId": "6",
        "contactCompanyName": "Old Hand",
        "contactEmailAddress": "old@example.com",
        "isActive": True,
        "validFrom": format_timestamp(START),
        "clientSecret": "plain",
    }
    store.write([Add(old)])
    page = anna.page("5_6")
    assert heading(page) == "Old Hand"
    assert "no end" in page_words(page)
    assert "plain" not in page_words(page).replace("explain", "")
    form = anna.form("5_6", "suspend")
    assert form["version"] == "0"
    assert anna.send("5_6", "suspend", form | {"reason": "unpaid"}).status_code == 303
    assert companies(anna.get(f"{QUEUE}?status=suspended")) == ["Old Hand"]


# ---- Pages


@pytest.mark.parametrize("htmx", [False, True])
def test_fifty_a_page_and_every_row_once(viewer: Staff, store: Store, htmx: bool) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(120)))
    url, listed, sizes = QUEUE, [], []
    while url:
        page = viewer.get(url, headers=HTMX if htmx else {})
        assert ("<html" in page.text) is not htmx
        listed += companies(page)
        sizes.append(len(companies(page)))
        url = links(page).get("Next page", "")
    assert sizes == [50, 50, 20]
    assert listed == [f"Company {number:03}" for number in range(120)]


def test_a_page_that_is_just_full_has_no_next_one(viewer: Staff, store: Store) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(50)))
    assert "Next page" not in links(viewer.get(QUEUE))


def test_a_link_to_a_page_can_be_shared(
    viewer: Staff, ben: Staff, store: Store, clock: Clock
) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(60)))
    url = links(viewer.get(QUEUE))["Next page"]
    shared = ben.get(url)
    assert companies(shared) == [f"Company {number:03}" for number in range(50, 60)]
    assert companies(ben.get(links(shared)["First page"])) == [
        f"Company {number:03}" for number in range(50)
    ]


def test_a_row_that_went_away_does_not_break_the_next_page(anna: Staff, store: Store) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(60)))
    url = links(anna.get(QUEUE))["Next page"]
    anna.decide(f"pending-{49:026}", "reject", reason="other")
    assert companies(anna.get(url)) == [f"Company {number:03}" for number in range(50, 60)]


@pytest.mark.parametrize("cursor", ["x", "", "WzAsImEiLCJiIl0.forged", "a" * 5000, "\x00", "%"])
def test_s19_a_forged_cursor_leads_to_page_one(viewer: Staff, store: Store, cursor: str) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(60)))
    page = viewer.get(QUEUE, query_string={"after": cursor})
    assert page.status_code == 200
    assert companies(page)[0] == "Company 000"


@pytest.mark.parametrize(
    "cursor", [PageCursor(7, None), PageCursor(99, ("x", "y")), PageCursor(0, ("~", "~"))]
)
def test_a_cursor_of_another_list_leads_to_page_one(
    viewer: Staff, app: Flask, store: Store, cursor: PageCursor
) -> None:
    add_tenants(store, pending_tenant(1))
    signed = app.extensions["portal"].links.cursor(cursor, "active ")
    page = viewer.get(QUEUE, query_string={"after": signed})
    assert page.status_code == 200
    assert companies(page) == ["Company 001"]
    assert "First page" not in links(page)


@pytest.mark.parametrize("number", ["-1", "0", "1000000000", "x"])
@pytest.mark.usefixtures("demo_tenants")
def test_s19_page_numbers_mean_nothing(viewer: Staff, number: str) -> None:
    page = viewer.get(QUEUE, query_string={"page": number})
    assert (page.status_code, companies(page)) == (200, ["First GmbH", "Second AG"])


@pytest.mark.usefixtures("demo_tenants")
def test_htmx_gets_the_list_alone_and_how_long_it_is(viewer: Staff) -> None:
    answer = viewer.get(f"{QUEUE}?status=pending", headers=HTMX)
    assert "<html" not in answer.text
    assert "tenants" in ids(answer)
    assert live_words(answer) == "2 rows on this page"
    nothing = viewer.get(f"{QUEUE}?q=zzz", headers=HTMX)
    assert live_words(nothing).startswith("Nothing was found.")


# ---- The way back


def test_a_tenant_leads_back_to_the_list_it_was_opened_from(anna: Staff, store: Store) -> None:
    add_tenants(store, *(pending_tenant(n, f"Acme {n:02} GmbH & Söhne") for n in range(1, 61)))
    first = anna.get(QUEUE, query_string={"q": "acme", "status": "pending"})
    address = links(first)["Next page"]
    second = anna.get(address)
    name, url = next(pair for pair in links(second).items() if pair[0].startswith("Acme"))
    page = anna.get(url)
    back = links(page)["Back to the list"]
    assert companies(anna.get(back)) == companies(second)
    # Through a refused form and a decision, too.
    tenant_url = url.partition("?")[0]
    reject = next(a for a in forms(page) if a.startswith(f"{tenant_url}/reject?"))
    refused = anna.client.post(reject, data=fields(forms(page)[reject]) | {"reason": ""})
    assert refused.status_code == 422
    assert links(refused)["Back to the list"] == back
    done = anna.client.post(reject, data=fields(forms(refused)[reject]) | {"reason": "other"})
    assert done.status_code == 303
    decided = anna.get(done.location)
    assert links(decided)["Back to the list"] == back
    assert name not in companies(anna.get(back))


def test_back_leads_nowhere_but_to_a_list(anna: Staff, pending: SignUp) -> None:
    for named in ("//evil.example", "next=//evil.example&status=active", "&&&=", "status"):
        page = anna.get(f"{QUEUE}/{pending.id}", query_string={"back": named})
        back = links(page)["Back to the list"]
        assert back.startswith(f"{QUEUE}?status=")
        assert "evil" not in back


def test_an_emptied_last_page_shows_those_who_still_wait(anna: Staff, store: Store) -> None:
    add_tenants(store, *(pending_tenant(n, f"Company {n:02}") for n in range(1, 52)))
    address = links(anna.get(QUEUE))["Next page"]
    (last,) = [url for url in links(anna.get(address)).values() if "/pending-" in url]
    assert anna.decide(last.partition("?")[0].rpartition("/")[2], "reject", reason="other")
    emptied = anna.get(address)
    assert len(companies(emptied)) == 50
    assert "Nobody is waiting" not in page_words(emptied)


# ---- Columns


def test_no_line_ends_inside_a_day(client: FlaskClient, anna: Staff) -> None:
    sign_up = sent_in(client)
    anna.decide(sign_up.id, "activate", **IDS)
    page = anna.get(f"{QUEUE}?status=active")
    texts = ["".join(each.itertext()) for each in tree(page).iterfind(".//td/div")]
    (validity,) = [text for text in texts if "\N{EN DASH}" in text]
    first, last = validity.split(" \N{EN DASH} ")
    assert " " not in first + last
    assert len(first.split()) == len(last.split()) == 3


@pytest.mark.usefixtures("demo_tenants")
@pytest.mark.parametrize(
    ("tab", "left_out"),
    [
        ("pending", {"Validity", "Status"}),
        ("active", set()),
        ("expiring", {"Status"}),
        ("expired", {"Status"}),
        ("suspended", {"Status"}),
        ("rejected", {"Validity"}),
        ("all", set()),
    ],
)
def test_no_column_is_always_empty_or_always_the_same(
    viewer: Staff, tab: str, left_out: set[str]
) -> None:
    columns = ["Company", "Contact", "Ids", "Requested", "Validity", "Status"]
    for query in ("", "&q=a"):
        page = viewer.get(f"{QUEUE}?status={tab}{query}")
        found = [words(each) for each in tree(page).iter("th")]
        assert not left_out & set(found)
        assert found == [each for each in columns if each in found]
        rows = [[words(cell) for cell in row] for row in tree(page).findall(".//tbody/tr")]
        for texts in zip(*rows, strict=True) if len(rows) > 1 else ():
            assert len(set(texts)) > 1
    assert tree(viewer.get(f"{QUEUE}?status={tab}")).find(".//tbody/tr") is not None
