"""The figures of the overview: a picture with its table, who decided what, and ends by month."""

from collections.abc import Callable
from datetime import timedelta
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import records
from portal.auth import Role
from portal.stores.contract import Add, Count, Store
from tests.conftest import Clock
from tests.web.factories import QUEUE
from tests.web.pages import Staff, links, page_words, sent_in, tree, words

GERMAN = {"Accept-Language": "de"}


SVG = "{http://www.w3.org/2000/svg}"


def picture(answer: TestResponse) -> Element:
    (svg,) = (each for each in tree(answer).iter(f"{SVG}svg") if each.get("class") == "bars")
    return svg


def bars(answer: TestResponse, kind: str) -> list[int]:
    """The heights of the bars of this kind."""
    return [
        int(each.get("height", ""))
        for each in picture(answer).iter(f"{SVG}rect")
        if each.get("class") == kind
    ]


def table(answer: TestResponse, caption: str) -> list[list[str]]:
    for each in tree(answer).iter("table"):
        if any(words(one) == caption for one in each.iter("caption")):
            return [[words(cell) for cell in row] for row in each.iter("tr")]
    raise AssertionError(f"no table {caption}")


def test_a_portal_that_nobody_has_used_has_empty_figures(viewer: Staff) -> None:
    page = viewer.get("/staff/")
    assert bars(page, "asked") == bars(page, "decided") == []
    weeks = table(page, "Sign-ups and decisions by week")
    assert len(weeks) == 13
    assert weeks[1] == ["23 Nov 2026", "0", "0"]
    assert weeks[-1] == ["7 Sep 2026", "0", "0"]
    said = page_words(page)
    assert "Nobody has decided anything this week." in said
    assert "Too few were decided lately to say how long a decision takes." in said
    months = table(page, "Licences that end by month")
    assert (months[1], months[12]) == (["November 2026", "0"], ["October 2027", "0"])


def test_the_picture_has_a_name_and_a_description_and_no_style(viewer: Staff) -> None:
    svg = picture(viewer.get("/staff/"))
    assert svg.get("role") == "img"
    ids = str(svg.get("aria-labelledby")).split()
    texts = {each.get("id"): words(each) for each in svg.iter()}
    assert [texts[id_] for id_ in ids] == [
        "Sign-ups and decisions by week",
        "Sign-ups in the last 12 weeks: 0. Decisions: 0.",
    ]
    assert not [each for each in svg.iter() if each.get("style")]


def test_sign_ups_and_decisions_of_this_week_are_shown_at_once(
    client: FlaskClient, anna: Staff, ben: Staff
) -> None:
    sign_ups = [sent_in(client, email=f"jane@ex{n}.example") for n in range(3)]
    anna.decide(sign_ups[0].id, "reject", reason="other")
    anna.decide(sign_ups[1].id, "reject", reason="other")
    ben.decide(sign_ups[0].id, "reopen")
    page = ben.get("/staff/")
    assert table(page, "Sign-ups and decisions by week")[1] == ["23 Nov 2026", "3", "3"]
    assert bars(page, "asked") == bars(page, "decided") == [110]
    assert table(page, "Who decided what this week") == [
        ["Who", "Rejected", "Reopened", "In all"],
        ["Anna", "2", "", "2"],
        ["Ben", "", "1", "1"],
    ]
    assert "Sign-ups in the last 12 weeks: 3. Decisions: 3." in page_words(page)


def test_a_decision_of_last_week_is_none_of_this_week(
    client: FlaskClient, anna: Staff, clock: Clock, signed_in: Callable[..., Staff]
) -> None:
    anna.decide(sent_in(client).id, "reject", reason="other")
    clock.advance(days=7)
    page = signed_in("Ben", "approver").get("/staff/")
    assert table(page, "Sign-ups and decisions by week")[1:3] == [
        ["30 Nov 2026", "0", "0"],
        ["23 Nov 2026", "1", "1"],
    ]
    assert "Nobody has decided anything this week." in page_words(page)


