"""The plan's page says whose access the import changes, and asks before somebody loses it."""

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import TestResponse

from portal import create_app
from portal.imports.jobs.job import JobState, find_job, job_item
from portal.settings import Settings
from portal.stores.contract import Replace, Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.import_bodies import tenant
from tests.web.imports.import_pages import dump, job_of, planned, press
from tests.web.pages import (
    HTMX,
    Staff,
    by_id,
    error_beside,
    form_of,
    ids,
    links,
    page_words,
    sign_in,
    tenants_in,
    words,
)

OVERWRITE = {"policy": "overwrite"}
#: Two lose access, one of them later; one gets another cluster.
LOSING = dump(
    tenant(1, isActive=False),
    tenant(2, validTo="2026-12-31T23:59:59.999Z"),
    tenant(3, cluster="us"),
)


@pytest.fixture
def before(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1), tenant(2), tenant(3)))
    press(admin, url)


def sentence(page: TestResponse) -> str:
    return words(by_id(page, "answers"))


def test_new_tenants_need_no_confirmation(admin: Staff, store: Store) -> None:
    url = planned(admin, dump(tenant(1), tenant(2, validFrom="2027-01-01T00:00:00.000Z")))
    page = admin.get(url)
    assert sentence(page) == (
        "Answers to the application: 0 the same, 1 gains access now, 1 on 1 January 2027."
    )
    assert "losing" not in form_of(page, f"{url}/apply")
    assert press(admin, url).status_code == 303
    assert len(tenants_in(store)) == 2


@pytest.mark.usefixtures("before")
def test_the_page_lists_who_loses_access_and_when(admin: Staff) -> None:
    page = admin.get(planned(admin, LOSING, **OVERWRITE))
    assert sentence(page) == (
        "Answers to the application: 0 the same, 1 loses access now, 1 on 1 January 2027,"
        " 1 with the same access, but another reason, other dates or other fields."
    )
    listed = links(page)
    assert listed["86810_1 loses access now."] == "/staff/tenants/86810_1"
    assert "86810_2 loses access on 1 Jan 2027, 00:00 UTC." in listed
    label = "Write the rows, although tenants lose access: 2"
    assert label in page_words(page)


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("sent", [{}, {"losing": ""}, {"losing": "1"}, {"losing": "unknown"}])
def test_nothing_is_written_before_the_box_is_ticked(
    admin: Staff, store: Store, sent: dict[str, str], htmx: bool
) -> None:
    url = planned(admin, LOSING, **OVERWRITE)
    stored = tenants_in(store)
    form = form_of(admin.get(url), f"{url}/apply")
    form.pop("losing", None)
    answer = admin.client.post(f"{url}/apply", data=form | sent, headers=HTMX if htmx else {})
    assert answer.status_code == 422
    assert error_beside(answer, "losing") == ("Tick this box to confirm it. Nothing was written.")
    assert tenants_in(store) == stored
    assert job_of(store, url).state is JobState.PLANNED


@pytest.mark.usefixtures("before")
def test_with_the_box_ticked_the_rows_are_written(admin: Staff, store: Store) -> None:
    url = planned(admin, LOSING, **OVERWRITE)
    form = form_of(admin.get(url), f"{url}/apply")
    answer = admin.client.post(f"{url}/apply", data=form | {"losing": "2"})
    assert answer.status_code == 303
    assert tenants_in(store)["86810_1"]["isActive"] is False
    # What the plan said stays on the page of what was done.
    assert sentence(admin.get(url)).startswith(
        "When the plan was made: Answers to the application: 0 the same, 1 loses access now,"
    )


@pytest.mark.usefixtures("before")
def test_a_discarded_plan_says_nothing_about_answers(admin: Staff) -> None:
    url = planned(admin, LOSING, **OVERWRITE)
    press(admin, url, "discard")
    assert "Answers to the application" not in page_words(admin.get(url))


@pytest.mark.usefixtures("before")
def test_a_plan_of_an_earlier_version_says_that_it_does_not_know(
    admin: Staff, store: Store
) -> None:
    url = planned(admin, LOSING, **OVERWRITE)
    import_id = url.rpartition("/")[2]
    job = find_job(store, import_id)
    item = dict(job_item(job))
    text = json.loads(str(item["text"]))
    del text["answers"]
    store.write([Replace({**item, "text": json.dumps(text)}, job.version)])
    page = admin.get(url)
    assert sentence(page).startswith("An earlier version of the portal made this plan.")
    form = form_of(page, f"{url}/apply")
    refused = admin.client.post(f"{url}/apply", data=form | {"losing": "2"})
    assert refused.status_code == 422
    done = admin.client.post(f"{url}/apply", data=form | {"losing": "unknown"})
    assert done.status_code == 303


def test_a_plan_of_an_earlier_version_with_new_tenants_only_takes_nothing_from_anybody(
    admin: Staff, store: Store
) -> None:
    url = planned(admin, dump(tenant(1)))
    job = find_job(store, url.rpartition("/")[2])
    store.write([Replace(job_item(replace(job, answers=None)), job.version)])
    page = admin.get(url)
    assert "losing" not in ids(page)
    assert press(admin, url).status_code == 303
    assert len(tenants_in(store)) == 1


def test_days_are_those_of_the_portals_zone_and_language(
    settings: Settings, store: Store, clock: Clock, admin: Staff
) -> None:
    url = planned(admin, dump(tenant(1)))
    press(admin, url)
    berlin = replace(settings, time_zone=ZoneInfo("Europe/Berlin"))
    app = create_app(berlin, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    other = Staff(app.test_client(), "Eve")
    sign_in(other.client, store, clock.now(), role="admin", name="Eve")
    losing = dump(tenant(1, validTo="2026-12-31T22:59:59.999Z"))
    page = other.client.get(planned(other, losing, **OVERWRITE), headers={"Accept-Language": "de"})
    assert sentence(page) == (
        "Antworten an die Anwendung: 0 gleich, 1 verliert den Zugang am 1. Januar 2027."
    )