def test_one_huge_week_leaves_the_others_visible(viewer: Staff, store: Store) -> None:
    corrections = {"2026-W48": {"s": 1_234_567}, "2026-W40": {"s": 1, "reject-aaaaaaaa": 2}}
    store.write([Add(records.corrections_item(corrections, 1))])
    page = viewer.get("/staff/")
    assert bars(page, "asked") == [2, 110]
    assert bars(page, "decided") == [2]
    assert "1,234,567" in words(picture(page))
    for bar in picture(page).iter(f"{SVG}rect"):
        assert 0 <= int(bar.get("x", "")) <= 480 - 14
        assert int(bar.get("y", "")) + int(bar.get("height", "")) == 136


def test_who_is_on_no_list_is_counted_without_a_name(
    viewer: Staff, client: FlaskClient, anna: Staff, store: Store
) -> None:
    anna.decide(sent_in(client).id, "reject", reason="other")
    store.write([Count("stats-week-2026-W48", {"activate-0123abcd": 99})])
    assert table(viewer.get("/staff/"), "Who decided what this week")[1:] == [
        ["Anna", "1", "", "1"],
        ["Somebody who is not on the list any more", "", "1", "1"],
    ]


def test_of_many_people_the_busiest_have_names(viewer: Staff, store: Store) -> None:
    numbers = {f"reject-{n:08x}": 1 for n in range(30)}
    store.write([Add(records.corrections_item({"2026-W48": numbers}, 1))])
    rows = table(viewer.get("/staff/"), "Who decided what this week")[1:]
    assert len(rows) == 21
    assert rows[-1] == ["All others", "10", "10"]


@pytest.mark.usefixtures("demo_tenants")
def test_a_month_leads_to_the_list_that_begins_with_it(viewer: Staff) -> None:
    page = viewer.get("/staff/")
    months = {row[0]: row[1] for row in table(page, "Licences that end by month")[1:]}
    assert months["December 2026"] == "1"
    assert months["June 2027"] == "1"
    assert months["January 2027"] == "0"
    found = links(page)
    assert "January 2027" not in found
    assert found["June 2027"].startswith(f"{QUEUE}?status=active&after=")
    december = page_words(viewer.get(found["December 2026"]))
    assert "Soon SE" in december
    assert "Long KG" in december
    june = page_words(viewer.get(found["June 2027"]))
    assert "Long KG" in june
    assert "Soon SE" not in june


def test_how_long_decisions_took_is_said_in_words(viewer: Staff, store: Store) -> None:
    for hours in (2, 2, 2, 2, 2, 2, 40, 40, 40, 40):
        bucket = records.waiting_bucket(timedelta(hours=hours))
        store.write([Count("stats-week-2026-W47", {bucket: 10**6})])
    english = "Half are decided within 2 hours, nine of ten within 2 days."
    assert english in page_words(viewer.get("/staff/"))
    german = (
        "Bei der Hälfte dauert die Entscheidung höchstens 2 Stunden, bei neun von zehn höchstens"
        " 2 Tage."
    )
    assert german in page_words(viewer.client.get("/staff/", headers=GERMAN))


def test_german_figures_are_german(viewer: Staff, client: FlaskClient, anna: Staff) -> None:
    anna.decide(sent_in(client).id, "reject", reason="other")
    page = viewer.client.get("/staff/", headers=GERMAN)
    assert table(page, "Anfragen und Entscheidungen je Woche")[1] == ["23.11.2026", "1", "1"]
    assert table(page, "Wer diese Woche was entschieden hat")[0][::2] == ["Wer", "Zusammen"]
    assert table(page, "Lizenzen, die enden, je Monat")[2] == ["Dezember 2026", "0"]


def test_anybody_of_staff_sees_them(signed_in: Callable[..., Staff]) -> None:
    for role in Role:
        page = signed_in("Vera", role.name.lower()).get("/staff/")
        assert "Licences that end by month" in page_words(page)
